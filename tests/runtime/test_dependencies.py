"""Every dependency has its written reason in docs/architecture.md, and nothing else stands there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def _named(requirements: list[str]) -> set[str]:
    names = {re.split(r"[\[<>=~! ;]", line)[0].lower() for line in requirements}
    return names - {"lianxi-conference"}


def test_every_dependency_has_its_reason() -> None:
    """Those of the program in the table, those for building and testing in the text below it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = text.split("## Dependencies")[1].split("\n## ")[0]
    rows = re.findall(r"^\| ([^|]+) \|", section, flags=re.MULTILINE)[1:]
    table = {name.strip().lower() for row in rows for name in row.split(",")} - {"---"}
    assert table == _named(project["dependencies"])
    below = section.rpartition("|")[2].lower()
    extras = project["optional-dependencies"]
    for name in _named([*extras["build"], *extras["dev"]]):
        assert re.search(rf"\b{re.escape(name)}\b", below), name
