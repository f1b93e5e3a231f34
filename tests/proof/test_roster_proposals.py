"""The proposal file: from signer to signer, checked by each, and whatever bytes refused in one way."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianxi.domain.refusal import Refusal
from lianxi.domain.roster import Possession, RosterChanges, RosterSignature, Threshold
from lianxi.proof.canonical import dumps, parse
from lianxi.proof.envelopes import KEY_REQUEST_TYPE, decode
from lianxi.proof.keys import Signer
from lianxi.proof.possession import proof_of_possession
from lianxi.proof.roster_proposals import (
    MAX_PROPOSAL_BYTES,
    RosterProposal,
    check_proposal,
    proposal_bytes,
    propose,
    read_proposal,
    signed_by,
)
from lianxi.proof.rosters import RosterStep, adopt, next_roster, sign_roster
from tests.proof.material import CONVENER, ORIGIN, OTHER, STRANGER, UNIT, entry, roster

ROSTER = roster(k=2, keys=(CONVENER.key_id, UNIT.key_id, OTHER.key_id))
CHANGES = RosterChanges(
    retire=(OTHER.key_id,), threshold=Threshold(k=1, keys=(CONVENER.key_id, UNIT.key_id))
)
PROPOSAL = propose(ROSTER, CHANGES, (), ORIGIN)
SIGNED = signed_by(signed_by(PROPOSAL, ROSTER, CONVENER), ROSTER, UNIT)


def refused(work: Any) -> tuple[str, Any]:
    with pytest.raises(Refusal) as refusal:
        work()
    return refusal.value.code, refusal.value.params.get("reason")


def test_a_proposal_goes_from_signer_to_signer() -> None:
    """Each derives the same roster; the last signature makes it one that is adopted."""
    proposal = PROPOSAL
    for signer in (CONVENER, UNIT):
        proposal = read_proposal(proposal_bytes(proposal))
        check_proposal(proposal, ROSTER, ORIGIN)
        proposal = signed_by(proposal, ROSTER, signer)
    assert proposal == SIGNED
    assert signed_by(proposal, ROSTER, UNIT) == proposal
    derived = check_proposal(proposal, ROSTER, ORIGIN)
    assert derived == next_roster(ROSTER, CHANGES)
    step = RosterStep(changes=CHANGES, version=2, signatures=proposal.signatures or ())
    assert adopt(ROSTER, step) == derived


def with_(**changes: Any) -> RosterProposal:
    return SIGNED.model_copy(update=changes)


FORGED = RosterSignature(key_id=CONVENER.key_id, signature="0" * 128)
FOREIGN = sign_roster(next_roster(ROSTER, CHANGES), STRANGER)


@pytest.mark.parametrize(
    ("proposal", "code", "reason"),
    [
        (with_(origin=ORIGIN[:-4] + "0000"), "ORIGIN_MISMATCH", None),
        (with_(prev_roster="ab" * 32), "ROSTER_PROPOSAL", "stale"),
        (with_(prev_roster="ab" * 32, version=9), "ROSTER_PROPOSAL", "ahead"),
        (with_(roster="ab" * 32), "ROSTER_PROPOSAL", "roster"),
        (with_(version=3), "ROSTER_PROPOSAL", "roster"),
        (with_(changes=RosterChanges(retire=(STRANGER.key_id,))), "ROSTER_CHANGE", "unknown"),
        (
            with_(changes=RosterChanges(add=(entry(STRANGER, "U09"),))),
            "ROSTER_CHANGE",
            "possession",
        ),
        (with_(changes=RosterChanges(threshold=ROSTER.threshold)), "ROSTER_PROPOSAL", "roster"),
        (with_(signatures=(FORGED,)), "SIGNATURE_INVALID", None),
        (with_(signatures=(FOREIGN,)), "ROSTER_SIGNER", None),
        (with_(signatures=(SIGNED.signatures or ()) * 2), "ROSTER_SIGNER", None),
    ],
)
def test_nothing_in_a_proposal_is_believed(
    proposal: RosterProposal, code: str, reason: str | None
) -> None:
    """Another conference, another roster, other changes, other signatures."""
    assert refused(lambda: check_proposal(proposal, ROSTER, ORIGIN)) == (code, reason)


def test_only_who_signs_rosters_signs_a_proposal() -> None:
    """A stranger's signature is refused where it would be made."""
    assert refused(lambda: signed_by(PROPOSAL, ROSTER, STRANGER))[0] == "ROSTER_SIGNER"


