"""By what each sort of stream derives its events: the live functions, given what stands (streams, pure).

What a task rests on (its registration, rules, calendar, rosters) comes from the conference's own
stream as `Held`, so that a task's first event is derived from facts that were derived before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lianxi.domain.calendar import Calendar
from lianxi.domain.conference import events as cev
from lianxi.domain.conference.commands import CONFERENCE_ACTIONS
from lianxi.domain.conference.decide import rungs_due as proposals_due
from lianxi.domain.conference.state import ConferenceState
from lianxi.domain.roster import Roster
from lianxi.domain.rules import Rules
from lianxi.domain.task import events as tev
from lianxi.domain.task.clocks import next_deadline
from lianxi.domain.task.clockwork import rungs_due, timer_name
from lianxi.domain.task.commands import ThawStream
from lianxi.domain.task.state import TaskState
from lianxi.ids import CONFERENCE_STREAM, conference_of_origin, task_of_stream
from lianxi.messages import CommandMessage
from lianxi.proof.events import EventEnvelope
from lianxi.proof.rosters import RosterStep
from lianxi.proof.standing import step_of
from lianxi.streams import conference_stream, task_stream
from lianxi.streams.admission import Admitted, admit
from lianxi.streams.rederive import Due, Laws, Led, Refused, Standing
from lianxi.streams.task_beginning import Registration, begin_registered
from lianxi.streams.thawing import check_thaw


@dataclass(frozen=True, slots=True)
class HeldRegistration:
    """A task's registration; `envelope`: what caused it (the issue, or the convener's approval)."""

    registration: Registration
    envelope: str | None


@dataclass
class Held:
    """What the conference's stream of one origin holds. Memory: one registration per task."""

    rosters: Mapping[str, Roster] = field(default_factory=dict)
    steps: dict[str, tuple[RosterStep, int]] = field(default_factory=dict)
    """Per roster's hash: the step that led to it, and its version."""
    rules: dict[str, Rules] = field(default_factory=dict)
    calendars: dict[str, Calendar] = field(default_factory=dict)
    registrations: dict[str, HeldRegistration] = field(default_factory=dict)
    proposals: dict[str, EventEnvelope] = field(default_factory=dict)

    def follow(self, standing: Standing) -> None:
        """Take in one event of the stream `conference`, in its order."""
        match standing.data:
            case cev.ConferenceFounded() as data:
                self.rules[data.rules_hash] = data.rules
                if data.calendar is not None and data.calendar_hash is not None:
                    self.calendars[data.calendar_hash] = data.calendar
            case cev.RulesAdopted() as data:
                self.rules[data.rules_hash] = data.rules
            case cev.CalendarAdopted() as data:
                self.calendars[data.calendar_hash] = data.calendar
            case cev.KeyRegistered() | cev.RosterChanged() | cev.KeyReplaced() as data:
                self.steps[data.roster] = step_of(data), data.version
            case cev.IssueProposed():
                self.proposals[standing.hash] = standing.event
            case cev.TaskRegistered() as data:
                registration = Registration(standing.event, standing.hash, data)
                # the first one stands: a second of the same number is found where it is
                self.registrations.setdefault(
                    data.task, HeldRegistration(registration, standing.envelope)
                )
            case _:
                pass


