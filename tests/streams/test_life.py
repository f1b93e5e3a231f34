"""A task's life on the pure streams: no server, no clock, no store."""

from datetime import UTC, datetime, timedelta

import pytest

from lianxi.domain.refusal import Refusal
from lianxi.domain.values import format_instant
from lianxi.messages import (
    CommandAnswer,
    CommandMessage,
    ConferenceInput,
    RecordResult,
    TaskInput,
    TaskStart,
)
from lianxi.proof.commands import open_command, update_id
from lianxi.proof.events import open_event
from lianxi.proof.rosters import RosterStep, next_roster, roster_bytes, sign_roster
from lianxi.streams.conference_stream import ConferenceStream
from lianxi.streams.task_stream import TaskStream
from tests.parties import DAY, Parties, request_id_at, text_commitment

NOW = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)


def send(
    stream: ConferenceStream | TaskStream, envelope: str, now: datetime = NOW
) -> CommandAnswer:
    signed = open_command(envelope)
    arrived = update_id(signed.payload.request_id, signed.digest)
    return stream.answer(CommandMessage(envelope=envelope), arrived, now)


def founded(parties: Parties) -> ConferenceStream:
    """A conference with the keys of all its units."""
    given = ConferenceInput(
        conference="demo", origin=parties.origin, envelope=parties.founding(now=NOW)
    )
    conference = ConferenceStream.open(given, NOW)
    for unit in parties.units:
        send(conference, parties.registering(unit, now=NOW))
    return conference


def begun(parties: Parties, conference: ConferenceStream, **changes: object) -> TaskStream:
    """A registered task, begun."""
    issue = parties.sign("office", "conference", "issue", parties.issue_args(**changes), now=NOW)
    answer = send(conference, issue)
    assert answer.registration is not None
    start = TaskStart(
        conference="demo",
        registration=answer.registration,
        envelope=issue,
        roster=roster_bytes(conference.state.roster).decode(),
        rules=conference.state.rules,
        calendar=conference.state.calendar,
    )
    task = answer.receipt.task or ""
    return TaskStream.open(TaskInput(task=task, origin=parties.origin, start=start), NOW)


def rehearse(
    stream: ConferenceStream | TaskStream, envelope: str, now: datetime = NOW
) -> str | None:
    """The code of the refusal that the validator foresees or raises."""
    signed = open_command(envelope)
    arrived = update_id(signed.payload.request_id, signed.digest)
    try:
        foreseen = stream.rehearse(CommandMessage(envelope=envelope), arrived, now)
    except Refusal as refusal:
        return f"turned away: {refusal.code}"
    return foreseen.code if foreseen is not None else None


def test_a_rehearsal_changes_nothing() -> None:
    """Validators do not run again on replay: whatever they are asked, the stream stays as it is."""
    parties = Parties(units=("U01", "U02"))
    conference = founded(parties)
    task = begun(parties, conference)
    for number in range(400):  # until the request table has to make room
        now = NOW + timedelta(seconds=number)
        percent = parties.sign("U01", "task/T-0001", "progress", {"percent": number % 100}, now=now)
        before = task.carry(now)
        assert rehearse(task, percent, now) is None
        assert task.carry(now) == before
        send(task, percent, now)
        while task.writer.waiting:
            batch = task.writer.next_batch()
            last = RecordResult(seq=task.writer.head.seq, hash=batch.events[-1].hash)  # type: ignore[union-attr]
            task.writer.confirm(batch, last)
    assert task.writer.requests.floor is not None
    for wrong in (
        parties.sign("U02", "task/T-0001", "recall", {}, now=NOW),
        parties.sign("U01", "task/T-0001", "acknowledge", {}, now=NOW + timedelta(hours=9)),
        parties.sign("U01", "conference", "acknowledge", {}, now=NOW),
    ):
        before = task.carry(NOW)
        assert rehearse(task, wrong) is not None
        assert task.carry(NOW) == before


def test_what_passes_is_turned_away_without_a_trace() -> None:
    """A handler's refusal would be Temporal's answer to the same bytes for the rest of the run."""
    parties = Parties(units=("U01",))
    task = begun(parties, founded(parties))
    command = parties.sign("U01", "task/T-0001", "acknowledge", {}, now=NOW)
    task.writer.frozen = True
    assert rehearse(task, command) == "turned away: FROZEN"
    task.writer.frozen = False
    early = parties.sign("U01", "task/T-0001", "acknowledge", {}, now=NOW + timedelta(hours=1))
    assert rehearse(task, early) == "turned away: ISSUED_IN_FUTURE"
    old = parties.sign(
        "U01",
        "task/T-0001",
        "acknowledge",
        {},
        now=NOW,
        request_id=request_id_at(NOW - timedelta(days=2)),
    )
    assert rehearse(task, old) == "turned away: REQUEST_ID_AGE"
    assert rehearse(task, command) is None


