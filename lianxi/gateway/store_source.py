"""The store, opened when it is first needed and tried again while it is away (gateway layer)."""

from pathlib import Path
from threading import Lock
from time import monotonic

from lianxi.logs import get_logger
from lianxi.ports import StoreUnavailableError
from lianxi.proof.policies import Policy
from lianxi.store.store import Store, open_store

PAUSE = 1.0
"""Seconds between two attempts to open a store that is away."""

_log = get_logger("lianxi.gateway")


class OpenedStore:
    """A `StoreSource`: one store for all threads, writable, since units hand in openings.

    Opened beside the anchors, as the worker's: a trail that nothing is recorded of gets no promises.
    """

    def __init__(
        self, url: str, evidence_dir: Path, anchors_dir: Path, policy: Policy | None
    ) -> None:
        self._url = url
        self._evidence_dir = evidence_dir
        self._anchors_dir = anchors_dir
        self._policy = policy
        self._lock = Lock()
        self._store: Store | None = None
        self._tried: float | None = None

    def __call__(self) -> Store:
        """The store; StoreUnavailableError, SchemaError."""
        store = self._store
        if store is not None:
            return store
        with self._lock:
            if self._store is not None:
                return self._store
            now = monotonic()
            if self._tried is not None and now - self._tried < PAUSE:
                raise StoreUnavailableError("not opened yet")
            self._tried = now
            self._store = open_store(
                self._url,
                self._evidence_dir,
                writable=True,
                anchors_dir=self._anchors_dir,
                policy=self._policy,
            )
            _log.info("store opened")
            return self._store

    def close(self) -> None:
        """Finish what waits to be written."""
        with self._lock:
            if self._store is not None:
                self._store.close()
                self._store = None
