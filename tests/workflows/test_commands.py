"""Many units, repeated, conflicting and squatted requests, on the real server."""

import asyncio
from pathlib import Path

import pytest
from temporalio.client import Client, WorkflowUpdateFailedError

from lianxi import ids
from lianxi.messages import COMMAND_UPDATE, CommandAnswer, CommandMessage, Tuning
from lianxi.proof.commands import open_command, update_id
from lianxi.proof.rosters import roster_hash
from tests.deployment import Deployment, accepted, eventually, refusal
from tests.parties import text_commitment

UNITS = tuple(f"U{number:02d}" for number in range(1, 29))


async def test_28_units_at_once(temporal: Client, tmp_path: Path) -> None:
    """Everybody acknowledges and submits at the same time; nothing is lost or doubled."""
    async with Deployment.running(temporal, tmp_path, units=UNITS) as deployment:
        task = await deployment.issue()
        await asyncio.gather(*(deployment.done(u, task, "acknowledge") for u in UNITS))
        receipts = await asyncio.gather(*(deployment.submit(u, task) for u in UNITS))
        last = max(receipts, key=lambda receipt: receipt.events[-1].seq)
        await deployment.recorded(last)
        events = deployment.events(ids.task_stream(task))
    assert [event.seq for event in events] == list(range(1, 58))
    for kind in ("AssignmentAcknowledged", "CompletionSubmitted"):
        assert sorted(e.data["unit"] for e in events if e.kind == kind) == list(UNITS)


async def test_the_same_command_again_gets_the_first_receipt(deployment: Deployment) -> None:
    """Sent 20 times at once and once more later: one event, one hash."""
    task = await deployment.issue()
    envelope = deployment.parties.sign("U01", ids.task_stream(task), "acknowledge", {})
    outcomes = await asyncio.gather(*(deployment.engine.submit(envelope) for _ in range(20)))
    outcomes.append(await deployment.engine.submit(envelope))
    hashes = {accepted(outcome).events[0].hash for outcome in outcomes}
    assert len(hashes) == 1
    await deployment.recorded(accepted(outcomes[0]))
    assert deployment.kinds(task) == ["TaskIssued", "AssignmentAcknowledged"]


async def test_one_request_id_for_two_commands_is_refused(deployment: Deployment) -> None:
    """The second command is another one; a receipt for it would be a lie."""
    task = await deployment.issue()
    first = await deployment.done("U01", task, "acknowledge")
    again = await deployment.act("U01", task, "progress", percent=10, request_id=first.request_id)
    assert refusal(again) == "REQUEST_CONFLICT"
    other = await deployment.act("U02", task, "acknowledge", request_id=first.request_id)
    accepted(other)  # another unit's table: ids are nobody's property


async def test_a_squatted_update_id_is_refused(deployment: Deployment) -> None:
    """A command under another command's update id would answer for it; it leaves no trace."""
    task = await deployment.issue()
    victim = open_command(deployment.parties.sign("U01", ids.task_stream(task), "acknowledge", {}))
    squatter = deployment.parties.sign("U02", ids.task_stream(task), "acknowledge", {})
    with pytest.raises(WorkflowUpdateFailedError) as failed:
        await deployment.handle(task).execute_update(
            COMMAND_UPDATE,
            CommandMessage(envelope=squatter),
            id=update_id(victim.payload.request_id, victim.digest),
            result_type=CommandAnswer,
        )
    assert getattr(failed.value.cause, "type", None) == "UPDATE_ID_MISMATCH"
    accepted(await deployment.engine.submit(victim.text))
    history = await deployment.handle(task).fetch_history()
    accepts = [
        event
        for event in history.events
        if event.HasField("workflow_execution_update_accepted_event_attributes")
    ]
    assert len(accepts) == 1


async def test_a_command_for_elsewhere_is_refused(deployment: Deployment) -> None:
    """Another founding of the same conference is another origin; another conference is unknown."""
    task = await deployment.issue()
    stream = ids.task_stream(task)
    refounded = deployment.parties.origin[:-16] + "f" * 16
    for origin, code in (
        (refounded, "ORIGIN_MISMATCH"),
        ("lianxi.example/lianxi/other/0123456789abcdef", "UNKNOWN_TASK"),
    ):
        envelope = deployment.parties.sign("U01", stream, "acknowledge", {}, origin=origin)
        assert refusal(await deployment.engine.submit(envelope)) == code


