"""Every event derived again: the untouched trail has no finding, what nothing leads to is named."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from lianxi.proof import canonical
from lianxi.proof.hashing import event_hash
from lianxi.proof.verification import Finding, TrailRow
from lianxi.streams.deep import DeepChecker
from tests.parties import request_id_at
from tests.store.full_life import FullLife, full_life
from tests.store.scenario import Scenario, whole_life

Rows = list[TrailRow]


def rows_of(scenario: Scenario) -> Rows:
    """Everything that a scenario sealed, as somebody with the trail would show it."""
    rows = []
    for batch in scenario.drain():
        for event in batch.events:
            told = json.loads(event.text)
            envelope = scenario.envelopes.get(told["cause"].get("payload_sha256", ""))
            row = (batch.origin, batch.stream, told["seq"], event.text.encode(), event.hash)
            rows.append(TrailRow(*row, envelope))
    return rows


def check(rows: Rows, now: Any = None) -> tuple[list[Finding], DeepChecker]:
    """All findings of a trail."""
    checker = DeepChecker()
    findings = [finding for row in rows for finding in checker.check(row)]
    return [*findings, *checker.finish(now)], checker


def forged(rows: Rows, pick: Callable[[dict[str, Any]], bool], **changes: Any) -> Rows:
    """As by a worker that sealed something else in the one place, and went on from there.

    Every hash and link fits. `changes`: parts of the event; those of `data` and `cause` are merged.
    """
    heads: dict[str, str] = {}
    done: Rows = []
    changed = False
    for row in rows:
        event = json.loads(row.data)
        if not changed and pick(event):
            changed = True
            for name, value in changes.items():
                merged = isinstance(value, dict)
                event[name] = {**event[name], **value} if merged else value
        if row.stream in heads:
            event["prev"] = heads[row.stream]
        data = canonical.dumps(event)
        heads[row.stream] = event_hash(data)
        new = (row.origin, row.stream, row.seq, data, heads[row.stream], row.envelope)
        done.append(TrailRow(*new))
    assert changed
    return done


def without(rows: Rows, pick: Callable[[dict[str, Any]], bool]) -> Rows:
    """As by a worker that left out one event and went on as if it had never been."""
    left = next(row for row in rows if pick(json.loads(row.data)))
    kept: Rows = []
    for row in rows:
        if row is left:
            continue
        event = json.loads(row.data)
        if row.stream == left.stream and row.seq > left.seq:
            event["seq"] -= 1
        new = (row.origin, row.stream, event["seq"], canonical.dumps(event), "", row.envelope)
        kept.append(TrailRow(*new))
    return forged(kept, lambda _: True)


def kind(name: str, stream: str = "") -> Callable[[dict[str, Any]], bool]:
    return lambda event: event["kind"] == name and event["stream"].startswith(stream)


def codes(findings: list[Finding]) -> set[str]:
    return {finding.code for finding in findings}


@pytest.fixture(scope="module")
def life() -> Rows:
    """Tasks of today, with every kind of event."""
    return rows_of(full_life())


@pytest.mark.parametrize("life", [whole_life, full_life, lambda: FullLife(engine=1).all()])
def test_what_was_lived_is_derived(life: Callable[[], Scenario]) -> None:
    """By the rules of release 0.1, of today, and by engine 1: every event, no finding."""
    rows = rows_of(life())
    findings, checker = check(rows)
    assert findings == []
    assert checker.derived.right == checker.derived.seen
    assert checker.derived.right.total() == len(rows)


FIRST = "2026-03-02T01:00:00.000000Z"

FORGED: list[tuple[str, dict[str, Any], tuple[str, str]]] = [
    ("ProgressReported", {"data": {"percent": 99}}, ("NOT_DERIVED", "data")),
    ("AssignmentAcknowledged", {"happened_at": FIRST}, ("NOT_DERIVED", "happened_at")),
    ("ExtensionGranted", {"data": {"due": "2027-01-01T00:00:00.000000Z"}}, ("NOT_DERIVED", "data")),
    ("RungFired", {"data": {"rung": "overdue"}}, ("NOT_DERIVED", "data")),
    ("RungFired", {"cause": {"timer": "other"}}, ("NOT_DERIVED", "data")),
    ("PeriodEnded", {"data": {"outcome": "not-due"}}, ("NOT_DERIVED", "data")),
    ("TaskRegistered", {"data": {"task": "T-0099"}}, ("NOT_DERIVED", "data")),
    ("TaskIssued", {"data": {"mode": "each"}}, ("NOT_DERIVED", "data")),
    ("RulesAdopted", {"data": {"rules_hash": "0" * 64}}, ("NOT_DERIVED", "data")),
    ("WarningSent", {"data": {"explain_by": "2027-01-01T00:00:00.000000Z"}}, ("NOT_DERIVED", "data")),
    ("CompletionSubmitted", {"cause": {"count": 4}}, ("NOT_DERIVED", "count")),
    ("ProgressReported", {"kind": "AssignmentAcknowledged"}, ("DATA_INVALID", "AssignmentAcknowledged")),
    ("AssignmentObjected", {"kind": "StopRequested"}, ("NOT_DERIVED", "kind")),
    ("ProgressReported", {"engine": 9}, ("ENGINE_WRONG", "9")),
    ("IssueExpired", {"data": {"due_at": "2026-03-02T02:00:00.000000Z"}}, ("NOT_DERIVED", "data")),
    ("CancellationRequested", {"basis": "rule", "cause": {"timer": "gap"}}, ("NOT_DERIVED", "not-due")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change", "expected"), FORGED)
def test_a_rogue_workers_event_is_named(
    life: Rows, name: str, change: dict[str, Any], expected: tuple[str, str]
) -> None:
    """Its hash, its links and the envelope beside it are in order; what it says follows from nothing."""
    findings, _ = check(forged(life, kind(name), **change))
    assert expected in {(finding.code, finding.detail) for finding in findings}


SYSTEM = {"unit": "system", "role": "system"}
OFFICE = {"unit": "office", "role": "office"}


def appended(rows: Rows, stream: str, like: TrailRow, **changes: Any) -> Rows:
    """One more event at the end of a stream, linked and hashed, that says the same as `like`."""
    last = [row for row in rows if row.stream == stream][-1]
    before = json.loads(last.data)
    event = json.loads(like.data) | {"stream": stream, "seq": last.seq + 1, "prev": last.hash}
    event |= {"at": before["at"], "roster": before["roster"]} | changes
    event = {name: value for name, value in event.items() if value is not None}
    data = canonical.dumps(event)
    return [
        *rows,
        TrailRow(last.origin, stream, last.seq + 1, data, event_hash(data), like.envelope),
    ]


def submitted() -> Rows:
    """A task whose one open part waits for the office."""
    scenario = Scenario.today().register_all()
    task = scenario.issue("x")
    scenario.act("U01", task, "acknowledge")
    scenario.act("U01", task, "progress", percent=40)
    scenario.submit("U01", task)
    return rows_of(scenario)


@pytest.mark.parametrize("actor", [SYSTEM, OFFICE])
def test_an_act_that_calls_itself_an_observation_is_named(
    life: Rows, actor: dict[str, Any]
) -> None:
    """At the end of the stream, where no later command breaks; it needs no signature so."""
    accepted = next(row for row in life if kind("CompletionAccepted")(json.loads(row.data)))
    cause = {"index": 0, "count": 1}
    rows = appended(
        submitted(),
        "task/T-0001",
        accepted,
        basis="observation",
        actor=actor,
        cause=cause,
        happened_at=None,
    )
    findings, checker = check(rows)
    assert ("NOT_DERIVED", "basis") in {(f.code, f.detail) for f in findings}
    assert checker.derived.right["observation"] == 0


def test_a_cancellation_that_was_noted_is_an_observation() -> None:
    """The one that may stand on a stream of commands; nobody but the system notes it."""
    scenario = Scenario.today().register_all()
    task = scenario.issue("x")
    for stream in (scenario.conference, scenario.tasks[task]):
        stream.note_cancellation(scenario.now)
    rows = rows_of(scenario)
    findings, checker = check(rows)
    assert (findings, checker.derived.right["observation"]) == ([], 2)
    findings, _ = check(forged(rows, kind("CancellationRequested", "task/"), actor=OFFICE))
    assert codes(findings) == {"BASIS_WRONG", "NOT_DERIVED"}


@pytest.mark.parametrize(
    ("name", "stream"),
    [
        ("ProgressReported", "task/T-0001"),
        ("TaskRegistered", "conference"),
        ("KeyRegistered", "conference"),
    ],
)
def test_a_command_acts_once(name: str, stream: str) -> None:
    """Its envelope in the trail is no licence to let it act again."""
    rows = submitted()
    like = next(row for row in rows if kind(name)(json.loads(row.data)))
    findings, _ = check(appended(rows, stream, like))
    assert ("NOT_DERIVED", "replayed") in {(f.code, f.detail) for f in findings}


def test_an_id_used_again_once_it_was_forgotten_is_no_replay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its command expired, a run forgot it, and the unit signs another one under it within the day."""
    scenario = Scenario.today().register_all()
    task = scenario.issue("x")
    scenario.act("U01", task, "acknowledge")
    monkeypatch.setattr("tests.store.scenario.request_id_at", lambda *_: one_id)
    one_id = request_id_at(scenario.now, 9_000)
    scenario.act("U01", task, "progress", percent=40)
    scenario.wait(hours=2)
    scenario.tasks[task].writer.requests.forget_expired(1_000, scenario.now)
    scenario.act("U01", task, "progress", percent=60)
    rows = rows_of(scenario)
    assert sum(one_id.encode() in row.data for row in rows) == 2
    assert check(rows)[0] == []


