"""`lianxi calendar show`: a year, month by month (cli layer; pydantic)."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date

from lianxi.cli.calendar.days import (
    DAY_COLUMNS,
    day_row,
    days_of,
    entries_of,
    kind_word,
    span,
)
from lianxi.cli.calendar.source import (
    country_option,
    needed_calendar,
    of_file,
    setting_for_file,
    year_argument,
)
from lianxi.cli.grammar import option, verb
from lianxi.cli.language import _
from lianxi.cli.reading import Reading, reading
from lianxi.cli.render import show_rows
from lianxi.cli.terminal import paint, put_long, visible_line, width
from lianxi.domain.calendar import Calendar, day_kind
from lianxi.i18n import N_

MARKS = {"working": " ", "make-up": "+", "weekend": "-", "holiday": "*"}
COLOURS = {"make-up": "yellow", "weekend": "dim", "holiday": "red"}
"""Marks say it without colour."""

CELL = 4
MONTH = 7 * CELL
BESIDE = 2
"""So many months stand side by side."""


@verb(
    "show",
    example="lianxi calendar show 2026\nlianxi calendar show 2027 --file days.yaml -o csv",
    help=N_(
        "A year's working days.\n\n"
        "Of the conference, or with --file of an override file or a calendar's JSON. Marks: * holiday,"
        " + make-up working day, - weekend, ? provisional: not announced yet."
    ),
)
@year_argument()
@option("--file", "path", metavar="FILE", help=N_("Show this file's calendar instead."))
@country_option
@reading()
def show(run: Reading, year: int, path: str | None, country: str) -> None:
    """A row per day; as a table the months, and what has a name."""
    calendar = _calendar(run, path, country)
    if run.form.output == "table" and not run.form.fields:
        put_long("\n".join(_lines(calendar, year)))
        return
    show_rows([day_row(calendar, day) for day in days_of(year)], DAY_COLUMNS, run.form)


def _calendar(run: Reading, path: str | None, country: str) -> Calendar:
    if path is None:
        return needed_calendar(run.client)
    return of_file(path, country, setting_for_file(run.client), 1)


def _lines(calendar: Calendar, year: int) -> Iterator[str]:
    months = [_month(calendar, year, month) for month in range(1, 13)]
    for start in range(0, 12, BESIDE):
        beside = months[start : start + BESIDE]
        for number in range(max(len(lines) for lines in beside)):
            yield "   ".join(
                _padded(lines[number] if number < len(lines) else "") for lines in beside
            ).rstrip()
        yield ""
    for entry in entries_of(calendar, year):
        kind = "make-up" if entry.kind == "workday" else entry.kind
        yield f"{MARKS[kind]} {span(entry):<24}  {kind_word(kind)}  {visible_line(entry.name)}"
    working = sum(day_kind(calendar, day).is_working for day in days_of(year))
    yield _("{year}: {count} working days; office hours {opens}-{closes}, {zone}").format(
        year=year, count=working, opens=calendar.opens, closes=calendar.closes, zone=calendar.zone
    )
    yield _("* holiday   + make-up working day   - weekend   ? provisional")
    yield _("version {version}, known until {day}; what lies past it is provisional").format(
        version=calendar.version, day=calendar.known_until.isoformat()
    )


def _month(calendar: Calendar, year: int, month: int) -> list[str]:
    length = monthrange(year, month)[1]
    days = [date(year, month, number) for number in range(1, length + 1)]
    mark = " ?" if days[-1] > calendar.known_until else ""
    working = sum(day_kind(calendar, day).is_working for day in days)
    counted = _("{count} working days").format(count=working)
    title = f"{year}-{month:02d}{mark}  {counted}"
    heads = "".join(_right(head, CELL - 1) + " " for head in _("Mo Tu We Th Fr Sa Su").split())
    lines = [paint(title, "bold"), heads.rstrip()]
    cells = ["    "] * days[0].weekday() + [_cell(calendar, day) for day in days]
    lines += ["".join(cells[at : at + 7]) for at in range(0, len(cells), 7)]
    return lines


def _cell(calendar: Calendar, day: date) -> str:
    kind = day_kind(calendar, day).kind
    text = f"{day.day:>3}{MARKS[kind]}"
    return paint(text, COLOURS[kind]) if kind in COLOURS else text


def _padded(line: str) -> str:
    plain = line
    while "\x1b" in plain:
        before, _escape, after = plain.partition("\x1b")
        plain = before + after.partition("m")[2]
    return line + " " * (MONTH - width(plain))


def _right(text: str, cells: int) -> str:
    return " " * (cells - width(text)) + text
