"""`lianxi conference show`: what the gateway serves, and who one is there (cli layer)."""

from typing import Any

from lianxi.cli.faults import CliError
from lianxi.cli.grammar import verb
from lianxi.cli.language import _, current
from lianxi.cli.reading import Reading, reading
from lianxi.cli.render import Column, show_rows, show_thing
from lianxi.cli.terminal import visible_line
from lianxi.i18n import N_

COLUMNS = (
    Column("conference", N_("conference")),
    Column("zone", N_("zone")),
    Column("custody", N_("custody")),
    Column("roster_version", N_("roster")),
    Column("origin", N_("origin"), limit=80),
)


@verb(
    "show",
    example="lianxi conference show",
    help=N_(
        "The conference and who you are in it.\n\n"
        "Without a key: which conferences the gateway serves."
    ),
)
@reading()
def show(run: Reading) -> None:
    """The conference as the caller's key sees it, else the public list."""
    if run.client.settings.key_path is None:
        conferences = run.client.unsigned("/v1/conferences")["conferences"]
        show_rows(
            conferences, COLUMNS, run.form, nothing=N_("The gateway serves no conference yet.")
        )
        return
    me = run.client.me
    if not isinstance(me.get("conference"), dict):
        raise CliError("ANSWER_UNREADABLE", reason="me.conference")
    show_thing(me, run.form, lambda: _text(me))


def _text(me: dict[str, Any]) -> str:
    conference = me["conference"]
    hours = conference.get("office_hours") or {}
    lines = [
        (_("conference"), f"{conference['conference']}  {name_of(conference)}"),
        (_("origin"), conference["origin"]),
        (_("zone"), f"{conference['zone']}, {hours.get('opens')}-{hours.get('closes')}"),
        (_("custody"), conference.get("custody")),
        (_("you"), f"{me['unit']}  {name_of(me)} ({me['role']})"),
        (_("keys"), ", ".join(str(key)[:12] for key in me.get("key_ids", ()))),
    ]
    return "\n".join(f"{title}: {visible_line(str(value))}" for title, value in lines)


def name_of(thing: dict[str, Any]) -> str:
    """A name in the language in force, else in any."""
    names = thing.get("names") or {}
    return str(names.get(current()) or next(iter(names.values()), ""))
