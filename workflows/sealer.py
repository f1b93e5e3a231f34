"""The sealer: it keeps one sealing activity going, for ever (workflows).

Lifecycle: started with the deployment (id `sealer`) and found again at every start of a worker; one
activity at a time, about an hour each; continues as new after a day of rounds. What is sealed and
signed stands in the store: the workflow itself knows nothing, and should two activities ever run at
a time (a worker stopped and woken), the store makes one tree of it.

A cancel request ends the round, not the sealer, as in the mailroom.
"""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.options import SEAL_EVENTS_OPTIONS
    from lianxi.messages import SEAL_EVENTS, SEALER_WORKFLOW, SealerInput, SealRound
    from workflows.door import StrangersRefused

ROUNDS_PER_RUN = 24
PAUSE_AFTER_FAILURE = timedelta(minutes=1)


@workflow.defn(name=SEALER_WORKFLOW)
class SealerWorkflow(StrangersRefused):
    """Seals the events of all conferences as long as the deployment lives."""

    @workflow.init
    def __init__(self, order: SealerInput) -> None:
        self._order = order
        self._rounds = 0

    @workflow.run
    async def run(self, order: SealerInput) -> None:
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
            result: SealRound = await workflow.execute_activity(
                SEAL_EVENTS, self._order, result_type=SealRound, **SEAL_EVENTS_OPTIONS
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

    def _describe(self, last: SealRound) -> None:
        workflow.set_current_details(
            f"Round {self._rounds + 1} of {ROUNDS_PER_RUN}. Last round: {last.sealed} sealed, "
            f"{last.signed} checkpoints signed; at its end {last.left} events do not fit, "
            f"{last.unsigned} conferences are not signed; ended by {last.ended}."
        )
