"""Behind every listing an index in its own order: no scan, no sorting, asked of SQLite itself."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from lianxi.store.cosigning import checkpoints_since, list_witnesses
from lianxi.store.directory import Directory
from lianxi.store.queries.assignments import AssignmentFilter, list_assignments
from lianxi.store.queries.conference import (
    conference_facts,
    conference_view,
    is_member,
    newest_roster,
)
from lianxi.store.queries.events import (
    EventFilter,
    event_by_hash,
    list_events,
    stands,
    trail_page,
)
from lianxi.store.queries.foreseeing import active_states, facts_of, tasks_since
from lianxi.store.queries.gaps import list_gaps
from lianxi.store.queries.handover import handover
from lianxi.store.queries.notices import NoticeFilter, list_letters, list_notices
from lianxi.store.queries.openings import places, registration_by_ref, standing
from lianxi.store.queries.paging import Paging
from lianxi.store.queries.rulebooks import adopts
from lianxi.store.queries.task_view import Eyes, task_view
from lianxi.store.queries.tasks import TaskFilter, list_tasks
from lianxi.store.queries.todo import convener_todo, office_todo, unit_todo
from lianxi.store.thaws import last_thaws
from lianxi.store.tree_reads import (
    checkpoint_at,
    consistency,
    leaf_numbers,
    newest_checkpoint,
    node_reader,
    root_of,
)
from tests.gateway.house import House
from tests.gateway.test_log import seal

NOW = datetime(2026, 3, 12, tzinfo=UTC)
INSTANT = "2026-03-12T00:00:00.000000Z"
PAGING = Paging(limit=2)

EVERYTHING = Eyes(may_read=lambda _about, _event, _kind: True, sees=lambda _unit: True, office=True)

Ask = Callable[[Connection, str], object]


@contextmanager
def statements(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """Every statement that runs inside, with its parameters."""
    seen: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        seen.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def plan(house: House, ask: Ask) -> list[str]:
    """What SQLite says it does for a question, its sub-questions included."""
    engine = house.store.engine
    with engine.connect() as connection, statements(engine) as seen:
        ask(connection, house.scenario.origin)
    lines: list[str] = []
    with engine.connect() as connection:
        for statement, parameters in seen:
            if statement.lstrip().upper().startswith("SELECT"):
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                lines += [row[3] for row in rows]
    assert lines, "nothing was asked"
    return lines


def assignments(**wanted: Any) -> Ask:
    return lambda c, o: list_assignments(c, o, AssignmentFilter(**wanted), PAGING, NOW)


def tasks(**wanted: Any) -> Ask:
    return lambda c, o: list_tasks(c, o, TaskFilter(**wanted), PAGING, NOW)


def events(*, newest: bool = False, **wanted: Any) -> Ask:
    return lambda c, o: list_events(c, o, EventFilter(**wanted), PAGING, newest=newest)


def notices(**wanted: Any) -> Ask:
    return lambda c, o: list_notices(c, o, NoticeFilter(**wanted), PAGING)


def letters(*, unread: bool) -> Ask:
    return lambda c, o: list_letters(c, o, "U01", PAGING, unread=unread)


QUESTIONS: dict[str, tuple[Ask, str]] = {
    "assignments": (assignments(), "ix_assignments_due"),
    "assignments due before": (assignments(due_before=INSTANT), "ix_assignments_due"),
    "assignments of a unit": (assignments(unit="U01"), "ix_assignments_unit_due"),
    "assignments in a state": (assignments(state="issued"), "ix_assignments_state_due"),
    "assignments of a unit in a state": (
        assignments(unit="U01", state="issued", due_before=INSTANT),
        "ix_assignments_unit_state_due",
    ),
    "assignments overdue": (assignments(overdue=True), "ix_assignments_overdue"),
    "assignments overdue of a unit": (
        assignments(overdue=True, unit="U01", state="issued"),
        "ix_assignments_overdue",
    ),
    "assignments of a task": (
        assignments(task="T-0001", unit="U01", state="issued", overdue=True, due_before=INSTANT),
        "sqlite_autoindex_assignments_1",
    ),
    "tasks": (tasks(), "sqlite_autoindex_tasks_1"),
    "tasks in a phase": (tasks(phase="active"), "ix_tasks_phase"),
    "tasks ready": (tasks(phase="ready-to-close"), "ix_tasks_ready"),
    "tasks of a unit": (tasks(unit="U01"), "ix_assignments_unit_task"),
    "tasks of a unit in a phase": (
        tasks(unit="U01", phase="active"),
        "ix_assignments_unit_task",
    ),
    "tasks of a unit ready": (
        tasks(unit="U01", phase="ready-to-close"),
        "ix_assignments_unit_task",
    ),
    "events": (events(), "ix_events_list"),
    "events, newest first": (events(newest=True), "ix_events_list"),
    "events by actor": (events(actor="U01"), "ix_events_actor"),
    "events about a unit": (events(unit="U01", kind="RungFired"), "ix_events_unit"),
    "events of a task": (events(task="T-0001", actor="U01"), "ix_events_task"),
    "events of a kind": (events(kind="RungFired", since=INSTANT), "ix_events_kind"),
    "events of a stream": (events(stream="task/T-0001"), "sqlite_autoindex_events_1"),
    "events in a stretch of time": (events(since=INSTANT, until="2027"), "ix_events_at"),
    "notices": (notices(), "ix_notices_list"),
    "notices to a unit": (notices(addressee="U01", state="due"), "ix_notices_addressee"),
    "notices of a task": (notices(task="T-0001", channel="mailbox"), "ix_notices_task"),
    "notices in a state": (notices(state="due", channel="mailbox"), "ix_notices_state"),
    "notices of a channel": (notices(channel="smtp"), "ix_notices_channel"),
    "inbox": (letters(unread=False), "ix_mailbox_unit"),
    "inbox, unread": (letters(unread=True), "ix_mailbox_unread"),
    "to-do of a unit": (lambda c, o: unit_todo(c, o, "U01", NOW), "ix_asks_who"),
    "what lies elsewhere of a unit": (lambda c, o: unit_todo(c, o, "U01", NOW), "ix_asks_unit"),
    "to-do of the office": (lambda c, o: office_todo(c, o, NOW), "ix_asks_who"),
    "what lies with units": (lambda c, o: office_todo(c, o, NOW), "ix_asks_side"),
    "to-do of the convener": (lambda c, o: convener_todo(c, o, NOW), "ix_asks_who"),
    "gaps of service": (lambda c, o: list_gaps(c, o, PAGING), "ix_events_kind"),
    "handover": (lambda c, o: handover(c, o, "U03", NOW), "ix_assignments_unit_due"),
    "facts of a task": (
        lambda c, o: facts_of(c, o, "T-0001"),
        "sqlite_autoindex_events_1",
    ),
    "open tasks as states": (lambda c, o: list(active_states(c, o)), "ix_tasks_phase"),
    "tasks touched since": (
        lambda c, o: tasks_since(c, o, INSTANT, Paging()),
        "sqlite_autoindex_tasks_1",
    ),
    "conference, with what waits": (
        lambda c, o: conference_view(c, o, Directory(), with_proposals=True),
        "ix_proposals_list",
    ),
    "whether a calendar is adopted": (
        lambda c, o: adopts(c, o, "a" * 64),
        "sqlite_autoindex_rulebooks_1",
    ),
    "whether a unit is a member": (
        lambda c, o: is_member(c, o, "U01"),
        "sqlite_autoindex_units_1",
    ),
    "trail": (lambda c, o: trail_page(c, o, 5, 10), "ix_events_list"),
    "one event": (lambda c, o: event_by_hash(c, o, "a" * 64), "ix_events_hash"),
    "whether an event stands": (
        lambda c, o: stands(c, o, "task/T-0001", 1, "a"),
        "sqlite_autoindex_events_1",
    ),
    "registration": (
        lambda c, o: registration_by_ref(c, o, "plan-1"),
        "sqlite_autoindex_registrations_2",
    ),
    "standing": (
        lambda c, o: standing(c, o, "T-0001", "U01"),
        "sqlite_autoindex_assignments_1",
    ),
    "newest roster": (newest_roster, "sqlite_autoindex_rosters_1"),
    "newest checkpoint": (newest_checkpoint, "sqlite_autoindex_checkpoints_1"),
    "a checkpoint": (lambda c, o: checkpoint_at(c, o, 7), "sqlite_autoindex_checkpoints_1"),
    "checkpoints": (
        lambda c, o: checkpoints_since(c, o, 5, 10, cosigned=False),
        "sqlite_autoindex_checkpoints_1",
    ),
    "checkpoints somebody cosigned": (
        lambda c, o: checkpoints_since(c, o, 5, 10, cosigned=True),
        "sqlite_autoindex_cosignatures_1",
    ),
    "last thaws": (last_thaws, "ix_events_kind"),
    "witnesses": (list_witnesses, "sqlite_autoindex_witnesses_1"),
}


@pytest.mark.parametrize("question", QUESTIONS)
async def test_every_listing_walks_its_index(lived: House, question: str) -> None:
    ask, index = QUESTIONS[question]
    lines = plan(lived, ask)
    assert not [line for line in lines if line.startswith("SCAN")], lines
    assert not [line for line in lines if "TEMP B-TREE" in line], lines
    assert any(f"INDEX {index} " in line for line in lines), lines


@pytest.mark.parametrize(
    "ask",
    [
        lambda c, o: task_view(c, o, "T-0001", EVERYTHING, NOW),
        lambda c, o: places(c, o, "a" * 64),
        lambda c, _: conference_facts(c, "demo"),
    ],
    ids=["task", "places", "conference"],
)
async def test_what_is_no_listing_scans_nothing(lived: House, ask: Ask) -> None:
    lines = plan(lived, ask)
    assert not [line for line in lines if line.startswith("SCAN")], lines


async def test_an_event_is_found_among_all_leaves_by_two_indexes(lived: House) -> None:
    """By its hash, then by its position: neither walks the tree's leaves."""
    seal(lived)
    head = lived.scenario.tasks["T-0001"].state.head
    assert plan(lived, lambda c, o: leaf_numbers(c, o, [head, "a" * 64])) == [
        "SEARCH events USING INDEX ix_events_hash (hash=?)",
        "SEARCH leaves USING INDEX sqlite_autoindex_leaves_2 (position=?)",
    ]


