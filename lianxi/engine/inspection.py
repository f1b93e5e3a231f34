"""What Temporal holds, read for reconciliation: listing, newest runs, their histories (engine layer).

Every history is read once: what was seen of a run is kept in memory, and the next look reads from
the newest event back to there. A worker that has just started reads each open run whole.
"""

import asyncio
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    GetWorkflowExecutionHistoryRequest,
    GetWorkflowExecutionHistoryReverseRequest,
)
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from lianxi.domain.roster import Roster
from lianxi.messages import COMMAND_UPDATE, RECONCILE_WORKFLOW
from lianxi.streams.reconciling import Answered, Incident, WorkflowSeen, judge

AT_ONCE = 8
"""Runs read at the same time."""

PAGE = 500
"""Events of a history in one answer."""

RPC_TIMEOUT = timedelta(seconds=10)
KEY_MAY_LAG = timedelta(minutes=10)

CANCEL_REQUESTED = "CANCEL_REQUESTED"
WORKFLOW_RESET = "WORKFLOW_RESET"
UNKNOWN_SIGNAL = "UNKNOWN_SIGNAL"
UNKNOWN_UPDATE = "UNKNOWN_UPDATE"
UPDATE_UNSIGNED = "UPDATE_UNSIGNED"

# what is over by its own continuation, and what reconciliation itself leaves behind
_LISTED = f"ExecutionStatus != 'ContinuedAsNew' AND WorkflowType != '{RECONCILE_WORKFLOW}'"
_THAW = "thaw"


@dataclass
class _Run:
    """What is known of one run's history up to `last`."""

    run_id: str
    last: int = 0
    first_read: bool = False
    incidents: list[Incident] = field(default_factory=list)
    answered: dict[str, Answered] = field(default_factory=dict)
    unjudged: list[tuple[str, datetime]] = field(default_factory=list)
    """Envelopes of accepted commands, and when."""


