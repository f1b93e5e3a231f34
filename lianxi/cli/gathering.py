"""Witnesses for a receipt: later checkpoints that a policy's witnesses have cosigned (cli layer).

The listing is asked for once for all receipts of a run; a checkpoint is taken into a receipt only
after it was proven to continue the receipt's own.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lianxi.cli.faults import CliError
from lianxi.cli.log_watch import Head, LogWatch
from lianxi.domain.refusal import Refusal

if TYPE_CHECKING:
    from lianxi.proof.notes import NoteKey
    from lianxi.proof.policies import Policy
    from lianxi.proof.receipt_checks import Checked

PAGE = 100
"""The gateway's largest page."""
MAX_PAGES = 10
"""Of one run: some sixteen hours of checkpoints, were each one cosigned."""


class CosignedHeads:
    """The log's cosigned checkpoints with the policy's witnesses of each, asked for page by page.

    Shared by all receipts of a run: `since` is the smallest size that any of them wants.
    """

    def __init__(
        self, watch: LogWatch, log_keys: "Sequence[NoteKey]", policy: "Policy", since: int
    ) -> None:
        self._watch = watch
        self._log_keys = log_keys
        self.policy = policy
        self._read: list[tuple[Head, frozenset[str]]] = []
        self._next: int | None = since
        self._pages = 0
        self.unread: int | None = None
        """From which size on there is more that this run does not read."""

    def __iter__(self) -> Iterator[tuple[Head, frozenset[str]]]:
        """Smallest first; none beyond what this machine has seen of the log."""
        at = 0
        while True:
            yield from self._read[at:]
            at = len(self._read)
            if self._next is None:
                return
            if self._pages >= MAX_PAGES:
                self.unread = self._next
                return
            self._turn(self._next)

    def _turn(self, since: int) -> None:
        query = {"since": since, "cosigned": "true", "limit": PAGE}
        page = self._watch.ask("GET", "checkpoints", query=query)
        items, following = page.get("items"), page.get("next")
        if not isinstance(items, list):
            raise CliError("ANSWER_UNREADABLE", reason="checkpoints")
        self._pages += 1
        self._read += [head for item in items if (head := self._opened(item)) is not None]
        further = isinstance(following, int) and following > since
        self._next = following if further else None

    def _opened(self, item: Any) -> tuple[Head, frozenset[str]] | None:
        """A checkpoint that the log has signed; anything else in the list is passed over."""
        from lianxi.proof.checkpoints import open_checkpoint
        from lianxi.proof.witnessing import cosigned_by

        pin = self._watch.pin
        try:
            text = str(item["checkpoint"])
            checkpoint, note = open_checkpoint(
                text.encode(), origin=pin.origin, log_keys=self._log_keys
            )
        except (Refusal, KeyError, TypeError, UnicodeEncodeError):
            return None
        if checkpoint.size > pin.size:
            return None
        found = cosigned_by(self.policy, checkpoint, note.signatures)
        return Head(checkpoint, text), frozenset(name for _, name, _ in found)


def gather(
    watch: LogWatch, kept: dict[str, Any], checked: "Checked", base: Head, heads: CosignedHeads
) -> bool:
    """Add later checkpoints until the policy is satisfied; whether anything was added.

    `base`: the largest checkpoint of the receipt's proofs. Raises CliError LOG_FORKED for one that
    does not continue it (evidence kept, nothing added), and what the gateway refuses.
    """
    from lianxi.proof.receipt_log import MAX_LATER

    size = base.checkpoint.size
    later = list(kept.get("later", []))
    names = {
        str(name)
        for check in checked.checks
        if check.what == "witnesses"
        for name in check.detail.get("by", ())
    }
    for head, by in heads:
        if len(later) >= MAX_LATER or heads.policy.satisfied(names):
            break
        if head.checkpoint.size < size or by <= names:
            continue
        consistency = watch.proven(base, head)
        later.append({"from": size, "checkpoint": head.note, "consistency": consistency})
        names |= by
    before = (kept.get("later", []), looked(kept))
    if heads.unread is not None:
        kept["looked"] = heads.unread
    kept["later"] = later
    return before != (later, looked(kept))


def looked(kept: Mapping[str, Any]) -> int:
    """From which size on cosigned checkpoints are still to be read for a receipt."""
    return int(kept.get("looked", 0))
