"""The pieces of verify_bundle.py against the libraries and layers that they stand in for."""

import json
from hashlib import sha512
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.bindings import crypto_core_ed25519_is_valid_point

import verify_bundle as v
from lianxi.domain.refusal import Refusal
from lianxi.proof import canonical
from lianxi.proof.keys import Signer, verify
from lianxi.proof.notes import NoteKey
from lianxi.proof.policies import parse_policy
from lianxi.proof.tree import Range

VECTORS = Path(__file__).parents[1] / "proof" / "vectors"


def cases(name: str) -> list[dict[str, Any]]:
    """The cases of a vector file, which says where they come from."""
    found: list[dict[str, Any]] = json.loads((VECTORS / name).read_text())["cases"]
    return found


# --- Ed25519 ---


@pytest.mark.parametrize("case", cases("rfc8032.json"), ids=lambda case: case["name"])
def test_rfc_8032_signatures_hold(case: dict[str, str]) -> None:
    """RFC 8032 §7.1; one bit changed anywhere, they do not."""
    key, message, signature = (
        bytes.fromhex(case[name]) for name in ("public_key", "message", "signature")
    )
    assert v.ed25519_verify(key, message, signature)
    assert not v.ed25519_verify(key, message + b"x", signature)
    for at in range(0, 512, 37):
        flipped = bytearray(signature)
        flipped[at // 8] ^= 1 << at % 8
        assert not v.ed25519_verify(key, message, bytes(flipped))


@pytest.mark.parametrize("case", cases("cctv-ed25519.json"), ids=lambda case: str(case["number"]))
def test_cctv_edge_cases_are_judged_as_libsodium_judges_them(case: dict[str, Any]) -> None:
    """Small and mixed orders, residues, non-canonical encodings."""
    key, signature = bytes.fromhex(case["key"]), bytes.fromhex(case["sig"])
    assert v.ed25519_verify(key, case["msg"].encode(), signature) is case["libsodium_accepts"]
    assert v.valid_key(key) == crypto_core_ed25519_is_valid_point(key)


BASE = v.decompress((4 * pow(5, v.P - 2, v.P) % v.P).to_bytes(32, "little"))
assert BASE is not None


def _of_order_eight() -> v.Point:
    """A generator of the small subgroup: a point times the large order."""
    for y in range(2, 100):
        point = v.decompress(y.to_bytes(32, "little"))
        if point is None:
            continue
        torsion = v.multiply(v.L, point)
        four = v.multiply(4, torsion)
        if (four[0], four[1]) != (0, four[2]):
            return torsion
    raise AssertionError("half of all points do")


TORSION = _of_order_eight()


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_made_up_edge_cases_are_judged_as_libsodium_judges_them(seed: int) -> None:
    """Keys and nonces with small-order parts, scalars too large, negative zeros, y beyond p."""
    chance = Random(seed)  # noqa: S311 - a test's dice
    secret = chance.choice([0, chance.randrange(v.L)])
    nonce = chance.choice([0, chance.randrange(v.L)])
    key_point = v.point_add(v.multiply(secret, BASE), v.multiply(chance.randrange(8), TORSION))
    r_point = v.point_add(v.multiply(nonce, BASE), v.multiply(chance.randrange(8), TORSION))
    key, r = v.compress(key_point), v.compress(r_point)
    if chance.random() < 0.2:  # the other spelling, where there is one
        y = int.from_bytes(r, "little")
        r = (y + v.P).to_bytes(32, "little") if y + v.P < 1 << 256 else r
    message = b"%d" % seed
    h = int.from_bytes(sha512(r + key + message).digest(), "little") % v.L
    s = (nonce + h * secret) % v.L + chance.choice([0, 0, 0, v.L])
    signature = r + s.to_bytes(32, "little")
    assert v.ed25519_verify(key, message, signature) == verify(key, message, signature)
    assert v.valid_key(key) == crypto_core_ed25519_is_valid_point(key)


@settings(max_examples=100, deadline=None)
@given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=99), noise=st.binary())
def test_random_signatures_hold_and_noise_does_not(
    seed: bytes, message: bytes, noise: bytes
) -> None:
    signer = Signer(seed)
    signature = signer.sign(message)
    assert v.ed25519_verify(signer.public_key, message, signature)
    assert v.ed25519_verify(noise, message, signature) == (noise == signer.public_key)
    assert v.ed25519_verify(signer.public_key, message, noise) == (noise == signature)
    assert v.valid_key(signer.public_key)


