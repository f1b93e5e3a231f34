"""Override files: what a conference says about its own days, read strictly, with places (shell layer).

```yaml
zone: Asia/Shanghai
opens: 09:00
closes: 17:00
weekend: [6, 7]
known_until: 2026-12-31
holidays:
  - {from: 2026-02-15, to: 2026-02-23, name: 春节}
workdays:
  - {from: 2026-02-14, name: 春节}
```

Every field may be left out, and `to` where it is one day.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from lianxi.calendars.faults import CalendarFileError
from lianxi.calendars.zones import known_zone
from lianxi.domain.calendar import CalendarEntry, Day, EntryKind, EntryName, Weekend
from lianxi.domain.values import ClockTime, ZoneName
from lianxi.i18n import N_
from lianxi.strict_yaml import Node, YamlFileError, read_document
from lianxi.yaml_fields import Fields

Value = TypeVar("Value")

MAX_DAYS = 366
"""No holiday lasts longer: a slip of the pen in a year is caught."""

_LISTS: Mapping[str, EntryKind] = {"holidays": "holiday", "workdays": "workday"}
_FIELDS = frozenset(("zone", "opens", "closes", "weekend", "known_until", *_LISTS))
_ENTRY_FIELDS = frozenset(("from", "to", "name"))

_AN_ENTRY = N_("An entry has from, to and name; for one day leave to out.")
_ONE_LIST = N_("Leave the day in one of the two lists.")
_ONE_ENTRY = N_("Leave each day in one entry.")

_TWICE = {
    True: (
        N_("{day} stands in two entries, also in line {line}"),
        _ONE_ENTRY,
        "CALENDAR_OVERLAP",
    ),
    False: (
        N_("{day} is a holiday and a make-up working day, also in line {line}"),
        _ONE_LIST,
        "CALENDAR_CONTRADICTION",
    ),
}
"""What is said of a day that stands twice, by whether both entries are of one kind."""

_DAY: TypeAdapter[date] = TypeAdapter(Day)
_CLOCK: TypeAdapter[str] = TypeAdapter(ClockTime)
_ZONE: TypeAdapter[str] = TypeAdapter(ZoneName)
_NAME: TypeAdapter[str] = TypeAdapter(EntryName)
_WEEKEND: TypeAdapter[tuple[int, ...]] = TypeAdapter(Weekend)


@dataclass(frozen=True, slots=True)
class Overrides:
    """What a file says; None and nothing where it is silent."""

    zone: str | None = None
    opens: str | None = None
    closes: str | None = None
    weekend: tuple[int, ...] | None = None
    known_until: date | None = None
    entries: tuple[CalendarEntry, ...] = ()


def read_overrides(given: str | bytes, file: str) -> Overrides:
    """A file's content; raises CalendarFileError with every problem found, `file` names it."""
    try:
        return _Reader(read_document(given)).read()
    except YamlFileError as error:
        raise CalendarFileError(file, error.problems) from None


@dataclass(frozen=True, slots=True)
class _Placed:
    entry: CalendarEntry
    node: Node