class TaskLaws:
    """How a task's stream comes about."""

    def __init__(self, held: Held) -> None:
        """`held`: all that the conference's stream holds, the whole of it read."""
        self._held = held

    def caused(self, state: TaskState | None, standing: Standing, before: Sequence[str]) -> Led:
        """The issue begins the task; every later command is decided upon its state."""
        if state is None:
            return self._begun(standing)
        event = standing.event
        admitted = _admitted(standing, standing.roster, task_stream.ON_TASK)
        if isinstance(standing.data, tev.TaskThawed):
            return _thawed(admitted, state.rules, standing.data, before)
        events, happened_at = task_stream.led_to(state, admitted, event.at, event.engine)
        return Led(events, happened_at)

    def _begun(self, standing: Standing) -> Led:
        event, held = standing.event, self._held
        known = held.registrations.get(task_of_stream(event.stream) or "")
        if known is None:
            raise Refused("registration")
        registration = known.registration
        data = registration.data
        rules = held.rules.get(data.rules_hash)
        calendar = held.calendars.get(data.calendar_hash or "")
        if rules is None or (data.calendar_hash is not None and calendar is None):
            raise Refused("rules")
        if event.roster != registration.event.roster:
            raise Refused("roster")
        proposal = held.proposals.get(data.proposal or "")
        begun = begin_registered(
            registration,
            _envelope(standing),
            roster=standing.roster,
            rules=rules,
            calendar=calendar,
            proposed=None if proposal is None else (proposal, data.proposal or ""),
            approval=known.envelope,
        )
        return Led(begun.events, not_before=begun.registered_at)

    def due(self, state: TaskState, at: datetime) -> Due:
        """Rungs, reminders, ends of periods, expiries, the archive: each its own cause."""
        return Due(tuple((event, timer_name(event)) for event in rungs_due(state, at)))

    def deadline(self, state: TaskState) -> datetime | None:
        """The next instant of any of them."""
        return next_deadline(state)

    def adopted(self, standing: Standing) -> tev.RosterAdopted | None:
        """The very step that the conference's stream holds."""
        data = standing.data
        if not isinstance(data, tev.RosterAdopted):
            return None
        known = self._held.steps.get(data.roster)
        if known is None:
            raise Refused("roster")
        step, version = known
        return task_stream.adopted(step, version, data.roster)


class ConferenceLaws:
    """How the stream `conference` comes about."""

    def caused(
        self, state: ConferenceState | None, standing: Standing, before: Sequence[str]
    ) -> Led:
        """The founding, then every command upon the state."""
        event = standing.event
        if state is None:
            conference = conference_of_origin(event.origin)
            _, _, events = conference_stream.founding(
                _envelope(standing), event.origin, conference, event.at
            )
            return Led(events)
        admitted = _admitted(standing, state.roster, CONFERENCE_ACTIONS)
        if isinstance(standing.data, cev.ConferenceThawed):
            return _thawed(admitted, state.rules, standing.data, before)
        return Led(conference_stream.led_to(state, admitted, event.origin, event.at))

    def due(self, state: ConferenceState, at: datetime) -> Due:
        """Proposals that nobody decided in time, all of one instant as one cause."""
        expired = proposals_due(state, at)
        return Due(tuple((event, conference_stream.TIMER) for event in expired), at_once=True)

    def deadline(self, state: ConferenceState) -> datetime | None:
        """The first proposal that expires."""
        return state.next_deadline

    def adopted(self, standing: Standing) -> None:
        """The conference makes rosters, it adopts none."""


def laws_of(stream: str, held: Held) -> Laws | None:
    """What derives the events of a stream; None where only observations may stand."""
    if stream == CONFERENCE_STREAM:
        return ConferenceLaws()
    return None if task_of_stream(stream) is None else TaskLaws(held)


def _thawed(
    admitted: Admitted,
    rules: Rules,
    data: tev.TaskThawed | cev.ConferenceThawed,
    before: Sequence[str],
) -> Led:
    """A thaw names the head that it goes on from; what it discards stands nowhere, and is believed."""
    if not isinstance(admitted.command, ThawStream):
        raise Refused("action")
    command = check_thaw(admitted, rules)
    if admitted.order.expect not in before:
        raise Refused("expect")
    return Led((data.model_copy(update={"reason": command.reason}),))


def _envelope(standing: Standing) -> str:
    if standing.envelope is None:
        raise Refused("envelope")
    return standing.envelope


def _admitted(standing: Standing, roster: Roster, actions: Mapping[str, Any]) -> Admitted:
    event = standing.event
    admitted = admit(
        CommandMessage(envelope=_envelope(standing)),
        origin=event.origin,
        stream=event.stream,
        roster=roster,
        actions=actions,
        arrived_as=None,
    )
    admitted.check_standing(roster, event.at)
    admitted.check_begun(event.at)
    return admitted
