"""A task's whole life on the real server, recorded in a real store."""

from lianxi import ids
from tests.deployment import Deployment
from tests.parties import text_commitment


async def test_whole_life(deployment: Deployment) -> None:
    """Issue, acknowledge, progress, submit, return, submit, accept, close: every step recorded."""
    task = await deployment.issue()
    await deployment.done("U01", task, "acknowledge")
    await deployment.done("U01", task, "progress", percent=40)
    submitted = await deployment.submit("U01", task)
    head = submitted.events[-1].hash
    await deployment.done(
        "office",
        task,
        "return",
        unit="U01",
        submission=head,
        reason=text_commitment("figures are missing"),
        due={"rule": "duration", "seconds": 86_400 * 5},
        expect=head,
    )
    again = (await deployment.submit("U01", task)).events[-1].hash
    last = await deployment.done(
        "convener", task, "accept", unit="U01", submission=again, expect=again
    )
    closed = await deployment.done(
        "convener",
        task,
        "close",
        verdict="not-implemented",
        reason=text_commitment("the others did not act"),
        expect=last.events[-1].hash,
    )
    await deployment.recorded(closed)
    assert deployment.kinds(task) == [
        "TaskIssued",
        "AssignmentAcknowledged",
        "ProgressReported",
        "CompletionSubmitted",
        "CompletionReturned",
        "AssignmentAcknowledged",
        "CompletionSubmitted",
        "CompletionAccepted",
        "AssignmentWithdrawn",
        "AssignmentWithdrawn",
        "TaskClosed",
    ]
    conference = deployment.events(ids.CONFERENCE_STREAM)
    assert conference[-1].kind == "TaskRegistered"
