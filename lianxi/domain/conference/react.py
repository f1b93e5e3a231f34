"""`react` for the conference: whom an event of its stream concerns, as notices (domain layer).

They name no task. What a new calendar moves is told here, once per unit, and not by each task.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lianxi.domain.conference import events as ev
from lianxi.domain.conference.state import ConferenceState
from lianxi.domain.roster import Roster
from lianxi.domain.task.react import CONVENER, OFFICE, Notice
from lianxi.domain.values import SYSTEM

PROPOSED = "proposed"
REDACTION_PROPOSED = "redaction-proposed"
REDACTED = "redacted"


def react(fact: ev.ConferenceFact, after: ConferenceState) -> tuple[Notice, ...]:
    """The notices one event gives rise to, at most one per addressee and kind.

    `after` is the state behind the event: it says whose the keys are that it names.
    """
    told = _TELL_OF_KEYS.get(type(fact.data))
    if told is not None:
        return tuple(told(fact, after.roster))
    tell = _TELL.get(type(fact.data))
    return () if tell is None else tuple(tell(fact))


def still_holds(notice: Notice, state: ConferenceState) -> bool:
    """Whether a notice without a task would still be right if it were sent now.

    A proposal's holds while it waits, every other one always.
    """
    return notice.kind not in (PROPOSED, REDACTION_PROPOSED) or notice.subject in state.proposals


def _calendar(fact: ev.ConferenceFact) -> Iterator[Notice]:
    units = fact.data.units if isinstance(fact.data, ev.CalendarAdopted) else ()
    for unit in units:
        yield Notice(addressee=unit, kind="calendar", subject=fact.hash)


def _proposed(kind: str) -> "Tell":
    def tell(fact: ev.ConferenceFact) -> Iterator[Notice]:
        data = fact.data
        due = data.expires if isinstance(data, ev.IssueProposed | ev.RedactionProposed) else None
        yield Notice(addressee=CONVENER, kind=kind, due=due, subject=fact.hash)

    return tell


def _redacted(fact: ev.ConferenceFact) -> Iterator[Notice]:
    units = fact.data.units if isinstance(fact.data, ev.OpeningRedacted) else None
    for unit in units or ():
        yield Notice(addressee=unit, kind=REDACTED, subject=fact.hash)


def _to_office(kind: str) -> "Tell":
    def tell(fact: ev.ConferenceFact) -> Iterator[Notice]:
        subject: Any = getattr(fact.data, "proposal", None)
        yield Notice(addressee=OFFICE, kind=kind, subject=subject)

    return tell


def _keys_changed(fact: ev.ConferenceFact, roster: Roster) -> Iterator[Notice]:
    """Each unit of what became of its keys, and the convener of all."""
    data = fact.data
    if not isinstance(data, ev.RosterChanged):
        return
    added = {key.unit for key in data.changes.add or ()}
    gone = {roster.by_key_id[key_id].unit for key_id in data.changes.retire or ()}
    for unit in sorted((added | gone) - {SYSTEM.unit, CONVENER}):
        kind = "key-revoked" if unit in gone - added else "keys-changed"
        yield Notice(addressee=unit, kind=kind, subject=fact.hash)
    yield Notice(addressee=CONVENER, kind="keys-changed", subject=fact.hash)


def _key_registered(fact: ev.ConferenceFact, roster: Roster) -> Iterator[Notice]:
    """A unit that had a key before, and the convener: k of the roster's signers may always add one.

    Of the first key, which its unit asked for, nobody is told.
    """
    entry = fact.data.entry if isinstance(fact.data, ev.KeyRegistered) else None
    if entry is None or entry.use != "command":
        return
    if not any(
        (key.unit, key.use) == (entry.unit, "command") and key.key_id != entry.key_id
        for key in roster.keys
    ):
        return
    for addressee in sorted({entry.unit, CONVENER}):
        yield Notice(
            addressee=addressee, kind="key-registered", about=entry.unit, subject=fact.hash
        )


def _key_replaced(fact: ev.ConferenceFact, _roster: Roster) -> Iterator[Notice]:
    """The unit and the convener have until then to say that no key was lost."""
    entry = fact.data.entry if isinstance(fact.data, ev.KeyReplaced) else None
    if entry is None:
        return
    for addressee in sorted({entry.unit, CONVENER}):
        yield Notice(
            addressee=addressee,
            kind="key-replaced",
            about=entry.unit,
            due=entry.effective,
            subject=fact.hash,
        )


TellOfKeys = Callable[[ev.ConferenceFact, Roster], Iterator[Notice]]

_TELL_OF_KEYS: Mapping[type[ev.ConferenceEvent], TellOfKeys] = {
    ev.KeyRegistered: _key_registered,
    ev.RosterChanged: _keys_changed,
    ev.KeyReplaced: _key_replaced,
}
"""Events about keys."""

Tell = Callable[[ev.ConferenceFact], Iterator[Notice]]

_TELL: Mapping[type[ev.ConferenceEvent], Tell] = {
    ev.CalendarAdopted: _calendar,
    ev.IssueProposed: _proposed(PROPOSED),
    ev.IssueRejected: _to_office("rejected"),
    ev.IssueExpired: _to_office("expired"),
    ev.RedactionProposed: _proposed(REDACTION_PROPOSED),
    ev.RedactionRejected: _to_office("redaction-rejected"),
    ev.RedactionExpired: _to_office("redaction-expired"),
    ev.OpeningRedacted: _redacted,
}
"""Events somebody is told of. Of an issue that was approved its units are told by the task."""
