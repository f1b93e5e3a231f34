"""Tampering beside the store: each kind is named, and nothing is named that is in order."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lianxi.ports import Outcome
from lianxi.proof.hashing import event_hash
from lianxi.store.store import Store
from lianxi.store.verify import Look, Report, verify_trail
from tests.store.contract import record
from tests.store.scenario import Scenario, whole_life

Database = sqlite3.Connection


@pytest.fixture
def scenario(store: Store) -> Scenario:
    """A recorded life with some notices sent, one fork alarmed."""
    scenario = whole_life()
    record(store, scenario)
    assert store.outbox is not None
    due = store.outbox.take("mailbox", scenario.now, 5, 30)
    results = ["sent", "sent", "superseded", "failed", "retry"]
    outcomes = [
        Outcome(d.notice_id, d.lease, result, "550" if result == "failed" else "", scenario.now)  # type: ignore[arg-type]
        for d, result in zip(due, results, strict=True)
    ]
    assert store.outbox.settle(outcomes, scenario.now) == 5
    return scenario


@pytest.fixture
def database(scenario: Scenario, tmp_path: Path) -> Iterator[Database]:
    """The file, as somebody with access to it opens it."""
    del scenario
    connection = sqlite3.connect(tmp_path / "trail" / "trail.db", isolation_level=None)
    yield connection
    connection.close()


def verify(store: Store) -> Report:
    """All findings."""
    return verify_trail(store.engine, store.evidence)


def test_untouched(store: Store, scenario: Scenario) -> None:
    """No finding; counts by basis; demo custody is said."""
    report = verify(store)
    assert report.findings == []
    assert report.clean
    assert (report.events, report.streams) == (37, 4)
    assert report.bases == {"command": 22, "rule": 11, "observation": 4}
    assert (report.openings, report.files) == (11, 3)
    assert [(f.code, f.place) for f in report.unchecked] == [
        ("AUTHORSHIP_NOT_PROVEN", scenario.origin),
        ("NOT_SEALED", scenario.origin),
    ]


PLACES = [
    ("conference", 3),
    ("conference", 6),
    ("task/T-0001", 1),
    ("task/T-0001", 5),
    ("task/T-0002", 2),
    ("mail/mailbox", 2),
]


@pytest.mark.parametrize(("stream", "seq"), PLACES)
def test_a_changed_byte(store: Store, database: Database, stream: str, seq: int) -> None:
    """One bit of the bytes: the hash no longer fits, there and nowhere else."""
    (data,) = database.execute(
        "SELECT data FROM events WHERE stream=? AND seq=?", (stream, seq)
    ).fetchone()
    changed = data.replace(b'"at":"2026', b'"at":"2025')
    database.execute("UPDATE events SET data=? WHERE stream=? AND seq=?", (changed, stream, seq))
    report = verify(store)
    hashes = [f.place for f in report.findings if f.code == "HASH_MISMATCH"]
    assert hashes == [f"demo/{stream}#{seq}"]


@pytest.mark.parametrize(("stream", "seq"), PLACES)
def test_a_changed_event_sealed_again(
    store: Store, database: Database, stream: str, seq: int
) -> None:
    """With a hash that fits: the next event's link breaks, or columns and tables differ."""
    (data,) = database.execute(
        "SELECT data FROM events WHERE stream=? AND seq=?", (stream, seq)
    ).fetchone()
    event = json.loads(data)
    event["engine"] = 7
    changed = json.dumps(event, sort_keys=True, separators=(",", ":")).encode()
    database.execute(
        "UPDATE events SET data=?, hash=? WHERE stream=? AND seq=?",
        (changed, event_hash(changed), stream, seq),
    )
    codes = {(f.code, f.place) for f in verify(store).findings}
    last = database.execute("SELECT max(seq) FROM events WHERE stream=?", (stream,)).fetchone()[0]
    if seq < last:
        assert ("LINK_BROKEN", f"demo/{stream}#{seq + 1}") in codes
    assert codes


