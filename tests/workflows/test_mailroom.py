"""Notices travel: from an event through outbox and mailroom into the mailbox, once."""

from sqlalchemy import select
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy

from lianxi import ids
from lianxi.messages import MAILROOM_WORKFLOW, MailroomInput
from lianxi.store.tables import mailbox
from tests.deployment import Deployment, eventually


async def start_mailroom(deployment: Deployment) -> None:
    """A mailroom of this test's own queue; production has one per deployment."""
    client: Client = deployment.client
    await client.start_workflow(
        MAILROOM_WORKFLOW,
        MailroomInput(channel="mailbox"),
        id=f"{deployment.parties.conference}/mailroom",
        task_queue=deployment.settings.task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
    )


def letters(deployment: Deployment) -> list[tuple[str, str]]:
    """Who got which kind of letter."""
    with deployment.store.engine.connect() as connection:
        rows = connection.execute(select(mailbox.c.unit, mailbox.c.kind)).all()
    return sorted((row.unit, row.kind) for row in rows)


async def test_every_notice_arrives_once(deployment: Deployment) -> None:
    """Units hear of the issue, the office of the acknowledgement; outcomes are events."""
    await start_mailroom(deployment)
    task = await deployment.issue()
    await deployment.done("U01", task, "acknowledge")
    wanted = [("U01", "issued"), ("U02", "issued"), ("U03", "issued"), ("office", "acknowledged")]
    await eventually(lambda: letters(deployment) == wanted)
    outcomes = await eventually(
        lambda: found if len(found := deployment.events(ids.mail_stream("mailbox"))) == 4 else None
    )
    assert {event.kind for event in outcomes} == {"NoticeSent"}
    assert {event.basis for event in outcomes} == {"observation"}


async def test_a_cancelled_mailroom_goes_on(deployment: Deployment) -> None:
    """A slip in the Temporal UI does not silence a channel: the next notice still arrives."""
    await start_mailroom(deployment)
    await deployment.issue("first")
    await eventually(lambda: len(letters(deployment)) == 3)
    handle = deployment.client.get_workflow_handle(f"{deployment.parties.conference}/mailroom")
    await handle.cancel()
    await deployment.issue("second")
    await eventually(lambda: len(letters(deployment)) == 6)
