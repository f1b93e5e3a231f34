"""The one door into a stream's workflow: the update `command`, and how refusals leave it.

Beside it what all workflows do with messages of other names: `StrangersRefused`. A task has a second
one, for rosters alone (`workflows/task.py`).

Workflow layer. Handlers finish within the workflow task that brought them: they never await, so
commands cannot pile up against the server's limit of updates in flight.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from lianxi.domain.refusal import Refusal
from lianxi.messages import (
    COMMAND_UPDATE,
    STATE_QUERY,
    CommandAnswer,
    CommandMessage,
    RefusalDetail,
)
from lianxi.streams.conference_stream import ConferenceStream
from lianxi.streams.refusals import UnknownActionError
from lianxi.streams.task_stream import TaskStream
from workflows.running import StreamLoop

INTERNAL = "INTERNAL"


class StrangersRefused:
    """What every workflow that lives for long does with messages that nobody of ours sends."""

    @workflow.update(dynamic=True)
    def unknown_update(self, name: str, _args: Sequence[RawValue]) -> None:
        """Refuse an update of another name, but accept it first.

        Turned away unread it would leave no history, and reconciliation could not name it.
        """
        workflow.logger.warning("an update of an unknown name", extra={"update": name[:64]})
        raise unknown(name)

    @workflow.signal(dynamic=True)
    def unknown_signal(self, name: str, _args: Sequence[RawValue]) -> None:
        """Drop a signal: there are none. Without a handler the SDK would keep it for ever."""
        workflow.logger.warning("a signal", extra={"signal": name[:64]})


class CommandDoor(StrangersRefused):
    """What a task's and a conference's workflow have in common besides the loop."""

    _stream: TaskStream | ConferenceStream
    _loop: StreamLoop
    _turned_away = 0
    """In this worker's memory only: nothing is decided by it."""

    @workflow.update(name=COMMAND_UPDATE)
    def command(self, message: CommandMessage) -> CommandAnswer:
        """Answer a signed command, or refuse it by rule."""
        self._loop.count_command()
        try:
            answer = self._stream.answer(message, update_id(), workflow.now())
        except Refusal as refusal:
            workflow.logger.debug("command refused", extra={"code": refusal.code})
            raise refused(refusal) from None
        receipt = answer.receipt
        workflow.logger.debug(
            "command answered",
            extra={"action": receipt.action, "seq": receipt.events[-1].seq},
        )
        return answer

    @command.validator
    def _check_command(self, message: CommandMessage) -> None:
        """Turn away, without a trace in history, what is unsigned or would trip over a bug.

        A refusal by rule passes on to the handler, which repeats it to the caller.
        """
        with self._turning_away():
            self._stream.rehearse(message, update_id(), workflow.now())

    @contextmanager
    def _turning_away(self) -> Iterator[None]:
        """What a validator finds wrong reaches the caller, and no history."""
        try:
            yield
        except Refusal as refusal:
            self._say_turned_away(refusal.code)
            raise refused(refusal) from None
        except Exception as error:
            workflow.logger.exception("an update tripped over a bug")
            raise _application_error(INTERNAL, {"error": type(error).__name__}) from error

    def _say_turned_away(self, code: str) -> None:
        """A line for the 1st, 10th, 100th …: whoever floods the door does not flood the log."""
        self._turned_away += 1
        if str(self._turned_away).rstrip("0") == "1":
            extra = {"code": code, "count": self._turned_away}
            workflow.logger.warning("commands turned away unread", extra=extra)

    @workflow.query(name=STATE_QUERY)
    def state(self) -> str:
        """Where it stands, for debugging only; reads come from the store."""
        return self._stream.details()


def refused(refusal: Refusal) -> ApplicationError:
    """The error a caller sees for a refusal; its type is the refusal's code."""
    return _application_error(refusal.code, refusal.params)


def unknown(name: str) -> ApplicationError:
    """The error that an update of another name meets."""
    return _application_error(UnknownActionError.code, {"action": name[:64]})


def _application_error(code: str, params: dict[str, str | int]) -> ApplicationError:
    detail = RefusalDetail(code=code, params=params)
    return ApplicationError(code, detail, type=code, non_retryable=True)


def update_id() -> str:
    """What the update that is under way came in under."""
    info = workflow.current_update_info()
    return info.id if info is not None else ""
