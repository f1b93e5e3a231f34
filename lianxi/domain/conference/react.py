"""`react` for the conference: whom an event of its stream concerns, as notices (domain layer).

They name no task. What a new calendar moves is told here, once per unit, and not by each task.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lianxi.domain.conference import events as ev
from lianxi.domain.conference.state import ConferenceState
from lianxi.domain.task.react import CONVENER, OFFICE, Notice

PROPOSED = "proposed"


def react(fact: ev.ConferenceFact) -> tuple[Notice, ...]:
    """The notices one event gives rise to, at most one per addressee and kind."""
    tell = _TELL.get(type(fact.data))
    return () if tell is None else tuple(tell(fact))


def still_holds(notice: Notice, state: ConferenceState) -> bool:
    """Whether a notice without a task would still be right if it were sent now.

    A proposal's holds while it waits, every other one always.
    """
    return notice.kind != PROPOSED or notice.subject in state.proposals


def _calendar(fact: ev.ConferenceFact) -> Iterator[Notice]:
    units = fact.data.units if isinstance(fact.data, ev.CalendarAdopted) else ()
    for unit in units:
        yield Notice(addressee=unit, kind="calendar", subject=fact.hash)


def _proposed(fact: ev.ConferenceFact) -> Iterator[Notice]:
    due = fact.data.expires if isinstance(fact.data, ev.IssueProposed) else None
    yield Notice(addressee=CONVENER, kind=PROPOSED, due=due, subject=fact.hash)


def _to_office(kind: str) -> "Tell":
    def tell(fact: ev.ConferenceFact) -> Iterator[Notice]:
        subject: Any = getattr(fact.data, "proposal", None)
        yield Notice(addressee=OFFICE, kind=kind, subject=subject)

    return tell


Tell = Callable[[ev.ConferenceFact], Iterator[Notice]]

_TELL: Mapping[type[ev.ConferenceEvent], Tell] = {
    ev.CalendarAdopted: _calendar,
    ev.IssueProposed: _proposed,
    ev.IssueRejected: _to_office("rejected"),
    ev.IssueExpired: _to_office("expired"),
}
"""Events somebody is told of. Of an issue that was approved its units are told by the task."""
