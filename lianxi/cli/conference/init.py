"""`lianxi conference init`: keys, profiles, genesis roster, the command that founds (cli layer)."""

import os
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from lianxi.cli import given
from lianxi.cli.calendar.source import Setting, built, country_option, years_ahead
from lianxi.cli.change import carry_out, change_options
from lianxi.cli.client import Client
from lianxi.cli.conference.roster_file import (
    MAX_ROSTER_FILE_BYTES,
    RosterFileError,
    RosterRow,
    read_roster_file,
)
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.kept import Shelf
from lianxi.cli.keyfile import Key, make_key, read_key
from lianxi.cli.language import _
from lianxi.cli.machine.plan import data_option, data_path, gateway_of
from lianxi.cli.profiles import Settings, free_profile, save_profile
from lianxi.cli.render import as_json
from lianxi.cli.sending import ChangeOptions
from lianxi.cli.terminal import put, say
from lianxi.errors import Exit
from lianxi.free_text import FreeTextError, clean_text
from lianxi.i18n import N_
from lianxi.proof.keys import SEED_BYTES, Signer

if TYPE_CHECKING:
    from lianxi.domain.calendar import Calendar

EXAMPLE = """lianxi conference init --id joint --name-en "Joint Conference" --name-zh 联席会议 \\
    --zone Asia/Shanghai --roster roster.csv

roster.csv (UTF-8 or GB18030; email and language may be left out):
  unit,name_en,name_zh,email,language
  U01,Education,教育,liaison@education.example,zh"""

SIDES = ("convener", "office")
"""Whose keys are made here; every unit makes its own."""

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_HOURS = re.compile(r"(([01][0-9]|2[0-3]):[0-5][0-9])-(([01][0-9]|2[0-3]):[0-5][0-9])")
_DOMAIN = re.compile(r"[a-z0-9.-]{1,100}")


@verb(
    "init",
    example=EXAMPLE,
    help=N_(
        "Found a conference.\n\n"
        "It counts by its country's working days and follows the default rules (lianxi calendar show,"
        " lianxi ladder show). Makes the keys of convener and office and a profile for each on this"
        " machine. The gateway takes a founding only from somebody who can read its data"
        " directory (--data). Units make their keys themselves: lianxi key new."
    ),
)
@option(
    "--id",
    "conference",
    required=True,
    metavar="ID",
    help=N_("Its id: small letters, digits, hyphens."),
)
@option("--name-en", required=True, metavar="TEXT", help=N_("Its English name."))
@option("--name-zh", required=True, metavar="TEXT", help=N_("Its Chinese name."))
@option("--zone", required=True, metavar="ZONE", help=N_("Its time zone, such as Asia/Shanghai."))
@country_option
@option(
    "--calendar-overrides",
    "overrides",
    metavar="FILE",
    help=N_("The conference's own days (YAML), before the country's."),
)
@option("--roster", "path", required=True, metavar="FILE", help=N_("The member units as CSV."))
@option(
    "--office-hours",
    default="09:00-17:00",
    show_default=True,
    metavar="FROM-TO",
    help=N_("Its office hours."),
)
@option(
    "--custody",
    type=click.Choice(["own", "demo"]),
    default="own",
    show_default=True,
    help=N_("Who holds the keys: each unit its own, or one machine all (demo)."),
)
@option(
    "--language",
    type=click.Choice(["zh", "en"]),
    default="zh",
    show_default=True,
    help=N_("The language of notices unless a unit has its own."),
)
@option(
    "--domain",
    default="localhost",
    show_default=True,
    metavar="DOMAIN",
    help=N_("The first part of its origin."),
)
@option(
    "--recovers",
    metavar="FILE",
    help=N_("The last checkpoint of the conference whose data were lost: this one carries it on."),
)
@data_option
@change_options
@click.pass_obj
def init(  # noqa: PLR0913  one parameter per option
    flags: Flags,
    conference: str,
    name_en: str,
    name_zh: str,
    zone: str,
    country: str,
    overrides: str | None,
    path: str,
    office_hours: str,
    custody: str,
    language: str,
    domain: str,
    data: str | None,
    recovers: str | None,
    options: ChangeOptions,
) -> int:
    """Check everything, make keys and profiles, found; a repeat goes on where it stopped."""
    from lianxi.cli.conference import founding
    from lianxi.cli.service_keys import service_entries

    _check(_ID, conference, _("a conference's id"))
    _check(_DOMAIN, domain, _("a domain"))
    hours = _check(_HOURS, office_hours, _("a span of hours such as 09:00-17:00"))
    names = {"en": _name(name_en, "--name-en"), "zh": _name(name_zh, "--name-zh")}
    _check_zone(zone)
    units = _units(path)
    setting = Setting(zone, hours[1], hours[3])

    def calendars(ahead: int) -> "Calendar":
        return built(country, setting, years=years_ahead(ahead), overrides=overrides)

    # a country or a file that gives no calendar is refused before any key is made
    first = calendars(0)
    if first.zone != zone:
        reason = _("The file's zone {zone} is not the conference's.").format(zone=first.zone)
        raise CliError("USAGE", reason=reason, command="lianxi conference init")
    # the token first: without it no key is to be left behind
    token = "" if options.dry_run else founding.read_token(data_path(data))
    _choose_gateway(flags, data)
    settings = Settings.of(flags)
    profiles = {side: free_profile(settings, side, conference) for side in SIDES}
    # before any key or profile is touched: what the owner of a founded conference holds must stay
    origin = _unfinished(flags, conference, profiles["convener"], options)
    origin = origin or founding.new_origin(conference, domain)
    keys = {side: _key(settings, conference, origin, side, options) for side in SIDES}
    change = founding.founding_change(
        conference=conference,
        names=names,
        zone=zone,
        office_hours=(first.opens, first.closes),
        custody=custody,
        language=language,
        units=units,
        convener=keys["convener"],
        others=[keys["office"]],
        calendars=calendars,
        service=[] if options.dry_run else service_entries(Client(flags)),
        recovers=None if recovers is None else founding.read_recovery(recovers),
    )
    if options.dry_run:
        sizes = {"directory": {"size": len(change.args["directory"].data)}}
        put(as_json({"schema": 1, "dry_run": True, "origin": origin, "args": change.args | sizes}))
        return Exit.OK
    for side in SIDES:
        save_profile(
            settings.home,
            profiles[side],
            {
                "gateway": settings.value("gateway").text or "",
                "conference": conference,
                "origin": origin,
                "unit": side,
                "key": str(keys[side].path.relative_to(settings.home.config)),
            },
        )
    flags.given["profile"] = profiles["convener"]
    try:
        code = carry_out(Client(flags), change, options, founding.FoundingDoor(token))
    except CliError as error:
        if error.code == "ALREADY_FOUNDED":
            # so recently that the gateway did not list it yet
            _put_back(settings, profiles.values())
        raise
    for side in SIDES:
        say(_("profile {profile}: {path}").format(profile=profiles[side], path=keys[side].path))
    return code


