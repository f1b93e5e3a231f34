"""The options of every reading command, and the run they give (cli layer)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import wraps
from time import sleep
from typing import Any

import click

from lianxi.cli import given, times
from lianxi.cli.arguments import complete_task, complete_unit
from lianxi.cli.client import Client, items_of
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, option
from lianxi.cli.kept import Shelf
from lianxi.cli.language import _
from lianxi.cli.render import Column, Form, show_rows
from lianxi.cli.terminal import draw_anew, say
from lianxi.errors import Exit
from lianxi.i18n import N_
from lianxi.limit_text import LimitTextError, Local, Place, settle_limit

MAX_LIMIT = 500
MAX_INTERVAL = 3_600
_DATE_LENGTH = len("2026-11-30")

FILTERS: dict[str, Callable[..., Any]] = {
    "unit": option(
        "--unit", metavar="UNIT", shell_complete=complete_unit, help=N_("Only this unit.")
    ),
    "state": option("--state", metavar="STATE", help=N_("Only this state.")),
    "overdue": option("--overdue", is_flag=True, help=N_("Only what is overdue.")),
    "due_before": option("--due-before", metavar="TIME", help=N_("Only what is due before.")),
    "task": option(
        "--task", metavar="TASK", shell_complete=complete_task, help=N_("Only this task.")
    ),
    "kind": option("--kind", metavar="KIND", help=N_("Only this kind.")),
    "actor": option(
        "--actor", metavar="UNIT", shell_complete=complete_unit, help=N_("Only acts of this unit.")
    ),
    "since": option("--since", metavar="TIME", help=N_("Only from this time on.")),
    "until": option("--until", metavar="TIME", help=N_("Only before this time.")),
    "channel": option("--channel", metavar="NAME", help=N_("Only this channel.")),
}
"""The same filter has the same name everywhere."""

_TIMES = ("due_before", "since", "until")


_ADVICE = {
    "cursor": N_(
        "Take the one that the page before named, with the same filters; or leave --cursor out."
    ),
    "stream": N_("Streams are named conference, audit, task/T-0003, mail/CHANNEL."),
}
"""What to give for a filter that the gateway does not take, where --help does not say it."""


def _not_taken(name: str, value: object) -> CliError:
    flag = "--" + name.replace("_", "-")
    return CliError(
        "INVALID_ARGS",
        message=_("{option} cannot be {given} here.").format(option=flag, given=value),
        hint=_(_ADVICE[name]) if name in _ADVICE else None,
        place=f"/{name}",
        given=str(value),
    )


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading command's run: client, filters, form."""

    client: Client
    shelf: Shelf
    form: Form
    query: dict[str, str | int | None]
    limit: int | None = None
    cursor: str | None = None

    def page(self, rest: str) -> dict[str, Any]:
        """One page of a listing."""
        query = {**self.query, "limit": self.limit, "cursor": self.cursor}
        try:
            return self.client.read(rest, **query)
        except CliError as error:
            name = str(error.params.get("place", "")).strip("/")
            if error.code != "INVALID_ARGS" or query.get(name) is None:
                raise
            raise _not_taken(name, query[name]) from None

    def list_page(
        self, rest: str, columns: Sequence[Column], *, nothing: str = N_("Nothing.")
    ) -> list[dict[str, Any]]:
        """Read and show one page, and answer its items; says how to go on."""
        page = self.page(rest)
        items = items_of(page)
        remember(self.shelf, items)
        following = page.get("next")
        show_rows(items, columns, self.form, following=following, nothing=nothing)
        if following and self.form.output != "json":
            say(_("More: add --cursor {cursor}").format(cursor=following))
        return items


