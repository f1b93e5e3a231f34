"""What every answer of a conference says of its log, looked up once a second (gateway layer).

The newest signed checkpoint, the proof that it continues the one the client names, the roster's
version and hash, and when trail and server were last compared. A larger tree than the one
remembered, which a client has seen or the answer itself shows, makes the gateway look again at once.
"""

from base64 import b64encode
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Literal

from sqlalchemy import Connection

from lianxi.domain.refusal import Refusal
from lianxi.gateway.known import Known, Seen
from lianxi.proof.hash_texts import hash_texts
from lianxi.store.queries.findings import last_reconciled
from lianxi.store.tree_reads import consistency, newest_checkpoint

SEEN_HEADER = "lianxi-seen"
CHECKPOINT = "Lianxi-Checkpoint"
CONSISTENCY = "Lianxi-Consistency"
ROSTER = "Lianxi-Roster"
RECONCILED = "Lianxi-Reconciled"

FRESH = 1.0
"""Seconds for which a look is good."""

_PROOFS = 1_024
_SIZE_DIGITS = 18

Headers = Mapping[str, str]
Moment = Literal["before", "away"]


@dataclass(frozen=True, slots=True)
class Head:
    """A conference's log as looked up last; `size` 0 and no note before the first checkpoint."""

    origin: str
    size: int
    headers: Headers
    looked_at: float


class LogHeads:
    """Safe for threads."""

    def __init__(self, known: Known, clock: Callable[[], float] = monotonic) -> None:
        self._known = known
        self._clock = clock
        self._lock = Lock()
        self._heads: dict[str, Head] = {}
        self._proofs: OrderedDict[tuple[str, int, int], str] = OrderedDict()

    def remembered(
        self, conference: str, seen: int, shown: int = 0, moment: Moment = "before"
    ) -> Headers | None:
        """The headers without a look at the store; None where one is needed, or nothing is known.

        `seen`: the size that the client names; `shown`: the newest that the answer itself speaks of.
        `moment`: before a look, or with the store away: then nothing is said of the tree that a
        client could take for a log that shrank or cannot be proven.
        """
        with self._lock:
            head = self._heads.get(conference)
            if head is None:
                return None
            old = self._clock() - head.looked_at >= FRESH
            if seen > head.size or (moment == "before" and (old or shown > head.size)):
                return None
            proof = self._proofs.get((head.origin, seen, head.size))
        provable = 0 < seen < head.size
        return None if provable and proof is None else _said(head, proof)

    def look(self, connection: Connection, conference: str, seen: int, shown: int = 0) -> Headers:
        """Look the log up anew, and the proof from the size a client has seen; what is to be said.

        Said of what was looked up here: another look may have found more meanwhile, without this
        proof. Nothing where the conference is not known.
        """
        with self._lock:
            head = self._heads.get(conference)
        if head is None or self._clock() - head.looked_at >= FRESH or max(seen, shown) > head.size:
            found = self._known.look(connection, conference)
            if found is None:
                return {}
            head = self._read(connection, found)
            with self._lock:
                before = self._heads.get(conference)
                # two looks at once: what has been said of a tree is not taken back
                if before is None or before.origin != head.origin or before.size <= head.size:
                    self._heads[conference] = head
                else:
                    head = before
        return _said(head, self._prove(connection, head, seen) if 0 < seen < head.size else "")

    def _read(self, connection: Connection, found: Seen) -> Head:
        origin = found.facts.origin
        newest = newest_checkpoint(connection, origin)
        headers = {
            ROSTER: f"{found.roster.version}:{found.facts.roster_hash}",
            RECONCILED: last_reconciled(connection, origin) or "never",
        }
        if newest is None or newest.note is None:
            return Head(origin, 0, headers, self._clock())
        headers[CHECKPOINT] = b64encode(newest.note.encode()).decode("ascii")
        return Head(origin, newest.size, headers, self._clock())

    def _prove(self, connection: Connection, head: Head, seen: int) -> str:
        key = (head.origin, seen, head.size)
        with self._lock:
            known = self._proofs.get(key)
        if known is not None:
            return known
        try:
            proof = ",".join(hash_texts(consistency(connection, head.origin, seen, head.size)))
        except Refusal:  # nodes were taken away: the client sees a log that proves nothing
            proof = ""
        with self._lock:
            self._proofs[key] = proof
            while len(self._proofs) > _PROOFS:
                self._proofs.popitem(last=False)
        return proof


def _said(head: Head, proof: str | None) -> Headers:
    """The headers; before the first checkpoint there is nothing to prove."""
    return {**head.headers, CONSISTENCY: proof or ""} if head.size else head.headers


def seen_size(text: str | None) -> int:
    """The size a client names; 0 where it names none that could be one."""
    if text is None or not (text.isascii() and text.isdigit() and len(text) <= _SIZE_DIGITS):
        return 0
    return int(text)
