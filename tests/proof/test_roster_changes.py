"""Changes of the roster: what a step may do, who must sign it, how keys stand at an instant."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from lianxi.domain.refusal import Refusal
from lianxi.domain.roster import (
    Possession,
    Roster,
    RosterChanges,
    RosterKey,
    RosterSignature,
    Threshold,
)
from lianxi.proof.envelopes import KEY_REQUEST_TYPE, decode, encode, seal_envelope
from lianxi.proof.keys import Signer
from lianxi.proof.possession import (
    proof_of_possession,
    rotation_request,
    split_request,
    verify_possession,
)
from lianxi.proof.roster_proofs import check_possession, check_possessions
from lianxi.proof.rosters import (
    RosterStep,
    adopt,
    check_genesis,
    may_sign,
    next_roster,
    read_roster,
    roster_bytes,
    roster_hash,
    sign_roster,
    signatures_lacking,
)

from .material import CONVENER, NOW, ORIGIN, OTHER, STRANGER, UNIT, entry, roster

ROSTER = roster()
"""The convener's key signs; U01 and U02 have one each."""
LOG = entry(STRANGER, "system", use="log")
NEW = entry(STRANGER, "U03")
LATER = NOW + timedelta(hours=72)


def step(current: Roster, changes: RosterChanges, *signers: Signer) -> RosterStep:
    """The step signed by these."""
    derived = next_roster(current, changes)
    signatures = tuple(sign_roster(derived, signer) for signer in signers)
    return RosterStep(changes=changes, version=derived.version, signatures=signatures)


def refused(work: Any) -> tuple[str, Any]:
    """Code and reason of a refusal."""
    with pytest.raises(Refusal) as refusal:
        work()
    return refusal.value.code, refusal.value.params.get("reason")


def test_absent_fields_leave_no_bytes() -> None:
    """A roster of release 0.2 has the same bytes; new fields show only where they are set."""
    assert set(RosterKey.model_validate(NEW).model_dump(exclude_none=True)) == {
        *("unit", "role", "use", "alg", "key_id", "public_key", "state")
    }
    text = roster_bytes(next_roster(ROSTER, NEW)).decode()
    assert not any(word in text for word in ("effective", "replaces", "null"))
    replaced = next_roster(ROSTER, replacement())
    assert read_roster(roster_bytes(replaced)) == replaced


def test_a_change_adds_retires_and_sets_the_threshold_at_once() -> None:
    """A retired key stays, as retired; the rest keeps its place."""
    changes = RosterChanges(
        add=(NEW, entry(Signer(b"\x08" * 32), "system", use="log")),
        retire=(UNIT.key_id,),
        threshold=Threshold(k=2, keys=(CONVENER.key_id, OTHER.key_id)),
    )
    after = adopt(ROSTER, step(ROSTER, changes, CONVENER, OTHER))
    assert after.version == 2
    assert after.prev_roster == roster_hash(ROSTER)
    assert after.by_key_id[UNIT.key_id].state == "retired"
    assert [key.key_id for key in after.keys[: len(ROSTER.keys)]] == [k.key_id for k in ROSTER.keys]
    assert after.threshold.k == 2


