"""What travels between client, workflows and activities, and the names both sides use.

Names stand in histories: they are pinned by tests/workflows/test_names.py and never change after a
release. New fields need defaults. No message carries a text of a user.
"""

from typing import Literal

from pydantic import Field

from lianxi.domain.calendar import Calendar
from lianxi.domain.conference.state import ConferenceState
from lianxi.domain.rules import Rules
from lianxi.domain.task.state import TaskState
from lianxi.domain.values import (
    ConferenceId,
    Frozen,
    Instant,
    Origin,
    RequestId,
    Sha256Hex,
    StreamName,
    TaskId,
)
from lianxi.proof.events import Head, SealedEvent
from lianxi.proof.rosters import RosterStep

TASK_WORKFLOW = "Task"
CONFERENCE_WORKFLOW = "Conference"
MAILROOM_WORKFLOW = "Mailroom"
SEALER_WORKFLOW = "Sealer"
COMMAND_UPDATE = "command"
ROSTERS_UPDATE = "adopt_rosters"
ROSTERS_ID = "rosters."
"""What the id of an update `adopt_rosters` begins with: it takes the place of no command's."""
STATE_QUERY = "state"
RECORD_EVENTS = "record_events"
DELIVER_NOTICES = "deliver_notices"
SEAL_EVENTS = "seal_events"
RECONCILE_WORKFLOW = "Reconcile"
RECONCILE = "reconcile"

MAX_BATCH_EVENTS = 128
MAX_BATCH_BYTES = 1 << 20
MAX_TAIL_BYTES = 640 << 10
MAX_ROSTER_STEPS = 128
MAX_ROSTER_STEP_BYTES = 128 << 10
"""Of all that come with one command; a single one has 34 KB at most."""
MAX_THAW_STEP_BYTES = 48 << 10
"""Beside what a thaw takes along from the trail."""
MAX_STORED_BYTES = 16 << 20
"""Events of a stream that a thaw takes up, as they stand."""
MAX_STORED_TEXT = (1280 << 10) * 4 // 3
"""The same compressed (1.25 MiB) and in base64: a payload has 2 MiB in all."""
MAX_STORED_ROSTER = 256 << 10


class ReceiptEvent(Frozen):
    """One event a command led to."""

    seq: int
    kind: str
    hash: Sha256Hex


class Receipt(Frozen):
    """What the conference answers to an accepted command. The gateway signs it on its way out."""

    v: int = 1
    request_id: RequestId
    payload_sha256: Sha256Hex
    origin: Origin
    stream: StreamName
    action: str
    at: Instant
    events: tuple[ReceiptEvent, ...]
    task: TaskId | None = None
    already: bool = False
    signed: bool = False


class CommandMessage(Frozen):
    """The argument of the update `command`: a signed envelope, and roster steps not yet adopted.

    With a `thaw` also what the trail holds of the stream: `stored`, its events (JSON lines, zlib,
    base64), and `stored_roster`, the roster in force at their end.
    """

    envelope: str = Field(max_length=16_384)
    roster_steps: tuple[RosterStep, ...] = Field(default=(), max_length=MAX_ROSTER_STEPS)
    stored: str | None = Field(default=None, max_length=MAX_STORED_TEXT)
    stored_roster: str | None = Field(default=None, max_length=MAX_STORED_ROSTER)


class RostersMessage(Frozen):
    """The argument of the update `adopt_rosters`: steps that a stream is to hear of before a command.

    No command is needed: each step is signed by the roster's own keys.
    """

    roster_steps: tuple[RosterStep, ...] = Field(min_length=1, max_length=MAX_ROSTER_STEPS)


class RostersAnswer(Frozen):
    """The result of the update `adopt_rosters`: the version of the roster that the stream now has."""

    version: int


class CommandAnswer(Frozen):
    """The result of the update `command`; `registration` when a task got its number."""

    receipt: Receipt
    registration: SealedEvent | None = None


