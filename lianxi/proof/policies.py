"""Witness policies: which logs are known, which witnesses count, how many it takes (proof layer).

Format: C2SP tlog-policy.md, narrowed to the keys of this system (logs Ed25519, witnesses
cosignature/v1) and read as UTF-8. URLs are allowed and not kept: nobody here calls them.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from lianxi.proof.notes import COSIGNATURE_V1, ED25519, NoteKey
from lianxi.proof.refusals import NoteKeyError, PolicyMalformedError

NONE = "none"
"""The quorum that wants nobody."""
MAX_POLICY_BYTES = 262_144

_BLANK = re.compile(r"[ \t]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_COUNT = re.compile(r"[1-9][0-9]{0,5}")


class Group(NamedTuple):
    """Witnessed when `threshold` of `members` (witnesses or earlier groups) have witnessed."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """Invariant: every name is defined once, before its use, and is a member at most once."""

    logs: tuple[NoteKey, ...] = ()
    witnesses: Mapping[str, NoteKey] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    quorum: str = NONE

    def satisfied(self, names: Collection[str]) -> bool:
        """Whether these witnesses (named as in the policy) together are the quorum."""
        if self.quorum == NONE:
            return True
        witnessed = {name for name in names if name in self.witnesses}
        # a group names only what stands before it, so one pass is enough
        for name, group in self.groups.items():
            if sum(member in witnessed for member in group.members) >= group.threshold:
                witnessed.add(name)
        return self.quorum in witnessed


def policy_text(policy: Policy) -> str:
    """The policy as a file; `parse_policy` takes it back."""
    lines = [f"log {key.vkey()}" for key in policy.logs]
    lines += [f"witness {name} {key.vkey()}" for name, key in policy.witnesses.items()]
    lines += [
        f"group {name} {group.threshold} {' '.join(group.members)}"
        for name, group in policy.groups.items()
    ]
    lines.append(f"quorum {policy.quorum}")
    return "".join(f"{line}\n" for line in lines)


def parse_policy(text: str) -> Policy:
    """Reads a policy file. Invariant: `parse_policy(policy_text(policy)) == policy`.

    Raises PolicyMalformedError (`reason`: size, control, end, keyword, fields, key, algorithm,
    duplicate-key, name, threshold, member, quorum; `place`: the line).
    """
    if len(text) > MAX_POLICY_BYTES:
        raise PolicyMalformedError(reason="size", place=0)
    lines = text.split("\n")
    # a last line without its end may be cut off in the middle of a name
    if lines.pop():
        raise PolicyMalformedError(reason="end", place=len(lines) + 1)
    reading = _Reading()
    for place, line in enumerate(lines, 1):
        if _CONTROL.search(line):
            raise PolicyMalformedError(reason="control", place=place)
        words = [word for word in _BLANK.split(line) if word]
        if not words or words[0].startswith("#"):
            continue
        step = _STEPS.get(words[0])
        if step is None:
            raise PolicyMalformedError(reason="keyword", place=place)
        step(reading, words[1:], place)
    if reading.quorum is None:
        raise PolicyMalformedError(reason="quorum", place=0)
    return Policy(tuple(reading.logs), reading.witnesses, reading.groups, reading.quorum)


class _Reading:
    """What has been read so far."""

    def __init__(self) -> None:
        self.logs: list[NoteKey] = []
        self.witnesses: dict[str, NoteKey] = {}
        self.groups: dict[str, Group] = {}
        self.quorum: str | None = None
        self.used: set[str] = set()
        self.log_keys: set[bytes] = set()
        self.witness_keys: set[bytes] = set()

    def knows(self, name: str) -> bool:
        return name in self.witnesses or name in self.groups


def _log(reading: _Reading, words: list[str], place: int) -> None:
    if len(words) not in (1, 2):
        raise PolicyMalformedError(reason="fields", place=place)
    reading.logs.append(_key(words[0], ED25519, reading.log_keys, place))


def _witness(reading: _Reading, words: list[str], place: int) -> None:
    if len(words) not in (2, 3):
        raise PolicyMalformedError(reason="fields", place=place)
    name = _new_name(reading, words[0], place)
    reading.witnesses[name] = _key(words[1], COSIGNATURE_V1, reading.witness_keys, place)


def _group(reading: _Reading, words: list[str], place: int) -> None:
    if len(words) < 3:  # noqa: PLR2004 - name, threshold, at least one member
        raise PolicyMalformedError(reason="fields", place=place)
    name = _new_name(reading, words[0], place)
    members = tuple(words[2:])
    for member in members:
        if not reading.knows(member) or member in reading.used:
            raise PolicyMalformedError(reason="member", place=place)
        reading.used.add(member)
    reading.groups[name] = Group(_threshold(words[1], len(members), place), members)


def _quorum(reading: _Reading, words: list[str], place: int) -> None:
    if len(words) != 1:
        raise PolicyMalformedError(reason="fields", place=place)
    if reading.quorum is not None or not (words[0] == NONE or reading.knows(words[0])):
        raise PolicyMalformedError(reason="quorum", place=place)
    reading.quorum = words[0]


_STEPS = {"log": _log, "witness": _witness, "group": _group, "quorum": _quorum}


def _new_name(reading: _Reading, name: str, place: int) -> str:
    if name == NONE or reading.knows(name):
        raise PolicyMalformedError(reason="name", place=place)
    return name


def _key(vkey: str, algorithm: int, known: set[bytes], place: int) -> NoteKey:
    try:
        key = NoteKey.parse(vkey)
    except NoteKeyError:
        raise PolicyMalformedError(reason="key", place=place) from None
    if key.algorithm != algorithm:
        raise PolicyMalformedError(reason="algorithm", place=place)
    # the same key under two names would be counted twice
    if key.public_key in known:
        raise PolicyMalformedError(reason="duplicate-key", place=place)
    known.add(key.public_key)
    return key


def _threshold(word: str, members: int, place: int) -> int:
    named = {"any": 1, "all": members}.get(word)
    if named is not None:
        return named
    if _COUNT.fullmatch(word) is None or int(word) > members:
        raise PolicyMalformedError(reason="threshold", place=place)
    return int(word)
