"""Where a calendar comes from: country and overrides, a JSON file, the conference (cli layer; pydantic).

Used by `lianxi calendar …` and by the founding: functions and options, no command.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from lianxi.cli import given, times
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import option
from lianxi.cli.language import _
from lianxi.i18n import N_

if TYPE_CHECKING:
    from lianxi.calendars.faults import CalendarFileError, CalendarSourceError
    from lianxi.domain.calendar import Calendar, OffsetSince
    from lianxi.domain.refusal import Refusal

YEARS_AHEAD = 5
"""A calendar goes so many years beyond the present one: no deadline lies further ahead."""

YEARS_BACK = 6
"""So many years of an earlier calendar are kept: the oldest limit still running opened then."""

MAX_CALENDAR_BYTES = 65_536
COUNTRY = "CN"


def country_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The country whose public holidays are taken."""
    return option(
        "--country",
        default=COUNTRY,
        show_default=True,
        metavar="CODE",
        help=N_("The country whose public holidays count (ISO 3166)."),
    )(command)


@dataclass(frozen=True, slots=True)
class Setting:
    """What a calendar has of its conference where a file is silent."""

    zone: str
    opens: str = "09:00"
    closes: str = "17:00"


def years_ahead(ahead: int = YEARS_AHEAD) -> range:
    """This year and so many after it."""
    this_year = times.now().year
    return range(this_year, this_year + ahead + 1)


def built(
    country: str,
    setting: Setting,
    *,
    years: Iterable[int] | None = None,
    overrides: str | None = None,
    version: int = 1,
) -> "Calendar":
    """A calendar of the package's days and, where one is named, an override file's."""
    data = None if overrides is None else given.read_bytes(overrides, MAX_CALENDAR_BYTES)
    chosen = years_ahead() if years is None else years
    return _built(country, setting, chosen, data, overrides or country, version)


def of_file(
    path: str, country: str, setting: Setting, version: int, first_year: int | None = None
) -> "Calendar":
    """A file's calendar: an override file with the package's days, or a whole calendar as JSON.

    A whole calendar keeps its version where that is later than `version`; `first_year`: where
    another one's days are to begin earlier than this year.
    """
    data = given.read_bytes(path, MAX_CALENDAR_BYTES)
    document = _whole_calendar(data)
    if document is None:
        years = years_ahead()
        first = years[0] if first_year is None else min(first_year, years[0])
        return _built(country, setting, range(first, years[-1] + 1), data, path, version)
    calendar = read_calendar(document, path)
    return calendar.model_copy(update={"version": max(calendar.version, version)})


def read_calendar(document: Any, path: str) -> "Calendar":
    """The calendar of a JSON document, checked as the conference would."""
    from pydantic import ValidationError

    from lianxi.domain.calendar import Calendar, check_calendar
    from lianxi.domain.refusal import Refusal

    try:
        calendar = Calendar.model_validate(document)
        check_calendar(calendar)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = "/" + "/".join(str(step) for step in first["loc"])
        problem = _("  {place}: {reason}").format(place=place, reason=first["msg"])
        raise CliError("CALENDAR_FILE_INVALID", path=path, problems=problem) from None
    except Refusal as refusal:
        raise refused_in(path, refusal) from None
    return calendar


def conference_calendar(client: Client) -> "tuple[dict[str, Any], Calendar | None]":
    """What the gateway says of the conference, and its calendar if it has one."""
    conference = client.read("conference")
    document = conference.get("calendar")
    if document is None:
        return conference, None
    from lianxi.domain.calendar import Calendar

    try:
        return conference, Calendar.model_validate(document)
    except ValueError:
        raise CliError("ANSWER_UNREADABLE", reason="conference.calendar") from None


def continued(before: "Calendar | None", calendar: "Calendar") -> "Calendar":
    """The calendar with the earlier one's days before its first year: what has been counted stays.

    A limit that opened last year would otherwise be counted again without last year's holidays.
    """
    if before is None or not calendar.entries:
        return calendar
    first = date(calendar.entries[0].first.year, 1, 1)
    oldest = date(first.year - YEARS_BACK, 1, 1)
    kept = [
        entry.model_copy(update={"last": min(entry.last, first - timedelta(days=1))})
        for entry in before.entries
        if oldest <= entry.first < first
    ]
    begins = calendar.offsets[0].since
    offsets = [offset for offset in before.offsets if offset.since < begins]
    if not kept:
        return calendar
    return calendar.model_copy(
        update={
            "entries": (*kept, *calendar.entries),
            "offsets": _without_repeats((*offsets, *calendar.offsets)),
        }
    )


