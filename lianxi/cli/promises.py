"""The promise that comes with a receipt: whose it is, and until when (cli layer)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lianxi.cli.faults import CliError
from lianxi.domain.refusal import Refusal

if TYPE_CHECKING:
    from lianxi.cli.client import Client


def check_promise(client: "Client", content: Mapping[str, Any], request_id: str) -> None:
    """A signed receipt must be signed by the conference's receipt key and say what the receipt says.

    Nothing is checked where no key is known. Raises CliError RECEIPT_SIGNATURE, evidence kept.
    """
    keys = client.log.pin.receipt_keys
    text = content.get("signed_receipt")
    if text is None or not keys:
        return
    from lianxi.proof.receipts import open_receipt

    try:
        promise = open_receipt(text, [bytes.fromhex(key) for key in keys])
        good = promise.names(content["receipt"])
    except Refusal:
        good = False
    if not good:
        path = client.log.folder.keep_evidence("receipt-signature", {"receipt": dict(content)})
        raise CliError("RECEIPT_SIGNATURE", path=str(path), request_id=request_id)


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
