"""The database locked, read-only, gone, full or damaged: said so, and nothing lost."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lianxi.ports import StoreUnavailableError
from lianxi.store.store import Store, open_store
from lianxi.store.verify import verify_trail
from tests.store.contract import record
from tests.store.scenario import whole_life


def trail_file(tmp_path: Path) -> Path:
    """The database of the fixtures."""
    return tmp_path / "trail" / "trail.db"


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process holds the write lock."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def test_locked_then_free(store: Store, tmp_path: Path) -> None:
    """While it is locked the store is unavailable; then the same batch goes through."""
    conference, *_ = whole_life().drain()
    with locked(trail_file(tmp_path)), pytest.raises(StoreUnavailableError):
        store.trail.append(conference)
    assert store.trail.event_at(conference.origin, "conference", 1) is None
    assert store.trail.append(conference).seq == len(conference.events)


def test_reading_goes_on_while_it_is_locked(store: Store, tmp_path: Path) -> None:
    """Readers wait for no writer."""
    scenario = whole_life()
    record(store, scenario)
    with locked(trail_file(tmp_path)):
        assert store.trail.event_at(scenario.origin, "conference", 1) is not None


def test_gone_and_back(store: Store, tmp_path: Path) -> None:
    """A removed file is noticed, not written on in the dark; moved back, all goes on."""
    conference, task, _ = whole_life().drain()
    store.trail.append(conference)
    path = trail_file(tmp_path)
    away = tmp_path / "away"
    path.parent.rename(away)
    with pytest.raises(StoreUnavailableError):
        store.trail.append(task)
    away.rename(path.parent)
    assert store.trail.append(task).seq == len(task.events)


def test_full_then_space_again(store: Store) -> None:
    """A full database refuses the append and keeps what stands."""
    scenario = whole_life()
    conference, task, other = scenario.drain()
    store.trail.append(conference)
    assert store.writer is not None

    def limit(pages: int) -> None:
        assert store.writer is not None
        store.writer.run(lambda c: c.exec_driver_sql(f"PRAGMA max_page_count={pages}").scalar())

    limit(1)  # SQLite takes this as: not one page more
    with pytest.raises(StoreUnavailableError):
        store.trail.append(task)
    limit(1 << 30)
    store.trail.append(task)
    store.trail.append(other)
    codes = {finding.code for finding in verify_trail(store.engine, store.evidence).findings}
    assert codes == {"OPENING_MISSING"}


def test_a_reader_cannot_write(store: Store, url: str, evidence: Path) -> None:
    """Opened for reading there is no way to append, and the connections cannot either."""
    record(store, whole_life())
    with open_store(url, evidence, writable=False) as reader:
        assert reader.outbox is None
        with pytest.raises(TypeError):
            reader.trail.append(whole_life().drain()[0])
        with (
            reader.engine.connect() as connection,
            pytest.raises(Exception, match="readonly"),
        ):
            connection.exec_driver_sql("DELETE FROM events")


def test_no_trail_and_no_database(tmp_path: Path, evidence: Path) -> None:
    """A reader makes no trail; a file that is no database is said to be so."""
    missing = tmp_path / "none.db"
    with pytest.raises(StoreUnavailableError):
        open_store(f"sqlite:///{missing}", evidence, writable=False)
    assert not missing.exists()
    rubbish = tmp_path / "rubbish.db"
    rubbish.write_bytes(b"no database" * 1_000)
    for writable in (True, False):
        with pytest.raises(StoreUnavailableError):
            open_store(f"sqlite:///{rubbish}", evidence, writable=writable)


def test_memory_is_no_trail(evidence: Path) -> None:
    """SQLite in memory is not durable."""
    with pytest.raises(ValueError, match="durable"):
        open_store("sqlite://", evidence, writable=True)
