"""Keyset paging: opaque cursors, one page of an ordered statement (store layer).

A cursor holds the key of the last row shown and a digest of listing and filters, so that it goes on
only where it came from. It grants nothing: scope and filters are applied anew on every page.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, ClassVar

from sqlalchemy import Column, ColumnElement, Connection, Integer, Select, literal, tuple_

from lianxi.domain.refusal import Refusal
from lianxi.store.queries.rows import Row, rows_of

DEFAULT_LIMIT = 50
MAX_LIMIT = 500

_MAX_CURSOR_CHARACTERS = 512
_MAX_INTEGER = 2**63 - 1

Key = str | int


class CursorInvalidError(Refusal):
    """The cursor does not belong to this listing with these filters (`place`, `reason`)."""

    code: ClassVar[str] = "INVALID_ARGS"


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a listing and the cursor to the next ones, if there are more."""

    rows: Sequence[Row]
    next: str | None


@dataclass(frozen=True, slots=True)
class Paging:
    """How much of a listing is wanted, and from where on."""

    limit: int = DEFAULT_LIMIT
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """The columns a listing is ordered by, all one way; the last ones make the key unique."""

    columns: tuple[Column[Any], ...]
    descending: bool = False


def page(
    connection: Connection,
    statement: Select[Any],
    order: Order,
    *,
    listing: str,
    filters: Sequence[object],
    paging: Paging,
) -> Page:
    """One page of `statement`; the columns of `order` must be among those it selects.

    Raises CursorInvalidError.
    """
    mark = _mark(listing, order, filters)
    if paging.cursor is not None:
        key = _decode(paging.cursor, mark, order)
        left, right = tuple_(*order.columns), tuple_(*(literal(part) for part in key))
        statement = statement.where(left < right if order.descending else left > right)
    statement = statement.order_by(
        *(column.desc() if order.descending else column.asc() for column in order.columns)
    )
    rows = rows_of(connection, statement.limit(paging.limit + 1))
    if len(rows) <= paging.limit:
        return Page(rows, None)
    rows = rows[: paging.limit]
    return Page(rows, _encode(mark, [rows[-1][column.name] for column in order.columns]))


def residual(column: Column[Any]) -> ColumnElement[Any]:
    """The column as an expression that no index serves: a filter beside the index that is meant.

    Both SQLite and PostgreSQL would else be free to leave the listing's order and to sort.
    """
    return column + 0 if isinstance(column.type, Integer) else column.concat("")


def _plain(part: Key) -> bool:
    """Whether the database takes the value: ids and instants are ASCII, integers have 64 bits."""
    return part.isascii() if isinstance(part, str) else abs(part) <= _MAX_INTEGER


def _mark(listing: str, order: Order, filters: Sequence[object]) -> str:
    identity = [listing, order.descending, [str(c) for c in order.columns], list(filters)]
    return sha256(json.dumps(identity).encode()).hexdigest()[:16]


def _encode(mark: str, key: Sequence[Key]) -> str:
    text = json.dumps([mark, *key], separators=(",", ":"))
    return urlsafe_b64encode(text.encode()).rstrip(b"=").decode("ascii")


def _decode(cursor: str, mark: str, order: Order) -> list[Key]:
    if len(cursor) > _MAX_CURSOR_CHARACTERS:
        raise CursorInvalidError(place="/cursor", reason="length")
    try:
        data = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        found = json.loads(data)
    except (ValueError, RecursionError):
        raise CursorInvalidError(place="/cursor", reason="encoding") from None
    if not isinstance(found, list) or len(found) != len(order.columns) + 1 or found[0] != mark:
        raise CursorInvalidError(place="/cursor", reason="listing")
    key = found[1:]
    for part, column in zip(key, order.columns, strict=True):
        if type(part) is not column.type.python_type or not _plain(part):
            raise CursorInvalidError(place="/cursor", reason="key")
    return key
