"""Trail against Temporal on made-up facts: what counts, what is too young, what passes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lianxi.proof.verification import Finding
from lianxi.streams.reconciling import (
    RUNNING,
    Answered,
    EndedStream,
    Ground,
    Incident,
    KnownChain,
    OpenStream,
    TrailSeen,
    WorkflowSeen,
    compare,
    judge,
    strangers,
)
from tests.parties import Parties

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=40)
JUST_NOW = NOW - timedelta(seconds=30)
GROUND = Ground(
    now=NOW,
    grace=timedelta(minutes=2),
    unrecorded=timedelta(minutes=4),
    task_queue="lianxi",
    services={"mailroom/mailbox": "Mailroom"},
    seen_until=NOW,
)
TASK = "demo/task/T-0001"
ANSWER = Answered("task/T-0001", 7, "a" * 64, LONG_AGO)

TRAIL = TrailSeen(
    origin="example.org/lianxi/demo/0123456789abcdef",
    conference="demo",
    open={
        "demo/conference": OpenStream("conference", LONG_AGO),
        TASK: OpenStream("task/T-0001", LONG_AGO),
    },
    registered=frozenset({"demo/conference", TASK, "demo/task/T-0002"}),
    not_begun={},
)


def running(workflow_id: str, type_: str, **changes: Any) -> WorkflowSeen:
    """A workflow as it should be, but for `changes`."""
    seen = WorkflowSeen(workflow_id, "run-1", type_, "lianxi", RUNNING, LONG_AGO)
    return replace(seen, **changes)


def all_well(**changes: WorkflowSeen | None) -> dict[str, WorkflowSeen]:
    """What Temporal says where nothing is wrong; `task` or `more` in place of it."""
    found = [
        running("demo/conference", "Conference"),
        running("mailroom/mailbox", "Mailroom"),
        changes.get("task", running(TASK, "Task")),
        changes.get("more"),
    ]
    return {one.workflow_id: one for one in found if one is not None}


def codes(workflows: dict[str, WorkflowSeen], trail: TrailSeen = TRAIL, **given: Any) -> list[str]:
    """The codes of what is found."""
    stored = given.pop("stored", ())
    return [f.code for f in compare(trail, workflows, stored, replace(GROUND, **given)).findings]


def test_where_all_is_well_nothing_is_found() -> None:
    """Running, registered, recorded."""
    assert compare(TRAIL, all_well(), (), GROUND).findings == ()
    assert compare(TRAIL, all_well(), (), GROUND).pending == 0


def test_a_workflow_that_is_gone_counts_at_once_a_task_just_begun_later() -> None:
    """What has stood for long has no excuse; what began this minute may not be there yet."""
    workflows = all_well(task=None)
    assert codes(workflows) == ["WORKFLOW_MISSING"]
    young = replace(TRAIL, open={**TRAIL.open, TASK: OpenStream("task/T-0001", JUST_NOW)})
    compared = compare(young, workflows, (), GROUND)
    assert (compared.findings, compared.pending) == ((), 1)


@pytest.mark.parametrize("status", ["TERMINATED", "CANCELED", "FAILED", "TIMED_OUT", "COMPLETED"])
def test_however_an_open_task_ended_it_is_named(status: str) -> None:
    """With the word of Temporal; just now: pending."""
    ended = running(TASK, "Task", status=status, closed_at=LONG_AGO)
    (found,) = compare(TRAIL, all_well(task=ended), (), GROUND).findings
    assert found == Finding("WORKFLOW_CLOSED", f"workflow:{TASK}", status)
    assert codes(all_well(task=replace(ended, closed_at=JUST_NOW))) == []


def test_a_task_that_is_over_needs_no_workflow() -> None:
    """Archived: registered, not open."""
    over = replace(TRAIL, open={"demo/conference": TRAIL.open["demo/conference"]})
    assert codes(all_well(task=None), over) == []
    assert codes(all_well(task=running(TASK, "Task", status="COMPLETED")), over) == []


def test_a_workflow_that_outlives_its_stream_is_named_once_old_enough() -> None:
    """Archived, and running under the id all the same; a moment passes until it has ended."""
    for since, expected in ((LONG_AGO, ["WORKFLOW_STILL_RUNNING"]), (JUST_NOW, [])):
        over = replace(
            TRAIL,
            open={"demo/conference": TRAIL.open["demo/conference"]},
            ended={TASK: EndedStream(since=LONG_AGO, ended=since)},
        )
        assert codes(all_well(), over) == expected


def test_another_chain_of_runs_is_named_for_ever() -> None:
    """Whichever of the two is there now; one chain, however many runs it has, is well."""
    known = KnownChain("first", "run-9", LONG_AGO)
    other = replace(known, first_run_id="other")
    told = all_well(task=running(TASK, "Task", first_run_id="first"))
    assert codes(told, replace(TRAIL, chains={TASK: [known]})) == []
    assert codes(told, replace(TRAIL, chains={TASK: [other]})) == ["WORKFLOW_RESTARTED"]
    assert codes(told, replace(TRAIL, chains={TASK: [known, other]})) == ["WORKFLOW_RESTARTED"]


def test_a_service_begun_again_is_shown_for_a_day() -> None:
    """It has no state of its own; the next worker to start brings it back."""
    mailroom = running("mailroom/mailbox", "Mailroom", first_run_id="new")
    old = KnownChain("old", "old", LONG_AGO)
    for age, expected in (
        (None, ["WORKFLOW_RESTARTED"]),
        (timedelta(hours=23), ["WORKFLOW_RESTARTED"]),
        (timedelta(hours=25), []),
    ):
        new = [] if age is None else [KnownChain("new", "new", NOW - age)]
        trail = replace(TRAIL, chains={"mailroom/mailbox": [old, *new]})
        assert codes(all_well(more=mailroom), trail) == expected


def test_a_chain_that_began_after_its_streams_first_event_is_named() -> None:
    """By the trail alone: nobody need have seen the one before."""
    began = LONG_AGO + timedelta(minutes=3)
    late = running(TASK, "Task", first_run_id="run-1", started_at=began)
    assert codes(all_well(task=late)) == ["WORKFLOW_RESTARTED"]
    assert codes(all_well(task=replace(late, started_at=LONG_AGO))) == []
    # a later run of a chain begins when it begins
    assert codes(all_well(task=replace(late, first_run_id="run-0"))) == []


def test_what_has_ended_is_settled_once_nothing_is_left_to_show() -> None:
    """Until then its history is looked at again."""
    over = replace(
        TRAIL,
        open={"demo/conference": TRAIL.open["demo/conference"]},
        ended={TASK: EndedStream(since=LONG_AGO, ended=LONG_AGO)},
    )
    ended = running(TASK, "Task", first_run_id="first", status="COMPLETED", answered=(ANSWER,))
    hurried = replace(ended, incidents=(Incident("UNKNOWN_SIGNAL", JUST_NOW),))
    for task, stored, settled in (
        (ended, {ANSWER.hash}, True),
        (ended, set[str](), False),
        (hurried, {ANSWER.hash}, False),
    ):
        chains = compare(over, all_well(task=task), stored, GROUND).chains
        assert chains == {TASK: KnownChain("first", "run-1", NOW, settled=settled)}


def test_another_type_or_queue_is_foreign() -> None:
    """Somebody else answers under the name."""
    assert codes(all_well(task=running(TASK, "Evil"))) == ["WORKFLOW_FOREIGN"]
    assert codes(all_well(task=running(TASK, "Task", task_queue="x"))) == ["WORKFLOW_FOREIGN"]


def test_a_stranger_under_the_conferences_name_is_named_once_old_enough() -> None:
    """A registration takes a moment to be recorded, two minutes it does not."""
    twin = running("demo/task/T-0099", "Task")
    assert codes(all_well(more=twin)) == ["WORKFLOW_UNREGISTERED"]
    assert codes(all_well(more=replace(twin, started_at=JUST_NOW))) == []
    # it has ended long ago, and was looked at then
    assert codes(all_well(more=replace(twin, status="FAILED"))) == []


def test_strangers_of_no_conference_are_everybodys() -> None:
    """But those of another conference are its own."""
    miner, other = running("miner", "Miner"), running("other/task/T-0001", "Task")
    trails = [TRAIL, replace(TRAIL, conference="other", open={}, registered=frozenset())]
    found = strangers([*all_well().values(), miner, other], trails, GROUND)
    assert [finding.place for finding in found] == ["workflow:miner"]


def test_an_incident_stands_for_a_day_and_is_never_missed() -> None:
    """Older ones stay in the trail; those since the last comparison count however old."""
    for age, since_last, expected in (
        (timedelta(hours=23), timedelta(minutes=5), ["CANCEL_REQUESTED"]),
        (timedelta(hours=25), timedelta(minutes=5), []),
        (timedelta(days=5), timedelta(days=6), ["CANCEL_REQUESTED"]),
    ):
        told = running(TASK, "Task", incidents=(Incident("CANCEL_REQUESTED", NOW - age),))
        assert codes(all_well(task=told), seen_until=NOW - since_last) == expected
    assert codes(all_well(task=told), seen_until=None) == ["CANCEL_REQUESTED"]


def test_an_answer_that_the_trail_lacks_counts_after_four_minutes() -> None:
    """One finding for a workflow, from the oldest on."""
    told = running(TASK, "Task", answered=(ANSWER,))
    assert codes(all_well(task=told)) == ["UNRECORDED"]
    assert codes(all_well(task=told), stored={ANSWER.hash}) == []
    young = replace(told, answered=(replace(ANSWER, at=NOW - timedelta(minutes=3)),))
    compared = compare(TRAIL, all_well(task=young), (), GROUND)
    assert (compared.findings, compared.pending) == ((), 1)


def test_a_task_that_never_began_and_a_frozen_stream_are_named() -> None:
    """Both by what the trail itself says."""
    waiting = replace(
        TRAIL, not_begun={"T-0002": LONG_AGO}, frozen={"task/T-0001": "ForkDetected at 3"}
    )
    assert codes(all_well(), waiting) == ["TASK_NOT_BEGUN", "STREAM_FROZEN"]


def test_an_accepted_update_is_judged_by_its_signature() -> None:
    """Signed by a key of the roster, or why not."""
    parties = Parties(units=("U01",))
    good = parties.sign("office", "task/T-0001", "urge", {"units": ["U01"]})
    assert judge(good, parties.roster) is None
    stranger = parties.sign("U01", "task/T-0001", "acknowledge", {})
    assert judge(stranger, parties.roster) == "KEY_UNKNOWN"
    assert judge("{}", parties.roster) is not None
    other = Parties(conference="other").sign("office", "task/T-0001", "urge", {"units": ["U01"]})
    assert judge(other, parties.roster) == "KEY_UNKNOWN"
