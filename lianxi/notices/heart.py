"""A heart that beats in a thread of its own while work that may block goes on (notices, adapter).

A mail server may take longer for one answer than a heartbeat may fail to come; but a heart that
beat whatever happened would hide work that hangs for ever. So it beats only while the work has
shown a sign of life not too long ago.
"""

import contextlib
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self


class Heart:
    """Calls `beat` every `every` seconds until `limit` seconds after the last `sign_of_life`.

    A context manager; leaving it stops the thread. `beat` must be callable from another thread.
    An error of `beat` is passed over: the next beat may come through.
    """

    def __init__(self, beat: Callable[[], None], *, every: float, limit: float) -> None:
        self._beat = beat
        self._every = every
        self._limit = limit
        self._stop = threading.Event()
        self._seen = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="heart", daemon=True)

    def sign_of_life(self) -> None:
        """Say that the work goes on."""
        self._seen = time.monotonic()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            if time.monotonic() - self._seen < self._limit:
                # the event loop is busy (TimeoutError) or gone (RuntimeError): not our affair
                with contextlib.suppress(TimeoutError, RuntimeError):
                    self._beat()
            if self._stop.wait(self._every):
                return
