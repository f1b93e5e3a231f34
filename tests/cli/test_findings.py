"""Every code that verification or reconciliation can say has its sentence, and no sentence is left over."""

import ast
import re
from pathlib import Path

from lianxi.cli.faults import CLIENT_CATALOGUE
from lianxi.errors import CATALOGUE
from lianxi.findings import FINDINGS

ROOT = Path(__file__).parents[2]
SOURCES = [
    *sorted((ROOT / "lianxi" / "store").glob("verify*.py")),
    *(ROOT / "lianxi" / "store" / name for name in ("examining.py", "reconciling.py")),
    *(ROOT / "lianxi" / "proof" / name for name in ("verification.py", "log_checks.py")),
    *(ROOT / "lianxi" / "streams" / f"{name}.py" for name in ("rederive", "deep", "reconciling")),
    ROOT / "lianxi" / "engine" / "inspection.py",
    ROOT / "activities" / "reconcile.py",
    *(ROOT / "lianxi" / "cli" / "audit" / name for name in ("verify.py", "verify_remote.py")),
]
CODE = re.compile(r"[A-Z]+(_[A-Z]+)+|GAP|UNSEALED|UNRECORDED|DERIVATION")
OTHER = {"MAX_FINDINGS", "KEY_UNKNOWN"}
"""Words of that form that are no findings: of Temporal, of refusals inside a finding, of help."""


def said() -> set[str]:
    """The machine words in capitals that these modules spell out."""
    return {
        node.value
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and CODE.fullmatch(node.value)
    }


def test_every_code_has_a_sentence() -> None:
    """Those of errors have theirs elsewhere."""
    errors = CATALOGUE.keys() | CLIENT_CATALOGUE.keys()
    assert said() - FINDINGS.keys() - errors - OTHER == set()


def test_no_sentence_is_left_over() -> None:
    """What nothing says any more goes."""
    assert FINDINGS.keys() - said() == set()
