"""Keys that change while tasks live, on the real server: revoked, rotated, far behind."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import Client, WorkflowHandle, WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

import worker as composition
from lianxi import ids
from lianxi.engine import owed_rosters
from lianxi.engine.connection import DATA_CONVERTER
from lianxi.engine.owed_rosters import AT_ONCE
from lianxi.messages import MAX_ROSTER_STEPS, ROSTERS_UPDATE, RostersAnswer, RostersMessage
from lianxi.proof.rosters import roster_hash
from lianxi.store.verify import verify_trail
from lianxi.streams.refusals import BacklogFullError, FrozenError
from lianxi.streams.task_stream import TaskStream
from tests.deployment import Deployment, accepted, refusal
from tests.parties import text_commitment
from workflows.conference import ConferenceWorkflow
from workflows.task import TaskWorkflow


async def test_a_revoked_key_acts_no_more_on_a_task_that_had_not_heard(
    deployment: Deployment,
) -> None:
    """The engine brings the step along; the first command of somebody else makes it stand."""
    parties = deployment.parties
    task = await deployment.issue()
    early = parties.sign("U01", ids.task_stream(task), "acknowledge", {})
    revoking = parties.changing(retire=(parties.signers["U01"].key_id,))
    await deployment.recorded(accepted(await deployment.engine.submit(revoking)))
    assert refusal(await deployment.engine.submit(early)) == "KEY_RETIRED"
    assert await deployment.until_kinds(task, "TaskIssued") == ["TaskIssued"]
    await deployment.recorded(await deployment.done("U02", task, "acknowledge"))
    assert deployment.kinds(task) == ["TaskIssued", "RosterAdopted", "AssignmentAcknowledged"]
    adopted = deployment.events(ids.task_stream(task))[1]
    assert adopted.data["roster"] == roster_hash(parties.roster)
    assert "changes" in adopted.data
    assert refusal(await deployment.engine.submit(early)) == "KEY_RETIRED"
    # a command of the conference's own stream is judged by the newest roster anyway
    assert refusal(await deployment.act("U01", task, "progress", percent=10)) == "KEY_RETIRED"


async def test_a_rotated_key_goes_on_where_the_old_one_was(deployment: Deployment) -> None:
    """Acknowledged with the one, submitted with the other; the whole trail verifies and replays."""
    parties = deployment.parties
    task = await deployment.issue()
    await deployment.done("U03", task, "acknowledge")
    old = parties.sign("U03", ids.task_stream(task), "progress", {"percent": 30})
    changed = accepted(await deployment.engine.submit(parties.rotating("U03")))
    await deployment.recorded(changed)
    assert refusal(await deployment.engine.submit(old)) == "KEY_RETIRED"
    report = text_commitment("U03 is done")
    await deployment.recorded(await deployment.done("U03", task, "submit", report=report))
    assert "RosterAdopted" in deployment.kinds(task)
    found = await asyncio.to_thread(
        verify_trail, deployment.store.engine, deployment.store.evidence
    )
    assert {finding.code for finding in found.findings} <= {"OPENING_MISSING"}
    conference = ids.conference_workflow_id(parties.conference)
    for handle in (deployment.handle(task), deployment.client.get_workflow_handle(conference)):
        await replayed(handle)


async def test_a_stream_far_behind_is_brought_forward(temporal: Client, tmp_path: Path) -> None:
    """More steps than one message takes along, and no unit that it knew can act."""
    units = tuple(f"N{number:03d}" for number in range(MAX_ROSTER_STEPS + 2))
    made = Deployment.prepared(temporal, tmp_path, units=("U01", "U02", *units))
    try:
        async with made.worker():
            await made.found(keys=("U01", "U02"))
            last = units[-1]
            task = await made.issue(units=["U01", "U02", last])
            for unit in units:
                receipt = accepted(await made.engine.submit(made.parties.registering(unit)))
            await made.recorded(receipt)
            early = made.parties.sign("U02", ids.task_stream(task), "acknowledge", {})
            retire = tuple(made.parties.signers[unit].key_id for unit in ("U01", "U02"))
            revoking = made.parties.changing(retire=retire)
            await made.recorded(accepted(await made.engine.submit(revoking)))
            # refused, and yet the stream hears of all but what goes along with the command itself
            assert refusal(await made.engine.submit(early)) == "KEY_RETIRED"
            heard = await made.until(lambda: made.kinds(task)[AT_ONCE:])
            assert set(heard) == {"RosterAdopted"}
            await made.recorded(await made.done(last, task, "acknowledge"))
            adopted = ["RosterAdopted"] * (len(units) + 1)
            assert made.kinds(task) == ["TaskIssued", *adopted, "AssignmentAcknowledged"]
            found = await asyncio.to_thread(verify_trail, made.store.engine, made.store.evidence)
            assert {finding.code for finding in found.findings} <= {"OPENING_MISSING"}
            await replayed(made.handle(task))
    finally:
        made.store.close()


async def behind(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> str:
    """A task that lacks two steps, of which one goes at a time: the keys of U01 and U02 have ended."""
    task = await deployment.issue()
    await ended(deployment, monkeypatch)
    return task


async def ended(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys of U01 and U02, of which a task hears one at a time."""
    monkeypatch.setattr(owed_rosters, "AT_ONCE", 1)
    for unit in ("U01", "U02"):
        revoking = deployment.parties.changing(retire=(deployment.parties.signers[unit].key_id,))
        await deployment.recorded(accepted(await deployment.engine.submit(revoking)))