@pytest.mark.parametrize("before", ["nothing", "a rung", "a roster"])
def test_a_command_that_the_thaw_cut_short_is_not_missing(before: str) -> None:
    """The stream froze with half of it recorded, and goes on from there by a signed word.

    What the rules owe the stored stream by then is sealed first.
    """
    scenario = Scenario.today().register_all()
    task = scenario.issue("x", units=["U01"])
    scenario.submit("U01", task)  # which acknowledges too
    stored = scenario.stored(scenario.tasks[task])
    assert b'"count":2,"index":0' in stored[-2]
    scenario.kept[-1] = scenario.kept[-1].model_copy(
        update={"events": scenario.kept[-1].events[:-1]}
    )
    if before == "a roster":
        scenario.change_roster(retire=[scenario.signer("U03").key_id])
    if before == "a rung":
        scenario.now += timedelta(days=9)
    scenario.thaw(scenario.tasks[task], stored[:-1])
    rows = [row for row in rows_of(scenario) if row.stream != "conference"]
    assert b"TaskThawed" in rows[-1].data
    sealed_before = b"RosterAdopted" if before == "a roster" else b"RungFired"
    assert (before != "nothing") == (sealed_before in rows[-2].data)
    assert check(rows_of(scenario))[0] == []


def test_a_command_cut_short_before_a_rung_is_named() -> None:
    """What only rules' events follow, and no thaw, is missing all the same."""
    scenario = Scenario.today().register_all()
    scenario.submit("U01", scenario.issue("x", units=["U01"]))
    scenario.wait(days=9)
    rows = without(rows_of(scenario), lambda event: event["kind"] == "CompletionSubmitted")
    assert json.loads(rows[-1].data)["basis"] == "rule"
    findings, _ = check(rows)
    assert ("EVENTS_MISSING", "CompletionSubmitted") in {(f.code, f.detail) for f in findings}


