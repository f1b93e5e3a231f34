"""What every store must do, whatever it is made of. Subclasses give the fixture `store`."""

import json
from datetime import timedelta
from typing import Any, Protocol

import pytest
from pydantic import BaseModel

from lianxi.domain.rules import DEFAULT_RULES
from lianxi.domain.values import Commitment
from lianxi.ids import AUDIT_STREAM, mail_stream, task_stream
from lianxi.messages import RecordBatch
from lianxi.ports import (
    BatchInvalidError,
    ForkDetectedError,
    GapDetectedError,
    Opening,
    Openings,
    Outbox,
    Outcome,
    RedactedError,
    Trail,
)
from lianxi.proof.commitments import commit
from lianxi.proof.events import SealedEvent, open_event, seal
from tests.parties import CALENDAR
from tests.store.full_life import RULES, FullLife, days, shifted
from tests.store.scenario import Scenario, whole_life


class Recording(Protocol):
    """What recording needs of a store."""

    @property
    def trail(self) -> Trail: ...
    @property
    def openings(self) -> Openings: ...


class AnyStore(Recording, Protocol):
    """Trail, openings and outbox of one store."""

    @property
    def outbox(self) -> Outbox: ...


def record(store: Recording, scenario: Scenario) -> list[RecordBatch]:
    """Hand in and record all that a scenario has so far; answers the batches."""
    for given in scenario.openings:
        store.openings.put(scenario.origin, given.opening, given.by_unit, scenario.now)
    scenario.openings.clear()  # once: what was redacted since cannot be handed in again
    batches = scenario.drain()
    for batch in batches:
        store.trail.append(batch)
    return batches


def split(batch: RecordBatch, at: int) -> tuple[RecordBatch, RecordBatch]:
    """A batch as two."""
    return (
        batch.model_copy(update={"events": batch.events[:at]}),
        batch.model_copy(update={"events": batch.events[at:]}),
    )


def changed(sealed: SealedEvent, **fields: Any) -> SealedEvent:
    """An event with other content, sealed anew."""
    event = open_event(sealed.text.encode())
    return seal(event.model_copy(update=fields))


def with_events(batch: RecordBatch, *events: SealedEvent) -> RecordBatch:
    """A batch with other events."""
    return batch.model_copy(update={"events": events})


def wire(model: BaseModel) -> dict[str, Any]:
    """A model as a command's arguments."""
    return model.model_dump(mode="json", exclude_none=True)


