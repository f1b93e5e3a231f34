"""The whole life of supervised tasks in the store: every kind of event, and every row it leads to."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from lianxi.domain.conference.events import CONFERENCE_KINDS
from lianxi.domain.task.asks import asks
from lianxi.domain.task.clocks import next_deadline, running
from lianxi.domain.task.events import KINDS
from lianxi.domain.values import format_instant
from lianxi.ports import BatchInvalidError, GapDetectedError
from lianxi.proof.events import open_event, seal
from lianxi.proof.rosters import roster_hash
from lianxi.store import append, tables
from lianxi.store.store import Store, open_store
from lianxi.store.verify import Look, verify_trail
from lianxi.store.verify_streams import Depth
from tests.store.contract import changed, record, split, wire
from tests.store.full_life import RULES, FullLife, days, full_life, shifted
from tests.store.scenario import Scenario
from tests.store.test_projection import stored_state


@pytest.fixture
def scenario(store: Store) -> Scenario:
    """Recorded as a whole."""
    scenario = full_life()
    record(store, scenario)
    return scenario


def rows(store: Store, table: Any) -> list[dict[str, Any]]:
    """All rows of a table."""
    with store.engine.connect() as connection:
        return [dict(row) for row in connection.execute(select(table)).mappings()]


def test_every_kind_of_event_happens(store: Store, scenario: Scenario) -> None:
    """The life is whole: a new kind needs its place in it."""
    del scenario
    kinds = {row["kind"] for row in rows(store, tables.events)}
    assert kinds == KINDS.keys() | CONFERENCE_KINDS.keys()


@pytest.mark.parametrize("depth", ["bytes", "full", "deep"])
def test_it_verifies(store: Store, scenario: Scenario, depth: Depth) -> None:
    """Every read table is a function of the events, whatever they are."""
    del scenario
    assert verify_trail(store.engine, store.evidence, Look(depth)).findings == []


def test_recorded_event_by_event_it_is_the_same(store: Store) -> None:
    """Rows that come and go in between leave nothing behind."""
    record_one_by_one(store, full_life())
    assert verify_trail(store.engine, store.evidence).findings == []


def record_one_by_one(store: Store, scenario: Scenario) -> None:
    """Each event in a transaction of its own."""
    for given in scenario.openings:
        store.openings.put(scenario.origin, given.opening, given.by_unit, scenario.now)
    for batch in scenario.drain():
        rest = batch
        while len(rest.events) > 1:
            first, rest = split(rest, 1)
            store.trail.append(first)
        store.trail.append(rest)


@pytest.mark.parametrize("silent", [False, True])
def test_what_is_asked_of_others_by_one_units_act_waits_for_them(
    store: Store, *, silent: bool
) -> None:
    """Concurrence changes nobody's assignment, and yet what waits for whom."""
    life = FullLife()
    s = life.s
    task = s.issue("p", mode="lead", lead="U01", units=["U02"], due=days(9), concurrence=True)
    s.act("U02", task, "acknowledge")
    record(store, s)
    s.submit("U01", task)
    record_one_by_one(store, s)
    if silent:
        s.wait(days=4)
        record_one_by_one(store, s)
    whats = {(row["who"], row["what"]) for row in rows(store, tables.asks)}
    assert (("U02", "concur") in whats) is not silent
    assert verify_trail(store.engine, store.evidence).findings == []


def test_the_stored_states_are_the_streams_own(store: Store, scenario: Scenario) -> None:
    """Rules and calendars joined by hash, requests, suspensions and all."""
    for task, stream in scenario.tasks.items():
        assert stored_state(store, scenario, task) == stream.state


def test_what_waits_is_what_the_domain_asks(store: Store, scenario: Scenario) -> None:
    """Row by row, and no row more; an issue that waits is the convener's."""
    wanted: set[tuple[object, ...]] = {
        (task, ask.who, ask.what, ask.unit, ask.subject, ask.act, format_instant(ask.since))
        for task, stream in scenario.tasks.items()
        for ask in asks(stream.state)
    }
    for proposal, act in zip(
        scenario.conference.state.proposals.values(), ("issue", "redact"), strict=True
    ):
        at = format_instant(proposal.at)
        wanted.add((None, "convener", "approve", None, proposal.event, act, at))
    columns = ("task", "who", "what", "unit", "subject", "act", "since")
    found = [tuple(row[name] for name in columns) for row in rows(store, tables.asks)]
    assert len(found) == len(set(found))
    assert set(found) == wanted