def test_the_conference_takes_no_roster_steps() -> None:
    """A key that was signed for but never registered registers no task."""
    parties = Parties(units=("U01",))
    conference = founded(parties)
    entry = parties.entry("auditor").model_copy(update={})
    derived = next_roster(parties.roster, entry)
    step = RosterStep(entry=entry, signatures=(sign_roster(derived, parties.signers["convener"]),))
    issue = parties.sign("auditor", "conference", "issue", parties.issue_args(), now=NOW)
    signed = open_command(issue)
    message = CommandMessage(envelope=issue, roster_steps=(step,))
    with pytest.raises(Refusal) as refusal:
        conference.answer(message, update_id(signed.payload.request_id, signed.digest), NOW)
    assert refusal.value.code == "KEY_UNKNOWN"


@pytest.mark.parametrize("stated", [NOW - timedelta(days=1), NOW + timedelta(days=1)])
def test_what_happened_lies_between_issue_and_now(stated: datetime) -> None:
    """A time before the issue or ahead is refused; a stated one stands in the event."""
    parties = Parties(units=("U01",))
    task = begun(parties, founded(parties))
    later = NOW + timedelta(hours=2)
    args = {"happened_at": format_instant(stated)}
    command = parties.sign("U01", "task/T-0001", "acknowledge", args, now=later)
    with pytest.raises(Refusal) as refusal:
        send(task, command, later)
    assert refusal.value.code == "HAPPENED_OUT_OF_RANGE"
    args = {"happened_at": format_instant(NOW + timedelta(hours=1))}
    send(task, parties.sign("U01", "task/T-0001", "acknowledge", args, now=later), later)
    event = open_event(task.writer.next_batch().events[-1].text.encode())
    assert event.happened_at == NOW + timedelta(hours=1)


def test_a_clock_that_steps_back_does_not_strand_a_task() -> None:
    """The conference decides at its stream's time: what it registers can always begin."""
    parties = Parties(units=("U01",))
    conference = founded(parties)
    earlier = NOW - timedelta(hours=1)
    due = {"rule": "instant", "at": format_instant(NOW - timedelta(minutes=30))}
    issue = parties.sign("office", "conference", "issue", parties.issue_args(due=due), now=earlier)
    with pytest.raises(Refusal) as refusal:
        send(conference, issue, earlier)
    assert refusal.value.code == "LIMIT_PAST"


def test_whole_life() -> None:
    """From founding to closing, every step answers with gapless sequence numbers."""
    parties = Parties(units=("U01", "U02"))
    founding = parties.founding(now=NOW)
    conference = ConferenceStream.open(
        ConferenceInput(conference="demo", origin=parties.origin, envelope=founding), NOW
    )
    assert not send(conference, founding).receipt.already
    assert send(conference, founding).receipt.already
    send(conference, parties.registering("U01", now=NOW))
    assert conference.state.roster == parties.roster
    issue = parties.sign("office", "conference", "issue", parties.issue_args(), now=NOW)
    answer = send(conference, issue)
    assert answer.receipt.task == "T-0001"
    assert answer.registration is not None
    task = TaskStream.open(
        TaskInput(
            task="T-0001",
            origin=parties.origin,
            start=TaskStart(
                conference="demo",
                registration=answer.registration,
                envelope=issue,
                roster=roster_bytes(conference.state.roster).decode(),
                rules=conference.state.rules,
                calendar=conference.state.calendar,
            ),
        ),
        NOW,
    )
    ack = parties.sign("U01", "task/T-0001", "acknowledge", {}, now=NOW)
    receipt = send(task, ack).receipt
    assert [event.kind for event in receipt.events] == ["AssignmentAcknowledged"]
    with pytest.raises(Refusal) as unknown:
        send(task, parties.sign("U02", "task/T-0001", "acknowledge", {}, now=NOW))
    assert unknown.value.code == "KEY_UNKNOWN"
    before = parties.roster
    send(conference, parties.registering("U02", now=NOW))
    late = NOW + timedelta(days=3)
    command = parties.sign(
        "U02", "task/T-0001", "submit", {"report": text_commitment("done")}, now=late
    )
    signed = open_command(command)
    step = RosterStep(
        entry=parties.entry("U02"),
        signatures=(sign_roster(parties.roster, parties.signers["convener"]),),
    )
    assert before.version == 2
    answer = task.answer(
        CommandMessage(envelope=command, roster_steps=(step,)),
        update_id(signed.payload.request_id, signed.digest),
        late,
    )
    assert [event.seq for event in answer.receipt.events] == [6, 7]
    kinds = [open_kind(event.text) for event in task.writer.next_batch().events]
    assert kinds == [
        "TaskIssued",
        "AssignmentAcknowledged",
        "RungFired",
        "RungFired",
        "RosterAdopted",
        "AssignmentAcknowledged",
        "CompletionSubmitted",
    ]
    assert task.next_deadline == NOW + timedelta(days=7) or task.next_deadline == NOW + timedelta(
        seconds=10 * DAY
    ) - timedelta(days=3)


def open_kind(text: str) -> str:
    return open_event(text.encode()).kind
