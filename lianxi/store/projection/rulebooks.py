"""Rules and calendars by hash, each kept once and joined where a state is read (projection, pure).

They stand in thousands of states and change a few times a year: with them the row of a task would
be several times as long, and it is written with each of its events.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Literal

from lianxi.domain.calendar import Calendar, shared_calendar
from lianxi.domain.rules import Rules
from lianxi.domain.values import format_instant
from lianxi.proof.hashing import sha256_hex
from lianxi.proof.wire import wire_bytes
from lianxi.store.projection.rows import Change

KEPT = 1_024
"""Models whose hash is remembered: as many as there are states in memory, and some more."""

Kind = Literal["rules", "calendar"]


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Rules or a calendar as a row keeps them: `text` is canonical, `hash` its SHA-256."""

    kind: Kind
    version: int
    hash: str
    text: str


def rulebook(model: Rules | Calendar) -> Rulebook:
    """The rulebook of a model; asked for at each event, computed once."""
    return _of_instance(_Instance(model))


def rulebook_change(origin: str, model: Rules | Calendar, adopted: datetime | None) -> Change:
    """The row of a model: adopted by the conference, or brought by a task where there is none."""
    book = rulebook(model)
    return Change(
        "rulebooks",
        {"origin": origin, "hash": book.hash},
        {
            "kind": book.kind,
            "version": book.version,
            "text": book.text,
            "adopted_at": None if adopted is None else format_instant(adopted),
        },
        "add" if adopted is None else "put",
    )


@lru_cache(maxsize=64)
def rules_in(text: str) -> Rules:
    """The rules of a rulebook's text."""
    return Rules.model_validate_json(text)


@lru_cache(maxsize=64)
def calendar_in(text: str) -> Calendar:
    """The calendar of a rulebook's text; one instance for all equal ones."""
    return shared_calendar(Calendar.model_validate_json(text))


class _Instance:
    """A model told apart by identity: comparing two calendars costs more than the look-up saves."""

    __slots__ = ("model",)

    def __init__(self, model: Rules | Calendar) -> None:
        self.model = model

    def __hash__(self) -> int:
        return id(self.model)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Instance) and other.model is self.model


@lru_cache(maxsize=KEPT)
def _of_instance(instance: _Instance) -> Rulebook:
    model = instance.model
    kind: Kind = "rules" if isinstance(model, Rules) else "calendar"
    return _of_json(kind, model.version, model.model_dump_json(exclude_none=True))


@lru_cache(maxsize=64)
def _of_json(kind: Kind, version: int, document: str) -> Rulebook:
    """Every task has rules of its own, mostly equal ones: canonical bytes are made once for all."""
    model = Rules if kind == "rules" else Calendar
    data = wire_bytes(model.model_validate_json(document))
    return Rulebook(kind, version, sha256_hex(data), data.decode("utf-8"))
