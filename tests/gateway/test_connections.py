"""Slow, silent and oversized clients on raw sockets: none holds the gateway."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from time import monotonic

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from lianxi.gateway.connections import GuardedProtocol
from lianxi.gateway.serving import ExposedError, _Server, check_exposure, configured
from lianxi.settings import Settings

pytestmark = pytest.mark.timed

HEAD = 0.4
"""The shortened limit, in seconds."""
GET = b"GET / HTTP/1.1\r\nHost: gateway\r\n\r\n"

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def hello(_request: Request) -> Response:
    """Reads no body."""
    return PlainTextResponse("hello")


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[int]:
    monkeypatch.setattr(GuardedProtocol, "head_seconds", HEAD)
    app = Starlette(routes=[Route("/", hello, methods=["GET", "POST"])])
    config = configured(app, Settings(data=tmp_path))
    config.port = 0
    server = _Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  uvicorn has no event for it
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await serving


async def closed_after(reader: asyncio.StreamReader) -> float:
    """Seconds until the other side closed."""
    began = monotonic()
    async with asyncio.timeout(10):
        while await reader.read(65_536):
            pass
    return monotonic() - began


async def trickle(writer: asyncio.StreamWriter, text: bytes) -> None:
    """A byte now and then, for ever."""
    while not writer.is_closing():
        writer.write(text)
        await asyncio.sleep(HEAD / 4)


async def answered(stream: Stream, request: bytes = GET) -> None:
    reader, writer = stream
    writer.write(request)
    assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")


async def test_a_silent_connection_is_closed(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert HEAD * 0.9 < await closed_after(reader) < HEAD * 4
    writer.close()


@pytest.mark.parametrize("before", [b"", GET, GET + b"GET / HT"])
async def test_a_head_that_trickles_is_closed(port: int, before: bytes) -> None:
    """At the beginning, on a kept connection, and behind a pipelined request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    if before:
        await answered((reader, writer), before)
    else:
        writer.write(b"GET / HTTP/1.1\r\nA: ")
    slow = asyncio.create_task(trickle(writer, b"x" if before != GET else b"G"))
    assert await closed_after(reader) < HEAD * 4
    slow.cancel()
    writer.close()


async def test_a_body_nobody_waits_for_is_not_taken_for_ever(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = b"POST / HTTP/1.1\r\nHost: gateway\r\nContent-Length: 99999\r\n\r\n"
    await answered((reader, writer), head)
    slow = asyncio.create_task(trickle(writer, b"x"))
    assert await closed_after(reader) < HEAD * 4
    slow.cancel()
    writer.close()


async def test_a_kept_connection_outlives_the_limit_between_requests(port: int) -> None:
    stream = await asyncio.open_connection("127.0.0.1", port)
    await answered(stream)
    await asyncio.sleep(HEAD * 2)
    await answered(stream)
    stream[1].close()


async def test_a_body_in_time_leaves_the_connection(port: int) -> None:
    stream = await asyncio.open_connection("127.0.0.1", port)
    await answered(stream, b"POST / HTTP/1.1\r\nHost: gateway\r\nContent-Length: 3\r\n\r\nabc")
    await answered(stream)
    stream[1].close()


@pytest.mark.parametrize(
    ("request_bytes", "status", "code"),
    [
        (b"GET / HTTP/1.1\r\nHost: g\r\nA: " + b"x" * 70_000 + b"\r\n\r\n", 431, "TOO_LARGE"),
        (b"GET / HTTP/1.1\r\nHost: g\r\nA: " + b" " * 17_000 + b"\r\n\r\n", 431, "TOO_LARGE"),
        (b"GET / HTTP/1.1\r\nHost: g\r\nA: " + b"x" * 70_000, 431, "TOO_LARGE"),
        (b"\x00\xff\r\n\r\n", 400, "MALFORMED"),
    ],
)
async def test_what_is_no_request_is_answered_in_our_form(
    port: int, request_bytes: bytes, status: int, code: str
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request_bytes)
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"no-store" in head
    assert json.loads(await reader.read())["error"]["code"] == code
    writer.close()


async def test_a_long_head_within_the_limit_is_served(port: int) -> None:
    stream = await asyncio.open_connection("127.0.0.1", port)
    await answered(stream, b"GET / HTTP/1.1\r\nHost: g\r\nA: " + b"x" * 16_000 + b"\r\n\r\n")
    stream[1].close()


def _nothing(_folder: Path) -> dict[str, Path]:
    return {"tls_cert": Path("/nowhere/cert.pem"), "tls_key": Path("/nowhere/key.pem")}


def _no_pem(folder: Path) -> dict[str, Path]:
    (folder / "cert.pem").write_text("no certificate")
    return {"tls_cert": folder / "cert.pem"}


def _key_alone(folder: Path) -> dict[str, Path]:
    return {"tls_key": folder / "key.pem"}


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (_nothing, "tls_cert /nowhere/cert.pem cannot be read: No such file"),
        (_no_pem, "no usable pair"),
        (_key_alone, "tls_cert is not"),
    ],
)
def test_a_certificate_that_cannot_be_used_is_one_line(
    tmp_path: Path, made: Callable[[Path], dict[str, Path]], says: str
) -> None:
    with pytest.raises(ExposedError, match=says) as caught:
        check_exposure(Settings(data=tmp_path, **made(tmp_path)))  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