def reading(
    *filters: str, pages: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command the named filters, --fields, and (for listings) --limit and --cursor."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def run(
            *arguments: Any,
            fields: str | None,
            watch: bool,
            interval: int,
            **rest: Any,
        ) -> Any:
            flags = click.get_current_context().find_object(Flags) or Flags()
            client = Client(flags)
            shelf = Shelf(client.settings.state)
            query = {name: filtered(name, rest.pop(name), shelf) for name in filters}
            paging = {name: rest.pop(name) for name in ("limit", "cursor") if pages}
            made = Reading(client, shelf, form_of(flags, fields), query, **paging)
            if not watch:
                return command(made, *arguments, **rest)
            if rest.get("to") is not None:
                raise click.UsageError(_("Give --watch or --to, not both."))
            return _watched(lambda: command(made, *arguments, **rest), interval)

        decorated: Callable[..., Any] = run
        if pages:
            decorated = option(
                "--cursor", metavar="CURSOR", help=N_("Go on after an earlier page.")
            )(decorated)
            decorated = option(
                "--limit",
                type=click.IntRange(1, MAX_LIMIT),
                default=50,
                show_default=True,
                help=N_("At most so many rows."),
            )(decorated)
        decorated = option(
            "--interval",
            type=click.IntRange(1, MAX_INTERVAL),
            default=5,
            show_default=True,
            help=N_("Seconds between two looks with --watch."),
        )(decorated)
        decorated = option("--watch", is_flag=True, help=N_("Show it again and again."))(decorated)
        decorated = option("--fields", metavar="A,B", help=N_("Only these fields."))(decorated)
        for name in reversed(filters):
            decorated = FILTERS[name](decorated)
        return decorated

    return decorate


def _watched(look: Callable[[], Any], interval: int) -> int:
    """Look until interrupted; that is the way it ends, and no failure."""
    try:
        while True:
            draw_anew()
            look()
            sleep(interval)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED


def form_of(flags: Flags, fields: str | None = None) -> Form:
    """The form the common options ask for."""
    names = tuple(part.strip() for part in fields.split(",") if part.strip()) if fields else ()
    return Form(flags.text("output") or "table", flags.text("time_format") or "local", names)


def remember(shelf: Shelf, items: Sequence[dict[str, Any]]) -> None:
    """Ids seen in a listing, for completion and "did you mean"."""
    for what, key in (("tasks", "task"), ("units", "unit")):
        ids = [str(item[key]) for item in items if item.get(key)]
        if ids:
            shelf.keep_known(what, ids)


def filtered(name: str, value: Any, shelf: Shelf) -> str | int | None:
    """What a filter asks of the gateway; None where it was not given."""
    if value is None or value is False:
        return None
    if value is True:
        return "true"
    text = str(value)
    if not text.strip():
        # an empty filter must not become "all"
        raise CliError("INPUT_MISSING", option=f"--{name.replace('_', '-')}")
    if name == "task":
        return given.task_id(text, shelf)
    if name in ("unit", "actor"):
        return given.unit_id(text, shelf)
    return moment(text) if name in _TIMES else text


def moment(text: str, *, end_of_day: bool = False) -> str:
    """A time as typed: with its zone, or of this machine's; a bare date is its beginning or end."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise CliError("TIME_INVALID", given=text, reason=_("it is no time")) from None
    try:
        if end_of_day and len(text) <= _DATE_LENGTH:
            instant += timedelta(days=1) - timedelta(microseconds=1)
        # a naive time is taken in this machine's zone, as it is shown there
        zone = times.machine_zone()
        if instant.tzinfo is None and len(text) > _DATE_LENGTH and zone is not None:
            settled = settle_limit(Local(instant.date(), instant.time()), Place(zone))
            return str(settled["at"])
        return times.spell(instant.astimezone(UTC))
    except LimitTextError as error:
        reason = _(error.template).format(**error.params)
        advice = _(error.advice).format(**error.params)
        raise CliError("TIME_INVALID", given=text, reason=reason, hint=advice) from None
    except (OverflowError, OSError, ValueError):
        raise CliError("TIME_INVALID", given=text, reason=_("it is out of range")) from None