class TrailContract:
    """Appending and reading."""

    def test_events_stand_with_their_exact_bytes(self, store: AnyStore) -> None:
        """What was offered is what is read, byte for byte, and the answer names its last event."""
        for batch in whole_life().drain():
            result = store.trail.append(batch)
            assert result.hash == batch.events[-1].hash
            for seq, sealed in enumerate(batch.events, start=1):
                stored = store.trail.event_at(batch.origin, batch.stream, seq)
                assert stored is not None
                assert (stored.data.decode(), stored.hash) == (sealed.text, sealed.hash)
            assert result.seq == len(batch.events)
            assert store.trail.event_at(batch.origin, batch.stream, result.seq + 1) is None

    def test_appending_twice_changes_nothing(self, store: AnyStore) -> None:
        """A batch that stands is answered like the first time; also when only its first part stands."""
        conference, task, _ = whole_life().drain()
        store.trail.append(conference)
        first, _ = split(task, 3)
        store.trail.append(first)
        once = store.trail.append(task)
        twice = store.trail.append(task)
        assert once == twice
        assert store.trail.append(first).hash == first.events[-1].hash
        assert store.trail.event_at(task.origin, task.stream, len(task.events) + 1) is None

    def test_a_gap_is_refused_until_it_is_filled(self, store: AnyStore) -> None:
        """Events whose predecessors are missing wait outside."""
        conference, task, _ = whole_life().drain()
        store.trail.append(conference)
        first, rest = split(task, 3)
        with pytest.raises(GapDetectedError):
            store.trail.append(rest)
        assert store.trail.event_at(task.origin, task.stream, 4) is None
        store.trail.append(first)
        assert store.trail.append(rest).hash == task.events[-1].hash

    def test_a_task_waits_for_its_registration(self, store: AnyStore) -> None:
        """A task's stream cannot begin before the conference's stream holds its registration."""
        conference, task, _ = whole_life().drain()
        with pytest.raises(GapDetectedError):
            store.trail.append(task)
        store.trail.append(conference)
        store.trail.append(task)

    @pytest.mark.parametrize("place", [0, 2, -1])
    def test_a_fork_is_refused_with_one_alarm(self, store: AnyStore, place: int) -> None:
        """The stored event stands, the alarm is there once, however often the other is offered."""
        batches = record(store, whole_life())
        task = batches[1]
        other = changed(task.events[place], engine=7)
        offered = with_events(task, other)
        for _ in range(3):
            with pytest.raises(ForkDetectedError) as caught:
                store.trail.append(offered)
        seq = open_event(other.text.encode()).seq
        assert (caught.value.seq, caught.value.offered) == (seq, other.hash)
        stored = store.trail.event_at(task.origin, task.stream, seq)
        assert stored is not None
        assert stored.hash == caught.value.stored == task.events[place].hash
        alarm = store.trail.event_at(task.origin, AUDIT_STREAM, 1)
        assert alarm is not None
        assert json.loads(alarm.data)["data"] == {
            "stream": task.stream,
            "seq": seq,
            "stored": stored.hash,
            "offered": other.hash,
        }
        assert store.trail.event_at(task.origin, AUDIT_STREAM, 2) is None

    def test_an_event_on_another_past_is_a_fork_too(self, store: AnyStore) -> None:
        """Who goes on behind an event that does not stand has forked before."""
        conference, task, _ = whole_life().drain()
        store.trail.append(conference)
        first, rest = split(task, 3)
        store.trail.append(first)
        with pytest.raises(ForkDetectedError) as caught:
            store.trail.append(with_events(rest, changed(rest.events[0], prev="ab" * 32)))
        assert (caught.value.seq, caught.value.offered) == (3, "ab" * 32)

    def test_an_invalid_batch_is_refused(self, store: AnyStore) -> None:
        """A hash that does not fit, or a command's event without its envelope: nothing is recorded."""
        conference, task, _ = whole_life().drain()
        store.trail.append(conference)
        lie = task.events[0].model_copy(update={"hash": "0" * 64})
        with pytest.raises(BatchInvalidError):
            store.trail.append(with_events(task, lie))
        assert store.trail.event_at(task.origin, task.stream, 1) is None
        first, rest = split(task, 1)
        issue, *_ = task.envelopes
        store.trail.append(first.model_copy(update={"envelopes": (issue,)}))
        acknowledged = rest.model_copy(update={"envelopes": ()})
        with pytest.raises(BatchInvalidError):
            store.trail.append(acknowledged)
        assert store.trail.event_at(task.origin, task.stream, 2) is None

    def test_receipts_are_rebuilt(self, store: AnyStore) -> None:
        """The receipt from the trail is the one that was answered."""
        scenario = Scenario().register_all()
        issued = scenario.register_task("plan-1")
        task = scenario.begin(issued)
        answers = [
            ("convener", issued),
            ("U01", scenario.submit("U01", task)),
            ("office", scenario.accept("U01", task)),
        ]
        record(store, scenario)
        for unit, answer in answers:
            receipt = answer.receipt
            found = store.trail.find_receipt(scenario.origin, unit, receipt.request_id)
            assert found == receipt
            assert store.trail.find_receipt(scenario.origin, "U03", receipt.request_id) is None

    def test_no_receipt_before_the_last_event_stands(self, store: AnyStore) -> None:
        """A command's events may come in two batches; half an answer is none."""
        scenario = Scenario().register_all()
        task = scenario.issue("plan-1")
        record(store, scenario)
        receipt = scenario.submit("U01", task).receipt
        (batch,) = scenario.drain()
        first, rest = split(batch, 1)
        store.trail.append(first)
        assert store.trail.find_receipt(scenario.origin, "U01", receipt.request_id) is None
        store.trail.append(rest)
        assert store.trail.find_receipt(scenario.origin, "U01", receipt.request_id) == receipt

    def test_registrations_without_a_stream_are_pending(self, store: AnyStore) -> None:
        """A registration carries all that its workflow needs, and is pending until it has begun."""
        scenario = Scenario().register_all()
        answer = scenario.register_task("plan-1")
        record(store, scenario)
        (pending,) = store.trail.pending_tasks()
        assert pending == store.trail.registration(scenario.origin, "T-0001")
        assert pending.registration == answer.registration
        assert pending.envelope == scenario.envelopes[answer.receipt.payload_sha256]
        scenario.begin(answer)
        roster = scenario.tasks["T-0001"].writer.carry(scenario.now).roster
        assert pending.roster == roster
        record(store, scenario)
        assert store.trail.pending_tasks() == []
        assert store.trail.registration(scenario.origin, "T-0001") == pending
        assert store.trail.registration(scenario.origin, "T-0002") is None

    def test_a_registration_just_answered_begins_by_what_is_recorded(self, store: AnyStore) -> None:
        """The same as once it is recorded; nothing as long as roster, rules or calendar are not."""
        scenario = Scenario.today().register_all()
        answer = scenario.register_task("plan-1")
        assert answer.registration is not None
        causing = scenario.envelopes[answer.receipt.payload_sha256]
        begun = (scenario.origin, answer.registration, causing)
        assert store.trail.begin(*begun) is None
        (batch,) = scenario.drain()
        first, rest = split(batch, 1)
        store.trail.append(first)
        assert store.trail.begin(*begun) is None  # the roster it names came later
        keys, registration = split(rest, len(rest.events) - 1)
        store.trail.append(keys)
        pending = store.trail.begin(*begun)
        assert pending is not None
        assert (pending.rules, pending.calendar) == (DEFAULT_RULES, CALENDAR)
        store.trail.append(registration)
        assert store.trail.registration(scenario.origin, "T-0001") == pending

    def test_an_approved_issue_brings_proposal_and_approval(self, store: AnyStore) -> None:
        """All that the task's workflow checks, before and after the registration is recorded."""
        life = FullLife()
        scenario = life.s
        scenario.ask("convener", "adopt-rules", rules=wire(RULES))
        proposal = scenario.propose("plan-1")
        unknown = scenario.ask("convener", "approve", proposal=proposal)
        assert unknown.registration is not None
        approval = scenario.envelopes[unknown.receipt.payload_sha256]
        begun = (scenario.origin, unknown.registration, approval)
        assert store.trail.begin(*begun) is None
        record(store, scenario)
        pending = store.trail.begin(*begun)
        assert pending is not None
        waited = scenario.proposals[proposal]
        assert (pending.envelope, pending.approval) == (waited.envelope, approval)
        assert pending.proposal == waited.event
        assert pending.rules == RULES
        assert store.trail.pending_tasks() == [pending]
        scenario.begin(unknown)  # the stream takes it
        record(store, scenario)
        assert store.trail.registration(scenario.origin, "T-0001") == pending
        assert store.trail.pending_tasks() == []

    def test_the_phase_of_a_task_is_the_recorded_one(self, store: AnyStore) -> None:
        """None before its first event stands."""
        scenario = Scenario().register_all()
        answer = scenario.register_task("plan-1")
        record(store, scenario)
        assert store.trail.task_phase(scenario.origin, "T-0001") is None
        task = scenario.begin(answer)
        reason = wire(scenario.text("enough"))
        scenario.act("convener", task, "cancel", reason=reason)
        record(store, scenario)
        assert store.trail.task_phase(scenario.origin, task) == "cancelled"

    def test_roster_steps_lead_to_the_newest(self, store: AnyStore) -> None:
        """From where a stream stands, in order; a registered task stands where it was registered."""
        scenario = Scenario()
        scenario.register_key("U01")
        answer = scenario.register_task("plan-1")
        scenario.register_key("U02")
        scenario.register_key("U03")
        record(store, scenario)
        stream = task_stream("T-0001")
        assert store.trail.roster_steps(scenario.origin, stream) == scenario.steps[1:]
        assert store.trail.roster_steps(scenario.origin, task_stream("T-0002")) == []
        assert store.trail.latest_roster(scenario.origin) == scenario.conference.state.roster
        assert store.trail.latest_roster("example.org/lianxi/other/" + "0" * 16) is None
        scenario.begin(answer, key_count=2)
        record(store, scenario)
        assert store.trail.roster_steps(scenario.origin, stream) == scenario.steps[1:]
        scenario.act("U03", "T-0001", "acknowledge")
        record(store, scenario)
        assert store.trail.roster_steps(scenario.origin, stream) == []

    def test_two_conferences_stand_beside_each_other(self, store: AnyStore) -> None:
        """The same stream names, nothing shared."""
        one, two = whole_life(), Scenario(name="other").register_all()
        two.issue("plan-1")
        record(store, one)
        batches = record(store, two)
        stored = store.trail.event_at(two.origin, "task/T-0001", 1)
        assert stored is not None
        assert stored.hash == batches[1].events[0].hash


