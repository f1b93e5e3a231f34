"""The full life of a task on the real server: working days, the whole ladder, requests, proposals."""

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from temporalio.client import Client

from lianxi import ids
from lianxi.domain.rules import DEFAULT_RULES
from lianxi.domain.values import parse_instant
from lianxi.messages import Tuning
from lianxi.proof.events import EventEnvelope
from tests.deployment import Deployment, accepted, eventually
from tests.parties import CALENDAR, text_commitment
from tests.workflows.skipping import Skipping

UNITS = tuple(f"U{number:02d}" for number in range(1, 29))
REASON = text_commitment("reason")
WORKING = {"rule": "days", "kind": "working"}
TODAY: dict[str, Any] = {"rules": DEFAULT_RULES, "calendar": CALENDAR}


def of(
    deployment: Deployment, task: str, kind: str, unit: str | None = None
) -> list[EventEnvelope]:
    """The recorded events of one kind, of one unit or of all."""
    return [
        event
        for event in deployment.events(ids.task_stream(task))
        if event.kind == kind and unit in (None, event.data.get("unit"))
    ]


def rungs(deployment: Deployment, task: str, unit: str) -> list[str]:
    """The rungs that have fired for a unit, in order."""
    return [event.data["rung"] for event in of(deployment, task, "RungFired", unit)]


def due_of(event: EventEnvelope) -> datetime:
    """The due that an event set."""
    return parse_instant(event.data["due"])


async def test_a_ladder_for_28_units(temporal: Client, tmp_path: Path) -> None:
    """One returned, one suspended over its rung, one with a pending extension; 25 climb to the end."""
    async with Skipping.prepared(temporal, tmp_path, units=UNITS, **TODAY) as skipping:
        deployment = skipping.deployment
        async with deployment.worker():
            await deployment.found()
            task = await deployment.issue(units=list(UNITS), due={**WORKING, "days": 10})
            await deployment.until_kinds(task, "TaskIssued")
            issued = of(deployment, task, "TaskIssued")[0]
            due = parse_instant(issued.data["assignments"][0]["due"])

            # U01 is returned, U02 suspended before it is near due, U03 asks for more time
            for unit in ("U01", "U02", "U03"):
                await deployment.done(unit, task, "acknowledge", now=skipping.now)
            submitted = await deployment.submit("U01", task)
            head = submitted.events[-1].hash
            back = {"unit": "U01", "submission": head, "reason": REASON}
            await deployment.done(
                "office", task, "return", **back, due={**WORKING, "days": 20}, expect=head
            )
            await deployment.recorded(submitted)
            acknowledged = of(deployment, task, "AssignmentAcknowledged", "U02")[0]
            suspended = await deployment.done(
                "office",
                task,
                "suspend",
                unit="U02",
                reason=REASON,
                review_by={**WORKING, "days": 15},
                expect=event_hash(deployment, task, acknowledged),
            )
            asked = await deployment.done(
                "U03", task, "extend", until={**WORKING, "days": 30}, reason=REASON
            )

            await skipping.skip_to(task, due + timedelta(hours=1))
            await deployment.until(lambda: "overdue" in rungs(deployment, task, "U04"))
            climbed = ["acknowledge-reminder", "acknowledge-overdue", "near-due", "overdue"]
            for unit in UNITS[3:]:
                assert rungs(deployment, task, unit) == climbed
            assert "overdue" not in rungs(deployment, task, "U01")
            assert rungs(deployment, task, "U02") == []
            assert rungs(deployment, task, "U03") == ["near-due"]

            # the office refuses: late from the original due; and lets the other one run on
            refused = await deployment.done(
                "office",
                task,
                "refuse",
                unit="U03",
                request="extension",
                subject=asked.events[-1].hash,
                reason=REASON,
                expect=head_of(deployment, task, "U03"),
                now=skipping.now,
            )
            await deployment.recorded(refused)
            overdue = await deployment.until(
                lambda: [
                    event
                    for event in of(deployment, task, "RungFired", "U03")
                    if event.data["rung"] == "overdue"
                ]
            )
            assert parse_instant(overdue[0].data["due_at"]) == due
            resumed = await deployment.done(
                "office",
                task,
                "resume",
                unit="U02",
                expect=suspended.events[-1].hash,
                now=skipping.now,
            )
            await deployment.recorded(resumed)
            moved = due_of(of(deployment, task, "AssignmentResumed", "U02")[0])
            assert moved > due + timedelta(days=10)

            # three and ten working days later: proposals, and nobody is warned by itself
            await skipping.skip_to(task, due + timedelta(days=16))
            await deployment.until(lambda: "overdue-10" in rungs(deployment, task, "U28"))
            fired = Counter(event.data["rung"] for event in of(deployment, task, "RungFired"))
            assert fired["overdue-3"] == fired["overdue-10"] == 26
            assert of(deployment, task, "WarningSent") == []