def _without_repeats(offsets: "Iterable[OffsetSince]") -> "tuple[OffsetSince, ...]":
    """Offsets that change something."""
    kept: list[OffsetSince] = []
    for offset in offsets:
        if not kept or kept[-1].seconds != offset.seconds:
            kept.append(offset)
    return tuple(kept)


def needed_calendar(client: Client) -> "Calendar":
    """The conference's calendar; refused where it counts by none."""
    _conference, calendar = conference_calendar(client)
    if calendar is None:
        raise CliError("NO_CALENDAR", conference=client.place.conference)
    return calendar


def setting_of(client: Client, calendar: "Calendar | None") -> Setting:
    """Zone and office hours: of the calendar in force, else of the conference."""
    if calendar is not None:
        return Setting(calendar.zone, calendar.opens, calendar.closes)
    conference = client.me.get("conference")
    if not isinstance(conference, dict):
        raise CliError("ANSWER_UNREADABLE", reason="me.conference")
    hours: Mapping[str, str] = conference.get("office_hours") or {}
    return Setting(
        str(conference.get("zone")), hours.get("opens", "09:00"), hours.get("closes", "17:00")
    )


_ALONE = frozenset(("NO_KEY", "GATEWAY_UNREACHABLE", "NO_CONFERENCE", "CHOOSE_CONFERENCE"))
"""What keeps this machine from asking a conference; a file can be looked at without one."""


def setting_for_file(client: Client) -> Setting:
    """The conference's where it can be asked, else this machine's zone and the usual hours."""
    try:
        _conference, calendar = conference_calendar(client)
        return setting_of(client, calendar)
    except CliError as error:
        if error.code not in _ALONE:
            raise
        return Setting(times.machine_zone() or "UTC")


def refused_in(path: str, refusal: "Refusal", place: str = "") -> CliError:
    """A refusal of the domain's about a file, with the file and, where it is known, the place."""
    error = CliError.of(refusal.code, {**refusal.params, "path": path})
    error.message = f"{path}{place}: {error.message}"
    return error


def _built(
    country: str,
    setting: Setting,
    years: Iterable[int],
    data: bytes | None,
    path: str,
    version: int,
) -> "Calendar":
    # the package holidays costs a third of a second: only who needs it pays
    from lianxi.calendars.build import build_calendar
    from lianxi.calendars.faults import CalendarFileError, CalendarSourceError
    from lianxi.calendars.overrides import read_overrides
    from lianxi.domain.refusal import Refusal

    try:
        overrides = None if data is None else read_overrides(data, path)
        return build_calendar(
            country,
            years,
            zone=setting.zone,
            opens=setting.opens,
            closes=setting.closes,
            version=version,
            overrides=overrides,
        )
    except CalendarFileError as error:
        raise _file_refused(error) from None
    except CalendarSourceError as error:
        raise _source_refused(error) from None
    except Refusal as refusal:
        raise refused_in(path, refusal) from None


def _file_refused(error: "CalendarFileError") -> CliError:
    """Every problem with its place; its own code where all of them have the same."""
    advices = [
        _(advice).format(**problem.params)
        for problem, advice in zip(error.problems, error.advices, strict=True)
    ]
    refused = CliError(
        "CALENDAR_FILE_INVALID",
        hint=" ".join(dict.fromkeys(advices)),
        path=error.file,
        problems=given.problems_in(error),
        line=error.problems[0].line,
        column=error.problems[0].column,
    )
    code = error.problems[0].code
    if code is not None and all(problem.code == code for problem in error.problems):
        refused.code = code
    return refused


def _source_refused(error: "CalendarSourceError") -> CliError:
    return CliError(
        "CALENDAR_NOT_MADE",
        reason=_(error.template).format(**error.params),
        hint=_(error.advice).format(**error.params),
    )


def _whole_calendar(data: bytes) -> Any:
    """The calendar in a JSON file, by itself or in a command's answer; None for another file."""
    from lianxi.domain.refusal import Refusal
    from lianxi.proof.canonical import parse

    try:
        document = parse(data.removeprefix(b"\xef\xbb\xbf"), max_bytes=MAX_CALENDAR_BYTES)
    except Refusal:
        return None
    if not isinstance(document, dict):
        return None
    return document.get("calendar", document if "offsets" in document else None)


def year_argument() -> Callable[..., Any]:
    """The year a command is about."""
    import click

    return click.argument("year", type=click.IntRange(2000, 2100), metavar="YEAR")