CHANGES: list[tuple[dict[str, Any], str, str | None]] = [
    ({"add": (ROSTER.keys[0],)}, "KEY_KNOWN", None),
    ({"add": (NEW, NEW)}, "KEY_KNOWN", None),
    ({"add": (entry(STRANGER, "system"),)}, "ROSTER_ENTRY", "system"),
    ({"add": (entry(STRANGER, "U03", use="log"),)}, "ROSTER_ENTRY", "use"),
    ({"add": (entry(STRANGER, "convener", use="receipt"),)}, "ROSTER_ENTRY", "use"),
    ({"add": (entry(STRANGER, "U03", effective=LATER),)}, "ROSTER_ENTRY", "effective"),
    (
        {"add": (entry(STRANGER, "U01", effective=LATER, replaces=UNIT.key_id),)},
        *("ROSTER_ENTRY", "effective"),
    ),
    ({"retire": (STRANGER.key_id,)}, "ROSTER_CHANGE", "unknown"),
    ({"retire": (UNIT.key_id, UNIT.key_id)}, "ROSTER_CHANGE", "retired"),
    ({"retire": (CONVENER.key_id,)}, "ROSTER_CHANGE", "threshold"),
    (
        {"retire": (CONVENER.key_id,), "threshold": Threshold(k=1, keys=(UNIT.key_id,))},
        *("ROSTER_CHANGE", "convener"),
    ),
    ({"threshold": Threshold(k=1, keys=(STRANGER.key_id,))}, "ROSTER_CHANGE", "threshold"),
    ({"threshold": Threshold(k=2, keys=(CONVENER.key_id,))}, "ROSTER_CHANGE", "threshold"),
    (
        {"threshold": Threshold(k=1, keys=(CONVENER.key_id, CONVENER.key_id))},
        *("ROSTER_CHANGE", "threshold"),
    ),
    (
        {"add": (LOG,), "threshold": Threshold(k=1, keys=(LOG.key_id,))},
        *("ROSTER_CHANGE", "threshold"),
    ),
]


@pytest.mark.parametrize(("changes", "code", "reason"), CHANGES)
def test_changes_that_no_roster_may_take(
    changes: dict[str, Any], code: str, reason: str | None
) -> None:
    """Known keys, keys of the wrong use, thresholds that cannot sign, no convener left."""
    assert refused(lambda: next_roster(ROSTER, RosterChanges(**changes))) == (code, reason)


def test_a_change_changes_something() -> None:
    """Nothing, and empty lists, are no change."""
    nothings: list[dict[str, Any]] = [{}, {"add": ()}, {"retire": ()}]
    for nothing in nothings:
        with pytest.raises(ValidationError):
            RosterChanges.model_validate(nothing)
    with pytest.raises(ValidationError):
        RosterStep(signatures=())
    with pytest.raises(ValidationError):
        RosterStep(entry=NEW, changes=RosterChanges(add=(NEW,)), version=2, signatures=())


TWO_OF_THREE = roster(k=2, keys=(CONVENER.key_id, UNIT.key_id, OTHER.key_id))
RETIRE_NOBODY = RosterChanges(add=(NEW,))


@pytest.mark.parametrize(
    ("signers", "code"),
    [
        ((CONVENER, UNIT), None),
        ((OTHER, UNIT), None),
        ((CONVENER, UNIT, OTHER), None),
        ((CONVENER,), "ROSTER_QUORUM"),
        ((CONVENER, CONVENER), "ROSTER_SIGNER"),
        ((CONVENER, STRANGER), "ROSTER_SIGNER"),
    ],
)
def test_two_of_three_sign(signers: tuple[Signer, ...], code: str | None) -> None:
    """Any two, none twice, nobody else."""
    given = step(TWO_OF_THREE, RETIRE_NOBODY, *signers)
    if code is None:
        assert adopt(TWO_OF_THREE, given).version == 2
        return
    assert refused(lambda: adopt(TWO_OF_THREE, given))[0] == code


def test_a_new_threshold_signs_too() -> None:
    """K of the old and k of the new; a key that stands in both counts for both."""
    to = RosterChanges(threshold=Threshold(k=2, keys=(UNIT.key_id, OTHER.key_id)))
    assert refused(lambda: adopt(ROSTER, step(ROSTER, to, CONVENER)))[0] == "ROSTER_QUORUM"
    assert refused(lambda: adopt(ROSTER, step(ROSTER, to, CONVENER, UNIT)))[0] == "ROSTER_QUORUM"
    assert refused(lambda: adopt(ROSTER, step(ROSTER, to, UNIT, OTHER)))[0] == "ROSTER_QUORUM"
    assert adopt(ROSTER, step(ROSTER, to, CONVENER, UNIT, OTHER)).threshold.k == 2
    assert signatures_lacking(ROSTER, to, [CONVENER.key_id, UNIT.key_id]) == (1, 2)
    assert signatures_lacking(ROSTER, RETIRE_NOBODY, []) == (0, 1)
    assert may_sign(ROSTER, to) == {CONVENER.key_id, UNIT.key_id, OTHER.key_id}


