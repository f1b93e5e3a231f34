"""`lianxi audit list | show`: events as the trail holds them (cli layer)."""

import json
import re
from collections.abc import Iterator
from typing import Any

import click

from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import option, verb
from lianxi.cli.language import _
from lianxi.cli.reading import Reading, reading
from lianxi.cli.redacted import CODE, redacted_answer
from lianxi.cli.render import Column, instant, show_thing
from lianxi.cli.terminal import visible
from lianxi.free_text import MAX_TEXT_BYTES
from lianxi.i18n import N_
from lianxi.proof.canonical import dumps
from lianxi.proof.hashing import event_hash

_HASH = re.compile(r"[0-9a-f]{64}")

WHOLE_HASH = N_(
    "Give the whole hash of the event, 64 digits; it is shown by: lianxi audit list -o json."
)
"""Tables show its beginning only."""

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
    help=N_(
        "One event whole, by its hash.\n\n"
        "Its hash is computed anew and compared; its texts stand below it, where they are here and you"
        " may read them."
    ),
)
@click.argument("event", metavar="HASH")
@reading()
def show_event(run: Reading, event: str) -> None:
    """One event with the envelope that caused it."""
    if not _HASH.fullmatch(event):
        raise CliError("ID_INVALID", hint=_(WHOLE_HASH), given=event, what=_("an event's hash"))
    answer = run.client.read(f"events/{event}")
    if event_hash(dumps(answer["event"])) != event:
        raise CliError("BYTES_FOREIGN", commit=event)
    answer["texts"] = _texts(run.client, answer["event"].get("data"), run.form.time_format)
    show_thing(answer, run.form, lambda: _told(answer))


def _texts(client: Client, data: Any, how: str) -> dict[str, str]:
    """The texts of the event by their commitments: those that are here and the caller may read.

    Of one that was redacted, by whom, when and why.
    """
    found: dict[str, str] = {}
    for commit, size in texts_in(data):
        try:
            content, media = client.opening(commit, size)
        except CliError as error:
            if error.code == CODE:
                found[commit] = redacted_answer(client, error, how)
            elif error.code not in ("NOT_ALLOWED", "NOT_FOUND", "OPENING_MISSING"):
                raise
            continue
        if media.startswith("text/"):
            found[commit] = content.decode("utf-8", "replace")
    return found


def texts_in(value: Any) -> Iterator[tuple[str, int]]:
    """Every commitment that is small enough for a text."""
    if isinstance(value, dict):
        commit, size = value.get("commit"), value.get("size")
        if isinstance(commit, str) and isinstance(size, int):
            if size <= MAX_TEXT_BYTES:
                yield commit, size
            return
        value = list(value.values())
    if isinstance(value, list):
        for member in value:
            yield from texts_in(member)


def _told(answer: dict[str, Any]) -> str:
    """The event as JSON, its texts below it as they were written."""
    rest = {name: value for name, value in answer.items() if name != "texts"}
    lines = [visible(json.dumps(rest, indent=1, ensure_ascii=False))]
    for commit, text in answer["texts"].items():
        lines += ["", f"{commit[:12]}:"]
        lines += [f"  {line}" for line in visible(text).split("\n")]
    return "\n".join(lines)
