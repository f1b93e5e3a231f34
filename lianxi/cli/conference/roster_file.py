"""The roster CSV: read strictly, every error at once with row and column (cli layer)."""

import csv
import re
import unicodedata
from dataclasses import dataclass
from io import StringIO

from lianxi.cli.language import _
from lianxi.free_text import FreeTextError, clean_text
from lianxi.i18n import N_

HEADER = ("unit", "name_en", "name_zh")
OPTIONAL = ("email", "language")
_HEADERS = (HEADER, (*HEADER, "email"), (*HEADER, "language"), (*HEADER, *OPTIONAL))
LANGUAGES = ("zh", "en")
MAX_UNITS = 256
MAX_ROSTER_FILE_BYTES = 1 << 20

_RESERVED = frozenset(("convener", "office", "auditor", "system"))
_UNIT = re.compile(r"[A-Za-z0-9-]{1,32}")
_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*/?^_`{|}~-][A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{0,63}@[A-Za-z0-9.-]{1,190}"
)
_FORMULA = ("=", "+", "-", "@")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a cell; rows and columns count from 1, the header is row 1."""

    row: int
    column: int
    template: str
    params: dict[str, str | int]

    def __str__(self) -> str:
        where = _("  row {row}, column {column}: ").format(row=self.row, column=self.column)
        return where + _(self.template).format(**self.params)


class RosterFileError(ValueError):
    """A roster file cannot be taken; nothing of it counts."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One member unit."""

    unit: str
    name_en: str
    name_zh: str
    email: str | None = None
    language: str | None = None


def read_roster_file(data: bytes) -> list[RosterRow]:
    """The units of a roster file; raises RosterFileError with every problem."""
    text = _decoded(data)
    try:
        lines = list(csv.reader(StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise _refused(1, 1, N_("it is no CSV: {problem}"), problem=str(error)) from None
    if not lines:
        raise _refused(1, 1, N_("it is empty"))
    header = tuple(lines[0])
    if header not in _HEADERS:
        wanted = ",".join(HEADER)
        raise _refused(
            1, 1, N_("the header must be {wanted}, then perhaps email and language"), wanted=wanted
        )
    return _Rows(header).read(lines[1:])


class _Rows:
    """Reads rows, collecting problems."""

    def __init__(self, header: tuple[str, ...]) -> None:
        self.header = header
        self.problems: list[Problem] = []
        self.rows_of: dict[str, int] = {}

    def read(self, lines: list[list[str]]) -> list[RosterRow]:
        rows = [self._row(number, line) for number, line in enumerate(lines, 2) if line]
        if not rows:
            self._wrong(2, 1, N_("there is no unit"))
        if len(rows) > MAX_UNITS:
            self._wrong(
                2,
                1,
                N_("{count} units; at most {limit} are taken"),
                count=len(rows),
                limit=MAX_UNITS,
            )
        if self.problems:
            raise RosterFileError(self.problems)
        return rows

    def _row(self, number: int, line: list[str]) -> RosterRow:
        if len(line) != len(self.header):
            self._wrong(
                number,
                1,
                N_("{count} columns, not {wanted}"),
                count=len(line),
                wanted=len(self.header),
            )
        cells = dict(zip(self.header, [*line, *[""] * len(self.header)], strict=False))
        for at, name in enumerate(self.header, 1):
            cells[name] = self._cell(number, at, name, cells[name])
        self._unit(number, cells["unit"])
        language = cells.get("language") or None
        if language is not None and language not in LANGUAGES:
            self._wrong(number, self.header.index("language") + 1, N_("the language is zh or en"))
        email = cells.get("email") or None
        if email is not None and not _EMAIL.fullmatch(email):
            self._wrong(number, self.header.index("email") + 1, N_("this is no address"))
        return RosterRow(cells["unit"], cells["name_en"], cells["name_zh"], email, language)

    def _cell(self, row: int, column: int, name: str, cell: str) -> str:
        if not cell.strip():
            if name in HEADER:
                self._wrong(row, column, N_("{field} is missing"), field=name)
            return ""
        if cell.startswith(_FORMULA):
            self._wrong(row, column, N_("this is a formula, not a value"))
            return cell
        try:
            text = clean_text(cell)
        except FreeTextError as error:
            self._wrong(row, column, error.template, **error.params)
            return cell
        if "\n" in text or "\t" in text:
            self._wrong(row, column, N_("a cell holds one line"))
        # ids are compared as they stand; names are shown
        return cell if name == "unit" else unicodedata.normalize("NFC", text).strip()

    def _unit(self, row: int, unit: str) -> None:
        if not unit:
            return
        if not _UNIT.fullmatch(unit):
            self._wrong(row, 1, N_("a unit's id has 1 to 32 letters, digits and hyphens"))
        elif unit.lower() in _RESERVED:
            self._wrong(row, 1, N_("the id {unit} is reserved"), unit=unit)
        elif unit in self.rows_of:
            self._wrong(
                row,
                1,
                N_("the unit {unit} stands in row {first} already"),
                unit=unit,
                first=self.rows_of[unit],
            )
        else:
            self.rows_of[unit] = row

    def _wrong(self, row: int, column: int, template: str, **params: str | int) -> None:
        self.problems.append(Problem(row, column, template, params))


def _decoded(data: bytes) -> str:
    """UTF-8, with or without a byte order mark; else GB18030."""
    if b"\x00" in data:
        raise _refused(1, 1, N_("it is no text file; save the table as CSV"))
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _refused(1, 1, N_("it is neither UTF-8 nor GB18030"))


def _refused(row: int, column: int, template: str, **params: str | int) -> RosterFileError:
    return RosterFileError([Problem(row, column, template, params)])