async def test_a_warning_climbs_through_office_and_convener(
    temporal: Client, tmp_path: Path
) -> None:
    """Proposed by the rung, passed on by the office, sent by the convener, answered by the unit."""
    async with Skipping.prepared(temporal, tmp_path, units=("U01",), **TODAY) as skipping:
        deployment = skipping.deployment
        async with deployment.worker():
            await deployment.found()
            task = await deployment.issue(units=["U01"], due={**WORKING, "days": 3})
            await deployment.until_kinds(task, "TaskIssued")
            due = parse_instant(of(deployment, task, "TaskIssued")[0].data["assignments"][0]["due"])
            await skipping.skip_to(task, due + timedelta(days=6))
            await deployment.until(lambda: "overdue-3" in rungs(deployment, task, "U01"))
            rung = next(
                event
                for event in of(deployment, task, "RungFired")
                if event.data["rung"] == "overdue-3"
            )
            proposal = event_hash(deployment, task, rung)
            now = skipping.now
            passed_on = await deployment.done("office", task, "approve", proposal=proposal, now=now)
            assert [e.kind for e in passed_on.events] == ["ProposalEndorsed"]
            again = await deployment.act("office", task, "approve", proposal=proposal, now=now)
            assert getattr(again, "code", None) == "CONVENER_DECIDES"
            sent = await deployment.done("convener", task, "approve", proposal=proposal, now=now)
            assert [e.kind for e in sent.events] == ["ProposalApproved", "WarningSent"]
            warning = sent.events[-1].hash
            answered = await deployment.done(
                "U01", task, "answer", warning=warning, text=text_commitment("flood"), now=now
            )
            await deployment.recorded(answered)


async def test_a_proposed_issue_begins_when_the_convener_approves(
    temporal: Client, tmp_path: Path
) -> None:
    """The office files, the convener approves: the task's workflow starts from both envelopes."""
    rules = DEFAULT_RULES.model_copy(update={"needs_convener": ("issue", "close")})
    units = ("U01",)
    async with Deployment.running(
        temporal, tmp_path, units=units, rules=rules, calendar=CALENDAR
    ) as deployment:
        proposed = accepted(await deployment.engine.submit(deployment.parties.issuing()))
        assert [event.kind for event in proposed.events] == ["IssueProposed"]
        await deployment.recorded(proposed)
        approval = deployment.parties.sign(
            "convener", "conference", "approve", {"proposal": proposed.events[0].hash}
        )
        receipt = accepted(await deployment.engine.submit(approval))
        assert receipt.task == "T-0001"
        await deployment.done("U01", "T-0001", "acknowledge")
        await deployment.until_kinds("T-0001", "TaskIssued", "AssignmentAcknowledged")
        registered = deployment.events("conference")[-1]
        assert registered.data["proposal"] == proposed.events[0].hash


async def test_a_full_life_survives_continue_as_new(temporal: Client, tmp_path: Path) -> None:
    """Requests, proposals and clocks travel from run to run, every three commands."""
    async with Deployment.running(
        temporal,
        tmp_path,
        units=("U01", "U02", "U03"),
        tuning=Tuning(continue_after_commands=3),
        **TODAY,
    ) as deployment:
        task = await deployment.issue(
            mode="lead", lead="U01", units=["U02", "U03"], concurrence=True, due=None
        )
        objected = await deployment.done("U02", task, "object", reason=REASON)
        kept = await deployment.done(
            "office",
            task,
            "refuse",
            unit="U02",
            request="objection",
            subject=objected.events[-1].hash,
            reason=REASON,
            expect=objected.events[-1].hash,
        )
        for unit in ("U01", "U02", "U03"):
            await deployment.done(unit, task, "acknowledge")
        asked = await deployment.done(
            "U01", task, "extend", until={**WORKING, "days": 40}, reason=REASON
        )
        submitted = await deployment.submit("U01", task)
        assert [event.kind for event in submitted.events] == [
            "CompletionSubmitted",
            "RequestLapsed",
            "ConcurrenceAsked",
        ]
        submission = submitted.events[0].hash
        await deployment.done("U02", task, "concur", submission=submission)
        dissent = {"submission": submission, "reason": REASON}
        await deployment.done("U03", task, "dissent", **dissent)
        over = {"unit": "U01", "submission": submission, "expect": submitted.events[-2].hash}
        bare = await deployment.act("office", task, "accept", **over)
        assert getattr(bare, "code", None) == "REASON_REQUIRED"
        done = await deployment.done("office", task, "accept", **over, reason=REASON)
        await deployment.recorded(done)
        assert kept.events[0].seq < asked.events[0].seq < done.events[0].seq
        runs = await eventually(lambda: several_runs(deployment, task))
        assert runs


async def several_runs(deployment: Deployment, task: str) -> bool:
    """Whether the task's workflow has continued as new."""
    description = await deployment.handle(task).describe()
    return description.run_id != description.raw_info.first_run_id


def event_hash(deployment: Deployment, task: str, event: EventEnvelope) -> str:
    """The hash of a recorded event."""
    origin, stream = deployment.parties.origin, ids.task_stream(task)
    stored = deployment.store.trail.event_at(origin, stream, event.seq)
    assert stored is not None
    return stored.hash


def head_of(deployment: Deployment, task: str, unit: str) -> str:
    """The last act of a person on a unit's assignment."""
    acts = [
        event
        for event in deployment.events(ids.task_stream(task))
        if event.basis == "command" and event.data.get("unit") == unit
    ]
    return event_hash(deployment, task, acts[-1])
