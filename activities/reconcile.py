"""The activity that compares trail and Temporal, and records the result (activity layer)."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from temporalio import activity

from lianxi.messages import RECONCILE, ReconcileInput, ReconcileResult
from lianxi.ports import Concluded, Examined, Inspection, SelfAudit
from lianxi.proof.verification import Finding
from lianxi.streams.reconciling import (
    TASK_NOT_BEGUN,
    UNRECORDED,
    Compared,
    Ground,
    TrailSeen,
    WorkflowSeen,
    compare,
    strangers,
)

LAGS = frozenset({"RUNG_MISSING", "UNSEALED", UNRECORDED, TASK_NOT_BEGUN})
"""What a worker makes good for by itself once it runs again."""

HEARTBEAT = 2.0
"""Seconds between signs of life while the trail is looked through."""


class ReconcileActivities:
    """Reconciliation on the ports `Inspection` (Temporal) and `SelfAudit` (the trail)."""

    def __init__(
        self,
        inspection: Inspection,
        audit: SelfAudit,
        now: Callable[[], datetime],
        *,
        grace: timedelta,
        task_queue: str,
        services: Mapping[str, str],
    ) -> None:
        """`services`: workflow id -> type of what runs beside conferences and tasks."""
        self._inspection = inspection
        self._audit = audit
        self._now = now
        self._grace = grace
        self._task_queue = task_queue
        self._services = dict(services)
        self._one_at_a_time = asyncio.Lock()
        self._began = now()

    @activity.defn(name=RECONCILE)
    async def reconcile(self, _given: ReconcileInput) -> ReconcileResult:
        """Look at everything once; the result stands on the stream `audit` of each conference.

        Whatever cannot be read (Temporal or the store is away) is raised and tried again: no
        result is better than one that did not look.
        """
        beating = asyncio.create_task(_beat())
        try:
            async with self._one_at_a_time:
                return await self._reconcile()
        finally:
            beating.cancel()

    async def _reconcile(self) -> ReconcileResult:
        audit = self._audit
        before = await asyncio.to_thread(audit.trails)
        listed = await self._inspection.listed()
        expected = {workflow_id for trail in before for workflow_id in trail.open}
        runs = await self._inspection.newest_runs(
            expected | self._services.keys(), audit.newest_roster
        )
        # read last: what Temporal holds must be in the trail, and what ended meanwhile is over
        after = await asyncio.to_thread(audit.trails)
        examined = await asyncio.to_thread(audit.examine, self._now())
        workflows = {**{one.workflow_id: one for one in listed}, **runs}
        concluded = [
            await asyncio.to_thread(self._conclude, trail, after, workflows, examined)
            for trail in _open_in_both(before, after)
        ]
        return ReconcileResult(
            at=self._now(),
            streams=sum(examined.streams.values()),
            events=sum(examined.events.values()),
            open=sum(one.open for _, one in concluded),
            pending=sum(compared.pending for compared, _ in concluded),
            raised=sum(one.raised for _, one in concluded),
            cleared=sum(one.cleared for _, one in concluded),
        )

    def _conclude(
        self,
        trail: TrailSeen,
        all_trails: Sequence[TrailSeen],
        workflows: Mapping[str, WorkflowSeen],
        examined: Examined,
    ) -> tuple[Compared, Concluded]:
        """Compare one conference and record what came out."""
        ground = Ground(
            now=self._now(),
            grace=self._grace,
            task_queue=self._task_queue,
            services=self._services,
            seen_until=self._audit.last_compared(trail.origin),
        )
        answered = [
            one
            for workflow_id in trail.registered
            if workflow_id in workflows
            for one in workflows[workflow_id].answered
        ]
        stored = self._audit.stored(trail.origin, answered)
        self._inspection.forget(stored)
        compared = compare(trail, workflows, stored, ground)
        found = [
            *examined.findings.get(trail.origin, ()),
            *compared.findings,
            *strangers(workflows.values(), all_trails, ground),
        ]
        counted = [one for one in found if not self._just_back(one, ground)]
        pending = compared.pending + len(found) - len(counted)
        result = self._audit.conclude(trail.origin, counted, examined, pending, self._now())
        return replace(compared, pending=pending), result

    def _just_back(self, finding: Finding, ground: Ground) -> bool:
        """Whether it only says that the service was away, and a worker has just begun again."""
        return finding.code in LAGS and ground.now - self._began < self._grace


def _open_in_both(before: Sequence[TrailSeen], after: Sequence[TrailSeen]) -> list[TrailSeen]:
    """The later state; open are streams that were so when Temporal was asked, and still are."""
    earlier = {trail.origin: trail.open for trail in before}
    return [
        replace(
            trail,
            open={
                workflow_id: one
                for workflow_id, one in trail.open.items()
                if workflow_id in earlier.get(trail.origin, {})
            },
        )
        for trail in after
    ]


async def _beat() -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(HEARTBEAT)