class OpeningsContract:
    """Texts and files."""

    @pytest.mark.parametrize(
        ("media", "size"), [("text/plain", 12), ("text/plain", 70_000), ("image/png", 12)]
    )
    def test_openings_come_back(self, store: AnyStore, media: str, size: int) -> None:
        """Whatever they are, also when they are handed in twice; nobody else's."""
        scenario = Scenario()
        data, salt = b"\xe7" * size, b"s" * 32
        opening = Opening(Commitment(commit=commit(salt, data), size=size), salt, data, media)
        for _ in range(2):
            store.openings.put(scenario.origin, opening, "U01", scenario.now)
        assert store.openings.get(scenario.origin, opening.commitment.commit) == opening
        assert store.openings.get(Scenario(name="other").origin, opening.commitment.commit) is None
        assert store.openings.get(scenario.origin, "0" * 64) is None

    @pytest.mark.parametrize("media", ["text/plain", "image/png"])
    def test_what_is_redacted_is_gone_for_good(self, store: AnyStore, media: str) -> None:
        """With the event that says so; it cannot be handed in again."""
        life = FullLife()
        commitment = life.s.file(b"not to be seen", "U01", media)
        given = life.s.openings[-1].opening
        life.s.issue("p", units=["U01"], due=days(9), text=commitment.model_dump(mode="json"))
        record(store, life.s)
        assert store.openings.get(life.s.origin, commitment.commit) == given
        life.s.openings.clear()
        life.redact(commitment.commit, task="T-0001", units=["U01"])
        record(store, life.s)
        assert store.openings.get(life.s.origin, commitment.commit) is None
        with pytest.raises(RedactedError):
            store.openings.put(life.s.origin, given, "U01", life.s.now)
        assert store.openings.get(life.s.origin, commitment.commit) is None


