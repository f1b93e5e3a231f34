"""What a kept receipt proves, piece by piece, with nothing but the file and keys (proof layer, no pydantic).

A kept receipt (`schema` 2) is what a client gathers for one command: the signed command, the promise
signed at once, the exact events, their proofs of inclusion, later checkpoints. Checked here is that
they fit each other and the keys given. What holds proves "recorded"; that it *stands*, and was
rightly decided, only a full audit of the trail proves.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from lianxi.domain.refusal import Refusal
from lianxi.proof import canonical
from lianxi.proof.envelopes import COMMAND_TYPE, MAX_ENVELOPE_BYTES, decode, verify_envelope
from lianxi.proof.hashing import event_hash, sha256_hex
from lianxi.proof.keys import ED25519, key_id
from lianxi.proof.receipt_log import Check, Keys, LogSide, State, failed, member
from lianxi.proof.receipts import MAX_EVENTS, open_receipt
from lianxi.proof.refusals import KeyUnknownError, SchemaError

__all__ = ["Check", "Checked", "Keys", "check_receipt"]

_HASH_HEX = re.compile(r"[0-9a-f]{64}")
_MAX_EVENT_BYTES = 65_535


class Checked(NamedTuple):
    """The outcome over a kept receipt. `witnessed`: seconds since 1970 when the quorum was full."""

    origin: str
    unit: str
    action: str
    request_id: str
    at: str
    checks: tuple[Check, ...]
    size: int | None
    witnessed: int | None

    @property
    def recorded(self) -> bool:
        """Whether it proves that the command was recorded: nothing fails, every event is included."""
        states = {(check.what, check.state) for check in self.checks}
        return ("inclusion", "holds") in states and not {
            check.what
            for check in self.checks
            if check.state == "fails"
            or (check.state != "holds" and check.what in ("command", "event", "inclusion"))
        }


def check_receipt(document: Any, keys: Keys, *, origin: str | None = None) -> Checked:
    """Every check on a kept receipt; `origin`: the only one that is taken, where it is known.

    Raises SchemaError when this is no kept receipt at all; what merely does not hold is reported.
    """
    kept = _Kept.read(document)
    checks = [*_command(kept, origin), *_promise(kept, keys.receipt), *_events(kept)]
    log = LogSide(keys, kept.origin)
    checks += log.checks(kept.document, kept.named)
    payload = kept.payload
    return Checked(
        kept.origin,
        str(payload.get("unit", "")),
        str(payload.get("action", "")),
        str(payload.get("request_id", "")),
        str(kept.receipt.get("at", "")),
        tuple(checks),
        log.size,
        log.witnessed,
    )


class _Kept(NamedTuple):
    """The file's parts, well-formed but not believed."""

    document: Mapping[str, Any]
    envelope: str
    payload_bytes: bytes
    payload: Mapping[str, Any]
    receipt: Mapping[str, Any]
    named: Sequence[Mapping[str, Any]]

    @property
    def origin(self) -> str:
        return str(self.payload.get("origin", ""))

    @property
    def digest(self) -> str:
        return sha256_hex(self.payload_bytes)

    @classmethod
    def read(cls, document: Any) -> "_Kept":
        receipt = member(document, "receipt", dict, "")
        envelope = member(document, "envelope", str, "")
        named = member(receipt, "events", list, "/receipt")
        if not 1 <= len(named) <= MAX_EVENTS:
            raise SchemaError(place="/receipt/events", reason="length")
        for at, each in enumerate(named):
            place = f"/receipt/events/{at}"
            _hex(member(each, "hash", str, place), f"{place}/hash")
            member(each, "seq", int, place)
            member(each, "kind", str, place)
        data = envelope.encode("utf-8", "surrogatepass")
        payload_bytes = decode(data, payload_type=COMMAND_TYPE).payload
        payload = canonical.parse_canonical(payload_bytes, max_bytes=MAX_ENVELOPE_BYTES)
        if not isinstance(payload, dict):
            raise SchemaError(place="/envelope", reason="type")
        return cls(document, envelope, payload_bytes, payload, receipt, named)


