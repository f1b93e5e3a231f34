"""Ports: what the engine's parts need of the world outside, as Protocols.

Adapters stand in `lianxi.store` and `lianxi.notices`; hand-written fakes pass the same contract
suites (tests/store/contract.py, tests/activities/contract.py). Everything here is synchronous:
activities run it in threads.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from lianxi.domain.calendar import Calendar
from lianxi.domain.roster import Roster
from lianxi.domain.rules import Rules
from lianxi.domain.task.react import Notice
from lianxi.domain.values import Commitment
from lianxi.messages import Receipt, RecordBatch, RecordResult
from lianxi.proof.events import SealedEvent
from lianxi.proof.rosters import RosterStep
from lianxi.proof.verification import Finding
from lianxi.streams.reconciling import Answered, Compared, TrailSeen, WorkflowSeen


class StoreUnavailableError(Exception):
    """The store cannot be reached or written now (locked, full, read-only, gone); try again."""


class GapDetectedError(StoreUnavailableError):
    """Events before the first one given are missing; retryable, since they may be on their way."""


class TrailBehindError(StoreUnavailableError):
    """The trail is not the one of which a checkpoint was kept elsewhere: nothing of it is recorded.

    An older backup was restored, or the tree was changed. Never mended by waiting: somebody brings
    the newer backup, or founds anew; but whoever holds something to record goes on holding it.
    """

    def __init__(self, origin: str) -> None:
        super().__init__(f"{origin} is behind the checkpoint kept for it")
        self.origin = origin


class ForkDetectedError(Exception):
    """The store holds another event at this place of the stream; never overwritten.

    Invariant: an alarm event stands on the stream `audit` before this is raised.
    """

    def __init__(self, stream: str, seq: int, stored: str, offered: str) -> None:
        super().__init__(f"{stream} has another event at seq {seq}")
        self.stream, self.seq, self.stored, self.offered = stream, seq, stored, offered


class BatchInvalidError(Exception):
    """A batch that no stream's writer may offer: a defect, never retried; nothing was recorded.

    `reason` is a machine word: hash, address, stream, envelope, link or a refusal's code.
    """

    def __init__(self, stream: str, reason: str) -> None:
        super().__init__(f"{stream} offers an invalid batch: {reason}")
        self.stream, self.reason = stream, reason


class RedactedError(Exception):
    """What this commitment stood for was destroyed by a signed act, and does not come again."""

    def __init__(self, commit: str) -> None:
        super().__init__(f"{commit} is redacted")
        self.commit = commit


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One row of the trail: its place in the store, the exact bytes, their hash."""

    position: int
    origin: str
    stream: str
    seq: int
    data: bytes
    hash: str


@dataclass(frozen=True, slots=True)
class PendingTask:
    """A registration whose task has no event yet: all that its workflow needs to begin.

    `envelope` is the issue's; `proposal` and `approval` where the convener approved it.
    """

    origin: str
    registration: SealedEvent
    envelope: str
    roster: str
    rules: Rules
    calendar: Calendar | None = None
    proposal: SealedEvent | None = None
    approval: str | None = None


@dataclass(frozen=True, slots=True)
class StoredLines:
    """The exact bytes of a stream's events in order, and the roster in force behind the last."""

    lines: tuple[bytes, ...]
    roster: str | None


@dataclass(frozen=True, slots=True)
class Opening:
    """What a commitment stands for."""

    commitment: Commitment
    salt: bytes
    data: bytes
    media: str


