"""ConferenceWorkflow: one joint conference: its founding, its roster, its register of tasks.

Lifecycle: started with the founding command; seals `ConferenceFounded`; then registers keys and
tasks through one door (`command`), records everything in batches, continues as new when its
history is long. It does not end.
"""

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from lianxi.domain.engine import NEWEST_ENGINE
    from lianxi.domain.refusal import Refusal
    from lianxi.messages import CONFERENCE_WORKFLOW, ConferenceInput
    from lianxi.streams.conference_stream import ConferenceStream
    from workflows.door import CommandDoor, refused
    from workflows.running import StreamLoop


@workflow.defn(name=CONFERENCE_WORKFLOW)
class ConferenceWorkflow(CommandDoor):
    """Waits; what it decides stands in `ConferenceStream`."""

    @workflow.init
    def __init__(self, given: ConferenceInput) -> None:
        self._unstartable: ApplicationError | None = None
        try:
            self._stream = ConferenceStream.open(given, workflow.now())
        except Refusal as refusal:
            # raised here it would fail the workflow task for ever; `run` fails the workflow
            self._unstartable = refused(refusal)
            return
        self._loop = StreamLoop(self._stream, given.tuning)

    @workflow.run
    async def run(self, given: ConferenceInput) -> None:
        """Live on, through as many runs as it takes."""
        if self._unstartable is not None:
            raise self._unstartable
        await self._loop.run(lambda: self._continue_as_new(given))

    def _continue_as_new(self, given: ConferenceInput) -> None:
        carry = self._stream.carry(workflow.now())
        # as a task's: the one place where a running stream moves up to the rules of this release
        update = {"envelope": None, "carry": carry, "engine": NEWEST_ENGINE}
        workflow.continue_as_new(given.model_copy(update=update))