class _Reader(Fields):
    """Turns the document into Overrides, collecting every problem on the way."""

    def __init__(self, root: Node) -> None:
        super().__init__()
        self.fields = self.only(root, _FIELDS)

    def read(self) -> Overrides:
        placed = [each for field in _LISTS for each in self._entries(field)]
        self._apart(placed)
        overrides = Overrides(
            zone=self._zone(),
            opens=self._clock("opens"),
            closes=self._clock("closes"),
            weekend=self._weekend(),
            known_until=self._day("known_until", self.fields.get("known_until")),
            entries=tuple(sorted((each.entry for each in placed), key=lambda entry: entry.first)),
        )
        if overrides.opens and overrides.closes and overrides.closes <= overrides.opens:
            self.wrong(self.fields["closes"], N_("closes is not after opens"))
        self.check()
        return overrides

    def _apart(self, placed: list[_Placed]) -> None:
        """No day twice: neither in two entries nor as a holiday and a make-up day."""
        for one, other in combinations(placed, 2):
            day = max(one.entry.first, other.entry.first)
            if day > min(one.entry.last, other.entry.last):
                continue
            earlier, later = sorted(
                (one, other), key=lambda each: (each.node.line, each.node.column)
            )
            said = _TWICE[one.entry.kind == other.entry.kind]
            self.wrong(later.node, *said, day=day.isoformat(), line=earlier.node.line)

    def _entries(self, field: str) -> Iterator[_Placed]:
        node = self.fields.get(field)
        if node is None:
            return
        for item in self.items(node, N_("a list of entries is wanted here"), _AN_ENTRY):
            entry = self._entry(item, _LISTS[field])
            if entry is not None:
                yield _Placed(entry, item)

    def _entry(self, node: Node, kind: EntryKind) -> CalendarEntry | None:
        fields = self.only(node, _ENTRY_FIELDS)
        missing = [field for field in ("from", "name") if field not in fields]
        if isinstance(node.value, dict):
            for field in missing:
                self.wrong(node, N_("{field} is missing"), _AN_ENTRY, field=field)
        first = self._day("from", fields.get("from"))
        last = self._day("to", fields.get("to")) if "to" in fields else first
        name = self._name(fields.get("name"))
        if first is None or last is None or name is None:
            return None
        if last < first:
            said = {"first": first.isoformat(), "last": last.isoformat()}
            self.wrong(fields["to"], N_("it ends on {last}, before it begins on {first}"), **said)
            return None
        days = (last - first).days + 1
        if days > MAX_DAYS:
            template = N_("it lasts {days} days; at most {limit} are taken")
            self.wrong(fields["to"], template, days=days, limit=MAX_DAYS)
            return None
        return CalendarEntry(first=first, last=last, kind=kind, name=name)

    def _name(self, node: Node | None) -> str | None:
        text = self.scalar(node)
        template = N_("it is no short name: letters, digits, spaces, a few marks; at most 32")
        return self._valid(
            _NAME, node, None if text is None else unicodedata.normalize("NFC", text), template
        )

    def _day(self, field: str, node: Node | None) -> date | None:
        template = N_("{field} is no day between 2000 and 2100, such as 2026-02-15")
        return self._valid(_DAY, node, self.scalar(node), template, field=field)

    def _clock(self, field: str) -> str | None:
        node = self.fields.get(field)
        template = N_("{field} is no time of day such as 09:00")
        return self._valid(_CLOCK, node, self.scalar(node), template, field=field)

    def _zone(self) -> str | None:
        node = self.fields.get("zone")
        template = N_("zone is no name of a time zone, such as Asia/Shanghai")
        zone = self._valid(_ZONE, node, self.scalar(node), template)
        if node is not None and zone is not None and not known_zone(zone):
            self.wrong(node, N_("the zone {zone} is not known on this machine"), zone=zone)
            return None
        return zone

    def _weekend(self) -> tuple[int, ...] | None:
        node = self.fields.get("weekend")
        if node is None:
            return None
        items = node.value if isinstance(node.value, list) else []
        texts = [item.value for item in items]
        days: list[Any] = [
            int(text) if isinstance(text, str) and re.fullmatch("[1-7]", text) else None
            for text in texts
        ]
        template = N_("weekend lists ISO days of the week, ascending, six at most: [6, 7]")
        return self._valid(_WEEKEND, node, days if isinstance(node.value, list) else "", template)

    def _valid(
        self,
        adapter: TypeAdapter[Value],
        node: Node | None,
        value: Any,
        template: str,
        /,
        **params: str | int,
    ) -> Value | None:
        """The value as its type takes it; None where there is none, or a problem instead."""
        if node is None or value is None:
            return None
        try:
            return adapter.validate_python(value)
        except ValidationError:
            self.wrong(node, template, **params)
            return None
