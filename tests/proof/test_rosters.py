"""Rosters: hash, steps, quorum, genesis."""

from typing import Any

import pytest

from lianxi.domain.refusal import Refusal
from lianxi.domain.roster import Roster, RosterKey, RosterSignature
from lianxi.proof.keys import Signer, key_id
from lianxi.proof.rosters import (
    MAX_KEYS,
    MAX_ROSTER_BYTES,
    RosterStep,
    adopt,
    check_genesis,
    next_roster,
    read_roster,
    roster_bytes,
    roster_hash,
    shared_roster,
    sign_roster,
)

from .material import CONVENER, OTHER, STRANGER, UNIT, entry, roster, vectors

ROSTER = roster()
NEW = entry(STRANGER, "U03")
GOLDEN = vectors("golden.json")


def code_of(refusal: pytest.ExceptionInfo[Refusal]) -> str:
    """The stable code."""
    return refusal.value.code


def step(current: Roster, new: RosterKey, *signers: Signer) -> RosterStep:
    """The step that adds `new`, signed by these."""
    derived = next_roster(current, new)
    return RosterStep(
        entry=new, signatures=tuple(sign_roster(derived, signer) for signer in signers)
    )


def test_the_golden_roster_stands() -> None:
    """Hash and signature cannot drift unseen."""
    assert roster_hash(ROSTER) == GOLDEN["roster_hash"]
    assert sign_roster(ROSTER, CONVENER).signature == GOLDEN["roster_signature"]


def test_a_roster_comes_back_from_its_bytes_and_is_shared() -> None:
    """One object for all who hold the same text; other bytes are refused."""
    assert read_roster(roster_bytes(ROSTER)) == ROSTER
    text = roster_bytes(ROSTER).decode()
    assert shared_roster(text) is shared_roster(text[:5] + text[5:])
    for bad in (text + " ", text.replace('"version":1', '"version":0'), "", "\ud800"):
        with pytest.raises(Refusal):
            shared_roster(bad)


def test_the_largest_roster_can_be_read() -> None:
    """512 keys with the longest unit ids stay within the limit."""
    keys = tuple(
        entry(UNIT, f"{index:032}", key_id=f"{index:064x}", state="retired")
        for index in range(MAX_KEYS)
    )
    full = Roster(version=10**15, prev_roster="f" * 64, threshold=ROSTER.threshold, keys=keys)
    data = roster_bytes(full)
    assert len(data) < MAX_ROSTER_BYTES
    assert read_roster(data) == full
    with pytest.raises(Refusal) as refusal:
        next_roster(full, NEW)
    assert code_of(refusal) == "ROSTER_FULL"


def test_a_step_signed_by_the_threshold_is_adopted() -> None:
    """The next roster names the one before and keeps the threshold."""
    after = adopt(ROSTER, step(ROSTER, NEW, CONVENER))
    assert after.version == 2
    assert after.prev_roster == roster_hash(ROSTER)
    assert after.keys == (*ROSTER.keys, NEW)
    assert after.threshold == ROSTER.threshold


TWO_OF_THREE = roster(k=2, keys=(CONVENER.key_id, UNIT.key_id, OTHER.key_id))


@pytest.mark.parametrize(
    ("current", "signers", "code"),
    [
        (ROSTER, (), "ROSTER_QUORUM"),
        (ROSTER, (UNIT,), "ROSTER_SIGNER"),
        (ROSTER, (STRANGER,), "ROSTER_SIGNER"),
        (ROSTER, (CONVENER, UNIT), "ROSTER_SIGNER"),
        (TWO_OF_THREE, (CONVENER,), "ROSTER_QUORUM"),
        (TWO_OF_THREE, (CONVENER, CONVENER), "ROSTER_SIGNER"),
    ],
)
def test_a_step_without_its_quorum_is_refused(
    current: Roster, signers: tuple[Signer, ...], code: str
) -> None:
    """Too few, not entitled, or one key twice."""
    with pytest.raises(Refusal) as refusal:
        adopt(current, step(current, NEW, *signers))
    assert code_of(refusal) == code


