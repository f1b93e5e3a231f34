"""Receipts signed at once: a promise that what was answered will stand in the tree (proof layer).

The gateway signs what a command led to with the receipt key, which is not the log's: at that moment
nothing is sealed yet. `include_by` is the instant by which a checkpoint of the log must hold every
event named; a client that has the promise and no proof after it has evidence. Format: DSSE,
canonical JSON, fields below; docs/gateway.md describes it.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from lianxi.proof import canonical
from lianxi.proof.envelopes import (
    RECEIPT_TYPE,
    Envelope,
    decode,
    encode,
    seal_envelope,
    verify_envelope,
)
from lianxi.proof.keys import ED25519, Signer, key_id
from lianxi.proof.refusals import (
    KeyIdMismatchError,
    KeyUnknownError,
    SchemaError,
    SignatureInvalidError,
)

MAX_RECEIPT_BYTES = 262_144
"""A command on 256 units leads to some 520 events of 130 bytes each; base64 adds a third."""

MAX_EVENTS = 1_024

_HEX_32 = re.compile(r"[0-9a-f]{64}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_KIND = re.compile(r"[A-Z][A-Za-z0-9]{0,63}")
_WORD = re.compile(r"[ -~]{1,255}")

_FIELDS: Mapping[str, re.Pattern[str]] = {
    "alg": _WORD,
    "key_id": _HEX_32,
    "origin": _WORD,
    "stream": _WORD,
    "request_id": re.compile(r"[0-9a-f-]{36}"),
    "payload_sha256": _HEX_32,
    "at": _INSTANT,
    "include_by": _INSTANT,
}


class NamedEvent(NamedTuple):
    """An event as a receipt names it."""

    seq: int
    kind: str
    hash: str


class Promise(NamedTuple):
    """What a signed receipt says. Instants are texts as in events, hashes are hex."""

    key_id: str
    origin: str
    stream: str
    request_id: str
    payload_sha256: str
    at: str
    include_by: str
    events: tuple[NamedEvent, ...]
    task: str | None = None

    def names(self, receipt: Mapping[str, Any]) -> bool:
        """Whether it says the same as the receipt that came with it."""
        own = ("origin", "stream", "request_id", "payload_sha256", "at", "task")
        events = [event._asdict() for event in self.events]
        return events == receipt.get("events") and all(
            getattr(self, name) == receipt.get(name) for name in own
        )


def sign_receipt(signer: Signer, receipt: Mapping[str, Any], *, include_by: str) -> str:
    """The envelope over a receipt's facts, as text.

    `receipt`: the fields of `messages.Receipt` as JSON has them; what only this answer says
    (`already`, `signed`) is not among the facts. Raises the refusals of `canonical.dumps`.
    """
    payload: dict[str, Any] = {
        "v": 1,
        "alg": signer.alg,
        "key_id": signer.key_id,
        "origin": receipt["origin"],
        "stream": receipt["stream"],
        "request_id": receipt["request_id"],
        "payload_sha256": receipt["payload_sha256"],
        "at": receipt["at"],
        "include_by": include_by,
        "events": [
            {"seq": event["seq"], "kind": event["kind"], "hash": event["hash"]}
            for event in receipt["events"]
        ],
    }
    if receipt.get("task") is not None:
        payload["task"] = receipt["task"]
    return encode(seal_envelope(RECEIPT_TYPE, canonical.dumps(payload), signer)).decode("ascii")


def open_receipt(text: str, keys: Sequence[bytes]) -> Promise:
    """What a signed receipt promises, if one of these public keys (raw 32 bytes) signed it.

    Raises the refusals of `read_receipt`, KeyUnknownError, SignatureInvalidError.
    """
    envelope, promise = read_receipt(text)
    public_key = {key_id(ED25519, key): key for key in keys}.get(promise.key_id)
    if public_key is None:
        raise KeyUnknownError(key_id=promise.key_id)
    if not verify_envelope(envelope, public_key):
        raise SignatureInvalidError(key_id=promise.key_id)
    return promise


def read_receipt(text: str) -> tuple[Envelope, Promise]:
    """Envelope and content of a signed receipt; the signature is not looked at.

    Raises the refusals of `envelopes.decode`, SchemaError, KeyIdMismatchError.
    """
    data = text.encode("utf-8", "surrogatepass")
    envelope = decode(data, payload_type=RECEIPT_TYPE, max_bytes=MAX_RECEIPT_BYTES)
    document = canonical.parse_canonical(envelope.payload, max_bytes=MAX_RECEIPT_BYTES)
    if not isinstance(document, dict):
        raise SchemaError(place="", reason="type")
    if document.get("v") != 1 or isinstance(document["v"], bool):
        raise SchemaError(place="/v", reason="version")
    if document.keys() - {"v", "events", "task", *_FIELDS}:
        raise SchemaError(place="", reason="extra_forbidden")
    fields = {name: _text(document, name, form) for name, form in _FIELDS.items()}
    if fields.pop("alg") != ED25519:
        raise SchemaError(place="/alg", reason="algorithm")
    if fields["key_id"] != envelope.keyid:
        raise KeyIdMismatchError(place="/signatures/0/keyid")
    task = _text(document, "task", _WORD) if "task" in document else None
    return envelope, Promise(**fields, events=_events(document.get("events")), task=task)


def _events(value: Any) -> tuple[NamedEvent, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_EVENTS:
        raise SchemaError(place="/events", reason="length")
    return tuple(_event(each, f"/events/{at}") for at, each in enumerate(value))


def _event(value: Any, place: str) -> NamedEvent:
    if not isinstance(value, dict) or value.keys() != {"seq", "kind", "hash"}:
        raise SchemaError(place=place, reason="fields")
    seq = value["seq"]
    if not isinstance(seq, int) or isinstance(seq, bool) or seq < 1:
        raise SchemaError(place=f"{place}/seq", reason="type")
    kind = _text(value, "kind", _KIND, place)
    return NamedEvent(seq, kind, _text(value, "hash", _HEX_32, place))


def _text(document: Mapping[str, Any], name: str, form: re.Pattern[str], place: str = "") -> str:
    value = document.get(name)
    if not isinstance(value, str) or form.fullmatch(value) is None:
        raise SchemaError(place=f"{place}/{name}", reason="form")
    return value
