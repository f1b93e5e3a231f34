"""A verification shared out among processes that all see the same moment of the database (store layer).

Each process reads in a transaction of its own. So that all begin at the same moment, the parent holds
the database's write lock until each has taken its first look: a few milliseconds, since the helpers
are up and waiting by then. Where it may not lock (a copy that can only be read) nobody writes either.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from multiprocessing.connection import wait
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import BrokenBarrierError
from typing import TYPE_CHECKING, Literal, Self

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from lianxi.ports import StoreUnavailableError
from lianxi.store.dialect import database_file, reading_engine, writing_engine
from lianxi.store.verify_rows import Stream
from lianxi.store.verify_streams import Knowledge, Outcome, StreamsCheck

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier
    from types import TracebackType

_PORTION = 2_000
"""Events that one process takes at a time, at least; a stream is never divided."""

_MEET_SECONDS = 60.0
"""How long processes wait for one another at the beginning."""

_FIRST_LOOK = "SELECT position FROM events LIMIT 1"


class Crew:
    """A connection inside a read transaction, and helpers whose transactions see the same."""

    def __init__(self, engine: Engine, jobs: int, url: str | None) -> None:
        """`jobs`: so many helpers, unless it is one; `url`: where they find the same database."""
        self._engine = engine
        shareable = url is not None and database_file(url) is not None
        self._jobs = jobs if shareable else 1
        self._url = url or ""
        self._stack = ExitStack()
        self._pool: ProcessPoolExecutor | None = None
        self.connection: Connection

    @property
    def helps(self) -> bool:
        """Whether there is anybody to share with."""
        return self._pool is not None

    def __enter__(self) -> Self:
        """Begin the transactions, all of them at one moment."""
        with ExitStack() as stack:
            self.connection = stack.enter_context(self._engine.connect())
            if self._jobs > 1:
                with suppress(BrokenBarrierError):  # then this process does it all
                    self._pool = self._hire(stack)
            if self._pool is None:
                self._begin(stack)
            self._stack = stack.pop_all()
        return self

    def _hire(self, stack: ExitStack) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        meeting = context.Barrier(self._jobs + 1)
        # one that loses a process says so, where multiprocessing's own pool waits for ever
        pool = ProcessPoolExecutor(self._jobs, context, _join, (self._url, meeting))
        stack.callback(pool.shutdown, cancel_futures=True)
        for _ in range(self._jobs):
            pool.submit(_start)  # a process begins when there is work for it
        meeting.wait(_MEET_SECONDS)  # all are there
        with _writers_held(self._url):
            meeting.wait(_MEET_SECONDS)  # all may begin
            self._begin(stack)
            meeting.wait(_MEET_SECONDS)  # all have begun
        return pool

    def _begin(self, stack: ExitStack) -> None:
        stack.enter_context(self.connection.begin())
        self.connection.exec_driver_sql(_FIRST_LOOK).all()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End them."""
        self._stack.close()

    def share(
        self,
        streams: Counter[Stream],
        knowledge: Knowledge,
        depth: Literal["full", "deep"],
        now: datetime | None,
    ) -> Iterator[Outcome]:
        """Set the helpers to work; what each portion of the streams came to, as they get done.

        StoreUnavailableError, now or from the iterator, where a helper was ended from outside.

        What all of them rest on grows with the number of tasks: each helper reads it once, from a
        file, and not with every portion.
        """
        if self._pool is None:
            return iter(())
        file = NamedTemporaryFile(prefix="lianxi-verify-", suffix=".pickle")  # noqa: SIM115 - below
        self._stack.enter_context(file)
        pickle.dump(knowledge, file, pickle.HIGHEST_PROTOCOL)
        file.flush()
        with _all_at_work():
            orders = [
                self._pool.submit(_work, portion, file.name, depth, now)
                for portion in _portions(streams)
            ]
        return _outcomes(orders)


def _outcomes(orders: list[Future[Outcome]]) -> Iterator[Outcome]:
    for order in as_completed(orders):
        orders.remove(order)  # what it came to is the caller's from here on
        with _all_at_work():
            outcome = order.result()
        yield outcome


@contextmanager
def _all_at_work() -> Iterator[None]:
    try:
        yield
    except BrokenProcessPool as error:
        raise StoreUnavailableError("a process that looked was ended") from error


_connection: Connection | None = None
"""A helper's own, from `_join` on."""

_learnt: tuple[str, Knowledge] | None = None
"""What a helper knows, and the file that it has it from."""


def _join(url: str, meeting: Barrier) -> None:
    """In a helper: wait for the others, begin the transaction with them."""
    global _connection  # noqa: PLW0603 - a pool's initialiser has no other way to hand on
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is told too, and ends this one
    threading.Thread(target=_end_with_parent, daemon=True).start()
    connection = reading_engine(url).connect()
    meeting.wait(_MEET_SECONDS)
    meeting.wait(_MEET_SECONDS)
    connection.begin()
    connection.exec_driver_sql(_FIRST_LOOK).all()
    meeting.wait(_MEET_SECONDS)
    _connection = connection
    # nothing here goes in circles, and looking for circles takes a tenth of the time
    gc.disable()


def _end_with_parent() -> None:
    """However it ends: a transaction that stays open would let the write-ahead log grow."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _start() -> None:
    """In a helper: nothing more than be there."""


def _work(
    streams: list[Stream], learnt_from: str, depth: Literal["full", "deep"], now: datetime | None
) -> Outcome:
    """In a helper: check a portion."""
    if _connection is None:
        raise RuntimeError("a helper works after it has joined")
    check = StreamsCheck(_connection, _learn(learnt_from), depth, now)
    for origin, stream in streams:
        check.check(origin, stream)
    return check.outcome


def _learn(name: str) -> Knowledge:
    """What the parent wrote into this file for its helpers, a moment ago; it alone may read it."""
    global _learnt  # noqa: PLW0603 - from one portion to the next
    if _learnt is None or _learnt[0] != name:
        _learnt = name, pickle.loads(Path(name).read_bytes())  # noqa: S301  our own, mode 0600
    return _learnt[1]


def _portions(streams: Counter[Stream]) -> Iterator[list[Stream]]:
    """The longest first, so that nobody is left with a long one at the end."""
    portion: list[Stream] = []
    events = 0
    for stream, count in streams.most_common():
        portion.append(stream)
        events += count
        if events >= _PORTION:
            yield portion
            portion, events = [], 0
    if portion:
        yield portion


@contextmanager
def _writers_held(url: str) -> Iterator[None]:
    """Nobody writes meanwhile; where we may not lock, nobody does anyway."""
    engine = writing_engine(url)
    try:
        with ExitStack() as stack:
            with suppress(SQLAlchemyError):
                connection = stack.enter_context(engine.connect())
                stack.enter_context(connection.begin())
            yield
    finally:
        engine.dispose()
