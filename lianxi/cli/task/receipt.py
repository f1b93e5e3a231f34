"""`lianxi task receipt`: the receipts of one's own filings (cli layer)."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from lianxi.cli import given
from lianxi.cli.arguments import task_argument
from lianxi.cli.grammar import option, verb
from lianxi.cli.language import _
from lianxi.cli.private_files import write_private
from lianxi.cli.reading import Reading, reading
from lianxi.cli.render import Column, instant, show_rows
from lianxi.cli.sealing import payload_in
from lianxi.cli.terminal import put, say
from lianxi.i18n import N_

COLUMNS = (
    Column("at", N_("at"), instant),
    Column("action", N_("what")),
    Column("seq", N_("seq")),
    Column("hash", N_("hash"), lambda value, _how: str(value or "")[:12]),
    Column("request_id", N_("request")),
    Column("holds", N_("holds")),
)


@verb(
    "receipt",
    example="lianxi task receipt T-0003\nlianxi task receipt T-0003 --to receipts.json",
    help=N_(
        "Receipts of your own filings.\n\n"
        "Each filing leaves one in the profile's folder. With --request-id one that is not there is"
        " asked of the gateway."
    ),
)
@task_argument()
@option("--request-id", metavar="UUID", help=N_("Only this filing's."))
@option(
    "--to",
    metavar="FILE",
    help=N_("Write them to a file, envelopes included; - is standard output."),
)
@reading()
def receipt(run: Reading, task: str, request_id: str | None, to: str | None) -> None:
    """List or write."""
    task = given.task_id(task, run.shelf)
    kept = [each for each in run.shelf.receipts() if _task_of(each["receipt"]) == task]
    if request_id is not None:
        wanted = given.request_id(request_id)
        kept = [each for each in kept if each["receipt"]["request_id"] == wanted]
        if not kept:
            kept = [run.client.read(f"requests/{wanted}")]
    if to is None:
        rows = [_row(each) for each in kept]
        show_rows(rows, COLUMNS, run.form, nothing=N_("No filing of yours on this task."))
        return
    text = json.dumps({"schema": 1, "receipts": kept}, indent=1)
    if to == "-":
        put(text)
        return
    write_private(Path(to).expanduser(), text.encode() + b"\n")
    say(_("{count} receipts written to {path}").format(count=len(kept), path=to))


def _task_of(receipt: dict[str, Any]) -> str | None:
    stream = str(receipt.get("stream", ""))
    task = receipt.get("task") or (
        stream.removeprefix("task/") if stream.startswith("task/") else None
    )
    return str(task) if task else None


def _row(kept: dict[str, Any]) -> dict[str, Any]:
    receipt = kept["receipt"]
    last = receipt["events"][-1] if receipt.get("events") else {}
    envelope = kept.get("envelope")
    holds = envelope is not None and sha256(payload_in(envelope)).hexdigest() == receipt.get(
        "payload_sha256"
    )
    return {
        "at": receipt.get("at"),
        "action": receipt.get("action"),
        "seq": last.get("seq"),
        "hash": last.get("hash"),
        "request_id": receipt.get("request_id"),
        "holds": "yes" if holds else "no",
    }
