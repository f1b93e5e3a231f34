"""What the proof layer may import, seen from outside."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import lianxi.proof
from lianxi.domain.refusal import Refusal
from lianxi.proof import refusals

PACKAGE = Path(lianxi.proof.__file__).parent
IMPURE = {"os", "secrets", "random", "uuid", "time", "socket", "asyncio", "temporalio", "pathlib"}


def test_the_client_side_starts_without_pydantic() -> None:
    """The CLI's start-up budget."""
    modules = "canonical, hashing, commitments, keys, envelopes, signing, possession, refusals, tree, notes"
    modules += ", checkpoints, tlog_proofs, policies, witnessing, receipts, receipt_checks, trust"
    code = f"import sys; from lianxi.proof import {modules}; print('pydantic' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=PACKAGE.parents[1],
    )
    assert result.stdout.strip() == "False"


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.name)
def test_a_module_imports_nothing_impure(path: Path) -> None:
    """No clock, no randomness, no input or output."""
    imported: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").split(".")[0])
    assert not imported & IMPURE


def test_every_refusal_has_a_code_of_its_own() -> None:
    """Codes are what callers tell refusals apart by."""
    classes = [
        value
        for value in vars(refusals).values()
        if isinstance(value, type) and issubclass(value, Refusal) and value is not Refusal
    ]
    codes = [refusal.code for refusal in classes]
    assert len(set(codes)) == len(codes) > 30