async def test_rosters_that_find_no_room_come_again(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits is being recorded: the same once more, then the command."""
    task = await behind(deployment, monkeypatch)
    rehearse, refusals = TaskStream.rehearse_rosters, [BacklogFullError(stream="t")] * 2

    def full(stream: TaskStream, message: RostersMessage, update: str, now: datetime) -> None:
        if refusals:
            raise refusals.pop()
        rehearse(stream, message, update, now)

    monkeypatch.setattr(TaskStream, "rehearse_rosters", full)
    await deployment.recorded(await deployment.done("U03", task, "acknowledge"))
    assert refusals == []
    adopted = ["RosterAdopted"] * 2
    assert deployment.kinds(task) == ["TaskIssued", *adopted, "AssignmentAcknowledged"]


async def test_a_stream_that_takes_no_rosters_judges_what_comes_with_the_command(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what it cannot hear yet the newest roster says whether the key has ended."""
    task = await behind(deployment, monkeypatch)

    def closed(*_: object) -> None:
        raise FrozenError(stream="t")

    monkeypatch.setattr(TaskStream, "rehearse_rosters", closed)
    assert refusal(await deployment.act("U02", task, "acknowledge")) == "KEY_RETIRED"
    await deployment.recorded(await deployment.done("U03", task, "acknowledge"))
    assert deployment.kinds(task) == ["TaskIssued", "RosterAdopted", "AssignmentAcknowledged"]


@asynccontextmanager
async def heard_of_none(client: Client, folder: Path) -> AsyncIterator[tuple[Deployment, str]]:
    """A task of three units of whom one has a key yet; the deployment, and the task's id."""
    made = Deployment.prepared(client, folder)
    try:
        async with made.worker():
            await made.found(keys=("U01",))
            task = await made.issue()
            await made.until_kinds(task, "TaskIssued")
            yield made, task
    finally:
        made.store.close()


async def registered(deployment: Deployment, *units: str) -> None:
    """Their keys stand in the trail."""
    for unit in units:
        registering = deployment.parties.registering(unit)
        await deployment.recorded(accepted(await deployment.engine.submit(registering)))


async def test_rosters_that_were_lost_to_a_fork_are_heard_of_again(
    temporal: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thaw takes place in the same run, where the server repeats what it answered under an id."""
    monkeypatch.setattr(owed_rosters, "AT_ONCE", 1)
    async with heard_of_none(temporal, tmp_path) as (made, task):
        await registered(made, "U02", "U03")
        foreign = made.fork(task)
        await made.done("U03", task, "acknowledge")  # and both rosters before it: none is recorded
        await made.until_frozen(task)
        reason = text_commitment("as the trail has it")
        await made.done("convener", task, "thaw", reason=reason, expect=foreign)
        await made.until_kinds(task, "TaskThawed")
        await made.recorded(await made.done("U03", task, "acknowledge"))
        adopted = ["RosterAdopted"] * 2
        assert made.kinds(task)[-4:] == ["TaskThawed", *adopted, "AssignmentAcknowledged"]
        await replayed(made.handle(task))


async def test_a_thaw_brings_the_first_of_many_rosters(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many as the time allows for; the others come before the next command."""
    task = await deployment.issue()
    await deployment.until_kinds(task, "TaskIssued")
    foreign = deployment.fork(task)
    await deployment.done("U03", task, "acknowledge")
    await deployment.until_frozen(task)
    await ended(deployment, monkeypatch)
    reason = text_commitment("as the trail has it")
    await deployment.done("convener", task, "thaw", reason=reason, expect=foreign)
    await deployment.until_kinds(task, "CancellationRequested", "RosterAdopted", "TaskThawed")
    await deployment.recorded(await deployment.done("U03", task, "acknowledge"))
    kinds = ["TaskThawed", "RosterAdopted", "AssignmentAcknowledged"]
    assert deployment.kinds(task)[-3:] == kinds
    await replayed(deployment.handle(task))


async def test_rosters_that_an_older_worker_refused_stay_refused(
    temporal: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It took them for an update of an unknown name; a newer one goes on with its run and hears of more."""
    monkeypatch.setattr(owed_rosters, "AT_ONCE", 1)
    made = Deployment.prepared(temporal, tmp_path)
    with monkeypatch.context() as older:
        definition = workflow._Definition.must_from_class(TaskWorkflow)
        older.delitem(definition.updates, ROSTERS_UPDATE)
        bare = UnsandboxedWorkflowRunner()
        async with composition.make_worker(made.client, made.store, made.settings, bare):
            await made.found(keys=("U01",))
            task = await made.issue()
            await registered(made, "U02", "U03")
            assert refusal(await made.act("U03", task, "acknowledge")) == "UNKNOWN_ACTION"
            await made.recorded(await made.done("U01", task, "acknowledge"))
    async with made.worker():
        await made.recorded(await made.done("U03", task, "acknowledge"))
        adopted = ["RosterAdopted"] * 2
        kinds = ["TaskIssued", "AssignmentAcknowledged", *adopted, "AssignmentAcknowledged"]
        assert made.kinds(task) == kinds
        await replayed(made.handle(task))
    made.store.close()


async def test_a_key_behind_rosters_that_were_not_taken_hears_why(
    temporal: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not that it is unknown: the stream would know it if it took any."""
    monkeypatch.setattr(owed_rosters, "AT_ONCE", 1)
    async with heard_of_none(temporal, tmp_path) as (made, task):
        made.fork(task)
        await made.done("U01", task, "acknowledge")
        await made.until_frozen(task)
        await registered(made, "U02", "U03")
        assert refusal(await made.act("U03", task, "acknowledge")) == "FROZEN"
        assert refusal(await made.act("U01", task, "acknowledge")) == "FROZEN"


async def test_a_bug_that_rosters_meet_says_nothing_about_the_command(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are sent again, as where no answer came."""
    task = await behind(deployment, monkeypatch)
    rehearse, bugs = TaskStream.rehearse_rosters, [ZeroDivisionError()] * 2

    def at_first_a_bug(stream: TaskStream, message: RostersMessage, *beside: Any) -> None:
        if bugs:
            raise bugs.pop()
        rehearse(stream, message, *beside)

    monkeypatch.setattr(TaskStream, "rehearse_rosters", at_first_a_bug)
    await deployment.recorded(await deployment.done("U03", task, "acknowledge"))
    assert bugs == []
    adopted = ["RosterAdopted"] * 2
    assert deployment.kinds(task) == ["TaskIssued", *adopted, "AssignmentAcknowledged"]


async def test_rosters_that_find_no_room_at_all_are_no_unknown_outcome(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command behind them was not sent; one that was recorded earlier has its receipt."""
    task = await deployment.issue()
    stream, sign = ids.task_stream(task), deployment.parties.sign
    earlier = sign("U03", stream, "acknowledge", {})
    receipt = accepted(await deployment.engine.submit(earlier))
    await deployment.recorded(receipt)
    await ended(deployment, monkeypatch)

    def full(*_: object) -> None:
        raise BacklogFullError(stream=stream)

    monkeypatch.setattr(TaskStream, "rehearse_rosters", full)
    deployment.engine._patience = timedelta(seconds=1)
    progress = sign("U03", stream, "progress", {"percent": 10})
    assert refusal(await deployment.engine.submit(progress)) == "BACKLOG_FULL"
    again = accepted(await deployment.engine.submit(earlier))
    assert (again.events, again.already) == (receipt.events, True)


async def test_rosters_of_which_a_stream_says_less_come_again(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its answer names the version that it has; one before that of the steps is no reason to go on."""
    task = await behind(deployment, monkeypatch)
    adopt, said = TaskStream.adopt_rosters, []

    def at_first_nothing(
        stream: TaskStream, message: RostersMessage, update: str, now: datetime
    ) -> RostersAnswer:
        said.append(update)
        return adopt(stream, message, update, now) if len(said) > 1 else RostersAnswer(version=1)

    monkeypatch.setattr(TaskStream, "adopt_rosters", at_first_nothing)
    await deployment.recorded(await deployment.done("U03", task, "acknowledge"))
    assert len(set(said)) == len(said) == 2
    adopted = ["RosterAdopted"] * 2
    assert deployment.kinds(task) == ["TaskIssued", *adopted, "AssignmentAcknowledged"]


async def replayed(handle: WorkflowHandle[Any, Any]) -> None:
    """A workflow's history so far, replayed with today's code."""
    replayer = Replayer(
        workflows=[TaskWorkflow, ConferenceWorkflow],
        data_converter=DATA_CONVERTER,
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    history = await handle.fetch_history()
    text = json.loads(history.to_json())
    await replayer.replay_workflow(WorkflowHistory.from_json(history.workflow_id, text))
