"""`lianxi config`: profiles and settings of this machine (cli layer)."""

from collections.abc import Callable
from pathlib import Path

import click

from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, group, verb
from lianxi.cli.keyfile import check_key_file
from lianxi.cli.language import _, current
from lianxi.cli.profiles import NAMES, NO, PATHS, YES, Settings, in_home, save_profile
from lianxi.cli.reading import form_of
from lianxi.cli.render import Column, show_rows
from lianxi.cli.terminal import say
from lianxi.cli.transport import certificates
from lianxi.cli.tree import CONFIG_TABLE
from lianxi.cli.trust_file import trust_in
from lianxi.i18n import N_

config = group(
    "config",
    table=CONFIG_TABLE,
    example="lianxi config show",
    help=N_("Profiles and settings of this machine."),
)

VALUES = (
    Column("name", N_("name")),
    Column("value", N_("value"), limit=120),
    Column("source", N_("source"), limit=60),
)

PROFILES = (
    Column("profile", N_("profile")),
    Column("default", N_("default")),
    Column("unit", N_("unit")),
    Column("conference", N_("conference")),
    Column("gateway", N_("gateway"), limit=80),
    Column("key", N_("key"), limit=80),
)


@verb(
    "show",
    example="lianxi config show\nlianxi config show --as U07",
    help=N_("Every value in force and its source: flag, environment, profile, default."),
)
@click.pass_obj
def show(flags: Flags) -> None:
    """Secrets are not among the values."""
    settings = Settings.of(flags)
    profile = settings.profile
    rows = [{"name": "profile", "value": profile.text, "source": profile.source}]
    for name in NAMES:
        value = settings.value(name)
        rows.append({"name": name, "value": value.text, "source": value.source})
    rows.append({"name": "lang", "value": current(), "source": "--lang, LIANXI_LANG, LANG"})
    rows.append({"name": "config", "value": str(settings.home.file), "source": "LIANXI_HOME"})
    rows.append({"name": "state", "value": str(settings.state), "source": "LIANXI_HOME"})
    show_rows(rows, VALUES, form_of(flags))


@verb(
    "set",
    example="lianxi config set gateway https://tasks.example --profile U07",
    help=N_(
        "Set a value of a profile.\n\n"
        "The name default makes a profile the one used unless named. A file (key, ca, trust) is"
        " looked at first, and kept with its whole path."
    ),
)
@click.argument("name", type=click.Choice([*NAMES, "default"]))
@click.argument("value")
@click.pass_obj
def set_value(flags: Flags, name: str, value: str) -> None:
    """Write one value."""
    wished = flags.given.pop("profile", None)
    settings = Settings.of(flags)
    if name == "default":
        if value not in settings.profiles:
            raise CliError("UNKNOWN_PROFILE", profile=value)
        save_profile(settings.home, value, {}, default=True)
    else:
        kept = str(in_home(value).absolute()) if name in PATHS else value
        if name in _CHECKS:
            _CHECKS[name](kept)
        # a profile that is only now being made is no unknown one
        save_profile(settings.home, str(wished or settings.profile.text), {name: kept})
    say(_("Written to {path}").format(path=settings.home.file))


def _yes_or_no(value: str) -> None:
    if value.lower() not in (*YES, *NO):
        reason = _("cosign is true or false, not {value}.").format(value=value)
        raise CliError("USAGE", reason=reason, command="lianxi config set")


_CHECKS: dict[str, Callable[[str], object]] = {
    "ca": certificates,
    "cosign": _yes_or_no,
    "key": lambda path: check_key_file(Path(path)),
    "trust": lambda path: trust_in(Path(path)),
}
"""What refuses a value that nothing could be done with, before it is written."""


@verb("list", example="lianxi config list", help=N_("List the profiles of this machine."))
@click.pass_obj
def list_profiles(flags: Flags) -> None:
    """All of them."""
    settings = Settings.of(flags)
    default = settings.profile.text
    rows = [
        {"profile": name, "default": "*" if name == default else "", **values}
        for name, values in sorted(settings.profiles.items())
    ]
    show_rows(rows, PROFILES, form_of(flags), nothing=N_("No profiles yet."))
