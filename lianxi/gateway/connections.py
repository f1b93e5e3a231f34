"""What a connection may cost before anybody is known: a head's time and size (gateway layer).

uvicorn by itself waits for ever for a head that was begun (or never begun), and counts a head's
bytes only while it is incomplete.
"""

import asyncio

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol
from uvicorn.server import ServerState

from lianxi.gateway.answers import SECURITY_HEADERS, error_answer

HEAD_SECONDS = 10.0
MAX_HEAD_BYTES = 16 << 10

_TOO_LARGE = 431


class _CountingConnection(h11.Connection):
    """Refuses a head beyond the limit also when all of it came at once."""

    def __init__(self) -> None:
        super().__init__(h11.SERVER, MAX_HEAD_BYTES)
        self.refused_size = 0
        """The bytes of the head that was too long, as far as they came; 0 while none was."""

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        before = len(self.trailing_data[0]) if self.their_state is h11.IDLE else 0
        try:
            event = super().next_event()
        except h11.RemoteProtocolError as error:
            if error.error_status_hint == _TOO_LARGE:
                self.refused_size = len(self.trailing_data[0])
            raise
        size = before - len(self.trailing_data[0])
        if isinstance(event, h11.Request) and size > MAX_HEAD_BYTES:
            self.refused_size = size
            raise h11.RemoteProtocolError("head too long", error_status_hint=_TOO_LARGE)
        return event


class GuardedProtocol(H11Protocol):
    """Closes a connection that owes a complete head for `head_seconds`.

    It is owed from the connection on, from the first byte of a further request, and while the rest
    of a body comes in that was already answered. Between requests uvicorn's keep-alive limit holds.
    """

    head_seconds = HEAD_SECONDS

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.conn: _CountingConnection = _CountingConnection()
        self._owing: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The first head is owed."""
        super().connection_made(transport)
        self._owe(owed=True)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is owed any more."""
        self._owe(owed=False)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """What came may be the whole head, or a part of it."""
        super().data_received(data)
        self._owe(owed=self.conn.their_state is h11.IDLE or self._rest_of_body())

    def on_response_complete(self) -> None:
        """A further head may have begun to come already."""
        super().on_response_complete()
        begun = self.conn.their_state is h11.IDLE and bool(self.conn.trailing_data[0])
        self._owe(owed=begun or self._rest_of_body())

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  uvicorn's words are not ours
        """Answer what is no request, in our form of an error, and close."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            answer = (
                error_answer(
                    "TOO_LARGE", {"size": size, "limit": MAX_HEAD_BYTES}, status=_TOO_LARGE
                )
                if (size := self.conn.refused_size)
                else error_answer("MALFORMED", {"place": "/", "reason": "http"}, status=400)
            )
            answer.headers.update({**SECURITY_HEADERS, "Connection": "close"})
            response = h11.Response(
                status_code=answer.status_code,
                headers=answer.raw_headers,
                reason=STATUS_PHRASES[answer.status_code],
            )
            for event in (response, h11.Data(data=bytes(answer.body)), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _rest_of_body(self) -> bool:
        return self.conn.their_state is h11.SEND_BODY and self.conn.our_state is h11.DONE

    def _owe(self, *, owed: bool) -> None:
        if owed and self._owing is None:
            self._owing = self.loop.call_later(self.head_seconds, self.transport.close)
        elif not owed and self._owing is not None:
            self._owing.cancel()
            self._owing = None
