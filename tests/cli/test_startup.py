"""What a start costs: help imports nothing heavy, the client never Temporal or the store."""

import subprocess
import sys

import pytest

from tests.cli.fake_log import FakeLog
from tests.cli.machines import House

HEAVY = (
    "pydantic",
    "rich",
    "nacl",
    "sqlalchemy",
    "temporalio",
    "http.client",
    "ruamel",
    "starlette",
    "holidays",
)
NEVER = (
    "temporalio",
    "sqlalchemy",
    "alembic",
    "starlette",
    "uvicorn",
    "lianxi.store",
    "lianxi.engine",
    "holidays",
)

_PROGRAM = """
import sys
from lianxi.cli.main import main
code = main(sys.argv[2:])
print([name for name in sys.argv[1].split(",") if name in sys.modules], file=sys.stderr)
sys.exit(code)
"""


def _loaded(modules: tuple[str, ...], *words: str, **variables: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, ",".join(modules), *words],
        capture_output=True,
        text=True,
        check=False,
        env={"LANG": "C.UTF-8", **variables},
    )
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    "words", [("--help",), ("task", "--help"), ("--help", "--lang", "zh"), ("tsk",)]
)
def test_help_imports_nothing_heavy(words: tuple[str, ...]) -> None:
    assert _loaded(HEAVY, *words) == "[]"


def test_the_programs_help_does_not_import_the_commands() -> None:
    assert _loaded(("lianxi.cli.task.issue", "lianxi.cli.todo", "lianxi.errors"), "--help") == "[]"


def test_changes_and_reads_import_neither_pydantic_nor_rich(house: House) -> None:
    task, unit = house.issue(), house.units["U01"]
    variables = {"LIANXI_HOME": str(unit.home / "lianxi"), "LIANXI_GATEWAY": unit.gateway}
    for words in (("ack", task), ("todo",), ("task", "show", task), ("task", "list")):
        assert _loaded((*NEVER, "pydantic", "rich"), *words, **variables) == "[]", words


def test_a_newer_checkpoint_and_a_proof_cost_no_pydantic_either(house: House) -> None:
    """The first sight of a log, a newer checkpoint, the upgrade of a receipt."""
    task, unit = house.issue(), house.units["U02"]
    log = house.gateway.log = FakeLog(house.gateway.known)
    try:
        variables = {"LIANXI_HOME": str(unit.home / "lianxi"), "LIANXI_GATEWAY": unit.gateway}
        for words in (("ack", task), ("todo",), ("todo",), ("audit", "checkpoint")):
            log.seal()
            assert _loaded((*NEVER, "pydantic", "rich"), *words, **variables) == "[]", words
        unit.run("task", "receipt", task, "--to", "r.json", ok=True)
        file = str(unit.home / "r.json")
        modules = (*NEVER, "pydantic", "rich")
        assert _loaded(modules, "audit", "check-receipt", file, **variables) == "[]"
    finally:
        house.gateway.log = None


def test_the_client_never_imports_temporal_or_the_store(house: House) -> None:
    task, office = house.issue(), house.office
    variables = {"LIANXI_HOME": str(office.home / "lianxi"), "LIANXI_GATEWAY": office.gateway}
    for words in (
        ("audit", "verify"),
        ("audit", "as-of", "2099-01-01"),
        ("task", "cancel", task, "--reason", "x", "--dry-run"),
        ("unit", "list"),
        ("conference", "show"),
        ("config", "show"),
        ("calendar", "show", "2026"),
        ("calendar", "--help"),
        ("conference", "init", "--help"),
        ("ladder", "show"),
        ("unit", "succeed", "U02", "--into", "U03", "--reason", "x", "--dry-run"),
    ):
        assert _loaded(NEVER, *words, **variables) == "[]", words


def test_it_runs_as_a_module_too() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lianxi.cli", "--help"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("Usage: lianxi ")
