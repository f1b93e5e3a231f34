"""`lianxi task receipt`: the receipts of one's own filings (cli layer)."""

import json
from hashlib import sha256
from typing import Any

from lianxi.cli import given
from lianxi.cli.arguments import task_argument
from lianxi.cli.grammar import option, verb
from lianxi.cli.language import _
from lianxi.cli.private_files import write_named
from lianxi.cli.promises import include_by
from lianxi.cli.reading import Reading, reading
from lianxi.cli.receipt_states import INCLUDED, WITNESSED, WORDS, state_of
from lianxi.cli.render import Column, instant, show_rows, yes_no
from lianxi.cli.sealing import payload_in
from lianxi.cli.terminal import put, say, visible_line
from lianxi.cli.upgrading import keys_of, upgrade
from lianxi.i18n import N_

COLUMNS = (
    Column("at", N_("at"), instant),
    Column("action", N_("what")),
    Column("seq", N_("seq")),
    Column("hash", N_("hash"), lambda value, _how: str(value or "")[:12]),
    Column("request_id", N_("request")),
    Column("holds", N_("holds"), lambda value, _how: yes_no(value == "yes")),
    Column("state", N_("state"), lambda value, _how: _(WORDS.get(value, str(value)))),
)


@verb(
    "receipt",
    example="lianxi task receipt T-0003\nlianxi task receipt T-0003 --to receipts.json",
    help=N_(
        "Receipts of your own filings.\n\n"
        "Each filing leaves one in the profile's folder. With --request-id one that is not there is"
        " asked of the gateway.\n\n"
        "provisional: promised, not yet in a checkpoint of the log. included: proven to be in one."
        " witnessed: a quorum of witnesses has cosigned it. OVERDUE: the promise was not kept; show"
        " it to the auditors."
    ),
)
@task_argument()
@option("--request-id", metavar="UUID", help=N_("Only this filing's."))
@option(
    "--to",
    metavar="FILE",
    help=N_("Write them to a file, envelopes included; - is standard output."),
)
@option("--force", is_flag=True, help=N_("Overwrite the file where it exists."))
@reading()
def receipt(
    run: Reading, task: str, request_id: str | None, to: str | None, *, force: bool
) -> None:
    """List or write."""
    task = given.task_id(task, run.shelf)
    _ask_for_proofs(run, task)
    kept = [each for each in run.shelf.receipts() if _task_of(each["receipt"]) == task]
    if request_id is not None:
        wanted = given.request_id(request_id)
        kept = [each for each in kept if each["receipt"]["request_id"] == wanted]
        if not kept:
            kept = [run.client.read(f"requests/{wanted}")]
    if to is None:
        rows = [{**_row(each), "state": state_of(each)} for each in kept]
        show_rows(rows, COLUMNS, run.form, nothing=N_("No filing of yours on this task."))
        return
    text = json.dumps({"schema": 1, "receipts": kept}, indent=1)
    if to == "-":
        put(text)
        return
    write_named(to, text.encode() + b"\n", force=force)
    say(_("{count} receipts written to {path}").format(count=len(kept), path=to))


def _ask_for_proofs(run: Reading, task: str) -> None:
    """Whatever is still open of this task, those included that were marked nowhere."""
    counted = keys_of(run.client).policy is not None
    final = {WITNESSED} if counted else {INCLUDED, WITNESSED}
    open_ = {
        str(each["receipt"]["request_id"]): include_by(each)
        for each in run.shelf.receipts()
        if _task_of(each["receipt"]) == task and state_of(each) not in final
    }
    if open_:
        failure = upgrade(run.client, wanted=open_)
        if failure is not None:  # receipts are shown also while the gateway is away
            say(visible_line(failure.message))


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
