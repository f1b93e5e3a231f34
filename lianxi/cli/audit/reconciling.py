"""`lianxi audit findings | reconcile`: what does not fit, and comparing now (cli layer)."""

from typing import Any

import click

from lianxi.cli.audit.verify_report import explain
from lianxi.cli.change import identity
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.language import _
from lianxi.cli.reading import Reading, form_of, reading
from lianxi.cli.render import Column, instant, show_thing
from lianxi.cli.settling import tell
from lianxi.cli.terminal import say
from lianxi.errors import Exit
from lianxi.i18n import N_

COLUMNS = (
    Column("since", N_("since"), instant),
    Column("code", N_("finding")),
    Column("place", N_("where"), limit=80),
    Column("detail", N_("detail"), limit=60),
    Column("cleared", N_("cleared"), instant),
    Column("event", N_("event"), lambda value, _how: str(value or "")[:12]),
)


@verb(
    "findings",
    example="lianxi audit findings\nlianxi audit findings --all",
    help=N_(
        "What does not fit: trail, read tables and Temporal compared.\n\n"
        "Each finding has a code, a place and the event that recorded it. Without --all those that"
        " stand now; with it also those that were cleared."
    ),
)
@option("--all", "every", is_flag=True, help=N_("Also what was cleared."))
@reading(pages=True)
def findings(run: Reading, every: bool) -> None:  # noqa: FBT001  click hands a switch over so
    """One page."""
    run.query["every"] = "true" if every else None
    items = run.list_page("findings", COLUMNS, nothing=N_("Nothing was found."))
    explain(str(item.get("code")) for item in items)
    _say_behind(run.client.read("reconciliation"))


@verb(
    "reconcile",
    example="lianxi audit reconcile\nlianxi audit reconcile --last",
    help=N_(
        "Compare trail, read tables and Temporal now.\n\n"
        "The service does so by itself every few minutes; the result stands on the stream audit."
        " With --last only the last result is shown. The exit code is 1 while findings stand open."
    ),
)
@option("--last", is_flag=True, help=N_("Show the last result; compare nothing."))
@click.pass_obj
def reconcile(flags: Flags, last: bool) -> int:  # noqa: FBT001  click hands a switch over so
    """One comparison, or the last one's result."""
    client = Client(flags)
    answer = client.read("reconciliation") if last else client.ask("reconciliation", {})
    found = answer.get("reconciliation")
    show_thing(answer, form_of(flags), lambda: _told(found, answer, flags))
    _say_behind(answer)
    if answer.get("open") and flags.text("output") in (None, "table"):
        say(_("next: {command}").format(command="lianxi audit findings" + identity(flags)))
    return Exit.FAILED if answer.get("open") or found is None else Exit.OK


def _say_behind(answer: dict[str, Any]) -> None:
    """A trail that was rolled back records nothing, its own finding neither."""
    if answer.get("behind"):
        tell(CliError("TRAIL_BEHIND"))


def _told(found: dict[str, Any] | None, answer: dict[str, Any], flags: Flags) -> str:
    if found is None:
        return _("Trail and Temporal were never compared.")
    return _(
        "compared {time}: {events} events in {streams} streams; {open} findings stand,"
        " {pending} differences are too young to count"
    ).format(
        time=instant(found["at"], flags.text("time_format") or "local"),
        events=found["events"],
        streams=found["streams"],
        open=answer["open"],
        pending=found["pending"],
    )