class Trail(Protocol):
    """The append-only record of all streams."""

    def append(self, batch: RecordBatch) -> RecordResult:
        """Record events of one stream, update read tables and outbox, in one durable transaction.

        Idempotent: events that stand already with the same hash are passed over. Raises
        ForkDetectedError, GapDetectedError, StoreUnavailableError, BatchInvalidError.
        """
        ...

    def find_receipt(self, origin: str, unit: str, request_id: str) -> Receipt | None:
        """The receipt of a recorded command, rebuilt from its events; None if there is none."""
        ...

    def event_at(self, origin: str, stream: str, seq: int) -> StoredEvent | None:
        """One event by its place in its stream."""
        ...

    def registration(self, origin: str, task: str) -> PendingTask | None:
        """The registration of a task with envelope and roster, whether begun or not."""
        ...

    def begin(self, origin: str, registration: SealedEvent, envelope: str) -> PendingTask | None:
        """A registration just answered, not recorded yet, with what is: roster, rules, calendar.

        `envelope` caused it. None where something it names is not recorded yet either.
        """
        ...

    def task_phase(self, origin: str, task: str) -> str | None:
        """The recorded phase of a task; None before its first event is recorded."""
        ...

    def pending_tasks(self) -> Sequence[PendingTask]:
        """Registrations without a single event on the task's own stream, all conferences."""
        ...

    def roster_version(self, origin: str) -> int | None:
        """The newest recorded version of a conference's roster; None where it has none."""
        ...

    def latest_roster(self, origin: str) -> Roster | None:
        """The newest recorded roster of a conference; None where it has none."""
        ...

    def stored_stream(self, origin: str, stream: str) -> StoredLines:
        """Everything stored of a stream, for a thaw."""
        ...

    def roster_steps(self, origin: str, stream: str) -> Sequence[RosterStep]:
        """The steps from the roster that a stream's last event names to the newest one recorded."""
        ...


@dataclass(frozen=True, slots=True)
class Examined:
    """What a look through the trail itself came to, all conferences."""

    findings: Mapping[str, Sequence[Finding]]
    """By origin."""
    streams: Mapping[str, int]
    events: Mapping[str, int]
    deep: Mapping[str, int]
    complete: bool
    """False where findings were cut off: what is not among them may still be there."""
    begun: datetime
    """When this look began."""
    deep_begun: datetime | None = None
    """When the newest look began that derived everything again, and whose findings stand here too;
    what was raised later, by another worker, it cannot have seen."""


@dataclass(frozen=True, slots=True)
class Concluded:
    """What became of the findings of one conference."""

    raised: int
    cleared: int
    open: int


class SelfAudit(Protocol):
    """The trail's own part of reconciliation."""

    def trails(self) -> Sequence[TrailSeen]:
        """What the trail says of each conference, on one state of the database."""
        ...

    def newest_roster(self, conference: str) -> Roster | None:
        """The newest recorded roster of a conference by its name."""
        ...

    def last_compared(self, origin: str) -> datetime | None:
        """When the last result was recorded."""
        ...

    def stored(self, origin: str, answered: Iterable[Answered]) -> Collection[str]:
        """Those of the answered events' hashes that stand at their places."""
        ...

    def examine(self, now: datetime) -> Examined:
        """Look through bytes, links, read tables and tree; how deep is the adapter's matter."""
        ...

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
        """Record what is new, what is gone, and the result, in one transaction.

        Keeps the chains that were read. `asked`: the result is recorded also where it is as the last
        one. Scheduled ones that say nothing new are recorded every second time, to keep the stream
        small. What `compared` withholds is not cleared where it stands.
        """
        ...

    def give_up(self) -> None:
        """End the look that is going on, if any: nobody waits for it any longer."""
        ...


class Inspection(Protocol):
    """Temporal's part of reconciliation. Whatever it cannot read it raises: no result is made up."""

    async def listed(self) -> Sequence[WorkflowSeen]:
        """Every workflow of the namespace, the newest run of each, without histories."""
        ...

    async def newest_runs(
        self, last_read: Mapping[str, str | None], roster_of: Callable[[str], Roster | None]
    ) -> Mapping[str, WorkflowSeen]:
        """The newest run of each id, with what the histories since show; absent: there is none.

        `last_read`: the newest run that an earlier look has read, by workflow id.
        """
        ...

    def forget(self, hashes: Collection[str]) -> None:
        """Answered events that stand in the trail: nothing more to watch for."""
        ...


class Openings(Protocol):
    """Texts and files by commitment."""

    def put(self, origin: str, opening: Opening, by_unit: str, now: datetime) -> None:
        """Keep an opening durably; the caller has checked that it opens the commitment. Idempotent.

        Raises StoreUnavailableError, RedactedError.
        """
        ...

    def get(self, origin: str, commit: str) -> Opening | None:
        """The opening, or None if none was handed in."""
        ...


