"""The mailroom of one channel: it keeps one sending activity going, for ever (workflows).

Lifecycle: started with the deployment (id `mailroom/<channel>`) and found again at every start of a
worker; goes on as `rounds` says. What is to be sent and what became of it stands in the store: the
workflow itself knows nothing.
"""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.options import DELIVER_NOTICES_OPTIONS
    from lianxi.messages import DELIVER_NOTICES, MAILROOM_WORKFLOW, MailroomInput
    from lianxi.notices.outcomes import RoundResult
    from workflows.rounds import Rounds, Work


@workflow.defn(name=MAILROOM_WORKFLOW)
class MailroomWorkflow(Rounds):
    """Sends the notices of one channel as long as the deployment lives."""

    @workflow.run
    async def run(self, order: MailroomInput) -> None:
        """Never returns, only continues as new."""
        options = DELIVER_NOTICES_OPTIONS.copy()
        options["summary"] = f"channel {order.channel}"
        await self._keep_going(Work(DELIVER_NOTICES, RoundResult, options), order)

    def _described(self, last: RoundResult) -> str:
        return (
            f"Last round: {last.sent} sent, {last.superseded} superseded, {last.failed} failed, "
            f"{last.retry} to be tried again; ended by {last.ended}."
        )
