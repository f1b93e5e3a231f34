"""`SqlSealer`: committed events get leaves, trees get signed checkpoints (store layer, adapter).

Which events have no leaf is asked of the side table `leaves` (an anti-join), never "position beyond
the last": where several transactions write at a time, one with a lower position may commit later.
The whole table is asked at the start and every hour. In between only the rows above a mark are,
which stays a minute behind: SQLite has one writer, so positions are committed in their order, and
elsewhere no transaction of ours takes so long. What was below and did not fit is remembered until the
next whole look.

Rows are read, hashed and judged outside of the writer; it inserts at most `MAX_LEAVES` events at a
time, so that recording never waits long. Signing is a second step on committed rows.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, bindparam, func, select

from lianxi.ports import Misfit, SealTurn
from lianxi.proof.keys import Signer
from lianxi.service_keys import ServiceKeyError
from lianxi.store.anchors import Anchors
from lianxi.store.checkpointing import Notary, write_notes
from lianxi.store.dialect import take_any_text
from lianxi.store.faults import outages_translated
from lianxi.store.growing import Candidate, Grown, add_leaves, candidate
from lianxi.store.prepared import Prepared
from lianxi.store.tables import events, leaves
from lianxi.store.writer import Writer

MAX_LEAVES = 1_000
HELD_BACK = 60.0
"""How far the mark stays behind, in seconds; every turn asks for all events of so long."""
WHOLE_LOOK = 3_600.0
"""How often every event is looked at, in seconds."""


class SqlSealer:
    """Seals and signs, one turn at a time; any number of them make one tree."""

    def __init__(
        self,
        writer: Writer,
        reading: Engine,
        log_keys: Callable[[], Sequence[Signer]],
        anchors: Anchors,
        *,
        max_leaves: int = MAX_LEAVES,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`log_keys`: read anew each turn, so that a rotation needs no restart."""
        self._writer = writer
        self._reading = reading
        self._log_keys = log_keys
        self._anchors = anchors
        self._notary = Notary(anchors.is_behind)
        self._max_leaves = max_leaves
        self._mark = _Mark(monotonic)
        self._misfits: dict[tuple[str, str], Misfit] = {}
        self._cursor: int | None = None

    def seal(self, now: datetime) -> SealTurn:
        """Seal up to `max_leaves` events, sign what is committed, keep anchors; see `ports.Sealer`."""
        with outages_translated():
            waiting, more = self._read()
        grown = self._add(waiting, now)
        if not more:
            self._mark.end()
            self._cursor = None
        for place in grown.streams:
            self._misfits.pop(place, None)
        self._misfits |= grown.misfits
        signed, unsigned = self._sign()
        return SealTurn(
            sealed=grown.fresh,
            signed=signed,
            more=more or grown.raced,
            left=tuple(self._misfits.values()),
            unsigned=unsigned,
            unkept=self._anchors.keep_all(),
        )

    def _read(self) -> tuple[list[Candidate], bool]:
        """The next events without a leaf, of conferences that may be sealed; whether there are more."""
        with self._reading.connect() as connection:
            take_any_text(connection)  # a row that cannot be read is judged like any other
            if self._cursor is None:
                self._cursor, whole = self._mark.begin(_highest(connection))
                if whole:
                    self._misfits.clear()
            sought = {"after": self._cursor, "limit_": self._max_leaves}
            rows = _WITHOUT_LEAF.run(connection, sought).mappings().all()
        if rows:
            self._cursor = rows[-1]["position"]
        return [candidate(row) for row in rows], len(rows) == self._max_leaves

    def _add(self, waiting: Sequence[Candidate], now: datetime) -> Grown:
        """The leaves that fit."""
        grown = Grown()
        fitting: list[Candidate] = []
        for event in waiting:
            if self._anchors.is_behind(event.origin):
                grown.leave(event, "behind")
            else:
                fitting.append(event)
        if fitting:
            grown.add(self._writer.run(lambda connection: add_leaves(connection, fitting, now)))
        return grown

    def _sign(self) -> tuple[int, dict[str, str]]:
        """Sign committed rows; how many, and by conference why others were not."""
        try:
            signers = self._log_keys()
        except ServiceKeyError:
            signers = ()
        with outages_translated(), self._reading.connect() as connection:
            made, refused = self._notary.notes(connection, signers)
        if made:
            self._writer.run(lambda connection: write_notes(connection, made))
        return len(made), {origin: str(reason) for origin, reason in refused.items()}


class _Mark:
    """Where a look begins: 0 for a whole one, else the highest position of `HELD_BACK` ago."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._whole_at: float | None = None
        self._low = 0
        self._looks: deque[tuple[float, int]] = deque()
        self._under_way = 0.0, 0

    def begin(self, highest: int) -> tuple[int, bool]:
        """The position after which to look, and whether that is a whole look."""
        now = self._monotonic()
        self._under_way = now, highest
        if self._whole_at is None or now - self._whole_at >= WHOLE_LOOK:
            self._whole_at = now
            return 0, True
        while self._looks and self._looks[0][0] <= now - HELD_BACK:
            self._low = self._looks.popleft()[1]
        return self._low, False

    def end(self) -> None:
        """The look is over: after `HELD_BACK` nothing below its highest position can be new."""
        if not self._looks or self._under_way[0] - self._looks[-1][0] >= 1.0:
            self._looks.append(self._under_way)


def _highest(connection: Connection) -> int:
    found: int | None = connection.scalar(select(func.max(events.c.position)))
    return found or 0


_WITHOUT_LEAF = Prepared(
    lambda _: (
        select(
            events.c.position,
            events.c.origin,
            events.c.stream,
            events.c.seq,
            events.c.kind,
            events.c.at,
            events.c.data,
            events.c.hash,
        )
        .outerjoin(leaves, leaves.c.position == events.c.position)
        .where(leaves.c.position.is_(None), events.c.position > bindparam("after"))
        .order_by(events.c.position)
        .limit(bindparam("limit_"))
    )
)
