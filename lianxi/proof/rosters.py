"""Rosters as signed documents: hash, signatures, one step from version to version (proof layer).

A roster update travels as the entry it adds plus the signatures over the whole next roster, which
every stream derives by itself (docs/event-model.md, Roster). Adding keys is the only step so far.
"""

from collections.abc import Iterable
from functools import lru_cache

from lianxi.domain.roster import Roster, RosterKey, RosterSignature
from lianxi.domain.values import RESERVED_UNITS, Frozen, Role, role_of
from lianxi.proof.envelopes import ROSTER_TYPE, pae
from lianxi.proof.hashing import ZERO_HASH, sha256_hex
from lianxi.proof.keys import Signer, check_public_key, key_id, verify
from lianxi.proof.refusals import (
    KeyIdMismatchError,
    KeyKnownError,
    RosterEntryError,
    RosterFullError,
    RosterGenesisError,
    RosterQuorumError,
    RosterSignerError,
    SignatureInvalidError,
)
from lianxi.proof.wire import read_model, wire_bytes

MAX_KEYS = 512
MAX_ROSTER_BYTES = 262_144
"""512 entries of about 310 bytes, the threshold, and room."""

_SHARED_ROSTERS = 64


class RosterStep(Frozen):
    """From one roster to the next: the key added, and who signed the result."""

    entry: RosterKey
    signatures: tuple[RosterSignature, ...]


def roster_bytes(roster: Roster) -> bytes:
    """The canonical bytes of a roster."""
    return wire_bytes(roster)


def roster_hash(roster: Roster) -> str:
    """SHA-256 of the roster's bytes in hex: what events name as `roster`. Costly: keep it."""
    return sha256_hex(roster_bytes(roster))


def read_roster(data: bytes) -> Roster:
    """The roster with exactly these bytes; signatures are checked elsewhere.

    Raises the refusals of `wire.read_model`.
    """
    return read_model(Roster, data, max_bytes=MAX_ROSTER_BYTES)


@lru_cache(maxsize=_SHARED_ROSTERS)
def shared_roster(text: str) -> Roster:
    """`read_roster` of a text, one object for all workflows of a worker that hold the same text."""
    return read_roster(text.encode("utf-8", "surrogatepass"))


def sign_roster(roster: Roster, signer: Signer) -> RosterSignature:
    """One key's signature over the DSSE encoding of the roster."""
    signature = signer.sign(_signed_bytes(roster))
    return RosterSignature(key_id=signer.key_id, signature=signature.hex())


def next_roster(roster: Roster, entry: RosterKey) -> Roster:
    """The roster after `entry` was added, with the same threshold.

    Raises KeyKnownError (a key is registered once, ever), RosterFullError (512 keys),
    PublicKeyInvalidError, KeyIdMismatchError, RosterEntryError.
    """
    if entry.key_id in roster.by_key_id:
        raise KeyKnownError(key_id=entry.key_id)
    if len(roster.keys) >= MAX_KEYS:
        raise RosterFullError(limit=MAX_KEYS)
    _check_entry(entry)
    return Roster(
        version=roster.version + 1,
        prev_roster=roster_hash(roster),
        threshold=roster.threshold,
        keys=(*roster.keys, entry),
    )


def adopt(roster: Roster, step: RosterStep) -> Roster:
    """The next roster, if enough of this roster's threshold keys signed it.

    Raises the refusals of `next_roster`, RosterSignerError, SignatureInvalidError,
    RosterQuorumError.
    """
    derived = next_roster(roster, step.entry)
    _check_signatures(derived, step.signatures, judged_by=roster)
    return derived


def check_genesis(roster: Roster, signatures: Iterable[RosterSignature]) -> None:
    """Whether this is a first roster that stands by itself: signed by its own threshold keys.

    Raises RosterGenesisError, KeyKnownError (a key twice), PublicKeyInvalidError,
    KeyIdMismatchError, RosterEntryError, RosterSignerError, SignatureInvalidError,
    RosterQuorumError.
    """
    if roster.version != 1:
        raise RosterGenesisError(reason="version")
    if roster.prev_roster != ZERO_HASH:
        raise RosterGenesisError(reason="prev")
    seen: set[str] = set()
    for entry in roster.keys:
        if entry.key_id in seen:
            raise KeyKnownError(key_id=entry.key_id)
        seen.add(entry.key_id)
        _check_entry(entry)
    threshold = roster.threshold
    distinct = set(threshold.keys)
    if len(distinct) != len(threshold.keys) or threshold.k > len(distinct) or distinct - seen:
        raise RosterGenesisError(reason="threshold")
    _check_signatures(roster, signatures, judged_by=roster)


def _signed_bytes(roster: Roster) -> bytes:
    return pae(ROSTER_TYPE, roster_bytes(roster))


def _check_entry(entry: RosterKey) -> None:
    public_key = bytes.fromhex(entry.public_key)
    check_public_key(public_key)
    if entry.key_id != key_id(entry.alg, public_key):
        raise KeyIdMismatchError(place="/entry/key_id")
    if entry.role != role_of(entry.unit):
        raise RosterEntryError(reason="role")
    if entry.unit.lower() in RESERVED_UNITS and entry.unit not in RESERVED_UNITS:
        # a second spelling of the convener would be a second convener
        raise RosterEntryError(reason="unit")
    if entry.role == Role.SYSTEM:
        # the system acts by rules, never by a key
        raise RosterEntryError(reason="system")
    if entry.state != "active":
        raise RosterEntryError(reason="state")


def _check_signatures(
    roster: Roster, signatures: Iterable[RosterSignature], *, judged_by: Roster
) -> None:
    """Wants k distinct, valid signatures of `judged_by`'s threshold keys, and no others."""
    message = _signed_bytes(roster)
    threshold = judged_by.threshold
    may_sign = {key.key_id: key for key in judged_by.keys if key.key_id in threshold.keys}
    signed: set[str] = set()
    for given in signatures:
        key = may_sign.get(given.key_id)
        if key is None or key.state != "active" or given.key_id in signed:
            raise RosterSignerError(key_id=given.key_id)
        if not verify(bytes.fromhex(key.public_key), message, bytes.fromhex(given.signature)):
            raise SignatureInvalidError(key_id=given.key_id)
        signed.add(given.key_id)
    if len(signed) < threshold.k:
        raise RosterQuorumError(have=len(signed), need=threshold.k)
