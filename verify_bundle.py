#!/usr/bin/env python3
"""Checks a bundle of `lianxi audit export --bundle` on an empty machine (a program of its own).

One file, the standard library alone, Python 3.9 or newer; nothing of Lianxi is imported, and nothing
imports this. It asks no network and writes nothing.

    python3 verify_bundle.py BUNDLE --trust FILE [--checkpoint FILE]… [--as-of TIME [--happened]]
                             [--json] [--jobs N]

The trust file comes from elsewhere than the bundle (paper, another person's machine):
{"v":1,"origin":…,"genesis":<hex>,"log":<vkey>,"policy":<tlog-policy text>}. Without one the answer is
SELF-CONSISTENT ONLY: whoever made the bundle could have made all of it.

Exit codes: 0 everything holds, or holds up to the leaf that is named; 1 something does not, and each
finding is named; 2 the bundle, the trust file or the command line cannot be read; 3 self-consistent
only; 4 not witnessed: the quorum of the trust file's policy cosigned no checkpoint of the bundle.

Sources: RFC 8785 (canonical JSON), RFC 8032 §5.1 and §6 (Ed25519), RFC 6962 §2.1 (tree), DSSE 1.0.0,
C2SP signed-note, tlog-checkpoint, tlog-cosignature, tlog-policy.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import json
import multiprocessing
import os
import re
import sys
from array import array
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from hashlib import sha256, sha512
from typing import IO, Any, NamedTuple

FORMAT = 1
MAX_LINE = 1 << 20
MAX_EVENT = 65_535
MAX_ENVELOPE = 16_384
MAX_NOTE = 262_144
MAX_NOTE_SIGNATURES = 512
MAX_TRUST = 1 << 20
MAX_POLICY = 262_144
MAX_SIZE = 2**63 - 1
MAX_TIME = 253_402_300_799
"""The last second of the year 9999: no cosignature is of a later one."""
MAX_DEPTH = 32
MAX_INTEGER = 2**53 - 1
MAX_KEYS = 512
MAX_SHOWN = 1_000
"""Findings beyond so many are counted, not listed."""

LATEST_SEAL = 600 * 10**6
"""Microseconds: unsealed for longer is a finding; recorded as older than that, behind what a quorum
cosigned, is flagged. Also how far events may lie behind the time that the header names: they go on
while a bundle is made."""
ADOPTED_WITHIN = 120 * 10**6
REPLACED_AFTER = 72 * 3_600 * 10**6
CLOCK_AHEAD = 300 * 10**6
COMMAND_VALIDITY = 24 * 3_600 * 10**6

HOLDS, FOUND, REFUSED, SELF_CONSISTENT, NOT_WITNESSED = range(5)

CONFERENCE = "conference"
ZERO = "0" * 64
Json = Any


class RefusedError(Exception):
    """The bundle, or the trust file, cannot be judged at all; the message says where and why."""


class BadError(Exception):
    """One piece is not what it must be; the word says why."""


# --- Ed25519: RFC 8032 §5.1, refusing what libsodium refuses ---------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)

Point = tuple[int, int, int, int]
"""Extended coordinates X, Y, Z, T with x = X/Z, y = Y/Z, x*y = T/Z (RFC 8032 §5.1.4)."""
IDENTITY = (0, 1, 1, 0)


def point_add(p: Point, q: Point) -> Point:
    """RFC 8032 §5.1.4."""
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def decompress(data: bytes) -> Point | None:
    """The point with this encoding (RFC 8032 §5.1.3), None where there is none; y lies below p."""
    y = int.from_bytes(data, "little")
    sign = y >> 255
    y &= (1 << 255) - 1
    if y >= P:
        return None
    y2 = y * y % P
    u, v = (y2 - 1) % P, (D * y2 + 1) % P
    v3 = v * v * v % P
    x = u * v3 * pow(u * v3 * v3 * v % P, (P - 5) // 8, P) % P
    if v * x * x % P != u:
        x = x * SQRT_M1 % P
        if v * x * x % P != u:
            return None
    if x & 1 != sign:
        x = -x % P
    return x, y, 1, x * y % P


def compress(p: Point) -> bytes:
    """The 32 bytes of a point (RFC 8032 §5.1.2)."""
    inverse = pow(p[2], P - 2, P)
    x, y = p[0] * inverse % P, p[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def small_order(p: Point) -> bool:
    """Whether eight times the point is the identity."""
    for _ in range(3):
        p = point_add(p, p)
    return p[0] == 0 and p[1] == p[2]


def multiply(scalar: int, p: Point) -> Point:
    """By doubling and adding; for a point that is used once."""
    total: Point = IDENTITY
    while scalar:
        if scalar & 1:
            total = point_add(total, p)
        p = point_add(p, p)
        scalar >>= 1
    return total


Comb = list[list[tuple[int, int, int]]]


def make_comb(p: Point) -> Comb:
    """16^i * j * p for i in 0..63, j in 1..15 as (y+x, y-x, 2dxy): a product is then 64 additions."""
    rows: list[list[Point]] = []
    for _ in range(64):
        row: list[Point] = [p]
        for _ in range(15):
            row.append(point_add(row[-1], p))
        p = row.pop()
        rows.append(row)
    points = [point for row in rows for point in row]
    # one inversion for all of them (Montgomery's trick)
    products = [1]
    for point in points:
        products.append(products[-1] * point[2] % P)
    inverse = pow(products[-1], P - 2, P)
    flat: list[tuple[int, int, int]] = [(0, 0, 0)] * len(points)
    for at in range(len(points) - 1, -1, -1):
        x0, y0, z0, _ = points[at]
        own, inverse = inverse * products[at] % P, inverse * z0 % P
        x, y = x0 * own % P, y0 * own % P
        flat[at] = ((y + x) % P, (y - x) % P, 2 * D * x * y % P)
    return [flat[at : at + 15] for at in range(0, len(flat), 15)]


def comb_add(total: Point, comb: Comb, scalar: int) -> Point:
    """`total` + scalar * the comb's point; 0 <= scalar < 2^256."""
    x1, y1, z1, t1 = total
    for row in comb:
        digit = scalar & 15
        scalar >>= 4
        if digit:
            plus, minus, twice = row[digit - 1]
            a = (y1 - x1) * minus % P
            b = (y1 + x1) * plus % P
            c = t1 * twice % P
            d = z1 + z1
            e, f, g, h = b - a, d - c, d + c, b + a
            x1, y1, z1, t1 = e * f % P, g * h % P, f * g % P, e * h % P
    return x1, y1, z1, t1


@lru_cache(maxsize=1)
def base_comb() -> Comb:
    """Of the base point B (RFC 8032 §5.1)."""
    base = decompress((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
    assert base is not None  # noqa: S101  a constant
    return make_comb(base)


@lru_cache(maxsize=512)
def key_comb(public_key: bytes) -> Comb | None:
    """Of -A; None for a key under which nothing verifies."""
    point = decompress(public_key)
    if point is None or small_order(point):
        return None
    x, y, z, t = point
    return make_comb((P - x, y, z, P - t))


def ed25519_verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """RFC 8032 §5.1.7 as libsodium judges it (no cofactor; small orders refused); never raises."""
    if len(public_key) != 32 or len(signature) != 64:
        return False
    s = int.from_bytes(signature[32:], "little")
    comb = key_comb(public_key)
    if s >= L or comb is None:
        return False
    h = int.from_bytes(sha512(signature[:32] + public_key + message).digest(), "little") % L
    found = comb_add(comb_add(IDENTITY, base_comb(), s), comb, h)
    return compress(found) == signature[:32] and not small_order(found)


def valid_key(public_key: bytes) -> bool:
    """Whether it is a point of the prime-order subgroup in its one encoding: a key to register."""
    point = decompress(public_key) if len(public_key) == 32 else None
    if point is None or small_order(point):
        return False
    product = multiply(L, point)
    return product[0] == 0 and product[1] == product[2]


# --- canonical JSON: RFC 8785, integers only ---------------------------------------------------------


def _members(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise BadError("duplicate-key")
    return members


def _integer(digits: str) -> int:
    value = int(digits) if len(digits) <= 17 else MAX_INTEGER + 1
    if not -MAX_INTEGER <= value <= MAX_INTEGER:
        raise BadError("integer-range")
    return value


def _no_float(digits: str) -> Json:
    raise BadError("float")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_members, parse_int=_integer, parse_float=_no_float, parse_constant=_no_float
)
_ENCODER = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False
)
_UNSORTED = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)


def canonical(value: Json) -> bytes:
    """The one spelling (RFC 8785 §3.2): keys by UTF-16 unit, which is by code point in ASCII."""
    text = _ENCODER.encode(value)
    if not text.isascii():
        text = _UNSORTED.encode(_sorted(value))
    return text.encode("utf-8")


def _sorted(value: Json) -> Json:
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return {key: _sorted(value[key]) for key in keys}
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    return value


def parse(data: bytes, limit: int) -> Json:
    """The value of a document that is its own canonical form; BadError for every other bytes."""
    if len(data) > limit:
        raise BadError("too-large")
    try:
        text = data.decode("utf-8")
        if text.count("[") + text.count("{") > MAX_DEPTH:
            _refuse_depth(text)
        value = _DECODER.decode(text)
        spelled = canonical(value)
    except BadError:
        raise
    except (ValueError, RecursionError):
        raise BadError("not-json") from None
    if spelled != data:
        raise BadError("not-canonical")
    return value


_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)


def _refuse_depth(text: str) -> None:
    depth = 0
    for token in _STRING_OR_BRACKET.finditer(text):
        if token[0] in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise BadError("depth")
        elif token[0] in "]}":
            depth -= 1


Check = Callable[[Json], bool]


def text_of(pattern: str) -> Check:
    """A text that matches as a whole."""
    form = re.compile(pattern)
    return lambda value: isinstance(value, str) and form.fullmatch(value) is not None


def is_count(value: Json) -> bool:
    """An integer from 0; no boolean."""
    return type(value) is int and value >= 0


def is_list(value: Json, each: Check) -> bool:
    """A JSON array of such members."""
    return isinstance(value, list) and all(map(each, value))


def is_object(value: Json) -> bool:
    """A JSON object."""
    return isinstance(value, dict)


