"""What stands beside events and read tables: openings, evidence files, envelopes, outbox, letters."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, RowMapping, Table, exists, select

from lianxi.proof.verification import Finding, check_opening, place_of
from lianxi.store.evidence import EvidenceFolder
from lianxi.store.tables import (
    commands,
    commitments,
    events,
    mailbox,
    notices,
    openings,
    outbox,
    redactions,
)


@dataclass
class ContentCounts:
    """How many openings and files were re-hashed, how many are redacted."""

    openings: int = 0
    files: int = 0
    redactions: int = 0


def content_findings(
    connection: Connection, evidence: EvidenceFolder, counts: ContentCounts
) -> Iterator[Finding]:
    """All findings of this module; counts what was looked at."""
    yield from _openings(connection, evidence, counts)
    yield from _missing_openings(connection)
    yield from _redactions(connection, evidence, counts)
    yield from _commands(connection)
    yield from _outbox(connection)
    yield from _letters(connection)


def _openings(
    connection: Connection, evidence: EvidenceFolder, counts: ContentCounts
) -> Iterator[Finding]:
    """Every opening handed in, named by an event or not, opens its commitment."""
    rows = connection.execute(select(openings).execution_options(yield_per=_OPENINGS))
    for row in rows.mappings():
        counts.openings += 1
        word = _check_opening(row, evidence, counts)
        if word is not None:
            place = place_of(row["origin"], "openings", row["commit"])
            yield Finding("OPENING_MISSING" if word == "missing" else "OPENING_MISMATCH", place)


_OPENINGS = 64
"""Openings read at a time: 4 MiB at most, since a row may hold 64 KiB."""


def _check_opening(row: RowMapping, evidence: EvidenceFolder, counts: ContentCounts) -> str | None:
    data: bytes | None = row["data"]
    if data is None:
        counts.files += 1
        try:
            data = evidence.read(row["commit"])
        except (OSError, ValueError):
            data = None
    return check_opening(row["commit"], row["size"], row["salt"], data)


def _missing_openings(connection: Connection) -> Iterator[Finding]:
    """Each commitment that an event names was handed in, with the size the event says.

    But for what was redacted.
    """
    rows = connection.execute(
        select(
            commitments.c.origin,
            commitments.c.commit,
            commitments.c.field,
            commitments.c.size,
            openings.c.size.label("handed_in"),
            events.c.stream,
            events.c.seq,
        )
        .outerjoin(
            openings,
            (openings.c.origin == commitments.c.origin)
            & (openings.c.commit == commitments.c.commit),
        )
        .join(events, events.c.position == commitments.c.position)
        .where(openings.c.size.is_(None) | (openings.c.size != commitments.c.size))
        .where(~_redacted(commitments))
    )
    for row in rows:
        code = "OPENING_MISSING" if row.handed_in is None else "OPENING_MISMATCH"
        yield Finding(code, place_of(row.origin, row.stream, row.seq), row.field)


def _redacted(named: Table) -> ColumnElement[bool]:
    return exists().where(
        redactions.c.origin == named.c.origin, redactions.c.commit == named.c.commit
    )


def _redactions(
    connection: Connection, evidence: EvidenceFolder, counts: ContentCounts
) -> Iterator[Finding]:
    """What was redacted is gone, row and file; and it is something that stands in the record."""
    stands = exists().where(
        openings.c.origin == redactions.c.origin, openings.c.commit == redactions.c.commit
    )
    kept = exists().where(openings.c.commit == redactions.c.commit)
    named = exists().where(
        commitments.c.origin == redactions.c.origin, commitments.c.commit == redactions.c.commit
    )
    rows = connection.execute(
        select(
            redactions, stands.label("stands"), kept.label("kept"), named.label("named")
        ).order_by(redactions.c.position)
    )
    for row in rows.mappings():
        counts.redactions += 1
        place = place_of(row["origin"], "openings", row["commit"])
        if row["stands"]:
            yield Finding("REDACTION_UNDONE", place, "row")
        # a file's name is its commitment, whichever conference it belongs to
        if not row["kept"] and _holds(evidence, row["commit"]):
            yield Finding("REDACTION_UNDONE", place, "file")
        if not row["named"]:
            yield Finding("REDACTION_UNFOUNDED", place, row["event"])


def _holds(evidence: EvidenceFolder, commit: str) -> bool:
    try:
        return evidence.holds(commit)
    except ValueError:
        return False  # somebody's row: the table's own check names it


def _commands(connection: Connection) -> Iterator[Finding]:
    """Each envelope caused an event; that its columns say what it says is checked with that event."""
    caused = exists().where(
        events.c.origin == commands.c.origin,
        events.c.payload_sha256 == commands.c.payload_sha256,
        # by the index on request ids; that they agree is checked with each event
        events.c.request_id == commands.c.request_id,
    )
    unused = select(commands.c.origin, commands.c.payload_sha256).where(~caused)
    for row in connection.execute(unused):
        yield Finding("COMMAND_UNUSED", place_of(row.origin, "commands", row.payload_sha256))


def _outbox(connection: Connection) -> Iterator[Finding]:
    """Exactly the notices that are due wait."""
    waits = exists().where(outbox.c.notice_id == notices.c.notice_id)
    for identity in connection.scalars(
        select(notices.c.notice_id).where(notices.c.state == "due", ~waits)
    ):
        yield Finding("OUTBOX_DIFFERS", f"outbox:{identity}", "missing")
    due = exists().where(
        notices.c.notice_id == outbox.c.notice_id,
        notices.c.state == "due",
        notices.c.channel == outbox.c.channel,
        notices.c.position == outbox.c.position,
    )
    for identity in connection.scalars(select(outbox.c.notice_id).where(~due)):
        yield Finding("OUTBOX_DIFFERS", f"outbox:{identity}", "unexpected")


def _letters(connection: Connection) -> Iterator[Finding]:
    """Each letter in a mailbox is a notice to that unit."""
    noticed = exists().where(
        notices.c.notice_id == mailbox.c.notice_id,
        notices.c.channel == "mailbox",
        notices.c.origin == mailbox.c.origin,
        notices.c.addressee == mailbox.c.unit,
        notices.c.task.is_not_distinct_from(mailbox.c.task),
        notices.c.kind == mailbox.c.kind,
    )
    for identity in connection.scalars(select(mailbox.c.notice_id).where(~noticed)):
        yield Finding("LETTER_UNEXPECTED", f"mailbox:{identity}")