def test_the_convener_can_rotate_the_key_that_signs() -> None:
    """The old key signs as the one in force, the new one as the one to come."""
    changes = RosterChanges(
        add=(entry(STRANGER, "convener"),),
        retire=(CONVENER.key_id,),
        threshold=Threshold(k=1, keys=(STRANGER.key_id,)),
    )
    assert refused(lambda: adopt(ROSTER, step(ROSTER, changes, CONVENER)))[0] == "ROSTER_QUORUM"
    assert adopt(ROSTER, step(ROSTER, changes, CONVENER, STRANGER)).version == 2


def replacement(**changes: Any) -> RosterKey:
    """STRANGER takes the place of U01's key, 72 hours from NOW."""
    given = {"effective": LATER, "replaces": UNIT.key_id} | changes
    return entry(STRANGER, changes.pop("unit", "U01"), **given)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (entry(STRANGER, "U02", effective=LATER, replaces=UNIT.key_id), "ROSTER_CHANGE"),
        (entry(STRANGER, "U01", effective=LATER, replaces="ab" * 32), "ROSTER_CHANGE"),
        (entry(STRANGER, "U01", replaces=UNIT.key_id), "ROSTER_ENTRY"),
        (entry(STRANGER, "U01", effective=LATER), "ROSTER_ENTRY"),
    ],
)
def test_a_replacement_names_a_key_of_its_unit_and_an_instant(given: RosterKey, code: str) -> None:
    """Another unit's key, an unknown one, half of a replacement."""
    assert refused(lambda: next_roster(ROSTER, given))[0] == code


def test_a_key_is_replaced_once_at_a_time() -> None:
    """A second replacement waits until the first is revoked."""
    once = next_roster(ROSTER, replacement())
    second = entry(Signer(b"\x08" * 32), "U01", effective=LATER, replaces=UNIT.key_id)
    assert refused(lambda: next_roster(once, second)) == ("ROSTER_CHANGE", "replaced")
    revoked = next_roster(once, RosterChanges(retire=(STRANGER.key_id,)))
    assert next_roster(revoked, second).version == 4


@pytest.mark.parametrize(
    ("hours", "lost", "new"),
    [(0, "active", "waiting"), (71.99, "active", "waiting"), (72, "replaced", "active")],
)
def test_a_replacement_takes_its_place_at_the_instant(hours: float, lost: str, new: str) -> None:
    """Before, the lost key acts and the new one does not; at the instant it is the other way round."""
    after = next_roster(ROSTER, replacement())
    at = NOW + timedelta(hours=hours)
    assert (after.standing(UNIT.key_id, at), after.standing(STRANGER.key_id, at)) == (lost, new)


def test_a_replacement_revoked_in_time_leaves_the_key_in_its_place() -> None:
    """The unit had lost none: its key acts on after the instant."""
    after = next_roster(
        next_roster(ROSTER, replacement()), RosterChanges(retire=(STRANGER.key_id,))
    )
    assert after.standing(UNIT.key_id, LATER) == "active"
    assert after.standing(STRANGER.key_id, LATER) == "retired"
    assert after.standing("ab" * 32, LATER) == "unknown"


def test_a_replaced_key_signs_no_roster() -> None:
    """From the instant on; the conference's stream asks, later streams rest on what it holds.

    No step leads to such a roster: what stands here is the second line of defence.
    """
    given = roster(k=1, keys=(UNIT.key_id,))
    after = given.after(roster_hash(given), 2, replacement())
    added = entry(Signer(b"\x08" * 32), "U09")
    signature = sign_roster(next_roster(after, added), UNIT)
    signed = RosterStep(entry=added, signatures=(signature,))
    assert adopt(after, signed, at=NOW).version == 3
    assert refused(lambda: adopt(after, signed, at=LATER))[0] == "ROSTER_SIGNER"
    assert adopt(after, signed).version == 3


