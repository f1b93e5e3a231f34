"""The channel `smtp`: one connection per batch, refusals told apart (notices, adapter).

Who refuses what: 5xx to a recipient or to the data is a permanent refusal of that letter; whatever
goes wrong before (no connection, TLS, login, the sender) is the channel's own trouble and
transient, because no letter may be lost to a wrong setting. A letter whose answer got lost is sent
again with the same Message-ID.
"""

import contextlib
import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from email.message import EmailMessage
from threading import Timer
from typing import Self

from lianxi.notices.mime import compose
from lianxi.notices.smtp_settings import SmtpSettings
from lianxi.ports import Letter, PermanentRefusalError, TransientRefusalError

SMTP = "smtp"
_QUIT_SECONDS = 1.0


class SmtpChannel:
    """Sends letters to one mail server; `now` gives wall time in UTC, for the header Date.

    A batch takes at most about `settings.timeout_seconds`, plus what the resolver takes to find
    the host: letters for which no time is left are refused transiently.
    Raises OSError when `settings.ca_file` cannot be read.
    """

    name = SMTP
    batch = 16

    def __init__(self, settings: SmtpSettings, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._now = now
        self._context = (
            None
            if settings.protection == "none"
            else ssl.create_default_context(cafile=settings.ca_file)
        )

    def send(self, letters: Sequence[Letter]) -> Sequence[Exception | None]:
        """Send each letter; per letter None, PermanentRefusalError or TransientRefusalError."""
        with _Line(self._settings, self._context) as line:
            return [self._answer(line, letter) for letter in letters]

    def _answer(self, line: "_Line", letter: Letter) -> Exception | None:
        try:
            line.send(compose(letter, self._settings, self._now()), letter.address or "")
        except (PermanentRefusalError, TransientRefusalError) as refusal:
            return refusal
        return None


class _Line:
    """The connection of one batch: opened when first needed, again after a drop, cut at the end.

    A server that answers byte by byte defeats socket timeouts; a timer that shuts the socket down
    when the batch's time is over ends every wait.
    """

    def __init__(self, settings: SmtpSettings, context: ssl.SSLContext | None) -> None:
        self._settings = settings
        self._context = context
        self._connection: smtplib.SMTP | None = None
        self._trouble: str | None = None
        self._end = time.monotonic() + settings.timeout_seconds
        self._timer = Timer(settings.timeout_seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None and self._connection.sock is not None:
            with contextlib.suppress(OSError):  # SMTPException is one
                self._connection.sock.settimeout(_QUIT_SECONDS)
                self._connection.quit()
        self._drop()
        self._timer.cancel()

    def send(self, message: EmailMessage, to: str) -> None:
        """Hand one message over; raises PermanentRefusalError or TransientRefusalError."""
        connection = self._opened()
        try:
            connection.send_message(message, self._settings.sender, [to])
        except smtplib.SMTPRecipientsRefused as refused:
            raise _refusal(refused.recipients[to][0]) from None
        except smtplib.SMTPSenderRefused as refused:
            raise TransientRefusalError(str(refused.smtp_code)) from None
        except smtplib.SMTPResponseException as refused:
            raise _refusal(refused.smtp_code) from None
        except OSError as error:
            self._drop()
            raise TransientRefusalError(self._word(error)) from None

    def _opened(self) -> smtplib.SMTP:
        if self._left() <= 0:
            raise TransientRefusalError("out-of-time")
        if self._trouble is not None:  # the server is away: do not wait for it once per letter
            raise TransientRefusalError(self._trouble)
        # the library closes by itself when the server says 421
        if self._connection is None or self._connection.sock is None:
            self._connection = None
            try:
                self._open()
            except smtplib.SMTPResponseException as refused:
                self._trouble = str(refused.smtp_code)
            except OSError as error:
                self._trouble = self._word(error)
            if self._trouble is not None:
                self._drop()
                raise TransientRefusalError(self._trouble)
        assert self._connection is not None  # noqa: S101  for the type checker
        return self._connection

    def _open(self) -> None:
        settings = self._settings
        # the library's default is a name lookup of this machine, which may take seconds
        helo = settings.sender.rpartition("@")[2]
        # half of what is left: connecting and the greeting wait one after the other
        wait = max(self._left() / 2, 0.001)
        if settings.protection == "tls":
            self._connection = smtplib.SMTP_SSL(
                settings.host, settings.port, helo, timeout=wait, context=self._context
            )
        else:
            self._connection = smtplib.SMTP(settings.host, settings.port, helo, timeout=wait)
        if settings.protection == "starttls":
            self._connection.starttls(context=self._context)
        if settings.username is not None:
            self._login(self._connection, settings.username)

    def _login(self, connection: smtplib.SMTP, username: str) -> None:
        try:
            password = self._settings.password().get_secret_value()
        except (OSError, KeyError, ValueError):
            raise _TroubleError("no-password") from None
        try:
            connection.login(username, password)
        except UnicodeError:  # from None: the error holds the password
            raise _TroubleError("bad-password") from None

    def _left(self) -> float:
        return self._end - time.monotonic()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _cut(self) -> None:
        sock = self._connection.sock if self._connection is not None else None
        if sock is not None:
            with contextlib.suppress(OSError):
                # the plain socket's own: an SSLSocket's would take the reader's session away
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def _word(self, error: OSError) -> str:
        """A machine word for what went wrong; never the server's text, never a secret."""
        if isinstance(error, _TroubleError):
            return error.word
        if self._left() <= 0 or TimeoutError in (type(error), type(error.__context__)):
            return "timeout"
        return next(word for kind, word in _WORDS.items() if isinstance(error, kind))


class _TroubleError(OSError):
    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


_WORDS: dict[type[OSError], str] = {
    smtplib.SMTPServerDisconnected: "disconnected",
    smtplib.SMTPNotSupportedError: "not-supported",
    ssl.SSLError: "tls",
    socket.gaierror: "unknown-host",
    ConnectionRefusedError: "connection-refused",
    OSError: "connection",
}


def _refusal(code: int) -> PermanentRefusalError | TransientRefusalError:
    if 500 <= code < 600:  # noqa: PLR2004  RFC 5321 §4.2.1: permanent negative completion
        return PermanentRefusalError(str(code))
    return TransientRefusalError(str(code))