@dataclass(frozen=True, slots=True)
class DueNotice:
    """A leased outbox row: what to send, to whom, and the fence that its outcome must name."""

    notice_id: str
    origin: str
    channel: str
    notice: Notice
    holds: bool
    language: str
    address: str | None
    title: str | None
    lease: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one sending attempt.

    `retry` keeps the row due at `not_before`; the others end it and become an event of the
    channel's stream. `detail` is a machine word (an SMTP code), never a text.
    """

    notice_id: str
    lease: int
    result: Literal["sent", "superseded", "failed", "retry"]
    detail: str = ""
    not_before: datetime | None = None


class Outbox(Protocol):
    """Notices waiting to be sent, written in the same transaction as their event."""

    def take(
        self, channel: str, now: datetime, limit: int, lease_seconds: float
    ) -> Sequence[DueNotice]:
        """Lease up to `limit` due rows of a channel, oldest first; a lease lapses by wall time."""
        ...

    def settle(self, outcomes: Sequence[Outcome], now: datetime) -> int:
        """Record outcomes (row and event in one transaction); those of a lapsed lease are ignored.

        Returns how many counted.
        """
        ...


@dataclass(frozen=True, slots=True)
class Letter:
    """A rendered notice, ready for a channel; `task` None: it concerns the conference."""

    notice_id: str
    origin: str
    unit: str
    kind: str
    task: str | None
    address: str | None
    language: str
    subject: str
    body: str


class Mailbox(Protocol):
    """The letters kept in the store for units to read; always served."""

    def deliver(self, letters: Sequence[Letter], now: datetime) -> None:
        """Keep letters durably, in order; one whose notice id is there already is passed over.

        Raises StoreUnavailableError, and then none of them counts as delivered.
        """
        ...


class PermanentRefusalError(Exception):
    """The channel will never take this letter (e.g. SMTP 550); `detail` is a machine word."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class TransientRefusalError(Exception):
    """The channel may take this letter later (e.g. SMTP 451, no connection)."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Channel(Protocol):
    """A way to reach a unit. At least once; the notice id is the deduplication key."""

    name: str
    batch: int

    def send(self, letters: Sequence[Letter]) -> Sequence[Exception | None]:
        """Send each letter; per letter None, PermanentRefusalError or TransientRefusalError."""
        ...


Unfit = Literal["bytes", "columns", "hash", "first", "gap", "prev", "replaced", "tree", "behind"]
"""Why an event has no leaf.

bytes: they are no event; columns: the row says otherwise than its bytes; hash: not that of the
bytes; first: a tree begins with the founding; gap: events before it are missing or not sealed;
prev: it does not follow the last sealed event; replaced: its place is sealed with another row;
tree: stored nodes do not give the last checkpoint's root; behind: the trail is behind its anchor.
"""


@dataclass(frozen=True, slots=True)
class Misfit:
    """The first event of a stream that was left unsealed, and how many are with it."""

    origin: str
    stream: str
    seq: int
    position: int
    reason: Unfit
    at: str
    events: int = 1


@dataclass(frozen=True, slots=True)
class SealTurn:
    """What one turn of sealing did.

    `more`: go on at once. `left`: all that is known not to fit, one per stream. `unsigned`: by
    conference why its checkpoints are not signed (no_key, unlisted, root, fork, behind). `unkept`: by
    conference why its copy outside of the data directory is not up to date (unwritable, unreadable).
    """

    sealed: int = 0
    signed: int = 0
    more: bool = False
    left: tuple[Misfit, ...] = ()
    unsigned: Mapping[str, str] = field(default_factory=dict)
    unkept: Mapping[str, str] = field(default_factory=dict)


class Sealer(Protocol):
    """Makes leaves of committed events, and signed checkpoints of trees."""

    def seal(self, now: datetime) -> SealTurn:
        """One turn: a bounded number of leaves, all notes, the anchors.

        Idempotent, and safe beside other sealers. Raises StoreUnavailableError.
        """
        ...