class RefusalDetail(Frozen):
    """How a refusal travels as the detail of an ApplicationError."""

    code: str
    params: dict[str, str | int] = Field(default_factory=dict)


class CausingEnvelope(Frozen):
    """A signed command that caused recorded events, kept beside them for whoever verifies."""

    payload_sha256: Sha256Hex
    text: str


class RecordBatch(Frozen):
    """Events of one stream in order, with the envelopes that caused them."""

    origin: Origin
    stream: StreamName
    events: tuple[SealedEvent, ...] = Field(min_length=1)
    envelopes: tuple[CausingEnvelope, ...] = ()


class RecordResult(Frozen):
    """The last row that stands in the store after recording."""

    seq: int
    hash: Sha256Hex


class RequestEntry(Frozen):
    """What the request table keeps of an answered command until it has expired and is recorded."""

    payload_sha256: Sha256Hex
    issued_at: Instant
    not_after: Instant
    last_seq: int
    receipt: str
    told: bool = True


class StreamCarry(Frozen):
    """What a stream's writer takes across continue-as-new."""

    head: Head | None = None
    recorded_seq: int = 0
    roster: str
    requests: dict[str, RequestEntry] = Field(default_factory=dict)
    requests_floor: Instant | None = None
    unrecorded: tuple[SealedEvent, ...] = ()
    envelopes: tuple[CausingEnvelope, ...] = ()
    frozen: bool = False


class Tuning(Frozen):
    """Test and operations knobs that a run takes along; None means the server's suggestion."""

    continue_after_commands: int | None = Field(default=None, ge=1)


class TaskStart(Frozen):
    """With what a task's workflow begins: the registration and the issue's envelope.

    Where the office had proposed the issue: also the event of the proposal, which `envelope`
    caused, and the convener's `approval`, which caused the registration.
    """

    conference: ConferenceId
    registration: SealedEvent
    envelope: str
    roster: str
    rules: Rules
    calendar: Calendar | None = None
    proposal: SealedEvent | None = None
    approval: str | None = None


class TaskCarry(Frozen):
    """A task across continue-as-new."""

    stream: StreamCarry
    state: TaskState


class TaskInput(Frozen):
    """The input of `TaskWorkflow`: exactly one of start and carry.

    `engine`: the version of the rules by which this run decides; None in what releases 0.1 and 0.2
    started, which is version 1.
    """

    task: TaskId
    origin: Origin
    engine: int | None = None
    start: TaskStart | None = None
    carry: TaskCarry | None = None
    tuning: Tuning = Tuning()


class ConferenceCarry(Frozen):
    """A conference across continue-as-new."""

    stream: StreamCarry
    state: ConferenceState


class ConferenceInput(Frozen):
    """The input of `ConferenceWorkflow`: the founding envelope, or what was carried.

    `engine` as in `TaskInput`.
    """

    conference: ConferenceId
    origin: Origin
    engine: int | None = None
    envelope: str | None = None
    carry: ConferenceCarry | None = None
    tuning: Tuning = Tuning()


class MailroomInput(Frozen):
    """The input of `MailroomWorkflow` and of its activity."""

    channel: str


class SealerInput(Frozen):
    """The input of `SealerWorkflow` and of its activity: there is nothing to say yet."""


class SealRound(Frozen):
    """What one round of the sealer did, and why it ended.

    `left`: events that do not fit the tree, `unsigned`: conferences whose checkpoints are not
    signed, both as of the round's end.
    """

    ended: Literal["time", "shutdown", "cancelled"]
    sealed: int = 0
    signed: int = 0
    left: int = 0
    unsigned: int = 0


class ReconcileInput(Frozen):
    """The input of `ReconcileWorkflow` and of its activity; `asked`: by somebody, not by the clock."""

    asked: bool = False


class ReconcileResult(Frozen):
    """What a comparison of all conferences came to."""

    at: Instant
    streams: int = 0
    events: int = 0
    open: int = 0
    pending: int = 0
    raised: int = 0
    cleared: int = 0
