"""What can go wrong beneath the store, in the words of the ports (store layer)."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import (
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from lianxi.ports import StoreUnavailableError


class SchemaError(Exception):
    """The database's schema does not fit this release; nothing was changed."""


class SchemaNewerError(SchemaError):
    """A newer release made this database; this one neither reads nor changes it."""


class SchemaOlderError(SchemaError):
    """An older release made this database; it is upgraded by whoever opens it for writing."""


def is_outage(error: BaseException) -> bool:
    """Whether the database is away, locked, full, read-only or damaged; not a defect of ours."""
    if isinstance(error, PoolTimeoutError | InterfaceError | OSError):
        return True
    ours = IntegrityError | ProgrammingError | DataError | NotSupportedError | InternalError
    return isinstance(error, DatabaseError) and not isinstance(error, ours)


@contextmanager
def outages_translated() -> Iterator[None]:
    """Raise StoreUnavailableError for every outage inside; other errors pass."""
    try:
        yield
    except (DatabaseError, InterfaceError, PoolTimeoutError, OSError) as error:
        if not is_outage(error):
            raise
        raise StoreUnavailableError(describe(error)) from error


def describe(error: BaseException) -> str:
    """The database's own words without the statement, which could hold data."""
    return str(getattr(error, "orig", None) or error)
