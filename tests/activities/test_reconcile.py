"""The activity of a comparison: what it hands on, and what it ends when nobody waits any longer."""

import asyncio
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.testing import ActivityEnvironment

from activities.reconcile import Allowed, ReconcileActivities
from lianxi.domain.roster import Roster
from lianxi.messages import ReconcileInput
from lianxi.ports import Concluded, Examined, StoreUnavailableError
from lianxi.proof.verification import Finding
from lianxi.streams.reconciling import (
    Answered,
    Compared,
    EndedStream,
    KnownChain,
    TrailSeen,
    WorkflowSeen,
)

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
ORIGIN = "lianxi.example/lianxi/demo/0123456789abcdef"
OVER = "demo/task/T-0001"
TRAIL = TrailSeen(
    origin=ORIGIN,
    conference="demo",
    open={},
    registered=frozenset({OVER}),
    not_begun={},
    ended={OVER: EndedStream(NOON - timedelta(days=2), NOON - timedelta(days=1))},
)


class Temporal:
    """`Inspection` of one workflow that has ended."""

    def __init__(self) -> None:
        self.asked: list[Mapping[str, str | None]] = []

    async def listed(self) -> Sequence[WorkflowSeen]:
        return [WorkflowSeen(OVER, "run-2", "Task", "lianxi", "COMPLETED", NOON)]

    async def newest_runs(
        self, last_read: Mapping[str, str | None], roster_of: object
    ) -> Mapping[str, WorkflowSeen]:
        del roster_of
        self.asked.append(last_read)
        return {}

    def forget(self, hashes: Collection[str]) -> None: ...


class Audit:
    """`SelfAudit` whose look lasts until it may end or is given up."""

    def __init__(self, trail: TrailSeen = TRAIL) -> None:
        self.trail = trail
        self.looking = threading.Event()
        self.may_end = threading.Event()
        self.may_end.set()
        self.given_up = False
        self.asked: list[bool] = []
        self.found: list[Finding] = []
        self.deep_begun: datetime | None = None
        self.concluded: list[tuple[list[Finding], list[Finding]]] = []

    def trails(self) -> Sequence[TrailSeen]:
        return [self.trail]

    def newest_roster(self, conference: str) -> Roster | None:
        del conference
        return None

    def last_compared(self, origin: str) -> datetime | None:
        del origin
        return None

    def stored(self, origin: str, answered: Iterable[Answered]) -> Collection[str]:
        del origin, answered
        return ()

    def examine(self, now: datetime) -> Examined:
        self.looking.set()
        assert self.may_end.wait(10)
        if self.given_up:
            raise StoreUnavailableError("given up")
        return Examined(
            findings={ORIGIN: self.found},
            streams={},
            events={},
            deep={},
            complete=True,
            begun=now,
            deep_begun=self.deep_begun,
        )

    def conclude(
        self,
        origin: str,
        findings: Sequence[Finding],
        examined: Examined,
        compared: Compared,
        now: datetime,
        *,
        asked: bool,
    ) -> Concluded:
        del origin, examined, now
        self.concluded.append((list(findings), list(compared.withheld)))
        self.asked.append(asked)
        return Concluded(0, 0, 0)

    def give_up(self) -> None:
        self.given_up = True
        self.may_end.set()


def activities(audit: Audit, temporal: Temporal | None = None) -> ReconcileActivities:
    return ReconcileActivities(
        temporal or Temporal(),
        audit,
        lambda: NOON,
        allowed=Allowed(timedelta(minutes=2), timedelta(minutes=4)),
        task_queue="lianxi",
        services={},
    )


async def test_a_cancelled_attempt_ends_its_look() -> None:
    """Its thread would go on beside the next attempt's."""
    audit = Audit()
    audit.may_end.clear()
    environment = ActivityEnvironment()
    attempt = asyncio.create_task(environment.run(activities(audit).reconcile, ReconcileInput()))
    await asyncio.to_thread(audit.looking.wait, 10)
    environment.cancel()
    with pytest.raises(asyncio.CancelledError):
        await attempt
    assert audit.given_up


@pytest.mark.parametrize("asked", [True, False])
async def test_whether_somebody_asked_reaches_the_record(*, asked: bool) -> None:
    """Then the result is recorded in any case."""
    audit = Audit()
    await ActivityEnvironment().run(activities(audit).reconcile, ReconcileInput(asked=asked))
    assert audit.asked == [asked]


@pytest.mark.parametrize(
    ("code", "looked", "raised"),
    [
        ("RUNG_MISSING", 2, False),
        ("RUNG_MISSING", 130, True),
        ("UNSEALED", 2, True),
        ("ROW_DIFFERS", 2, True),
    ],
)
async def test_what_a_look_saw_as_the_worker_began_is_as_old_as_that_look(
    code: str, looked: int, *, raised: bool
) -> None:
    """However long it took: the rungs have fired meanwhile. Withheld, it is handed on as such."""
    audit, times = Audit(), iter([NOON])
    audit.found = [Finding(code, "demo/task/T-0001")]
    audit.deep_begun = NOON + timedelta(seconds=looked)
    later = NOON + timedelta(minutes=5)
    reconciling = ReconcileActivities(
        Temporal(),
        audit,
        lambda: next(times, later),
        allowed=Allowed(timedelta(minutes=2), timedelta(minutes=4)),
        task_queue="lianxi",
        services={},
    )
    await ActivityEnvironment().run(reconciling.reconcile, ReconcileInput())
    ((findings, withheld),) = audit.concluded
    assert [code in [one.code for one in some] for some in (findings, withheld)] == [
        raised,
        not raised,
    ]


@pytest.mark.parametrize(
    ("chains", "read"),
    [
        ([], {OVER: None}),
        ([KnownChain("run-1", "run-1", NOON)], {OVER: "run-1"}),
        ([KnownChain("run-1", "run-2", NOON, settled=True)], {}),
        ([KnownChain("run-1", "run-1", NOON, settled=True)], {OVER: "run-1"}),
    ],
    ids=["never read", "not to its end", "settled", "another run since"],
)
async def test_what_has_ended_is_read_until_it_is_settled(
    chains: list[KnownChain], read: dict[str, str | None]
) -> None:
    """Once for all, unless another run stands under its id."""
    temporal = Temporal()
    trail = TrailSeen(
        origin=ORIGIN,
        conference="demo",
        open={},
        registered=TRAIL.registered,
        not_begun={},
        ended=TRAIL.ended,
        chains={OVER: chains},
    )
    await ActivityEnvironment().run(activities(Audit(trail), temporal).reconcile, ReconcileInput())
    assert temporal.asked == [read]
