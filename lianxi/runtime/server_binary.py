"""What a Temporal binary is: asked by `--version`, never guessed from its name."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

BinaryKind = Literal["server", "cli"]

# server: "temporal version 1.32.0" · CLI: "temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)"
_CLI = re.compile(r"temporal version \S+ \(Server ([0-9][0-9A-Za-z.+-]*)")
_SERVER = re.compile(r"temporal version ([0-9][0-9A-Za-z.+-]*)\s*$")


@dataclass(frozen=True)
class ServerBinary:
    """A binary that starts a Temporal server; `version` is the *server's*, also for the CLI."""

    path: Path
    kind: BinaryKind
    version: str


def inspect_binary(path: Path) -> ServerBinary | None:
    """The binary at `path`, or None when it is no Temporal server or CLI that runs here."""
    try:
        answer = subprocess.run(
            [path, "--version"],
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if match := _CLI.search(answer.stdout):
        return ServerBinary(path, "cli", match[1])
    if match := _SERVER.search(answer.stdout):
        return ServerBinary(path, "server", match[1])
    return None
