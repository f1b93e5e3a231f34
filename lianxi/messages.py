"""What travels between client, workflows and activities, and the names both sides use.

Names stand in histories: they are pinned by tests/workflows/test_names.py and never change after a
release. New fields need defaults. No message carries a text of a user.
"""

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
COMMAND_UPDATE = "command"
STATE_QUERY = "state"
RECORD_EVENTS = "record_events"
DELIVER_NOTICES = "deliver_notices"

MAX_BATCH_EVENTS = 128
MAX_BATCH_BYTES = 1 << 20
MAX_TAIL_BYTES = 640 << 10


class ReceiptEvent(Frozen):
    """One event a command led to."""

    seq: int
    kind: str
    hash: Sha256Hex


class Receipt(Frozen):
    """What the conference answers to an accepted command. Unsigned until the issue `Proof`."""

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
    """The argument of the update `command`: a signed envelope, and roster steps not yet adopted."""

    envelope: str = Field(max_length=16_384)
    roster_steps: tuple[RosterStep, ...] = Field(default=(), max_length=128)


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
    """The input of `TaskWorkflow`: exactly one of start and carry."""

    task: TaskId
    origin: Origin
    start: TaskStart | None = None
    carry: TaskCarry | None = None
    tuning: Tuning = Tuning()


class ConferenceCarry(Frozen):
    """A conference across continue-as-new."""

    stream: StreamCarry
    state: ConferenceState


class ConferenceInput(Frozen):
    """The input of `ConferenceWorkflow`: the founding envelope, or what was carried."""

    conference: ConferenceId
    origin: Origin
    envelope: str | None = None
    carry: ConferenceCarry | None = None
    tuning: Tuning = Tuning()


class MailroomInput(Frozen):
    """The input of `MailroomWorkflow` and of its activity."""

    channel: str
