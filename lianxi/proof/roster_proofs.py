"""What a change of the roster must show besides its signatures: who holds the new keys (proof layer).

A unit signs a key request with the key it wants registered; in a rotation the key that goes signs
the very same request. The service's own keys (log, receipts) sign no request: the roster's signers
vouch for them, and each checkpoint and receipt shows that the service holds them.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from lianxi.domain.roster import Possession, Roster, RosterChanges, RosterKey, RosterSignature
from lianxi.proof import canonical
from lianxi.proof.envelopes import KEY_REQUEST_TYPE, Envelope, encode, verify_envelope
from lianxi.proof.possession import verify_possession
from lianxi.proof.refusals import RosterChangeError, SignatureInvalidError


def check_possession(entry: RosterKey, signature: str, origin: str) -> None:
    """Whether the unit holds the key of `entry`; the refusals of `possession.verify_possession`."""
    envelope = _request(entry, entry.key_id, signature, origin)
    verify_possession(encode(envelope), origin=origin, unit=entry.unit)


def check_possessions(
    roster: Roster,
    changes: RosterChanges,
    given: Iterable[Possession],
    origin: str,
    *,
    at: datetime | None = None,
) -> None:
    """Whether every command key added is held by its unit, and handed over by the key it rotates.

    `at`: the old key must be one that may act then; the conference's stream asks for that, and
    whoever only proposes has no such instant yet. Raises RosterChangeError (possession, rotation,
    replaced), SignatureInvalidError, and the refusals of
    `check_possession`.
    """
    added = {key.key_id: key for key in changes.add or () if key.use == "command"}
    proofs = {proof.key_id: proof for proof in given}
    if proofs.keys() != added.keys():
        odd = min(proofs.keys() ^ added.keys())
        raise RosterChangeError(reason="possession", key_id=odd)
    rotated: set[str] = set()
    for proof in proofs.values():
        entry = added[proof.key_id]
        check_possession(entry, proof.signature, origin)
        if proof.rotated is not None:
            _check_rotated(roster, changes, entry, proof.rotated, origin)
            _check_may_hand_over(roster, proof.rotated.key_id, at)
            rotated.add(proof.rotated.key_id)
    _check_rotations(roster, changes, added, proofs, rotated)


def _check_rotated(
    roster: Roster, changes: RosterChanges, entry: RosterKey, old: RosterSignature, origin: str
) -> None:
    """The old key belongs to the same unit, goes with this change, and signed the request."""
    key = roster.by_key_id.get(old.key_id)
    if key is None or (key.unit, key.use) != (entry.unit, "command"):
        raise RosterChangeError(reason="rotation", key_id=old.key_id)
    if old.key_id not in (changes.retire or ()):
        raise RosterChangeError(reason="rotation", key_id=old.key_id)
    envelope = _request(entry, old.key_id, old.signature, origin)
    if not verify_envelope(envelope, bytes.fromhex(key.public_key)):
        raise SignatureInvalidError(key_id=old.key_id)


def _check_may_hand_over(roster: Roster, old: str, at: datetime | None) -> None:
    """The old key may act now, and nothing takes its place, now or later.

    Else a key that waits could act at once in another's guise, and a stolen one outlive the
    replacement that was to end it.
    """
    if at is not None and roster.standing(old, at) != "active":
        raise RosterChangeError(reason="rotation", key_id=old)
    if old in roster.replacements:
        raise RosterChangeError(reason="replaced", key_id=old)


def _check_rotations(
    roster: Roster,
    changes: RosterChanges,
    added: Mapping[str, RosterKey],
    proofs: Mapping[str, Possession],
    rotated: set[str],
) -> None:
    """No unit's key is changed for another behind its back: that is a rotation, or a replacement."""
    gone = {
        key.unit
        for key_id in changes.retire or ()
        if (key := roster.by_key_id.get(key_id)) is not None and key.use == "command"
    }
    handed_over = [proof.rotated for proof in proofs.values() if proof.rotated is not None]
    if len(handed_over) != len(rotated):
        raise RosterChangeError(reason="rotation", key_id=handed_over[0].key_id)
    for entry in added.values():
        if entry.unit in gone and proofs[entry.key_id].rotated is None:
            raise RosterChangeError(reason="rotation", key_id=entry.key_id)


def _request(entry: RosterKey, signed_by: str, signature: str, origin: str) -> Envelope:
    """The request that the unit signed: it holds nothing but the entry and the origin."""
    request = {
        "v": 1,
        "alg": entry.alg,
        "origin": origin,
        "unit": entry.unit,
        "key_id": entry.key_id,
        "public_key": entry.public_key,
    }
    return Envelope(
        payload_type=KEY_REQUEST_TYPE,
        payload=canonical.dumps(request),
        keyid=signed_by,
        signature=bytes.fromhex(signature),
    )
