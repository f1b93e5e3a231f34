"""The load generator's own HTTP client against a server that closes when it likes."""

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio

from bench.keepalive import KeepAlive


class Server:
    """Answers every request with how many came on its connection; closes after `lasts`."""

    def __init__(self) -> None:
        self.connections = 0
        self.lasts = 1_000

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        for number in range(self.lasts):
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            body = b'{"number": %d}' % number
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
        writer.close()


@pytest_asyncio.fixture(loop_scope="session")
async def served() -> AsyncIterator[tuple[Server, KeepAlive]]:
    made = Server()
    listening = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    client = KeepAlive("127.0.0.1", listening.sockets[0].getsockname()[1])
    yield made, client
    await client.close()
    listening.close()
    await listening.wait_closed()


async def test_a_connection_serves_one_exchange_after_another(
    served: tuple[Server, KeepAlive],
) -> None:
    server, client = served
    answers = [await client.post("/", b"{}") for _ in range(3)]
    assert answers == [(200, {"number": number}) for number in range(3)]
    assert server.connections == 1


async def test_callers_at_the_same_time_have_a_connection_each(
    served: tuple[Server, KeepAlive],
) -> None:
    server, client = served
    await asyncio.gather(*(client.post("/", b"{}") for _ in range(4)))
    assert server.connections == 4


async def test_a_connection_that_the_server_closed_is_made_anew(
    served: tuple[Server, KeepAlive],
) -> None:
    server, client = served
    server.lasts = 1
    for _ in range(2):
        assert await client.post("/", b"{}") == (200, {"number": 0})
        await asyncio.sleep(0.05)
    assert server.connections == 2