# --- a key that takes a lost one's place ---


def proof_by(signer: Signer) -> Possession:
    """What is to show that U01 holds the stranger's key; good if that one signs."""
    request = proof_of_possession(signer, origin=ORIGIN, unit="U01")
    signature = decode(request, payload_type=KEY_REQUEST_TYPE).signature.hex()
    return Possession(key_id=STRANGER.key_id, signature=signature)


HELD = proof_by(STRANGER)
TAKES = entry(STRANGER, "U01", effective="2026-12-01T00:00:00.000000Z", replaces=UNIT.key_id)
SIGNERS = roster(k=2, keys=(CONVENER.key_id, OTHER.key_id))


def test_a_replacement_goes_from_signer_to_signer() -> None:
    """One entry instead of changes, with its reason; the last signature makes it one that is adopted."""
    proposal = propose(SIGNERS, TAKES, (HELD,), ORIGIN, reason="the card was lost")
    for signer in (CONVENER, OTHER):
        proposal = read_proposal(proposal_bytes(proposal))
        check_proposal(proposal, SIGNERS, ORIGIN)
        proposal = signed_by(proposal, SIGNERS, signer)
    step = RosterStep(entry=TAKES, signatures=proposal.signatures or ())
    assert adopt(SIGNERS, step) == check_proposal(proposal, SIGNERS, ORIGIN)
    assert proposal.reason == "the card was lost"


ROTATED = HELD.model_copy(update={"rotated": FORGED})
OTHERS = proof_by(OTHER)


@pytest.mark.parametrize(
    ("proofs", "refusal"),
    [
        ((), ("ROSTER_CHANGE", "possession")),
        ((HELD, HELD), ("ROSTER_CHANGE", "possession")),
        ((ROTATED,), ("ROSTER_CHANGE", "possession")),
        ((OTHERS,), ("SIGNATURE_INVALID", None)),
    ],
)
def test_a_replacement_shows_that_its_unit_holds_the_key(
    proofs: tuple[Possession, ...], refusal: tuple[str, str | None]
) -> None:
    """Nothing, twice, a handing over that there is none of, another key's signature."""
    assert refused(lambda: propose(SIGNERS, TAKES, proofs, ORIGIN)) == refusal
    good = propose(SIGNERS, TAKES, (HELD,), ORIGIN)
    bad = good.model_copy(update={"possessions": proofs or None})
    assert refused(lambda: check_proposal(bad, SIGNERS, ORIGIN)) == refusal


def test_a_proposal_is_of_one_kind() -> None:
    """Changes and a replacement at once, neither, a plain entry: no proposal."""
    document = parse(
        proposal_bytes(propose(SIGNERS, TAKES, (HELD,), ORIGIN)).strip(),
        max_bytes=MAX_PROPOSAL_BYTES,
    )
    assert isinstance(document, dict)
    plain = {k: v for k, v in document["entry"].items() if k not in ("effective", "replaces")}
    changes = CHANGES.model_dump(mode="json", exclude_none=True)
    neither = {name: value for name, value in document.items() if name != "entry"}
    for bad in ({**document, "changes": changes}, neither, {**document, "entry": plain}):
        with pytest.raises(Refusal):
            read_proposal(dumps(bad))


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Never another exception."""
    with contextlib.suppress(Refusal):
        read_proposal(data)


@given(at=st.integers(0, len(proposal_bytes(SIGNED)) - 2), byte=st.integers(0, 255))
def test_a_damaged_proposal_never_passes(at: int, byte: int) -> None:
    """One byte changed: unreadable, or another proposal, which the checks refuse."""
    data = bytearray(proposal_bytes(SIGNED))
    if data[at] == byte:
        return
    data[at] = byte
    with pytest.raises(Refusal):
        check_proposal(read_proposal(bytes(data)), ROSTER, ORIGIN)


def test_other_spellings_and_sizes_are_refused() -> None:
    """Not canonical, unknown fields, nulls, too long."""
    document = parse(proposal_bytes(SIGNED).strip(), max_bytes=MAX_PROPOSAL_BYTES)
    assert isinstance(document, dict)
    for bad in (
        dumps({**document, "note": "x"}),
        dumps({**document, "v": 2}),
        proposal_bytes(SIGNED).replace(b",", b", "),
        proposal_bytes(SIGNED).strip() + b" " * MAX_PROPOSAL_BYTES + b"x",
        dumps({**document, "signatures": []}),
    ):
        with pytest.raises(Refusal):
            read_proposal(bad)
