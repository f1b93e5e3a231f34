"""The catalogue: every code that can be raised has its entry, every entry can be raised."""

import importlib
import pkgutil
import string

import pytest

import lianxi
from lianxi.domain.refusal import Refusal
from lianxi.errors import CATALOGUE, Exit, in_catalogue

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
    for text in (entry.message, entry.hint):
        fields = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
        assert all(name.isidentifier() for name in fields)
    assert entry.exit is not Exit.OK or code.startswith("ALREADY")
    assert 200 <= entry.http < 600
