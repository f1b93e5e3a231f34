"""A task's life on the pure streams: no server, no clock, no store."""

from datetime import UTC, datetime, timedelta

import pytest

from lianxi.domain.refusal import Refusal
from lianxi.messages import CommandAnswer, CommandMessage, ConferenceInput, TaskInput, TaskStart
from lianxi.proof.commands import open_command, update_id
from lianxi.proof.rosters import RosterStep, roster_bytes, sign_roster
from lianxi.streams.conference_stream import ConferenceStream
from lianxi.streams.task_stream import TaskStream
from tests.parties import DAY, Parties, text_commitment

NOW = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)


def send(
    stream: ConferenceStream | TaskStream, envelope: str, now: datetime = NOW
) -> CommandAnswer:
    signed = open_command(envelope)
    arrived = update_id(signed.payload.request_id, signed.digest)
    return stream.answer(CommandMessage(envelope=envelope), arrived, now)


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
    from lianxi.proof.events import open_event

    return open_event(text.encode()).kind
