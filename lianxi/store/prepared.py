"""Statements compiled once (store layer).

SQLAlchemy's own cache still walks a statement at each execution to find its key, which costs several
times what SQLite needs for the row. The writer's few statements are compiled to text once per
dialect instead; only types that need no conversion pass through here (Text, Integer, LargeBinary).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, CursorResult, Dialect
from sqlalchemy.sql import ClauseElement

from lianxi.store.dialect import plain_rows

Parameters = Mapping[str, Any]


class Prepared:
    """One statement with named parameters, for whichever dialect a connection speaks."""

    def __init__(self, build: Callable[[Dialect], ClauseElement]) -> None:
        """`build` makes the statement; called once per dialect."""
        self._build = build
        self._compiled: dict[str, _Compiled] = {}

    def run(self, connection: Connection, parameters: Parameters) -> CursorResult[Any]:
        """Execute with one set of parameters."""
        compiled = self._for(connection.dialect)
        return connection.exec_driver_sql(compiled.sql, compiled.bind(parameters))

    def rows(self, connection: Connection, parameters: Parameters) -> list[dict[str, Any]]:
        """All rows as dictionaries, read as `dialect.plain_rows` reads them."""
        compiled = self._for(connection.dialect)
        return plain_rows(connection, compiled.sql, compiled.bind(parameters))

    def run_many(self, connection: Connection, rows: Sequence[Parameters]) -> None:
        """Execute once for each row."""
        compiled = self._for(connection.dialect)
        bound: Any = [compiled.bind(row) for row in rows]
        connection.exec_driver_sql(compiled.sql, bound)

    def _for(self, dialect: Dialect) -> "_Compiled":
        known = self._compiled.get(dialect.name)
        if known is None:
            known = self._compiled[dialect.name] = _compile(self._build(dialect), dialect)
        return known


@dataclass(frozen=True, slots=True)
class _Compiled:
    """Text for one dialect: parameters by position where `order` is given, else by name."""

    sql: str
    order: tuple[str, ...] | None
    fixed: dict[str, Any]

    def bind(self, parameters: Parameters) -> Any:
        values = {**self.fixed, **parameters} if self.fixed else parameters
        return dict(values) if self.order is None else tuple(values[name] for name in self.order)


def _compile(statement: ClauseElement, dialect: Dialect) -> _Compiled:
    compiled = statement.compile(dialect=dialect)
    order = getattr(compiled, "positiontup", None)
    # values the statement itself brings, such as the limit of a query
    fixed = {name: value for name, value in compiled.params.items() if value is not None}
    return _Compiled(str(compiled), None if order is None else tuple(order), fixed)
