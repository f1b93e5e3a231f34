"""A frozen stream goes on from what the trail holds, by a signed word, and by nothing else."""

import zlib
from base64 import b64encode
from datetime import timedelta

import pytest

from lianxi.domain.refusal import Refusal
from lianxi.messages import MAX_STORED_BYTES, CommandMessage, TaskInput
from lianxi.proof.commands import open_command, update_id
from lianxi.proof.events import open_event
from lianxi.proof.hashing import event_hash
from lianxi.proof.rosters import roster_bytes
from lianxi.proof.verification import TrailChecker, TrailRow
from lianxi.streams.conference_stream import ConferenceStream
from lianxi.streams.task_stream import TaskStream
from lianxi.streams.thawing import pack
from tests.parties import Parties, text_commitment
from tests.streams.test_life import NOW, begun, founded, send

STREAM = "task/T-0001"
LATER = NOW + timedelta(minutes=5)


class Frozen:
    """A task whose two last acts did not reach the trail, and another's did."""

    def __init__(self) -> None:
        """U01's acknowledgement is stored; U02's and U01's report were answered and are not."""
        self.parties = Parties(units=("U01", "U02"))
        self.conference = founded(self.parties)
        self.task = begun(self.parties, self.conference)
        self.at_first = TaskInput(
            task="T-0001", origin=self.parties.origin, carry=self.task.carry(NOW)
        )
        self.stored_answer = self.act("U01", "acknowledge")
        self.stored = list(self.lines())
        self.lost_envelope = self.sign("U02", "acknowledge")
        send(self.task, self.lost_envelope)
        self.act("U01", "progress", percent=10)
        self.task.writer.frozen = True

    def sign(self, unit: str, action: str, **args: object) -> str:
        return self.parties.sign(unit, STREAM, action, args, now=NOW)

    def act(self, unit: str, action: str, **args: object) -> str:
        envelope = self.sign(unit, action, **args)
        send(self.task, envelope)
        return envelope

    def lines(self, stream: TaskStream | ConferenceStream | None = None) -> list[bytes]:
        """Everything sealed so far; nothing was recorded in these tests."""
        batch = (stream or self.task).writer.carry(NOW).unrecorded
        return [event.text.encode() for event in batch]

    def thaw(self, **changes: object) -> str:
        given = {
            "unit": "office",
            "stream": STREAM,
            "expect": self.head,
            "now": LATER,
        } | changes
        return self.parties.sign(
            str(given["unit"]),
            str(given["stream"]),
            "thaw",
            {"reason": text_commitment("the trail stands")},
            now=given["now"],  # type: ignore[arg-type]
            expect=given["expect"],  # type: ignore[arg-type]
        )

    @property
    def head(self) -> str:
        """The last stored event."""
        return head_of(self.stored)

    def message(self, envelope: str, **changes: object) -> CommandMessage:
        given: dict[str, object] = {
            "envelope": envelope,
            "stored": pack(self.stored),
            "stored_roster": roster_bytes(self.task.writer.roster).decode(),
        }
        return CommandMessage.model_validate(given | changes)


def head_of(lines: list[bytes]) -> str:
    """The hash of the last of some events."""
    return event_hash(lines[-1])


def answer(stream: TaskStream | ConferenceStream, message: CommandMessage) -> object:
    signed = open_command(message.envelope)
    arrived = update_id(signed.payload.request_id, signed.digest)
    assert stream.rehearse(message, arrived, LATER) is None
    return stream.answer(message, arrived, LATER)


def refused(stream: TaskStream | ConferenceStream, message: CommandMessage) -> tuple[str, object]:
    """The code and the reason of a refusal that has changed nothing."""
    signed = open_command(message.envelope)
    arrived = update_id(signed.payload.request_id, signed.digest)
    before = stream.carry(LATER)
    with pytest.raises(Refusal) as caught:
        stream.answer(message, arrived, LATER)
    assert stream.carry(LATER) == before
    return caught.value.code, caught.value.params.get("reason")


