"""The full life of a task: what waits for whom, rules and calendars by hash, proposals.

Read tables are dropped and made anew, empty: `lianxi.store.schema` writes their rows from the events
afterwards. Letters in mailboxes are content and are carried over.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_MADE_ANEW = ("assignments", "commitments", "conferences", "notices", "registrations", "tasks")


def upgrade() -> None:
    """Bring all tables and indexes to `lianxi.store.tables` as of this version."""
    for table in _MADE_ANEW:
        op.drop_table(table)
    _create_tasks()
    _create_record_of_the_conference()
    _create_notices()
    _carry_letters_over()


def _create_tasks() -> None:
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
        sa.Column("rules_hash", sa.Text(), nullable=False),
        sa.Column("calendar_hash", sa.Text(), nullable=True),
        sa.Column("state_json", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("origin", "task", name=op.f("pk_tasks")),
        sqlite_strict=True,
    )
    op.create_index("ix_tasks_phase", "tasks", ["origin", "phase", "task"], unique=False)
    op.create_index("ix_tasks_ready", "tasks", ["origin", "ready", "task"], unique=False)
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
        sa.Column("provisional", sa.Integer(), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=True),
        sa.Column("submission", sa.Text(), nullable=True),
        sa.Column("submitted_at", sa.Text(), nullable=True),
        sa.Column("completed_at", sa.Text(), nullable=True),
        sa.Column("in_time", sa.Integer(), nullable=True),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("calendar_hash", sa.Text(), nullable=True),
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
        "asks",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("ask", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("since", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=True),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("act", sa.Text(), nullable=True),
        sa.Column("optional", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("origin", "stream", "ask", name=op.f("pk_asks")),
        sqlite_strict=True,
    )
    op.create_index("ix_asks_side", "asks", ["origin", "side", "at", "stream", "ask"], unique=False)
    op.create_index(
        "ix_asks_unit", "asks", ["origin", "unit", "side", "at", "stream", "ask"], unique=False
    )
    op.create_index("ix_asks_who", "asks", ["origin", "who", "at", "stream", "ask"], unique=False)


def _create_record_of_the_conference() -> None:
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
        sa.Column("rules_hash", sa.Text(), nullable=False),
        sa.Column("calendar_hash", sa.Text(), nullable=True),
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
        "rulebooks",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("adopted_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("origin", "hash", name=op.f("pk_rulebooks")),
        sqlite_strict=True,
    )
    op.create_table(
        "proposals",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("expires", sa.Text(), nullable=False),
        sa.Column("state_json", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("origin", "event", name=op.f("pk_proposals")),
        sqlite_strict=True,
    )
    op.create_index("ix_proposals_list", "proposals", ["origin", "seq"], unique=False)
    op.create_table(
        "registrations",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("args_hash", sa.Text(), nullable=False),
        sa.Column("rules_hash", sa.Text(), nullable=False),
        sa.Column("calendar_hash", sa.Text(), nullable=True),
        sa.Column("proposal", sa.Text(), nullable=True),
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


def _create_notices() -> None:
    op.create_table(
        "notices",
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=True),
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
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "origin", "commit", "event", "field", "ordinal", name=op.f("pk_commitments")
        ),
        sqlite_strict=True,
    )
    op.create_index("ix_commitments_position", "commitments", ["position"], unique=False)
    op.create_index(
        "ix_commitments_task", "commitments", ["origin", "task", "position"], unique=False
    )


def _carry_letters_over() -> None:
    """A letter may be about the conference: `task` may be null."""
    op.execute("CREATE TABLE mailbox_before AS SELECT * FROM mailbox")
    op.drop_table("mailbox")
    op.create_table(
        "mailbox",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=True),
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
    op.execute("INSERT INTO mailbox SELECT * FROM mailbox_before")
    op.drop_table("mailbox_before")
