"""A proposed roster on its way from signer to signer: one file, canonical JSON (proof layer).

It holds the changes, or the key that takes a lost one's place, and the hash of the roster they lead
to, so that each signer derives the same from the roster they know, and signs that; nothing in it is
believed.
"""

from typing import Literal, Self

from pydantic import Field, model_validator

from lianxi.domain.roster import Possession, Roster, RosterChanges, RosterKey, RosterSignature
from lianxi.domain.values import Frozen, Origin, Sha256Hex
from lianxi.proof.keys import Signer
from lianxi.proof.refusals import (
    OriginMismatchError,
    RosterChangeError,
    RosterProposalError,
    RosterSignerError,
    SignatureInvalidError,
)
from lianxi.proof.roster_proofs import check_possession, check_possessions
from lianxi.proof.rosters import (
    MAX_KEYS,
    may_sign,
    next_roster,
    roster_hash,
    sign_roster,
    signature_holds,
)
from lianxi.proof.wire import read_model, wire_bytes

MAX_PROPOSAL_BYTES = 65_536
MAX_REASON = 2_000
"""Characters of a reason that travels along; the command's own limit is the conference's."""


class RosterProposal(Frozen):
    """A change of the roster `prev_roster` (version `version` - 1), and who has signed the result.

    `changes`, or `entry`: a key that takes a lost one's place later. `reason`: why, for its readers;
    no signature covers it.
    """

    v: Literal[1] = 1
    kind: Literal["roster-proposal"] = "roster-proposal"
    origin: Origin
    version: int = Field(ge=2, le=2**31)
    prev_roster: Sha256Hex
    roster: Sha256Hex
    changes: RosterChanges | None = None
    entry: RosterKey | None = None
    possessions: tuple[Possession, ...] | None = Field(default=None, min_length=1, max_length=64)
    reason: str | None = Field(default=None, min_length=1, max_length=MAX_REASON)
    signatures: tuple[RosterSignature, ...] | None = Field(
        default=None, min_length=1, max_length=MAX_KEYS
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.entry is None) == (self.changes is None):
            raise ValueError("a proposal makes changes or replaces a lost key")
        if self.entry is not None and self.entry.replaces is None:
            raise ValueError("a key that replaces none is added by changes")
        return self

    @property
    def change(self) -> RosterKey | RosterChanges:
        """Whichever of the two it is."""
        if self.entry is not None:
            return self.entry
        if self.changes is not None:
            return self.changes
        raise ValueError("a proposal makes changes or replaces a lost key")


def propose(
    roster: Roster,
    change: RosterKey | RosterChanges,
    possessions: tuple[Possession, ...],
    origin: str,
    *,
    reason: str | None = None,
) -> RosterProposal:
    """The proposal, not signed yet; raises the refusals of `rosters.next_roster` and possessions."""
    derived = next_roster(roster, change)
    _check_held(roster, change, possessions, origin)
    return RosterProposal(
        origin=origin,
        version=derived.version,
        prev_roster=derived.prev_roster,
        roster=roster_hash(derived),
        changes=change if isinstance(change, RosterChanges) else None,
        entry=change if isinstance(change, RosterKey) else None,
        possessions=possessions or None,
        reason=reason,
    )


def proposal_bytes(proposal: RosterProposal) -> bytes:
    """The file: canonical JSON and a line end."""
    return wire_bytes(proposal) + b"\n"


def read_proposal(data: bytes) -> RosterProposal:
    """The proposal in a file; raises the refusals of `wire.read_model`. Nothing is checked yet."""
    return read_model(RosterProposal, data.strip(), max_bytes=MAX_PROPOSAL_BYTES)


def check_proposal(proposal: RosterProposal, roster: Roster, origin: str) -> Roster:
    """The roster it leads to, derived from the one that is known, every signature checked.

    Raises OriginMismatchError, RosterProposalError (`reason`: stale, ahead, roster), the refusals of
    `propose`, RosterSignerError, SignatureInvalidError.
    """
    if proposal.origin != origin:
        raise OriginMismatchError(expected=origin)
    if proposal.prev_roster != roster_hash(roster):
        if proposal.version > roster.version + 1:
            raise RosterProposalError(reason="ahead", version=roster.version)
        raise RosterProposalError(reason="stale", version=roster.version)
    derived = next_roster(roster, proposal.change)
    _check_held(roster, proposal.change, proposal.possessions or (), origin)
    if (proposal.version, proposal.roster) != (derived.version, roster_hash(derived)):
        raise RosterProposalError(reason="roster", version=roster.version)
    entitled = may_sign(roster, proposal.change)
    seen: set[str] = set()
    for signature in proposal.signatures or ():
        if signature.key_id not in entitled or signature.key_id in seen:
            raise RosterSignerError(key_id=signature.key_id)
        seen.add(signature.key_id)
        key = derived.by_key_id[signature.key_id]
        if not signature_holds(derived, signature, key.public_key):
            raise SignatureInvalidError(key_id=signature.key_id)
    return derived


def signed_by(proposal: RosterProposal, roster: Roster, signer: Signer) -> RosterProposal:
    """The proposal with one more signature; the same where the key has signed already.

    `proposal` was checked against `roster`. Raises RosterSignerError.
    """
    if signer.key_id not in may_sign(roster, proposal.change):
        raise RosterSignerError(key_id=signer.key_id)
    given = proposal.signatures or ()
    if any(signature.key_id == signer.key_id for signature in given):
        return proposal
    signature = sign_roster(next_roster(roster, proposal.change), signer)
    return proposal.model_copy(update={"signatures": (*given, signature)})


def _check_held(
    roster: Roster,
    change: RosterKey | RosterChanges,
    possessions: tuple[Possession, ...],
    origin: str,
) -> None:
    """Every new command key is held by its unit; who takes a lost one's place is handed nothing."""
    if isinstance(change, RosterChanges):
        check_possessions(roster, change, possessions, origin)
        return
    if [(proof.key_id, proof.rotated) for proof in possessions] != [(change.key_id, None)]:
        raise RosterChangeError(reason="possession", key_id=change.key_id)
    check_possession(change, possessions[0].signature, origin)
