"""TaskWorkflow: one task, durable from issue to archive.

Lifecycle: started with a registration of the conference; seals `TaskIssued`; then takes commands
of units and the convener's side through one door (`command`), hears of rosters, fires the rungs of
the ladder at their instants, records everything in batches, continues as new when its history is
long; ends when the task is archived.
"""

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from lianxi.domain.engine import NEWEST_ENGINE
    from lianxi.domain.refusal import Refusal
    from lianxi.messages import (
        ROSTERS_UPDATE,
        TASK_WORKFLOW,
        RostersAnswer,
        RostersMessage,
        TaskInput,
    )
    from lianxi.streams.task_stream import TaskStream
    from workflows.door import CommandDoor, refused, unknown, update_id
    from workflows.running import StreamLoop


@workflow.defn(name=TASK_WORKFLOW)
class TaskWorkflow(CommandDoor):
    """Waits; what it decides stands in `TaskStream`."""

    _stream: TaskStream
    _rosters_unknown = 0
    """How often in this run a worker of an older release refused them as an update of an unknown name."""

    @workflow.init
    def __init__(self, given: TaskInput) -> None:
        self._unstartable: ApplicationError | None = None
        try:
            self._stream = TaskStream.open(given, workflow.now())
        except Refusal as refusal:
            # raised here it would fail the workflow task for ever; `run` fails the workflow
            self._unstartable = refused(refusal)
            return
        self._loop = StreamLoop(self._stream, given.tuning)

    @workflow.run
    async def run(self, given: TaskInput) -> None:
        """Live until the task is archived and everything is recorded."""
        if self._unstartable is not None:
            raise self._unstartable
        await self._loop.run(lambda: self._continue_as_new(given))

    @workflow.update(name=ROSTERS_UPDATE)
    def adopt_rosters(self, message: RostersMessage) -> RostersAnswer:
        """Hear of rosters that the next command needs and could not bring along all at once."""
        # a patch that was absent once stays so for the run: behind each refusal another one is asked
        if not workflow.patched(f"adopt-rosters-{self._rosters_unknown}"):
            self._rosters_unknown += 1
            raise unknown(ROSTERS_UPDATE)
        try:
            return self._stream.adopt_rosters(message, update_id(), workflow.now())
        except Refusal as refusal:
            raise refused(refusal) from None

    @adopt_rosters.validator
    def _check_rosters(self, message: RostersMessage) -> None:
        """Turn away, without a trace in history, steps that nobody signed or that do not fit."""
        with self._turning_away():
            self._stream.rehearse_rosters(message, update_id(), workflow.now())

    def _continue_as_new(self, given: TaskInput) -> None:
        carry = self._stream.carry(workflow.now())
        # here, and nowhere else, a running stream moves up to the rules of this release
        update = {"start": None, "carry": carry, "engine": NEWEST_ENGINE}
        workflow.continue_as_new(given.model_copy(update=update))
