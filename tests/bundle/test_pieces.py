"""The pieces of verify_bundle.py against the libraries and layers that they stand in for."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha512
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.bindings import crypto_core_ed25519_is_valid_point
from pydantic import ValidationError

import verify_bundle as v
from lianxi.domain.refusal import Refusal
from lianxi.domain.roster import (
    Possession,
    Roster,
    RosterChanges,
    RosterKey,
    RosterSignature,
    Threshold,
)
from lianxi.domain.values import format_instant
from lianxi.proof import canonical
from lianxi.proof.checkpoints import Checkpoint, read_checkpoint
from lianxi.proof.commands import open_command
from lianxi.proof.envelopes import KEY_REQUEST_TYPE, decode, seal_envelope
from lianxi.proof.events import open_event
from lianxi.proof.hashing import ZERO_HASH
from lianxi.proof.keys import Signer, verify
from lianxi.proof.notes import NoteKey
from lianxi.proof.policies import parse_policy, policy_text
from lianxi.proof.possession import proof_of_possession
from lianxi.proof.roster_proofs import check_possessions
from lianxi.proof.rosters import RosterStep, adopt, check_genesis, roster_hash, sign_roster
from lianxi.proof.tree import MAX_SIZE, Range
from tests.bundle.material import Made
from tests.proof import test_fuzz as good
from tests.proof.material import ORIGIN, entry

VECTORS = Path(__file__).parents[1] / "vectors"


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


def _base() -> v.Point:
    """RFC 8032 §5.1: y = 4/5."""
    point = v.decompress((4 * pow(5, v.P - 2, v.P) % v.P).to_bytes(32, "little"))
    assert point is not None
    return point


BASE = _base()


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


# --- damaged files, each read by both ---

PIECES = [
    *"\u00a0\u2003\u3000\x85\u2028\x1f\x7f\x0b\t\r \n+=/0-—é\ufeff\U0001f600#a",
    "\n\n",
    "null",
    "9" * 19,
]


def damaged(text: str, chance: Random) -> str:
    """Something left out, put in, put in the place of something, or doubled; up to three times."""
    for _ in range(chance.randint(1, 3)):
        begin = chance.randrange(len(text) + 1)
        end = min(len(text), begin + chance.choice([0, 0, 1, 1, 2, 8]))
        piece = chance.choice(["", *PIECES])
        text = text[: chance.choice([begin, end])] + piece + text[chance.choice([begin, end]) :]
    return text


def _event(text: str) -> None:
    """As `Verification._event` reads one."""
    event = v.open_event(text.encode())
    v.micros(event["at"])
    v.micros(event.get("happened_at") or event["at"])


READERS: dict[str, tuple[str, Callable[[str], Any], Callable[[str], Any]]] = {
    "policy": (policy_text(good.POLICY), parse_policy, v.Policy),
    "checkpoint": (
        good.CHECKPOINT.decode(),
        lambda text: read_checkpoint(text.encode()),
        v.parse_checkpoint,
    ),
    "envelope": (good.COMMAND.decode(), open_command, v.open_command),
    "event": (good.SEALED.text, lambda text: open_event(text.encode()), _event),
    "log's key": (good.LOG.vkey(), NoteKey.parse, lambda text: v.parse_vkey(text, 1)),
}


def taken(read: Callable[[str], Any], text: str) -> bool:
    """Whether it is read; refused in any other way than by its own errors is an error."""
    try:
        read(text)
    except (Refusal, v.BadError):
        return False
    return True


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_damaged_files_are_judged_as_the_proof_layer_judges_them(name: str, seed: int) -> None:
    """Taken by both, or refused by both; fifty of a kind each time."""
    text, live, own = READERS[name]
    assert taken(live, text)
    assert taken(own, text)
    chance = Random(seed)  # noqa: S311 - a test's dice
    for _ in range(50):
        other = damaged(text, chance)
        assert taken(live, other) == taken(own, other), other


def _note(text: str) -> str:
    _, _, signatures = good.CHECKPOINT.decode().partition("\n\n")
    return f"{text}\n{signatures}"


def _envelope(**changes: Any) -> str:
    document = json.loads(good.COMMAND)
    document["signatures"][0] |= changes
    return canonical.dumps(document).decode()


def _vkey(key: bytes) -> str:
    return NoteKey("log.example", 1, key).vkey()


ODD_FILES = [
    *(("policy", f"witness{space}a {KEYS[0]}\nquorum a\n") for space in ("\xa0", "\t ", "\u3000")),
    ("policy", f"witness a {KEYS[0]}\nquorum a"),
    ("policy", "#" * 300_000 + "\nquorum none\n"),
    *(("checkpoint", _note(Checkpoint(o, 2, bytes(32)).text)) for o in ("a b", "a+b", "", "é", "a\xa0")),
    *(("checkpoint", _note(Checkpoint("a", n, bytes(32)).text)) for n in (0, MAX_SIZE, MAX_SIZE + 1)),
    ("checkpoint", _note(Checkpoint("a", 0, v.Tree().root()).text)),
    ("checkpoint", _note(Checkpoint("é" * 131_000, 1, bytes(32)).text)),
    *(("envelope", _envelope(sig=sig)) for sig in ("", "AAAA", "A" * 86 + "==")),
    # not on the curve, of small order, of mixed order
    *(("log's key", _vkey(key)) for key in (b"\2" + bytes(31), b"\1" + bytes(31), v.compress(TORSION))),
    ("log's key", _vkey(v.compress(v.point_add(BASE, TORSION)))),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), ODD_FILES, ids=range(len(ODD_FILES)))
def test_odd_files_are_judged_as_the_proof_layer_judges_them(name: str, text: str) -> None:
    _, live, own = READERS[name]
    assert taken(live, text) == taken(own, text)


# --- rosters: one step, and the first ---

SIGNERS = [Signer(bytes([40 + number]) * 32) for number in range(9)]
UNITS = ("convener", "office", "U01", "U02", "system", "Convener")
NOW = datetime(2026, 11, 2, 1, 2, 3, tzinfo=UTC)


def some_entry(chance: Random, known: tuple[RosterKey, ...] = ()) -> RosterKey:
    """A key to be listed, mostly as it should be."""
    changes: dict[str, Any] = {}
    unit = chance.choice(UNITS[2:4])
    if chance.random() < 0.15:
        unit = chance.choice(UNITS)
        changes["use"] = chance.choice(["command", "log", "receipt"])
    if chance.random() < 0.1:
        changes["role"] = chance.choice(["unit", "convener", "system"])
    if chance.random() < 0.05:
        changes["state"] = "retired"
    if chance.random() < 0.05:
        changes["key_id"] = "ab" * 32
    if known and chance.random() < 0.4:
        lost = chance.choice(known)
        unit = chance.choice([lost.unit, unit])
        hours = timedelta(hours=chance.choice([-1, 0, 72]))
        changes |= {"replaces": lost.key_id, "effective": NOW + hours}
        changes.pop(chance.choice(["replaces", "effective", "x", "y", "z"]), None)
    new = chance.random() < 0.9
    return entry(chance.choice(SIGNERS[6:] if new else SIGNERS), unit, **changes)


def some_threshold(chance: Random) -> Threshold:
    """Of keys that may be known."""
    keys = chance.choices([signer.key_id for signer in SIGNERS[:5]], k=chance.randint(1, 3))
    return Threshold(k=chance.randint(1, 3), keys=tuple(keys))


def some_roster(chance: Random) -> Roster:
    """A conference at work: some keys retired, one perhaps about to be replaced."""
    units = ("convener", "office", "U01", "U02", "U01")
    keys = [
        entry(signer, unit, state="retired" if chance.random() < 0.1 else "active")
        for signer, unit in zip(SIGNERS, units, strict=False)
    ]
    if chance.random() < 0.4:
        effective = NOW + timedelta(hours=chance.choice([-1, 0, 1]))
        keys.append(entry(SIGNERS[5], "U01", replaces=keys[2].key_id, effective=effective))
    threshold = Threshold(k=1, keys=(SIGNERS[0].key_id, SIGNERS[1].key_id)[: chance.randint(1, 2)])
    if chance.random() < 0.2:
        threshold = some_threshold(chance)
    return Roster(version=4, prev_roster="cd" * 32, threshold=threshold, keys=tuple(keys))


def some_step(chance: Random, roster: Roster) -> RosterKey | RosterChanges:
    """One key more, or changes."""
    if chance.random() < 0.5:
        return some_entry(chance, roster.keys)
    known = [key.key_id for key in roster.keys] + ["ef" * 32]
    parts: dict[str, Any] = {
        "add": tuple(some_entry(chance) for _ in range(chance.choice([1, 1, 2]))),
        "retire": tuple(chance.choices(known, k=chance.choice([1, 1, 2]))),
        "threshold": some_threshold(chance),
    }
    chosen = chance.sample(sorted(parts), chance.choice([1, 1, 2, 3]))
    return RosterChanges(**{name: parts[name] for name in chosen})


def some_signatures(chance: Random, roster: Roster) -> Iterator[RosterSignature]:
    """By those who should, others, somebody twice, one that does not hold."""
    wanted = {*roster.threshold.keys, SIGNERS[0].key_id}
    for signer in SIGNERS:
        if chance.random() < (0.9 if signer.key_id in wanted else 0.05):
            yield sign_roster(roster, signer)
    if chance.random() < 0.1:
        given = sign_roster(roster, SIGNERS[0])
        yield given.model_copy(update={"signature": chance.choice(["0" * 128, given.signature])})


def plain(model: Any) -> Any:
    """As it stands in an event."""
    return model.model_dump(mode="json", exclude_none=True)


@settings(max_examples=500, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_roster_steps_are_judged_as_the_proof_layer_judges_them(seed: int) -> None:
    """The same next roster by both, or refused by both."""
    chance = Random(seed)  # noqa: S311 - a test's dice
    before = some_roster(chance)
    change = some_step(chance, before)
    alone = isinstance(change, RosterKey)
    derived = before.after(roster_hash(before), 5, change)
    signatures = tuple(some_signatures(chance, derived))
    name: dict[str, Any] = {"entry": change} if alone else {"changes": change, "version": 5}
    at = format_instant(NOW)

    def live() -> str:
        return roster_hash(adopt(before, RosterStep(**name, signatures=signatures), at=NOW))

    def own() -> str:
        judge = v.Roster(plain(before))
        after = judge.after(plain(change), at, adds_one=alone)
        after.check_signatures([plain(each) for each in signatures], judge, at)
        return after.hash

    assert answer(live) == answer(own)


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_first_rosters_are_judged_as_the_proof_layer_judges_them(seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - a test's dice
    roster = Roster(
        version=chance.choice([1, 1, 1, 2]),
        prev_roster=chance.choice([ZERO_HASH, ZERO_HASH, ZERO_HASH, "cd" * 32]),
        threshold=chance.choice(
            [Threshold(k=1, keys=(SIGNERS[0].key_id,)), some_threshold(chance)]
        ),
        keys=(
            entry(SIGNERS[0], "convener"),
            entry(SIGNERS[1], "office"),
            *(some_entry(chance) for _ in range(chance.randint(0, 2))),
        ),
    )
    signatures = tuple(some_signatures(chance, roster))

    def live() -> str:
        check_genesis(roster, signatures)
        return roster_hash(roster)

    def own() -> str:
        first = v.Roster(plain(roster))
        v.check_genesis(first, [plain(each) for each in signatures], format_instant(NOW))
        return first.hash

    assert answer(live) == answer(own)


@pytest.mark.parametrize(
    ("k", "count"), [(1, 1), (16, 16), (0, 1), (17, 17), (1, 0), (1, 17), (2, 1)]
)
def test_thresholds_are_bounded_as_in_the_proof_layer(k: int, count: int) -> None:
    """Between 1 and 16 keys, of which some and at most all sign."""
    signers = [Signer(bytes([90 + number]) * 32) for number in range(max(count, 1))]
    keys = [plain(entry(signer, "convener")) for signer in signers]
    threshold = {"k": k, "keys": [signer.key_id for signer in signers[:count]]}
    document = {"version": 1, "prev_roster": ZERO_HASH, "threshold": threshold, "keys": keys}
    try:
        roster = Roster.model_validate(document)
        signatures = tuple(sign_roster(roster, signer) for signer in signers)
        check_genesis(roster, signatures)
        stands = True
    except (ValidationError, Refusal):
        stands, signatures = False, ()
    given = [plain(each) for each in signatures]
    assert stands == (1 <= k <= count <= 16)
    if stands:
        assert v.check_genesis(v.Roster(document), given, format_instant(NOW)) == count
    else:
        with pytest.raises(v.BadError, match=r"threshold|form:k"):
            v.check_genesis(v.Roster(document), given, format_instant(NOW))


@pytest.mark.parametrize("other", ["unknown", "log"])
def test_every_key_of_a_first_threshold_commands(other: str) -> None:
    """Although the one that signed would be enough."""
    founder, log = entry(SIGNERS[0], "convener"), entry(SIGNERS[1], "system", use="log")
    both = (founder.key_id, log.key_id if other == "log" else "ab" * 32)
    roster = Roster(
        version=1, prev_roster=ZERO_HASH, threshold=Threshold(k=1, keys=both), keys=(founder, log)
    )
    signed = (sign_roster(roster, SIGNERS[0]),)
    with pytest.raises(Refusal):
        check_genesis(roster, signed)
    with pytest.raises(v.BadError, match="threshold"):
        v.check_genesis(v.Roster(plain(roster)), [plain(signed[0])], format_instant(NOW))


# --- who signs for a new key ---


def possession(new: RosterKey, by: Signer, old: Signer | None = None) -> Possession:
    """The holder's word for a key, and that of the key whose place it takes."""
    holder = next(signer for signer in SIGNERS if signer.key_id == new.key_id)
    request = decode(
        proof_of_possession(holder, origin=ORIGIN, unit=new.unit),
        payload_type=KEY_REQUEST_TYPE,
    )
    rotated = None
    if old is not None:
        signature = seal_envelope(KEY_REQUEST_TYPE, request.payload, by).signature.hex()
        rotated = RosterSignature(key_id=old.key_id, signature=signature)
    return Possession(key_id=new.key_id, signature=request.signature.hex(), rotated=rotated)