@pytest.mark.parametrize(("stream", "seq"), PLACES)
def test_a_deleted_event(store: Store, database: Database, stream: str, seq: int) -> None:
    """A gap, or at the end of a stream rows that no event explains."""
    (last,) = database.execute("SELECT max(seq) FROM events WHERE stream=?", (stream,)).fetchone()
    database.execute("DELETE FROM events WHERE stream=? AND seq=?", (stream, seq))
    findings = verify(store).findings
    if seq < last:
        assert ("GAP", f"demo/{stream}#{seq + 1}") in {(f.code, f.place) for f in findings}
    assert findings


def test_a_cut_tail_shows_in_the_read_tables(store: Store, database: Database) -> None:
    """Only the last event of a task: the chain holds, the state of the task does not."""
    database.execute("DELETE FROM events WHERE stream='task/T-0001' AND kind='TaskClosed'")
    found = {(f.code, f.detail) for f in verify(store).findings}
    assert ("ROW_DIFFERS", "phase") in found


def test_an_inserted_event(store: Store, database: Database) -> None:
    """A made-up command at the end, chained and hashed: nobody signed it."""
    data, head = database.execute(
        "SELECT data, hash FROM events WHERE stream='task/T-0002' ORDER BY seq DESC LIMIT 1"
    ).fetchone()
    (command,) = database.execute(
        "SELECT data FROM events WHERE stream='task/T-0002' AND kind='AssignmentAcknowledged'"
    ).fetchone()
    event, last = json.loads(command), json.loads(data)
    event.update(seq=last["seq"] + 1, prev=head, at=last["at"])
    event["cause"]["payload_sha256"] = "ab" * 32
    made = json.dumps(event, sort_keys=True, separators=(",", ":")).encode()
    columns = "origin,stream,kind,actor,role,key_id,basis,unit,task,request_id,roster"
    database.execute(
        f"INSERT INTO events ({columns},seq,at,payload_sha256,data,hash) "  # noqa: S608
        f"SELECT {columns},?,?,?,?,? FROM events "
        "WHERE stream='task/T-0002' AND kind='AssignmentAcknowledged'",
        (event["seq"], event["at"], "ab" * 32, made, event_hash(made)),
    )
    findings = {(f.code, f.place, f.detail) for f in verify(store).findings}
    place = f"demo/task/T-0002#{event['seq']}"
    assert ("COMMAND_INVALID", place, "missing") in findings


def test_two_swapped_events(store: Store, database: Database) -> None:
    """Their rows' contents exchanged: both addresses are wrong."""
    rows = database.execute(
        "SELECT seq, data, hash FROM events WHERE stream='task/T-0001' AND seq IN (3, 4)"
    ).fetchall()
    for (seq, _, _), (_, data, digest) in zip(rows, reversed(rows), strict=True):
        database.execute(
            "UPDATE events SET data=?, hash=? WHERE stream='task/T-0001' AND seq=?",
            (data, digest, seq),
        )
    places = {f.place for f in verify(store).findings if f.code == "ADDRESS_MISMATCH"}
    assert places == {"demo/task/T-0001#3", "demo/task/T-0001#4"}


COLUMNS = [
    ("kind", "Other"),
    ("at", "2026-01-01T00:00:00.000000Z"),
    ("actor", "U03"),
    ("role", "office"),
    ("basis", "rule"),
    ("unit", "U03"),
    ("task", "T-0009"),
    ("request_id", "x"),
    ("roster", "0" * 64),
]


@pytest.mark.parametrize(("column", "value"), COLUMNS)
def test_a_changed_column(store: Store, database: Database, column: str, value: str) -> None:
    """The columns repeat what the bytes say, or are named."""
    database.execute(
        f"UPDATE events SET {column}=? WHERE stream='task/T-0001' AND seq=2",  # noqa: S608
        (value,),
    )
    found = {(f.code, f.place, f.detail) for f in verify(store).findings}
    assert ("COLUMN_DIFFERS", "demo/task/T-0001#2", column) in found


