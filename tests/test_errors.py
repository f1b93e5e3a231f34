"""The catalogue: every code that can be raised has its entry, every entry can be raised."""

import ast
import importlib
import pkgutil
import string
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import lianxi
from lianxi.cli.faults import CLIENT_CATALOGUE
from lianxi.domain.refusal import Refusal
from lianxi.errors import CATALOGUE, Exit, fill, in_catalogue

WITHOUT_CLASS = {
    # said by gateway and engine, which know no exception for them
    "PENDING",
    "INTERNAL",
    "UNKNOWN_TASK",
    "UNKNOWN_CONFERENCE",
    "NOT_FOUND",
    "NOT_ALLOWED",
    "WORKFLOW_MISSING",
    "STORED_TOO_LARGE",
    "STORE_UNAVAILABLE",
    "TRAIL_BEHIND",
    "ENGINE_UNAVAILABLE",
    "GATEWAY_UNREACHABLE",
}


def refusals() -> dict[str, type[Refusal]]:
    """Every refusal class of the pure layers by its code."""
    for package in ("domain", "proof", "streams", "gateway"):
        for module in pkgutil.walk_packages(
            [f"{lianxi.__path__[0]}/{package}"], f"lianxi.{package}."
        ):
            importlib.import_module(module.name)

    def walk(cls: type[Refusal]) -> list[type[Refusal]]:
        return [cls, *(below for sub in cls.__subclasses__() for below in walk(sub))]

    return {cls.code: cls for cls in walk(Refusal)[1:]}


def test_every_refusal_has_an_entry() -> None:
    """A code without text would leave a person without a next step."""
    public = {in_catalogue(code, {})[0] for code in refusals()}
    assert sorted(public - CATALOGUE.keys()) == []


def test_no_entry_is_dead() -> None:
    """An entry that nothing raises is a promise nobody keeps."""
    public = {in_catalogue(code, {})[0] for code in refusals()}
    assert sorted(CATALOGUE.keys() - public - WITHOUT_CLASS) == []


@pytest.mark.parametrize("code", CATALOGUE)
def test_entries_are_whole(code: str) -> None:
    """Message and hint end as sentences, fields are machine words, nothing retryable is final."""
    entry = CATALOGUE[code]
    assert entry.message.endswith((".", "…"))
    assert entry.hint.endswith((".", "…"))
    for text in (entry.message, entry.hint, *entry.reasons.values()):
        assert all(name.isidentifier() for name in fields_of(text))
    assert all(text.endswith(".") for text in entry.reasons.values())
    assert entry.exit is not Exit.OK or code.startswith("ALREADY")
    assert 200 <= entry.http < 600


def fields_of(text: str) -> list[str]:
    return [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]


class Raised(NamedTuple):
    """One place of the code at which something is refused: the code, and what its params are named."""

    place: str
    code: str
    names: set[str]
    reason: str | None


def raised() -> Iterator[Raised]:
    """Every refusal made in the code; none of those whose params come from elsewhere (`**`)."""
    codes = {(cls.__module__, cls.__name__): code for code, cls in refusals().items()}
    root = Path(lianxi.__path__[0])
    for path in sorted(root.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        own = ".".join(("lianxi", *path.relative_to(root).with_suffix("").parts))
        home = {
            alias.name: str(node.module)
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Name("CliError"), args=[ast.Constant(str(code))]):
                    pass
                case ast.Call(func=ast.Name(name)) if (home.get(name, own), name) in codes:
                    code = codes[home.get(name, own), name]
                case _:
                    continue
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            if None not in given:
                reason = given.get("reason")
                yield Raised(
                    f"{own}:{node.lineno}",
                    code,
                    {str(name) for name in given},
                    str(reason.value) if isinstance(reason, ast.Constant) else None,
                )


def test_no_refusal_leaves_a_field_of_its_text_unfilled() -> None:
    """Under another name (an alias) as well: a person would read a gap where a word should be."""
    lacking = []
    for each in raised():
        params = dict.fromkeys(each.names, "x") | ({"reason": each.reason} if each.reason else {})
        code, known = in_catalogue(each.code, params)
        entry = CATALOGUE.get(code) or CLIENT_CATALOGUE[code]
        message = "" if "message" in each.names else entry.says(known)
        hint = "" if "hint" in each.names else entry.hint
        wanted = {*fields_of(message), *fields_of(hint)}
        if wanted - known.keys():
            lacking.append((each.place, code, sorted(wanted - known.keys())))
    assert lacking == []


@pytest.mark.parametrize("code", [code for code, entry in CATALOGUE.items() if entry.reasons])
def test_every_reason_has_its_sentence(code: str) -> None:
    """Where a code has sentences for its reasons, a person never reads the machine's word alone."""
    reasons = {
        each.reason
        for each in raised()
        if each.reason is not None and in_catalogue(each.code, {"reason": each.reason})[0] == code
    }
    assert reasons == CATALOGUE[code].reasons.keys()


def test_a_field_that_nobody_filled_shows_no_code() -> None:
    assert fill("for {unit}.", "ANY", {}) == "for …."