HEX = text_of("[0-9a-f]{64}")
SIGNATURE = text_of("[0-9a-f]{128}")
INSTANT = text_of(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
UNIT = text_of("[A-Za-z0-9-]{1,32}")
ORIGIN = text_of("[a-z0-9.-]{1,100}/lianxi/[a-z0-9-]{1,32}/[0-9a-f]{16}")
STREAM = text_of("(conference|task/T-[0-9]{4,8}|mail/[a-z]{1,16}|audit)")
REQUEST = text_of("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TEXT = text_of("(?s).*")


def shaped(
    value: Json, fields: Mapping[str, Check], optional: Collection[str] = ()
) -> dict[str, Json]:
    """The object, if it has these fields, no others, each in its form; BadError with the field."""
    if not isinstance(value, dict):
        raise BadError("not-an-object")
    for name, fits in fields.items():
        if name not in value:
            if name in optional:
                continue
            raise BadError(f"missing:{name}")
        if not fits(value[name]):
            raise BadError(f"form:{name}")
    for name in value:
        if name not in fields:
            raise BadError("unknown-field")
    return value


def micros(text: str) -> int:
    """An instant in microseconds since 1970; BadError for a day or an hour that does not exist."""
    try:
        instant = datetime.fromisoformat(text[:-1] + "+00:00")
    except ValueError:
        raise BadError("instant") from None
    return (instant - _EPOCH) // _MICROSECOND


_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)


def spell(instant: int) -> str:
    """Microseconds since 1970 as an instant."""
    return (_EPOCH + instant * _MICROSECOND).isoformat(timespec="microseconds")[:-6] + "Z"


def from_base64(text: str) -> bytes:
    """Standard base64 with padding, in its one spelling."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadError("base64") from None
    if base64.b64encode(data).decode() != text:
        raise BadError("base64")
    return data


# --- hashes and the tree: RFC 6962 §2.1 --------------------------------------------------------------


def leaf_hash(data: bytes) -> bytes:
    """Of an event: stream and tree share it."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Of an inner node."""
    return sha256(b"\x01" + left + right).digest()


class Tree:
    """The complete subtrees of a growing tree, the largest first: as many as its size has ones."""

    def __init__(self) -> None:
        self.size = 0
        self._roots: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """One more leaf."""
        size = self.size
        while size & 1:
            leaf = node_hash(self._roots.pop(), leaf)
            size >>= 1
        self._roots.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The root at the present size."""
        if not self._roots:
            return sha256(b"").digest()
        root = self._roots[-1]
        for left in reversed(self._roots[:-1]):
            root = node_hash(left, root)
        return root


# --- notes, checkpoints, cosignatures: C2SP ----------------------------------------------------------


class NoteKey(NamedTuple):
    """A verifier key of signed-note: `algorithm` 1 signs checkpoints, 4 cosigns them."""

    name: str
    algorithm: int
    public_key: bytes

    @property
    def key_hash(self) -> bytes:
        """The four bytes that stand before a signature of this key."""
        named = self.name.encode() + b"\n" + bytes([self.algorithm]) + self.public_key
        return sha256(named).digest()[:4]


class NoteSignature(NamedTuple):
    """One signature line, not verified."""

    name: str
    key_hash: bytes
    signature: bytes


class Checkpoint(NamedTuple):
    """What a log says of itself; `text` are the bytes that are signed."""

    origin: str
    size: int
    root: bytes
    text: bytes


_NAME = r"[^\s+]+"
_VKEY = re.compile(rf"({_NAME})\+([0-9a-f]{{8}})\+([A-Za-z0-9+/=]+)")
_SIGNATURE_LINE = re.compile(f"— ({_NAME}) ([A-Za-z0-9+/=]+)")
_SIZE = re.compile("0|[1-9][0-9]{0,18}")


def parse_vkey(text: str, algorithm: int) -> NoteKey:
    """A vkey of one algorithm."""
    found = _VKEY.fullmatch(text)
    if found is None:
        raise BadError("vkey")
    data = from_base64(found[3])
    if len(data) != 33 or data[0] != algorithm:
        raise BadError("vkey-algorithm")
    key = NoteKey(found[1], algorithm, data[1:])
    if key.key_hash.hex() != found[2]:
        raise BadError("vkey-hash")
    if not valid_key(key.public_key):
        raise BadError("vkey-point")
    return key


def parse_checkpoint(text: str) -> tuple[Checkpoint, list[NoteSignature]]:
    """A signed checkpoint of three lines; nothing is verified by this."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_NOTE:
        raise BadError("note-size")
    if any(character < " " and character != "\n" for character in text):
        raise BadError("note-control")
    body, separator, signatures = text.rpartition("\n\n")
    lines = body.split("\n")
    if not separator or len(lines) != 3 or not signatures.endswith("\n"):
        raise BadError("note-form")
    origin, size, root = lines
    digest = from_base64(root)
    if re.fullmatch(_NAME, origin) is None or _SIZE.fullmatch(size) is None or len(digest) != 32:
        raise BadError("checkpoint-form")
    if int(size) > MAX_SIZE or (size == "0" and digest != Tree().root()):
        raise BadError("checkpoint-form")
    found: list[NoteSignature] = []
    for line in signatures[:-1].split("\n"):
        matched = _SIGNATURE_LINE.fullmatch(line)
        if matched is None:
            raise BadError("note-signature-form")
        data = from_base64(matched[2])
        if len(data) < 5:
            raise BadError("note-signature-form")
        found.append(NoteSignature(matched[1], data[:4], data[4:]))
    if len(found) > MAX_NOTE_SIGNATURES or len({s[:2] for s in found}) != len(found):
        raise BadError("note-signatures")
    return Checkpoint(origin, int(size), digest, (body + "\n").encode()), found


def cosigned_message(checkpoint: Checkpoint, time: int) -> bytes:
    """What a witness signs (cosignature/v1); `time` in seconds since 1970."""
    return b"cosignature/v1\ntime %d\n" % time + checkpoint.text


_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")


class Policy:
    """Which logs and witnesses count, and when they are enough (C2SP tlog-policy)."""

    def __init__(self, text: str) -> None:
        """BadError with the line where the text is no policy."""
        self.logs: list[NoteKey] = []
        self.witnesses: dict[str, NoteKey] = {}
        self.quorum: str | None = None
        self._groups: dict[str, tuple[int, list[str]]] = {}
        self._placed: set[str] = set()
        # a last line without its end may be cut off in the middle of a name
        if len(text) > MAX_POLICY or not text.endswith("\n") or _CONTROL.search(text):
            raise BadError("policy-text")
        for number, line in enumerate(text.split("\n"), start=1):
            words = [word for word in re.split("[ \t]+", line) if word]
            if not words or words[0].startswith("#"):
                continue
            try:
                self._take(words)
            except BadError as bad:
                raise BadError(f"policy line {number}: {bad}") from None
        if self.quorum is None:
            raise BadError("policy: no quorum line")

    def _take(self, words: list[str]) -> None:
        word, rest = words[0], words[1:]
        if word == "log" and len(rest) in (1, 2):
            key = parse_vkey(rest[0], 1)
            if any(key.public_key == known.public_key for known in self.logs):
                raise BadError("a log twice")
            self.logs.append(key)
        elif word == "witness" and len(rest) in (2, 3):
            key = parse_vkey(rest[1], 4)
            if any(key.public_key == known.public_key for known in self.witnesses.values()):
                raise BadError("a witness twice")
            self._new(rest[0])
            self.witnesses[rest[0]] = key
        elif word == "group" and len(rest) >= 3:
            self._group(rest[0], rest[1], rest[2:])
        elif word == "quorum" and len(rest) == 1 and self.quorum is None:
            if rest[0] != "none" and not self._known(rest[0]):
                raise BadError("the quorum is not defined above it")
            self.quorum = rest[0]
        else:
            raise BadError("not understood")

    def _group(self, name: str, wanted: str, members: list[str]) -> None:
        sizes = {"any": "1", "all": str(len(members))}
        wanted = sizes.get(wanted, wanted)
        if re.fullmatch("[1-9][0-9]{0,5}", wanted) is None or int(wanted) > len(members):
            raise BadError("a group's threshold lies between 1 and its size")
        for member in members:
            if not self._known(member):
                raise BadError("a member is not defined above it")
            if member in self._placed:
                raise BadError("a member is in two groups")
            self._placed.add(member)
        self._new(name)
        self._groups[name] = (int(wanted), members)

    def _known(self, name: str) -> bool:
        return name in self.witnesses or name in self._groups

    def _new(self, name: str) -> None:
        if name == "none" or self._known(name):
            raise BadError("a name twice, or `none`")

    def satisfied(self, names: Collection[str]) -> bool:
        """Whether these witnesses are a quorum."""
        met = {name: name in names for name in self.witnesses}
        for name, (wanted, members) in self._groups.items():
            met[name] = sum(met[member] for member in members) >= wanted
        return self.quorum == "none" or met[self.quorum or ""]


# --- rosters: lianxi/proof/rosters.py says the same with models ---------------------------------------

RESERVED = ("convener", "office", "auditor", "system")
_ENTRY: dict[str, Check] = {
    "unit": UNIT,
    "role": text_of("convener|office|unit|auditor|system"),
    "use": text_of("command|log|receipt"),
    "alg": text_of("ed25519"),
    "key_id": HEX,
    "public_key": HEX,
    "state": text_of("active|retired"),
    "effective": INSTANT,
    "replaces": HEX,
}
_ROSTER: dict[str, Check] = {
    "version": is_count,
    "prev_roster": HEX,
    "threshold": is_object,
    "keys": lambda value: isinstance(value, list) and len(value) <= MAX_KEYS,
}
_THRESHOLD: dict[str, Check] = {
    "k": lambda value: is_count(value) and 1 <= value <= 16,
    "keys": lambda value: is_list(value, HEX) and 1 <= len(value) <= 16,
}
_CHANGES: dict[str, Check] = {
    "add": lambda value: is_list(value, is_object) and 1 <= len(value) <= 64,
    "retire": lambda value: is_list(value, HEX) and 1 <= len(value) <= 64,
    "threshold": is_object,
}


def pae(payload_type: str, body: bytes) -> bytes:
    """DSSE's pre-authentication encoding: what is signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(body), body)


COMMAND_TYPE = "application/vnd.lianxi.command.v1+json"
ROSTER_TYPE = "application/vnd.lianxi.roster.v1+json"
KEY_REQUEST_TYPE = "application/vnd.lianxi.key-request.v1+json"


def key_id_of(alg: str, public_key: bytes) -> str:
    """What a roster calls a key."""
    return sha256(b"lianxi/key/v1\n" + alg.encode() + b"\n" + public_key).hexdigest()


class Roster:
    """One version: which key may act for which unit."""

    def __init__(self, document: dict[str, Json]) -> None:
        """`document` as it stands in an event, or as derived from the version before."""
        shaped(document, _ROSTER)
        threshold = shaped(document["threshold"], _THRESHOLD)
        self.document = document
        self.hash = sha256(canonical(document)).hexdigest()
        self.version: int = document["version"]
        self.k: int = threshold["k"]
        self.threshold: list[str] = threshold["keys"]
        self.keys: dict[str, dict[str, Json]] = {}
        for entry in document["keys"]:
            shaped(entry, _ENTRY, ("effective", "replaces"))
            if entry["key_id"] in self.keys:
                raise BadError("key-twice")
            self.keys[entry["key_id"]] = entry
        self._successors = {
            entry["replaces"]: entry
            for entry in self.keys.values()
            if "replaces" in entry and entry["state"] == "active"
        }

    def standing(self, key_id: str, at: str) -> str:
        """active, unknown, retired, waiting (not effective yet) or replaced, at an instant."""
        entry = self.keys.get(key_id)
        if entry is None:
            return "unknown"
        if entry["state"] != "active":
            return "retired"
        if at < entry.get("effective", ""):
            return "waiting"
        successor = self._successors.get(key_id)
        return "replaced" if successor is not None and successor["effective"] <= at else "active"

    def after(self, change: Json, at: str, *, adds_one: bool) -> Roster:
        """The next version: one key added, or the changes made. BadError where it may not be."""
        changes = {"add": [change]} if adds_one else change
        shaped(changes, _CHANGES, tuple(_CHANGES))
        if not changes:
            raise BadError("changes-nothing")
        gone = set(changes.get("retire", ()))
        for key_id in changes.get("retire", ()):
            if self.keys.get(key_id, {}).get("state") != "active":
                raise BadError("retires-no-active-key")
        if len(gone) != len(changes.get("retire", ())):
            raise BadError("retires-twice")
        for entry in changes.get("add", ()):
            self._check_new(entry, adds_one=adds_one)
        kept = [
            {**entry, "state": "retired"} if entry["key_id"] in gone else entry
            for entry in self.document["keys"]
        ]
        derived = Roster(
            {
                "version": self.version + 1,
                "prev_roster": self.hash,
                "threshold": changes.get("threshold", self.document["threshold"]),
                "keys": [*kept, *changes.get("add", ())],
            }
        )
        if not adds_one:
            derived.check_threshold(at)
            convening = {"role": "convener", "use": "command", "state": "active"}.items()
            if not any(convening <= entry.items() for entry in derived.keys.values()):
                raise BadError("no-convener")
        return derived

    def _check_new(self, entry: Json, *, adds_one: bool) -> None:
        check_entry(entry)
        if entry["key_id"] in self.keys:
            raise BadError("key-known")
        if "replaces" not in entry:
            return
        lost = self.keys.get(entry["replaces"], {})
        if not adds_one or (lost.get("unit"), lost.get("use")) != (entry["unit"], "command"):
            raise BadError("replaces-another")
        if lost.get("state") != "active" or entry["replaces"] in self._successors:
            raise BadError("replaces-again")
        if entry["replaces"] in self.threshold:
            raise BadError("replaces-a-signer")

    def check_threshold(self, at: str) -> None:
        """Somebody can sign the next version: keys that act now and that nothing is to replace."""
        if not self.k <= len(set(self.threshold)) == len(self.threshold):
            raise BadError("threshold")
        if not all(self.hands_over(key_id, at) for key_id in self.threshold):
            raise BadError("threshold")

    def hands_over(self, key_id: str, at: str) -> bool:
        """Whether it commands now, and nothing else takes its place, now or later."""
        return self._signs(key_id, at) and key_id not in self._successors

    def _signs(self, key_id: str, at: str) -> bool:
        active = self.standing(key_id, at) == "active"
        return active and self.keys[key_id]["use"] == "command"

    def check_signatures(self, given: Json, judge: Roster, at: str) -> int:
        """Enough (k) of the judge's threshold, and k of its own, signed it, and nobody else; how many did."""
        if not isinstance(given, list):
            raise BadError("signatures")
        message = pae(ROSTER_TYPE, canonical(self.document))
        entitled = {
            key_id: holder.keys[key_id]
            for holder in (self, judge)
            for key_id in holder.threshold
            if holder._signs(key_id, at)  # noqa: SLF001  own class
        }
        signed: set[str] = set()
        for one in given:
            shaped(one, {"key_id": HEX, "signature": SIGNATURE})
            entry = entitled.get(one["key_id"])
            if entry is None or one["key_id"] in signed:
                raise BadError("signed-by-another")
            public_key = bytes.fromhex(entry["public_key"])
            if not ed25519_verify(public_key, message, bytes.fromhex(one["signature"])):
                raise BadError("signature")
            signed.add(one["key_id"])
        for holder in (judge, self):
            if len(signed & set(holder.threshold)) < holder.k:
                raise BadError("too-few-signatures")
        return len(signed)


def check_entry(entry: Json) -> None:
    """What must hold of every key that joins."""
    shaped(entry, _ENTRY, ("effective", "replaces"))
    public_key = bytes.fromhex(entry["public_key"])
    if not valid_key(public_key):
        raise BadError("public-key")
    if entry["key_id"] != key_id_of(entry["alg"], public_key):
        raise BadError("key-id")
    unit = entry["unit"]
    if entry["role"] != (unit if unit in RESERVED else "unit"):
        raise BadError("role")
    if unit.lower() in RESERVED and unit not in RESERVED:
        raise BadError("unit")
    if (entry["role"] == "system") == (entry["use"] == "command"):
        raise BadError("use")
    if entry["state"] != "active":
        raise BadError("state")
    if ("effective" in entry) != ("replaces" in entry):
        raise BadError("effective")


def check_genesis(roster: Roster, signatures: Json, at: str) -> int:
    """A first roster that stands by itself; how many signed it."""
    if roster.version != 1 or roster.document["prev_roster"] != ZERO:
        raise BadError("genesis")
    for entry in roster.keys.values():
        check_entry(entry)
        if "replaces" in entry:
            raise BadError("effective")
    roster.check_threshold(at)
    return roster.check_signatures(signatures, roster, at)


# --- commands ----------------------------------------------------------------------------------------

_PAYLOAD: dict[str, Check] = {
    "v": lambda value: type(value) is int and value == 1,
    "alg": text_of("ed25519"),
    "origin": ORIGIN,
    "stream": STREAM,
    "unit": UNIT,
    "key_id": HEX,
    "action": text_of("[a-z-]{1,32}"),
    "args": is_object,
    "request_id": REQUEST,
    "expect": HEX,
    "issued_at": INSTANT,
    "not_after": INSTANT,
}


class Command(NamedTuple):
    """An opened envelope; its signature is not yet verified."""

    payload: dict[str, Json]
    digest: str
    message: bytes
    signature: bytes


def open_command(text: str) -> Command:
    """Reads a DSSE envelope with exactly one signature; BadError for everything else."""
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError:
        raise BadError("not-utf-8") from None
    signatures: Check = lambda value: isinstance(value, list) and len(value) == 1  # noqa: E731  typed
    fields = {"payload": TEXT, "payloadType": TEXT, "signatures": signatures}
    envelope = shaped(parse(data, MAX_ENVELOPE), fields)
    (given,) = envelope["signatures"]
    shaped(given, {"keyid": HEX, "sig": TEXT})
    if envelope["payloadType"] != COMMAND_TYPE:
        raise BadError("payload-type")
    body, signature = from_base64(envelope["payload"]), from_base64(given["sig"])
    if len(signature) != 64:
        raise BadError("signature-length")
    payload = shaped(parse(body, MAX_ENVELOPE), _PAYLOAD, ("expect",))
    if payload["key_id"] != given["keyid"]:
        raise BadError("key-id")
    if not 0 < micros(payload["not_after"]) - micros(payload["issued_at"]) <= COMMAND_VALIDITY:
        raise BadError("validity")
    return Command(payload, sha256(body).hexdigest(), pae(COMMAND_TYPE, body), signature)


# --- events ------------------------------------------------------------------------------------------

_EVENT: dict[str, Check] = {
    "v": lambda value: type(value) is int and value == 1,
    "engine": lambda value: is_count(value) and value >= 1,
    "origin": ORIGIN,
    "stream": STREAM,
    "seq": lambda value: is_count(value) and value >= 1,
    "kind": text_of("[A-Z][A-Za-z0-9]{0,63}"),
    "at": INSTANT,
    "happened_at": INSTANT,
    "actor": is_object,
    "basis": text_of("command|rule|observation"),
    "cause": is_object,
    "roster": HEX,
    "data": is_object,
    "prev": HEX,
}
_ACTOR: dict[str, Check] = {
    "unit": UNIT,
    "role": text_of("convener|office|unit|auditor|system"),
    "key_id": HEX,
}
_CAUSE: dict[str, Check] = {
    "request_id": REQUEST,
    "payload_sha256": HEX,
    "timer": text_of("[A-Za-z0-9][A-Za-z0-9:/._-]{0,127}"),
    "index": is_count,
    "count": is_count,
}


def open_event(data: bytes) -> dict[str, Json]:
    """The event with exactly these bytes; BadError where they are none."""
    event = shaped(parse(data, MAX_EVENT), _EVENT, ("happened_at",))
    actor = shaped(event["actor"], _ACTOR, ("key_id",))
    cause = shaped(event["cause"], _CAUSE, ("request_id", "payload_sha256", "timer"))
    if cause["index"] >= cause["count"]:
        raise BadError("cause-index")
    commanded = "request_id" in cause and "payload_sha256" in cause
    timed = "timer" in cause
    if event["basis"] == "command" and (not commanded or timed or "key_id" not in actor):
        raise BadError("cause")
    if event["basis"] == "rule" and (commanded or not timed):
        raise BadError("cause")
    if b"null" in data:
        _refuse_null(event["data"])
    return event


def _refuse_null(value: Json) -> None:
    if value is None:
        raise BadError("null")
    if isinstance(value, (dict, list)):
        for member in value.values() if isinstance(value, dict) else value:
            _refuse_null(member)


def commitments_in(value: Json) -> Iterator[tuple[str, int]]:
    """What stands for a text or file: every {"commit": …, "size": …} inside `value`."""
    if isinstance(value, dict):
        commit, size = value.get("commit"), value.get("size")
        if isinstance(commit, str) and type(size) is int:
            yield commit, size
        value = list(value.values())
    if isinstance(value, list):
        for member in value:
            yield from commitments_in(member)


# --- the state of a task: a small table of its own -----------------------------------------------------
# lianxi/domain/task/evolve*.py is the real fold; tests hold this one against it.

LIMITS: dict[str, str | None] = {
    "CompletionReturned": "returned",
    "AssignmentReopened": "in-progress",
    "ObjectionChanged": "issued",
    "ObjectionRefused": "issued",
    "ExtensionGranted": None,
    "DueChanged": None,
    "LimitsMoved": None,
}
"""Events that set a unit's due, and the state they lead to (None: the one it was in)."""

MOVES: dict[str, str | None] = {
    "AssignmentAcknowledged": "in-progress",
    "CompletionSubmitted": "submitted",
    "SubmissionRecalled": "in-progress",
    "CompletionAccepted": "completed",
    "AssignmentWithdrawn": "withdrawn",
    "AssignmentStopped": "stopped",
    "AssignmentObjected": "objected",
    "AssignmentSuspended": "suspended",
    "AssignmentResumed": None,
    "RequestRetracted": None,
    "ActReversed": None,
    "LeadChanged": None,
    "FiledOnBehalf": None,
    "ProgressReported": None,
    "ReportCorrected": None,
    "ConcurrenceGiven": None,
    "DissentFiled": None,
    "FilingDisputed": None,
    "ObjectionUpheld": None,
    "ExtensionRequested": None,
    "StopRequested": None,
    "RequestRefused": None,
    "RequestLapsed": None,
    "RungFired": None,
    "ReportReminded": None,
    "PeriodEnded": None,
    "UnitUrged": None,
    "InstructionHeeded": None,
    "PhoneCallNoted": None,
    "WarningSent": None,
    "WarningAnswered": None,
    "BulletinIssued": None,
}
"""The other events about one unit's part, and the state they lead to."""

PHASES = {
    "TaskClosed": "closed",
    "TaskCancelled": "cancelled",
    "TaskArchived": "archived",
    "TaskReopened": "active",
    "EndReversed": "active",
}
"""Events that end a task, or begin it again."""

BESIDE = (
    "AssignmentAdded",
    "AssignmentTransferred",
    "ConcurrenceAsked",
    "ConcurrenceSilent",
    "TaskIssued",
)
NOTHING = (
    "ActProposed",
    "CalendarAdopted",
    "CancellationRequested",
    "GapExcluded",
    "InstructionGiven",
    "OfficeReminded",
    "ProposalApproved",
    "ProposalEndorsed",
    "ProposalExpired",
    "ProposalOvertaken",
    "ProposalRejected",
    "RosterAdopted",
    "ServiceGapNoted",
    "TaskThawed",
)
"""Events that change neither phase nor state nor due."""

REVERSIBLE = (
    "CompletionAccepted",
    "CompletionReturned",
    "DueChanged",
    "ExtensionGranted",
    "RequestRefused",
    "AssignmentStopped",
    "ObjectionChanged",
    "ObjectionRefused",
    "AssignmentSuspended",
    "AssignmentResumed",
    "AssignmentWithdrawn",
    "AssignmentReopened",
    "FiledOnBehalf",
)
"""Acts that `by mistake` can take back; any other command on the part ends that, but for these:"""
LEAVES_IT = (
    "RequestLapsed",
    "UnitUrged",
    "PhoneCallNoted",
    "WarningSent",
    "BulletinIssued",
    "LeadChanged",
)


_BACK_TO = "in-progress"
"""Where a part that was not suspended would go back to."""


class Part(NamedTuple):
    """One unit's part in a task, as far as state and due hang on it."""

    unit: str
    role: str
    state: str
    due: str
    head: str
    submission: str | None = None
    said: str = ""
    """The last event that changed what the unit had said."""
    back_to: str = _BACK_TO
    through: str | None = None
    filing: tuple[str, str] | None = None
    """The event and the act that was filed on the unit's behalf last."""
    undo: tuple[str, Part, bool] | None = None
    """The act that can be taken back, the part before it, whether its submission stays as it is."""


class TaskFold:
    """The state of one task after the events applied to it."""

    def __init__(self) -> None:
        self.task = ""
        self.phase = ""
        self.parts: dict[str, Part] = {}
        self._asked: list[str] | None = None
        self._answered: set[str] = set()

    def apply(self, event: Mapping[str, Json], event_hash: str) -> None:
        """One more event. BadError, KeyError where it rests on what is not there; nothing changed."""
        kind, data = event["kind"], event["data"]
        if not self.phase:
            if kind != "TaskIssued":
                raise BadError("not-issued")
            self.task, self.phase = data["task"], "active"
            for terms in data["assignments"]:
                self.parts[terms["unit"]] = Part(
                    terms["unit"], terms["role"], "issued", terms["due"], event_hash
                )
            return
        parts, asked, answered = self.parts, self._asked, set(self._answered)
        if kind in MOVES or kind in LIMITS:
            parts = self._moved(event, event_hash)
        elif kind == "AssignmentAdded":
            new = Part(data["unit"], data["role"], "issued", data["due"], event_hash)
            parts = {**parts, data["unit"]: new}
        elif kind == "AssignmentTransferred":
            parts = self._transferred(data, event_hash)
        elif kind == "EndReversed":
            parts = {unit: self._restored(part, event_hash) for unit, part in parts.items()}
        elif kind in ("TaskIssued", *NOTHING) or kind in PHASES or kind in BESIDE:
            pass
        else:
            raise BadError("unknown-kind")
        asked, answered = self._concurrence(kind, data, asked, answered)
        if asked is not None and parts is not self.parts:
            # looked up before it is left out: so does the real fold
            asked = [unit for unit in asked if unit in answered or not _off(parts[unit])]
        self.parts, self._asked, self._answered = parts, asked, answered
        self.phase = PHASES.get(kind, self.phase)

    def rows(self) -> Iterator[dict[str, str]]:
        """One per unit."""
        for part in self.parts.values():
            yield {
                "task": str(self.task),
                "phase": self.phase,
                "unit": str(part.unit),
                "role": str(part.role),
                "state": str(part.state),
                "due": str(part.due),
            }

    def _moved(self, event: Mapping[str, Json], event_hash: str) -> dict[str, Part]:
        kind, data = event["kind"], event["data"]
        before = self.parts[data["unit"]]
        after = before
        state = LIMITS.get(kind) or MOVES.get(kind)
        if state is not None:
            after = after._replace(state=state)
        if kind in LIMITS or kind == "AssignmentResumed":
            after = after._replace(due=data["due"])
        special = _SPECIAL.get(kind)
        if special is not None:
            after = special(before, after, data, event_hash)
        if event["basis"] == "command":
            after = after._replace(head=event_hash, undo=_undo(kind, before, event_hash))
        parts = {**self.parts, data["unit"]: after}
        if kind == "LeadChanged":
            previous = self.parts[data["previous"]]
            parts[data["previous"]] = previous._replace(role="support")
        return parts

    def _transferred(self, data: Mapping[str, Json], event_hash: str) -> dict[str, Part]:
        unit, into = data["unit"], data["into"]
        moved, kept = self.parts[unit], self.parts[data["kept"]]
        role = "lead" if "lead" in (moved.role, kept.role) else kept.role
        successor = kept._replace(unit=into, role=role, head=event_hash, undo=None)
        parts: dict[str, Part] = {}
        for known, part in self.parts.items():
            if known == unit:
                parts[into] = successor
            elif known != into:
                parts[known] = part
        return parts

    @staticmethod
    def _restored(part: Part, event_hash: str) -> Part:
        if part.through not in ("close", "cancel") or part.undo is None:
            return part
        return _back(part)._replace(head=event_hash)

    def _concurrence(
        self, kind: str, data: Mapping[str, Json], asked: list[str] | None, answered: set[str]
    ) -> tuple[list[str] | None, set[str]]:
        if kind == "ConcurrenceAsked":
            lead = next((part for part in self.parts.values() if part.role == "lead"), None)
            if lead is None or lead.submission is None:
                raise BadError("nothing-to-concur-with")
            return list(data["units"]), set()
        if kind in ("ConcurrenceGiven", "DissentFiled", "ConcurrenceSilent"):
            if asked is None:
                raise BadError("nobody-asked")
            return asked, answered | set(data.get("units", [data.get("unit")]))
        if kind == "ActReversed" and asked is not None:
            filing = self.parts[data["unit"]].filing
            if filing is not None and filing[0] == data["act"] and filing[1] in _ANSWERS:
                return asked, answered - {data["unit"]}
        if kind == "AssignmentTransferred" and asked is not None:
            dropped = data["into"] if data["kept"] == data["unit"] else data["unit"]
            renamed = {data["unit"]: data["into"]}
            asked = [renamed.get(unit, unit) for unit in asked if unit != dropped]
            return asked, {renamed.get(unit, unit) for unit in answered if unit != dropped}
        return asked, answered


_ANSWERS = ("concur", "dissent")


def _off(part: Part) -> bool:
    """Has left the task by itself, and not by the task's end."""
    return part.through not in ("close", "cancel") and part.state in ("withdrawn", "stopped")


def _back(part: Part) -> Part:
    """The part as it stood before the act that is taken back."""
    if part.undo is None:
        raise BadError("nothing-to-reverse")
    _, before, same_submission = part.undo
    return before._replace(submission=part.submission) if same_submission else before


def _undo(kind: str, before: Part, event_hash: str) -> tuple[str, Part, bool] | None:
    if kind in REVERSIBLE:
        same = kind != "FiledOnBehalf"
        return event_hash, before._replace(undo=None), same
    if kind in LEAVES_IT:
        return before.undo
    undo, filing = before.undo, before.filing
    if undo is None or filing is None or undo[0] != filing[0]:
        return None
    if kind == "FilingDisputed" or before.head == filing[0]:
        return undo
    return undo if filing[1] in ("progress", "submit") and before.said == undo[1].said else None


_SPECIAL: dict[str, Callable[[Part, Part, Mapping[str, Json], str], Part]] = {
    "CompletionSubmitted": lambda b, a, d, h: a._replace(submission=h, said=h),
    "ProgressReported": lambda b, a, d, h: a._replace(said=h),
    "ReportCorrected": lambda b, a, d, h: a._replace(said=h),
    "AssignmentWithdrawn": lambda b, a, d, h: a._replace(through=d["through"], back_to=_BACK_TO),
    "AssignmentStopped": lambda b, a, d, h: a._replace(back_to=_BACK_TO),
    "AssignmentSuspended": lambda b, a, d, h: a._replace(back_to=b.state),
    "AssignmentResumed": lambda b, a, d, h: a._replace(state=b.back_to, back_to=_BACK_TO),
    "RequestRetracted": lambda b, a, d, h: (
        a._replace(state="issued") if d["request"] == "objection" else a
    ),
    "LeadChanged": lambda b, a, d, h: a._replace(role="lead"),
    "FiledOnBehalf": lambda b, a, d, h: a._replace(filing=(h, d["act"])),
    "ActReversed": lambda b, a, d, h: _back(b)._replace(role=b.role),
}


# --- the bundle as lines -------------------------------------------------------------------------------

_FLAG: Check = lambda value: isinstance(value, bool)  # noqa: E731  as the others
_LINES: dict[str, dict[str, Check]] = {
    "header": {
        "bundle": is_count,
        "origin": ORIGIN,
        "conference": text_of("[a-z0-9][a-z0-9-]{0,31}"),
        "made_at": INSTANT,
        "by": TEXT,
        "size": is_count,
        "texts": _FLAG,
    },
    "witness": {"name": TEXT, "vkey": TEXT},
    "checkpoint": {"note": TEXT},
    "event": {
        "stream": STREAM,
        "seq": is_count,
        "hash": HEX,
        "event": TEXT,
        "leaf": is_count,
        "envelope": TEXT,
    },
    "text": {"commit": HEX, "salt": HEX, "media": TEXT, "bytes": TEXT},
    "redacted": {"commit": HEX},
    "missing": {"commit": HEX},
    "footer": {"counts": is_object, "sha256": HEX},
}
_OPTIONAL = ("leaf", "envelope")
_SHORTEST_EVENT_LINE = 300


class Line(NamedTuple):
    """One line of the bundle."""

    number: int
    type: str
    fields: dict[str, Json]


class Bundle:
    """A bundle's lines, read in order as often as needed; RefusedError where it is none."""

    def __init__(self, path: str) -> None:
        """Reads the header."""
        try:
            self._file: IO[bytes] = open(path, "rb")  # noqa: SIM115  kept open for two passes
            self.bytes = os.fstat(self._file.fileno()).st_size
            self._file.seek(0)
        except (OSError, ValueError) as error:
            raise RefusedError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
        self.read = 0
        self.digest = sha256()
        """Over all lines before the one that `lines` gave last."""
        try:
            self.header = next(self.lines()).fields
            self._check_header()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Bundle:  # noqa: PYI034  Python 3.9 has no Self
        """Closes the file at the end."""
        return self

    def __exit__(self, *raised: object) -> None:
        """Closes the file."""
        self._file.close()

    def _check_header(self) -> None:
        if self.header["bundle"] != FORMAT:
            raise RefusedError(f"line 1: format {self.header['bundle']}; this program reads 1")
        try:
            micros(self.header["made_at"])
        except BadError as bad:
            raise RefusedError(f"line 1: {bad}") from None
        if self.header["size"] > self.bytes // _SHORTEST_EVENT_LINE:
            raise RefusedError("line 1: more leaves than this file could hold: it is cut off")

    def lines(self) -> Iterator[Line]:
        """All of them, the footer last; each checked for its form. Refused: anything behind it."""
        self._file.seek(0)
        self.read = 0
        self.digest = sha256()
        number = 0
        last = ""
        while True:
            data = self._file.readline(MAX_LINE + 1)
            if not data:
                break
            number += 1
            self.read += len(data)
            if last == "footer":
                raise RefusedError(f"line {number}: something follows the last line")
            line = self._line(number, data)
            if (line.type == "header") != (number == 1):
                raise RefusedError(
                    f"line {number}: the header stands in the first line, only there"
                )
            last = line.type
            yield line
            self.digest.update(data)
        if last != "footer":
            raise RefusedError(f"line {number}: the bundle is cut off: its last line is missing")

    @staticmethod
    def _line(number: int, data: bytes) -> Line:
        if len(data) > MAX_LINE:
            raise RefusedError(f"line {number}: longer than {MAX_LINE} bytes")
        if not data.endswith(b"\n"):
            raise RefusedError(f"line {number}: cut off")
        try:
            document = parse(data[:-1], MAX_LINE)
            kind = document.pop("type", None) if isinstance(document, dict) else None
            fields = _LINES.get(kind) if isinstance(kind, str) else None
            if fields is None:
                raise BadError("not-a-bundle-line")
            return Line(number, str(kind), shaped(document, fields, _OPTIONAL))
        except BadError as bad:
            raise RefusedError(f"line {number}: {bad}") from None


class Trust(NamedTuple):
    """What was obtained elsewhere than the bundle."""

    origin: str
    genesis: str
    logs: list[NoteKey]
    policy: Policy


def read_trust(path: str) -> Trust:
    """The trust file; RefusedError where it is none."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_TRUST + 1)
        # written and perhaps re-indented by hand: JSON, not canonical JSON
        if len(data) > MAX_TRUST:
            raise BadError("too-large")
        document = _DECODER.decode(data.decode("utf-8").strip(" \t\r\n"))
        fields: dict[str, Check] = {
            "v": is_count,
            "origin": ORIGIN,
            "genesis": HEX,
            "log": TEXT,
            "policy": TEXT,
        }
        fields["receipt"] = lambda value: is_list(value, HEX)
        if shaped(document, fields, ("receipt",))["v"] != 1:
            raise BadError("version")
        key = parse_vkey(document["log"], 1)
        if key.name != document["origin"]:
            raise BadError("the log's key is another log's")
        policy = Policy(document["policy"])
        logs = [key, *(known for known in policy.logs if known.name == key.name)]
        return Trust(document["origin"], document["genesis"], logs, policy)
    except OSError as error:
        raise RefusedError(f"{path}: {error.strerror}") from None
    except (BadError, ValueError, RecursionError) as bad:
        reason = bad if isinstance(bad, BadError) else "not JSON"
        raise RefusedError(f"{path}: no trust file: {reason}") from None


def read_note(path: str) -> str:
    """A signed checkpoint in a file; RefusedError where it is none. Nothing of it is verified."""
    try:
        with open(path, "rb") as file:
            text = file.read(MAX_NOTE + 1).decode("utf-8")
        parse_checkpoint(text)
    except OSError as error:
        raise RefusedError(f"{path}: {error.strerror}") from None
    except (BadError, UnicodeDecodeError) as bad:
        raise RefusedError(f"{path}: no checkpoint: {bad}") from None
    return text


# --- signatures, on all cores ----------------------------------------------------------------------------

Signed = tuple[bytes, bytes, bytes]
BATCH = 128


def verify_batch(batch: Sequence[Signed]) -> list[bool]:
    """In a process of the pool."""
    return [ed25519_verify(*signed) for signed in batch]


class Signatures:
    """Verifies what is added, some time later, and says each result to `then`."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._pool: Any = None
        self._batch: list[Signed] = []
        self._thens: list[Callable[[bool], None]] = []
        self._under_way: deque[tuple[Any, list[Callable[[bool], None]]]] = deque()
        self.count = 0

    def add(
        self, public_key: bytes, message: bytes, signature: bytes, then: Callable[[bool], None]
    ) -> None:
        """One more."""
        self._batch.append((public_key, message, signature))
        self._thens.append(then)
        self.count += 1
        if len(self._batch) >= BATCH:
            self._send()

    def finish(self) -> None:
        """Wait for all results."""
        if self._batch:
            self._send()
        while self._under_way:
            self._take()

    def stop(self) -> None:
        """End the processes; what is under way is dropped."""
        if self._pool is not None:
            self._pool.terminate()
            self._pool.join()
            self._pool = None

    def _send(self) -> None:
        batch, thens = self._batch, self._thens
        self._batch, self._thens = [], []
        # a small bundle is done before processes have started
        if self._pool is None and self._jobs > 1 and self.count > 2 * BATCH:
            try:
                self._pool = multiprocessing.Pool(self._jobs)
            except OSError:
                self._jobs = 1
        if self._pool is None:
            _tell(thens, verify_batch(batch))
            return
        self._under_way.append((self._pool.apply_async(verify_batch, (batch,)), thens))
        if len(self._under_way) > 4 * self._jobs:
            self._take()

    def _take(self) -> None:
        result, thens = self._under_way.popleft()
        _tell(thens, result.get())


def _tell(thens: Iterable[Callable[[bool], None]], results: Iterable[bool]) -> None:
    for then, holds in zip(thens, results):
        then(holds)


# --- the checks themselves -------------------------------------------------------------------------------

CHECKED = {
    "events": "events: canonical bytes, form, hash, place and link in their stream",
    "streams": "streams, each from its first event without a gap",
    "rosters": "versions of the roster, each signed by enough keys of the one before",
    "possessions": "keys whose holders signed for them",
    "commands": "events of commands: envelope, actor, time, standing under the roster of the time",
    "signatures": "Ed25519 signatures",
    "tasks": "tasks: registered once, begun by the registered issue, rules and calendar as named",
    "leaves": "leaves of the tree, each an event, in the order of its stream",
    "checkpoints": "checkpoints: root over these very leaves, signature of the log",
    "held": "checkpoints held elsewhere (--checkpoint): the tree contains them",
    "cosignatures": "cosignatures of witnesses",
    "texts": "texts that open their commitments",
    "redacted": "redacted texts, each with its event",
}
"""What was checked and how often, in the order of the report."""

NOT_CHECKED = (
    "whether each event is what its command or rule leads to (needs lianxi: lianxi audit verify)",
    "commands that were dropped before any receipt was given: nothing proves those",
    "what observations (basis `observation`) say: they are the operator's word",
)


BY_RULE = frozenset(
    {
        "ConcurrenceSilent",
        "IssueExpired",
        "OfficeReminded",
        "PeriodEnded",
        "ProposalExpired",
        "RedactionExpired",
        "ReportReminded",
        "RosterAdopted",
        "RungFired",
        "ServiceGapNoted",
        "TaskArchived",
    }
)
"""Kinds that no command causes."""
OBSERVED = frozenset({"CancellationRequested"})
"""Kinds that are the operator's word; on `mail/…` and `audit` all are."""
THAWED = frozenset({"TaskThawed", "ConferenceThawed"})


class Finding(NamedTuple):
    """Something that is not as it must be."""

    code: str
    place: str
    detail: str = ""


_NEVER = "9999-12-31"
"""Behind every instant."""


class Head:
    """A checkpoint of this log, and whether its signature holds as far as a key of the log is known."""

    def __init__(self, kind: str, size: int, place: str) -> None:
        self.kind = kind
        self.size = size
        self.place = place
        self.signed = True


class Stream:
    """Where one stream stands."""

    def __init__(self) -> None:
        self.seq = 0
        self.hash = ZERO
        self.at = ""
        self.roster: str | None = None
        self.leaf: int | None = -1
        """The last event's leaf; None once one had none."""
        self.command: Command | str | None = None
        """The last envelope, opened; a text says why it could not be."""
        self.judged: str = ""
        """The digest whose signature was sent for verification last."""
        self.under_way: tuple[str, int, int] | None = None
        """Digest, next index and count while a command's events are not complete."""


class Verification:
    """One run over one bundle."""

    def __init__(self, bundle: Bundle, trust: Trust | None, jobs: int) -> None:
        self.bundle = bundle
        self.trust = trust
        self.origin: str = bundle.header["origin"]
        self.size: int = bundle.header["size"]
        self.counts: Counter[str] = Counter()
        self.bases: Counter[str] = Counter()
        self.findings: list[Finding] = []
        self.dropped = 0
        self.flags: list[Finding] = []
        self.dropped_flags = 0
        self.demo_custody = False
        self.witnessed: int | None = None
        self.newest = ""
        self.tasks: dict[str, TaskFold] = {}
        self.held: list[tuple[str, str]] = []
        """Checkpoints that were kept outside, each with the name of its file."""
        self.until: tuple[str, bool] | None = None
        """Fold tasks up to this instant, and whether by when things happened."""
        self._signatures = Signatures(jobs)
        self._streams: dict[str, Stream] = {}
        self._rosters: dict[str, Roster] = {}
        self._head = ""
        self._retired: dict[str, int] = {}
        self._retired_by: dict[str, int] = {}
        """The leaf that retired a key."""
        self._replaced: dict[str, int] = {}
        self._replacing: dict[str, tuple[str, int]] = {}
        self._registered: dict[str, dict[str, Json]] = {}
        """Registrations of tasks that have not begun, by their event."""
        self._proposed: dict[str, str] = {}
        """The digest of the issue that each proposal waits with."""
        self._adopted: dict[str, set[str]] = {"rules": set(), "calendar": set()}
        self._redacted: dict[str, str] = {}
        """When each commitment was redacted."""
        self._log_known: list[NoteKey] = []
        self._begun_by: set[bytes] = set()
        """Half of the digest of each command."""
        self._spoken_of: set[str] = set()
        """Commitments whose text is here, or said to be redacted or missing."""
        self._commitments: dict[str, int] = {}
        self._leaves = bytearray(32 * self.size)
        self._seen = bytearray(self.size)
        self._order = array("q")
        """Of each event: leaf (size where it has none), at, stream's number, seq."""
        self._names: dict[str, int] = {}
        self._listed: list[str] = []
        self._roots: dict[int, tuple[bytes, str]] = {}
        self._heads: list[Head] = []
        self._witnesses: dict[tuple[str, bytes], tuple[str, NoteKey]] = {}
        self._cosigned: list[tuple[int, str, int]] = []

    # --- the run ---

    def run(self, tick: Callable[[str], None]) -> None:
        """All checks. RefusedError where the bundle cannot be read."""
        try:
            self._run(tick)
        finally:
            self._signatures.stop()
            tick("")

    def _run(self, tick: Callable[[str], None]) -> None:
        if self.trust is not None and self.trust.origin != self.origin:
            raise RefusedError(
                f"the bundle is of {self.origin}, the trust file of {self.trust.origin}"
            )
        lines: Counter[str] = Counter()
        for line in self.bundle.lines():
            lines[line.type] += 1
            if line.type == "event" and line.fields["stream"] == CONFERENCE:
                self._event(line)
                tick("the conference's own stream")
            elif line.type == "witness":
                self._witness(line)
            elif line.type == "footer":
                self._footer(line, lines)
        self._trust_witnesses()
        self._log_known = self._log_keys()
        for line in self.bundle.lines():
            if line.type == "event" and line.fields["stream"] != CONFERENCE:
                self._event(line)
            elif line.type == "checkpoint":
                self._checkpoint(line.fields["note"], f"line {line.number}")
            elif line.type == "text":
                self._text(line)
            elif line.type in ("redacted", "missing"):
                self._not_there(line)
            tick(f"{self.counts['events']} events")
        for name, note in self.held:
            self._checkpoint(note, name, held=True)
        self._signatures.finish()
        tick("the tree")
        self._ends()
        self._tree()
        self._times()
        self._witnessing()
        self.counts["streams"] = len(self._streams)
        self.counts["signatures"] += self._signatures.count

    @property
    def commitments_without_text(self) -> int:
        """How many commitments of events no line of the bundle speaks of."""
        return len(self._commitments.keys() - self._spoken_of)

    @property
    def later(self) -> int:
        """How many events stand behind the newest checkpoint."""
        return self.counts["events"] - self.counts["leaves"]

    @property
    def quorum(self) -> str | None:
        """What the trust file's policy asks for; None where it wants nobody."""
        wanted = self.trust.policy.quorum if self.trust is not None else None
        return None if wanted == "none" else wanted

    @property
    def newest_cosignature(self) -> str | None:
        """The latest time that a known witness vouches for."""
        if not self._cosigned:
            return None
        return spell(max(time for _, _, time in self._cosigned) * 10**6)

    @property
    def log_key_known(self) -> bool:
        """Whether anything names the log's key."""
        return bool(self._log_known)

    def find(self, code: str, place: str, detail: str = "") -> None:
        """Note a finding, up to the bound."""
        if len(self.findings) < MAX_SHOWN:
            self.findings.append(Finding(code, place, detail))
        else:
            self.dropped += 1

    def _footer(self, line: Line, lines: Counter[str]) -> None:
        if line.fields["sha256"] != self.bundle.digest.hexdigest():
            self.find("BUNDLE_CHANGED", f"line {line.number}", "sha256")
        counted = {kind: count for kind, count in lines.items() if kind not in ("header", "footer")}
        if line.fields["counts"] != counted:
            self.find("BUNDLE_CHANGED", f"line {line.number}", "counts")
        if not lines["event"]:
            self.find("EMPTY", "bundle", "no events")

    # --- events ---

    def _event(self, line: Line) -> None:
        fields = line.fields
        name, place = fields["stream"], f"{fields['stream']}#{fields['seq']}"
        stream = self._streams.setdefault(name, Stream())
        self.counts["events"] += 1
        try:
            data = fields["event"].encode("utf-8")
        except UnicodeEncodeError:
            data = b""
        leaf = leaf_hash(data)
        if leaf.hex() != fields["hash"]:
            self.find("HASH_MISMATCH", place)
        self._leaf(stream, fields, leaf, place)
        if "envelope" in fields:
            try:
                stream.command = open_command(fields["envelope"])
            except BadError as bad:
                stream.command = str(bad)
        try:
            event = open_event(data)
            at = micros(event["at"])
            if "happened_at" in event:
                micros(event["happened_at"])
        except BadError as bad:
            self.find("EVENT_UNREADABLE", place, str(bad))
            # believed, so that the next one is judged by itself
            stream.seq, stream.hash = fields["seq"], fields["hash"]
            self._order.extend(
                (fields.get("leaf", self.size), 0, self._number(name), fields["seq"])
            )
            return
        self._order.extend((fields.get("leaf", self.size), at, self._number(name), fields["seq"]))
        self._link(stream, event, fields, place)
        self.bases[event["basis"]] += 1
        if self.bundle.header["texts"]:
            self._commitments.update(commitments_in(event["data"]))
        self._grounds(stream, event, place)
        self._judge(stream, event, at, place)
        self._follow(stream, event, leaf.hex(), place)

    def _grounds(self, stream: Stream, event: dict[str, Json], place: str) -> None:
        """Whether this kind may stand on this basis, and a command's events stand together, once."""
        basis, kind, cause = event["basis"], event["kind"], event["cause"]
        expected = "command"
        if kind in OBSERVED or not event["stream"].startswith(("task/", CONFERENCE)):
            expected = "observation"
        elif kind in BY_RULE:
            expected = "rule"
        system = event["actor"] == {"unit": "system", "role": "system"}
        if basis != expected or system != (basis != "command"):
            self.find("BASIS_WRONG", place, f"{kind} by {basis}")
        under_way, stream.under_way = stream.under_way, None
        if kind in THAWED:
            under_way = None  # what had followed was never recorded
        digest = cause.get("payload_sha256", "") if basis == "command" else ""
        found = (digest, cause["index"], cause["count"])
        if under_way is not None and found != under_way:
            self.find("CAUSE_BROKEN", place, f"{under_way[1]} of {under_way[2]} stood before it")
        elif digest and under_way is None:
            begun = bytes.fromhex(digest)[:16]
            # an issue begins the task's own stream too
            if cause["index"] or (kind != "TaskIssued" and begun in self._begun_by):
                self.find("CAUSE_BROKEN", place, "a command's events stand once, from the first on")
            self._begun_by.add(begun)
        if digest and cause["index"] + 1 < cause["count"]:
            stream.under_way = (digest, cause["index"] + 1, cause["count"])

    def _number(self, stream: str) -> int:
        return self._names.setdefault(stream, len(self._names))

    def _link(
        self, stream: Stream, event: dict[str, Json], fields: dict[str, Json], place: str
    ) -> None:
        address = (self.origin, fields["stream"], fields["seq"])
        if (event["origin"], event["stream"], event["seq"]) != address:
            self.find("ADDRESS_MISMATCH", place)
        if event["seq"] != stream.seq + 1:
            self.find("GAP", place, f"after {stream.seq}")
        elif event["prev"] != stream.hash:
            self.find("LINK_BROKEN", place, "prev")
        elif event["at"] < stream.at:
            self.find("ORDER_WRONG", place, "at")
        stream.seq, stream.hash, stream.at = fields["seq"], fields["hash"], event["at"]

    def _leaf(self, stream: Stream, fields: dict[str, Json], leaf: bytes, place: str) -> None:
        index = fields.get("leaf")
        if index is None:
            stream.leaf = None
            return
        if index >= self.size:
            self.find("LEAF_WRONG", place, f"{index} of {self.size}")
        elif self._seen[index]:
            self.find("LEAF_WRONG", place, f"{index} twice")
        else:
            self._seen[index] = 1
            self._leaves[32 * index : 32 * index + 32] = leaf
            self.counts["leaves"] += 1
        if stream.leaf is None or index <= stream.leaf:
            self.find("LEAF_WRONG", place, "order")
        if index == 0 and (fields["stream"], fields["seq"]) != (CONFERENCE, 1):
            self.find("LEAF_WRONG", place, "the first leaf is the genesis event")
        stream.leaf = index

    def _judge(self, stream: Stream, event: dict[str, Json], at: int, place: str) -> None:
        """Under the roster that the stream had adopted: the roster itself, then the command."""
        if event["kind"] == "ConferenceFounded" and event["stream"] == CONFERENCE:
            self._genesis(event, place)
        elif event["kind"] == "RosterAdopted" and event["stream"].startswith("task/"):
            self._adoption(stream, event, place)
        roster = self._rosters.get(event["roster"])
        if roster is None:
            self.find("ROSTER_UNKNOWN", place, event["roster"][:12])
            return
        if stream.roster is None:
            stream.roster = event["roster"]
        observed = event["stream"] == "audit" or event["stream"].startswith("mail/")
        if event["roster"] != stream.roster and not observed:
            self.find("ROSTER_WRONG", place, event["roster"][:12])
        if event["basis"] == "command":
            self.counts["commands"] += 1
            word = self._command(stream, event, roster, at, place)
            if word is not None:
                self.find("COMMAND_INVALID", place, word)

    def _command(
        self, stream: Stream, event: dict[str, Json], roster: Roster, at: int, place: str
    ) -> str | None:
        """Why the envelope is not the command that the event names; its signature comes later."""
        command = stream.command
        if not isinstance(command, Command):
            return command or "missing"
        payload = command.payload
        entry = roster.keys.get(payload["key_id"])
        if entry is None:
            return "key-unknown"
        # a task may begin long after its issue was taken; the registration says that it was in time
        begins = event["kind"] == "TaskIssued" and payload["action"] == "issue"
        standing = "active" if begins else roster.standing(payload["key_id"], event["at"])
        actor = {name: entry[name] for name in ("unit", "role", "key_id")}
        checks = {
            f"key-{standing}": standing == "active",
            "key-use": entry["use"] == "command",
            "digest": command.digest == event["cause"]["payload_sha256"],
            "origin": payload["origin"] == event["origin"],
            "stream": payload["stream"] == (CONFERENCE if begins else event["stream"]),
            "unit": payload["unit"] == entry["unit"],
            "request": payload["request_id"] == event["cause"]["request_id"],
            "actor": event["actor"] == actor,
            "expired": begins or at <= micros(payload["not_after"]),
            "issued-later": micros(payload["issued_at"]) - at <= CLOCK_AHEAD,
        }
        word = next((word for word, holds in checks.items() if not holds), None)
        ends = (self._retired, self._replaced)
        since = min(end.get(payload["key_id"], at) for end in ends)
        if word is None and not begins and at > since + ADOPTED_WITHIN:
            self.find("KEY_RETIRED_EARLIER", place, payload["key_id"][:12])
        if stream.judged != command.digest:
            stream.judged = command.digest
            self._signatures.add(
                bytes.fromhex(entry["public_key"]),
                command.message,
                command.signature,
                lambda holds: None if holds else self.find("COMMAND_INVALID", place, "signature"),
            )
        return word

    # --- what the conference's stream says ---

    def _genesis(self, event: dict[str, Json], place: str) -> None:
        data = event["data"]
        if event["seq"] != 1 or self._rosters:
            self.find("ROSTER_INVALID", place, "founded-again")
            return
        try:
            roster = Roster(data.get("roster"))
            self.counts["signatures"] += check_genesis(
                roster, data.get("roster_signatures"), event["at"]
            )
        except BadError as bad:
            self.find("ROSTER_INVALID", place, str(bad))
            return
        self.counts["rosters"] += 1
        self._rosters[roster.hash] = roster
        self._head = roster.hash
        self.demo_custody = data.get("custody") == "demo"
        if self.trust is not None and roster.hash != self.trust.genesis:
            self.find("GENESIS_FOREIGN", place, roster.hash[:12])

    def _follow(self, stream: Stream, event: dict[str, Json], event_hash: str, place: str) -> None:
        """What later events rest on. Data that is not as its kind has it is a finding."""
        kind = event["kind"]
        try:
            if event["stream"] == CONFERENCE:
                follows = _ON_CONFERENCE.get(kind)
                if follows is not None:
                    follows(self, stream, event, event_hash, place)
            elif event["stream"].startswith("task/"):
                self._on_task(stream, event, event_hash, place)
        except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
            self.find("DATA_INVALID", place, f"{kind} {type(error).__name__}")
        except BadError as bad:
            self.find("DATA_INVALID", place, f"{kind} {bad}")

    def _snapshots(
        self, stream: Stream, event: dict[str, Json], event_hash: str, place: str
    ) -> None:
        """Rules and calendar are what their hashes say; from here on tasks may rest on them."""
        for what, known in self._adopted.items():
            snapshot = event["data"].get(what)
            if snapshot is None:
                continue
            digest = sha256(canonical(snapshot)).hexdigest()
            if digest != event["data"].get(f"{what}_hash"):
                self.find("SNAPSHOT_MISMATCH", place, what)
            known.add(digest)

    def _roster_made(
        self, stream: Stream, event: dict[str, Json], event_hash: str, place: str
    ) -> None:
        data, kind, at = event["data"], event["kind"], micros(event["at"])
        before = self._rosters.get(data["prev_roster"])
        if before is None or data["prev_roster"] != stream.roster:
            self.find("ROSTER_INVALID", place, "prev")
            return
        changes = data["changes"] if kind == "RosterChanged" else data["entry"]
        try:
            derived = before.after(changes, event["at"], adds_one=kind != "RosterChanged")
            if (derived.hash, derived.version) != (data["roster"], data["version"]):
                raise BadError("another-roster")
            signed = derived.check_signatures(data["signatures"], before, event["at"])
            self.counts["signatures"] += signed
            if (kind == "KeyReplaced") != ("replaces" in changes):
                raise BadError("replaces")
            if kind == "KeyReplaced" and micros(changes["effective"]) < at + REPLACED_AFTER:
                raise BadError("replaced-too-soon")
        except BadError as bad:
            self.find("ROSTER_INVALID", place, str(bad))
            return
        self.counts["rosters"] += 1
        self._rosters[derived.hash] = derived
        stream.roster = self._head = derived.hash
        self._possessions(event, before, place)
        self._retirements(stream, data, kind, at)

    def _adoption(self, stream: Stream, event: dict[str, Json], place: str) -> None:
        """A task follows the conference's rosters one by one; it stands under the new one at once."""
        after = self._rosters.get(str(event["data"].get("roster")))
        if after is None or after.document["prev_roster"] != stream.roster:
            self.find("ROSTER_INVALID", place, "adoption")
        else:
            stream.roster = after.hash

    def _possessions(self, event: dict[str, Json], before: Roster, place: str) -> None:
        """Who is to act by a new key has signed for it, and in a rotation the key that goes too."""
        data = event["data"]
        if event["kind"] != "RosterChanged":
            if data["entry"]["use"] == "command":
                self._possession(data["entry"], data["possession"], data["entry"], place)
            return
        added = {k["key_id"]: k for k in data["changes"].get("add", ()) if k["use"] == "command"}
        given = {proof["key_id"]: proof for proof in data.get("possessions", ())}
        if added.keys() != given.keys():
            self.find("ROSTER_INVALID", place, "possession")
            return
        gone = set(data["changes"].get("retire", ()))
        losing = {before.keys[key_id]["unit"] for key_id in gone}
        for key_id, proof in given.items():
            entry = added[key_id]
            self._possession(entry, proof["signature"], entry, place)
            rotated = proof.get("rotated")
            if rotated is None:
                if entry["unit"] in losing:
                    self.find("ROSTER_INVALID", place, "rotation")
                continue
            old = before.keys.get(rotated["key_id"], {})
            acts = old and before.hands_over(old["key_id"], event["at"])
            if not acts or old["unit"] != entry["unit"] or old["key_id"] not in gone:
                self.find("ROSTER_INVALID", place, "rotation")
                continue
            gone.remove(old["key_id"])  # it hands over once
            self._possession(entry, rotated["signature"], old, place)

    def _possession(
        self, entry: dict[str, Json], signature: str, signer: dict[str, Json], place: str
    ) -> None:
        request = {name: entry[name] for name in ("unit", "alg", "key_id", "public_key")}
        body = canonical({"v": 1, "origin": self.origin, **request})
        self.counts["possessions"] += 1
        self._signatures.add(
            bytes.fromhex(signer["public_key"]),
            pae(KEY_REQUEST_TYPE, body),
            bytes.fromhex(signature),
            lambda holds: None if holds else self.find("ROSTER_INVALID", place, "possession"),
        )

    def _retirements(self, stream: Stream, data: dict[str, Json], kind: str, at: int) -> None:
        """From when on which key acts no more, and from which leaf on a key of the log."""
        if kind == "KeyReplaced":
            entry = data["entry"]
            effective = micros(entry["effective"])
            self._replaced[entry["replaces"]] = effective
            self._replacing[entry["key_id"]] = entry["replaces"], effective
            return
        if kind != "RosterChanged":
            return
        for key_id in data["changes"].get("retire", ()):
            self._retired.setdefault(key_id, at)
            if stream.leaf is not None:
                self._retired_by.setdefault(key_id, stream.leaf)
            lost, effective = self._replacing.get(key_id, ("", at))
            if effective > at:  # the replacement was stopped in time: the other one acts on
                self._replaced.pop(lost, None)

    def _task_registered(
        self, stream: Stream, event: dict[str, Json], event_hash: str, place: str
    ) -> None:
        data = event["data"]
        self._registered[event_hash] = event
        for what, known in self._adopted.items():
            digest = data.get(f"{what}_hash")
            if digest is not None and digest not in known:
                self.find("NOT_ADOPTED", place, what)

    def _issue_proposed(
        self, stream: Stream, event: dict[str, Json], event_hash: str, place: str
    ) -> None:
        self._proposed[event_hash] = event["cause"]["payload_sha256"]

    def _opening_redacted(
        self, stream: Stream, event: dict[str, Json], event_hash: str, place: str
    ) -> None:
        self._redacted[event["data"]["commit"]] = event["at"]

    # --- tasks ---

    def _on_task(self, stream: Stream, event: dict[str, Json], event_hash: str, place: str) -> None:
        kind = event["kind"]
        if (kind == "TaskIssued") != (event["seq"] == 1):
            self.find("UNREGISTERED_TASK", place, "first-event")
        elif kind == "TaskIssued":
            self._task_begun(event, place)
        if self.until is not None:
            self._fold(event, event_hash, place)

    def _task_begun(self, event: dict[str, Json], place: str) -> None:
        data = event["data"]
        registration = self._registered.pop(data["registration"], None)
        if registration is None:
            self.find("UNREGISTERED_TASK", place)
            return
        registered = registration["data"]
        issue = registration["cause"].get("payload_sha256")
        if "proposal" in registered:
            issue = self._proposed.get(registered["proposal"])
        checks = {
            "task": registered["task"] == data["task"] == event["stream"].partition("/")[2],
            "issue": event["cause"].get("payload_sha256") == issue,
            "roster": event["roster"] == registration["roster"],
            "at": event["at"] >= registration["at"],
        }
        for word, holds in checks.items():
            if not holds:
                self.find("UNREGISTERED_TASK", place, word)
        self.counts["tasks"] += all(checks.values())
        for what in self._adopted:
            snapshot = data.get(what)
            digest = None if snapshot is None else sha256(canonical(snapshot)).hexdigest()
            if not digest == data.get(f"{what}_hash") == registered.get(f"{what}_hash"):
                self.find("SNAPSHOT_MISMATCH", place, what)

    def _ends(self) -> None:
        """No command is torn at a stream's end; a registered task without a stream is only named."""
        self.counts["tasks_not_begun"] = len(self._registered)
        for name, stream in self._streams.items():
            if stream.under_way is not None:
                _, index, count = stream.under_way
                self.find("CAUSE_BROKEN", f"{name}#{stream.seq}", f"ends with {index} of {count}")

    def _fold(self, event: dict[str, Json], event_hash: str, place: str) -> None:
        assert self.until is not None  # noqa: S101  the caller looked
        until, happened = self.until
        counted: str = event["at"]
        if happened and "happened_at" in event:
            counted = event["happened_at"]
        fold = self.tasks.get(event["stream"])
        if counted > until or (fold is None and event["seq"] > 1):
            return
        if fold is None:
            fold = self.tasks[event["stream"]] = TaskFold()
        try:
            fold.apply(event, event_hash)
        except (BadError, KeyError):
            if not happened:
                raise
            # stated for a time at which what it rests on had not happened yet

    # --- the tree, its checkpoints and their witnesses ---

    @property
    def _log_listed(self) -> list[NoteKey]:
        """Keys of the log by the newest roster, which also lists those that sign no more."""
        head = self._rosters.get(self._head)
        entries = head.keys.values() if head is not None else ()
        return [
            NoteKey(self.origin, 1, bytes.fromhex(entry["public_key"]))
            for entry in entries
            if entry["use"] == "log"
        ]

    @property
    def unlisted(self) -> list[NoteKey]:
        """Keys of the log by the trust file that no roster listed; none where none lists any."""
        listed = self._log_listed
        told = self.trust.logs if self.trust is not None and listed else ()
        return [key for key in dict.fromkeys(told) if key not in listed]

    def _log_keys(self) -> list[NoteKey]:
        """By the trust file, and by the roster that follows from its genesis.

        One of the trust file's must be listed: a further one may be of a roster behind the bundle,
        and is only said.
        """
        told = list(dict.fromkeys(self.trust.logs)) if self.trust is not None else []
        if told and self.unlisted == told:
            self.find("LOG_KEY_FOREIGN", "trust file", told[0].public_key.hex()[:12])
        return list(dict.fromkeys([*told, *self._log_listed]))

    def _witness(self, line: Line) -> None:
        if self.trust is not None:
            return  # only the policy's count
        try:
            key = parse_vkey(line.fields["vkey"], 4)
        except BadError as bad:
            self.find("WITNESS_INVALID", f"line {line.number}", str(bad))
            return
        self._witnesses[key.name, key.key_hash] = key.name, key

    def _trust_witnesses(self) -> None:
        if self.trust is not None:
            for name, key in self.trust.policy.witnesses.items():
                self._witnesses[key.name, key.key_hash] = name, key

    def _checkpoint(self, note: str, place: str, *, held: bool = False) -> None:
        """One of the bundle, or one that was held elsewhere: the tree must contain it."""
        try:
            checkpoint, signatures = parse_checkpoint(note)
        except BadError as bad:
            self.find("CHECKPOINT_INVALID", place, str(bad))
            return
        place = f"{'held ' if held else ''}checkpoint {checkpoint.size}"
        if checkpoint.origin != self.origin:
            self.find("CHECKPOINT_INVALID", place, "another origin")
            return
        known = self._roots.get(checkpoint.size)
        if known is not None and known[0] != checkpoint.root:
            self.find("CHECKPOINT_FORKED", place)
            return
        if known is not None and not held:
            self.find("CHECKPOINT_TWICE", place)
            return
        if checkpoint.size > self.size:
            self.find("CHECKPOINT_BEYOND", place, f"{self.size} leaves are here")
        self._roots[checkpoint.size] = checkpoint.root, place
        head = Head("held" if held else "checkpoints", checkpoint.size, place)
        self._heads.append(head)
        self._signed_by_the_log(checkpoint, signatures, head)
        self._cosignatures(checkpoint, signatures, place)

    def _signed_by_the_log(
        self, checkpoint: Checkpoint, signatures: list[NoteSignature], head: Head
    ) -> None:
        given = {(s.name, s.key_hash): s.signature for s in signatures}
        signed = [
            (key, given[key.name, key.key_hash])
            for key in self._log_known
            if (key.name, key.key_hash) in given
        ]
        if not signed and self._log_known:
            self._unsigned(head)
        # the very leaves say that it signs no more; the log had read them
        ids = [key_id_of("ed25519", key.public_key) for key, _ in signed]
        if signed and all(self._retired_by.get(k, MAX_SIZE) < checkpoint.size for k in ids):
            self._unsigned(head, "retired")
        for key, signature in signed:
            self._signatures.add(
                key.public_key,
                checkpoint.text,
                signature,
                lambda holds: None if holds else self._unsigned(head, "signature"),
            )

    def _unsigned(self, head: Head, detail: str = "") -> None:
        head.signed = False
        self.find("CHECKPOINT_UNSIGNED", head.place, detail)

    def _cosignatures(
        self, checkpoint: Checkpoint, signatures: list[NoteSignature], place: str
    ) -> None:
        for signature in signatures:
            name, key = self._witnesses.get(signature[:2], (None, None))
            if name is None or key is None:
                known = signature[:2] in {(key.name, key.key_hash) for key in self._log_known}
                self.counts["unknown_signatures"] += not known
                continue
            time = int.from_bytes(signature.signature[:8], "big")
            if time > MAX_TIME:
                self.find("COSIGNATURE_INVALID", place, name)
                continue
            cosigned = (checkpoint.size, name, time)

            def then(holds: bool, cosigned: tuple[int, str, int] = cosigned) -> None:  # noqa: FBT001  a verdict
                if holds:
                    self._cosigned.append(cosigned)
                    self.counts["cosignatures"] += 1
                else:
                    self.find("COSIGNATURE_INVALID", place, cosigned[1])

            self._signatures.add(
                key.public_key, cosigned_message(checkpoint, time), signature.signature[8:], then
            )

    def _tree(self) -> None:
        """One pass over the leaves: the root at each checkpoint's size, so all are consistent."""
        if missing := self.size - sum(self._seen):
            first = self._seen.index(0)
            self.find("LEAF_MISSING", f"leaf {first}", f"{missing} of {self.size}")
            return
        # a trust file names the log, so there must be a checkpoint of it
        missing_head = self.size not in self._roots if self.size else self.trust is not None
        if missing_head:
            self.find("CHECKPOINT_MISSING", f"checkpoint {self.size}", "the newest")
        tree = Tree()
        contained: set[int] = set()
        for size in sorted(size for size in self._roots if size <= self.size):
            while tree.size < size:
                at = 32 * tree.size
                tree.append(bytes(self._leaves[at : at + 32]))
            root, place = self._roots[size]
            if tree.root() == root:
                contained.add(size)
            else:
                self.find("ROOT_MISMATCH", place)
        for head in self._heads:
            self.counts[head.kind] += head.signed and head.size in contained
        if self.size in self._roots:
            self.newest = f"size {self.size}, root {self._roots[self.size][0].hex()}"

    def _times(self) -> None:
        """Nothing waits for its leaf for long: by the newest event, since nobody signed the header."""
        newest = max(self._order[1::4], default=0)
        made = micros(self.bundle.header["made_at"])
        if newest > made + LATEST_SEAL:
            self.find("MADE_TOO_EARLY", "line 1", f"an event is of {spell(newest)}")
        if self.size and self.later:
            for leaf, at, number, seq in self._ordered():
                if leaf >= self.size and at < newest - LATEST_SEAL:
                    self.find("UNSEALED", self._place(number, seq), "older than ten minutes")
                elif leaf >= self.size and at < made - LATEST_SEAL:
                    self._flag("UNSEALED", self._place(number, seq), "older than ten minutes")

    def _witnessing(self) -> None:
        """Which checkpoint is witnessed, and which events came in behind what a quorum had seen."""
        if self.trust is None or self.quorum is None:
            return
        policy = self.trust.policy
        names: set[str] = set()
        for size, name, _ in sorted(self._cosigned, reverse=True):
            names.add(name)
            if size and policy.satisfied(names):
                self.witnessed = size
                break
        sizes, times = self._quorums(policy)
        for leaf, at, number, seq in self._ordered():
            place = bisect_right(sizes, leaf) - 1
            if place >= 0 and at < times[place] * 10**6 - LATEST_SEAL:
                detail = f"before size {sizes[place]}"
                self._flag("BACKDATED_OR_SEALED_LATE", self._place(number, seq), detail)

    def _quorums(self, policy: Policy) -> tuple[list[int], list[int]]:
        """Sizes, and the last time at which a quorum had been shown nothing beyond each of them.

        A cosignature of a later size may hold the very event, so only those up to its leaf count.
        """
        latest: dict[str, int] = {}
        sizes: list[int] = []
        times: list[int] = []
        for size, name, time in sorted(self._cosigned):
            latest[name] = max(latest.get(name, time), time)
            names: set[str] = set()
            for since, witness in sorted(((t, n) for n, t in latest.items()), reverse=True):
                names.add(witness)
                if policy.satisfied(names):
                    sizes.append(size)
                    times.append(since)
                    break
        return sizes, times

    def _ordered(self) -> Iterator[Sequence[int]]:
        for at in range(0, len(self._order), 4):
            yield self._order[at : at + 4]

    def _place(self, number: int, seq: int) -> str:
        if len(self._listed) < len(self._names):  # streams only ever come
            self._listed = list(self._names)
        return f"{self._listed[number]}#{seq}"

    def _flag(self, code: str, place: str, detail: str) -> None:
        if len(self.flags) < MAX_SHOWN:
            self.flags.append(Finding(code, place, detail))
        else:
            self.dropped_flags += 1

    # --- texts ---

    def _text(self, line: Line) -> None:
        fields = line.fields
        self._spoken_of.add(fields["commit"])
        place = f"text {fields['commit'][:12]}"
        try:
            content = from_base64(fields["bytes"])
        except BadError as bad:
            self.find("TEXT_MISMATCH", place, str(bad))
            return
        material = b"lianxi/commit/v1\n" + bytes.fromhex(fields["salt"]) + content
        if fields["commit"] not in self._commitments:
            self.find("TEXT_UNNAMED", place)
        elif sha256(material).hexdigest() != fields["commit"]:
            self.find("TEXT_MISMATCH", place)
        elif self._commitments[fields["commit"]] != len(content):
            self.find("TEXT_MISMATCH", place, "size")
        elif self._redacted.get(fields["commit"], _NEVER) < self.bundle.header["made_at"]:
            self.find("REDACTION_UNDONE", place)
        else:
            self.counts["texts"] += 1

    def _not_there(self, line: Line) -> None:
        """A text may be missing only where an event says that it was redacted."""
        commit = line.fields["commit"]
        self._spoken_of.add(commit)
        if commit in self._redacted:
            self.counts["redacted"] += 1
        else:
            self.find("TEXT_MISSING", f"text {commit[:12]}", line.type)


Follow = Callable[[Verification, Stream, dict[str, Json], str, str], None]
_ON_CONFERENCE: dict[str, Follow] = {
    "ConferenceFounded": Verification._snapshots,  # noqa: SLF001  the class's own table
    "RulesAdopted": Verification._snapshots,  # noqa: SLF001  as above
    "CalendarAdopted": Verification._snapshots,  # noqa: SLF001  as above
    "KeyRegistered": Verification._roster_made,  # noqa: SLF001  as above
    "RosterChanged": Verification._roster_made,  # noqa: SLF001  as above
    "KeyReplaced": Verification._roster_made,  # noqa: SLF001  as above
    "TaskRegistered": Verification._task_registered,  # noqa: SLF001  as above
    "IssueProposed": Verification._issue_proposed,  # noqa: SLF001  as above
    "OpeningRedacted": Verification._opening_redacted,  # noqa: SLF001  as above
}


# --- what is said ------------------------------------------------------------------------------------------


def visible(text: str) -> str:
    """Nothing that a terminal would act on."""
    return "".join(character if character.isprintable() else "?" for character in text)


def result_of(run: Verification) -> int:
    """The exit code."""
    if run.findings or run.dropped:
        return FOUND
    if run.trust is None:
        return SELF_CONSISTENT
    return NOT_WITNESSED if run.quorum is not None and run.witnessed is None else HOLDS


RESULTS = {
    HOLDS: ("holds", "EVERYTHING CHECKED HOLDS"),
    FOUND: ("findings", "NOT INTACT"),
    SELF_CONSISTENT: (
        "self-consistent",
        "SELF-CONSISTENT ONLY: without a trust file nobody knows whose bundle this is",
    ),
    NOT_WITNESSED: (
        "not-witnessed",
        "NOT WITNESSED: the policy's quorum has cosigned no checkpoint of this bundle",
    ),
}
"""For programs, and for people."""


def said_of(run: Verification) -> tuple[str, str]:
    """The result as a word for programs and as a line for people."""
    code = result_of(run)
    word, line = RESULTS[code]
    if code == HOLDS and run.later:
        word = "holds-up-to-leaf"
        line = f"HOLDS UP TO LEAF {run.size - 1}; {run.later} later events are not proven yet"
    if code == HOLDS and run.witnessed is not None and run.witnessed < run.size:
        line += f"; no quorum has cosigned leaf {run.witnessed} and what follows it yet"
    if flagged := len(run.flags) + run.dropped_flags:
        line += f"; {flagged} flagged events want a look"
    return word, line


def not_checked(run: Verification) -> list[str]:
    """What could not be checked, of this bundle."""
    header = run.bundle.header
    newest = run.newest_cosignature
    vouched = f"the newest cosignature is of {newest}" if newest else "no witness names a time"
    made = f"anything after {header['made_at']}, when the bundle says it was made; {vouched}"
    notes = [*NOT_CHECKED, made]
    if run.trust is None:
        notes.insert(
            0, "that the genesis, the log's key and the witnesses are the right ones (--trust)"
        )
    elif run.quorum is None:
        notes.append("the end of the trail: the policy asks for no witness (see --checkpoint)")
    elif run.witnessed is None:
        notes.append("the end of the trail: no checkpoint is witnessed by a quorum of the policy")
    elif run.witnessed < run.size:
        notes.append(f"leaves from {run.witnessed} on: no quorum has cosigned them yet")
    if header["size"] and not run.log_key_known:
        notes.append("the log's signatures: neither roster nor trust file names its key")
    if run.unlisted:
        named = ", ".join(key.public_key.hex()[:12] for key in run.unlisted)
        notes.append(
            f"the log's key {named}: of the trust file, listed by no roster of this bundle"
        )
    if not header["size"]:
        notes.append("the tree: the bundle holds no checkpoint")
    elif run.later:
        notes.append(f"the tree over {run.later} events: they are in no checkpoint of this bundle")
    if unknown := run.counts["unknown_signatures"]:
        notes.append(f"{unknown} signatures under checkpoints: of keys that nobody named")
    if not header["texts"]:
        notes.append("texts behind the commitments: the bundle holds none (--with-texts)")
    elif closed := run.commitments_without_text:
        notes.append(f"{closed} commitments: files, and texts that the exporter may not read")
    if run.demo_custody:
        notes.append("authorship: not proven, demo custody (one machine holds all keys)")
    if begun := run.counts["tasks_not_begun"]:
        notes.append(f"{begun} registered tasks: the bundle holds nothing of them")
    return notes


def report(run: Verification, rows: list[dict[str, str]] | None) -> str:
    """For people."""
    header = run.bundle.header
    lines = [f"bundle       {header['origin']}, made {header['made_at']} by {header['by']}"]
    if run.trust is not None:
        quorum = run.trust.policy.quorum
        lines.append(f"trust        genesis {run.trust.genesis[:16]}..., quorum {quorum}")
    if run.newest:
        lines.append(f"checkpoint   {run.newest}")
    if run.witnessed is not None:
        lines.append(f"witnessed    size {run.witnessed}")
    bases = ", ".join(f"{name} {count}" for name, count in sorted(run.bases.items()))
    lines.append(f"basis        {bases}")
    lines.append("checked")
    lines += [
        f"  {run.counts[name]:>9}  {said}" for name, said in CHECKED.items() if run.counts[name]
    ]
    lines.append("not checked")
    lines += [f"  - {said}" for said in not_checked(run)]
    listed = (
        ("flags", run.flags, run.dropped_flags),
        ("findings", run.findings, run.dropped),
    )
    for title, found, dropped in listed:
        if found:
            lines.append(title)
            lines += [f"  {code}  {place}  {detail}".rstrip() for code, place, detail in found]
        if dropped:
            lines.append(f"  and {dropped} more")
    if rows is not None:
        lines.append("as of")
        lines += _table(rows)
    lines.append(f"result       {said_of(run)[1]}")
    return "\n".join(map(visible, lines))


def _table(rows: list[dict[str, str]]) -> list[str]:
    names = ("task", "phase", "unit", "role", "state", "due")
    widths = {name: max(len(name), *(len(row[name]) for row in rows), 0) for name in names}
    cells = [{name: name for name in names}, *rows]
    return ["  " + "  ".join(row[n].ljust(widths[n]) for n in names).rstrip() for row in cells]


def as_json(run: Verification, rows: list[dict[str, str]] | None) -> str:
    """For programs."""
    document = {
        "bundle": {name: run.bundle.header[name] for name in ("origin", "made_at", "size")},
        "result": said_of(run)[0],
        "later_events": run.later,
        "checked": {name: run.counts[name] for name in CHECKED},
        "bases": dict(run.bases),
        "not_checked": not_checked(run),
        "findings": [found._asdict() for found in run.findings],
        "flags": [found._asdict() for found in run.flags],
        "dropped": {"findings": run.dropped, "flags": run.dropped_flags},
        "witnessed": run.witnessed,
    }
    if rows is not None:
        document["as_of"] = rows
    return json.dumps(document, indent=1, ensure_ascii=True)


def read_time(text: str) -> str:
    """An instant; without a zone in this machine's; a bare date is its end. RefusedError."""
    try:
        instant = datetime.fromisoformat(re.sub("[Zz]$", "+00:00", text))
        if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            instant += timedelta(days=1) - _MICROSECOND
        return spell((instant.astimezone(timezone.utc) - _EPOCH) // _MICROSECOND)
    except (ValueError, OverflowError, OSError):
        raise RefusedError(
            f"--as-of {text}: not a time; write 2026-11-30 or 2026-11-30T12:00Z"
        ) from None


class Ticker:
    """Progress on a terminal; nothing elsewhere."""

    def __init__(self, total: int, bundle: Bundle) -> None:
        self._shown = ""
        self._total = total
        self._bundle = bundle
        self._on = sys.stderr.isatty()

    def __call__(self, what: str) -> None:
        """Draw; an empty text wipes the line."""
        if not self._on:
            return
        share = 100 * self._bundle.read // max(1, self._total)
        text = f"{what} {share}%" if what else ""
        if text.rpartition(" ")[2] != self._shown.rpartition(" ")[2] or not what:
            sys.stderr.write("\r\x1b[K" + text)
            sys.stderr.flush()
            self._shown = text


def main(argv: Sequence[str] | None = None) -> int:
    """The program."""
    parser = argparse.ArgumentParser(
        prog="verify_bundle.py", description="Checks a bundle of `lianxi audit export --bundle`."
    )
    parser.add_argument("bundle", metavar="BUNDLE")
    parser.add_argument("--trust", metavar="FILE", help="the trust file, obtained elsewhere")
    parser.add_argument(
        "--checkpoint",
        action="append",
        default=[],
        metavar="FILE",
        help="a checkpoint kept elsewhere, which the tree must contain; may be repeated",
    )
    parser.add_argument("--as-of", metavar="TIME", help="also show the state of all tasks then")
    parser.add_argument("--happened", action="store_true", help="count when things happened")
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    parser.add_argument("--jobs", type=int, default=0, metavar="N", help="processes; 0: all cores")
    given = parser.parse_args(argv)
    if given.happened and given.as_of is None:
        parser.error("--happened belongs to --as-of")
    try:
        until = None if given.as_of is None else (read_time(given.as_of), given.happened)
        trust = None if given.trust is None else read_trust(given.trust)
        held = [(name, read_note(name)) for name in given.checkpoint]
        jobs = given.jobs if given.jobs > 0 else os.cpu_count() or 1
        with Bundle(given.bundle) as bundle:
            run = Verification(bundle, trust, jobs)
            run.held, run.until = held, until
            run.run(Ticker(bundle.bytes, bundle))
    except RefusedError as refused:
        print(visible(f"refused: {refused}"), file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        return 130
    rows = None
    if until is not None:
        rows = [row for task in sorted(run.tasks) for row in run.tasks[task].rows()]
    print(as_json(run, rows) if given.json else report(run, rows))
    return result_of(run)


if __name__ == "__main__":
    sys.exit(main())
