"""The trail as first released.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create all tables and indexes of `lianxi.store.tables` as of this version."""
    op.create_table(
        "alarms",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("offered", sa.Text(), nullable=False),
        sa.Column("stored", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("origin", "stream", "seq", "offered", name=op.f("pk_alarms")),
        sqlite_strict=True,
    )
    op.create_index("ix_alarms_position", "alarms", ["position"], unique=False)
    op.create_table(
        "assignments",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("first_due", sa.Text(), nullable=False),
        sa.Column("due", sa.Text(), nullable=False),
        sa.Column("acknowledge_by", sa.Text(), nullable=False),
        sa.Column("overdue_at", sa.Text(), nullable=True),
        sa.Column("acknowledge_overdue_at", sa.Text(), nullable=True),
        sa.Column("near_due_at", sa.Text(), nullable=True),
        sa.Column("percent", sa.Integer(), nullable=True),
        sa.Column("submission", sa.Text(), nullable=True),
        sa.Column("submitted_at", sa.Text(), nullable=True),
        sa.Column("completed_at", sa.Text(), nullable=True),
        sa.Column("in_time", sa.Integer(), nullable=True),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("state_json", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("origin", "task", "unit", name=op.f("pk_assignments")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_assignments_acknowledge_overdue",
        "assignments",
        ["origin", "acknowledge_overdue_at", "task", "unit"],
        unique=False,
    )
    op.create_index(
        "ix_assignments_due", "assignments", ["origin", "due", "task", "unit"], unique=False
    )
    op.create_index(
        "ix_assignments_overdue",
        "assignments",
        ["origin", "overdue_at", "task", "unit"],
        unique=False,
    )
    op.create_index(
        "ix_assignments_state_due",
        "assignments",
        ["origin", "state", "due", "task", "unit"],
        unique=False,
    )
    op.create_index(
        "ix_assignments_unit_due", "assignments", ["origin", "unit", "due", "task"], unique=False
    )
    op.create_index(
        "ix_assignments_unit_state_due",
        "assignments",
        ["origin", "unit", "state", "due", "task"],
        unique=False,
    )
    op.create_index(
        "ix_assignments_unit_task", "assignments", ["origin", "unit", "task"], unique=False
    )
    op.create_table(
        "commands",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("payload_sha256", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("envelope", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("origin", "payload_sha256", name=op.f("pk_commands")),
        sqlite_strict=True,
    )
    op.create_table(
        "commitments",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("commit", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("media", sa.Text(), nullable=True),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("origin", "commit", "event", "field", name=op.f("pk_commitments")),
        sqlite_strict=True,
    )
    op.create_index("ix_commitments_position", "commitments", ["position"], unique=False)
    op.create_index(
        "ix_commitments_task", "commitments", ["origin", "task", "position"], unique=False
    )
    op.create_table(
        "conferences",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("conference", sa.Text(), nullable=False),
        sa.Column("founded_at", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("custody", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("directory", sa.Text(), nullable=False),
        sa.Column("roster_version", sa.Integer(), nullable=False),
        sa.Column("roster_hash", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("state_json", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("origin", name=op.f("pk_conferences")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_conferences_conference", "conferences", ["conference", "origin"], unique=False
    )
    op.create_table(
        "events",
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("happened_at", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=True),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("task", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("payload_sha256", sa.Text(), nullable=True),
        sa.Column("roster", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_events")),
        sa.UniqueConstraint("origin", "stream", "seq", name=op.f("uq_events_origin_stream_seq")),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_index("ix_events_actor", "events", ["origin", "actor", "position"], unique=False)
    op.create_index("ix_events_at", "events", ["origin", "at", "position"], unique=False)
    op.create_index("ix_events_hash", "events", ["hash"], unique=False)
    op.create_index("ix_events_kind", "events", ["origin", "kind", "position"], unique=False)
    op.create_index("ix_events_list", "events", ["origin", "position"], unique=False)
    op.create_index("ix_events_request", "events", ["origin", "request_id"], unique=False)
    op.create_index("ix_events_task", "events", ["origin", "task", "position"], unique=False)
    op.create_index("ix_events_unit", "events", ["origin", "unit", "position"], unique=False)
    op.create_table(
        "keys",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("alg", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("since_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("origin", "key_id", name=op.f("pk_keys")),
        sqlite_strict=True,
    )
    op.create_index("ix_keys_unit", "keys", ["origin", "unit"], unique=False)
    op.create_table(
        "mailbox",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("read_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_mailbox")),
        sa.UniqueConstraint("notice_id", name=op.f("uq_mailbox_notice_id")),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_index("ix_mailbox_unit", "mailbox", ["origin", "unit", "number"], unique=False)
    op.create_index(
        "ix_mailbox_unread", "mailbox", ["origin", "unit", "read_at", "number"], unique=False
    )
    op.create_table(
        "notices",
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("addressee", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("notice_json", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("settled_at", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("notice_id", name=op.f("pk_notices")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_notices_addressee",
        "notices",
        ["origin", "addressee", "position", "notice_id"],
        unique=False,
    )
    op.create_index(
        "ix_notices_channel",
        "notices",
        ["origin", "channel", "position", "notice_id"],
        unique=False,
    )
    op.create_index("ix_notices_list", "notices", ["origin", "position", "notice_id"], unique=False)
    op.create_index("ix_notices_position", "notices", ["position"], unique=False)
    op.create_index(
        "ix_notices_state", "notices", ["origin", "state", "position", "notice_id"], unique=False
    )
    op.create_index(
        "ix_notices_task", "notices", ["origin", "task", "position", "notice_id"], unique=False
    )
    op.create_table(
        "openings",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("commit", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("media", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=True),
        sa.Column("by_unit", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("origin", "commit", name=op.f("pk_openings")),
        sqlite_strict=True,
    )
    op.create_table(
        "outbox",
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.Text(), nullable=False),
        sa.Column("lease", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("notice_id", name=op.f("pk_outbox")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_outbox_due", "outbox", ["channel", "due_at", "position", "notice_id"], unique=False
    )
    op.create_table(
        "registrations",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("args_hash", sa.Text(), nullable=False),
        sa.Column("rules_hash", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("roster", sa.Text(), nullable=False),
        sa.Column("payload_sha256", sa.Text(), nullable=False),
        sa.Column("begun", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("origin", "task", name=op.f("pk_registrations")),
        sa.UniqueConstraint("origin", "ref", name=op.f("uq_registrations_origin_ref")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_registrations_begun", "registrations", ["begun", "origin", "task"], unique=False
    )
    op.create_table(
        "rosters",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("step_json", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("origin", "version", name=op.f("pk_rosters")),
        sa.UniqueConstraint("origin", "hash", name=op.f("uq_rosters_origin_hash")),
        sqlite_strict=True,
    )
    op.create_table(
        "tasks",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("ready", sa.Integer(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.Text(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("open", sa.Integer(), nullable=False),
        sa.Column("next_due", sa.Text(), nullable=True),
        sa.Column("next_deadline", sa.Text(), nullable=True),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("state_json", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("origin", "task", name=op.f("pk_tasks")),
        sqlite_strict=True,
    )
    op.create_index("ix_tasks_phase", "tasks", ["origin", "phase", "task"], unique=False)
    op.create_index("ix_tasks_ready", "tasks", ["origin", "ready", "task"], unique=False)
    op.create_table(
        "units",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("channels_json", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("origin", "unit", name=op.f("pk_units")),
        sqlite_strict=True,
    )