def _command(kept: _Kept, origin: str | None) -> Iterator[Check]:
    """Does the receipt name this command, of this conference, and did the unit's key sign it."""
    digest = {"sha256": kept.digest}
    fits = all(
        kept.receipt.get(name) == value
        for name, value in (
            ("payload_sha256", kept.digest),
            ("request_id", kept.payload.get("request_id")),
            ("origin", kept.payload.get("origin")),
        )
    )
    yield Check("command", "holds" if fits else "fails", detail=digest)
    if origin is not None and kept.origin != origin:
        yield Check("origin", "fails", detail={"origin": kept.origin, "expected": origin})
    public = kept.document.get("public_key")
    if public is None:
        yield Check("signature", "absent")
        return
    key = _hex(public, "/public_key")
    envelope = decode(kept.envelope.encode(), payload_type=COMMAND_TYPE)
    signer = key_id(ED25519, key)
    good = signer == kept.payload.get("key_id") == envelope.keyid and verify_envelope(envelope, key)
    yield Check("signature", "holds" if good else "fails", detail={"key_id": signer})


def _promise(kept: _Kept, keys: Sequence[bytes]) -> Iterator[Check]:
    """The promise signed at once: whose, and whether it says what the receipt says."""
    text = kept.document.get("signed_receipt")
    if text is None:
        yield Check("promise", "absent")
        return
    if not isinstance(text, str):
        raise SchemaError(place="/signed_receipt", reason="type")
    if not keys:
        yield Check("promise", "unchecked")
        return
    try:
        promise = open_receipt(text, keys)
    except KeyUnknownError as refusal:
        yield Check("promise", "unchecked", detail=refusal.params)
        return
    except Refusal as refusal:
        yield failed("promise", refusal)
        return
    state: State = "holds" if promise.names(kept.receipt) else "fails"
    yield Check("promise", state, detail={"include_by": promise.include_by})


def _events(kept: _Kept) -> Iterator[Check]:
    """Each event named: its bytes have the hash, and it says that this command caused it."""
    texts = member(kept.document, "events", list, "") if "events" in kept.document else []
    by_hash = {}
    for at, text in enumerate(texts):
        if not isinstance(text, str) or len(text) > _MAX_EVENT_BYTES:
            raise SchemaError(place=f"/events/{at}", reason="type")
        by_hash[event_hash(text.encode("utf-8", "surrogatepass"))] = text
    for named in kept.named:
        digest = named["hash"]
        text = by_hash.pop(digest, None)
        if text is None:
            yield Check("event", "absent", digest)
            continue
        state: State = "holds" if _names_the_command(text, named, kept) else "fails"
        yield Check("event", state, digest, {"kind": str(named.get("kind")), "seq": named["seq"]})
    for digest in by_hash:
        yield Check("event", "fails", digest, {"reason": "not named by the receipt"})


def _names_the_command(text: str, named: Mapping[str, Any], kept: _Kept) -> bool:
    try:
        event = canonical.parse_canonical(text.encode(), max_bytes=_MAX_EVENT_BYTES)
        cause, actor = event["cause"], event["actor"]
        return bool(
            event["origin"] == kept.origin
            and event["stream"] == kept.receipt.get("stream")
            and event["seq"] == named.get("seq")
            and event["kind"] == named.get("kind")
            # a receipt's instant is that of its last event (streams/writer.py)
            and (named is not kept.named[-1] or event["at"] == kept.receipt.get("at"))
            and cause["request_id"] == kept.payload.get("request_id")
            and cause["payload_sha256"] == kept.digest
            and actor["unit"] == kept.payload.get("unit")
            and actor["key_id"] == kept.payload.get("key_id")
        )
    except (Refusal, KeyError, TypeError, UnicodeEncodeError):
        return False


def _hex(value: Any, place: str) -> bytes:
    if not isinstance(value, str) or _HASH_HEX.fullmatch(value) is None:
        raise SchemaError(place=place, reason="hex")
    return bytes.fromhex(value)
