"""`lianxi handover`: one file for a successor, with everything but the private key (cli layer).

index.md        what is open, in the user's language, for people
handover.json   the same for programs
receipts/       the profile's receipts: what was filed and accepted
drafts/         requests that were signed and have no receipt: refused, or never answered
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click

from lianxi import __version__
from lianxi.cli import times
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.kept import KeptRequest, Shelf
from lianxi.cli.language import _
from lianxi.cli.private_files import taken, write_named
from lianxi.cli.render import instant, percent, word
from lianxi.cli.terminal import is_terminal, put_bytes, say, visible
from lianxi.i18n import N_

DEADLINES = (
    ("acknowledge_by", N_("acknowledge by")),
    ("due", N_("due")),
)

TEXTS = (
    ("text", N_("text")),
    ("return_reason", N_("returned because")),
)
"""Texts of an item that are shown under it, where it has them."""


class _Contents(NamedTuple):
    """What goes into the file."""

    unit: str
    conference: str
    origin: str
    gateway: str
    made_at: str
    items: list[dict[str, Any]]
    drafts: list[KeptRequest]
    receipts: list[dict[str, Any]]


@verb(
    "handover",
    example="lianxi handover --to handover.zip",
    help=N_(
        "One file for your successor.\n\n"
        "A zip with an index to read, the open tasks with texts and deadlines, every receipt of this"
        " profile, and drafts: requests that were signed and have no receipt. Never the private key: the"
        " successor makes one (lianxi key new)."
    ),
)
@option("--to", required=True, metavar="FILE", help=N_("The file; - is standard output."))
@option("--force", is_flag=True, help=N_("Overwrite the file where it exists."))
@click.pass_obj
def handover(flags: Flags, to: str, force: bool) -> int:  # noqa: FBT001  click hands a switch over so
    """Everything is read first; the file is written whole or not at all."""
    path = Path(to).expanduser()
    if to == "-" and is_terminal(sys.stdout):
        reason = _("a zip file is nothing for a terminal")
        raise CliError("FILE_UNWRITABLE", path=to, reason=reason, exit_code=2)
    if to != "-" and path.exists() and not force:
        raise taken(to, forcible=True)
    client = Client(flags)
    contents = _contents(client)
    data = _zipped(contents, flags.text("time_format") or "local")
    if to == "-":
        put_bytes(data)
        return 0
    write_named(to, data, force=force)
    say(
        _(
            "{path}: {items} open tasks, {drafts} drafts, {receipts} receipts; no private key"
        ).format(
            path=to,
            items=len(contents.items),
            drafts=len(contents.drafts),
            receipts=len(contents.receipts),
        )
    )
    return 0


def _contents(client: Client) -> _Contents:
    answer = client.read("handover")
    items = answer.get("items")
    if not isinstance(items, list):
        raise CliError("ANSWER_UNREADABLE", reason="items")
    shelf = Shelf(client.settings.state)
    return _Contents(
        unit=str(answer.get("unit") or client.unit),
        conference=client.place.conference,
        origin=client.place.origin,
        gateway=client.gateway.address,
        made_at=times.spell(times.now()),
        items=items,
        drafts=[kept for kept in shelf.requests() if shelf.receipt(kept.request_id) is None],
        receipts=list(shelf.receipts()),
    )


def _zipped(contents: _Contents, how: str) -> bytes:
    import io
    import zipfile

    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in _files(contents, how):
            # readable by its owner alone once it is unpacked, as the profile's folder is
            entry = zipfile.ZipInfo(name, times.read(contents.made_at).timetuple()[:6])
            entry.external_attr = 0o600 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return target.getvalue()


def _files(contents: _Contents, how: str) -> Iterator[tuple[str, bytes]]:
    yield "index.md", "\n".join([*_index(contents, how), ""]).encode()
    yield "handover.json", _json(_document(contents))
    for receipt in contents.receipts:
        yield f"receipts/{_request_of(receipt)}.json", _json(receipt)
    for draft in contents.drafts:
        yield f"drafts/{draft.request_id}.json", _json(_draft(draft))


def _request_of(receipt: dict[str, Any]) -> str:
    return str(receipt["receipt"]["request_id"])


def _json(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"


def _draft(draft: KeptRequest) -> dict[str, Any]:
    return {**draft._asdict(), "openings": [opening._asdict() for opening in draft.openings]}


def _document(contents: _Contents) -> dict[str, Any]:
    return {
        "schema": 1,
        "made_at": contents.made_at,
        "made_by": f"lianxi {__version__}",
        "unit": contents.unit,
        "conference": contents.conference,
        "origin": contents.origin,
        "gateway": contents.gateway,
        "items": contents.items,
        "drafts": [draft.request_id for draft in contents.drafts],
        "receipts": [_request_of(receipt) for receipt in contents.receipts],
    }


# --- the index for people ---


def _index(contents: _Contents, how: str) -> Iterator[str]:
    yield "# " + _("Handover of {unit} in {conference}").format(
        unit=contents.unit, conference=contents.conference
    )
    yield ""
    yield _("Made {time} by lianxi {version}; gateway {gateway}.").format(
        time=instant(contents.made_at, how), version=__version__, gateway=contents.gateway
    )
    yield ""
    yield _(
        "The private key is not in here. The successor makes a key (lianxi key new --unit {unit}),"
        " sends its request file to the office, and sees the rest with lianxi todo."
    ).format(unit=contents.unit)
    yield ""
    yield "## " + _("Open tasks: {count}").format(count=len(contents.items))
    for item in contents.items:
        yield from _item(item, how)
    yield ""
    yield "## " + _("Drafts: {count}").format(count=len(contents.drafts))
    yield ""
    yield _("Signed here, without a receipt: refused or never answered. Look before repeating one.")
    for draft in contents.drafts:
        yield f"- {instant(draft.made_at, how)}  {draft.action}  {draft.stream}  {draft.request_id}"
    yield ""
    yield "## " + _("Receipts: {count}").format(count=len(contents.receipts))
    yield ""
    for content in contents.receipts:
        receipt = content["receipt"]
        where = receipt.get("task") or receipt.get("stream")
        at = instant(receipt.get("at"), how)
        yield f"- {at}  {receipt.get('action')}  {where}  {receipt['request_id']}"


def _item(item: dict[str, Any], how: str) -> Iterator[str]:
    title = visible(str(item.get("title") or _("(title missing)"))).replace("\n", " ")
    yield ""
    yield f"### {item.get('task')}  {title}"
    yield ""
    state, reported = _("state"), _("reported")
    yield f"- {state}: {word(item.get('state'))}"
    for key, name in DEADLINES:
        if item.get(key):
            yield f"- {_(name)}: {instant(item[key], how)}"
    for key, name in TEXTS:
        if item.get(key):
            yield f"- {_(name)}:"
            yield from _quoted(str(item[key]))
    for report in item.get("reports") or ():
        parts = [instant(report.get("at"), how), percent(report.get("percent"))]
        yield f"- {reported} {'  '.join(part for part in parts if part)}".rstrip()
        yield from _quoted(str(report.get("text") or ""))


def _quoted(text: str) -> Iterator[str]:
    return (f"  > {line}" for line in visible(text).splitlines())
