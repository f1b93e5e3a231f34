"""Which keys sign for the log, which events came late: the same here and in the bundle's verifier."""

import random
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

import verify_bundle
from lianxi.domain.values import format_instant
from lianxi.proof.checkpoints import Checkpoint, log_key, sign_checkpoint
from lianxi.proof.keys import Signer
from lianxi.proof.log_checks import LogChecker, LogKey, check_signatures, witnessed_heads
from lianxi.proof.notes import Note
from lianxi.proof.policies import Policy, parse_policy
from lianxi.proof.witnessing import Cosigned
from tests.bundle.material import witness_vkey

ORIGIN = "example.org/lianxi/demo/2a97516c354b6884"
BEGIN = datetime(2026, 3, 2, 1, tzinfo=UTC)
UNITS = ("U01", "U02")
LINES = "".join(f"witness {unit} {witness_vkey(ORIGIN, unit)}\n" for unit in UNITS)
BOTH = parse_policy(f"{LINES}group g all U01 U02\nquorum g\n")
ANY = parse_policy(f"{LINES}group g any U01 U02\nquorum g\n")


def after(minutes: int) -> int:
    return int((BEGIN + timedelta(minutes=minutes)).timestamp())


def flagged(policy: Policy, cosigned: list[Cosigned], minutes: list[int]) -> list[int]:
    """The leaves, sealed at these minutes, that are called backdated or late."""
    checker = LogChecker(ORIGIN, [], witnessed_heads(policy, cosigned))
    for leaf, minute in enumerate(minutes):
        at = format_instant(BEGIN + timedelta(minutes=minute))
        checker.leaf(leaf, f"{leaf:064x}", at, ("task/T-0001", leaf + 1))
    checker.finish()
    assert {flag.code for flag in checker.flags} <= {"BACKDATED_OR_SEALED_LATE"}
    return [int(flag.place.rpartition("#")[2]) - 1 for flag in checker.flags]


TWENTY = [0] * 10 + [120] * 10


def test_a_witness_that_came_later_vouches_for_what_its_own_checkpoint_holds() -> None:
    """Two units never meet on one checkpoint: the later one's time says nothing of the earlier size."""
    assert flagged(BOTH, [(10, "U01", after(1)), (20, "U02", after(180))], TWENTY) == []


def test_what_a_quorum_was_shown_nothing_of_is_flagged() -> None:
    """Both had looked, at ten leaves and fewer, when the others claim to have been there long."""
    cosigned = [(8, "U01", after(179)), (10, "U02", after(180))]
    assert flagged(BOTH, cosigned, TWENTY) == list(range(10, 20))
    assert flagged(BOTH, cosigned, [0] * 10 + [170] * 10) == []


def test_a_policy_that_wants_nobody_flags_nothing() -> None:
    assert list(witnessed_heads(Policy(), [(8, "U01", after(1))])) == []


@pytest.mark.parametrize("policy", [BOTH, ANY])
@pytest.mark.parametrize("seed", range(20))
def test_the_bundles_verifier_judges_alike(policy: Policy, seed: int) -> None:
    """The same sizes and times from the same cosignatures."""
    luck = random.Random(seed)  # noqa: S311 - the same ones each time
    cosigned = [
        (luck.randrange(1, 30), luck.choice(UNITS), after(luck.randrange(300))) for _ in range(12)
    ]
    bundle: Any = SimpleNamespace(_cosigned=cosigned)
    theirs = verify_bundle.Verification._quorums(bundle, policy)  # type: ignore[arg-type]
    ours = list(witnessed_heads(policy, cosigned))
    assert ours
    assert theirs == ([w.size for w in ours], [int(w.at.timestamp()) for w in ours])


OLD, NEW = Signer(b"\x31" * 32), Signer(b"\x32" * 32)
KEYS = [LogKey(log_key(ORIGIN, OLD.public_key), 7), LogKey(log_key(ORIGIN, NEW.public_key))]


@pytest.mark.parametrize(
    ("size", "signers", "word"),
    [
        (50, (OLD,), None),
        (51, (OLD,), "retired"),
        (51, (OLD, NEW), None),
        (50, (NEW,), None),
        (51, (Signer(b"\x33" * 32),), "unsigned"),
    ],
)
def test_a_key_signs_until_the_leaves_say_that_it_is_retired(
    size: int, signers: tuple[Signer, ...], word: str | None
) -> None:
    """The seventh event of the conference's stream is leaf 50."""
    checkpoint = Checkpoint(ORIGIN, size, b"\x01" * 32)
    note = Note(checkpoint.text, tuple(sign_checkpoint(checkpoint, each) for each in signers))
    assert check_signatures(note, size, KEYS, lambda seq: 50 if seq == 7 else None) == word
    assert check_signatures(note, size, KEYS, lambda _: None) == (
        word if word == "unsigned" else None
    )


def test_an_instant_that_is_none_is_unsealed_not_an_error() -> None:
    """Somebody has written into the column."""
    checker = LogChecker(ORIGIN, [])
    for at in ("garbage", "2026-03-02T01:00:00"):
        checker.unsealed(at, ("task/T-0001", 1), format_instant(BEGIN))
    assert [finding.code for finding in checker.findings] == ["UNSEALED"] * 2
