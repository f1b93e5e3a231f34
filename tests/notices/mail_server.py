"""SMTP servers: a real one (aiosmtpd) that answers by the recipient's name, and two rude ones."""

# ruff: noqa: ARG002, N802 - the methods of aiosmtpd's handlers have these names and parameters

import asyncio
import email
import email.policy
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

LOGIN = LoginPassword(b"office", b"s3cret")


class Answers:
    """The server's handler: `550@…` is refused with 550, `drop@…` loses the connection, and so on.

    `data-550@…` is refused after the data. `senders` maps a sender to the answer it gets.
    """

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.logins: list[bytes] = []
        self.protected: list[bool] = []
        self.connections = 0
        self.senders: dict[str, str] = {}

    async def handle_MAIL(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        if address in self.senders:
            return self.senders[address]
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        match address.partition("@")[0]:
            case "550" | "451" | "421" as code:
                return f"{code} no"
            case "drop":
                server.transport.abort()  # type: ignore[union-attr]
            case "silent":
                await asyncio.sleep(60)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
    ) -> str:
        if envelope.rcpt_tos[0].startswith("data-"):
            return envelope.rcpt_tos[0][5:8] + " no"
        content = envelope.content
        assert isinstance(content, bytes)
        message = email.message_from_bytes(content, policy=email.policy.SMTP)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        self.protected.append(session.ssl is not None)
        return "250 OK"

    def authenticate(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        mechanism: str,
        data: Any,
    ) -> AuthResult:
        self.logins.append(data.login)
        right = data == LOGIN
        return AuthResult(success=right, handled=right)  # not handled: the server says 535


class MailServer:
    """One running server on a port of its own; it can be stopped and started again."""

    def __init__(self, context: ssl.SSLContext | None = None, *, login: bool = False) -> None:
        self.answers = Answers()
        self.port = free_port()
        self._context = context
        self._login = login
        self._controller: Controller | None = None

    def start(self) -> None:
        self._controller = Controller(
            self.answers,
            hostname="127.0.0.1",
            port=self.port,
            tls_context=self._context,
            require_starttls=self._context is not None,
            auth_required=self._login,
            auth_require_tls=self._context is not None,
            authenticator=self.answers.authenticate if self._login else None,
        )
        self._controller.start()

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None


@contextmanager
def running(server: MailServer) -> Iterator[MailServer]:
    """The server, running inside the block."""
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def dripping(script: bytes, every: float) -> Iterator[int]:
    """The port of a server that sends `script` byte by byte, so that no single wait times out."""
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def serve() -> None:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            for byte in script:
                if stop.wait(every):
                    return
                try:
                    connection.sendall(bytes([byte]))
                except OSError:
                    return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        stop.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


@contextmanager
def turning_away(greeting: bytes) -> Iterator[tuple[int, list[int]]]:
    """A server that greets so and hangs up: its port, and a list that grows per connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    connections: list[int] = []

    def serve() -> None:
        while True:
            try:
                connection, address = listener.accept()
            except OSError:
                return
            with connection:
                connections.append(address[1])
                connection.sendall(greeting)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], connections
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A self-signed certificate for `name` and 127.0.0.1, and its key, made by openssl."""
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout", str(key)]
    command += ["-addext", f"subjectAltName=DNS:{name},IP:127.0.0.1", "-out", str(cert)]
    subprocess.run(command, check=True, capture_output=True)
    return cert, key