def test_any_two_of_three_suffice() -> None:
    """Two of three, in any order."""
    assert adopt(TWO_OF_THREE, step(TWO_OF_THREE, NEW, OTHER, CONVENER)).version == 2


def test_a_retired_threshold_key_signs_no_more() -> None:
    """Though the threshold still lists it."""
    retired = roster(entry(CONVENER, "convener", state="retired"), entry(UNIT, "U01"))
    with pytest.raises(Refusal) as refusal:
        adopt(retired, step(retired, NEW, CONVENER))
    assert code_of(refusal) == "ROSTER_SIGNER"


def test_a_signature_over_another_roster_is_refused() -> None:
    """The step's entry was exchanged, or the roster it starts from."""
    signed = step(ROSTER, NEW, CONVENER)
    for current, new in ((ROSTER, entry(STRANGER, "U04")), (TWO_OF_THREE, NEW)):
        with pytest.raises(Refusal) as refusal:
            adopt(current, RosterStep(entry=new, signatures=signed.signatures))
        assert code_of(refusal) == "SIGNATURE_INVALID"


IDENTITY = "01" + "00" * 31


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"key_id": UNIT.key_id}, "KEY_KNOWN"),
        ({"key_id": "a" * 64}, "KEY_ID_MISMATCH"),
        ({"public_key": UNIT.public_key.hex()}, "KEY_ID_MISMATCH"),
        (
            {"public_key": IDENTITY, "key_id": key_id("ed25519", bytes.fromhex(IDENTITY))},
            "PUBLIC_KEY_INVALID",
        ),
        ({"role": "office"}, "ROSTER_ENTRY"),
        ({"unit": "Convener"}, "ROSTER_ENTRY"),
        ({"unit": "system", "role": "system"}, "ROSTER_ENTRY"),
        ({"state": "retired"}, "ROSTER_ENTRY"),
    ],
)
def test_an_entry_that_contradicts_itself_is_refused(changes: dict[str, Any], code: str) -> None:
    """Whatever signatures come with it."""
    with pytest.raises(Refusal) as refusal:
        next_roster(ROSTER, entry(STRANGER, **({"unit": "U03"} | changes)))
    assert code_of(refusal) == code


def test_a_genesis_roster_stands_by_itself() -> None:
    """Signed by its own threshold."""
    check_genesis(ROSTER, [sign_roster(ROSTER, CONVENER)])


@pytest.mark.parametrize(
    ("first", "code"),
    [
        (next_roster(ROSTER, NEW), "ROSTER_GENESIS"),
        (ROSTER.model_copy(update={"prev_roster": "a" * 64}), "ROSTER_GENESIS"),
        (roster(keys=(CONVENER.key_id, CONVENER.key_id)), "ROSTER_GENESIS"),
        (roster(k=2), "ROSTER_GENESIS"),
        (roster(keys=(CONVENER.key_id, STRANGER.key_id)), "ROSTER_GENESIS"),
        (roster(entry(CONVENER, "convener"), entry(CONVENER, "convener")), "KEY_KNOWN"),
        (roster(entry(CONVENER, "convener"), entry(UNIT, "U01", role="office")), "ROSTER_ENTRY"),
        (
            roster(entry(CONVENER, "convener"), entry(UNIT, "U01", key_id="a" * 64)),
            "KEY_ID_MISMATCH",
        ),
    ],
)
def test_a_first_roster_that_does_not_stand_is_refused(first: Roster, code: str) -> None:
    """Though its convener signed it."""
    with pytest.raises(Refusal) as refusal:
        check_genesis(first, [sign_roster(first, CONVENER)])
    assert code_of(refusal) == code


def test_an_unsigned_or_forged_genesis_is_refused() -> None:
    """Nobody signed; somebody else's bytes."""
    with pytest.raises(Refusal) as refusal:
        check_genesis(ROSTER, [])
    assert code_of(refusal) == "ROSTER_QUORUM"
    forged = RosterSignature(key_id=CONVENER.key_id, signature="0" * 128)
    with pytest.raises(Refusal) as refusal:
        check_genesis(ROSTER, [forged])
    assert code_of(refusal) == "SIGNATURE_INVALID"
