"""`SqlSelfAudit`: the trail's own part of reconciliation (store layer, adapter of `ports.SelfAudit`)."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, literal, select, tuple_

from lianxi import ids
from lianxi.domain.observations import (
    BatchRefused,
    FindingCleared,
    FindingRaised,
    ForkDetected,
    Observation,
    Reconciled,
    fit_detail,
    fit_place,
)
from lianxi.domain.roster import Roster
from lianxi.domain.task.state import TaskPhase
from lianxi.domain.values import format_instant, parse_instant
from lianxi.ports import Concluded, Examined
from lianxi.proof.events import open_event
from lianxi.proof.rosters import shared_roster
from lianxi.proof.verification import Finding
from lianxi.store.dialect import upsert
from lianxi.store.examining import SHALLOW, Examining
from lianxi.store.faults import outages_translated
from lianxi.store.observing import Observed, observe_all
from lianxi.store.tables import (
    chains,
    events,
    findings,
    reconciliations,
    registrations,
    rosters,
    tasks,
)
from lianxi.store.thaws import last_thaws
from lianxi.store.writer import Writer
from lianxi.streams.reconciling import (
    COMPARED,
    Answered,
    Compared,
    EndedStream,
    KnownChain,
    OpenStream,
    TrailSeen,
)

MAX_RAISED = 50
"""Findings that one look raises, three notices each; the rest follows with the next looks."""

_LOOKED_UP = 200
"""Places of one statement."""


class SqlSelfAudit:
    """Reads by the store's reading engine, records by its writer."""

    def __init__(
        self,
        writer: Writer,
        reading: Engine,
        examine: Examining,
        refused: Callable[[], Collection[str]] = tuple,
        *,
        quiet: timedelta = timedelta(0),
    ) -> None:
        """`examine`: the look through the trail itself (`lianxi.store.examining`).

        `refused`: conferences of which nothing may be recorded, since they are behind their anchors.
        `quiet`: a result that says nothing new is recorded no oftener than this, so that the stream
        stays small; one that somebody asked for is recorded in any case.
        """
        self._writer = writer
        self._reading = reading
        self._examine = examine
        self._refused = refused
        self._quiet = quiet

    def trails(self) -> Sequence[TrailSeen]:
        """See `ports.SelfAudit`."""
        refused = self._refused()
        with outages_translated(), self._reading.connect() as connection, connection.begin():
            founded = connection.execute(
                select(events.c.origin, events.c.at)
                .where(events.c.stream == ids.CONFERENCE_STREAM, events.c.seq == 1)
                .order_by(events.c.origin)
            ).all()
            return [
                _trail(connection, row.origin, parse_instant(row.at))
                for row in founded
                if row.origin not in refused
            ]

    def newest_roster(self, conference: str) -> Roster | None:
        """See `ports.SelfAudit`."""
        newest = (
            select(rosters.c.text, rosters.c.origin)
            .where(rosters.c.origin.like(f"%/lianxi/{conference}/%"))
            .order_by(rosters.c.version.desc())
        )
        with outages_translated(), self._reading.connect() as connection:
            for row in connection.execute(newest):
                if ids.conference_of_origin(row.origin) == conference:
                    return shared_roster(row.text)
        return None

    def last_compared(self, origin: str) -> datetime | None:
        """See `ports.SelfAudit`."""
        with outages_translated(), self._reading.connect() as connection:
            at = _last(connection, origin)
        return None if at is None else at[0]

    def stored(self, origin: str, answered: Iterable[Answered]) -> Collection[str]:
        """See `ports.SelfAudit`."""
        wanted = [(one.stream, one.seq, one.hash) for one in answered]
        sought, found = set(wanted), set[str]()
        with outages_translated(), self._reading.connect() as connection:
            for start in range(0, len(wanted), _LOOKED_UP):
                places = [(stream, seq) for stream, seq, _ in wanted[start : start + _LOOKED_UP]]
                rows = connection.execute(
                    select(events.c.stream, events.c.seq, events.c.hash).where(
                        events.c.origin == origin,
                        tuple_(events.c.stream, events.c.seq).in_(places),
                    )
                )
                found |= {row.hash for row in rows if (row.stream, row.seq, row.hash) in sought}
        return found

    def examine(self, now: datetime) -> Examined:
        """See `ports.SelfAudit`."""
        return self._examine(now)

    def give_up(self) -> None:
        """See `ports.SelfAudit`."""
        self._examine.give_up()

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
        """See `ports.SelfAudit`. Idempotent: what stands already is not raised again."""
        quiet = timedelta(0) if asked else self._quiet
        held = frozenset((one.code, fit_place(one.place)) for one in compared.withheld)
        look = _Look(examined, compared, now, now - quiet, held)
        return self._writer.run(lambda connection: _conclude(connection, origin, findings, look))


