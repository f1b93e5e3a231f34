"""Rows of `tasks` and `conferences` with the texts they name by hash: what a state is read from."""

from typing import Any

from sqlalchemy import FromClause, Select, Table, and_, select

from lianxi.store.tables import conferences, rosters, rulebooks, tasks

_RULES, _CALENDAR = rulebooks.alias("rules"), rulebooks.alias("calendar")
_TEXTS = (_RULES.c.text.label("rules_text"), _CALENDAR.c.text.label("calendar_text"))


def task_rows_with_rulebooks() -> Select[Any]:
    """All of `tasks`, `rules_text` and `calendar_text`; for `projection.task_state`."""
    return select(tasks, *_TEXTS).select_from(_joined(tasks, tasks))


def conference_rows_with_rulebooks() -> Select[Any]:
    """All of `conferences`, and the texts of roster, rules, calendar; for `conference_state`."""
    newest = and_(
        rosters.c.origin == conferences.c.origin, rosters.c.version == conferences.c.roster_version
    )
    rows = _joined(conferences, conferences.join(rosters, newest))
    return select(conferences, rosters.c.text.label("roster_text"), *_TEXTS).select_from(rows)


def _joined(naming: Table, rows: FromClause) -> FromClause:
    """`rows` with the rulebooks that `naming` names by hash, where they stand."""
    for book, column in ((_RULES, naming.c.rules_hash), (_CALENDAR, naming.c.calendar_hash)):
        found = and_(book.c.origin == naming.c.origin, book.c.hash == column)
        rows = rows.outerjoin(book, found)
    return rows