ROWS: list[tuple[str, str, str, str]] = [
    ("tasks", "phase='active'", "task='T-0001'", "phase"),
    ("tasks", "state_json='{}'", "task='T-0002'", "state_json"),
    ("assignments", "overdue_at=NULL", "task='T-0002' AND unit='U03'", "overdue_at"),
    ("assignments", "due='2030-01-01T00:00:00.000000Z'", "unit='U02'", "due"),
    ("conferences", "roster_version=1", "1", "roster_version"),
    ("units", "channels_json='[]'", "unit='U02'", "channels_json"),
    ("keys", "unit='U02'", "unit='U01'", "unit"),
    ("rosters", "text=text||' '", "version=2", "text"),
    ("registrations", "begun=0", "task='T-0001'", "begun"),
    ("notices", "kind='other'", "state='due' AND channel='smtp'", "kind"),
    ("notices", "state='sent'", "state='failed'", "state"),
    ("notices", "attempts=3", "state='due'", "attempts"),
    ("notices", "detail='551'", "state='failed'", "detail"),
    (
        "notices",
        "state='sent', outcome=(SELECT outcome FROM notices WHERE state='failed')",
        "state='due' AND channel='smtp'",
        "outcome",
    ),
    (
        "notices",
        "state='sent', outcome=event",
        "state='due' AND channel='smtp'",
        "outcome",
    ),
    ("commitments", "unit='U03'", "unit='U01'", "unit"),
    ("commands", "action='other'", "action='submit'", "action"),
]


@pytest.mark.parametrize(("table", "change", "where", "column"), ROWS)
def test_a_changed_row_of_a_read_table(
    store: Store, database: Database, table: str, change: str, where: str, column: str
) -> None:
    """The column is named."""
    database.execute(f"UPDATE {table} SET {change} WHERE {where}")  # noqa: S608
    findings = verify(store).findings
    assert {(f.code, f.detail) for f in findings} & {
        ("ROW_DIFFERS", column),
        ("COMMAND_DIFFERS", column),
    }
    # a notice that seems settled should not wait any more
    places = (table, f"demo/{table}", "outbox" if table == "notices" else table)
    assert all(f.place.startswith(places) for f in findings)


@pytest.mark.parametrize(
    "table",
    [
        *("tasks", "assignments", "units", "keys", "rosters", "registrations", "notices"),
        *("commitments", "conferences", "outbox"),
    ],
)
def test_a_deleted_row_of_a_read_table(store: Store, database: Database, table: str) -> None:
    """It is missed."""
    database.execute(f"DELETE FROM {table} WHERE rowid=(SELECT max(rowid) FROM {table})")  # noqa: S608
    findings = verify(store).findings
    assert {f.code for f in findings} & {"ROW_MISSING", "OUTBOX_DIFFERS"}
    assert any(table in f.place for f in findings)


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("tasks", "task='T-0099'"),
        ("assignments", "unit='U99'"),
        ("units", "unit='U99'"),
        ("registrations", "task='T-0099', ref='x'"),
        ("notices", "notice_id='ab', position=99999"),
        ("notices", "notice_id='ab', state='due', outcome=NULL"),
        ("commitments", "event='ab', position=99999"),
        ("commitments", "field='/other'"),
    ],
)
def test_an_inserted_row_of_a_read_table(
    store: Store, database: Database, table: str, key: str
) -> None:
    """No event explains it."""
    database.execute(f"CREATE TEMP TABLE copy AS SELECT * FROM {table} LIMIT 1")  # noqa: S608
    database.execute(f"UPDATE copy SET {key}")  # noqa: S608
    database.execute(f"INSERT INTO {table} SELECT * FROM copy")  # noqa: S608
    codes = {f.code for f in verify(store).findings}
    assert "ROW_UNEXPECTED" in codes


