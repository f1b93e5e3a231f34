"""The read tables are a function of the events: whatever was decided, a rebuild gives the same rows."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from lianxi.domain.refusal import Refusal
from lianxi.domain.task.evolve import fold
from lianxi.domain.task.state import Assignment, TaskState
from lianxi.ports import Outcome
from lianxi.proof.events import open_event
from lianxi.store.projection import task_state
from lianxi.store.state_rows import task_rows_with_rulebooks
from lianxi.store.store import Store, open_store
from lianxi.store.tables import assignments, notices, outbox, tasks
from lianxi.store.verify import verify_trail
from lianxi.streams.facts import task_fact
from tests.store.contract import record
from tests.store.fresh import fresh_trail
from tests.store.scenario import Scenario, whole_life

UNITS = ("U01", "U02", "U03")
ACTIONS = (
    *("acknowledge", "progress", "submit", "recall", "accept", "return", "withdraw", "due"),
    *("close", "cancel", "wait", "record", "settle"),
    *("object", "extend", "stop", "grant", "refuse", "suspend", "resume", "urge", "instruct"),
    *("approve", "by-mistake", "reopen", "transfer", "climb"),
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(ACTIONS), st.sampled_from(UNITS), st.sampled_from(["T-0001", "T-0002"])
    ),
    max_size=40,
)


@given(steps=STEPS, today=st.booleans())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_decided_history_verifies(steps: list[tuple[str, str, str]], *, today: bool) -> None:
    """Random commands, rungs, recordings in between, notices settled: no finding at all."""
    make = Scenario.today if today else Scenario
    scenario = make(units=(*UNITS, "U04"), smtp=frozenset({"U03"})).register_all()
    scenario.issue("plan-1")
    scenario.issue("plan-2", mode="lead", lead="U01", units=["U02", "U03"])
    with (
        TemporaryDirectory() as folder,
        open_store(
            fresh_trail(f"sqlite:///{folder}/trail.db"), Path(folder), writable=True
        ) as store,
    ):
        for step, unit, task in steps:
            try:
                _take(scenario, store, step, unit, task)
            except (Refusal, Nothing):
                continue
        record(store, scenario)
        assert verify_trail(store.engine, store.evidence).findings == []
        for task, stream in scenario.tasks.items():
            assert stored_state(store, scenario, task) == stream.state


def _take(scenario: Scenario, store: Store, step: str, unit: str, task: str) -> None:
    match step:
        case "wait":
            scenario.pass_time(days=2)
        case "climb":
            scenario.wait(days=3)
        case "record":
            record(store, scenario)
        case "settle":
            _settle(scenario, store)
        case "submit":
            scenario.submit(unit, task)
        case "accept" | "return":
            _there(_part(scenario, task, unit).submission)
            act = scenario.accept if step == "accept" else scenario.send_back
            act(unit, task)
        case _:
            _act(scenario, step, unit, task)


BY_UNIT = ("acknowledge", "recall", "progress", "object", "stop", "extend")


def _act(scenario: Scenario, step: str, unit: str, task: str) -> None:
    """One command, by the unit or by the convener."""
    due = {"rule": "duration", "seconds": 5 * 86_400}
    reason = scenario.text("because").model_dump()
    one, some = {"unit": unit, "reason": reason}, {"units": [unit]}
    args: dict[str, Callable[[], dict[str, Any]]] = {
        "progress": lambda: {"percent": 50},
        "object": lambda: {"reason": reason},
        "stop": lambda: {"reason": reason},
        "extend": lambda: {"until": {**due, "seconds": 30 * 86_400}, "reason": reason},
        "grant": lambda: {"unit": unit, **_request(scenario, task, unit)},
        "refuse": lambda: {**one, **_request(scenario, task, unit)},
        "withdraw": lambda: one,
        "suspend": lambda: {**one, "review_by": due},
        "resume": lambda: {"unit": unit, "due": due},
        "transfer": lambda: {"unit": unit, "into": "U04"},
        "by-mistake": lambda: {**one, "act": _there(_part(scenario, task, unit).undo).act},
        "due": lambda: {**some, "due": due, "reason": reason},
        "reopen": lambda: {**some, "due": due, "reason": reason},
        "urge": lambda: {**some, "text": reason},
        "instruct": lambda: {**some, "text": reason, "acknowledge": True},
        "approve": lambda: {"proposal": _proposal(scenario, task)},
        "close": lambda: {"verdict": "not-implemented", "reason": reason},
        "cancel": lambda: {"reason": reason},
    }
    actor = unit if step in BY_UNIT else "convener"
    if step == "transfer" and unit not in scenario.conference.state.successors:
        scenario.ask("convener", "succeed", unit=unit, into="U04", reason=reason)
    scenario.act(actor, task, step, **args.get(step, dict)())


class Nothing(Exception):  # noqa: N818 - not an error: the step does not fit the state
    """What the step is about is not there."""


def _there(value: Any) -> Any:
    if value is None:
        raise Nothing
    return value


def _part(scenario: Scenario, task: str, unit: str) -> Assignment:
    part: Assignment = _there(scenario.tasks[task].state.assignments.get(unit))
    return part


def _proposal(scenario: Scenario, task: str) -> str:
    event: str = _there(next(iter(scenario.tasks[task].state.proposals), None))
    return event


def _request(scenario: Scenario, task: str, unit: str) -> dict[str, str]:
    """What a unit has asked for, as its decision names it."""
    assignment = _part(scenario, task, unit)
    for kind in ("objection", "extension", "stop"):
        request = getattr(assignment, kind)
        if request is not None:
            return {"request": kind, "subject": request.event}
    raise Nothing


def _settle(scenario: Scenario, store: Store) -> None:
    assert store.outbox is not None
    for channel in ("mailbox", "smtp"):
        due = store.outbox.take(channel, scenario.now, 7, 1)
        store.outbox.settle(
            [
                Outcome(d.notice_id, d.lease, "sent" if d.holds else "superseded")
                for d in due[: len(due) // 2 + 1]
            ],
            scenario.now,
        )


def stored_state(store: Store, scenario: Scenario, task: str) -> TaskState:
    """The state that the rows of a task stand for."""
    with store.engine.connect() as connection:
        row = connection.execute(
            task_rows_with_rulebooks().where(
                tasks.c.origin == scenario.origin, tasks.c.task == task
            )
        )
        parts = connection.execute(
            select(assignments).where(
                assignments.c.origin == scenario.origin, assignments.c.task == task
            )
        )
        return task_state(
            dict(row.mappings().one()), [dict(part) for part in parts.mappings().all()]
        )


def test_what_a_listing_needs_stands_in_columns(store: Store) -> None:
    """Counts, the earliest due, and the instants after which something is late."""
    scenario = whole_life()
    record(store, scenario)
    with store.engine.connect() as connection:
        first, second = connection.execute(select(tasks).order_by(tasks.c.task)).mappings().all()
        rows = connection.execute(select(assignments)).mappings().all()
    assert (first["phase"], first["verdict"], first["open"], first["next_due"]) == (
        "closed",
        "not-implemented",
        0,
        None,
    )
    assert (second["phase"], second["units"], second["open"]) == ("active", 2, 2)
    parts = {(row["task"], row["unit"]): row for row in rows}
    lead, support = parts["T-0002", "U03"], parts["T-0002", "U01"]
    assert lead["overdue_at"] == lead["due"]
    assert lead["acknowledge_overdue_at"] is None
    assert lead["near_due_at"] < lead["due"]
    assert support["acknowledge_overdue_at"] == support["acknowledge_by"]
    assert parts["T-0001", "U02"]["overdue_at"] is None


def test_closing_shows_on_every_assignment(store: Store) -> None:
    """On those too that the closing itself did not touch."""
    scenario = Scenario().register_all()
    task = scenario.issue("plan-1")
    scenario.submit("U01", task)
    scenario.accept("U01", task)
    record(store, scenario)
    reason = scenario.text("enough").model_dump()
    scenario.act("office", task, "close", verdict="not-implemented", reason=reason)
    record(store, scenario)
    with store.engine.connect() as connection:
        phases = set(connection.scalars(select(assignments.c.phase)))
    assert phases == {"closed"}
    assert verify_trail(store.engine, store.evidence).findings == []


def test_one_row_per_channel_and_one_wait_for_each_due_notice(store: Store) -> None:
    """A unit with mail gets each notice twice; the office only by mailbox."""
    scenario = whole_life()
    record(store, scenario)
    with store.engine.connect() as connection:
        rows = connection.execute(select(notices)).mappings().all()
        waiting = set(connection.scalars(select(outbox.c.notice_id)))
    assert waiting == {row["notice_id"] for row in rows}
    told = {(row["addressee"], row["channel"]) for row in rows}
    assert ("U02", "smtp") in told
    assert {channel for addressee, channel in told if addressee != "U02"} == {"mailbox"}
    assert sum(row["addressee"] == "U02" for row in rows) % 2 == 0


def test_thestored_state_is_the_fold_of_the_stored_events(store: Store) -> None:
    """What `tasks` and `assignments` hold is what replaying the bytes gives."""
    scenario = whole_life()
    batches = record(store, scenario)
    for batch in batches[1:]:
        state = fold([task_fact(open_event(e.text.encode()), e.hash) for e in batch.events])
        assert stored_state(store, scenario, batch.stream.removeprefix("task/")) == state
