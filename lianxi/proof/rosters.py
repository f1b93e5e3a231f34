"""Rosters as signed documents: hash, signatures, one step from version to version (proof layer).

A roster update travels as the entry it adds, or the changes it makes, plus the signatures over the
whole next roster, which every stream derives by itself (docs/event-model.md, Roster).
"""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Self

from pydantic import model_validator

from lianxi.domain.roster import Roster, RosterChanges, RosterKey, RosterSignature, Threshold
from lianxi.domain.values import RESERVED_UNITS, Frozen, Role, role_of
from lianxi.proof.envelopes import ROSTER_TYPE, pae
from lianxi.proof.hashing import ZERO_HASH, sha256_hex
from lianxi.proof.keys import Signer, check_public_key, key_id, verify
from lianxi.proof.refusals import (
    KeyIdMismatchError,
    KeyKnownError,
    RosterChangeError,
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
    """From one roster to the next: the key added or the changes made, and who signed the result.

    `version`: which version `changes` lead to, so that who has adopted them can tell. A key that is
    added tells by itself, since it is registered once, ever.
    """

    entry: RosterKey | None = None
    changes: RosterChanges | None = None
    version: int | None = None
    signatures: tuple[RosterSignature, ...]

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.entry is None) == (self.changes is None):
            raise ValueError("a step adds an entry or makes changes")
        if (self.changes is None) != (self.version is None):
            raise ValueError("changes name the version they lead to, an entry does not")
        return self

    @property
    def change(self) -> RosterKey | RosterChanges:
        """Whichever of the two it is."""
        if self.entry is not None:
            return self.entry
        if self.changes is not None:
            return self.changes
        raise ValueError("a step adds an entry or makes changes")

    @property
    def restricts(self) -> bool:
        """Whether some key may act less than before: such a step must reach every stream."""
        if self.changes is not None:
            return True
        return self.entry is not None and self.entry.replaces is not None

    def adopted_by(self, roster: Roster) -> bool:
        """Whether the roster has this step behind it."""
        if self.entry is not None:
            return self.entry.key_id in roster.by_key_id
        return self.version is not None and self.version <= roster.version


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


def signature_holds(roster: Roster, signature: RosterSignature, public_key: str) -> bool:
    """Whether a signature over this roster is that key's; never raises for wrong ones."""
    message, given = _signed_bytes(roster), bytes.fromhex(signature.signature)
    return verify(bytes.fromhex(public_key), message, given)


def next_roster(
    roster: Roster, change: RosterKey | RosterChanges, *, at: datetime | None = None
) -> Roster:
    """The roster after a key was added, or after `change`.

    `at`: keys that wait then do not join the threshold; see `adopt`.
    Raises KeyKnownError (a key is registered once, ever), RosterFullError (512 keys),
    PublicKeyInvalidError, KeyIdMismatchError, RosterEntryError, RosterChangeError.
    """
    if isinstance(change, RosterKey):
        _check_new(roster, (change,))
        _check_replacement(roster, change)
    else:
        _check_new(roster, change.add or ())
        _check_retired(roster, change.retire or ())
        if any(entry.replaces is not None for entry in change.add or ()):
            raise RosterEntryError(reason="effective")
    derived = roster.after(roster_hash(roster), roster.version + 1, change)
    if isinstance(change, RosterChanges):
        _check_threshold(derived, at)
    return derived


def adopt(roster: Roster, step: RosterStep, *, at: datetime | None = None) -> Roster:
    """The next roster, if enough of this roster's threshold keys signed it.

    Where the threshold changes, enough keys of the new one must have signed too. `at`: keys that
    wait or are replaced then do not sign; the conference's stream asks for that, later ones rest on
    what it holds.
    Raises the refusals of `next_roster`, RosterSignerError, SignatureInvalidError,
    RosterQuorumError.
    """
    derived = next_roster(roster, step.change, at=at)
    if step.version not in (None, derived.version):
        raise RosterChangeError(reason="version")
    _check_signatures(derived, step.signatures, judged_by=roster, at=at)
    return derived


def signatures_lacking(
    roster: Roster, change: RosterKey | RosterChanges, signers: Iterable[str]
) -> tuple[int, int]:
    """How many of those who signed count, and how many are needed, for the threshold that lacks most."""
    signed = set(signers)
    counts = [(len(signed & set(t.keys)), t.k) for t in _thresholds(roster, change)]
    return max(counts, key=lambda count: (count[1] - count[0], count[1]))


def may_sign(roster: Roster, change: RosterKey | RosterChanges) -> frozenset[str]:
    """The ids of the keys whose signatures the next roster takes."""
    return frozenset(key for t in _thresholds(roster, change) for key in t.keys)


