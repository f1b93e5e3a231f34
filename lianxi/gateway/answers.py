"""What goes out: JSON, errors of the catalogue, the headers of every answer (gateway layer)."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from lianxi.domain.refusal import RefusalParam
from lianxi.errors import entry, fill, in_catalogue

SCHEMA = 1
"""Version of the shapes in docs/gateway.md."""

JSON = "application/json"

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
}
"""On every answer: what units hand in is served as bytes, never as a page."""


_ADVICE = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": "1"},
}


def json_answer(content: Mapping[str, Any]) -> Response:
    """A read's answer with its schema version."""
    return Response(json_bytes({"schema": SCHEMA, **content}), media_type=JSON)


def json_bytes(content: Any) -> bytes:
    """JSON in UTF-8; half a surrogate pair in tampered bytes becomes a question mark."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def error_answer(
    code: str, params: Mapping[str, RefusalParam], *, status: int | None = None
) -> Response:
    """The one form of an error, with the HTTP status of the catalogue unless given."""
    code, known = in_catalogue(code, params)
    found = entry(code)
    error = {
        "code": code,
        "params": known,
        "message": fill(found.says(known), code, known),
        "hint": fill(found.hint, code, known),
        "retryable": found.retryable,
    }
    code_of_answer = HTTPStatus(found.http if status is None else status)
    return Response(
        json_bytes({"error": error}),
        status_code=int(code_of_answer),
        media_type=JSON,
        headers=_ADVICE.get(code_of_answer),
    )
