"""What an event of `mail/<channel>` or `audit` changes in the read tables (projection, pure)."""

from collections.abc import Callable, Mapping
from typing import Any

from lianxi.domain.observations import (
    AUDIT_KINDS,
    MAIL_KINDS,
    OUTCOME_STATES,
    BatchRefused,
    FindingCleared,
    FindingRaised,
    ForkDetected,
    Observation,
    Reconciled,
)
from lianxi.domain.task.react import CONVENER, OFFICE, Notice
from lianxi.domain.values import Role, format_instant
from lianxi.store.projection.notices import MAILBOX, notice_change
from lianxi.store.projection.rows import Change, Recorded
from lianxi.streams.facts import UnknownKindError

FINDING = "finding"
TOLD_OF_FINDINGS = (Role.AUDITOR.value, CONVENER, OFFICE)
"""Whoever is to look into it; they have a mailbox each, units are not told."""


def project_observation(recorded: Recorded) -> list[Change]:
    """The rows that an event of `mail/<channel>` or `audit` changes."""
    event = recorded.event
    if event.stream.startswith("mail/"):
        return [_outcome(recorded)]
    model = AUDIT_KINDS.get(event.kind)
    if model is None:
        raise UnknownKindError(event.kind)
    return _AUDIT[model](recorded, model.model_validate(event.data))


def _fork(recorded: Recorded, data: ForkDetected) -> list[Change]:
    event = recorded.event
    return [
        Change(
            "alarms",
            {
                "origin": event.origin,
                "stream": data.stream,
                "seq": data.seq,
                "offered": data.offered,
                "position": recorded.position,
            },
            {
                "stored": data.stored,
                "event": recorded.hash,
                "at": format_instant(event.at),
            },
        )
    ]


def _raised(recorded: Recorded, data: FindingRaised) -> list[Change]:
    event = recorded.event
    finding = Change(
        "findings",
        {"origin": event.origin, "code": data.code, "place": data.place},
        {
            "detail": data.detail or "",
            "since": format_instant(event.at),
            "event": recorded.hash,
            "position": recorded.position,
            "cleared": None,
        },
    )
    told = [
        notice_change(recorded, Notice(addressee=who, kind=FINDING, subject=recorded.hash), MAILBOX)
        for who in TOLD_OF_FINDINGS
    ]
    return [finding, *told]


def _cleared(recorded: Recorded, data: FindingCleared) -> list[Change]:
    event = recorded.event
    key: dict[str, str | int | None] = {
        "origin": event.origin,
        "code": data.code,
        "place": data.place,
    }
    return [Change("findings", key, {"cleared": format_instant(event.at)}, "patch")]


def _reconciled(recorded: Recorded, data: Reconciled) -> list[Change]:
    event = recorded.event
    return [
        Change(
            "reconciliations",
            {"origin": event.origin},
            {
                "at": format_instant(event.at),
                "event": recorded.hash,
                "position": recorded.position,
                "streams": data.streams,
                "events": data.events,
                "open": data.open,
                "pending": data.pending,
            },
        )
    ]


_AUDIT: Mapping[type[Observation], Callable[[Recorded, Any], list[Change]]] = {
    ForkDetected: _fork,
    # it stands on the stream `audit`; what it means for its stream is a finding
    BatchRefused: lambda _recorded, _data: [],
    FindingRaised: _raised,
    FindingCleared: _cleared,
    Reconciled: _reconciled,
}
"""Per kind of the stream `audit`: its rows. Every kind of `AUDIT_KINDS` stands here."""


def _outcome(recorded: Recorded) -> Change:
    event = recorded.event
    model = MAIL_KINDS.get(event.kind)
    if model is None:
        raise UnknownKindError(event.kind)
    data = model.model_validate(event.data)
    return Change(
        "notices",
        {"notice_id": data.notice_id},
        {
            "state": OUTCOME_STATES[model],
            "attempts": data.attempts,
            "detail": data.detail,
            "settled_at": format_instant(event.at),
            "outcome": recorded.hash,
        },
        "patch",
    )