# --- what the trail says ---


def _trail(connection: Connection, origin: str, founded: datetime) -> TrailSeen:
    conference = ids.conference_of_origin(origin)
    own = ids.conference_workflow_id(conference)
    begun = connection.execute(
        select(tasks.c.task, tasks.c.phase, tasks.c.at.label("last"), events.c.at)
        .join(
            events,
            (events.c.origin == tasks.c.origin)
            & (events.c.stream == literal("task/").concat(tasks.c.task))
            & (events.c.seq == 1),
        )
        .where(tasks.c.origin == origin)
    ).all()
    registered = connection.execute(
        select(registrations.c.task, registrations.c.begun, events.c.at)
        .join(
            events,
            (events.c.origin == registrations.c.origin)
            & (events.c.stream == ids.CONFERENCE_STREAM)
            & (events.c.seq == registrations.c.seq),
        )
        .where(registrations.c.origin == origin)
    ).all()
    known = {row.task for row in begun} | {row.task for row in registered}
    over = {row.task for row in begun if row.phase == TaskPhase.ARCHIVED}
    return TrailSeen(
        origin=origin,
        conference=conference,
        open={own: OpenStream(ids.CONFERENCE_STREAM, founded)}
        | {
            ids.task_workflow_id(conference, row.task): OpenStream(
                ids.task_stream(row.task), parse_instant(row.at)
            )
            for row in begun
            if row.task not in over
        },
        registered=frozenset({own, *(ids.task_workflow_id(conference, task) for task in known)}),
        not_begun={row.task: parse_instant(row.at) for row in registered if not row.begun},
        frozen={
            stream: why
            for stream, why in _frozen(connection, origin).items()
            if ids.task_of_stream(stream) not in over
        },
        ended={
            ids.task_workflow_id(conference, row.task): EndedStream(
                since=parse_instant(row.at), ended=parse_instant(row.last)
            )
            for row in begun
            if row.task in over
        },
        chains=_chains(connection, origin),
    )


def _chains(connection: Connection, origin: str) -> dict[str, list[KnownChain]]:
    """The chains of runs that earlier looks have seen, the oldest first."""
    found: dict[str, list[KnownChain]] = {}
    for row in connection.execute(
        select(chains).where(chains.c.origin == origin).order_by(chains.c.since)
    ):
        known = KnownChain(row.first_run, row.run, parse_instant(row.since), bool(row.settled))
        found.setdefault(row.workflow, []).append(known)
    return found


def _frozen(connection: Connection, origin: str) -> dict[str, str]:
    """Streams whose last alarm no thaw has followed, and why."""
    thawed = last_thaws(connection, origin)
    alarms = connection.execute(
        select(events.c.position, events.c.kind, events.c.data)
        .where(
            events.c.origin == origin,
            events.c.stream == ids.AUDIT_STREAM,
            events.c.kind.in_((ForkDetected.__name__, BatchRefused.__name__)),
        )
        .order_by(events.c.seq)
    )
    frozen: dict[str, str] = {}
    for row in alarms:
        try:
            data = open_event(row.data).data
            stream, seq = str(data["stream"]), int(data["seq"])
        except (ValueError, KeyError, TypeError):
            continue  # somebody has changed it: the look through the trail names it
        if row.position > thawed.get(stream, 0):
            frozen[stream] = f"{row.kind} at {seq}"
    return frozen