async def test_a_tampered_envelope_leaves_no_trace(deployment: Deployment) -> None:
    """The signature fails in the validator: not in history, not in the trail."""
    task = await deployment.issue()
    envelope = deployment.parties.sign("U01", ids.task_stream(task), "acknowledge", {})
    forged = deployment.parties.sign("U02", ids.task_stream(task), "acknowledge", {})
    swapped = envelope.replace(
        envelope.split('"sig":"')[1].split('"')[0], forged.split('"sig":"')[1].split('"')[0]
    )
    assert refusal(await deployment.engine.submit(swapped)) == "SIGNATURE_INVALID"
    history = await deployment.handle(task).fetch_history()
    assert not any(
        event.HasField("workflow_execution_update_accepted_event_attributes")
        for event in history.events
    )


async def test_refusals_by_rule_reach_the_caller(deployment: Deployment) -> None:
    """With code and params of the domain."""
    task = await deployment.issue(units=["U01"])
    assert refusal(await deployment.act("U02", task, "acknowledge")) == "NOT_YOUR_ASSIGNMENT"
    assert refusal(await deployment.act("auditor", task, "acknowledge")) == "ROLE_NOT_ALLOWED"
    assert refusal(await deployment.act("U01", "T-9999", "acknowledge")) == "UNKNOWN_TASK"
    await deployment.done("U01", task, "acknowledge")
    assert refusal(await deployment.act("U01", task, "acknowledge")) == "ALREADY_SO"


async def test_the_same_file_is_found_again(deployment: Deployment) -> None:
    """Issue twice with the same content: one task; with other content: refused."""
    task = await deployment.issue("plan-7")
    parties = deployment.parties
    again = await deployment.engine.submit(parties.issuing("plan-7"))
    assert refusal(again) == "ALREADY_REGISTERED"
    other = parties.issuing("plan-7", title=text_commitment("another title"))
    assert refusal(await deployment.engine.submit(other)) == "ISSUE_DIFFERS"
    assert await deployment.issue("plan-8") != task


async def test_a_key_registered_later_acts_on_an_older_task(
    temporal: Client, tmp_path: Path
) -> None:
    """The stream adopts the newer roster with the first command that needs it."""
    deployment = Deployment.prepared(temporal, tmp_path)
    async with deployment.worker():
        await deployment.found(keys=("U01",))
        task = await deployment.issue()
        assert refusal(await deployment.act("U02", task, "acknowledge")) == "KEY_UNKNOWN"
        for unit in ("U02", "U03"):
            receipt = accepted(await deployment.engine.submit(deployment.parties.registering(unit)))
        await deployment.recorded(receipt)
        receipt = await deployment.done("U03", task, "acknowledge")
        await deployment.recorded(receipt)
        assert deployment.kinds(task)[1:] == ["RosterAdopted"] * 2 + ["AssignmentAcknowledged"]
        assert deployment.events(ids.task_stream(task))[-1].roster == roster_hash(
            deployment.parties.roster
        )
    deployment.store.close()


async def test_continue_as_new_with_commands_in_flight(temporal: Client, tmp_path: Path) -> None:
    """Forced every five commands under fire: every command answered once, no gap, many runs."""
    tuning = Tuning(continue_after_commands=5)
    async with Deployment.running(temporal, tmp_path, units=UNITS, tuning=tuning) as deployment:
        task = await deployment.issue()
        handle = deployment.handle(task)
        first_run = (await handle.describe()).run_id
        first = deployment.parties.sign("U01", ids.task_stream(task), "acknowledge", {})
        earliest = accepted(await deployment.engine.submit(first))
        await asyncio.gather(*(deployment.done(u, task, "acknowledge") for u in UNITS[1:]))
        receipts = await asyncio.gather(*(deployment.submit(u, task) for u in UNITS))

        async def continued() -> bool:
            return (await handle.describe()).run_id != first_run

        # between two record activities, each of which stays a moment
        await eventually(continued)
        # a run later Temporal has forgotten the update id; the request table has not
        again = accepted(await deployment.engine.submit(first))
        assert again.already
        assert again.events == earliest.events
        await deployment.recorded(max(receipts, key=lambda r: r.events[-1].seq))
        events = deployment.events(ids.task_stream(task))
    assert len(events) == 57
