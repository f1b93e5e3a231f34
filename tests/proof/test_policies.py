"""Witness policies (C2SP tlog-policy) and when a checkpoint is witnessed."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianxi.proof.checkpoints import Checkpoint, cosign, log_key, witness_key
from lianxi.proof.keys import Signer
from lianxi.proof.policies import MAX_POLICY_BYTES, Group, Policy, parse_policy, policy_text
from lianxi.proof.refusals import PolicyMalformedError
from lianxi.proof.witnessing import cosigned_by, smallest_quorum, witnessed_at, witnessed_size

from .material import CONVENER, ORIGIN, STRANGER

SIGNERS = {name: Signer(bytes([number]) * 32) for number, name in enumerate("ABCDEFGH", 20)}
KEYS = {name: witness_key(f"{ORIGIN}/{name}/1", one.public_key) for name, one in SIGNERS.items()}
LOG = log_key(ORIGIN, CONVENER.public_key)
LINE = {name: f"witness {name} {key.vkey()}\n" for name, key in KEYS.items()}
EXAMPLE = (
    f"log {LOG.vkey()}\n\n# two organisations\n"
    + "".join(LINE[name] for name in "ABC")
    + "group X-witnesses 2 A B C\n\n"
    + "".join(LINE[name] for name in "DEF")
    + "group Y-witnesses any D E F\n\ngroup X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n"
)
HEAD = Checkpoint(ORIGIN, 12, b"\x07" * 32)


def reason(text: str) -> tuple[str, object]:
    """Why a policy is refused, and in which line."""
    with pytest.raises(PolicyMalformedError) as refused:
        parse_policy(text)
    return str(refused.value.params["reason"]), refused.value.params["place"]


def majority(count: int, names: str = "ABCDE") -> Policy:
    """`count` of these witnesses."""
    witnesses = {name: KEYS[name] for name in names}
    return Policy((LOG,), witnesses, {"quorum": Group(count, tuple(names))}, "quorum")


def test_the_example_of_the_specification_is_read() -> None:
    """Two levels of groups: two of the first, one of the second."""
    policy = parse_policy(EXAMPLE)
    assert policy.logs == (LOG,)
    assert policy.witnesses == {name: KEYS[name] for name in "ABCDEF"}
    assert policy.groups["X-and-Y"] == Group(2, ("X-witnesses", "Y-witnesses"))
    for count in range(7):
        for names in combinations("ABCDEF", count):
            wanted = len(set(names) & set("ABC")) >= 2 and bool(set(names) & set("DEF"))
            assert policy.satisfied(names) is wanted


def test_names_the_policy_does_not_hold_count_nothing() -> None:
    """Nor does the name of a group."""
    assert not majority(2).satisfied(["A", "H", "quorum", "none"])
    assert majority(2).satisfied(["A", "B", "H"])
    assert not majority(2).satisfied(["A", "A"])


def test_one_witness_may_be_the_quorum() -> None:
    """And nobody may be."""
    single = parse_policy(LINE["A"] + "quorum A\n")
    assert single.satisfied(["A"])
    assert not single.satisfied([])
    assert parse_policy("quorum none\n") == Policy()
    assert Policy().satisfied([])


def test_blanks_comments_and_addresses_are_allowed() -> None:
    """Spaces and tabs alone part words; `none` may stand among others only as the quorum."""
    text = (
        f"\n  # comment\n\t log\t{LOG.vkey()}  https://log.example/ \n"
        f" {LINE['A'].strip()} https://witness.example/\n"
        "# 联席\nquorum A\n"
    )
    assert parse_policy(text) == Policy((LOG,), {"A": KEYS["A"]}, {}, "A")


def test_the_largest_policy_is_read() -> None:
    """One character more is refused (below)."""
    text = "quorum none\n"
    assert parse_policy("#" * (MAX_POLICY_BYTES - len(text) - 1) + "\n" + text) == Policy()


def test_names_may_hold_any_letters() -> None:
    """They are opaque: what looks alike is not the same."""
    text = (
        LINE["A"].replace("witness A", "witness 单位#一")
        + "group \u212a 1 单位#一\nquorum \u212a\n"
    )
    assert parse_policy(text).satisfied(["单位#一"])
    assert reason(text.replace("quorum \u212a", "quorum K")) == ("quorum", 3)


A, B = LINE["A"], LINE["B"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", ("quorum", 0)),
        ("quorum none", ("end", 1)),
        (A + "group x any A\nquorum x", ("end", 3)),
        (A, ("quorum", 0)),
        ("quorum none\r\n", ("control", 1)),
        ("\0quorum none\n", ("control", 1)),
        ("quorum none\x7f\n", ("control", 1)),
        ("quorum none\nquorum none\n", ("quorum", 2)),
        ("quorum A\n" + A, ("quorum", 1)),
        ("quorum\n", ("fields", 1)),
        ("quorum none none\n", ("fields", 1)),
        ("Quorum none\n", ("keyword", 1)),
        ("quorum\u00a0none\n", ("keyword", 1)),
        ("log\n", ("fields", 1)),
        (f"log {LOG.vkey()} a b\n", ("fields", 1)),
        ("log x\n", ("key", 1)),
        (f"log {KEYS['A'].vkey()}\n", ("algorithm", 1)),
        (f"log {LOG.vkey()}\nlog {LOG.vkey()}\n", ("duplicate-key", 2)),
        (f"log {LOG.vkey()}\nlog {LOG._replace(name='b').vkey()}\n", ("duplicate-key", 2)),
        ("witness A\n", ("fields", 1)),
        (f"witness A {KEYS['A'].vkey()} a b\n", ("fields", 1)),
        (f"witness A {LOG.vkey()}\n", ("algorithm", 1)),
        (f"witness A {KEYS['A'].vkey()[:-1]}\n", ("key", 1)),
        (f"witness none {KEYS['A'].vkey()}\n", ("name", 1)),
        (A + f"witness A {KEYS['B'].vkey()}\n", ("name", 2)),
        (A + f"witness B {KEYS['A'].vkey()}\n", ("duplicate-key", 2)),
        (A + f"witness B {KEYS['A']._replace(name='b').vkey()}\n", ("duplicate-key", 2)),
        (A + "group x any\n", ("fields", 2)),
        (A + "group none any A\n", ("name", 2)),
        (A + "group A any A\n", ("name", 2)),
        (A + "group x any B\n" + B, ("member", 2)),
        (A + "group x any x\n", ("member", 2)),
        (A + "group x any none\n", ("member", 2)),
        (A + B + "group x any A A\n", ("member", 3)),
        (A + B + "group x any A\ngroup y any A B\n", ("member", 4)),
        (A + "group x 0 A\n", ("threshold", 2)),
        (A + "group x 2 A\n", ("threshold", 2)),
        (A + "group x 01 A\n", ("threshold", 2)),
        (A + "group x +1 A\n", ("threshold", 2)),
        (A + "group x \u0661 A\n", ("threshold", 2)),
        (A + "group x most A\n", ("threshold", 2)),
        (A + "group x " + "9" * 5000 + " A\n", ("threshold", 2)),
        ("#" * MAX_POLICY_BYTES + "\n", ("size", 0)),
    ],
)
def test_malformed_policies_are_refused_with_their_line(text: str, why: tuple[str, int]) -> None:
    """Nothing is guessed: a policy misread is a quorum nobody wanted."""
    assert reason(text) == why


def test_a_policy_is_read_back() -> None:
    """Also from a file with comments."""
    for policy in (Policy(), majority(3), parse_policy(EXAMPLE)):
        assert parse_policy(policy_text(policy)) == policy


def test_cosignatures_of_known_witnesses_are_found() -> None:
    """Strangers, other checkpoints and damaged lines are passed over."""
    lines = [
        cosign(HEAD, KEYS["A"].name, SIGNERS["A"], 100),
        cosign(HEAD, KEYS["H"].name, SIGNERS["H"], 100),
        cosign(HEAD, KEYS["B"].name, STRANGER, 100),
        cosign(HEAD._replace(size=13), KEYS["C"].name, SIGNERS["C"], 100),
        cosign(HEAD, KEYS["D"].name, SIGNERS["D"], 101),
    ]
    assert cosigned_by(majority(2), HEAD, lines) == [(12, "A", 100), (12, "D", 101)]


def test_a_later_cosignature_witnesses_what_came_before() -> None:
    """Not what came after, and not two of one witness."""
    cosigned = [(10, "A", 100), (12, "B", 130), (11, "C", 120), (30, "B", 90)]
    policy = majority(3)
    assert witnessed_at(policy, cosigned, 10) == 120
    assert witnessed_at(policy, cosigned, 11) is None
    assert witnessed_at(majority(2), cosigned, 11) == 120
    assert witnessed_at(majority(2), cosigned, 12) is None
    assert witnessed_at(majority(1), cosigned, 30) == 90
    assert witnessed_at(majority(1), cosigned, 31) is None
    assert witnessed_at(majority(2), [(10, "A", 1), (20, "A", 2), (20, "H", 3)], 5) is None


def test_where_nobody_is_wanted_everything_is_witnessed() -> None:
    """From the beginning."""
    assert witnessed_at(Policy(), [], 10) == 0
    assert witnessed_size(Policy(), []) is None
    assert witnessed_size(Policy(), [(7, "A", 1)]) == 7


@given(
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from("ABCDEFH"), st.integers(0, 9))),
    st.integers(1, 5),
)
def test_witnessed_sizes_are_those_below_the_largest(
    cosigned: list[tuple[int, str, int]], count: int
) -> None:
    """And the time is the first at which the quorum was full, in whatever order they came."""
    policy = majority(count)
    largest = witnessed_size(policy, cosigned)
    for size in range(11):
        at = witnessed_at(policy, cosigned, size)
        assert (at is not None) == (largest is not None and size <= largest)
        assert at == witnessed_at(policy, list(reversed(cosigned)), size)
        if at is not None:
            by = {name for of, name, time in cosigned if of >= size and time <= at}
            before = {name for of, name, time in cosigned if of >= size and time < at}
            assert policy.satisfied(by)
            assert not policy.satisfied(before)


def test_two_smallest_quorums_share_an_honest_witness() -> None:
    """That is k > (n + f) / 2, and k is the smallest such number."""
    for witnesses in range(1, 8):
        for dishonest in range(witnesses):
            k = smallest_quorum(witnesses, dishonest)
            assert 2 * k > witnesses + dishonest >= 2 * (k - 1)
            if k <= witnesses:
                liars = set(range(dishonest))
                groups = [set(group) for group in combinations(range(witnesses), k)]
                assert all((one & two) - liars for one in groups for two in groups)
