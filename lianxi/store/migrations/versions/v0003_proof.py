"""Proof: one tree over all events, who witnessed it, what was found, what was redacted.

New tables are empty: the sealer fills the tree at its first start, and no event of an older release
makes a row of the others. Keys and proposals are carried over with what they were before: keys that
sign commands, proposals to issue. Alarms are carried over to a key that lets the same one come again.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring all tables and indexes to `lianxi.store.tables` as of this version."""
    _create_what_was_found()
    _create_tree()
    _create_witnessing()
    _carry_keys_over()
    _carry_proposals_over()
    _carry_alarms_over()


def _create_what_was_found() -> None:
    op.create_table(
        "findings",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("since", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("cleared", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("origin", "code", "place", name=op.f("pk_findings")),
        sqlite_strict=True,
    )
    op.create_index("ix_findings_list", "findings", ["origin", "position"], unique=False)
    op.create_index("ix_findings_position", "findings", ["position"], unique=False)
    op.create_table(
        "reconciliations",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("streams", sa.Integer(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("open", sa.Integer(), nullable=False),
        sa.Column("pending", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("origin", name=op.f("pk_reconciliations")),
        sqlite_strict=True,
    )
    op.create_table(
        "chains",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("workflow", sa.Text(), nullable=False),
        sa.Column("first_run", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("since", sa.Text(), nullable=False),
        sa.Column("settled", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("origin", "workflow", "first_run", name=op.f("pk_chains")),
        sqlite_strict=True,
    )
    op.create_table(
        "redactions",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("commit", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("origin", "commit", name=op.f("pk_redactions")),
        sqlite_strict=True,
    )
    op.create_index("ix_redactions_position", "redactions", ["position"], unique=False)


def _create_tree() -> None:
    op.create_table(
        "leaves",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("leaf", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("origin", "leaf", name=op.f("pk_leaves")),
        sa.UniqueConstraint("position", name=op.f("uq_leaves_position")),
        sa.UniqueConstraint("origin", "stream", "seq", name=op.f("uq_leaves_origin_stream_seq")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "nodes",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("idx", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("origin", "level", "idx", name=op.f("pk_nodes")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _create_witnessing() -> None:
    op.create_table(
        "checkpoints",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("origin", "size", name=op.f("pk_checkpoints")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_checkpoints_unsigned",
        "checkpoints",
        ["origin", "size"],
        unique=False,
        sqlite_where=sa.text("note IS NULL"),
        postgresql_where=sa.text("note IS NULL"),
    )
    op.create_table(
        "cosignatures",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("time", sa.Integer(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("origin", "size", "name", name=op.f("pk_cosignatures")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_cosignatures_name", "cosignatures", ["origin", "name", "size"], unique=False
    )
    op.create_table(
        "witnesses",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("vkey", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("origin", "name", name=op.f("pk_witnesses")),
        sqlite_strict=True,
    )


def _carry_keys_over() -> None:
    op.execute("CREATE TABLE keys_before AS SELECT * FROM keys")
    op.drop_table("keys")
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
        sa.Column("use", sa.Text(), server_default="command", nullable=False),
        sa.Column("effective", sa.Text(), nullable=True),
        sa.Column("replaces", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("origin", "key_id", name=op.f("pk_keys")),
        sqlite_strict=True,
    )
    op.create_index("ix_keys_unit", "keys", ["origin", "unit"], unique=False)
    op.execute("INSERT INTO keys SELECT *, 'command', NULL, NULL FROM keys_before")
    op.drop_table("keys_before")


def _carry_proposals_over() -> None:
    op.execute("CREATE TABLE proposals_before AS SELECT * FROM proposals")
    op.drop_table("proposals")
    op.create_table(
        "proposals",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("expires", sa.Text(), nullable=False),
        sa.Column("state_json", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), server_default="issue", nullable=False),
        sa.PrimaryKeyConstraint("origin", "event", name=op.f("pk_proposals")),
        sqlite_strict=True,
    )
    op.create_index("ix_proposals_list", "proposals", ["origin", "seq"], unique=False)
    op.execute("INSERT INTO proposals SELECT *, 'issue' FROM proposals_before")
    op.drop_table("proposals_before")


def _carry_alarms_over() -> None:
    op.execute("CREATE TABLE alarms_before AS SELECT * FROM alarms")
    op.drop_table("alarms")
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
        sa.PrimaryKeyConstraint(
            "origin", "stream", "seq", "offered", "position", name=op.f("pk_alarms")
        ),
        sqlite_strict=True,
    )
    op.create_index("ix_alarms_position", "alarms", ["position"], unique=False)
    op.execute("INSERT INTO alarms SELECT * FROM alarms_before")
    op.drop_table("alarms_before")