def test_a_thawed_task_goes_on_from_the_stored_head() -> None:
    """The two acts that do not stand are counted and gone; the next event follows the stored head."""
    frozen = Frozen()
    lost = [e.hash for e in frozen.task.writer.carry(NOW).unrecorded][-2:]
    answer(frozen.task, frozen.message(frozen.thaw()))
    (thawed,) = frozen.task.writer.carry(LATER).unrecorded
    event = open_event(thawed.text.encode())
    assert (event.kind, event.seq, event.prev) == ("TaskThawed", 3, frozen.head)
    assert event.data["discarded"] == 2
    assert event.data["first_discarded"] == lost[0]
    assert not frozen.task.writer.frozen
    assert frozen.task.state.assignments["U02"].state == "issued"
    assert frozen.task.state.assignments["U01"].state == "in-progress"


def test_the_thawed_stream_verifies() -> None:
    """Chain, signature and roster of what stands, the thaw included."""
    frozen = Frozen()
    answer(frozen.task, frozen.message(frozen.thaw()))
    envelopes = {open_command(e).digest: e for e in [frozen.stored_answer]}
    checker = TrailChecker()
    conference = frozen.lines(frozen.conference)
    carried = [
        *frozen.task.writer.carry(LATER).envelopes,
        *frozen.conference.carry(NOW).stream.envelopes,
    ]
    envelopes |= {one.payload_sha256: one.text for one in carried}
    thawed = frozen.task.writer.carry(LATER).unrecorded[0].text.encode()
    for stream, lines in (("conference", conference), (STREAM, [*frozen.stored, thawed])):
        for seq, data in enumerate(lines, 1):
            event = open_event(data)
            row = TrailRow(
                frozen.parties.origin, stream, seq, data, head_of([data]),
                envelopes.get(event.cause.payload_sha256 or ""),
            )  # fmt: skip
            assert checker.check(row)[1] == []


def test_a_receipt_of_what_does_not_stand_is_forgotten() -> None:
    """The discarded command may be sent again and is done anew; the stored one keeps its receipt."""
    frozen = Frozen()
    answer(frozen.task, frozen.message(frozen.thaw()))
    again = send(frozen.task, frozen.lost_envelope, LATER)
    assert not again.receipt.already
    assert again.receipt.events[-1].seq == 4
    assert send(frozen.task, frozen.stored_answer, LATER).receipt.already


def test_a_stored_command_that_this_run_never_saw_is_not_done_twice() -> None:
    """After a reset the run knows fewer commands than the trail: a repeat is sent to the trail."""
    frozen = Frozen()
    frozen.task = TaskStream.open(frozen.at_first, NOW)
    frozen.task.writer.frozen = True
    answer(frozen.task, frozen.message(frozen.thaw()))
    with pytest.raises(Refusal) as caught:
        send(frozen.task, frozen.stored_answer, LATER)
    assert caught.value.code == "EXPIRED"


def test_a_repeated_thaw_gets_its_receipt() -> None:
    """The same bytes again change nothing."""
    frozen = Frozen()
    message = frozen.message(frozen.thaw())
    answer(frozen.task, message)
    before = frozen.task.writer.head
    signed = open_command(message.envelope)
    repeated = frozen.task.answer(
        message, update_id(signed.payload.request_id, signed.digest), LATER
    )
    assert repeated.receipt.already
    assert frozen.task.writer.head == before


def test_what_is_not_frozen_cannot_be_thawed() -> None:
    """By the rules, like any other act that has nothing to do."""
    frozen = Frozen()
    frozen.task.writer.frozen = False
    assert refused(frozen.task, frozen.message(frozen.thaw()))[0] == "NOT_FROZEN"


def test_only_the_conveners_side_thaws() -> None:
    """A unit and the auditor are refused by role."""
    frozen = Frozen()
    message = frozen.message(frozen.thaw(unit="U01"))
    assert refused(frozen.task, message)[0] == "ROLE_NOT_ALLOWED"


