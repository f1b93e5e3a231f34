"""Reading a request's body under a limit of bytes and of time (gateway layer)."""

import anyio
from starlette.requests import Request

from lianxi.gateway.refusals import MalformedError, TooLargeError

_MAX_DIGITS = 15


async def read_body(request: Request, *, limit: int, seconds: float) -> bytes:
    """The whole body, once; reading stops at the first byte too many.

    Raises TooLargeError, MalformedError (too slow, or shorter than announced).
    """
    announced = _announced(request)
    if announced is not None and announced > limit:
        raise TooLargeError(size=announced, limit=limit)
    body = bytearray()
    try:
        with anyio.fail_after(seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise TooLargeError(size=len(body), limit=limit)
    except TimeoutError:
        raise MalformedError(place="/body", reason="too-slow") from None
    if announced is not None and announced != len(body):
        raise MalformedError(place="/body", reason="length")
    return bytes(body)


def _announced(request: Request) -> int | None:
    text = request.headers.get("content-length")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        raise MalformedError(place="/headers/content-length", reason="number")
    return int(text)
