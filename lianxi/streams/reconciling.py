"""What Temporal holds against what the trail holds: pure comparison (streams layer).

The facts come in read: of the trail by the store, of Temporal by the engine. A difference younger
than the grace is pending, since a step reaches history, trail and listing one after another.
What happened once (an incident) is a finding for as long as `INCIDENT_SHOWN`; its event stays.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lianxi import ids
from lianxi.domain.refusal import Refusal
from lianxi.domain.roster import Roster
from lianxi.messages import CONFERENCE_WORKFLOW, TASK_WORKFLOW
from lianxi.proof.commands import authenticate, open_command
from lianxi.proof.verification import Finding

INCIDENT_SHOWN = timedelta(days=1)
"""How long a request to cancel, a reset, a signal stands among the open findings."""

RUNNING = "RUNNING"
WORKFLOW_CLOSED = "WORKFLOW_CLOSED"
WORKFLOW_MISSING = "WORKFLOW_MISSING"
WORKFLOW_FOREIGN = "WORKFLOW_FOREIGN"
WORKFLOW_UNREGISTERED = "WORKFLOW_UNREGISTERED"
WORKFLOW_RESTARTED = "WORKFLOW_RESTARTED"
WORKFLOW_STILL_RUNNING = "WORKFLOW_STILL_RUNNING"
CANCEL_REQUESTED = "CANCEL_REQUESTED"
WORKFLOW_RESET = "WORKFLOW_RESET"
UNKNOWN_SIGNAL = "UNKNOWN_SIGNAL"
UNKNOWN_UPDATE = "UNKNOWN_UPDATE"
UPDATE_UNSIGNED = "UPDATE_UNSIGNED"
TASK_NOT_BEGUN = "TASK_NOT_BEGUN"
UNRECORDED = "UNRECORDED"
STREAM_FROZEN = "STREAM_FROZEN"

COMPARED = frozenset(
    {
        WORKFLOW_CLOSED,
        WORKFLOW_MISSING,
        WORKFLOW_FOREIGN,
        WORKFLOW_UNREGISTERED,
        WORKFLOW_RESTARTED,
        WORKFLOW_STILL_RUNNING,
        CANCEL_REQUESTED,
        WORKFLOW_RESET,
        UNKNOWN_SIGNAL,
        UNKNOWN_UPDATE,
        UPDATE_UNSIGNED,
        TASK_NOT_BEGUN,
        UNRECORDED,
        STREAM_FROZEN,
    }
)
"""Every code of `compare` and `strangers`: each look says anew whether it still holds."""


@dataclass(frozen=True, slots=True)
class Incident:
    """Something in a history that no honest caller does: code, when, a machine word."""

    code: str
    at: datetime
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """An event that a workflow has answered for: it must come to stand in the trail."""

    stream: str
    seq: int
    hash: str
    at: datetime


@dataclass(frozen=True, slots=True)
class WorkflowSeen:
    """The newest run of a workflow as Temporal tells of it; `status` in Temporal's words."""

    workflow_id: str
    run_id: str
    type: str
    task_queue: str
    status: str
    started_at: datetime
    first_run_id: str = ""
    """The run its chain began with; the server keeps it across continue-as-new and reset, and no
    caller can set it. Empty where only the listing was read."""
    closed_at: datetime | None = None
    incidents: tuple[Incident, ...] = ()
    answered: tuple[Answered, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenStream:
    """A stream that is not over: its workflow must be running. `since`: of its first event."""

    stream: str
    since: datetime


@dataclass(frozen=True, slots=True)
class EndedStream:
    """A stream that is over: its workflow must not be running. Of its first event and its last."""

    since: datetime
    ended: datetime


@dataclass(frozen=True, slots=True)
class KnownChain:
    """A chain of runs that stood under a workflow's id at an earlier look.

    `run_id`: the newest of its runs that was read; `since`: when the chain was first seen;
    `settled`: it has ended, was read to its end, and nothing of it is left to be shown.
    """

    first_run_id: str
    run_id: str
    since: datetime
    settled: bool = False


@dataclass(frozen=True, slots=True)
class TrailSeen:
    """What the trail says of one conference."""

    origin: str
    conference: str
    open: Mapping[str, OpenStream]
    """By workflow id."""
    registered: frozenset[str]
    """Workflow ids of all streams there ever were, ended ones too."""
    not_begun: Mapping[str, datetime]
    """Tasks with a registration and no event, and when they were registered."""
    frozen: Mapping[str, str] = field(default_factory=dict)
    """Streams that take nothing until a thaw, and why."""
    ended: Mapping[str, EndedStream] = field(default_factory=dict)
    """By workflow id."""
    chains: Mapping[str, Sequence[KnownChain]] = field(default_factory=dict)
    """By workflow id, the services' too, the oldest first; kept beside the events."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What is compared by: the present, the grace, what runs beside the streams."""

    now: datetime
    grace: timedelta
    task_queue: str
    unrecorded: timedelta
    """An accepted command that the trail lacks for longer, a registration without a task, counts."""
    services: Mapping[str, str] = field(default_factory=dict)
    """Workflow id -> type of what must run for the whole deployment (mailrooms, the sealer)."""
    seen_until: datetime | None = None
    """When this was compared last: nothing that happened since may be passed over as old."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Findings, and how many differences are too young to be one.

    `chains`: by workflow id, what the next look should know of the chain that was read.
    `withheld`: those of the young ones that hold, seen elsewhere; where one stands, it stays.
    """

    findings: tuple[Finding, ...]
    pending: int
    chains: Mapping[str, KnownChain] = field(default_factory=dict)
    withheld: Sequence[Finding] = ()


@dataclass
class _Counting:
    """Findings as they come; the young ones are counted only."""

    ground: Ground
    findings: list[Finding] = field(default_factory=list)
    pending: int = 0

    @property
    def count(self) -> int:
        """Of all differences, old and young."""
        return len(self.findings) + self.pending

    def add(self, finding: Finding, since: datetime | None, grace: timedelta | None = None) -> None:
        """A difference that is there since `since`; None: nobody knows, it counts."""
        allowed = self.ground.grace if grace is None else grace
        if since is not None and self.ground.now - since < allowed:
            self.pending += 1
        else:
            self.findings.append(finding)


def place_of_workflow(workflow_id: str) -> str:
    """How findings name a workflow."""
    return f"workflow:{workflow_id}"


def compare(
    trail: TrailSeen, workflows: Mapping[str, WorkflowSeen], stored: Collection[str], ground: Ground
) -> Compared:
    """Everything in which Temporal and the trail of one conference differ.

    `workflows`: by id, the newest run of each, all of the namespace. `stored`: those of the
    answered events' hashes that the trail holds.

    Codes: WORKFLOW_MISSING, WORKFLOW_CLOSED (the trail says open), WORKFLOW_STILL_RUNNING (the
    trail says over), WORKFLOW_FOREIGN (another type or task queue), WORKFLOW_UNREGISTERED,
    WORKFLOW_RESTARTED (not the chain of runs that began the stream), TASK_NOT_BEGUN, UNRECORDED
    (answered, not in the trail), STREAM_FROZEN, and those of incidents: CANCEL_REQUESTED,
    WORKFLOW_RESET, UNKNOWN_SIGNAL, UNKNOWN_UPDATE, UPDATE_UNSIGNED.
    """
    counting = _Counting(ground)
    expected = {
        workflow_id: CONFERENCE_WORKFLOW if one.stream == ids.CONFERENCE_STREAM else TASK_WORKFLOW
        for workflow_id, one in trail.open.items()
    }
    for workflow_id, type_ in {**expected, **ground.services}.items():
        since = trail.open[workflow_id].since if workflow_id in trail.open else None
        _check_running(counting, workflow_id, type_, workflows.get(workflow_id), since)
    chains: dict[str, KnownChain] = {}
    for workflow in workflows.values():
        if not _belongs(workflow.workflow_id, trail, ground):
            continue
        if workflow.workflow_id not in trail.registered | ground.services.keys():
            _check_stranger(counting, workflow)
            continue
        before = counting.count
        _check_over(counting, workflow, trail)
        _check_chain(counting, workflow, trail)
        _check_incidents(counting, workflow)
        _check_answered(counting, workflow, stored)
        if workflow.first_run_id:
            settled = workflow.status != RUNNING and counting.count == before
            chains[workflow.workflow_id] = _chain(workflow, trail, ground, settled=settled)
    for task, registered_at in trail.not_begun.items():
        place = f"{trail.conference}/{ids.task_stream(task)}"
        counting.add(Finding(TASK_NOT_BEGUN, place), registered_at, ground.unrecorded)
    for stream, why in trail.frozen.items():
        counting.findings.append(Finding(STREAM_FROZEN, f"{trail.conference}/{stream}", why))
    return Compared(tuple(counting.findings), counting.pending, chains)


def _belongs(workflow_id: str, trail: TrailSeen, ground: Ground) -> bool:
    """A conference's own workflows are named after it; the services are everybody's."""
    return _owner(workflow_id) == trail.conference or workflow_id in ground.services


def _owner(workflow_id: str) -> str:
    return workflow_id.partition("/")[0]


def strangers(
    workflows: Iterable[WorkflowSeen], trails: Sequence[TrailSeen], ground: Ground
) -> list[Finding]:
    """Workflows of no conference that there is, and of no service: named in every conference."""
    conferences = {trail.conference for trail in trails}
    counting = _Counting(ground)
    for workflow in workflows:
        known = _owner(workflow.workflow_id) in conferences
        if not known and workflow.workflow_id not in ground.services:
            _check_stranger(counting, workflow)
    return counting.findings


def judge(envelope: str, roster: Roster | None) -> str | None:
    """Why an accepted update is no command of this conference; None: it is one.

    KEY_UNKNOWN may pass: the trail lags a moment behind a roster that has grown.
    """
    if roster is None:
        return None
    try:
        authenticate(open_command(envelope), roster)
    except Refusal as refusal:
        return refusal.code
    return None


def _check_running(
    counting: _Counting,
    workflow_id: str,
    type_: str,
    workflow: WorkflowSeen | None,
    since: datetime | None,
) -> None:
    place = place_of_workflow(workflow_id)
    if workflow is None:
        counting.add(Finding(WORKFLOW_MISSING, place), since)
    elif workflow.status != RUNNING:
        finding = Finding(WORKFLOW_CLOSED, place, workflow.status)
        counting.add(finding, workflow.closed_at)
    elif (workflow.type, workflow.task_queue) != (type_, counting.ground.task_queue):
        detail = f"{workflow.type} on {workflow.task_queue}"
        counting.findings.append(Finding(WORKFLOW_FOREIGN, place, detail))


def _check_stranger(counting: _Counting, workflow: WorkflowSeen) -> None:
    finding = Finding(WORKFLOW_UNREGISTERED, place_of_workflow(workflow.workflow_id), workflow.type)
    if workflow.status == RUNNING or _recent(counting.ground, workflow.started_at):
        counting.add(finding, workflow.started_at)


def _check_over(counting: _Counting, workflow: WorkflowSeen, trail: TrailSeen) -> None:
    """A workflow under the id of a stream that has ended: nobody's commands are answered there."""
    over = trail.ended.get(workflow.workflow_id)
    if over is not None and workflow.status == RUNNING:
        detail = f"{workflow.type} on {workflow.task_queue}"
        finding = Finding(WORKFLOW_STILL_RUNNING, place_of_workflow(workflow.workflow_id), detail)
        counting.add(finding, max(over.ended, workflow.started_at))


def _check_chain(counting: _Counting, workflow: WorkflowSeen, trail: TrailSeen) -> None:
    """One chain of runs lives under an id, from before the stream's first event to its end.

    Another one was started by somebody, with a state of his making; nothing ever makes it the true
    one, so that the finding stands. A service has no state: the next worker to start brings it back,
    and that is shown for a day.
    """
    name, first = workflow.workflow_id, workflow.first_run_id
    if not first:
        return
    known = trail.chains.get(name, ())
    if name in counting.ground.services:
        since = max((one.since for one in known if one.first_run_id == first), default=None)
        another = any(one.first_run_id != first for one in known)
        another = another and (since is None or counting.ground.now - since < INCIDENT_SHOWN)
    else:
        another = any(one.first_run_id != first for one in known) or _begun_late(
            workflow, trail, counting.ground
        )
    if another:
        finding = Finding(WORKFLOW_RESTARTED, place_of_workflow(name), f"run {first}")
        counting.findings.append(finding)


def _begun_late(workflow: WorkflowSeen, trail: TrailSeen, ground: Ground) -> bool:
    """Whether its first run began when the trail already held events of its stream."""
    stream = trail.open.get(workflow.workflow_id) or trail.ended.get(workflow.workflow_id)
    if stream is None or workflow.run_id != workflow.first_run_id:
        return False
    return workflow.started_at - stream.since > ground.grace


def _chain(
    workflow: WorkflowSeen, trail: TrailSeen, ground: Ground, *, settled: bool
) -> KnownChain:
    known = trail.chains.get(workflow.workflow_id, ())
    first = workflow.first_run_id
    since = next((one.since for one in known if one.first_run_id == first), ground.now)
    return KnownChain(first, workflow.run_id, since, settled)


def _check_incidents(counting: _Counting, workflow: WorkflowSeen) -> None:
    place = place_of_workflow(workflow.workflow_id)
    for incident in workflow.incidents:
        if _recent(counting.ground, incident.at):
            counting.findings.append(Finding(incident.code, place, incident.detail))


def _check_answered(counting: _Counting, workflow: WorkflowSeen, stored: Collection[str]) -> None:
    """One finding for a workflow: the oldest event that the trail lacks, and how many there are."""
    lacking = [one for one in workflow.answered if one.hash not in stored]
    if not lacking:
        return
    first = min(lacking, key=lambda one: one.at)
    finding = Finding(
        UNRECORDED, f"{place_of_workflow(workflow.workflow_id)}", f"from {first.stream}#{first.seq}"
    )
    counting.add(finding, first.at, counting.ground.unrecorded)


def _recent(ground: Ground, at: datetime) -> bool:
    """Of the last day, or not looked at before."""
    since = ground.now - INCIDENT_SHOWN
    if ground.seen_until is None:
        return True
    return at >= min(since, ground.seen_until - timedelta(hours=1))
