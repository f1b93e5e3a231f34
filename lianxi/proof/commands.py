"""Commands as received: opened, authenticated, judged in time (proof layer).

Checks stand as functions of their own because their order is the caller's (docs/event-model.md):
`open_command`, `check_address`, `authenticate` (signature), request table, `check_times`,
`check_standing` (roster), decide. So the repeat of a command finds its first receipt even after
the command expired or its key was retired.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Annotated, Literal, assert_never

from pydantic import Field

from lianxi.domain.roster import Roster
from lianxi.domain.values import (
    Actor,
    Frozen,
    Instant,
    Origin,
    RequestId,
    Sha256Hex,
    StreamName,
    UnitId,
    format_instant,
)
from lianxi.proof.envelopes import (
    COMMAND_TYPE,
    MAX_ENVELOPE_BYTES,
    Envelope,
    decode,
    verify_envelope,
)
from lianxi.proof.hashing import sha256_hex
from lianxi.proof.refusals import (
    AlgorithmMismatchError,
    KeyIdMismatchError,
    KeyNotYetError,
    KeyReplacedError,
    KeyRetiredError,
    KeyUnknownError,
    OriginMismatchError,
    SignatureInvalidError,
    StreamMismatchError,
    UnitMismatchError,
)
from lianxi.proof.validity import check_now, check_window
from lianxi.proof.wire import JsonObject, read_model

MAX_COMMAND_VALIDITY = timedelta(hours=24)

_MEMO = 512
"""Commands remembered between validator and handler; at 16 KiB each never more than 16 MiB."""


class CommandPayload(Frozen):
    """What a unit signs. `expect`: hash of the last event it saw on what it acts on."""

    v: Literal[1] = 1
    alg: Literal["ed25519"]
    origin: Origin
    stream: StreamName
    unit: UnitId
    key_id: Sha256Hex
    action: Annotated[str, Field(pattern=r"\A[a-z-]{1,32}\z")]
    args: JsonObject
    request_id: RequestId
    expect: Sha256Hex | None = None
    issued_at: Instant
    not_after: Instant


@dataclass(frozen=True, slots=True)
class SignedCommand:
    """An opened command; who sent it is not yet known. Shared by the memo: do not change `args`."""

    payload: CommandPayload
    digest: str
    """hex SHA-256 of the payload bytes"""
    envelope: Envelope
    text: str
    """the envelope as it was sent"""

    @property
    def payload_bytes(self) -> bytes:
        """The exact bytes that were signed."""
        return self.envelope.payload


def open_command(envelope: str | bytes) -> SignedCommand:
    """Reads a command's envelope; a signature check it is not.

    Raises the refusals of `envelopes.decode` and `wire.read_model`, KeyIdMismatchError (envelope
    and payload name different keys), ValidityError (not_after at most 24 hours after issued_at).
    """
    if isinstance(envelope, str):
        # half a surrogate pair becomes bytes that the parser refuses as not UTF-8
        envelope = envelope.encode("utf-8", "surrogatepass")
    return _open(envelope)


@lru_cache(maxsize=_MEMO)
def _open(data: bytes) -> SignedCommand:
    envelope = decode(data, payload_type=COMMAND_TYPE)
    payload = read_model(CommandPayload, envelope.payload, max_bytes=MAX_ENVELOPE_BYTES)
    if envelope.keyid != payload.key_id:
        raise KeyIdMismatchError(place="/signatures/0/keyid")
    check_window(payload.issued_at, payload.not_after, longest=MAX_COMMAND_VALIDITY)
    return SignedCommand(payload, sha256_hex(envelope.payload), envelope, data.decode("utf-8"))


def check_address(payload: CommandPayload, *, origin: str, stream: str) -> None:
    """Raises OriginMismatchError or StreamMismatchError when the command is meant for elsewhere."""
    if payload.origin != origin:
        raise OriginMismatchError(expected=origin)
    if payload.stream != stream:
        raise StreamMismatchError(expected=stream)


def authenticate(signed: SignedCommand, roster: Roster) -> Actor:
    """Who signed: the unit and role that the roster gives to the key, retired or not.

    The signature needs the public key, and keys never leave a roster; whether the key may still
    act is `check_standing`, later in the order. Raises KeyUnknownError, AlgorithmMismatchError,
    UnitMismatchError, SignatureInvalidError.
    """
    payload = signed.payload
    key = roster.by_key_id.get(payload.key_id)
    if key is None or key.use != "command":
        # a key of the log or of receipts signs no command: for commands there is no such key
        raise KeyUnknownError(key_id=payload.key_id)
    if key.alg != payload.alg:
        raise AlgorithmMismatchError(key_id=key.key_id)
    if key.unit != payload.unit:
        raise UnitMismatchError(expected=key.unit)
    if not _signature_holds(signed.envelope, key.public_key):
        raise SignatureInvalidError(key_id=key.key_id)
    return Actor(unit=key.unit, role=key.role, key_id=key.key_id)


@lru_cache(maxsize=_MEMO)
def _signature_holds(envelope: Envelope, public_key: str) -> bool:
    return verify_envelope(envelope, bytes.fromhex(public_key))


def check_times(payload: CommandPayload, now: datetime) -> None:
    """Raises ExpiredError, or IssuedInFutureError when issued over five minutes after `now`."""
    check_now(payload.issued_at, payload.not_after, now)


def check_standing(payload: CommandPayload, roster: Roster, now: datetime) -> None:
    """Whether the key may act under this roster at `now`; the refusals of `check_key_standing`."""
    check_key_standing(payload.key_id, roster, now)


def check_key_standing(key_id: str, roster: Roster, now: datetime) -> None:
    """Raises KeyUnknownError, KeyRetiredError, KeyNotYetError, KeyReplacedError."""
    match roster.standing(key_id, now):
        case "active":
            return
        case "unknown":
            raise KeyUnknownError(key_id=key_id)
        case "retired":
            raise KeyRetiredError(key_id=key_id)
        case "waiting":
            effective = roster.by_key_id[key_id].effective
            spelled = "" if effective is None else format_instant(effective)
            raise KeyNotYetError(key_id=key_id, effective=spelled)
        case "replaced":
            raise KeyReplacedError(key_id=key_id)
        case never:
            assert_never(never)


def update_id(request_id: str, digest: str) -> str:
    """`<request id>.<SHA-256 of the payload>`: nobody can squat another command's update id."""
    return f"{request_id}.{digest}"
