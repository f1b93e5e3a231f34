"""All that differs between SQLite and PostgreSQL: connecting, locking, upserts (store layer).

Nothing here was tried on PostgreSQL yet: its driver is not among the dependencies.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import (
    Connection,
    Dialect,
    Engine,
    Insert,
    QueuePool,
    Table,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from lianxi.ports import StoreUnavailableError

BUSY_SECONDS = 5.0
"""How long a statement waits for another process's lock; below the activity's time limit of 10 s."""

LOG_SECONDS = 1.0
"""How long the emptying of the write-ahead log waits for readers; writers wait meanwhile."""

READERS = 16
"""Read connections kept at most; a thread that finds none waits."""


def database_file(url: str) -> Path | None:
    """The file of a SQLite URL; None for a server. ValueError for SQLite in memory: not durable."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return None
    if not parsed.database or parsed.database == ":memory:":
        raise ValueError("the trail needs a file: SQLite in memory is not durable")
    return Path(parsed.database)


def writing_engine(url: str, *, busy_seconds: float = BUSY_SECONDS) -> Engine:
    """An engine whose transactions lock for writing at once; it never creates the file.

    The file is made by `create_database`, so that a trail that vanished is noticed, not replaced.
    """
    path = database_file(url)
    if path is None:
        return create_engine(url, pool_size=2, isolation_level="READ COMMITTED")
    return _sqlite_engine(path, "rw", "BEGIN IMMEDIATE", busy_seconds, pool_size=2)


def reading_engine(url: str, *, busy_seconds: float = BUSY_SECONDS) -> Engine:
    """An engine that cannot write; one transaction sees one state of the database."""
    path = database_file(url)
    if path is None:
        engine = create_engine(url, pool_size=READERS, isolation_level="REPEATABLE READ")
        return engine.execution_options(postgresql_readonly=True)
    return _sqlite_engine(path, "ro", "BEGIN", busy_seconds, pool_size=READERS)


def create_database(path: Path) -> None:
    """Make an empty SQLite file in WAL mode (a property of the file); an existing one stays as is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _unwrapped_translated(), closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as made:
        made.execute("PRAGMA journal_mode=WAL")


def truncate_log(path: Path) -> bool:
    """Bring what the write-ahead log holds into the database and empty it; False while it is in use.

    Until then the log may hold pages as they were before.
    """
    try:
        with closing(sqlite3.connect(path, timeout=LOG_SECONDS)) as connection:
            busy, _frames, _moved = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error:
        return False
    return not busy


def copy_database(source: Path, target: Path) -> None:
    """Copy a live SQLite database by its backup API: a consistent state, whoever writes meanwhile."""
    address = f"file:{quote(str(source.absolute()))}?mode=ro"
    with (
        _unwrapped_translated(),
        closing(sqlite3.connect(address, uri=True)) as live,
        closing(sqlite3.connect(target)) as copy,
    ):
        live.backup(copy)


def any_text(raw: bytes) -> str:
    """Bytes in a text column as text, whatever they are: what is no UTF-8 shows as hex digits."""
    return raw.decode("utf-8", "backslashreplace")


def take_any_text(connection: Connection) -> None:
    """Read text that is none as `any_text`: for who judges rows instead of using them.

    Until the connection goes back to its pool.
    """
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.driver_connection
        driver.text_factory = any_text


_NO_TEXT = "Could not decode to UTF-8"
"""How the driver's error begins when bytes in a text column are none."""


def plain_rows(connection: Connection, sql: str, parameters: Any) -> list[dict[str, Any]]:
    """All rows of a statement as dictionaries: for who reads very many, and judges them.

    On SQLite by the driver alone, whose own reading costs less than SQLAlchemy's rows, and text is
    decoded by the driver as long as it is text; else as by `any_text`. Raises StoreUnavailableError.
    """
    if connection.dialect.name != "sqlite":
        return [dict(row) for row in connection.exec_driver_sql(sql, parameters).mappings()]
    driver: Any = connection.connection.driver_connection
    before = driver.text_factory
    with _unwrapped_translated():
        try:
            driver.text_factory = str
            return _driver_rows(driver, sql, parameters)
        except sqlite3.OperationalError as error:
            if not str(error).startswith(_NO_TEXT):
                raise
            driver.text_factory = any_text
            return _driver_rows(driver, sql, parameters)
        finally:
            driver.text_factory = before


def _driver_rows(driver: sqlite3.Connection, sql: str, parameters: Any) -> list[dict[str, Any]]:
    cursor = driver.execute(sql, parameters)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@contextmanager
def _unwrapped_translated() -> Iterator[None]:
    """The driver's own errors, which SQLAlchemy has not seen; defects of ours pass (`is_outage`)."""
    try:
        yield
    except (sqlite3.ProgrammingError, sqlite3.IntegrityError, sqlite3.DataError):
        raise
    except sqlite3.Error as error:
        raise StoreUnavailableError(str(error)) from error


def _sqlite_engine(
    path: Path, mode: str, begin: str, busy_seconds: float, *, pool_size: int
) -> Engine:
    address = f"file:{quote(str(path.absolute()))}?mode={mode}"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(
            address,
            uri=True,
            timeout=busy_seconds,
            # transactions are begun by hand below: the driver would begin them late and without a lock
            isolation_level=None,
            # a pooled connection is used by one thread at a time
            check_same_thread=False,
        )

    engine = create_engine(
        URL.create("sqlite"), creator=connect, poolclass=QueuePool, pool_size=pool_size
    )
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "checkin", _take_text_alone)
    event.listen(engine, "begin", _begin_by(begin))
    return engine


def _set_pragmas(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    # a commit that was answered survives a power cut
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=OFF")
    # what is deleted is overwritten: a redacted text must not lie about in free pages
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.close()


def _take_text_alone(connection: DBAPIConnection | None, _record: ConnectionPoolEntry) -> None:
    driver: Any = connection
    if driver is not None:
        driver.text_factory = str


def _begin_by(statement: str) -> Callable[[Connection], None]:
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(statement)

    return begin


def upsert(dialect: Dialect, table: Table) -> Insert:
    """INSERT that replaces all other columns of a row with the same primary key."""
    key = [column.name for column in table.primary_key]
    others = [column.name for column in table.columns if column.name not in key]
    if dialect.name == "postgresql":
        on_postgres = postgresql.insert(table)
        return on_postgres.on_conflict_do_update(
            index_elements=key, set_={name: on_postgres.excluded[name] for name in others}
        )
    on_sqlite = sqlite.insert(table)
    return on_sqlite.on_conflict_do_update(
        index_elements=key, set_={name: on_sqlite.excluded[name] for name in others}
    )


def insert_if_absent(dialect: Dialect, table: Table) -> Insert:
    """INSERT that leaves an existing row as it is."""
    if dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()
