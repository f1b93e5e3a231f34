"""What production's workflows run outside of the sandbox does nothing that a replay would not repeat.

The sandbox, in which the tests of this folder run, stops the files of the workflow classes alone;
what they import passes through it. This looks at the source of both.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [
    *sorted((ROOT / "workflows").glob("*.py")),
    *sorted(
        path
        for part in ("domain", "proof", "streams")
        for path in (ROOT / "lianxi" / part).rglob("*.py")
    ),
    ROOT / "lianxi" / "messages.py",
    ROOT / "lianxi" / "ids.py",
    ROOT / "activities" / "options.py",
]
UNREPEATABLE = {
    "glob", "os", "random", "secrets", "shutil", "socket", "subprocess", "tempfile", "threading",
    "time", "urllib", "uuid",
}  # fmt: skip
HARMLESS = {"threading.local"}
"""A scratch pad of one call: nothing of it is seen after the call."""
CLOCKS = {"now", "utcnow", "today"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_asks_clock_chance_or_machine(path: Path) -> None:
    """By import or by call; `workflow.now()` is the history's clock."""
    assert list(_findings(ast.parse(path.read_text("utf-8")))) == []


def _findings(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                modules = [name.name for name in names]
            case ast.ImportFrom(module=str(module), level=0, names=names):
                modules = [f"{module}.{name.name}" for name in names]
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=attr)):
                modules = []
                if attr in CLOCKS and owner != "workflow":
                    yield f"{node.lineno}: {owner}.{attr}()"
            case _:
                continue
        for module in modules:
            if module.split(".")[0] in UNREPEATABLE and module not in HARMLESS:
                yield f"{node.lineno}: {module}"
