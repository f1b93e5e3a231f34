"""Serving the application over HTTP, with TLS by settings, until a signal says stop (gateway layer)."""

import asyncio
import ipaddress
import signal
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from lianxi.gateway.connections import GuardedProtocol
from lianxi.settings import Settings

KEEP_ALIVE_SECONDS = 15
"""How long an idle connection is kept; longer than the client keeps its own."""

SHUTDOWN_SECONDS = 10
"""How long a stop waits for answers in the making."""

MAX_CONNECTIONS = 512
"""Beyond it requests are answered 503 in uvicorn's own words."""


class ExposedError(Exception):
    """Plain HTTP on an address others can reach, or TLS that cannot be done."""


class _Server(uvicorn.Server):
    """Leaves signals to `serve`: uvicorn would raise them again and so end with their exit code."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def check_exposure(settings: Settings) -> None:
    """Raises ExposedError for a non-loopback address without TLS, unless it is said to end in front.

    And for a certificate or key that cannot be used.
    """
    secured = settings.tls_cert is not None or settings.tls_terminated_in_front
    if not secured and not _is_loopback(settings.gateway_host):
        raise ExposedError(
            f"{settings.gateway_host} is not loopback: set LIANXI_TLS_CERT and LIANXI_TLS_KEY,"
            " or LIANXI_TLS_TERMINATED_IN_FRONT=true where a proxy in front does TLS"
        )
    if settings.tls_cert is not None or settings.tls_key is not None:
        _check_certificate(settings.tls_cert, settings.tls_key)


def _check_certificate(cert: Path | None, key: Path | None) -> None:
    if cert is None:
        raise ExposedError("tls_key is set but tls_cert is not")
    for name, file in (("tls_cert", cert), ("tls_key", key)):
        try:
            if file is not None:
                file.read_bytes()
        except OSError as error:
            raise ExposedError(f"{name} {file} cannot be read: {error.strerror}") from None
    try:
        # a password: else the library would ask a terminal for that of an encrypted key
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password="")
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or type(error).__name__
        raise ExposedError(
            f"tls_cert {cert} and tls_key {key or cert} are no usable pair: {reason}"
        ) from None


def configured(app: Starlette, settings: Settings) -> uvicorn.Config:
    """How uvicorn serves the application."""
    return uvicorn.Config(
        app,
        host=settings.gateway_host,
        port=settings.gateway_port,
        http=GuardedProtocol,
        ws="none",
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
        # one form of log for all
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        proxy_headers=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )


async def serve(app: Starlette, settings: Settings) -> bool:
    """Serve until SIGTERM or SIGINT; False when serving could not begin (the port is taken)."""
    server = _Server(configured(app, settings))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop, server)
    try:
        await server.serve()
    except SystemExit:  # uvicorn's way of saying that it could not bind
        return False
    return server.started


def _stop(server: uvicorn.Server) -> None:
    server.should_exit = True


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