def test_columns_show_the_clocks_of_the_domain(store: Store, scenario: Scenario) -> None:
    """What is late and when a rule acts next is computed in one place."""
    for row in rows(store, tables.assignments):
        state = scenario.tasks[row["task"]].state
        assignment = state.assignments[row["unit"]]
        clocks = running(state, assignment)
        for name in ("overdue_at", "near_due_at", "acknowledge_overdue_at"):
            instant = getattr(clocks, name)
            assert row[name] == (None if instant is None else format_instant(instant))
        assert row["provisional"] == assignment.provisional
    for row in rows(store, tables.tasks):
        deadline = next_deadline(scenario.tasks[row["task"]].state)
        assert row["next_deadline"] == (None if deadline is None else format_instant(deadline))


def test_a_succeeded_unit_has_no_row_left(store: Store, scenario: Scenario) -> None:
    """Its successor's stands in its place."""
    del scenario
    on_task = {r["unit"] for r in rows(store, tables.assignments) if r["task"] == "T-0007"}
    assert on_task == {"U01", "U06", "U03"}


def test_a_succession_moves_up_who_came_after(store: Store) -> None:
    """Of two assignments one remains; those behind keep their order without having changed."""
    life = FullLife()
    task = life.s.issue("plan-1", units=["U01", "U02", "U03", "U04"], due=days(9))
    record(store, life.s)
    life.succeed("U02", "U03")
    life.s.act("office", task, "transfer", unit="U02", into="U03")
    record(store, life.s)
    places = {row["unit"]: row["ordinal"] for row in rows(store, tables.assignments)}
    assert places == {"U01": 0, "U03": 1, "U04": 2}
    assert verify_trail(store.engine, store.evidence).findings == []


def test_rules_and_calendars_stand_once(store: Store, scenario: Scenario) -> None:
    """Two versions of each, however many tasks follow them; the rows of tasks stay short."""
    books = rows(store, tables.rulebooks)
    assert sorted((book["kind"], book["version"]) for book in books) == [
        ("calendar", 1),
        ("calendar", 2),
        ("rules", 2),
        ("rules", 3),
    ]
    assert all(book["adopted_at"] is not None for book in books)
    adopted = {row["task"]: row["calendar_hash"] for row in rows(store, tables.tasks)}
    newest = scenario.conference.state.calendar_hash
    assert {task for task, book in adopted.items() if book == newest} == {
        "T-0007",
        "T-0008",
        "T-0009",
    }
    assert not any("ladder" in row["state_json"] for row in rows(store, tables.tasks))


def test_whom_the_conference_tells(store: Store, scenario: Scenario) -> None:
    """A calendar each unit it names, once; proposals the convener; their ends the office."""
    told = [
        (row["kind"], row["addressee"])
        for row in rows(store, tables.notices)
        if row["task"] is None and row["channel"] == "mailbox"
    ]
    assert sorted(told) == [
        ("calendar", "U01"),
        ("calendar", "U06"),
        ("expired", "office"),
        ("key-replaced", "auditor"),
        ("key-replaced", "convener"),
        ("keys-changed", "U03"),
        *[("keys-changed", "convener")] * 2,
        ("keys-changed", "office"),
        *[("proposed", "convener")] * 4,
        *[("redacted", "U01")] * 2,
        ("redaction-expired", "office"),
        *[("redaction-proposed", "convener")] * 4,
        ("redaction-rejected", "office"),
        ("rejected", "office"),
    ]


def test_what_no_longer_holds_is_superseded(store: Store, scenario: Scenario) -> None:
    """Whatever was asked and is done or decided is not sent; what tells something is."""
    assert store.outbox is not None
    due = store.outbox.take("mailbox", scenario.now, 5_000, 30)
    held: dict[tuple[str, str], set[bool]] = {}
    for one in due:
        held.setdefault((one.notice.addressee, one.notice.kind), set()).add(one.holds)
    for addressee, kind in (("office", "objected"), ("office", "extension-requested")):
        assert held[addressee, kind] == {False}
    assert held["U04", "suspended"] == {False}
    assert held["U01", "calendar"] == {True}
    proposals = ("proposed", "redaction-proposed")
    waits = {one.notice.subject for one in due if one.notice.kind in proposals and one.holds}
    state = scenario.conference.state
    assert waits == state.proposals.keys() | {
        event for stream in scenario.tasks.values() for event in stream.state.proposals
    }


def test_a_notice_of_the_conference_has_the_title_it_is_about(
    store: Store, scenario: Scenario
) -> None:
    """The issue's, also after it was decided; a calendar has none."""
    assert store.outbox is not None
    due = store.outbox.take("mailbox", scenario.now, 5_000, 30)
    titles = {(one.notice.kind, one.title, one.holds) for one in due if one.notice.task is None}
    assert titles == {
        ("calendar", None, True),
        ("keys-changed", None, True),
        ("key-replaced", None, True),
        ("proposed", "Task approved", False),
        ("proposed", "Task unwanted", False),
        ("proposed", "Task forgotten", False),
        ("proposed", "Task waiting", True),
        ("rejected", "Task unwanted", True),
        ("expired", "Task forgotten", True),
        ("redaction-proposed", None, False),
        ("redaction-proposed", None, True),
        ("redaction-rejected", None, True),
        ("redaction-expired", None, True),
        ("redacted", None, True),
    }