class OutboxContract:
    """Leases and outcomes."""

    def test_a_task_is_told_on_every_channel_of_its_units(self, store: AnyStore) -> None:
        """One notice per unit and channel, with title, language and address."""
        scenario = Scenario(smtp=frozenset({"U02"})).register_all()
        scenario.issue("plan-1")
        record(store, scenario)
        letters = store.outbox.take("mailbox", scenario.now, 50, 30)
        assert {due.notice.addressee for due in letters} == {"U01", "U02", "U03"}
        assert all(due.holds and due.title == "Task plan-1" for due in letters)
        assert all(due.address is None and due.language == "zh" for due in letters)
        (mail,) = store.outbox.take("smtp", scenario.now, 50, 30)
        assert (mail.notice.addressee, mail.address) == ("U02", "u02@example.org")

    def test_a_lease_keeps_others_away_until_it_lapses(self, store: AnyStore) -> None:
        """Taken is taken; afterwards it is given out again under a new fence."""
        scenario = _issued(store)
        first = store.outbox.take("mailbox", scenario.now, 2, 30)
        rest = store.outbox.take("mailbox", scenario.now, 50, 30)
        assert len({due.notice_id for due in (*first, *rest)}) == len(first) + len(rest) == 3
        assert store.outbox.take("mailbox", scenario.now + timedelta(seconds=29), 50, 30) == []
        again = store.outbox.take("mailbox", scenario.now + timedelta(seconds=31), 50, 30)
        assert {due.notice_id for due in again} == {due.notice_id for due in (*first, *rest)}
        assert {due.lease for due in again} == {2}

    def test_an_overtaken_attempt_is_ignored(self, store: AnyStore) -> None:
        """Its outcome names an older fence, so it makes no event."""
        scenario = _issued(store)
        old = store.outbox.take("mailbox", scenario.now, 1, 30)[0]
        later = scenario.now + timedelta(seconds=31)
        new = next(
            due
            for due in store.outbox.take("mailbox", later, 50, 30)
            if due.notice_id == old.notice_id
        )
        assert store.outbox.settle([Outcome(old.notice_id, old.lease, "sent")], later) == 0
        assert store.outbox.settle([Outcome(new.notice_id, new.lease, "sent")], later) == 1
        assert store.outbox.settle([Outcome(new.notice_id, new.lease, "sent")], later) == 0
        assert len(_mail_events(store, scenario)) == 1

    def test_every_outcome_is_an_event(self, store: AnyStore) -> None:
        """Sent, superseded, failed: the channel's stream says which notice, and why."""
        scenario = _issued(store)
        sent, stale, refused = store.outbox.take("mailbox", scenario.now, 3, 30)
        outcomes = [
            Outcome(sent.notice_id, sent.lease, "sent"),
            Outcome(stale.notice_id, stale.lease, "superseded"),
            Outcome(refused.notice_id, refused.lease, "failed", "550"),
        ]
        assert store.outbox.settle(outcomes, scenario.now) == 3
        events = _mail_events(store, scenario)
        assert [event["kind"] for event in events] == [
            "NoticeSent",
            "NoticeSuperseded",
            "NoticeFailed",
        ]
        assert [event["data"]["attempts"] for event in events] == [1, 0, 1]
        assert events[2]["data"]["detail"] == "550"
        assert events[0]["data"]["notice_id"] == sent.notice_id
        far = scenario.now + timedelta(days=1)
        assert store.outbox.take("mailbox", far, 50, 30) == []

    def test_outcomes_of_one_settling_follow_each_other(self, store: AnyStore) -> None:
        """Many at once, in order, on one stream; a notice named again counts while it waits."""
        scenario = Scenario(units=tuple(f"U{number:02d}" for number in range(1, 21)))
        scenario.register_all().issue("plan-1")
        record(store, scenario)
        due = store.outbox.take("mailbox", scenario.now, 50, 30)
        again, *others = due
        retry = Outcome(again.notice_id, again.lease, "retry", "451", scenario.now)
        stale = Outcome(again.notice_id, again.lease - 1, "sent")
        sent = [Outcome(one.notice_id, one.lease, "sent") for one in (*others, again)]
        late = Outcome(again.notice_id, again.lease, "failed", "550")
        assert store.outbox.settle([retry, stale, retry, *sent, late, retry], scenario.now) == 22
        events = _mail_events(store, scenario)
        assert [event["data"]["notice_id"] for event in events] == [one.notice_id for one in sent]
        assert [event["data"]["attempts"] for event in events] == [1] * 19 + [3]
        positions = [
            stored.position
            for seq in range(1, 21)
            if (stored := store.trail.event_at(scenario.origin, mail_stream("mailbox"), seq))
        ]
        assert positions == sorted(positions)
        far = scenario.now + timedelta(days=1)
        assert store.outbox.take("mailbox", far, 50, 30) == []

    def test_a_retry_waits_and_counts(self, store: AnyStore) -> None:
        """Not before the time given; the attempt is counted; no event yet."""
        scenario = _issued(store)
        due = store.outbox.take("mailbox", scenario.now, 1, 30)[0]
        later = scenario.now + timedelta(minutes=5)
        outcome = Outcome(due.notice_id, due.lease, "retry", "451", later)
        assert store.outbox.settle([outcome], scenario.now) == 1
        early = store.outbox.take("mailbox", later - timedelta(seconds=1), 50, 1)
        assert due.notice_id not in {other.notice_id for other in early}
        again = {d.notice_id: d for d in store.outbox.take("mailbox", later, 50, 30)}
        assert again[due.notice_id].attempts == 1
        assert _mail_events(store, scenario) == []

    def test_a_stale_notice_says_so(self, store: AnyStore) -> None:
        """What was asked is done: the notice holds no longer."""
        scenario = _issued(store)
        scenario.submit("U01", "T-0001")
        scenario.accept("U01", "T-0001")
        record(store, scenario)
        due = store.outbox.take("mailbox", scenario.now, 50, 30)
        held = {(d.notice.addressee, d.notice.kind): d.holds for d in due}
        assert held["U01", "issued"] is False
        assert held["U02", "issued"] is True
        assert held["office", "submitted"] is False
        assert held["U01", "accepted"] is True

    def test_a_notice_of_the_conference_is_sent_like_any_other(self, store: AnyStore) -> None:
        """Without a task; a proposal's holds while it waits, and has the title of the issue."""
        scenario = FullLife().s
        scenario.ask("convener", "adopt-rules", rules=wire(RULES))
        proposal = scenario.propose("plan-1")
        record(store, scenario)
        (due,) = store.outbox.take("mailbox", scenario.now, 50, 30)
        assert (due.notice.task, due.notice.addressee, due.notice.subject) == (
            None,
            "convener",
            proposal,
        )
        assert (due.holds, due.title) == (True, "Task plan-1")
        no = wire(scenario.text("no", "convener"))
        scenario.ask("convener", "reject", proposal=proposal, reason=no)
        record(store, scenario)
        later = scenario.now + timedelta(minutes=1)
        held = {d.notice.kind: d.holds for d in store.outbox.take("mailbox", later, 50, 30)}
        assert held == {"proposed": False, "rejected": True}
        superseded = Outcome(due.notice_id, due.lease + 1, "superseded")
        assert store.outbox.settle([superseded], later) == 1
        (event,) = _mail_events(store, scenario)
        assert (event["data"]["unit"], "task" in event["data"]) == ("convener", False)

    def test_a_new_calendar_is_told_once_to_each_unit_it_moves(self, store: AnyStore) -> None:
        """On every channel of the unit; the others are not told."""
        scenario = FullLife().s
        calendar = shifted(scenario.now.date())
        scenario.ask("convener", "adopt-calendar", calendar=wire(calendar), units=["U02", "U05"])
        record(store, scenario)
        told = [
            (due.notice.addressee, due.channel, due.notice.kind, due.holds)
            for channel in ("mailbox", "smtp")
            for due in store.outbox.take(channel, scenario.now, 50, 30)
        ]
        assert sorted(told) == [
            ("U02", "mailbox", "calendar", True),
            ("U02", "smtp", "calendar", True),
            ("U05", "mailbox", "calendar", True),
        ]

    def test_a_repeated_append_makes_no_second_notice(self, store: AnyStore) -> None:
        """The outbox follows events, not calls."""
        scenario = Scenario().register_all()
        scenario.issue("plan-1")
        for batch in record(store, scenario):
            store.trail.append(batch)
        assert len(store.outbox.take("mailbox", scenario.now, 50, 30)) == 3


def _issued(store: AnyStore) -> Scenario:
    scenario = Scenario().register_all()
    scenario.issue("plan-1")
    record(store, scenario)
    return scenario


def _mail_events(store: AnyStore, scenario: Scenario) -> list[dict[str, Any]]:
    events = []
    seq = 1
    while stored := store.trail.event_at(scenario.origin, mail_stream("mailbox"), seq):
        events.append(json.loads(stored.data))
        seq += 1
    return events