def test_a_key_that_signs_the_roster_is_not_replaced() -> None:
    """It is rotated, or leaves the threshold first: else nobody could sign from the instant on."""
    given = roster(k=1, keys=(UNIT.key_id,))
    assert refused(lambda: next_roster(given, replacement())) == ("ROSTER_CHANGE", "signs")
    left = next_roster(given, RosterChanges(threshold=Threshold(k=1, keys=(CONVENER.key_id,))))
    assert next_roster(left, replacement()).version == 3


def test_a_key_that_waits_or_gives_way_does_not_join_the_threshold() -> None:
    """The lost key never; its successor from the instant on."""
    after = next_roster(ROSTER, replacement())
    lost, new = (
        RosterChanges(threshold=Threshold(k=1, keys=(key.key_id,))) for key in (UNIT, STRANGER)
    )
    for at in (None, NOW, LATER):
        found = refused(lambda at=at: next_roster(after, lost, at=at))
        assert found == ("ROSTER_CHANGE", "threshold")
    signed = step(after, new, CONVENER, STRANGER)
    assert refused(lambda: adopt(after, signed, at=NOW)) == ("ROSTER_CHANGE", "threshold")
    assert adopt(after, signed, at=LATER).threshold.keys == (STRANGER.key_id,)


def test_a_genesis_lists_the_keys_of_log_and_receipts() -> None:
    """The system's, and no replacement."""
    first = roster(
        entry(CONVENER, "convener"), LOG, entry(Signer(b"\x08" * 32), "system", use="receipt")
    )
    check_genesis(first, [sign_roster(first, CONVENER)])
    unfit = roster(entry(CONVENER, "convener"), LOG, keys=(CONVENER.key_id, LOG.key_id))
    found = refused(lambda: check_genesis(unfit, [sign_roster(unfit, CONVENER)]))
    assert found == ("ROSTER_GENESIS", "threshold")
    for odd in (entry(STRANGER, "system"), replacement()):
        given = roster(entry(CONVENER, "convener"), odd)
        assert refused(lambda g=given: check_genesis(g, [sign_roster(g, CONVENER)]))[0] == (
            "ROSTER_ENTRY"
        )


def test_a_step_knows_who_has_adopted_it() -> None:
    """An entry by its key, changes by the version they lead to."""
    added = RosterStep(entry=NEW, signatures=())
    changed = RosterStep(changes=RosterChanges(retire=(UNIT.key_id,)), version=2, signatures=())
    assert not added.adopted_by(ROSTER)
    assert not changed.adopted_by(ROSTER)
    assert added.adopted_by(next_roster(ROSTER, NEW))
    assert changed.adopted_by(next_roster(ROSTER, RosterChanges(retire=(UNIT.key_id,))))
    assert (added.restricts, changed.restricts) == (False, True)
    assert RosterStep(entry=replacement(), signatures=()).restricts


def test_a_step_leads_to_the_version_it_names() -> None:
    """Else who has adopted it could not be told."""
    good = step(ROSTER, RosterChanges(add=(NEW,)), CONVENER)
    bad = good.model_copy(update={"version": 3})
    assert refused(lambda: adopt(ROSTER, bad)) == ("ROSTER_CHANGE", "version")


# --- who holds the new keys ---


def possession(signer: Signer, unit: str, old: Signer | None = None) -> Possession:
    """That `unit` holds the key; `old`: handed over by that one."""
    envelope = decode(
        proof_of_possession(signer, origin=ORIGIN, unit=unit), payload_type=KEY_REQUEST_TYPE
    )
    rotated = None
    if old is not None:
        by_old = seal_envelope(KEY_REQUEST_TYPE, envelope.payload, old).signature.hex()
        rotated = RosterSignature(key_id=old.key_id, signature=by_old)
    return Possession(key_id=signer.key_id, signature=envelope.signature.hex(), rotated=rotated)


