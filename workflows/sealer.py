"""The sealer: it keeps one sealing activity going, for ever (workflows).

Lifecycle: started with the deployment (id `sealer`) and found again at every start of a worker; goes
on as `rounds` says. What is sealed and signed stands in the store: the workflow itself knows
nothing, and should two activities ever run at a time (a worker stopped and woken), the store makes
one tree of it.
"""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.options import SEAL_EVENTS_OPTIONS
    from lianxi.messages import SEAL_EVENTS, SEALER_WORKFLOW, SealerInput, SealRound
    from workflows.rounds import Rounds, Work


@workflow.defn(name=SEALER_WORKFLOW)
class SealerWorkflow(Rounds):
    """Seals the events of all conferences as long as the deployment lives."""

    @workflow.run
    async def run(self, order: SealerInput) -> None:
        """Never returns, only continues as new."""
        await self._keep_going(Work(SEAL_EVENTS, SealRound, SEAL_EVENTS_OPTIONS), order)

    def _described(self, last: SealRound) -> str:
        return (
            f"Last round: {last.sealed} sealed, {last.signed} checkpoints signed; at its end "
            f"{last.left} events do not fit, {last.unsigned} conferences are not signed; "
            f"ended by {last.ended}."
        )
