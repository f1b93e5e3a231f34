"""HTTP/1.1 over kept connections, as little as a load generator needs, so that it costs little itself."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class KeepAlive:
    """One gateway. Each exchange has a connection for itself; the connection is kept for the next."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._idle: list[_Connection] = []

    async def post(self, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """Status and JSON object of the answer."""
        return await self.exchange("POST", path, body, {"Content-Type": "application/json"})

    async def exchange(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> tuple[int, dict[str, Any]]:
        """One request and its answer; an answer without a body gives an empty object."""
        connection = await self._connection()
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: {self._host}",
            f"Content-Length: {len(body)}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        connection.writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        status, length = _read_head(await connection.reader.readuntil(b"\r\n\r\n"))
        content = await connection.reader.readexactly(length)
        self._idle.append(connection)
        return status, json.loads(content) if content else {}

    async def close(self) -> None:
        """Close all connections."""
        for connection in self._idle:
            connection.writer.close()
        self._idle.clear()

    async def _connection(self) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            # the gateway closes what was idle for long
            if not connection.reader.at_eof():
                return connection
            connection.writer.close()
        return _Connection(*await asyncio.open_connection(self._host, self._port))


def _read_head(head: bytes) -> tuple[int, int]:
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines if line)
    return int(status.split(" ")[1]), int(headers.get("content-length", "0"))
