"""The token that lets found a conference: for whoever can read the data directory (gateway layer)."""

import os
import secrets
from pathlib import Path

NAME = "founding.token"


def make_token(run_dir: Path) -> str:
    """A fresh token, written to `founding.token` with mode 0600 before anybody can ask for it."""
    run_dir.mkdir(parents=True, exist_ok=True)
    token = secrets.token_urlsafe(32)
    partial = run_dir / f".{NAME}.{os.getpid()}"
    partial.unlink(missing_ok=True)
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(token + "\n")
    partial.replace(run_dir / NAME)
    return token