@pytest.mark.parametrize(
    ("stored", "reason"),
    [
        (None, "missing"),
        ("%%%", "encoding"),
        (b64encode(b"no zlib").decode(), "encoding"),
        (b64encode(zlib.compress(b"{}")).decode(), "events"),
        (b64encode(zlib.compress(b" " * (MAX_STORED_BYTES + 1))).decode(), "size"),
        (b64encode(zlib.compress(b"{}")[:-4]).decode(), "encoding"),
        (b64encode(zlib.compress(b"{}") + b"more").decode(), "encoding"),
    ],
)
def test_stored_bytes_that_are_none_are_refused(stored: str | None, reason: str) -> None:
    """Missing, not base64, not zlib, no events, a bomb, cut off, with something behind."""
    frozen = Frozen()
    assert refused(frozen.task, frozen.message(frozen.thaw(), stored=stored)) == (
        "STORED_UNFIT",
        reason,
    )


def test_stored_events_must_end_in_the_event_that_was_signed_for() -> None:
    """Fewer events, or none named: refused."""
    frozen = Frozen()
    fewer = pack(frozen.stored[:1])
    assert refused(frozen.task, frozen.message(frozen.thaw(), stored=fewer))[1] == "head"
    assert refused(frozen.task, frozen.message(frozen.thaw(expect=None)))[1] == "missing"


def test_a_broken_chain_and_another_stream_are_refused() -> None:
    """Events that do not follow one another, or of the conference."""
    frozen = Frozen()
    middle_missing = pack([frozen.stored[1]])
    assert refused(frozen.task, frozen.message(frozen.thaw(), stored=middle_missing))[1] == "events"
    foreign = frozen.lines(frozen.conference)
    message = frozen.message(frozen.thaw(expect=head_of(foreign)), stored=pack(foreign))
    assert refused(frozen.task, message)[1] == "events"


def test_another_roster_than_the_stored_one_is_refused() -> None:
    """Whoever sends the events cannot send a roster of their own."""
    frozen = Frozen()
    other = roster_bytes(Parties(conference="other").roster).decode()
    for text in (other, None):
        message = frozen.message(frozen.thaw(), stored_roster=text)
        assert refused(frozen.task, message)[1] == "roster"


def test_a_frozen_conference_is_thawed_too() -> None:
    """Its registrations are those that stand; the next task gets the number that is free."""
    parties = Parties(units=("U01", "U02"))
    conference = founded(parties)
    stored = [e.text.encode() for e in conference.carry(NOW).stream.unrecorded]
    issue = parties.sign("office", "conference", "issue", parties.issue_args(), now=NOW)
    assert send(conference, issue).receipt.task == "T-0001"
    conference.writer.frozen = True
    envelope = parties.sign(
        "convener", "conference", "thaw", {"reason": text_commitment("go on")},
        now=LATER, expect=head_of(stored),
    )  # fmt: skip
    answer(conference, CommandMessage(envelope=envelope, stored=pack(stored)))
    event = open_event(conference.carry(LATER).stream.unrecorded[-1].text.encode())
    assert (event.kind, event.data["discarded"]) == ("ConferenceThawed", 1)
    again = send(conference, issue, LATER)
    assert again.receipt.task == "T-0001"
    assert not again.receipt.already


def test_rungs_that_were_due_meanwhile_stand_before_the_thaw() -> None:
    """The rules go on where the stored state left them."""
    frozen = Frozen()
    late = NOW + timedelta(days=40)
    message = frozen.message(frozen.thaw(now=late))
    signed = open_command(message.envelope)
    frozen.task.answer(message, update_id(signed.payload.request_id, signed.digest), late)
    kinds = [open_event(e.text.encode()).kind for e in frozen.task.writer.carry(late).unrecorded]
    assert kinds[-1] == "TaskThawed"
    assert set(kinds[:-1]) <= {"RungFired", "OfficeReminded"}
    assert kinds[:-1]


def test_a_thawed_task_carries_on_into_the_next_run() -> None:
    """Nothing of the thaw is lost across continue-as-new."""
    frozen = Frozen()
    answer(frozen.task, frozen.message(frozen.thaw()))
    carry = frozen.task.carry(LATER)
    assert carry.stream.frozen is False
    assert carry.stream.head == frozen.task.writer.head
    assert carry.stream.recorded_seq == 2