ROTATION = RosterChanges(add=(entry(STRANGER, "U01"),), retire=(UNIT.key_id,))


def test_a_rotation_is_signed_by_both_keys() -> None:
    """The old key hands over; log keys need no possession."""
    check_possessions(ROSTER, ROTATION, [possession(STRANGER, "U01", UNIT)], ORIGIN)
    check_possessions(ROSTER, RosterChanges(add=(LOG,)), [], ORIGIN)
    check_possession(entry(STRANGER, "U01"), possession(STRANGER, "U01").signature, ORIGIN)


@pytest.mark.parametrize(
    ("changes", "given", "code", "reason"),
    [
        (ROTATION, [], "ROSTER_CHANGE", "possession"),
        (ROTATION, [possession(OTHER, "U01")], "ROSTER_CHANGE", "possession"),
        (ROTATION, [possession(STRANGER, "U01")], "ROSTER_CHANGE", "rotation"),
        (ROTATION, [possession(STRANGER, "U02", UNIT)], "SIGNATURE_INVALID", None),
        (ROTATION, [possession(STRANGER, "U01", OTHER)], "ROSTER_CHANGE", "rotation"),
        (
            RosterChanges(add=(entry(STRANGER, "U01"),)),
            [possession(STRANGER, "U01", UNIT)],
            *("ROSTER_CHANGE", "rotation"),
        ),
        (
            ROTATION,
            [
                possession(STRANGER, "U01").model_copy(
                    update={
                        "rotated": RosterSignature(
                            key_id=UNIT.key_id, signature=possession(STRANGER, "U01").signature
                        )
                    }
                )
            ],
            *("SIGNATURE_INVALID", None),
        ),
    ],
)
def test_no_key_is_changed_for_another_behind_its_units_back(
    changes: RosterChanges, given: list[Possession], code: str, reason: str | None
) -> None:
    """Missing, foreign and forged proofs; an old key of another unit, or one that stays."""
    found = refused(lambda: check_possessions(ROSTER, changes, given, ORIGIN))
    assert found == (code, reason)


FRESH = Signer(b"\x08" * 32)


@pytest.mark.parametrize(
    ("old", "hours", "reason"),
    [
        (
            UNIT,
            0,
            "replaced",
        ),  # lost, as somebody says: it ends with the replacement, or outlives it
        (UNIT, 72, "rotation"),
        (STRANGER, 71.99, "rotation"),
        (STRANGER, 72, None),
    ],
)
def test_only_a_key_that_may_act_and_stays_hands_over(
    old: Signer, hours: float, reason: str | None
) -> None:
    """Neither a successor that waits, nor a key that something takes the place of."""
    after = next_roster(ROSTER, replacement())
    rotation = RosterChanges(add=(entry(FRESH, "U01"),), retire=(old.key_id,))
    proofs, at = [possession(FRESH, "U01", old)], NOW + timedelta(hours=hours)
    if reason is None:
        check_possessions(after, rotation, proofs, ORIGIN, at=at)
        return
    found = refused(lambda: check_possessions(after, rotation, proofs, ORIGIN, at=at))
    assert found == ("ROSTER_CHANGE", reason)


def test_a_rotation_request_is_two_lines() -> None:
    """The first is a key request by itself; the second is the same by the old key."""
    data = rotation_request(STRANGER, UNIT, origin=ORIGIN, unit="U01")
    request, by_old = split_request(data + b"\n")
    assert verify_possession(request, origin=ORIGIN).key_id == STRANGER.key_id
    assert by_old is not None
    assert by_old.keyid == UNIT.key_id
    assert split_request(proof_of_possession(UNIT, origin=ORIGIN, unit="U01"))[1] is None
    foreign = proof_of_possession(OTHER, origin=ORIGIN, unit="U01")
    for bad in (
        request + b"\n" + request,
        request + b"\n" + foreign,
        request + b"\n\n" + foreign,
        request + b"\nx",
        request + b"\n" + encode(by_old) + b"\n" + request,
    ):
        with pytest.raises(Refusal):
            split_request(bad)
