"""Session tokens: a unit's key vouches for its reads, no password, no server secret (proof layer).

Made by `signing.sign_session`; the gateway checks them here against the roster.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta
from typing import Literal

from lianxi.domain.roster import Roster
from lianxi.domain.values import Actor, Frozen, Instant, Origin, Sha256Hex, UnitId
from lianxi.proof.commands import check_key_standing
from lianxi.proof.envelopes import SESSION_TYPE, decode, verify_envelope
from lianxi.proof.refusals import (
    AlgorithmMismatchError,
    JsonTooLargeError,
    KeyIdMismatchError,
    KeyUnknownError,
    OriginMismatchError,
    SignatureInvalidError,
    TokenMalformedError,
    UnitMismatchError,
)
from lianxi.proof.validity import check_now, check_window
from lianxi.proof.wire import read_model

MAX_SESSION_VALIDITY = timedelta(hours=12)
MAX_TOKEN_CHARACTERS = 2_048


class SessionPayload(Frozen):
    """What a unit signs to read."""

    v: Literal[1] = 1
    alg: Literal["ed25519"]
    origin: Origin
    unit: UnitId
    key_id: Sha256Hex
    issued_at: Instant
    not_after: Instant


def open_session(token: str, *, origin: str, roster: Roster, now: datetime) -> Actor:
    """Who reads with this token; the whole check, nothing is left to the caller.

    Raises TokenMalformedError, JsonTooLargeError, the refusals of `envelopes.decode` and
    `wire.read_model`, KeyIdMismatchError, OriginMismatchError, ValidityError (over 12 hours),
    KeyUnknownError, AlgorithmMismatchError, UnitMismatchError, SignatureInvalidError,
    ExpiredError, IssuedInFutureError, the refusals of `commands.check_key_standing`.
    """
    envelope = decode(_token_bytes(token), payload_type=SESSION_TYPE)
    payload = read_model(SessionPayload, envelope.payload, max_bytes=MAX_TOKEN_CHARACTERS)
    if envelope.keyid != payload.key_id:
        raise KeyIdMismatchError(place="/signatures/0/keyid")
    check_window(payload.issued_at, payload.not_after, longest=MAX_SESSION_VALIDITY)
    key = roster.by_key_id.get(payload.key_id)
    if key is None or key.use != "command":
        raise KeyUnknownError(key_id=payload.key_id)
    if key.alg != payload.alg:
        raise AlgorithmMismatchError(key_id=key.key_id)
    if key.unit != payload.unit:
        raise UnitMismatchError(expected=key.unit)
    if not verify_envelope(envelope, bytes.fromhex(key.public_key)):
        raise SignatureInvalidError(key_id=key.key_id)
    if payload.origin != origin:
        raise OriginMismatchError(expected=origin)
    check_now(payload.issued_at, payload.not_after, now)
    check_key_standing(key.key_id, roster, now)
    return Actor(unit=key.unit, role=key.role, key_id=key.key_id)


def _token_bytes(token: str) -> bytes:
    if len(token) > MAX_TOKEN_CHARACTERS:
        raise JsonTooLargeError(size=len(token), limit=MAX_TOKEN_CHARACTERS)
    try:
        data = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        raise TokenMalformedError from None
    # the decoder skips foreign characters; only what encodes to the same token again is one
    if urlsafe_b64encode(data).rstrip(b"=").decode("ascii") != token:
        raise TokenMalformedError
    return data