# --- canonical JSON ---


def strict(data: bytes) -> Any:
    """The layer's answer: the value, or that it is refused."""
    try:
        return canonical.parse_canonical(data, max_bytes=10_000)
    except Refusal:
        return "refused"


def ours(data: bytes) -> Any:
    """The verifier's answer."""
    try:
        return v.parse(data, 10_000)
    except v.BadError:
        return "refused"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**54), 2**54) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=400, deadline=None)
@given(value=VALUES, spaced=st.booleans(), escaped=st.booleans())
def test_json_is_judged_as_the_proof_layer_judges_it(
    value: Any, spaced: bool, escaped: bool
) -> None:
    """Any value in any spelling: accepted by both, or by none."""
    separators = (", ", ": ") if spaced else (",", ":")
    text = json.dumps(value, ensure_ascii=escaped, separators=separators, sort_keys=True)
    data = text.encode("utf-8", "surrogatepass")
    assert ours(data) == strict(data)


@settings(max_examples=400, deadline=None)
@given(data=st.binary(max_size=60))
def test_bytes_are_judged_as_the_proof_layer_judges_them(data: bytes) -> None:
    assert ours(data) == strict(data)


ODD_JSON = [
    b'{"a":1,"a":1}',
    b"\xef\xbb\xbf{}",
    b"1e3",
    b"-0",
    b"01",
    b"NaN",
    b"9007199254740991",
    b"9007199254740992",
    b'"\\ud800"',
    b'"\\u0041"',
    b'"\x7f"',
    b'"\\b\\t\\n\\f\\r\\"\\\\"',
    b'"\\u001f"',
    b'"\\u001F"',
    b'"\\/"',
    b"[" * 32 + b"]" * 32,
    b"[" * 33 + b"]" * 33,
    '{"\ue000":1,"\U00010000":2}'.encode(),
    '{"\U00010000":2,"\ue000":1}'.encode(),
    '["é"]'.encode(),
    b'["\xc3"]',
    b"",
    b"{} ",
]


@pytest.mark.parametrize("data", ODD_JSON, ids=range(len(ODD_JSON)))
def test_odd_json_is_judged_as_the_proof_layer_judges_it(data: bytes) -> None:
    assert ours(data) == strict(data)


# --- tree, policy ---


def test_roots_are_those_of_the_proof_layer() -> None:
    """At every size to 70."""
    tree, other = v.Tree(), Range()
    for number in range(70):
        assert tree.root() == other.root()
        leaf = v.leaf_hash(b"%d" % number)
        tree.append(leaf)
        other.append(leaf)


KEYS = [NoteKey(f"w{n}", 4, Signer(bytes([n]) * 32).public_key).vkey() for n in range(1, 5)]
LOGS = [NoteKey("log.example", 1, Signer(bytes([n]) * 32).public_key).vkey() for n in (5, 6)]

POLICY_LINES = [
    *(f"witness {name} {vkey}" for name, vkey in zip("abcd", KEYS, strict=True)),
    f"witness a {KEYS[1]}",
    f"witness e {LOGS[0]}",
    f"log {LOGS[0]}",
    f"log {LOGS[1]} https://log.example/",
    f"log {KEYS[0]}",
    "group g 2 a b c",
    "group g any a b",
    "group h all g d",
    "group h 0 a",
    "group h 9 a",
    "group none any a",
    "quorum g",
    "quorum h",
    "quorum a",
    "quorum none",
    "quorum nobody",
    "# a comment",
    "",
    " \t",
    "nonsense",
    "log",
    "group g",
    "quorum",
    "quorum a b",
    "log \x01",
]


@settings(max_examples=500, deadline=None)
@given(
    chosen=st.lists(st.sampled_from(POLICY_LINES), max_size=7),
    begin=st.integers(0, 4),
    names=st.sets(st.sampled_from("abcd")),
)
def test_policies_are_judged_as_the_proof_layer_judges_them(
    chosen: list[str], begin: int, names: set[str]
) -> None:
    """The same refused; of the others the same quorums."""
    text = "".join(line + "\n" for line in [*POLICY_LINES[:begin], *chosen])
    try:
        expected = parse_policy(text)
    except Refusal:
        with pytest.raises(v.BadError):
            v.Policy(text)
        return
    policy = v.Policy(text)
    assert policy.satisfied(names) == expected.satisfied(names)
    assert list(policy.witnesses) == list(expected.witnesses)
