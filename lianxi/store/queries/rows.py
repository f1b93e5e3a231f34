"""Rows as plain dicts (store layer)."""

from typing import Any

from sqlalchemy import Connection, Select

Row = dict[str, Any]
"""A row of a table, or the JSON object of docs/gateway.md that is made of it."""


def rows_of(connection: Connection, statement: Select[Any]) -> list[Row]:
    """All rows of a statement, by the names of its columns."""
    return [dict(row) for row in connection.execute(statement).mappings()]


def row_of(connection: Connection, statement: Select[Any]) -> Row | None:
    """The first row of a statement."""
    row = connection.execute(statement).mappings().first()
    return None if row is None else dict(row)
