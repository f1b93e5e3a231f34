"""Receipts as answered: signed where this machine has the receipt key (gateway layer)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from lianxi.domain.roster import Roster
from lianxi.domain.values import format_instant
from lianxi.logs import get_logger
from lianxi.messages import Receipt
from lianxi.proof.keys import Signer
from lianxi.proof.receipts import sign_receipt

INCLUDE_WITHIN = timedelta(minutes=10)
"""From the command's instant until a checkpoint of the log must hold its events (proof.md §4)."""

_log = get_logger("lianxi.gateway")


@dataclass(frozen=True, slots=True)
class ReceiptSigning:
    """Signs receipts; without a signer they go out unsigned, and say so."""

    signer: Signer | None = None

    def receipt_answer(
        self, receipt: Receipt, roster: Roster | None, *, behind: bool = False
    ) -> dict[str, Any]:
        """`receipt` and, where signed, `signed_receipt`, as an answer carries them.

        A roster that lists receipt keys must list ours: a signature nobody is to believe is worse
        than none. `behind`: nothing of the conference is recorded or sealed, so nothing is promised.
        """
        shown = receipt.model_dump(mode="json", exclude_none=True)
        if self.signer is None or behind:
            return {"receipt": shown}
        if not _may_sign(roster, self.signer.key_id):
            _log.warning("receipt not signed: the roster does not list this machine's key")
            return {"receipt": shown}
        shown["signed"] = True
        by = format_instant(receipt.at + INCLUDE_WITHIN)
        return {
            "receipt": shown,
            "signed_receipt": sign_receipt(self.signer, shown, include_by=by),
        }


def _may_sign(roster: Roster | None, key_id: str) -> bool:
    listed = [key for key in roster.keys if key.use == "receipt"] if roster is not None else []
    return not listed or any(key.key_id == key_id and key.state == "active" for key in listed)
