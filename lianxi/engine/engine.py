"""Found, submit, start: how commands reach workflows (engine layer).

Every RPC error but NOT_FOUND means "unknown": the same update id is sent again until the patience
is over, then the answer is `Pending`. Before "not found" or "expired" is believed the trail is
asked, since Temporal forgets workflows after the retention and a run its requests in time.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from temporalio.client import (
    Client,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from lianxi import ids
from lianxi.domain.conference.refusals import ZoneUnknownError
from lianxi.domain.engine import NEWEST_ENGINE
from lianxi.domain.refusal import Refusal
from lianxi.domain.task.commands import ThawStream
from lianxi.domain.task.state import TaskPhase
from lianxi.engine.outcomes import Accepted, Outcome, Pending, Refused
from lianxi.engine.owed_rosters import OwedRosters, beside_thaw
from lianxi.engine.reconciling import keep_schedule, reconcile_now
from lianxi.engine.way import Way
from lianxi.messages import (
    COMMAND_UPDATE,
    CONFERENCE_WORKFLOW,
    MAILROOM_WORKFLOW,
    ROSTERS_UPDATE,
    SEALER_WORKFLOW,
    TASK_WORKFLOW,
    CommandAnswer,
    CommandMessage,
    ConferenceInput,
    MailroomInput,
    ReconcileResult,
    RefusalDetail,
    RostersAnswer,
    SealerInput,
    TaskInput,
    TaskStart,
    Tuning,
)
from lianxi.ports import PendingTask, Trail
from lianxi.proof.commands import (
    CommandPayload,
    SignedCommand,
    check_standing,
    open_command,
    update_id,
)
from lianxi.proof.events import open_event
from lianxi.proof.refusals import KeyUnknownError
from lianxi.proof.rosters import RosterStep
from lianxi.streams.conference_stream import ConferenceStream
from lianxi.streams.refusals import BacklogFullError
from lianxi.streams.thawing import pack

PATIENCE = timedelta(seconds=15)
"""How long a caller waits before PENDING: a workflow task caught by a crash takes 8 to 9 seconds."""

RPC_TIMEOUT = timedelta(seconds=10)
MIN_RPC_SECONDS = 1.0
RETRY_PAUSE = timedelta(milliseconds=250)

BACKLOG_FULL = BacklogFullError.code

ResultT = TypeVar("ResultT")


class Engine:
    """Commands in, outcomes out. Needs a client of Temporal and the trail; keeps no state of its own."""

    def __init__(
        self,
        client: Client,
        trail: Trail,
        *,
        task_queue: str = ids.TASK_QUEUE,
        patience: timedelta = PATIENCE,
        tuning: Tuning | None = None,
    ) -> None:
        self._client = client
        self._trail = trail
        self._task_queue = task_queue
        self._patience = patience
        self._tuning = tuning or Tuning()
        self._owed = OwedRosters(trail)

    # --- commands ---

    async def submit(self, envelope: str) -> Outcome:
        """Send a signed command to the workflow of its stream and say what became of it."""
        try:
            signed = open_command(envelope)
        except Refusal as refusal:
            return Refused(refusal.code, refusal.params)
        payload = signed.payload
        conference = ids.conference_of_origin(payload.origin)
        workflow_id = ids.stream_workflow_id(conference, payload.stream)
        if workflow_id is None:
            return Refused("WRONG_STREAM", {"stream": payload.stream})
        return await self._until_known(signed, workflow_id)

    async def found(self, envelope: str) -> Outcome:
        """Found a conference: check everything, start its workflow, fetch the receipt."""
        try:
            signed = open_command(envelope)
            given = ConferenceInput(
                conference=ids.conference_of_origin(signed.payload.origin),
                origin=signed.payload.origin,
                engine=NEWEST_ENGINE,
                envelope=envelope,
                tuning=self._tuning,
            )
            founded = ConferenceStream.open(given, datetime.now(UTC))
            _check_zone(founded.state.zone)
        except Refusal as refusal:
            return Refused(refusal.code, refusal.params)
        started = await self._started(
            CONFERENCE_WORKFLOW,
            given,
            ids.conference_workflow_id(given.conference),
            f"conference {given.conference}",
        )
        if not started:
            return Pending(signed.payload.request_id)
        outcome = await self.submit(envelope)
        if isinstance(outcome, Refused) and outcome.code == "ORIGIN_MISMATCH":
            return Refused("ALREADY_FOUNDED", {"conference": given.conference})
        return outcome

    async def _until_known(self, signed: SignedCommand, workflow_id: str) -> Outcome:
        """Send the same updates until their outcome is known or the patience is over."""
        payload = signed.payload
        way = await self._way(signed)
        if not isinstance(way, Way):
            return way
        deadline = _clock() + self._patience.total_seconds()
        while True:
            refused: Refused | None = None
            try:
                left = max(deadline - _clock(), MIN_RPC_SECONDS)
                answer = await self._send(way, signed, workflow_id, left)
            except WorkflowUpdateFailedError as error:
                refused = _refusal(error)
                known = await self._second_look(refused, signed, way)
                if not isinstance(known, Way):
                    return known
                if known is not way:
                    way = known
                    continue
            except WorkflowUpdateRPCTimeoutOrCancelledError:
                pass  # no answer in time: it may have been done
            except RPCError as error:
                if _workflow_missing(error):
                    outcome = await self._not_found(payload, signed.digest)
                    if outcome is not None:
                        return outcome
            else:
                if isinstance(answer, CommandAnswer):
                    return await self._settled(answer, signed, deadline)
                known = way.heard(answer.version)
                further, way = len(known.before) < len(way.before), known
                if further and _clock() < deadline:
                    continue
            if _clock() >= deadline:
                return await self._given_up(refused, payload, signed.digest)
            await asyncio.sleep(RETRY_PAUSE.total_seconds())

    async def _way(self, signed: SignedCommand) -> Way | Outcome:
        """What is sent, in its order; the outcome where that is known before."""
        payload = signed.payload
        owed: Sequence[RosterStep] = ()
        if ids.task_of_stream(payload.stream) is not None:
            owed = await self._read(lambda: self._owed.of(payload.origin, payload.stream))
        if payload.action != ThawStream.action:
            return Way.bringing(signed, owed)
        # a frozen stream seals nothing before it is thawed, no roster either
        brought = beside_thaw(owed)
        if len(brought) < len(owed):
            outcome = await self._left_out(payload, signed.digest)
            if outcome is not None:
                return outcome
        message = CommandMessage(envelope=signed.text, roster_steps=brought)
        thawing = await self._with_stored(message, payload)
        return (
            Refused("STORED_TOO_LARGE", {"stream": payload.stream})
            if thawing is None
            else Way(thawing)
        )

    async def _given_up(
        self, refused: Refused | None, payload: CommandPayload, digest: str
    ) -> Outcome:
        """The patience is over; `refused`: what the last attempt met, if it was answered.

        Without room for the rosters before it the command was not sent at all.
        """
        if refused is None or refused.code != BACKLOG_FULL:
            return Pending(payload.request_id)
        return await self._recorded_earlier(payload, digest) or refused

    async def _left_out(self, payload: CommandPayload, digest: str) -> Outcome | None:
        """What the stream cannot hear yet: that the key has ended. None: let the stream judge."""
        newest = await self._read(lambda: self._trail.latest_roster(payload.origin))
        if newest is None:
            return None
        try:
            check_standing(payload, newest, datetime.now(UTC))
        except KeyUnknownError:
            return None
        except Refusal as refusal:
            earlier = await self._recorded_earlier(payload, digest)
            return earlier or Refused(refusal.code, refusal.params)
        return None

    async def _with_stored(
        self, message: CommandMessage, payload: CommandPayload
    ) -> CommandMessage | None:
        """With what the trail holds of the stream; None where that is too much to be sent."""
        stored = await self._read(lambda: self._trail.stored_stream(payload.origin, payload.stream))
        packed = await self._read(lambda: pack(stored.lines))
        if packed is None:
            return None
        return message.model_copy(update={"stored": packed, "stored_roster": stored.roster})

    async def _send(
        self, way: Way, signed: SignedCommand, workflow_id: str, seconds: float
    ) -> CommandAnswer | RostersAnswer:
        """The first update of the way."""
        handle = self._client.get_workflow_handle(workflow_id)
        timeout = min(RPC_TIMEOUT, timedelta(seconds=seconds))
        if way.before:
            portion = way.before[0]
            heard: RostersAnswer = await handle.execute_update(
                ROSTERS_UPDATE,
                portion.message,
                id=portion.update_id,
                result_type=RostersAnswer,
                rpc_timeout=timeout,
            )
            return heard
        answer: CommandAnswer = await handle.execute_update(
            COMMAND_UPDATE,
            way.command,
            id=update_id(signed.payload.request_id, signed.digest),
            result_type=CommandAnswer,
            rpc_timeout=timeout,
        )
        return answer

    async def _second_look(
        self, refused: Refused | None, signed: SignedCommand, way: Way
    ) -> Outcome | Way:
        """What a refusal comes to: the trail may know better, or newer rosters cure it.

        `way` itself: the same once more, after a pause. None says nothing about the command.
        """
        if refused is None:
            return way
        payload, digest = signed.payload, signed.digest
        message = way.command
        if way.before:
            if refused.code in (BACKLOG_FULL, "INTERNAL"):
                return way  # what waits is being recorded; a bug says nothing about the command
            # the stream takes no rosters now: what it says to the command counts
            left_out = await self._left_out(payload, digest)
            return left_out or way.cut(refused)
        if refused.code == "EXPIRED":
            return await self._recorded_earlier(payload, digest) or refused
        if refused.code == "KEY_UNKNOWN" and way.untaken is not None:
            return way.untaken  # the key may stand in the rosters that were not taken
        if refused.code == "KEY_UNKNOWN" and not message.roster_steps:
            steps = await self._read(
                lambda: self._trail.roster_steps(payload.origin, payload.stream)
            )
            if message.stored is not None:
                update = {"roster_steps": beside_thaw(steps)}
                return Way(message.model_copy(update=update)) if steps else refused
            if steps:
                return Way.bringing(signed, steps)
        if refused.code == "ALREADY_REGISTERED":
            await self.start_pending()
        return refused

    async def _recorded_earlier(self, payload: CommandPayload, digest: str) -> Outcome | None:
        """The outcome of a request that the trail holds; None if it holds none of this id."""
        receipt = await self._read(
            lambda: self._trail.find_receipt(payload.origin, payload.unit, payload.request_id)
        )
        if receipt is None:
            return None
        if receipt.payload_sha256 != digest:
            return Refused("REQUEST_CONFLICT", {"request_id": payload.request_id})
        return Accepted(receipt.model_copy(update={"already": True}))

    async def _not_found(self, payload: CommandPayload, digest: str) -> Outcome | None:
        """No such workflow, or one that has ended: ask the trail. None: try again."""
        earlier = await self._recorded_earlier(payload, digest)
        if earlier is not None:
            return earlier
        task = ids.task_of_stream(payload.stream)
        if task is None:
            conference = ids.conference_of_origin(payload.origin)
            return Refused("UNKNOWN_CONFERENCE", {"conference": conference})
        registered = await self._read(lambda: self._trail.registration(payload.origin, task))
        if registered is None:
            return Refused("UNKNOWN_TASK", {"task": task})
        phase = await self._read(lambda: self._trail.task_phase(payload.origin, task))
        if phase == TaskPhase.ARCHIVED:
            return Refused("TASK_ENDED", {"task": task, "state": phase})
        if phase is not None:
            return Refused("WORKFLOW_MISSING", {"task": task})
        await self._start_task(registered)
        return None

    async def _settled(
        self, answer: CommandAnswer, signed: SignedCommand, deadline: float
    ) -> Outcome:
        """The command is done; a task that got its number also needs its workflow."""
        receipt = answer.receipt
        if receipt.payload_sha256 != signed.digest:
            return Refused("INTERNAL", {"error": "foreign-receipt"})
        if receipt.task is None or receipt.stream != ids.CONFERENCE_STREAM:
            return Accepted(receipt)
        while True:
            registered = await self._registered(answer, signed)
            if registered is not None and await self._start_task(registered):
                return Accepted(receipt)
            if _clock() >= deadline:
                return Pending(receipt.request_id)
            await asyncio.sleep(RETRY_PAUSE.total_seconds())

    async def _registered(self, answer: CommandAnswer, signed: SignedCommand) -> PendingTask | None:
        """All that the task's workflow needs, from the answer or, once recorded, from the trail."""
        origin, task = answer.receipt.origin, answer.receipt.task
        if answer.registration is not None:
            registration, text = answer.registration, signed.text
            pending = await self._read(lambda: self._trail.begin(origin, registration, text))
            if pending is not None:
                return pending
        return await self._read(lambda: self._trail.registration(origin, task or ""))

    # --- reconciliation ---

    async def keep_reconciling(self, every: timedelta) -> bool:
        """See to it that trail and Temporal are compared again and again; False: not known."""
        return await keep_schedule(self._client, self._task_queue, every)

    async def reconcile(self) -> ReconcileResult | None:
        """Compare now; None when no result came within the patience."""
        return await reconcile_now(self._client, self._task_queue, self._patience)

    # --- starting ---

    async def start_pending(self) -> bool:
        """Start the workflow of every registration that has none; False if some could not be."""
        pending = await self._read(self._trail.pending_tasks)
        return all([await self._start_task(registered) for registered in pending])

    async def start_mailrooms(self, channels: tuple[str, ...]) -> bool:
        """Start, or find, the mailroom of every channel; False if some could not be."""
        started = [
            await self._started(
                MAILROOM_WORKFLOW,
                MailroomInput(channel=channel),
                ids.mailroom_workflow_id(channel),
                f"mailroom {channel}",
                reuse=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            )
            for channel in channels
        ]
        return all(started)

    async def start_sealer(self) -> bool:
        """Start, or find, the sealer; False when that is not known."""
        return await self._started(
            SEALER_WORKFLOW,
            SealerInput(),
            ids.sealer_workflow_id(),
            "sealer",
            reuse=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        )

    async def _start_task(self, registered: PendingTask) -> bool:
        """Start, or find, the workflow of a registered task; False when that is not known."""
        event = open_event(registered.registration.text.encode())
        conference = ids.conference_of_origin(registered.origin)
        task = str(event.data["task"])
        given = TaskInput(
            task=task,
            origin=registered.origin,
            engine=NEWEST_ENGINE,
            start=TaskStart(
                conference=conference,
                registration=registered.registration,
                envelope=registered.envelope,
                roster=registered.roster,
                rules=registered.rules,
                calendar=registered.calendar,
                proposal=registered.proposal,
                approval=registered.approval,
            ),
            tuning=self._tuning,
        )
        return await self._started(
            TASK_WORKFLOW, given, ids.task_workflow_id(conference, task), f"task {task}"
        )

    async def _started(
        self,
        name: str,
        given: TaskInput | ConferenceInput | MailroomInput | SealerInput,
        workflow_id: str,
        summary: str,
        *,
        # one that ended in order is never run again; one that failed to begin may be
        reuse: WorkflowIDReusePolicy = WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
    ) -> bool:
        """Whether the workflow runs or has run; False when the server did not say."""
        try:
            await self._client.start_workflow(
                name,
                given,
                id=workflow_id,
                task_queue=self._task_queue,
                id_reuse_policy=reuse,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                static_summary=summary,
                rpc_timeout=RPC_TIMEOUT,
            )
        except WorkflowAlreadyStartedError:
            return True  # it has run and ended
        except RPCError:
            return False
        return True

    async def _read(self, look: Callable[[], ResultT]) -> ResultT:
        """Look something up in the trail without holding the event loop."""
        return await asyncio.to_thread(look)


def _refusal(error: WorkflowUpdateFailedError) -> Refused | None:
    """The refusal a workflow raised; None for failures that say nothing about the command."""
    cause = error.cause
    if not isinstance(cause, ApplicationError) or not cause.details:
        return None
    detail = RefusalDetail.model_validate(cause.details[0])
    return Refused(detail.code, dict(detail.params))


def _check_zone(name: str) -> None:
    """ZoneUnknownError for a zone that this machine's tables do not have."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ZoneUnknownError(zone=name) from None


def _workflow_missing(error: RPCError) -> bool:
    """Whether the server knows no such workflow; a missing namespace says nothing about it."""
    return error.status is RPCStatusCode.NOT_FOUND and "namespace" not in error.message.lower()


def _clock() -> float:
    return asyncio.get_running_loop().time()
