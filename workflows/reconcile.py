"""One comparison of trail and Temporal (workflows).

Lifecycle: started by the Schedule `reconcile` every few minutes, or when somebody asks; one
activity; ends with its result. What came out stands on the stream `audit`: the workflow itself
decides nothing and keeps nothing.
"""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.options import RECONCILE_OPTIONS
    from lianxi.messages import RECONCILE, RECONCILE_WORKFLOW, ReconcileInput, ReconcileResult


@workflow.defn(name=RECONCILE_WORKFLOW)
class ReconcileWorkflow:
    """Runs the activity once."""

    @workflow.run
    async def run(self, given: ReconcileInput) -> ReconcileResult:
        """The result of the comparison."""
        result: ReconcileResult = await workflow.execute_activity(
            RECONCILE, given, result_type=ReconcileResult, **RECONCILE_OPTIONS
        )
        return result