def test_half_of_a_commands_events_at_the_end_is_named(life: Rows) -> None:
    """Nothing comes after them that they would not fit."""
    last = next(
        row for row in life if b'"count":2,"index":0' in row.data and row.stream != "conference"
    )
    torn = [row for row in life if row.stream != last.stream or row.seq <= last.seq]
    findings, _ = check(torn)
    assert codes(findings) == {"EVENTS_MISSING"}
    assert findings[0].place.endswith(f"{last.stream}#end")


def test_a_rung_before_its_time_is_named(life: Rows) -> None:
    """A made-up reminder right behind the issue: signed by nobody, due by no rule."""
    issued = next(i for i, row in enumerate(life) if b'"kind":"TaskIssued"' in row.data)
    fired = next(row for row in life if b'"kind":"RungFired"' in row.data)
    event, before = json.loads(fired.data), life[issued]
    event |= {"seq": 2, "stream": before.stream, "at": json.loads(before.data)["at"]}
    made = TrailRow(before.origin, before.stream, 2, canonical.dumps(event), "")
    later = [
        TrailRow(r.origin, r.stream, r.seq + 1, _moved(r, 1), "", r.envelope)
        if r.stream == before.stream and r.seq > 1
        else r
        for r in life[issued + 1 :]
    ]
    rows = [*life[: issued + 1], made, *later]
    findings, _ = check(forged(rows, lambda _: True))
    assert ("NOT_DERIVED", f"demo/{before.stream}#2", "not-due") in {
        (f.code, f.place, f.detail) for f in findings
    }


