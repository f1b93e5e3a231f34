"""The client's side: signs commands and session tokens (proof layer, without pydantic)."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from lianxi.proof import canonical
from lianxi.proof.envelopes import (
    COMMAND_TYPE,
    MAX_ENVELOPE_BYTES,
    SESSION_TYPE,
    encode,
    seal_envelope,
)
from lianxi.proof.keys import Signer
from lianxi.proof.refusals import JsonTooLargeError


def sign_command(  # noqa: PLR0913 - one keyword per signed field
    signer: Signer,
    *,
    origin: str,
    stream: str,
    unit: str,
    action: str,
    args: Mapping[str, Any],
    request_id: str,
    issued_at: str,
    not_after: str,
    expect: str | None = None,
) -> bytes:
    """The envelope of one command, ready to be sent (docs/event-model.md, Commands).

    Instants are texts `YYYY-MM-DDTHH:MM:SS.ffffffZ`, `not_after` at most 24 hours after
    `issued_at`. Raises the refusals of `canonical.dumps`, and JsonTooLargeError beyond 16 KiB.
    The receiving side checks the rest (`commands.open_command`).
    """
    payload: dict[str, Any] = {
        "v": 1,
        "alg": signer.alg,
        "origin": origin,
        "stream": stream,
        "unit": unit,
        "key_id": signer.key_id,
        "action": action,
        "args": dict(args),
        "request_id": request_id,
        "issued_at": issued_at,
        "not_after": not_after,
    }
    if expect is not None:
        payload["expect"] = expect
    data = encode(seal_envelope(COMMAND_TYPE, canonical.dumps(payload), signer))
    if len(data) > MAX_ENVELOPE_BYTES:
        raise JsonTooLargeError(size=len(data), limit=MAX_ENVELOPE_BYTES)
    return data


def sign_session(signer: Signer, *, origin: str, unit: str, issued_at: str, not_after: str) -> str:
    """A bearer token for reads, at most 12 hours valid: the envelope in unpadded base64url."""
    payload = {
        "v": 1,
        "alg": signer.alg,
        "origin": origin,
        "unit": unit,
        "key_id": signer.key_id,
        "issued_at": issued_at,
        "not_after": not_after,
    }
    data = encode(seal_envelope(SESSION_TYPE, canonical.dumps(payload), signer))
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
