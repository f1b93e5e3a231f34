"""A database of release 0.1, as that release wrote it, opened by this one.

`recorded/release-0.1.sql.gz` is the dump of a trail made by the code of that release: the life of
`tests.store.scenario.whole_life` with two letters delivered, notices sent, superseded, failed, tried;
the files of its evidence stand in a table of their own.
"""

import gzip
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select

from lianxi.store.evidence import EvidenceFolder
from lianxi.store.faults import SchemaOlderError
from lianxi.store.schema import HEAD, current_version
from lianxi.store.store import Store, open_store
from lianxi.store.tables import asks, assignments, events, mailbox, notices, rulebooks
from lianxi.store.verify import verify_trail
from tests.store.contract import record
from tests.store.scenario import Scenario

RECORDED = Path(__file__).parent / "recorded" / "release-0.1.sql.gz"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The file of the old trail, with its evidence beside it."""
    path = tmp_path / "trail" / "trail.db"
    path.parent.mkdir()
    evidence = EvidenceFolder(tmp_path / "trail" / "evidence")
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.executescript(gzip.decompress(RECORDED.read_bytes()).decode())
        for commit, data in database.execute('SELECT "commit", data FROM evidence_files'):
            evidence.write(commit, data)
        database.execute("DROP TABLE evidence_files")
    return path


@pytest.fixture
def upgraded(old: Path, url: str, evidence: Path) -> Iterator[Store]:
    """The same trail after this release has opened it for writing."""
    assert old.is_file()
    with open_store(url, evidence, writable=True) as store:
        yield store


def test_a_reader_does_not_upgrade(old: Path, url: str, evidence: Path) -> None:
    """It says that the trail is older, and leaves it alone."""
    before = old.read_bytes()
    with pytest.raises(SchemaOlderError):
        open_store(url, evidence, writable=False)
    assert old.read_bytes() == before


def test_the_old_trail_lies_beside_the_new_one(upgraded: Store) -> None:
    """Whole, under the name of the version it was upgraded to."""
    assert upgraded.backup is not None
    assert upgraded.backup.name == f"trail.db.before-{HEAD}"
    with closing(sqlite3.connect(upgraded.backup)) as copy:
        assert copy.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)
        assert copy.execute("SELECT count(*) FROM events").fetchone() == (37,)


def test_an_upgraded_trail_verifies(upgraded: Store) -> None:
    """Every read table is what this release makes of the old events; nothing was lost."""
    with upgraded.engine.connect() as connection:
        assert current_version(connection) == HEAD
    report = verify_trail(upgraded.engine, upgraded.evidence)
    assert report.findings == []
    assert (report.events, report.streams, report.openings, report.files) == (37, 4, 11, 3)


def test_letters_and_outcomes_are_carried_over(upgraded: Store) -> None:
    """Mailboxes, what became of notices, and how often the others were tried."""
    with upgraded.engine.connect() as connection:
        letters = connection.execute(select(mailbox.c.number, mailbox.c.task)).all()
        counts = Counter(connection.scalars(select(notices.c.state)))
        tried = connection.exec_driver_sql("SELECT max(attempts) FROM outbox").scalar()
    assert [tuple(letter) for letter in letters] == [(1, "T-0001"), (2, "T-0001")]
    assert (counts["sent"], counts["superseded"], counts["failed"]) == (2, 1, 1)
    assert tried == 1


def test_what_is_new_is_filled_from_old_events(upgraded: Store) -> None:
    """The rules of the founding by hash, no calendar; what waits for whom on the open task."""
    with upgraded.engine.connect() as connection:
        books = connection.execute(select(rulebooks.c.kind, rulebooks.c.version)).all()
        waiting = connection.execute(select(asks.c.task, asks.c.who, asks.c.what)).all()
        calendars = set(connection.scalars(select(assignments.c.calendar_hash)))
    assert [tuple(book) for book in books] == [("rules", 1)]
    assert sorted(tuple(row) for row in waiting) == [
        ("T-0002", "U01", "acknowledge"),
        ("T-0002", "U03", "report"),
    ]
    assert calendars == {None}


def test_an_old_trail_is_gone_on_with(upgraded: Store) -> None:
    """The next events stand on the states that the upgrade has made."""
    scenario = Scenario(name="other").register_all()
    scenario.issue("plan-1")
    record(upgraded, scenario)
    with upgraded.engine.connect() as connection:
        last = connection.scalar(select(func.max(events.c.position)))
    assert last == 37 + 5 + 1 + 1 + 1
    assert verify_trail(upgraded.engine, upgraded.evidence).findings == []


def test_a_tampered_trail_is_upgraded_and_still_told(old: Path, url: str, evidence: Path) -> None:
    """What no longer folds does not stop the upgrade; verification names it as before."""
    with closing(sqlite3.connect(old)) as database, database:
        database.execute("UPDATE events SET data=x'7b7d' WHERE stream='task/T-0001' AND seq=3")
    with open_store(url, evidence, writable=True) as store:
        codes = {finding.code for finding in verify_trail(store.engine, store.evidence).findings}
        assert "HASH_MISMATCH" in codes
        with store.engine.connect() as connection:
            shown = set(connection.scalars(select(assignments.c.task)))
    assert shown == {"T-0001", "T-0002"}