def test_texts_belong_to_whom_they_are_meant_for(store: Store, scenario: Scenario) -> None:
    """An instruction to the units named, a proposal to the convener's side alone."""
    del scenario
    whose: dict[str, set[str | None]] = {}
    for row in rows(store, tables.commitments):
        whose.setdefault(row["kind"], set()).add(row["unit"])
    assert whose["InstructionGiven"] == {"U02", "U03"}
    for kind in ("ActProposed", "ProposalRejected", "IssueProposed", "IssueRejected"):
        assert whose[kind] == {"office"}
    assert whose["TaskIssued"] == {None}


# --- what verification finds ---


@pytest.fixture
def database(scenario: Scenario, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """The file, as somebody with access to it opens it."""
    del scenario
    connection = sqlite3.connect(tmp_path / "trail" / "trail.db", isolation_level=None)
    yield connection
    connection.close()


INVENTED = """
INSERT INTO asks SELECT origin, 'task/T-0099', ask, side, who, what, task, unit, since, "by", "at",
subject, act, optional, title FROM asks LIMIT 1
"""
CHANGES = [
    ("UPDATE asks SET by='2030-01-01T00:00:00.000000Z' WHERE what='report'", "ROW_DIFFERS", "by"),
    ("UPDATE asks SET who='U01' WHERE task IS NULL", "ROW_DIFFERS", "who"),
    ("DELETE FROM asks WHERE what='acknowledge'", "ROW_MISSING", ""),
    (INVENTED, "ROW_UNEXPECTED", ""),
    ("UPDATE rulebooks SET text=text||' ' WHERE kind='calendar'", "ROW_DIFFERS", "text"),
    ("UPDATE rulebooks SET adopted_at=NULL WHERE version=3", "ROW_DIFFERS", "adopted_at"),
    ("DELETE FROM rulebooks WHERE kind='rules' AND version=2", "ROW_MISSING", ""),
    ("UPDATE proposals SET expires='2030'", "ROW_DIFFERS", "expires"),
    ("DELETE FROM proposals", "ROW_MISSING", ""),
    ("UPDATE keys SET state='active' WHERE state='retired'", "ROW_DIFFERS", "state"),
    ("UPDATE keys SET effective='2030' WHERE effective IS NOT NULL", "ROW_DIFFERS", "effective"),
    ("UPDATE keys SET replaces=NULL", "ROW_DIFFERS", "replaces"),
    ("UPDATE keys SET use='log' WHERE unit='U01'", "ROW_DIFFERS", "use"),
    ("UPDATE conferences SET calendar_hash=NULL", "ROW_DIFFERS", "calendar_hash"),
    ("UPDATE tasks SET rules_hash='ab' WHERE task='T-0003'", "ROW_DIFFERS", "rules_hash"),
    ("UPDATE assignments SET provisional=1 WHERE unit='U06'", "ROW_DIFFERS", "provisional"),
    ("UPDATE registrations SET proposal=NULL", "ROW_DIFFERS", "proposal"),
    ("UPDATE notices SET task='T-0001' WHERE task IS NULL", "ROW_DIFFERS", "task"),
    ("UPDATE commitments SET unit=NULL WHERE unit='office'", "ROW_DIFFERS", "unit"),
]


@pytest.mark.parametrize(("change", "code", "detail"), CHANGES)
def test_a_changed_row_is_found(
    store: Store, database: sqlite3.Connection, change: str, code: str, detail: str
) -> None:
    """In each of the new tables and columns."""
    assert database.execute(change).rowcount > 0
    found = verify_trail(store.engine, store.evidence).findings
    assert {(f.code, f.detail) for f in found} == {(code, detail)}


@pytest.mark.parametrize("kind", ["calendar", "rules"])
def test_a_rulebook_that_was_taken_away_stops_nobody(
    store: Store,
    scenario: Scenario,
    url: str,
    evidence: Path,
    database: sqlite3.Connection,
    kind: str,
) -> None:
    """Whoever opens the trail next folds the states from the events instead."""
    store.close()
    database.execute(f"DELETE FROM rulebooks WHERE kind='{kind}'")  # noqa: S608
    scenario.act("U06", "T-0003", "progress", percent=90)
    scenario.ask("convener", "adopt-rules", rules=wire(RULES.model_copy(update={"version": 4})))
    with open_store(url, evidence, writable=True) as again:
        conference, task = record(again, scenario)
    kinds = [json.loads(batch.events[-1].text)["kind"] for batch in (conference, task)]
    assert kinds == ["RulesAdopted", "ProgressReported"]


# --- what only the whole trail shows ---


def test_a_stranger_on_a_task_is_found(store: Store) -> None:
    """The stream lets in whom the office names; that no conference has the unit shows here."""
    life = FullLife()
    task = life.s.issue("plan-1", units=["U01"], due=days(9))
    life.s.act("office", task, "add", unit="U99", due=days(9))
    record(store, life.s)
    found = verify_trail(store.engine, store.evidence).findings
    assert [(f.code, f.place) for f in found] == [
        ("UNIT_NO_MEMBER", f"assignments:{life.s.origin}|{task}|U99")
    ]


def test_work_that_went_to_a_unit_without_a_succession_is_found(store: Store) -> None:
    """Named at its event; that of a unit whose successor was succeeded in turn is in order."""
    life = FullLife()
    task = life.s.issue("plan-1", units=["U01", "U02"], due=days(9))
    life.succeed("U02", "U03")
    life.succeed("U03", "U04")
    life.s.act("office", task, "transfer", unit="U02", into="U04")
    life.s.act("office", task, "transfer", unit="U01", into="U05")
    record(store, life.s)
    found = verify_trail(store.engine, store.evidence).findings
    assert [(f.code, f.place, f.detail) for f in found] == [
        ("NOT_SUCCEEDED", f"demo/task/{task}#3", "U01 -> U05")
    ]


def test_a_calendar_of_a_task_alone_waits_for_the_conference(store: Store) -> None:
    """Recording refuses, retryably, what the conference's stream does not hold; then it stands."""
    life = FullLife()
    s = life.s
    task = s.issue("plan-1", units=["U01"], due=days(9))
    record(store, s)
    calendar = shifted(s.now.date())
    s.act("office", task, "adopt-calendar", calendar=calendar.model_dump(mode="json"))
    (waiting,) = s.drain()
    with pytest.raises(GapDetectedError):
        store.trail.append(waiting)
    assert store.trail.event_at(s.origin, f"task/{task}", 2) is None
    s.ask("convener", "adopt-calendar", calendar=calendar.model_dump(mode="json"))
    record(store, s)
    store.trail.append(waiting)
    assert stored_state(store, s, task) == s.tasks[task].state
    assert verify_trail(store.engine, store.evidence).findings == []


def test_a_roster_that_a_task_adopts_waits_for_the_conference(store: Store) -> None:
    """Refused, retryably; also where the adoption's event stands under another roster, which is held."""
    s = Scenario(units=("U01", "U02"))
    s.register_key("U01")
    task = s.issue("plan-1")
    record(store, s)
    s.register_key("U02")
    s.act("U02", task, "acknowledge")
    conference, waiting = s.drain()
    adoption, rest = split(waiting, 1)
    held = roster_hash(s.genesis)
    forged = changed(adoption.events[0], roster=held)
    for events in (adoption.events, (forged,)):
        with pytest.raises(GapDetectedError):
            store.trail.append(adoption.model_copy(update={"events": events}))
    assert store.trail.event_at(s.origin, f"task/{task}", 2) is None
    for batch in (conference, adoption, rest):
        store.trail.append(batch)
    assert verify_trail(store.engine, store.evidence).findings == []


@pytest.mark.parametrize("name", ["rules_hash", "calendar_hash"])
def test_a_first_event_that_names_other_hashes_is_refused(store: Store, name: str) -> None:
    """The hash beside rules and calendar is theirs; no writer of ours would offer another."""
    life = FullLife()
    s = life.s
    s.issue("plan-1", units=["U01"], due=days(9))
    first, begun = s.drain()
    store.trail.append(first)
    (sealed,) = begun.events
    event = open_event(sealed.text.encode())
    other = seal(event.model_copy(update={"data": {**event.data, name: "ab" * 32}}))
    with pytest.raises(BatchInvalidError) as refused:
        store.trail.append(begun.model_copy(update={"events": (other,)}))
    assert refused.value.reason == name
    store.trail.append(begun)


def test_a_calendar_of_a_task_alone_is_found(store: Store) -> None:
    """As a trail of an earlier release may hold it: recorded while the check was not there."""
    life = FullLife()
    s = life.s
    task = s.issue("plan-1", units=["U01"], due=days(9))
    calendar = shifted(s.now.date())
    s.act("office", task, "adopt-calendar", calendar=calendar.model_dump(mode="json"))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(append, "_check_rulebooks", lambda *_: None)
        record(store, s)
    assert stored_state(store, s, task) == s.tasks[task].state
    found = verify_trail(store.engine, store.evidence).findings
    assert [(f.code, f.detail) for f in found] == [("NOT_ADOPTED", "calendar")]
    s.ask("convener", "adopt-calendar", calendar=calendar.model_dump(mode="json"))
    record(store, s)
    assert verify_trail(store.engine, store.evidence).findings == []
