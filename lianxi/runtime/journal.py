"""What the supervisor says: JSON lines in `logs/supervisor.log`, sentences on a terminal."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from lianxi.runtime.files import append_private, rotate_log
from lianxi.runtime.state import now

if TYPE_CHECKING:
    from pathlib import Path


class Journal:
    """Appends each event to the log; `echo` says it on stderr too."""

    def __init__(self, path: Path, *, echo: bool) -> None:
        self._path = path
        self._echo = echo
        rotate_log(path)

    def say(self, event: str, sentence: str, **fields: object) -> None:
        """`event` is the stable word for machines, `sentence` what people read."""
        # A full disk or a closed terminal must not end the set.
        with suppress(OSError):
            line = {"timestamp": now(), "event": event, "said": sentence, **fields}
            with append_private(self._path) as stream:
                stream.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        if self._echo:
            with suppress(OSError, ValueError):
                sys.stderr.write(sentence + "\n")
                sys.stderr.flush()
