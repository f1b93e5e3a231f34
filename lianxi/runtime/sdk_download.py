"""The last resort: let the Temporal SDK download the `temporal` CLI into our cache.

Runs in a process of its own: whoever imports temporalio must leave by os._exit, and the caller is a
supervisor or a CLI that should neither carry the SDK nor leave that way.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from lianxi.runtime.faults import RuntimeFault
from lianxi.runtime.server_binary import ServerBinary, inspect_binary

if TYPE_CHECKING:
    from pathlib import Path

_DOWNLOAD_SECONDS = 600


def downloaded(cache: Path) -> ServerBinary | None:
    """A CLI that an earlier download left in the cache."""
    for path in sorted((cache / "sdk").glob("temporal*")):
        if path.is_file() and os.access(path, os.X_OK) and (binary := inspect_binary(path)):
            return binary
    return None


def download(cache: Path) -> ServerBinary:
    """Download the CLI the SDK knows to work with it (needs a network), or say why that failed."""
    folder = cache / "sdk"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    sys.stderr.write("letting the Temporal SDK download a server (once)\n")
    sys.stderr.flush()
    command = [sys.executable, "-P", "-m", __name__, str(folder)]
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_DOWNLOAD_SECONDS
        )
        reason = answer.stderr.strip().splitlines()[-1:] or [f"exit code {answer.returncode}"]
    except subprocess.TimeoutExpired:
        reason = [f"no end within {_DOWNLOAD_SECONDS} s"]
    if binary := downloaded(cache):
        return binary
    raise RuntimeFault(
        "SERVER_DOWNLOAD_FAILED",
        f"The Temporal SDK could not download a server: {reason[0]}",
        hint="Without a network: install Go or the `temporal` CLI, "
        "or set LIANXI_TEMPORAL_SERVER to a binary.",
    )


async def _download_into(folder: str) -> None:
    from temporalio.testing import WorkflowEnvironment

    # start_local is the SDK's only way to its downloader; the dev server it starts is not kept
    environment = await WorkflowEnvironment.start_local(download_dest_dir=folder)
    await environment.shutdown()


if __name__ == "__main__":
    code = 0
    try:
        asyncio.run(_download_into(sys.argv[1]))
    except RuntimeError as error:
        sys.stderr.write(f"{error}\n")
        code = 1
    sys.stderr.flush()
    os._exit(code)