def _check(pattern: re.Pattern[str], text: str, what: str) -> re.Match[str]:
    match = pattern.fullmatch(text)
    if match is None:
        raise CliError("ID_INVALID", given=text, what=what, suggestion="")
    return match


def _name(text: str, place: str) -> str:
    try:
        return clean_text(text)
    except FreeTextError as error:
        reason = _(error.template).format(**error.params)
        raise CliError("TEXT_INVALID", place=place, reason=reason) from None


def _check_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CliError("ID_INVALID", given=zone, what=_("a time zone"), suggestion="") from None


def _units(path: str) -> list[RosterRow]:
    data = given.read_bytes(path, MAX_ROSTER_FILE_BYTES)
    try:
        return read_roster_file(data)
    except RosterFileError as error:
        raise CliError("ROSTER_FILE_INVALID", path=path, problems=str(error)) from None


def _key(
    settings: Settings, conference: str, origin: str, side: str, options: ChangeOptions
) -> Key:
    """One side's key: that of an earlier attempt, a new one, or (dry run) one that is not kept."""
    path = settings.home.keys / f"{conference}-{origin[-16:-8]}-{side}.key"
    if options.dry_run:
        return Key(Signer(os.urandom(SEED_BYTES)), side, path)
    if path.exists():
        return read_key(path)
    return make_key(path, unit=side, conference=conference, origin=origin)


def _put_back(settings: Settings, names: Iterable[str]) -> None:
    """Profiles as they were when this run began."""
    for name in names:
        if name in settings.profiles:
            save_profile(settings.home, name, settings.profiles[name])


def _choose_gateway(flags: Flags, data: str | None) -> None:
    """The gateway whose founding token is read, unless a flag or the environment names one."""
    if flags.text("gateway") is None and not os.environ.get("LIANXI_GATEWAY"):
        address = gateway_of(data)
        if address is not None:
            flags.given["gateway"] = address


def _unfinished(flags: Flags, conference: str, profile: str, options: ChangeOptions) -> str | None:
    """The origin of an attempt that has no receipt yet: a repeat must name the same.

    Raises CliError: ALREADY_FOUNDED for a conference that the gateway serves and that is no such
    attempt of this machine's.
    """
    client = Client(flags)
    origin = client.settings.profiles.get(profile, {}).get("origin")
    shelf = Shelf(client.settings.home.state / profile)
    if options.request_id is not None and shelf.request(options.request_id) is not None:
        return origin
    founded = any(
        kept["receipt"].get("action") == "found" and kept["receipt"].get("origin") == origin
        for kept in shelf.receipts()
    )
    unfinished = None if founded else origin
    if not options.dry_run and client.served().get(conference, unfinished) != unfinished:
        raise CliError("ALREADY_FOUNDED", conference=conference)
    return unfinished