OLD, WAITING, NEW, NEWER = SIGNERS[2], SIGNERS[5], SIGNERS[6], SIGNERS[7]
FIRST, SECOND = entry(NEW, "U01"), entry(NEWER, "U01")
STRANGE = entry(NEW, "U02")
ROTATIONS: dict[str, tuple[tuple[RosterKey, ...], Signer | None, list[Possession], bool]] = {
    "right": ((FIRST,), OLD, [possession(FIRST, OLD, OLD)], True),
    "no word of the old key": ((FIRST,), OLD, [possession(FIRST, OLD)], False),
    "nobody goes": ((FIRST,), None, [possession(FIRST, OLD)], True),
    "the old key stays": ((FIRST,), None, [possession(FIRST, OLD, OLD)], False),
    "another's signature": ((FIRST,), OLD, [possession(FIRST, NEW, OLD)], False),
    "another unit's key": ((STRANGE,), OLD, [possession(STRANGE, OLD, OLD)], False),
    "no word of the new key": ((FIRST,), OLD, [], False),
    "a word too many": (
        (FIRST,),
        OLD,
        [possession(FIRST, OLD, OLD), possession(SECOND, OLD)],
        False,
    ),
    "one for two": (
        (FIRST, SECOND),
        OLD,
        [possession(FIRST, OLD, OLD), possession(SECOND, OLD, OLD)],
        False,
    ),
    "by a key that waits": ((FIRST,), WAITING, [possession(FIRST, WAITING, WAITING)], False),
    "by a key that gives way": ((FIRST,), OLD, [possession(FIRST, OLD, OLD)], False),
}


