"""The tables of the trail and an index for every listing (store layer).

Four sorts, told apart because they are checked apart (`verify.py`):

- **record**: `events` (exact bytes; the other columns repeat what the bytes say) and `commands`
  (the signed envelopes that caused events).
- **read tables**, a function of the events alone (`projection`): `conferences`, `units`, `keys`,
  `rosters`, `rulebooks`, `proposals`, `registrations`, `tasks`, `assignments`, `asks`, `notices`,
  `commitments`, `alarms`, `findings`, `reconciliations`, `redactions`.
- **the tree over the record**, kept facts of their own (neither events nor made again from them):
  `leaves`, `nodes`, `checkpoints`, `cosignatures`, `witnesses`.
- **content and work**, not derivable: `openings` (what commitments stand for), `mailbox` (letters
  as delivered), `outbox` (which notices wait, and who has leased them), `chains` (which runs of a
  workflow reconciliation has seen).

SQLite STRICT tables take Text, Integer and LargeBinary only. Instants are texts in the one
spelling of `domain.values.format_instant`, which sorts by time; booleans are 0 and 1; columns
named `*_json` hold canonical-free JSON of a domain model. No foreign keys: rows of the record are
never refused because a read table lags.
"""

from sqlalchemy import (
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _text(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, Text, nullable=null)


def _int(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, Integer, nullable=null)


events = Table(
    "events",
    metadata,
    # AUTOINCREMENT: a position is never given twice, so a client's `after` stays good
    Column("position", Integer, primary_key=True),
    _text("origin"),
    _text("stream"),
    _int("seq"),
    _text("kind"),
    _text("at"),
    _text("happened_at", null=True),
    _text("actor"),
    _text("role"),
    _text("key_id", null=True),
    _text("basis"),
    _text("unit", null=True),
    _text("task", null=True),
    _text("request_id", null=True),
    _text("payload_sha256", null=True),
    _text("roster"),
    Column("data", LargeBinary, nullable=False),
    _text("hash"),
    UniqueConstraint("origin", "stream", "seq"),
    sqlite_strict=True,
    sqlite_autoincrement=True,
)
Index("ix_events_hash", events.c.hash)
Index("ix_events_request", events.c.origin, events.c.request_id)
Index("ix_events_list", events.c.origin, events.c.position)
Index("ix_events_actor", events.c.origin, events.c.actor, events.c.position)
Index("ix_events_unit", events.c.origin, events.c.unit, events.c.position)
Index("ix_events_task", events.c.origin, events.c.task, events.c.position)
Index("ix_events_kind", events.c.origin, events.c.kind, events.c.position)
Index("ix_events_at", events.c.origin, events.c.at, events.c.position)

commands = Table(
    "commands",
    metadata,
    _text("origin"),
    _text("payload_sha256"),
    _text("stream"),
    _text("unit"),
    _text("request_id"),
    _text("action"),
    _text("envelope"),
    PrimaryKeyConstraint("origin", "payload_sha256"),
    sqlite_strict=True,
)

conferences = Table(
    "conferences",
    metadata,
    _text("origin"),
    _text("conference"),
    _text("founded_at"),
    _text("zone"),
    _text("custody"),
    _text("language"),
    _text("directory"),
    _int("roster_version"),
    _text("roster_hash"),
    # what new tasks follow; the texts stand in `rulebooks`
    _text("rules_hash"),
    _text("calendar_hash", null=True),
    # head of the stream `conference`
    _int("seq"),
    _text("hash"),
    _text("at"),
    # ConferenceState without what has a table of its own: roster, rules, calendar, proposals,
    # registrations
    _text("state_json"),
    PrimaryKeyConstraint("origin"),
    sqlite_strict=True,
)
Index("ix_conferences_conference", conferences.c.conference, conferences.c.origin)

units = Table(
    "units",
    metadata,
    _text("origin"),
    _text("unit"),
    _int("ordinal"),
    _text("language"),
    _text("channels_json"),
    PrimaryKeyConstraint("origin", "unit"),
    sqlite_strict=True,
)

keys = Table(
    "keys",
    metadata,
    _text("origin"),
    _text("key_id"),
    _text("unit"),
    _text("role"),
    _text("alg"),
    _text("public_key"),
    _text("state"),
    _int("since_version"),
    # command | log | receipt
    Column("use", Text, nullable=False, server_default="command"),
    # when a replacement takes effect; null: at once, with its roster
    _text("effective", null=True),
    # the key id whose place it takes
    _text("replaces", null=True),
    PrimaryKeyConstraint("origin", "key_id"),
    sqlite_strict=True,
)
Index("ix_keys_unit", keys.c.origin, keys.c.unit)

rosters = Table(
    "rosters",
    metadata,
    _text("origin"),
    _int("version"),
    _text("hash"),
    # the canonical text of the whole roster: its SHA-256 is `hash`
    _text("text"),
    # RosterStep that led here; null for the first roster
    _text("step_json", null=True),
    PrimaryKeyConstraint("origin", "version"),
    UniqueConstraint("origin", "hash"),
    sqlite_strict=True,
)

rulebooks = Table(
    "rulebooks",
    metadata,
    _text("origin"),
    _text("hash"),
    # rules | calendar
    _text("kind"),
    _int("version"),
    # the canonical text: its SHA-256 is `hash`
    _text("text"),
    # when the conference adopted it; null where only a task did
    _text("adopted_at", null=True),
    PrimaryKeyConstraint("origin", "hash"),
    sqlite_strict=True,
)

proposals = Table(
    "proposals",
    metadata,
    # issues and redactions that wait for the convener; the row goes when it is decided
    _text("origin"),
    _text("event"),
    _int("seq"),
    _text("ref"),
    _text("at"),
    _text("expires"),
    # domain IssueProposal
    _text("state_json"),
    # what is proposed: issue | redact
    Column("act", Text, nullable=False, server_default="issue"),
    PrimaryKeyConstraint("origin", "event"),
    sqlite_strict=True,
)
Index("ix_proposals_list", proposals.c.origin, proposals.c.seq)

registrations = Table(
    "registrations",
    metadata,
    _text("origin"),
    _text("task"),
    _text("ref"),
    _text("args_hash"),
    _text("rules_hash"),
    _text("calendar_hash", null=True),
    # the event IssueProposed, where the convener approved one; its cause is the issue
    _text("proposal", null=True),
    # the event TaskRegistered
    _int("seq"),
    _text("hash"),
    _text("roster"),
    # the command that caused it: the issue, or its approval
    _text("payload_sha256"),
    # 1 once the task's own stream has an event
    _int("begun"),
    PrimaryKeyConstraint("origin", "task"),
    UniqueConstraint("origin", "ref"),
    sqlite_strict=True,
)
Index("ix_registrations_begun", registrations.c.begun, registrations.c.origin, registrations.c.task)

tasks = Table(
    "tasks",
    metadata,
    _text("origin"),
    _text("task"),
    _text("ref"),
    _text("phase"),
    _int("ready"),
    _text("mode"),
    _text("title"),
    _text("issued_at"),
    _text("ended_at", null=True),
    _text("verdict", null=True),
    _int("units"),
    # assignments that are not final
    _int("open"),
    # the earliest due among the open assignments
    _text("next_due", null=True),
    # the next instant at which a rule acts
    _text("next_deadline", null=True),
    # last act of a person on the task: what `expect` names
    _text("head"),
    # head of the stream
    _int("seq"),
    _text("hash"),
    _text("at"),
    # what it follows and counts by; the texts stand in `rulebooks`
    _text("rules_hash"),
    _text("calendar_hash", null=True),
    # TaskState without assignments, rules and calendar (`projection.task_state` puts all together)
    _text("state_json"),
    PrimaryKeyConstraint("origin", "task"),
    sqlite_strict=True,
)
Index("ix_tasks_phase", tasks.c.origin, tasks.c.phase, tasks.c.task)
Index("ix_tasks_ready", tasks.c.origin, tasks.c.ready, tasks.c.task)

assignments = Table(
    "assignments",
    metadata,
    _text("origin"),
    _text("task"),
    _text("unit"),
    # place in the order of issue
    _int("ordinal"),
    _text("role"),
    _text("state"),
    _int("cycle"),
    _int("revision"),
    _text("first_due"),
    _text("due"),
    _text("acknowledge_by"),
    # the instants after which it is overdue (red), the acknowledgement is overdue, it is near due
    # (yellow); null while that limit does not run. What is late follows from these and now.
    _text("overdue_at", null=True),
    _text("acknowledge_overdue_at", null=True),
    _text("near_due_at", null=True),
    # 1: past the last day that the calendar knows
    _int("provisional"),
    _int("percent", null=True),
    _text("submission", null=True),
    _text("submitted_at", null=True),
    _text("completed_at", null=True),
    _int("in_time", null=True),
    # last act of a person on it: what `expect` names
    _text("head"),
    # repeated from the task, so that a listing reads one table
    _text("phase"),
    _text("ref"),
    _text("title"),
    _text("calendar_hash", null=True),
    # domain Assignment
    _text("state_json"),
    PrimaryKeyConstraint("origin", "task", "unit"),
    sqlite_strict=True,
)
_a = assignments.c
Index("ix_assignments_due", _a.origin, _a.due, _a.task, _a.unit)
Index("ix_assignments_unit_due", _a.origin, _a.unit, _a.due, _a.task)
Index("ix_assignments_unit_task", _a.origin, _a.unit, _a.task)
Index("ix_assignments_state_due", _a.origin, _a.state, _a.due, _a.task, _a.unit)
Index("ix_assignments_unit_state_due", _a.origin, _a.unit, _a.state, _a.due, _a.task)
Index("ix_assignments_overdue", _a.origin, _a.overdue_at, _a.task, _a.unit)
Index("ix_assignments_acknowledge_overdue", _a.origin, _a.acknowledge_overdue_at, _a.task, _a.unit)

asks = Table(
    "asks",
    metadata,
    # what waits for somebody (domain asks.Ask); the row goes when it no longer waits
    _text("origin"),
    _text("stream"),
    # what|who|unit|subject, which no two asks of a stream share
    _text("ask"),
    # where the answer lies: unit, office or convener
    _text("side"),
    _text("who"),
    _text("what"),
    _text("task", null=True),
    # whose assignment it is about; null: the task as a whole, or an issue proposed
    _text("unit", null=True),
    _text("since"),
    _text("by", null=True),
    # `by`, or `since` where nothing ends: the order of listings
    _text("at"),
    _text("subject", null=True),
    _text("act", null=True),
    _int("optional"),
    # repeated from the task or the proposal, so that a listing finds its titles
    _text("title"),
    PrimaryKeyConstraint("origin", "stream", "ask"),
    sqlite_strict=True,
)
_q = asks.c
Index("ix_asks_who", _q.origin, _q.who, _q.at, _q.stream, _q.ask)
Index("ix_asks_side", _q.origin, _q.side, _q.at, _q.stream, _q.ask)
Index("ix_asks_unit", _q.origin, _q.unit, _q.side, _q.at, _q.stream, _q.ask)

notices = Table(
    "notices",
    metadata,
    # SHA-256 hex of "event hash|addressee|channel|kind"
    _text("notice_id"),
    _text("origin"),
    # the event that caused it
    _int("position"),
    _text("event"),
    # null: it concerns the conference
    _text("task", null=True),
    _text("addressee"),
    _text("about", null=True),
    _text("channel"),
    _text("kind"),
    _text("created_at"),
    # domain react.Notice
    _text("notice_json"),
    # due | sent | superseded | failed; the columns below come from the outcome's event.
    # While it is due, attempts stands in `outbox`.
    _text("state"),
    _int("attempts"),
    _text("detail", null=True),
    _text("settled_at", null=True),
    _text("outcome", null=True),
    PrimaryKeyConstraint("notice_id"),
    sqlite_strict=True,
)
_n = notices.c
Index("ix_notices_list", _n.origin, _n.position, _n.notice_id)
Index("ix_notices_position", _n.position)
Index("ix_notices_addressee", _n.origin, _n.addressee, _n.position, _n.notice_id)
Index("ix_notices_task", _n.origin, _n.task, _n.position, _n.notice_id)
Index("ix_notices_state", _n.origin, _n.state, _n.position, _n.notice_id)
Index("ix_notices_channel", _n.origin, _n.channel, _n.position, _n.notice_id)

commitments = Table(
    "commitments",
    metadata,
    _text("origin"),
    _text("commit"),
    _int("size"),
    # said beside it in the event; null where nothing is
    _text("media", null=True),
    # JSON pointer into the event's data
    _text("field"),
    _int("position"),
    _text("event"),
    _text("stream"),
    _text("kind"),
    _text("task", null=True),
    # whose matter it is: a unit, `office` for what only the convener's side reads, null for all
    _text("unit", null=True),
    # 0, or counted where one text is several units' matter
    _int("ordinal"),
    PrimaryKeyConstraint("origin", "commit", "event", "field", "ordinal"),
    sqlite_strict=True,
)
Index("ix_commitments_position", commitments.c.position)
Index("ix_commitments_task", commitments.c.origin, commitments.c.task, commitments.c.position)

alarms = Table(
    "alarms",
    metadata,
    _text("origin"),
    # where another event was offered than stands
    _text("stream"),
    _int("seq"),
    _text("offered"),
    _text("stored"),
    _int("position"),
    _text("event"),
    _text("at"),
    # what was offered once may be offered again after a thaw
    PrimaryKeyConstraint("origin", "stream", "seq", "offered", "position"),
    sqlite_strict=True,
)
Index("ix_alarms_position", alarms.c.position)

findings = Table(
    "findings",
    metadata,
    # what the operator's own look found (events of the stream `audit`); code and place name it
    _text("origin"),
    _text("code"),
    _text("place"),
    _text("detail"),
    _text("since"),
    _text("event"),
    _int("position"),
    # when a later look no longer found it; null while it stands
    _text("cleared", null=True),
    PrimaryKeyConstraint("origin", "code", "place"),
    sqlite_strict=True,
)
Index("ix_findings_list", findings.c.origin, findings.c.position)
Index("ix_findings_position", findings.c.position)

reconciliations = Table(
    "reconciliations",
    metadata,
    # the last look: how much was compared, how many findings stand, how many differences are young
    _text("origin"),
    _text("at"),
    _text("event"),
    _int("position"),
    _int("streams"),
    _int("events"),
    _int("open"),
    _int("pending"),
    PrimaryKeyConstraint("origin"),
    sqlite_strict=True,
)

chains = Table(
    "chains",
    metadata,
    # the chains of runs that stood under a workflow's id; more than one: it was started again
    _text("origin"),
    _text("workflow"),
    _text("first_run"),
    # the newest of its runs that was read
    _text("run"),
    # when it was first seen
    _text("since"),
    # ended and read to its end, with nothing left to be shown
    _int("settled"),
    PrimaryKeyConstraint("origin", "workflow", "first_run"),
    sqlite_strict=True,
)

redactions = Table(
    "redactions",
    metadata,
    # texts and files destroyed by a signed act; their openings are gone, their commitments stand
    _text("origin"),
    _text("commit"),
    _text("event"),
    _int("position"),
    _text("at"),
    _text("by"),
    _text("reason"),
    _text("task", null=True),
    PrimaryKeyConstraint("origin", "commit"),
    sqlite_strict=True,
)
Index("ix_redactions_position", redactions.c.position)

leaves = Table(
    "leaves",
    metadata,
    # which event is which leaf; the keys make one tree of what two sealers do
    _text("origin"),
    # from 0 without gaps; leaf 0 is the founding
    _int("leaf"),
    _int("position"),
    _text("stream"),
    _int("seq"),
    # recomputed from the bytes when it was sealed
    _text("hash"),
    PrimaryKeyConstraint("origin", "leaf"),
    UniqueConstraint("position"),
    UniqueConstraint("origin", "stream", "seq"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

nodes = Table(
    "nodes",
    metadata,
    # inner nodes of complete subtrees (RFC 9162 §2.1): level >= 1, the idx-th of 2**level leaves
    _text("origin"),
    _int("level"),
    _int("idx"),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("origin", "level", "idx"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

checkpoints = Table(
    "checkpoints",
    metadata,
    _text("origin"),
    # so many leaves
    _int("size"),
    # hex
    _text("root"),
    # when its leaves were sealed
    _text("at"),
    # the signed note with the log's signatures alone; null: not signed yet
    _text("note", null=True),
    PrimaryKeyConstraint("origin", "size"),
    sqlite_strict=True,
)
_unsigned = checkpoints.c.note.is_(None)
Index(
    "ix_checkpoints_unsigned",
    checkpoints.c.origin,
    checkpoints.c.size,
    sqlite_where=_unsigned,
    postgresql_where=_unsigned,
)

cosignatures = Table(
    "cosignatures",
    metadata,
    _text("origin"),
    _int("size"),
    # the witness's key name: <origin>/<unit>/<installation>
    _text("name"),
    _text("unit"),
    # seconds since 1970, as the witness says
    _int("time"),
    # the line of the note
    _text("line"),
    # when it came
    _text("at"),
    PrimaryKeyConstraint("origin", "size", "name"),
    sqlite_strict=True,
)
Index("ix_cosignatures_name", cosignatures.c.origin, cosignatures.c.name, cosignatures.c.size)

witnesses = Table(
    "witnesses",
    metadata,
    _text("origin"),
    _text("name"),
    _text("unit"),
    # the verifier key (C2SP signed-note)
    _text("vkey"),
    _text("at"),
    PrimaryKeyConstraint("origin", "name"),
    sqlite_strict=True,
)

openings = Table(
    "openings",
    metadata,
    _text("origin"),
    _text("commit"),
    Column("salt", LargeBinary, nullable=False),
    _int("size"),
    _text("media"),
    # null when the bytes lie as a file under evidence/
    Column("data", LargeBinary, nullable=True),
    _text("by_unit"),
    _text("at"),
    PrimaryKeyConstraint("origin", "commit"),
    sqlite_strict=True,
)

mailbox = Table(
    "mailbox",
    metadata,
    # the order of delivery
    Column("number", Integer, primary_key=True),
    _text("notice_id"),
    _text("origin"),
    _text("unit"),
    _text("task", null=True),
    _text("kind"),
    _text("language"),
    _text("subject"),
    _text("body"),
    _text("at"),
    _text("read_at", null=True),
    UniqueConstraint("notice_id"),
    sqlite_strict=True,
    sqlite_autoincrement=True,
)
Index("ix_mailbox_unit", mailbox.c.origin, mailbox.c.unit, mailbox.c.number)
Index("ix_mailbox_unread", mailbox.c.origin, mailbox.c.unit, mailbox.c.read_at, mailbox.c.number)

outbox = Table(
    "outbox",
    metadata,
    # exactly the notices whose state is `due` have a row here
    _text("notice_id"),
    _text("channel"),
    _int("position"),
    # wall time before which nobody takes it: the end of a lease, or of the wait for a retry
    _text("due_at"),
    # counts the leases; an outcome must name the last one
    _int("lease"),
    _int("attempts"),
    PrimaryKeyConstraint("notice_id"),
    sqlite_strict=True,
)
Index("ix_outbox_due", outbox.c.channel, outbox.c.due_at, outbox.c.position, outbox.c.notice_id)
