"""Changes of rows, the row of an event itself, the index of commitments (projection, pure)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from lianxi.domain.conference.events import (
    IssueProposed,
    IssueRejected,
    KeyRegistered,
    KeyReplaced,
    OpeningRedacted,
    RedactionProposed,
    RedactionRejected,
)
from lianxi.domain.task.events import ActProposed, InstructionGiven, ProposalRejected
from lianxi.domain.values import Role, format_instant
from lianxi.ids import task_of_stream
from lianxi.proof.events import EventEnvelope

Value = str | int | None
Row = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event with its place in the store and its hash.

    `data`: what the event's data say, where somebody has read them already.
    """

    position: int
    event: EventEnvelope
    hash: str
    data: BaseModel | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One row: `put` writes all of it, `patch` some columns of a row that stands.

    `add` writes it unless it stands already; `delete` takes it away.
    """

    table: str
    key: Row
    values: Row
    op: Literal["put", "patch", "add", "delete"] = "put"


def event_row(event: EventEnvelope, event_hash: str) -> Row:
    """The columns of `events` that repeat what the bytes say; all but position and data."""
    return {
        "origin": event.origin,
        "stream": event.stream,
        "seq": event.seq,
        "kind": event.kind,
        "at": format_instant(event.at),
        "happened_at": instant_text(event.happened_at),
        "actor": event.actor.unit,
        "role": event.actor.role.value,
        "key_id": event.actor.key_id,
        "basis": event.basis,
        "unit": unit_of(event),
        "task": task_of(event),
        "request_id": event.cause.request_id,
        "payload_sha256": event.cause.payload_sha256,
        "roster": event.roster,
        "hash": event_hash,
    }


def unit_of(event: EventEnvelope) -> str | None:
    """The unit an event is about: whose assignment, whose key, who was to be told."""
    if event.kind in (KeyRegistered.__name__, KeyReplaced.__name__):
        entry = event.data.get("entry")
        return text_or_none(entry.get("unit")) if isinstance(entry, dict) else None
    return text_or_none(event.data.get("unit"))


def task_of(event: EventEnvelope) -> str | None:
    """The task an event is about: its stream's, or the one it names."""
    return task_of_stream(event.stream) or text_or_none(event.data.get("task"))


_OF_THE_OFFICE = frozenset(
    model.__name__
    for model in (
        ActProposed,
        ProposalRejected,
        IssueProposed,
        IssueRejected,
        RedactionProposed,
        RedactionRejected,
    )
)
"""Events whose texts are between office and convener; no unit reads them because of these."""


def commitment_changes(recorded: Recorded) -> Iterator[Change]:
    """Which commitments the event names, where, and whose matter they are."""
    event = recorded.event
    whose = _whose(event)
    for field, commit, size, media in _commitments(event.data, ""):
        for ordinal, unit in enumerate(whose):
            yield Change(
                "commitments",
                {
                    "origin": event.origin,
                    "commit": commit,
                    "event": recorded.hash,
                    "field": field,
                    "ordinal": ordinal,
                },
                {
                    "size": size,
                    "media": media,
                    "position": recorded.position,
                    "stream": event.stream,
                    "kind": event.kind,
                    "task": task_of(event),
                    "unit": unit,
                },
            )


def _whose(event: EventEnvelope) -> Sequence[str | None]:
    """The units whose matter an event's texts are; None: of everybody on the task."""
    if event.kind in _OF_THE_OFFICE:
        return (Role.OFFICE.value,)
    units = event.data.get("units")
    named = [str(unit) for unit in units] if isinstance(units, list) else None
    if event.kind == InstructionGiven.__name__:
        return (None,) if named is None else named
    if event.kind == OpeningRedacted.__name__:
        # what no unit could read, no unit is told why
        return named or (Role.OFFICE.value,)
    return (unit_of(event),)


def _commitments(
    value: object, path: str, beside: Mapping[str, Any] | None = None
) -> Iterator[tuple[str, str, int, str | None]]:
    if isinstance(value, dict):
        if value.keys() == {"commit", "size"}:
            yield path, value["commit"], value["size"], _media_beside(path, beside or {})
            return
        for name, member in value.items():
            if isinstance(member, dict | list):
                yield from _commitments(member, f"{path}/{name}", value)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _commitments(item, f"{path}/{index}")


def _media_beside(path: str, beside: Mapping[str, Any]) -> str | None:
    """`report` has its type in `report_media`, an evidence's `file` in `media`."""
    return text_or_none(beside.get(f"{path.rpartition('/')[2]}_media")) or text_or_none(
        beside.get("media")
    )


def json_text(model: BaseModel, *, exclude: set[str] | None = None) -> str:
    """The JSON of a domain model as a `*_json` column keeps it: absent instead of null."""
    return model.model_dump_json(exclude=exclude, exclude_none=True)


def instant_text(instant: datetime | None) -> str | None:
    """`format_instant`, with None for None."""
    return None if instant is None else format_instant(instant)


def text_or_none(value: object) -> str | None:
    """`value` where it is a text."""
    return value if isinstance(value, str) else None
