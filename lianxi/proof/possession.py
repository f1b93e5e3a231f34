"""Key requests: a unit shows that it holds the key it wants registered (proof layer, no pydantic).

A key request is a DSSE envelope of its own type, signed by the very key it names, for one origin
and one unit: it can be used neither for another conference nor as a command.
"""

import re
from dataclasses import dataclass
from typing import Any

from lianxi.proof import canonical
from lianxi.proof.envelopes import (
    KEY_REQUEST_TYPE,
    Envelope,
    decode,
    encode,
    seal_envelope,
    verify_envelope,
)
from lianxi.proof.keys import ED25519, Signer, check_public_key, key_id
from lianxi.proof.refusals import (
    KeyIdMismatchError,
    OriginMismatchError,
    SchemaError,
    SignatureInvalidError,
    UnitMismatchError,
)

MAX_REQUEST_BYTES = 4_096

_FIELDS = ("alg", "key_id", "origin", "public_key", "unit")
_HEX_32 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """A verified request: this unit holds this key. `public_key` is hex, as in the roster."""

    origin: str
    unit: str
    alg: str
    key_id: str
    public_key: str


def proof_of_possession(signer: Signer, *, origin: str, unit: str) -> bytes:
    """The bytes of the key request file."""
    payload = {
        "v": 1,
        "alg": signer.alg,
        "origin": origin,
        "unit": unit,
        "key_id": signer.key_id,
        "public_key": signer.public_key.hex(),
    }
    return encode(seal_envelope(KEY_REQUEST_TYPE, canonical.dumps(payload), signer))


def verify_possession(data: bytes, *, origin: str, unit: str | None = None) -> KeyRequest:
    """What a key request file proves, for this origin (and this unit, where given).

    Raises the refusals of `envelopes.decode`, SchemaError, OriginMismatchError, UnitMismatchError,
    PublicKeyInvalidError, KeyIdMismatchError, SignatureInvalidError.
    """
    envelope = decode(data, payload_type=KEY_REQUEST_TYPE, max_bytes=MAX_REQUEST_BYTES)
    request = _read_request(envelope)
    if request.origin != origin:
        raise OriginMismatchError(expected=origin)
    if unit is not None and request.unit != unit:
        raise UnitMismatchError(expected=unit)
    public_key = bytes.fromhex(request.public_key)
    check_public_key(public_key)
    if request.key_id != key_id(request.alg, public_key):
        raise KeyIdMismatchError(place="/key_id")
    if envelope.keyid != request.key_id:
        raise KeyIdMismatchError(place="/signatures/0/keyid")
    if not verify_envelope(envelope, public_key):
        raise SignatureInvalidError(key_id=request.key_id)
    return request


def rotation_request(signer: Signer, old: Signer, *, origin: str, unit: str) -> bytes:
    """The key request file of a rotation: the new key's request, and the same signed by the old one.

    Two envelopes, a line each; `old` is the key that `signer` takes the place of.
    """
    first = proof_of_possession(signer, origin=origin, unit=unit)
    payload = decode(first, payload_type=KEY_REQUEST_TYPE).payload
    return first + b"\n" + encode(seal_envelope(KEY_REQUEST_TYPE, payload, old))


def split_request(data: bytes) -> tuple[bytes, Envelope | None]:
    """A key request file's own request, and the old key's envelope over it where it is a rotation.

    Raises the refusals of `envelopes.decode`, SchemaError (another payload, a third line). Nothing
    is verified: see `verify_possession`, and `roster_proofs` for the old key's signature.
    """
    lines = data.strip().split(b"\n")
    if len(lines) == 1:
        return lines[0], None
    if len(lines) != 2:  # noqa: PLR2004  the request, and the same by the old key
        raise SchemaError(place="", reason="lines")
    request = decode(lines[0].strip(), payload_type=KEY_REQUEST_TYPE, max_bytes=MAX_REQUEST_BYTES)
    by_old = decode(lines[1].strip(), payload_type=KEY_REQUEST_TYPE, max_bytes=MAX_REQUEST_BYTES)
    if by_old.payload != request.payload or by_old.keyid == request.keyid:
        raise SchemaError(place="/1/payload", reason="other")
    return lines[0].strip(), by_old


def _read_request(envelope: Envelope) -> KeyRequest:
    document = canonical.parse_canonical(envelope.payload, max_bytes=MAX_REQUEST_BYTES)
    if not isinstance(document, dict):
        raise SchemaError(place="", reason="type")
    if document.get("v") != 1 or isinstance(document["v"], bool):
        raise SchemaError(place="/v", reason="version")
    if len(document) != len(_FIELDS) + 1:
        raise SchemaError(place="", reason="fields")
    fields = {name: _text(document, name) for name in _FIELDS}
    if fields["alg"] != ED25519:
        raise SchemaError(place="/alg", reason="algorithm")
    if _HEX_32.fullmatch(fields["public_key"]) is None:
        raise SchemaError(place="/public_key", reason="hex")
    return KeyRequest(**fields)


def _text(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str):
        raise SchemaError(place=f"/{name}", reason="type")
    return value
