"""DSSE envelopes: a payload, its type, one signature (proof layer).

Format: secure-systems-lab/dsse protocol.md and envelope.md, version 1.0.0, narrowed so that an
envelope has one spelling only: canonical JSON, exactly one signature with a key id, standard
base64 with padding (DSSE would have verifiers take the URL alphabet too), no other fields.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as BinasciiError
from dataclasses import dataclass
from typing import Any

from lianxi.proof import canonical
from lianxi.proof.keys import SIGNATURE_BYTES, Signer, verify
from lianxi.proof.refusals import (
    Base64Error,
    PayloadTypeError,
    SchemaError,
    SignatureCountError,
)

COMMAND_TYPE = "application/vnd.lianxi.command.v1+json"
SESSION_TYPE = "application/vnd.lianxi.session.v1+json"
ROSTER_TYPE = "application/vnd.lianxi.roster.v1+json"
KEY_REQUEST_TYPE = "application/vnd.lianxi.key-request.v1+json"
RECEIPT_TYPE = "application/vnd.lianxi.receipt.v1+json"

MAX_ENVELOPE_BYTES = 16_384

_KEY_ID = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Envelope:
    """One signed payload. Nothing is verified by its mere existence.

    `keyid` is a hint outside the signature: compare it with the key id inside the payload.
    """

    payload_type: str
    payload: bytes
    keyid: str
    signature: bytes


def pae(payload_type: str, body: bytes) -> bytes:
    """What is signed: DSSE's pre-authentication encoding, which keeps the types apart."""
    type_bytes = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(type_bytes), type_bytes, len(body), body)


def seal_envelope(payload_type: str, payload: bytes, signer: Signer) -> Envelope:
    """Signs `payload` as `payload_type`."""
    return Envelope(payload_type, payload, signer.key_id, signer.sign(pae(payload_type, payload)))


def verify_envelope(envelope: Envelope, public_key: bytes) -> bool:
    """Whether the signature is that key's over type and payload; never raises."""
    return verify(public_key, pae(envelope.payload_type, envelope.payload), envelope.signature)


def encode(envelope: Envelope) -> bytes:
    """The envelope as canonical JSON."""
    return canonical.dumps(
        {
            "payload": b64encode(envelope.payload).decode("ascii"),
            "payloadType": envelope.payload_type,
            "signatures": [
                {"keyid": envelope.keyid, "sig": b64encode(envelope.signature).decode("ascii")}
            ],
        }
    )


def decode(data: bytes, *, payload_type: str, max_bytes: int = MAX_ENVELOPE_BYTES) -> Envelope:
    """Reads an envelope of one type; verifies nothing.

    Raises the refusals of `canonical.parse_canonical`, SchemaError (missing, unknown or ill-typed
    fields), SignatureCountError, Base64Error, PayloadTypeError.
    """
    document = canonical.parse_canonical(data, max_bytes=max_bytes)
    members = _object_with(document, ("payload", "payloadType", "signatures"), "")
    if members["payloadType"] != payload_type:
        raise PayloadTypeError(expected=payload_type)
    signatures = members["signatures"]
    if not isinstance(signatures, list):
        raise SchemaError(place="/signatures", reason="type")
    if len(signatures) != 1:
        raise SignatureCountError(count=len(signatures))
    signature = _object_with(signatures[0], ("keyid", "sig"), "/signatures/0")
    keyid = signature["keyid"]
    if not isinstance(keyid, str) or _KEY_ID.fullmatch(keyid) is None:
        raise SchemaError(place="/signatures/0/keyid", reason="key_id")
    signature_bytes = _from_base64(signature["sig"], "/signatures/0/sig")
    if len(signature_bytes) != SIGNATURE_BYTES:
        raise SchemaError(place="/signatures/0/sig", reason="length")
    return Envelope(
        payload_type, _from_base64(members["payload"], "/payload"), keyid, signature_bytes
    )


def _object_with(value: Any, fields: tuple[str, ...], place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SchemaError(place=place, reason="type")
    for field in fields:
        if field not in value:
            raise SchemaError(place=f"{place}/{field}", reason="missing")
    if len(value) != len(fields):
        raise SchemaError(place=place, reason="extra_forbidden")
    return value


def _from_base64(value: Any, place: str) -> bytes:
    if not isinstance(value, str):
        raise SchemaError(place=place, reason="type")
    try:
        data = b64decode(value, validate=True)
    except (BinasciiError, ValueError):
        raise Base64Error(place=place) from None
    # several spellings decode to the same bytes (unused bits of the last character); one is allowed
    if b64encode(data).decode("ascii") != value:
        raise Base64Error(place=place)
    return data
