"""What Temporal holds, read for reconciliation: listing, chains of runs, their histories (engine layer).

Every history is read once: what was seen of a chain is kept in memory, and the next look reads on
from there, through every run that came between. A worker that has just started reads from the run
that was the newest at the last look before, or from the beginning where nobody knows of one.
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
from lianxi.ids import reconcile_workflow_id
from lianxi.messages import (
    COMMAND_UPDATE,
    CONFERENCE_WORKFLOW,
    RECONCILE_WORKFLOW,
    ROSTERS_UPDATE,
    TASK_WORKFLOW,
)
from lianxi.streams.reconciling import (
    CANCEL_REQUESTED,
    UNKNOWN_SIGNAL,
    UNKNOWN_UPDATE,
    UPDATE_UNSIGNED,
    WORKFLOW_RESET,
    WORKFLOW_RESTARTED,
    Answered,
    Incident,
    WorkflowSeen,
    judge,
)

AT_ONCE = 8
"""Runs read at the same time."""

PAGE = 500
"""Events of a history in one answer."""

RPC_TIMEOUT = timedelta(seconds=10)
KEY_MAY_LAG = timedelta(minutes=10)

UPDATES = {
    CONFERENCE_WORKFLOW: frozenset({COMMAND_UPDATE}),
    TASK_WORKFLOW: frozenset({COMMAND_UPDATE, ROSTERS_UPDATE}),
}
"""By type, the names of the updates that it takes; every other one is of an unknown name."""

_THAW = "thaw"


@dataclass
class _Chain:
    """What is known of a workflow's runs, up to event `last` of the run `run_id`."""

    updates: frozenset[str]
    """Of the updates that it takes, the names; none where it is no stream's workflow."""
    run_id: str = ""
    last: int = 0
    first_run_id: str = ""
    read: set[str] = field(default_factory=set)
    """Runs of which everything was read when the next one was begun."""
    incidents: list[Incident] = field(default_factory=list)
    answered: dict[str, Answered] = field(default_factory=dict)
    unjudged: list[tuple[str, datetime]] = field(default_factory=list)
    """Envelopes of accepted commands, and when."""


class TemporalInspection:
    """The port `Inspection` on a client of one namespace; one at a time uses it."""

    def __init__(self, client: Client, task_queue: str) -> None:
        """`task_queue`: on which reconciliation itself runs."""
        self._client = client
        self._listed = _query(task_queue)
        self._chains: dict[str, _Chain] = {}

    async def listed(self) -> Sequence[WorkflowSeen]:
        """Every workflow of the namespace as the listing has it, the newest run of each.

        The listing lags a moment; histories are not read. RPCError when the server is away.
        """
        found: dict[str, WorkflowSeen] = {}
        async for one in self._client.list_workflows(self._listed, rpc_timeout=RPC_TIMEOUT):
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
        self, last_read: Mapping[str, str | None], roster_of: Callable[[str], Roster | None]
    ) -> Mapping[str, WorkflowSeen]:
        """The newest run of each id, with what the histories since show; absent: there is none.

        `last_read`: the newest run that an earlier look has read, by workflow id. `roster_of`: the
        newest roster of a conference by its name, asked after the history was read. RPCError when
        the server is away.
        """
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(workflow_id: str) -> WorkflowSeen | None:
            async with gate:
                return await self._newest_run(workflow_id, last_read[workflow_id], roster_of)

        found = await asyncio.gather(*map(one, last_read))
        for gone in self._chains.keys() - last_read.keys():
            del self._chains[gone]
        return {seen.workflow_id: seen for seen in found if seen is not None}

    def forget(self, hashes: Collection[str]) -> None:
        """Answered events that stand in the trail: nothing more to watch for.

        The newest one of each stream stays: it shows when the trail is brought back to an old state.
        """
        for chain in self._chains.values():
            newest: dict[str, Answered] = {}
            for one in chain.answered.values():
                known = newest.get(one.stream)
                if known is None or known.seq < one.seq:
                    newest[one.stream] = one
            kept = {one.hash for one in newest.values()}
            for gone in (chain.answered.keys() & hashes) - kept:
                del chain.answered[gone]

    async def _newest_run(
        self,
        workflow_id: str,
        last_read: str | None,
        roster_of: Callable[[str], Roster | None],
    ) -> WorkflowSeen | None:
        seen, length = await self._describe(workflow_id)
        if seen is None:
            self._chains.pop(workflow_id, None)
            return None
        chain = self._chains.get(workflow_id)
        if chain is None:
            chain = self._chains[workflow_id] = _Chain(UPDATES.get(seen.type, frozenset()))
        if chain.run_id != seen.run_id:
            await self._read_up_to(workflow_id, seen.run_id, chain, last_read)
        elif length > chain.last:
            await self._read(workflow_id, chain)
        _judge(chain, roster_of(workflow_id.partition("/")[0]))
        return replace(
            seen,
            first_run_id=seen.first_run_id or chain.first_run_id,
            incidents=tuple(chain.incidents),
            answered=tuple(chain.answered.values()),
        )

    async def _read_up_to(
        self, workflow_id: str, newest: str, chain: _Chain, last_read: str | None
    ) -> None:
        """Read the rest of the run that was the newest, and every run that came after it.

        The old one may be none of the newest one's ancestors: after a reset, or where somebody began
        the workflow again.
        """
        known = chain.run_id or last_read
        way = await self._way_back(workflow_id, newest, chain.read | {known or ""})
        if known is not None and known not in way:
            way.insert(0, known)
        for run_id in way:
            if run_id != chain.run_id:
                if chain.run_id:
                    chain.read.add(chain.run_id)
                chain.run_id, chain.last = run_id, 0
            await self._read(workflow_id, chain)

    async def _way_back(self, workflow_id: str, newest: str, known: Collection[str]) -> list[str]:
        """The runs of a chain from the first that is not known to the newest; what retention left."""
        way: list[str] = []
        run_id = newest
        while run_id and run_id not in known:
            way.insert(0, run_id)
            first = await self._first(WorkflowExecution(workflow_id=workflow_id, run_id=run_id))
            if first is None:
                break
            begun = first.workflow_execution_started_event_attributes
            run_id = begun.continued_execution_run_id
        return way

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
            first_run_id=info.first_run_id,
            closed_at=_instant(info.close_time) if info.HasField("close_time") else None,
        )
        return seen, info.history_length

    # --- histories ---

    async def _read(self, workflow_id: str, chain: _Chain) -> None:
        """Take in what has come since the last look; a run that is gone by now has nothing."""
        execution = WorkflowExecution(workflow_id=workflow_id, run_id=chain.run_id)
        try:
            fresh = await self._since(execution, chain.last)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return
            raise
        for event in reversed(fresh):
            _take(chain, event)
            chain.last = event.event_id

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
        """How a run began; None where it is gone."""
        try:
            answer = await self._client.workflow_service.get_workflow_execution_history(
                GetWorkflowExecutionHistoryRequest(
                    namespace=self._client.namespace, execution=execution, maximum_page_size=1
                ),
                retry=True,
                timeout=RPC_TIMEOUT,
            )
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise
        return next(iter(answer.history.events), None)


