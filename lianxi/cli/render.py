"""Rows as a table, JSON, JSON Lines or CSV: one way for every reading command (cli layer)."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lianxi.cli import times
from lianxi.cli.faults import CliError
from lianxi.cli.language import _
from lianxi.cli.terminal import (
    can_show,
    cut,
    paint,
    put,
    put_bytes,
    put_long,
    visible_line,
    width,
)
from lianxi.cli.words import WORDS
from lianxi.i18n import N_

BOM = b"\xef\xbb\xbf"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

LIGHTS = {
    "red": ("R", N_("red"), "red"),
    "yellow": ("Y", N_("yellow"), "yellow"),
    "green": ("G", N_("green"), "green"),
    "done": ("D", N_("done"), "dim"),
}
"""Letter, word, colour: never colour alone."""

Cell = Callable[[Any, str], str]


@dataclass(frozen=True, slots=True)
class Column:
    """A key of the rows, its title, and how a person reads it."""

    key: str
    title: str
    cell: Cell = lambda value, _how: "" if value is None else visible_line(str(value))
    limit: int = 48


def word(value: Any, how: str = "") -> str:
    """A machine word, translated where it is known."""
    del how
    return _(WORDS[value]) if value in WORDS else "" if value is None else visible_line(str(value))


def instant(value: Any, how: str) -> str:
    """A time."""
    return times.show(value, how) if isinstance(value, str) or value is None else str(value)


def light(value: Any, how: str = "") -> str:
    """Letter and word, coloured."""
    del how
    if value not in LIGHTS:
        return "" if value is None else visible_line(str(value))
    letter, name, colour = LIGHTS[value]
    return paint(f"{letter} {_(name)}", colour)


def yes_no(value: Any, how: str = "") -> str:
    """A truth value."""
    del how
    return {True: _("yes"), False: _("no")}.get(value, "")


def days(value: Any, how: str = "") -> str:
    """Working days until a limit; past it, how many ago."""
    del how
    if not isinstance(value, int):
        return ""
    if value < 0:
        return _("{n} days late").format(n=-value)
    return _("today") if value == 0 else _("{n} days").format(n=value)


def marked(value: Any, how: str = "") -> str:
    """A mark where it is so, nothing where not."""
    del how
    return _("provisional") if value else ""


def percent(value: Any, how: str = "") -> str:
    """A percentage."""
    del how
    return "" if value is None else f"{value} %"


@dataclass(frozen=True, slots=True)
class Form:
    """How rows are to be shown."""

    output: str = "table"
    time_format: str = "local"
    fields: tuple[str, ...] = ()


def show_rows(
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[Column],
    form: Form,
    *,
    following: str | None = None,
    nothing: str = N_("Nothing."),
) -> None:
    """Show a listing; `following`: the cursor of the next page."""
    columns = _chosen(rows, columns, form.fields)
    match form.output:
        case "json":
            items = [_only(row, form.fields) for row in rows]
            put(as_json({"schema": 1, "items": items, "next": following}))
        case "jsonl":
            for row in rows:
                put(as_json({"schema": 1, **_only(row, form.fields)}))
        case "csv":
            put_bytes(BOM + _csv(rows, [column.key for column in columns]).encode("utf-8"))
        case _:
            put_long(table(rows, columns, form.time_format) if rows else _(nothing))


def show_thing(document: Mapping[str, Any], form: Form, text: Callable[[], str]) -> None:
    """Show one thing: its JSON, or the text made of it."""
    if form.output in ("json", "jsonl"):
        put(as_json(_only(document, ("schema", *form.fields)) if form.fields else document))
    else:
        put_long(text())


def as_json(document: Any) -> str:
    """JSON that stdout can write, whatever its encoding."""
    text = json.dumps(document, ensure_ascii=False)
    return text if can_show(text) else json.dumps(document, ensure_ascii=True)


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column], how: str) -> str:
    """Columns aligned by cells on the screen, wide characters counted as two."""
    lines = [[_(column.title) for column in columns]]
    lines += [[_fit(column, row, how) for column in columns] for row in rows]
    widths = [max(_plain_width(line[at]) for line in lines) for at in range(len(columns))]
    return "\n".join(
        "  ".join(
            cell + " " * (wide - _plain_width(cell))
            for cell, wide in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    )


def _fit(column: Column, row: Mapping[str, Any], how: str) -> str:
    text = column.cell(row.get(column.key), how)
    # a painted cell is short by its nature; cutting it would cut the escape sequence
    return text if "\x1b" in text else cut(text, column.limit)


def _plain_width(cell: str) -> int:
    if "\x1b" in cell:
        cell = cell.partition("m")[2].removesuffix("\x1b[0m")
    return width(cell)


def _chosen(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[Column], fields: tuple[str, ...]
) -> Sequence[Column]:
    if not fields:
        return columns
    known = {column.key: column for column in columns}
    for row in rows[:1]:
        known |= {key: Column(key, key) for key in row if key not in known}
    for field in fields:
        if field not in known and (rows or field not in known):
            raise CliError("FIELD_UNKNOWN", field=field, fields=", ".join(known))
    return [known[field] for field in fields]


def _only(row: Mapping[str, Any], fields: tuple[str, ...]) -> Mapping[str, Any]:
    return {field: row.get(field) for field in fields} if fields else row


def _csv(rows: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> str:
    import csv
    import io

    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(keys)
    for row in rows:
        writer.writerow([_csv_cell(row.get(key)) for key in keys])
    return target.getvalue()


def _csv_cell(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
    if isinstance(value, bool):
        text = "true" if value else "false"
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text
