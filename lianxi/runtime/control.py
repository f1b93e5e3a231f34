"""The supervisor's door for other processes: JSON lines on a unix socket under `run/`.

`{"do": "pause"}` stops worker, gateway and server for as long as the connection stays open or
until `{"do": "resume"}`: a backup that is killed half-way cannot leave the set stopped.
`{"do": "status"}` answers the state, `{"do": "stop"}` ends the set.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lianxi.runtime.faults import RuntimeFault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lianxi.runtime.layout import DataDir

# sockaddr_un holds 104 bytes on macOS, 108 on Linux.
_LONGEST_SOCKET_PATH = 100


class Controlled(Protocol):
    """What the door opens on."""

    def state_json(self) -> dict[str, Any]:
        """The state as `status` answers it."""

    def ask_to_stop(self) -> None:
        """Begin an orderly stop."""

    async def pause(self) -> None:
        """Stop every child; RuntimeFault when that cannot be now."""

    async def resume(self) -> None:
        """Start what `pause` stopped."""


class ControlDoor:
    """Listens while the supervisor lives. `path` may lie outside a data directory of long name."""

    def __init__(self, data: DataDir, target: Controlled) -> None:
        self.path = ""
        self._data = data
        self._folder: Path | None = None
        self._target = target
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Listen, for this user alone."""
        path = self._data.run / "control.sock"
        if len(os.fsencode(path)) > _LONGEST_SOCKET_PATH:
            self._folder = Path(tempfile.mkdtemp(prefix="lianxi-"))  # 0700, and nobody can guess it
            path = self._folder / "control.sock"
        # of a killed supervisor: our lock says that it is gone
        path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._accept, path=path)
        path.chmod(0o600)
        self.path = str(path)

    async def close(self) -> None:
        """Listen no more and drop who is connected; nothing is resumed by that."""
        if self._server is None:
            return
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        Path(self.path).unlink(missing_ok=True)  # noqa: ASYNC240 - nobody is served any more
        self.path = ""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        holds = False
        try:
            while line := await reader.readline():
                request = _parse(line)
                holds = holds or request == "pause"
                try:
                    reply = {"ok": True, **await self._act(request)}
                except RuntimeFault as fault:
                    holds = holds and request != "pause"
                    reply = {"ok": False, "error": fault.message}
                holds = holds and request != "resume"
                writer.write(json.dumps(reply).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):  # gone, or a line without end
            pass
        finally:
            writer.close()
            if holds and self._server is not None and self._server.is_serving():
                await self._target.resume()

    async def _act(self, request: str) -> dict[str, Any]:
        match request:
            case "pause":
                await self._target.pause()
            case "resume":
                await self._target.resume()
            case "stop":
                self._target.ask_to_stop()
            case "status":
                return {"state": self._target.state_json()}
            case _:
                raise RuntimeFault("CONTROL_UNKNOWN", "known are pause, resume, status, stop")
        return {}


def _parse(line: bytes) -> str:
    try:
        return str(json.loads(line)["do"])
    except (ValueError, KeyError, TypeError):
        return ""


def ask(path: str, request: str, patience: float = 5.0) -> dict[str, Any]:
    """One request, one reply."""
    with _connection(path, patience) as connection:
        return _exchange(connection, request)


@contextmanager
def paused(path: str, patience: float) -> Iterator[None]:
    """The set stands still inside the block and is running again after it."""
    with _connection(path, patience) as connection:
        _exchange(connection, "pause")
        yield
        _exchange(connection, "resume")


@contextmanager
def _connection(path: str, patience: float) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(patience)
        try:
            connection.connect(path)
        except OSError as error:
            raise RuntimeFault(
                "SUPERVISOR_UNREACHABLE",
                f"The supervisor does not answer at its control socket: {error}.",
                hint="lianxi status; if need be lianxi down, then lianxi up",
                place=path,
            ) from error
        yield connection


def _exchange(connection: socket.socket, request: str) -> dict[str, Any]:
    try:
        connection.sendall(json.dumps({"do": request}).encode() + b"\n")
        with connection.makefile("rb") as stream:
            reply: dict[str, Any] = json.loads(
                stream.readline() or b'{"ok": false, "error": "it ended"}'
            )
    except OSError as error:
        reply = {"ok": False, "error": str(error) or "no answer in time"}
    if not reply["ok"]:
        raise RuntimeFault(
            "SUPERVISOR_REFUSED", f"The supervisor did not {request}: {reply['error']}."
        )
    return reply