def _query(task_queue: str) -> str:
    """All but what is over by its own continuation, and what reconciliation itself leaves behind."""
    own = reconcile_workflow_id("")
    return (
        "ExecutionStatus != 'ContinuedAsNew' AND"
        f" (WorkflowType != '{RECONCILE_WORKFLOW}' OR TaskQueue != '{task_queue}'"
        f" OR WorkflowId NOT STARTS_WITH '{own}')"
    )


def _take_start(chain: _Chain, event: HistoryEvent) -> None:
    """A run that was not begun under its own id was made by a reset.

    One that continues no other must begin with what the conference registered, not with a state
    that is said to be carried over.
    """
    at = _instant(event.event_time)
    begun = event.workflow_execution_started_event_attributes
    chain.first_run_id = begun.first_execution_run_id
    original = begun.original_execution_run_id
    if original and original != chain.run_id:
        chain.incidents.append(Incident(WORKFLOW_RESET, at, original))
    if chain.updates and not begun.continued_execution_run_id:
        for payload in begun.input.payloads[:1]:
            if _document(payload.data).get("carry") is not None:
                chain.incidents.append(Incident(WORKFLOW_RESTARTED, at, "with a state"))


def _take(chain: _Chain, event: HistoryEvent) -> None:
    at = _instant(event.event_time)
    match event.event_type:
        case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
            _take_start(chain, event)
        case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED:
            chain.incidents.append(Incident(CANCEL_REQUESTED, at))
        case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:
            name = event.workflow_execution_signaled_event_attributes.signal_name
            chain.incidents.append(Incident(UNKNOWN_SIGNAL, at, name))
        case EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED:
            failed = event.workflow_task_failed_event_attributes
            if failed.cause == WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW:
                # the reset's own instant takes the place of the copied beginning's
                chain.incidents = [i for i in chain.incidents if i.code != WORKFLOW_RESET]
                chain.incidents.append(Incident(WORKFLOW_RESET, at, failed.base_run_id))
        case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
            accepted = event.workflow_execution_update_accepted_event_attributes
            _take_update(chain, accepted.accepted_request, at)
        case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ADMITTED:
            _take_update(
                chain, event.workflow_execution_update_admitted_event_attributes.request, at
            )
        case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED:
            completed = event.workflow_execution_update_completed_event_attributes
            for payload in completed.outcome.success.payloads[:1]:
                _take_answer(chain, _document(payload.data), at)
        case _:
            pass


def _take_update(chain: _Chain, request: Any, at: datetime) -> None:
    name = request.input.name
    if not name:
        return  # accepted as admitted before
    if name not in chain.updates:
        chain.incidents.append(Incident(UNKNOWN_UPDATE, at, name))
        return
    if name != COMMAND_UPDATE:
        return  # rosters: what became of them stands in the trail, derived from the conference's stream
    for payload in request.input.args.payloads[:1]:
        envelope = _document(payload.data).get("envelope")
        chain.unjudged.append((envelope if isinstance(envelope, str) else "", at))


def _take_answer(chain: _Chain, answer: Mapping[str, Any], at: datetime) -> None:
    """What a receipt says will stand in the trail; a thaw lets go of what was not recorded before."""
    receipt = answer.get("receipt")
    if not isinstance(receipt, dict) or not isinstance(receipt.get("events"), list):
        return
    stream = str(receipt.get("stream"))
    if receipt.get("action") == _THAW:
        chain.answered = {h: one for h, one in chain.answered.items() if one.stream != stream}
    for event in receipt["events"]:
        if isinstance(event, dict) and isinstance(event.get("seq"), int):
            known = str(event.get("hash"))
            chain.answered[known] = Answered(stream, event["seq"], known, at)


def _judge(chain: _Chain, roster: Roster | None) -> None:
    left: list[tuple[str, datetime]] = []
    for envelope, at in chain.unjudged if roster is not None else ():
        word = judge(envelope, roster)
        if word == "KEY_UNKNOWN" and datetime.now(UTC) - at < KEY_MAY_LAG:
            left.append((envelope, at))
        elif word is not None:
            chain.incidents.append(Incident(UPDATE_UNSIGNED, at, word))
    if roster is not None:
        chain.unjudged = left


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