def _thresholds(roster: Roster, change: RosterKey | RosterChanges) -> tuple[Threshold, ...]:
    new = change.threshold if isinstance(change, RosterChanges) else None
    return (roster.threshold,) if new is None else (roster.threshold, new)


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
        if entry.replaces is not None:
            raise RosterEntryError(reason="effective")
    threshold = roster.threshold
    distinct = set(threshold.keys)
    commanding = {entry.key_id for entry in roster.keys if entry.use == "command"}
    if len(distinct) != len(threshold.keys) or threshold.k > len(distinct) or distinct - commanding:
        raise RosterGenesisError(reason="threshold")
    _check_signatures(roster, signatures, judged_by=roster)


def _signed_bytes(roster: Roster) -> bytes:
    return pae(ROSTER_TYPE, roster_bytes(roster))


# --- what a step may do ---


def _check_new(roster: Roster, added: tuple[RosterKey, ...]) -> None:
    known = set(roster.by_key_id)
    for entry in added:
        if entry.key_id in known:
            raise KeyKnownError(key_id=entry.key_id)
        known.add(entry.key_id)
    if len(known) > MAX_KEYS:
        raise RosterFullError(limit=MAX_KEYS)
    for entry in added:
        _check_entry(entry)


def _check_replacement(roster: Roster, entry: RosterKey) -> None:
    """A key may take the place of an active one of the same unit, which nothing replaces yet.

    Nor of one that signs the roster: it would sign no more from the instant on, its successor does
    not stand in the threshold, and with too few left nobody could ever change that. It is rotated,
    or leaves the threshold first.
    """
    if entry.replaces is None:
        return
    lost = roster.by_key_id.get(entry.replaces)
    if lost is None or (lost.unit, lost.use) != (entry.unit, "command"):
        raise RosterChangeError(reason="lost", key_id=entry.replaces)
    if lost.state != "active" or entry.replaces in roster.replacements:
        raise RosterChangeError(reason="replaced", key_id=entry.replaces)
    if entry.replaces in roster.threshold.keys:
        raise RosterChangeError(reason="signs", key_id=entry.replaces)


def _check_retired(roster: Roster, retired: tuple[str, ...]) -> None:
    seen: set[str] = set()
    for key_id_ in retired:
        key = roster.by_key_id.get(key_id_)
        if key is None:
            raise RosterChangeError(reason="unknown", key_id=key_id_)
        if key.state != "active" or key_id_ in seen:
            raise RosterChangeError(reason="retired", key_id=key_id_)
        seen.add(key_id_)


def _check_threshold(roster: Roster, at: datetime | None) -> None:
    """What must hold of every roster that was changed: somebody can sign the next, and convene.

    A key whose place another takes, or will take, signs no roster, whatever the time.
    """
    threshold = roster.threshold
    if len(set(threshold.keys)) != len(threshold.keys) or threshold.k > len(threshold.keys):
        raise RosterChangeError(reason="threshold")
    for key_id_ in threshold.keys:
        if key_id_ in roster.replacements or not _may_sign(roster, key_id_, at):
            raise RosterChangeError(reason="threshold", key_id=key_id_)
    if not any(
        (key.role, key.state, key.use) == (Role.CONVENER, "active", "command")
        for key in roster.keys
    ):
        raise RosterChangeError(reason="convener")


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
    if entry.role == Role.SYSTEM and entry.use == "command":
        # the system acts by rules, never by a key
        raise RosterEntryError(reason="system")
    if entry.role != Role.SYSTEM and entry.use != "command":
        # the log's and the receipts' keys are the service's alone
        raise RosterEntryError(reason="use")
    if entry.state != "active":
        raise RosterEntryError(reason="state")
    if (entry.effective is None) != (entry.replaces is None) or (
        entry.replaces is not None and entry.use != "command"
    ):
        raise RosterEntryError(reason="effective")


def _check_signatures(
    roster: Roster,
    signatures: Iterable[RosterSignature],
    *,
    judged_by: Roster,
    at: datetime | None = None,
) -> None:
    """Wants k distinct, valid signatures of `judged_by`'s threshold keys, and no others.

    Where the roster has another threshold of its own: k of that one's keys as well.
    """
    message = _signed_bytes(roster)
    thresholds = ((judged_by.threshold, judged_by), (roster.threshold, roster))
    entitled = {
        key_id_: holder.by_key_id[key_id_]
        for threshold, holder in reversed(thresholds)  # the judging roster's word last
        for key_id_ in threshold.keys
        if _may_sign(holder, key_id_, at)
    }
    signed: set[str] = set()
    for given in signatures:
        key = entitled.get(given.key_id)
        if key is None or given.key_id in signed:
            raise RosterSignerError(key_id=given.key_id)
        if not verify(bytes.fromhex(key.public_key), message, bytes.fromhex(given.signature)):
            raise SignatureInvalidError(key_id=given.key_id)
        signed.add(given.key_id)
    for threshold, _ in thresholds:
        have = len(signed & set(threshold.keys))
        if have < threshold.k:
            raise RosterQuorumError(have=have, need=threshold.k)


def _may_sign(holder: Roster, key_id_: str, at: datetime | None) -> bool:
    key = holder.by_key_id.get(key_id_)
    if key is None or (key.state, key.use) != ("active", "command"):
        return False
    return at is None or holder.standing(key_id_, at) == "active"
