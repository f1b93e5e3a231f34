"""`lianxi audit redact`: a text or file is destroyed, for a reason that stays (cli layer)."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import click

from lianxi.cli import given
from lianxi.cli.ask import confirm
from lianxi.cli.audit.listing import WHOLE_HASH
from lianxi.cli.change import carry_out, change_options
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, verb
from lianxi.cli.language import _
from lianxi.cli.redacted import CODE, redacted_answer
from lianxi.cli.sealing import Change, Seen
from lianxi.cli.sending import ChangeOptions
from lianxi.cli.task.looking import SHORT, reason_option, show
from lianxi.cli.terminal import cut, visible_line
from lianxi.i18n import N_

_COMMIT = re.compile(r"[0-9a-f]{64}", re.ASCII)
_EVENT_FIELD = re.compile(r"([0-9a-f]{64}):/?([A-Za-z0-9_/]{1,128})", re.ASCII)

OFFICE = "office"

_WHOLE_COMMITMENT = N_(
    "Give the whole commitment, 64 digits (lianxi audit show EVENT), or name EVENT:FIELD with the whole"
    " hash of the event: lianxi audit list -o json."
)


class Standing(NamedTuple):
    """What the record says of a commitment: its task, whose it is, what it is."""

    task: str | None
    units: tuple[str, ...]
    places: tuple[str, ...]
    media: str | None
    size: int


@verb(
    "redact",
    example='lianxi audit redact 9b1c…:report --reason "names a private person"\n'
    'lianxi audit redact 5f1c… --reason "an order of the court"',
    help=N_(
        "Destroy a text or file for good, with a reason that stays readable.\n\n"
        "Named by its commitment (64 hex digits), or as EVENT:FIELD, such as the event's hash and"
        " report or evidence/0/file (lianxi audit show, lianxi task evidence -o json). The convener's"
        " takes effect at once; the office's waits for the convener (lianxi task approve). Events,"
        " hashes and proofs stand. What was sent out in notices, exports and backups is not reached."
    ),
)
@click.argument("text", metavar="COMMIT|EVENT:FIELD")
@reason_option
@change_options
@click.pass_obj
def redact(flags: Flags, text: str, reason: str, options: ChangeOptions) -> int:
    """Show what would be destroyed, ask, sign."""
    client = Client(flags)
    args: dict[str, Any] = {"reason": given.text(reason, "--reason")}
    commit = _commitment(client, text)

    def look() -> Seen:
        standing = _standing(client, commit)
        _show(client, commit, standing)
        named = {"task": standing.task, "units": list(standing.units)}
        about.update(named)
        if not options.dry_run and client.unit != OFFICE:
            confirm(flags, _("Destroy it for good"), yes=options.yes)
        return None, {name: value for name, value in named.items() if value}

    about: dict[str, Any] = {"commit": commit}
    return carry_out(
        client, Change("redact", {**args, "commit": commit}, look=look, about=about), options
    )


def _commitment(client: Client, text: str) -> str:
    """The commitment meant; CliError NO_COMMITMENT with what could be named."""
    text = text.strip().lower() if ":" not in text else text.strip()
    if _COMMIT.fullmatch(text):
        return text
    named = _EVENT_FIELD.fullmatch(text)
    if named is None:
        raise CliError(
            "ID_INVALID",
            hint=_(WHOLE_HASH) if ":" in text else _(_WHOLE_COMMITMENT),
            given=text,
            what=_("a commitment or EVENT:FIELD"),
        )
    event, field = named.groups()
    fields = dict(_fields(client.read(f"events/{event}")["event"].get("data"), ""))
    if field not in fields:
        hint = _("Fields of this event that hold a text or file: {fields}.")
        raise CliError(
            "NOT_FOUND",
            hint=hint.format(fields=", ".join(fields) or "-"),
            what=_("a text or file {field} in {event}").format(field=field, event=event[:SHORT]),
        )
    return fields[field]


def _fields(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every commitment in an event's data, by the way to it."""
    if isinstance(value, dict):
        if value.keys() == {"commit", "size"}:
            yield path, str(value["commit"])
            return
        items: Any = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    else:
        return
    for name, member in items:
        yield from _fields(member, f"{path}/{name}" if path else str(name))


def _standing(client: Client, commit: str) -> Standing:
    found = client.read(f"commitments/{commit}")
    return Standing(
        task=found.get("task"),
        units=tuple(found.get("units") or ()),
        places=tuple(
            f"{place.get('kind')}{place.get('field')}" for place in found.get("places") or ()
        ),
        media=found.get("media"),
        size=int(found.get("size") or 0),
    )


def _show(client: Client, commit: str, standing: Standing) -> None:
    """What it is, where it stands, whose it is, how it begins."""
    show(
        client,
        standing.task or client.place.conference,
        " ".join(dict.fromkeys(standing.places)),
        " ".join(standing.units),
    )
    try:
        content, media = client.opening(commit, standing.size)
    except CliError as error:
        if error.code not in ("NOT_FOUND", CODE):
            raise
        if error.code == CODE:
            how = client.flags.text("time_format") or "local"
            show(client, "  " + redacted_answer(client, error, how))
        return  # the conference says whether there is anything left to destroy
    if media.startswith("text/"):
        show(client, "  " + cut(visible_line(content.decode("utf-8", "replace")), 200))
    else:
        show(
            client, "  " + _("a file, {media}, {size} bytes").format(media=media, size=len(content))
        )
