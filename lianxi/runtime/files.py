"""Small durable file writes that the runtime relies on: atomic replacement, log rotation, tails."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

LOG_LIMIT_BYTES = 10 * 1024 * 1024


def replace_file(path: Path, text: str) -> None:
    """Write `text` (mode 0600) so that a reader sees the old file or the new one, never half."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    temporary.replace(path)


def append_private(path: Path) -> BinaryIO:
    """A log open for appending that its owner alone can read, also one that an earlier release made."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.fchmod(descriptor, 0o600)
    return os.fdopen(descriptor, "ab")


def rotate_log(path: Path, limit: int = LOG_LIMIT_BYTES) -> None:
    """Move a log beyond `limit` bytes to `<name>.1`; before a process starts to write to it."""
    with suppress(FileNotFoundError):
        if path.stat().st_size > limit:
            path.replace(path.with_name(path.name + ".1"))


def last_lines(path: Path, count: int = 8, since: int = 0) -> str:
    """The last lines of a log after byte `since`, for a fault's message; empty without any."""
    try:
        with path.open("rb") as stream:
            stream.seek(0, os.SEEK_END)
            stream.seek(max(since, stream.tell() - 16_384))
            text = stream.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(line[:400] for line in text.strip().splitlines()[-count:])
