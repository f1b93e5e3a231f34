"""The one writer: a thread that commits what waits as one group (store layer, shell).

Many callers, one transaction: a durable commit costs the same for one unit of work as for fifty.
Each unit of work runs in a savepoint, so that one that fails takes none of the others along.
"""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from lianxi.ports import StoreUnavailableError
from lianxi.store.faults import describe, is_outage

Result = TypeVar("Result")
Work = Callable[[Connection], Any]

MAX_GROUP = 64
"""Units of work in one transaction: bounds how long the first of them waits."""


class Writer:
    """Runs units of work on the only writing connection of this process.

    Invariant: a result is handed out only after the commit that holds its rows.
    """

    def __init__(self, engine: Engine, path: Path | None, *, max_group: int = MAX_GROUP) -> None:
        """`path`: the database's file where it is one, to notice when it is replaced or gone."""
        self._engine = engine
        self._path = path
        self._file = _identity(path)
        self._max_group = max_group
        self._queue: queue.SimpleQueue[tuple[Work, Future[Any]] | None] = queue.SimpleQueue()
        self._closed = False
        self._gate = threading.Lock()
        self._thread = threading.Thread(target=self._serve, name="trail-writer", daemon=True)
        self._thread.start()

    def run(self, work: Callable[[Connection], Result]) -> Result:
        """Run one unit of work and wait until it is durable; its own exceptions come back.

        Raises StoreUnavailableError when the transaction cannot be made durable; then nothing of
        it stands, or all of it where the answer was lost: repeat, units of work are idempotent.
        """
        future: Future[Result] = Future()
        with self._gate:
            if self._closed:
                raise StoreUnavailableError("the store is closed")
            self._queue.put((work, future))
        return future.result()

    def close(self) -> None:
        """Finish what waits, then stop; later calls of `run` raise StoreUnavailableError."""
        with self._gate:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        self._thread.join()

    def _serve(self) -> None:
        while True:
            first = self._queue.get()
            if first is None:
                return
            group, last = [first], False
            while len(group) < self._max_group:
                try:
                    waiting = self._queue.get_nowait()
                except queue.Empty:
                    break
                if waiting is None:
                    last = True
                    break
                group.append(waiting)
            self._settle(group)
            if last:
                return

    def _settle(self, group: Sequence[tuple[Work, Future[Any]]]) -> None:
        try:
            results = self._commit([work for work, _ in group])
        except BaseException as error:  # noqa: BLE001 - whatever it is, nobody may wait for ever
            failure = StoreUnavailableError(describe(error)) if is_outage(error) else error
            for _, future in group:
                future.set_exception(failure)
            return
        for (_, future), (result, defect) in zip(group, results, strict=True):
            if defect is not None:
                future.set_exception(defect)
            else:
                future.set_result(result)

    def _commit(self, works: Sequence[Work]) -> list[tuple[Any, Exception | None]]:
        self._check_file()
        with self._engine.begin() as connection:
            if len(works) == 1:  # what it raises takes nobody else's work along: no savepoint
                return [(works[0](connection), None)]
            return [_attempt(connection, work) for work in works]

    def _check_file(self) -> None:
        """SQLite would go on writing into a file that was removed or replaced under it."""
        found = _identity(self._path)
        if found == self._file:
            return
        self._engine.dispose()
        if found is None:
            raise StoreUnavailableError("the database file is gone")
        self._file = found


def _attempt(connection: Connection, work: Work) -> tuple[Any, Exception | None]:
    # by hand: `begin_nested` builds and looks up a statement each time
    connection.exec_driver_sql("SAVEPOINT work")
    try:
        result = work(connection)
    except Exception as error:
        if is_outage(error):
            raise  # the whole transaction may be lost already
        connection.exec_driver_sql("ROLLBACK TO SAVEPOINT work")
        return None, error
    connection.exec_driver_sql("RELEASE SAVEPOINT work")
    return result, None


def _identity(path: Path | None) -> tuple[int, int] | None:
    if path is None:
        return None
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino
