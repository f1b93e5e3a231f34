"""The mailroom of one channel: it keeps one sending activity going, for ever (workflows).

Lifecycle: started with the deployment (id `mailroom/<channel>`) and found again at every start of
a worker; one activity at a time, about an hour each; continues as new after a day of rounds. What
is to be sent and what became of it stands in the store: the workflow itself knows nothing.

A cancel request ends the round, not the mailroom: the run continues as new and sends on, because
a slip in the Temporal UI must not silence a channel. Who wants it stopped terminates it; the next
worker to start brings it back.
"""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.options import DELIVER_NOTICES_OPTIONS
    from lianxi.messages import DELIVER_NOTICES, MAILROOM_WORKFLOW, MailroomInput
    from lianxi.notices.outcomes import RoundResult
    from workflows.door import StrangersRefused

ROUNDS_PER_RUN = 24
PAUSE_AFTER_FAILURE = timedelta(minutes=1)


@workflow.defn(name=MAILROOM_WORKFLOW)
class MailroomWorkflow(StrangersRefused):
    """Sends the notices of one channel as long as the deployment lives."""

    @workflow.init
    def __init__(self, order: MailroomInput) -> None:
        self._order = order
        self._rounds = 0
        self._options = DELIVER_NOTICES_OPTIONS.copy()
        self._options["summary"] = f"channel {order.channel}"

    @workflow.run
    async def run(self, order: MailroomInput) -> None:
        """Round after round; never returns, only continues as new."""
        going_on = True
        while going_on and self._rounds < ROUNDS_PER_RUN:
            going_on = await self._round()
            self._rounds += 1
            if workflow.info().is_continue_as_new_suggested():
                break
        workflow.continue_as_new(order)

    async def _round(self) -> bool:
        """One round; False when this run was asked to cancel and should make way for the next."""
        try:
            result: RoundResult = await workflow.execute_activity(
                DELIVER_NOTICES, self._order, result_type=RoundResult, **self._options
            )
        except asyncio.CancelledError:
            return False
        except ActivityError as error:
            if is_cancelled_exception(error):
                return False
            workflow.logger.warning("A round failed", exc_info=True)
            return await self._pause()
        self._describe(result)
        return result.ended != "cancelled"

    async def _pause(self) -> bool:
        try:
            await workflow.sleep(PAUSE_AFTER_FAILURE, summary="pause after a failed round")
        except asyncio.CancelledError:
            return False
        return True

    def _describe(self, last: RoundResult) -> None:
        workflow.set_current_details(
            f"Channel {self._order.channel}, round {self._rounds + 1} of {ROUNDS_PER_RUN}. "
            f"Last round: {last.sent} sent, {last.superseded} superseded, "
            f"{last.failed} failed, {last.retry} to be tried again; ended by {last.ended}."
        )
