"""Around every request: its id, its line in the log, the headers of its answer (gateway layer)."""

from time import perf_counter
from uuid import uuid4

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lianxi.gateway.answers import SECURITY_HEADERS
from lianxi.logs import bind_contextvars, clear_contextvars, get_logger

_log = get_logger("lianxi.gateway.access")


class Wrapping:
    """Plain ASGI, so that bodies stream through untouched."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. A command's own request id replaces the one given here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        clear_contextvars()
        request_id = str(uuid4())
        bind_contextvars(request_id=request_id)
        scope.setdefault("state", {})["request_id"] = request_id
        began = perf_counter()
        status = 0

        async def send_wrapped(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers[name] = value
            await send(message)

        try:
            await self._app(scope, receive, send_wrapped)
        finally:
            _log.info(
                "request",
                method=scope["method"],
                # the route, not the path: ids of one's own stand in the lines of commands
                route=getattr(scope.get("route"), "path", None),
                status=status,
                milliseconds=round((perf_counter() - began) * 1000, 1),
            )
