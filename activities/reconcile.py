"""The activity that compares trail and Temporal, and records the result (activity layer)."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from temporalio import activity

from lianxi.messages import RECONCILE, ReconcileInput, ReconcileResult
from lianxi.ports import Concluded, Examined, Inspection, SelfAudit, StoreUnavailableError
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

SEEN_BESIDE = frozenset({"RUNG_MISSING"})
"""Those of them that only the thorough look names: as old as that look, not as its comparison."""

HEARTBEAT = 2.0
"""Seconds between signs of life while the trail is looked through."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """How old a difference becomes before it is a finding.

    `grace`: any; `unrecorded`: an answer that the trail lacks, a registration without a task.
    """

    grace: timedelta
    unrecorded: timedelta


class ReconcileActivities:
    """Reconciliation on the ports `Inspection` (Temporal) and `SelfAudit` (the trail)."""

    def __init__(
        self,
        inspection: Inspection,
        audit: SelfAudit,
        now: Callable[[], datetime],
        *,
        allowed: Allowed,
        task_queue: str,
        services: Mapping[str, str],
    ) -> None:
        """`services`: workflow id -> type of what runs beside conferences and tasks."""
        self._inspection = inspection
        self._audit = audit
        self._now = now
        self._allowed = allowed
        self._task_queue = task_queue
        self._services = dict(services)
        self._one_at_a_time = asyncio.Lock()
        self._began = now()

    @activity.defn(name=RECONCILE)
    async def reconcile(self, given: ReconcileInput) -> ReconcileResult:
        """Look at everything once; the result stands on the stream `audit` of each conference.

        One that somebody asked for is recorded always, a scheduled one that says nothing new every
        second time. Whatever cannot be read (Temporal or the store is away) is raised and tried
        again: no result is better than one that did not look.
        """
        beating = asyncio.create_task(_beat())
        try:
            async with self._one_at_a_time:
                try:
                    return await self._reconcile(asked=given.asked)
                except asyncio.CancelledError:
                    # its threads would go on, beside those of the next attempt
                    self._audit.give_up()
                    raise
        except StoreUnavailableError:
            # once it is back, what waited for it is recorded within seconds
            self._began = self._now()
            raise
        finally:
            beating.cancel()

    async def _reconcile(self, *, asked: bool) -> ReconcileResult:
        audit, began = self._audit, self._now()
        before = await asyncio.to_thread(audit.trails)
        listed = {one.workflow_id: one for one in await self._inspection.listed()}
        last_read = _to_read(before, self._services, listed)
        runs = await self._inspection.newest_runs(last_read, audit.newest_roster)
        # read last: what Temporal holds must be in the trail, and what ended meanwhile is over
        after = await asyncio.to_thread(audit.trails)
        examined = await asyncio.to_thread(audit.examine, began)
        workflows = {**listed, **runs}
        concluded = [
            await asyncio.to_thread(self._conclude, trail, after, workflows, examined, asked=asked)
            for trail in _so_in_both(before, after)
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
        *,
        asked: bool,
    ) -> tuple[Compared, Concluded]:
        """Compare one conference and record what came out."""
        ground = Ground(
            now=self._now(),
            grace=self._allowed.grace,
            unrecorded=self._allowed.unrecorded,
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
        counted = [one for one in found if not self._just_back(one, examined, ground)]
        withheld = [one for one in found if one not in counted]
        compared = replace(compared, pending=compared.pending + len(withheld), withheld=withheld)
        result = self._audit.conclude(
            trail.origin, counted, examined, compared, self._now(), asked=asked
        )
        return compared, result

    def _just_back(self, finding: Finding, examined: Examined, ground: Ground) -> bool:
        """Whether it only says that the service was away, and a worker had just begun again."""
        seen = examined.deep_begun if finding.code in SEEN_BESIDE else ground.now
        just_back = seen is not None and seen - self._began < self._allowed.grace
        return finding.code in LAGS and just_back


def _to_read(
    trails: Sequence[TrailSeen],
    services: Mapping[str, str],
    listed: Mapping[str, WorkflowSeen],
) -> dict[str, str | None]:
    """Whose histories are to be read, and from which run on.

    All that must be running; and what has ended until nothing of it is left to be shown, or as
    soon as another run stands under its id.
    """
    wanted: dict[str, str | None] = dict.fromkeys(services)
    for trail in trails:
        wanted |= dict.fromkeys(trail.open)
        for workflow_id in trail.ended.keys() & listed.keys():
            run_id = listed[workflow_id].run_id
            chains = trail.chains.get(workflow_id, ())
            if not any(chain.settled and chain.run_id == run_id for chain in chains):
                wanted[workflow_id] = None
    for trail in trails:
        for workflow_id, chains in trail.chains.items():
            if workflow_id in wanted and chains:
                wanted[workflow_id] = chains[-1].run_id
    return wanted


def _so_in_both(before: Sequence[TrailSeen], after: Sequence[TrailSeen]) -> list[TrailSeen]:
    """The later state; open and ended are streams that were so when Temporal was asked, and still are."""
    earlier = {trail.origin: trail for trail in before}
    return [
        replace(
            trail,
            open={i: one for i, one in trail.open.items() if i in earlier[trail.origin].open},
            ended={i: one for i, one in trail.ended.items() if i in earlier[trail.origin].ended},
        )
        for trail in after
        if trail.origin in earlier
    ]


async def _beat() -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(HEARTBEAT)
