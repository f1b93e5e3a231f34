"""Advisory file locks (flock): released by the kernel when their holder dies, however it dies."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class FileLock:
    """A held lock. Its file names the holder's pid; it is never unlinked: that splits the lock."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def release(self) -> None:
        """Let go; the kernel does the same when the process dies."""
        os.close(self._descriptor)


def try_lock(path: Path) -> FileLock | None:
    """Take the lock at once, or None when another process (or open file) holds it."""
    import fcntl  # absent on Windows, where this module must still be importable

    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return FileLock(descriptor)


def holder_of(path: Path) -> str:
    """The pid that the lock's holder wrote, or "?" while it has not yet."""
    try:
        return path.read_text().strip() or "?"
    except FileNotFoundError:
        return "?"


@contextmanager
def lock_if_free(path: Path) -> Iterator[bool]:
    """Hold the lock inside the block if it was free; yields whether it was."""
    lock = try_lock(path)
    try:
        yield lock is not None
    finally:
        if lock is not None:
            lock.release()