@pytest.mark.parametrize("name", ROTATIONS)
def test_words_for_new_keys_are_judged_as_the_proof_layer_judges_them(
    name: str, lived: Made, tmp_path: Path
) -> None:
    """A rotation is signed by both keys, and the old one may still act."""
    added, gone, given, right = ROTATIONS[name]
    keys = [entry(SIGNERS[0], "convener"), entry(OLD, "U01")]
    if "waits" in name or "gives way" in name:
        later = NOW + timedelta(hours=72)
        keys.append(entry(WAITING, "U01", replaces=OLD.key_id, effective=later))
    before = Roster(
        version=4,
        prev_roster="cd" * 32,
        threshold=Threshold(k=1, keys=(SIGNERS[0].key_id,)),
        keys=tuple(keys),
    )
    changes = RosterChanges(add=added, retire=None if gone is None else (gone.key_id,))
    try:
        check_possessions(before, changes, given, ORIGIN, at=NOW)
        held = True
    except Refusal:
        held = False
    with v.Bundle(str(lived.write(tmp_path))) as bundle:
        run = v.Verification(bundle, None, jobs=1)
        run.origin = ORIGIN
        data = {"changes": plain(changes), "possessions": [plain(each) for each in given]}
        event = {"kind": "RosterChanged", "at": format_instant(NOW), "data": data}
        run._possessions(event, v.Roster(plain(before)), "here")
        run._signatures.finish()
    assert (held, not run.findings) == (right, right)


def answer(judge: Callable[[], str]) -> str:
    """The roster's hash, or that it is refused."""
    try:
        return judge()
    except (Refusal, v.BadError):
        return "refused"