def _moved(row: TrailRow, by: int) -> bytes:
    event = json.loads(row.data)
    event["seq"] += by
    return canonical.dumps(event)


MISSING = [
    ("RungFired", "RUNG_MISSING"),
    ("ServiceGapNoted", "RUNG_MISSING"),
    ("PeriodEnded", "NOT_DERIVED"),
    ("IssueExpired", "RUNG_MISSING"),
    ("ConcurrenceAsked", "EVENTS_MISSING"),
]


@pytest.mark.parametrize(("name", "code"), MISSING)
def test_what_a_rogue_worker_left_out_is_named(life: Rows, name: str, code: str) -> None:
    """A rung that did not fire though it was due; half of what a command leads to."""
    findings, _ = check(without(life, kind(name)))
    assert code in codes(findings)


def test_a_rung_that_is_late_at_the_end_is_named(life: Rows) -> None:
    """Silence counts when somebody says what time it is; ten minutes are forgiven."""
    checker = DeepChecker()
    for row in life:
        assert checker.check(row) == []
    assert checker.finish() == []
    late = checker.finish(full_life().now + timedelta(days=400))
    assert codes(late) == {"RUNG_MISSING"}


def late(engine: int) -> Rows:
    """A rung proposes to warn two units; then one of them submits, and its warning is moot."""
    scenario = Scenario.today(engine=engine).register_all()
    task = scenario.issue(
        "late", units=["U01", "U02"], due={"rule": "days", "kind": "working", "days": 3}
    )
    scenario.wait(days=9)
    scenario.submit("U01", task)
    return rows_of(scenario)


def claimed(rows: Rows, engine: int) -> Rows:
    """Every event of the task says that this version of the rules decided it; all is linked again."""
    changed = []
    for row in rows:
        event = json.loads(row.data)
        if row.stream.startswith("task/"):
            event["engine"] = engine
        new = (row.origin, row.stream, row.seq, canonical.dumps(event), "", row.envelope)
        changed.append(TrailRow(*new))
    return forged(changed, lambda _: True)


@pytest.mark.parametrize(("made_by", "claims"), [(1, 2), (2, 1)])
def test_swapped_engines_are_named(made_by: int, claims: int) -> None:
    """The rule that differs between the versions gives the swap away, in either direction."""
    rows = late(made_by)
    assert check(rows)[0] == []
    assert (b"ProposalOvertaken" in rows[-1].data) == (made_by == 2)
    findings, _ = check(claimed(rows, claims))
    found = {(finding.code, finding.detail) for finding in findings}
    assert ("NOT_DERIVED", "count") in found
    assert found <= {("NOT_DERIVED", "count"), ("NOT_DERIVED", "index")}


def test_a_stream_never_goes_back_to_older_rules(life: Rows) -> None:
    """A version that falls is named where it falls."""
    last = max(row.seq for row in life if row.stream == "task/T-0001")
    pick = lambda event: (event["stream"], event["seq"]) == ("task/T-0001", last)
    findings, _ = check(forged(life, pick, engine=1))
    assert [(f.code, f.detail) for f in findings] == [("ENGINE_WRONG", "1")]