OTHERS_ENVELOPE = """
UPDATE commands SET envelope=(SELECT envelope FROM commands WHERE action='accept')
WHERE action='submit'
"""
UNUSED_ENVELOPE = """
INSERT INTO commands SELECT origin, 'ab', stream, unit, 'x', action, envelope
FROM commands LIMIT 1
"""
LETTER = """
INSERT INTO mailbox (notice_id, origin, unit, task, kind, language, subject, body, at)
VALUES ('ab', 'o', 'U01', 'T-0001', 'k', 'en', 's', 'b', 'x')
"""
CONTENT: list[tuple[str, str, str]] = [
    ("DELETE FROM openings WHERE data NOT NULL AND media='text/plain'", "OPENING_MISSING", ""),
    ("UPDATE openings SET data=x'00' WHERE data NOT NULL", "OPENING_MISMATCH", ""),
    ("UPDATE openings SET salt=x'00'", "OPENING_MISMATCH", ""),
    ("UPDATE openings SET size=size+1", "OPENING_MISMATCH", ""),
    ("DELETE FROM commands WHERE action='submit'", "COMMAND_INVALID", "missing"),
    ("UPDATE commands SET envelope='{}' WHERE action='submit'", "COMMAND_INVALID", "SCHEMA"),
    (OTHERS_ENVELOPE, "COMMAND_INVALID", "digest"),
    (UNUSED_ENVELOPE, "COMMAND_UNUSED", ""),
    ("INSERT INTO outbox VALUES ('ab','mailbox',1,'x',0,0)", "OUTBOX_DIFFERS", "unexpected"),
    (LETTER, "LETTER_UNEXPECTED", ""),
]


@pytest.mark.parametrize(("change", "code", "detail"), CONTENT)
def test_changed_content(
    store: Store, database: Database, change: str, code: str, detail: str
) -> None:
    """Openings, envelopes, outbox and letters."""
    database.execute(change)
    found = {(f.code, f.detail) for f in verify(store).findings}
    assert any(c == code and detail in {d, ""} for c, d in found), found


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda path: path.write_bytes(b"other"), "OPENING_MISMATCH"),
        (lambda path: path.unlink(), "OPENING_MISSING"),
    ],
)
def test_changed_evidence(
    store: Store,
    scenario: Scenario,
    evidence: Path,
    change: Callable[[Path], Any],
    code: str,
) -> None:
    """A file that was changed or removed."""
    del scenario
    files = [path for path in evidence.rglob("*") if path.is_file()]
    assert len(files) == 3
    change(files[0])
    findings = verify(store).findings
    assert [f.code for f in findings] == [code]
    assert findings[0].place.endswith(files[0].name)


NO_TEXT = [
    ("events", "hash", "HASH_MISMATCH"),
    ("events", "kind", ""),
    ("events", "stream", "STREAM_UNREADABLE"),
    ("events", "origin", "STREAM_UNREADABLE"),
    ("commands", "envelope", ""),
    ("tasks", "state_json", ""),
]


@pytest.mark.parametrize("depth", ["bytes", "full", "deep"])
@pytest.mark.parametrize(("table", "column", "code"), NO_TEXT)
def test_bytes_that_are_no_text_are_named(
    store: Store, database: Database, table: str, column: str, code: str, depth: Any
) -> None:
    """As a fault of that row, not of the database; one look at bytes sees what it looks at."""
    database.execute(
        f"UPDATE {table} SET {column}=CAST(x'ff' AS TEXT)"  # noqa: S608 - our own tables
        f" WHERE rowid=(SELECT max(rowid) FROM {table})"
    )
    found = verify_trail(store.engine, store.evidence, Look(depth=depth)).findings
    if depth == "bytes" and (table, column) not in {
        ("events", name) for name in ("hash", "stream", "origin")
    }:
        assert found == []
    elif depth == "bytes":
        assert found
    else:
        assert code in {"", *(finding.code for finding in found)}
        assert found
