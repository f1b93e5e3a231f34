"""`lianxi audit list | show`: events as the trail holds them (cli layer)."""

import json
import re

import click

from lianxi.cli.faults import CliError
from lianxi.cli.grammar import option, verb
from lianxi.cli.language import _
from lianxi.cli.reading import Reading, reading
from lianxi.cli.render import Column, instant, show_thing
from lianxi.cli.terminal import visible
from lianxi.i18n import N_
from lianxi.proof.canonical import dumps
from lianxi.proof.hashing import event_hash

_HASH = re.compile(r"[0-9a-f]{64}")

COLUMNS = (
    Column("position", N_("place")),
    Column("at", N_("at"), instant),
    Column("stream", N_("stream")),
    Column("seq", N_("seq")),
    Column("kind", N_("event")),
    Column("unit", N_("unit")),
    Column("actor", N_("by")),
    Column("basis", N_("basis")),
    Column("hash", N_("hash"), lambda value, _how: str(value or "")[:12]),
)


@verb(
    "list",
    example="lianxi audit list --unit U07 --since 2026-11-01",
    help=N_("List events: who did what, when, where it stands in which stream, its hash."),
)
@option("--stream", metavar="NAME", help=N_("Only this stream."))
@reading("actor", "unit", "task", "kind", "since", "until", pages=True)
def list_events(run: Reading, stream: str | None) -> None:
    """One page."""
    run.query["stream"] = stream
    run.list_page("events", COLUMNS)


@verb(
    "show",
    example="lianxi audit show 5f1c2a90d3e1… -o json",
    help=N_("One event whole, by its hash; its hash is computed anew and compared."),
)
@click.argument("event", metavar="HASH")
@reading()
def show_event(run: Reading, event: str) -> None:
    """One event with the envelope that caused it."""
    if not _HASH.fullmatch(event):
        raise CliError("ID_INVALID", given=event, what=_("an event's hash"), suggestion="")
    answer = run.client.read(f"events/{event}")
    if event_hash(dumps(answer["event"])) != event:
        raise CliError("BYTES_FOREIGN", commit=event)
    show_thing(answer, run.form, lambda: visible(json.dumps(answer, indent=1, ensure_ascii=False)))