class TemporalInspection:
    """The port `Inspection` on a client of one namespace; one at a time uses it."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._runs: dict[str, _Run] = {}

    async def listed(self) -> Sequence[WorkflowSeen]:
        """Every workflow of the namespace as the listing has it, the newest run of each.

        The listing lags a moment; histories are not read. RPCError when the server is away.
        """
        found: dict[str, WorkflowSeen] = {}
        async for one in self._client.list_workflows(_LISTED, rpc_timeout=RPC_TIMEOUT):
            seen = WorkflowSeen(
                workflow_id=one.id,
                run_id=one.run_id,
                type=one.workflow_type,
                task_queue=one.task_queue,
                status=_word(one.status),
                started_at=one.start_time,
                closed_at=one.close_time,
            )
            known = found.get(one.id)
            if known is None or known.started_at < seen.started_at:
                found[one.id] = seen
        return list(found.values())

    async def newest_runs(
        self, workflow_ids: Collection[str], roster_of: Callable[[str], Roster | None]
    ) -> Mapping[str, WorkflowSeen]:
        """The newest run of each id, with what its history shows; absent: there is none.

        `roster_of`: the newest roster of a conference by its name, asked after the history was
        read. RPCError when the server is away.
        """
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(workflow_id: str) -> WorkflowSeen | None:
            async with gate:
                return await self._newest_run(workflow_id, roster_of)

        found = await asyncio.gather(*map(one, workflow_ids))
        for gone in self._runs.keys() - set(workflow_ids):
            del self._runs[gone]
        return {seen.workflow_id: seen for seen in found if seen is not None}

    def forget(self, hashes: Collection[str]) -> None:
        """Answered events that stand in the trail: nothing more to watch for.

        The newest one of each stream stays: it shows when the trail is brought back to an old state.
        """
        for run in self._runs.values():
            newest: dict[str, Answered] = {}
            for one in run.answered.values():
                known = newest.get(one.stream)
                if known is None or known.seq < one.seq:
                    newest[one.stream] = one
            kept = {one.hash for one in newest.values()}
            for gone in (run.answered.keys() & hashes) - kept:
                del run.answered[gone]

    async def _newest_run(
        self, workflow_id: str, roster_of: Callable[[str], Roster | None]
    ) -> WorkflowSeen | None:
        seen, length = await self._describe(workflow_id)
        if seen is None:
            self._runs.pop(workflow_id, None)
            return None
        run = self._runs.get(workflow_id)
        if run is None or run.run_id != seen.run_id:
            before = run
            run = self._runs[workflow_id] = _Run(seen.run_id)
            if before is not None:  # its last steps, and what is still to be watched of it
                await self._read(workflow_id, before)
                run.incidents, run.unjudged = before.incidents, before.unjudged
                run.answered = before.answered
        if length > run.last:
            await self._read(workflow_id, run)
        _judge(run, roster_of(workflow_id.partition("/")[0]))
        incidents, answered = tuple(run.incidents), tuple(run.answered.values())
        return replace(seen, incidents=incidents, answered=answered)

    async def _describe(self, workflow_id: str) -> tuple[WorkflowSeen | None, int]:
        request = DescribeWorkflowExecutionRequest(
            namespace=self._client.namespace, execution=WorkflowExecution(workflow_id=workflow_id)
        )
        try:
            answer = await self._client.workflow_service.describe_workflow_execution(
                request, retry=True, timeout=RPC_TIMEOUT
            )
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None, 0
            raise
        info = answer.workflow_execution_info
        status = WorkflowExecutionStatus(info.status) if info.status else None
        seen = WorkflowSeen(
            workflow_id=workflow_id,
            run_id=info.execution.run_id,
            type=info.type.name,
            task_queue=answer.execution_config.task_queue.name,
            status=_word(status),
            started_at=_instant(info.start_time),
            closed_at=_instant(info.close_time) if info.HasField("close_time") else None,
        )
        return seen, info.history_length

    # --- histories ---

    async def _read(self, workflow_id: str, run: _Run) -> None:
        """Take in what has come since the last look; a run that is gone by now has nothing."""
        execution = WorkflowExecution(workflow_id=workflow_id, run_id=run.run_id)
        try:
            fresh = await self._since(execution, run.last)
            if not run.first_read:
                first = await self._first(execution)
                run.first_read = True
                if first is not None:
                    _take_start(run, first)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return
            raise
        for event in reversed(fresh):
            _take(run, event)
            run.last = event.event_id

    async def _since(self, execution: WorkflowExecution, last: int) -> list[HistoryEvent]:
        """The events behind `last`, the newest first."""
        found: list[HistoryEvent] = []
        token = b""
        while True:
            answer = await self._client.workflow_service.get_workflow_execution_history_reverse(
                GetWorkflowExecutionHistoryReverseRequest(
                    namespace=self._client.namespace,
                    execution=execution,
                    maximum_page_size=PAGE,
                    next_page_token=token,
                ),
                retry=True,
                timeout=RPC_TIMEOUT,
            )
            for event in answer.history.events:
                if event.event_id <= last:
                    return found
                found.append(event)
            token = answer.next_page_token
            if not token:
                return found

    async def _first(self, execution: WorkflowExecution) -> HistoryEvent | None:
        answer = await self._client.workflow_service.get_workflow_execution_history(
            GetWorkflowExecutionHistoryRequest(
                namespace=self._client.namespace, execution=execution, maximum_page_size=1
            ),
            retry=True,
            timeout=RPC_TIMEOUT,
        )
        return next(iter(answer.history.events), None)


def _take_start(run: _Run, event: HistoryEvent) -> None:
    """A run that was not begun under its own id was made by a reset."""
    original = event.workflow_execution_started_event_attributes.original_execution_run_id
    if original and original != run.run_id:
        run.incidents.append(Incident(WORKFLOW_RESET, _instant(event.event_time), original))


def _take(run: _Run, event: HistoryEvent) -> None:
    at = _instant(event.event_time)
    match event.event_type:
        case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED:
            run.incidents.append(Incident(CANCEL_REQUESTED, at))
        case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
            name = event.workflow_execution_signaled_event_attributes.signal_name
            run.incidents.append(Incident(UNKNOWN_SIGNAL, at, name))
        case EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED:
            failed = event.workflow_task_failed_event_attributes
            if failed.cause == WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW:
                # the reset's own instant takes the place of the copied beginning's
                run.incidents = [i for i in run.incidents if i.code != WORKFLOW_RESET]
                run.incidents.append(Incident(WORKFLOW_RESET, at, failed.base_run_id))
        case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
            accepted = event.workflow_execution_update_accepted_event_attributes
            _take_update(run, accepted.accepted_request, at)
        case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ADMITTED:
            _take_update(run, event.workflow_execution_update_admitted_event_attributes.request, at)
        case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED:
            completed = event.workflow_execution_update_completed_event_attributes
            for payload in completed.outcome.success.payloads[:1]:
                _take_answer(run, _document(payload.data), at)
        case _:
            pass


def _take_update(run: _Run, request: Any, at: datetime) -> None:
    name = request.input.name
    if not name:
        return  # accepted as admitted before
    if name != COMMAND_UPDATE:
        run.incidents.append(Incident(UNKNOWN_UPDATE, at, name))
        return
    for payload in request.input.args.payloads[:1]:
        envelope = _document(payload.data).get("envelope")
        run.unjudged.append((envelope if isinstance(envelope, str) else "", at))


def _take_answer(run: _Run, answer: Mapping[str, Any], at: datetime) -> None:
    """What a receipt says will stand in the trail; a thaw lets go of what was not recorded before."""
    receipt = answer.get("receipt")
    if not isinstance(receipt, dict) or not isinstance(receipt.get("events"), list):
        return
    stream = str(receipt.get("stream"))
    if receipt.get("action") == _THAW:
        run.answered = {h: one for h, one in run.answered.items() if one.stream != stream}
    for event in receipt["events"]:
        if isinstance(event, dict) and isinstance(event.get("seq"), int):
            known = str(event.get("hash"))
            run.answered[known] = Answered(stream, event["seq"], known, at)


def _judge(run: _Run, roster: Roster | None) -> None:
    left: list[tuple[str, datetime]] = []
    for envelope, at in run.unjudged if roster is not None else ():
        word = judge(envelope, roster)
        if word == "KEY_UNKNOWN" and datetime.now(UTC) - at < KEY_MAY_LAG:
            left.append((envelope, at))
        elif word is not None:
            run.incidents.append(Incident(UPDATE_UNSIGNED, at, word))
    if roster is not None:
        run.unjudged = left


def _document(data: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _word(status: WorkflowExecutionStatus | None) -> str:
    return "UNKNOWN" if status is None else status.name


def _instant(stamp: Any) -> datetime:
    at: datetime = stamp.ToDatetime(tzinfo=UTC)
    return at