def _last(connection: Connection, origin: str) -> tuple[datetime, int, int] | None:
    """When the last result was recorded, what stood open and pending."""
    row = connection.execute(
        select(reconciliations.c.at, reconciliations.c.open, reconciliations.c.pending).where(
            reconciliations.c.origin == origin
        )
    ).one_or_none()
    return None if row is None else (parse_instant(row.at), row.open, row.pending)


# --- what is recorded ---


@dataclass(frozen=True, slots=True)
class _Look:
    """What was looked at, when; a result older than `said_before` is recorded anew in any case.

    `withheld`: codes and places that were seen, but are not to be raised yet.
    """

    examined: Examined
    compared: Compared
    now: datetime
    said_before: datetime
    withheld: frozenset[tuple[str, str]]

    def may_clear(self, code: str, place: str, since: datetime) -> bool:
        """Whether this look would have found it again; another worker may have seen it later.

        Where findings were cut off, one that is not among them may still be there.
        """
        if (code, place) in self.withheld:
            return False
        shallow = code in SHALLOW or code in COMPARED
        seen = self.examined.begun if shallow else self.examined.deep_begun
        return self.examined.complete and seen is not None and since <= seen


def _conclude(
    connection: Connection,
    origin: str,
    found: Sequence[Finding],
    look: _Look,
) -> Concluded:
    examined, pending, now = look.examined, look.compared.pending, look.now
    current = _merged(found)
    standing = {
        (row.code, row.place): parse_instant(row.since)
        for row in connection.execute(
            select(findings.c.code, findings.c.place, findings.c.since).where(
                findings.c.origin == origin, findings.c.cleared.is_(None)
            )
        )
    }
    new = [raised for key, raised in current.items() if key not in standing][:MAX_RAISED]
    gone = sorted(
        (code, place)
        for (code, place), since in standing.items()
        if (code, place) not in current and look.may_clear(code, place, since)
    )
    still = len(standing) - len(gone) + len(new)
    observed: list[Observation] = [*new]
    observed += [FindingCleared(code=code, place=place) for code, place in gone]
    last = _last(connection, origin)
    if observed or last is None or last[0] <= look.said_before or last[1:] != (still, pending):
        observed.append(
            Reconciled(
                streams=examined.streams.get(origin, 0),
                events=examined.events.get(origin, 0),
                open=still,
                pending=pending,
                deep=examined.deep.get(origin, 0),
            )
        )
    if observed:
        places = [Observed(origin, ids.AUDIT_STREAM, data) for data in observed]
        observe_all(connection, places, now)
    _keep(connection, origin, look.compared.chains)
    return Concluded(raised=len(new), cleared=len(gone), open=still)


def _keep(connection: Connection, origin: str, seen: Mapping[str, KnownChain]) -> None:
    """What the next look should know; rows that say so already are left alone."""
    known = _chains(connection, origin)
    rows = [
        {
            "origin": origin,
            "workflow": workflow_id,
            "first_run": chain.first_run_id,
            "run": chain.run_id,
            "since": format_instant(chain.since),
            "settled": int(chain.settled),
        }
        for workflow_id, chain in seen.items()
        if chain not in known.get(workflow_id, ())
    ]
    if rows:
        connection.execute(upsert(connection.dialect, chains), rows)


def _merged(found: Sequence[Finding]) -> dict[tuple[str, str], FindingRaised]:
    """One for each code and place, with all its details, in the order of the first."""
    details: dict[tuple[str, str], list[str]] = {}
    for finding in found:
        said = details.setdefault((finding.code, fit_place(finding.place)), [])
        if finding.detail and finding.detail not in said:
            said.append(finding.detail)
    return {
        (code, place): FindingRaised(code=code, place=place, detail=fit_detail(", ".join(said)))
        for (code, place), said in details.items()
    }