@pytest.mark.parametrize(
    "ask",
    [
        lambda c, o: consistency(c, o, 13, 27),
        lambda c, o: root_of(c, o, 27),
        lambda c, o: node_reader(c, o)([(0, 1), (1, 2), (2, 0), (3, 1)]),
    ],
    ids=["consistency", "root", "nodes"],
)
async def test_a_proof_reads_each_node_by_its_whole_key(lived: House, ask: Ask) -> None:
    """Several at a time would be a walk over all nodes of the tree, which is no SCAN to SQLite."""
    seal(lived)
    assert set(plan(lived, ask)) <= {
        "SEARCH leaves USING PRIMARY KEY (origin=? AND leaf=?)",
        "SEARCH nodes USING PRIMARY KEY (origin=? AND level=? AND idx=?)",
    }


async def test_the_second_page_walks_the_same_index(lived: House) -> None:
    origin = lived.scenario.origin
    with lived.store.engine.connect() as connection:
        wanted = AssignmentFilter(unit="U01")
        first = list_assignments(connection, origin, wanted, Paging(limit=1), NOW)
    lines = plan(
        lived,
        lambda c, o: list_assignments(c, o, wanted, Paging(limit=1, cursor=first["next"]), NOW),
    )
    assert any(
        "ix_assignments_unit_due (origin=? AND unit=? AND (due,task)>" in x for x in lines
    ), lines
    assert not [line for line in lines if "TEMP B-TREE" in line], lines
