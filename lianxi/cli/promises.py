"""The promise that comes with a receipt: whose it is, and until when (cli layer)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from lianxi.cli import times
from lianxi.cli.faults import CliError
from lianxi.domain.refusal import Refusal

if TYPE_CHECKING:
    from lianxi.cli.client import Client
    from lianxi.proof.receipts import Promise

WITHIN = timedelta(minutes=10)
"""From a command's instant; what is promised for later is no promise (proof.md §4)."""


def check_promise(client: "Client", content: Mapping[str, Any], request_id: str) -> None:
    """A receipt must be signed by the conference's receipt key, and say what the receipt says.

    One that is not signed at all promises nothing, so that nothing of it would ever be overdue.
    Nothing is checked where nobody has ever named a key; one that is retired signs no more. Raises
    CliError RECEIPT_SIGNATURE, RECEIPT_LATE, evidence kept.
    """
    pin = client.log.pin
    if not pin.all_receipt_keys:
        return
    from lianxi.proof.receipts import open_receipt

    code = "RECEIPT_SIGNATURE"
    try:
        promise = open_receipt(
            str(content.get("signed_receipt", "")), [bytes.fromhex(key) for key in pin.receipt_keys]
        )
        if promise.names(content["receipt"]):
            if _in_time(promise):
                return
            code = "RECEIPT_LATE"
    except Refusal:
        pass
    what = code.lower().replace("_", "-")
    path = client.log.folder.keep_evidence(what, {"receipt": dict(content)}, request_id)
    raise CliError(code, path=str(path), request_id=request_id)


def _in_time(promise: "Promise") -> bool:
    try:
        return times.read(promise.include_by) <= times.read(promise.at) + WITHIN
    except (ValueError, OverflowError):  # no such day
        return False


def deadline(content: Mapping[str, Any]) -> str:
    """When a receipt that has just come is overdue by this machine's clock; empty without a promise.

    Never later than the longest promise from now: a server's clock, or its word, may be years ahead.
    """
    promised = include_by(content)
    return promised and min(promised, times.spell(times.now() + WITHIN))


def include_by(content: Mapping[str, Any]) -> str:
    """Until when the log must hold what the receipt names; empty where nobody has promised."""
    text = content.get("signed_receipt")
    if text is None:
        return ""
    from lianxi.proof.receipts import read_receipt

    try:
        return read_receipt(text)[1].include_by
    except Refusal:
        return ""
