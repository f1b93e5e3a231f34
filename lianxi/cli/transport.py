"""HTTP to the gateway by the standard library: fast to start, one connection per run (cli layer)."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from lianxi.cli.faults import CliError
from lianxi.cli.language import _
from lianxi.errors import CATALOGUE

if TYPE_CHECKING:
    from ssl import SSLContext

READ_TIMEOUT = 30.0
MAX_ANSWER_BYTES = 64 << 20
IDLE_SECONDS = 2.0
"""A connection idle for longer is made anew: the gateway may have closed it while somebody was asked."""


class NoAnswerError(Exception):
    """The request was sent, or may have been, and no answer came: what it asked may have happened."""


class NotReachedError(Exception):
    """No connection: the request was certainly not sent."""


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def document(self) -> dict[str, Any]:
        """The JSON object of the body."""
        try:
            document = json.loads(self.body)
        except ValueError:
            raise CliError("ANSWER_UNREADABLE", reason=_("not JSON")) from None
        if not isinstance(document, dict):
            raise CliError("ANSWER_UNREADABLE", reason=_("not an object"))
        return document


class Gateway:
    """One gateway at one address."""

    def __init__(self, address: str, ca: str | None = None) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
            raise CliError("ADDRESS_INVALID", address=address)
        if parts.scheme == "http" and not _is_loopback(parts.hostname):
            # texts and session tokens would cross the network readable by others
            raise CliError("ADDRESS_EXPOSED", address=address)
        try:
            port = parts.port
        except ValueError:
            raise CliError("ADDRESS_INVALID", address=address) from None
        self.address = address
        self._prefix = parts.path.rstrip("/")
        self._used_at = 0.0
        self._connection: HTTPConnection
        if parts.scheme == "https":
            self._connection = HTTPSConnection(
                parts.hostname, port, timeout=READ_TIMEOUT, context=certificates(ca)
            )
        else:
            self._connection = HTTPConnection(parts.hostname, port, timeout=READ_TIMEOUT)

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int | None] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = READ_TIMEOUT,
    ) -> Answer:
        """One exchange. Raises NotReachedError before, NoAnswerError after the request began."""
        url = self._prefix + path
        given = {key: value for key, value in (query or {}).items() if value is not None}
        if given:
            url += "?" + urlencode(given)
        connection = self._connection
        connection.timeout = timeout
        self._connect(timeout)
        try:
            connection.request(method, url, body=body, headers=dict(headers or {}))
            answer = _read(connection.getresponse())
        except (OSError, HTTPException) as error:
            connection.close()
            raise NoAnswerError(str(error)) from error
        except BaseException:  # interrupted: the next exchange must not read this one's answer
            connection.close()
            raise
        self._used_at = monotonic()
        return answer

    def _connect(self, timeout: float) -> None:
        connection = self._connection
        if connection.sock is not None and monotonic() - self._used_at < IDLE_SECONDS:
            connection.sock.settimeout(timeout)
            return
        connection.close()
        try:
            connection.connect()
        except (OSError, HTTPException) as error:
            connection.close()
            raise NotReachedError(str(error)) from error

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def certificates(ca: str | None) -> "SSLContext":
    """Whose certificates are believed: those of a file, else the system's. Raises FILE_UNREADABLE."""
    import ssl

    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as error:
        raise CliError("FILE_UNREADABLE", path=str(ca), reason=str(error)) from None


def _read(response: HTTPResponse) -> Answer:
    body = response.read(MAX_ANSWER_BYTES + 1)
    if len(body) > MAX_ANSWER_BYTES:
        raise HTTPException("the answer is too long")
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, body)


def refusal_in(answer: Answer) -> CliError | None:
    """The refusal an answer carries; None for a success. Texts come from our own catalogue."""
    if answer.status < HTTPStatus.BAD_REQUEST and answer.status != HTTPStatus.ACCEPTED:
        return None
    try:
        error = json.loads(answer.body)["error"]
        code, params = str(error["code"]), dict(error.get("params") or {})
    except (ValueError, KeyError, TypeError):
        fault = CliError("ANSWER_UNREADABLE", reason=f"HTTP {answer.status}")
        # what stands in front of a gateway that is away answers in its own words
        fault.retryable = answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        return fault
    plain = {str(key): value for key, value in params.items() if isinstance(value, str | int)}
    refusal = CliError.of(code, plain)
    refusal.answered = True
    if code not in CATALOGUE:
        # a newer gateway's code: its own words are better than none
        refusal.message = str(error.get("message") or refusal.message)
        refusal.hint = str(error.get("hint") or refusal.hint)
    return refusal


def _is_loopback(host: str) -> bool:
    """Whether a host name is this machine's own."""
    return host in ("localhost", "::1") or host.startswith("127.")
