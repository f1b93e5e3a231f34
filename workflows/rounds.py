"""One long activity after another, for ever: what sealer and mailrooms share (workflows).

About an hour each, one at a time; a failed round is followed by a pause and the next one. After a
day of rounds the run continues as new, so that histories stay short.

A cancel request ends the round, not the workflow: the run continues as new and goes on, because a
slip in the Temporal UI must not silence a channel or leave the trail unproven. Who wants it stopped
terminates it; the next worker to start brings it back.
"""

import asyncio
from abc import ABC, abstractmethod
from datetime import timedelta
from typing import Any, NamedTuple

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from workflows.door import StrangersRefused

ROUNDS_PER_RUN = 24
PAUSE_AFTER_FAILURE = timedelta(minutes=1)


class Work(NamedTuple):
    """The activity of a round: its name, what it answers (with `ended`), its options."""

    activity: str
    result: type[Any]
    options: workflow.ActivityConfig


class Rounds(StrangersRefused, ABC):
    """A workflow that keeps one activity going; subclasses say which, and what the UI shows."""

    _rounds = 0

    async def _keep_going(self, work: Work, order: Any) -> None:
        """Round after round; never returns, only continues as new."""
        going_on = True
        while going_on and self._rounds < ROUNDS_PER_RUN:
            going_on = await self._round(work, order)
            self._rounds += 1
            if workflow.info().is_continue_as_new_suggested():
                break
        workflow.continue_as_new(order)

    async def _round(self, work: Work, order: Any) -> bool:
        """One round; False when this run was asked to cancel and should make way for the next."""
        try:
            result = await workflow.execute_activity(
                work.activity, order, result_type=work.result, **work.options
            )
        except asyncio.CancelledError:
            return False
        except ActivityError as error:
            if is_cancelled_exception(error):
                return False
            workflow.logger.warning("A round failed", exc_info=True)
            return await self._pause()
        number = f"Round {self._rounds + 1} of {ROUNDS_PER_RUN}."
        workflow.set_current_details(f"{number} {self._described(result)}")
        return bool(result.ended != "cancelled")

    async def _pause(self) -> bool:
        try:
            await workflow.sleep(PAUSE_AFTER_FAILURE, summary="pause after a failed round")
        except asyncio.CancelledError:
            return False
        return True

    @abstractmethod
    def _described(self, last: Any) -> str:
        """What the last round did, in numbers and machine words, for the Temporal UI."""
