"""A bundle and a client's receipt of the same heads: what the one takes for proven, the other does too."""

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import pytest

from lianxi.proof.checkpoints import Checkpoint, log_key, witness_key
from lianxi.proof.hash_texts import hash_texts
from lianxi.proof.keys import Signer
from lianxi.proof.policies import Group, Policy
from lianxi.proof.receipt_checks import Keys, check_receipt
from lianxi.proof.tlog_proofs import TlogProof, proof_bytes
from lianxi.proof.tree import (
    Coordinate,
    Range,
    consistency_proof,
    inclusion_proof,
    node_hash,
)
from tests.bundle.conftest import Judge
from tests.bundle.material import LOG, WITNESSES, Made, note_of, witness_name

STRANGER = Signer(b"\7" * 32)
EARLY = 14
"""The size of the first head: behind the first event of a command, and before its second."""
BOTH = ("U01", "U02")


class Leaves(list[bytes]):
    """A log's leaves, and what can be proven of them."""

    def root(self, size: int) -> bytes:
        tree = Range()
        tree.extend(self[:size])
        return tree.root()

    def read(self, wanted: Sequence[Coordinate]) -> dict[Coordinate, bytes]:
        return {each: self._node(*each) for each in wanted}

    def _node(self, level: int, index: int) -> bytes:
        if level == 0:
            return self[index]
        return node_hash(self._node(level - 1, 2 * index), self._node(level - 1, 2 * index + 1))


@dataclass(frozen=True)
class Shown:
    """How a head is shown: signed by whom, cosigned by whom, over leaves of which one is another."""

    cosigned: tuple[str, ...] = BOTH
    signer: Signer = LOG
    forged: int | None = None

    def leaves(self, honest: Leaves) -> Leaves:
        """The log's, as this head has them."""
        leaves = Leaves(honest)
        if self.forged is not None:
            leaves[self.forged] = sha256(b"another event").digest()
        return leaves

    def note(self, made: Made, leaves: Leaves, size: int, second: int) -> str:
        times = dict.fromkeys(self.cosigned, second)
        return note_of(made.origin, size, leaves.root(size), times, self.signer)


CASES: dict[str, tuple[Shown, Shown, bool]] = {
    "honest": (Shown(), Shown(), True),
    "witnessed only later": (Shown(cosigned=()), Shown(), True),
    "witnessed only before": (Shown(), Shown(cosigned=()), False),
    "witnessed by one": (Shown(cosigned=("U01",)), Shown(cosigned=("U01",)), False),
    "each by another": (Shown(cosigned=("U01",)), Shown(cosigned=("U02",)), False),
    "the first over another tree": (Shown(forged=3), Shown(), False),
    "the first over another tree, unwitnessed": (Shown(cosigned=(), forged=3), Shown(), False),
    "the second over another tree": (Shown(), Shown(forged=3), False),
    "the second over another tree, behind the first": (Shown(), Shown(forged=20), False),
    "both over another tree": (Shown(forged=3), Shown(forged=3), False),
    "the first signed by a stranger": (Shown(signer=STRANGER), Shown(), False),
    "the second signed by a stranger": (Shown(), Shown(signer=STRANGER), False),
}
NOT_ITS_OWN = {"both over another tree", "the second over another tree, behind the first"}
"""One tree, but with a leaf that is not the log's: of others' leaves a receipt holds nothing."""


@pytest.mark.parametrize("name", CASES)
def test_bundle_and_receipt_of_the_same_heads_agree(name: str, lived: Made, judge: Judge) -> None:
    """Proven and witnessed in one tree by both, or by neither; but see NOT_ITS_OWN."""
    first, second, proven = CASES[name]
    made = copy.deepcopy(lived)
    honest = Leaves(bytes.fromhex(line["hash"]) for line in made.of("event"))
    newest = max(json.loads(line["event"])["at"] for line in made.of("event"))
    moment = int(datetime.fromisoformat(newest).timestamp()) + 60
    trees = first.leaves(honest), second.leaves(honest)
    notes = [
        first.note(made, trees[0], EARLY, moment),
        second.note(made, trees[1], len(honest), moment),
    ]
    for line, note in zip(made.of("checkpoint"), notes, strict=True):
        line["note"] = note
    verdict = judge(made)
    assert (verdict.code == 0 and verdict.run.witnessed == len(honest)) == proven
    checked = check_receipt(kept(made, trees, notes), keys(made), origin=made.origin)
    told = checked.recorded and checked.witnessed is not None
    assert told == (proven or name in NOT_ITS_OWN)


def keys(made: Made) -> Keys:
    """As the trust file of `material` names them."""
    named = {
        unit: witness_key(witness_name(made.origin, unit), signer.public_key)
        for unit, signer in WITNESSES.items()
    }
    policy = Policy((), named, {"units": Group(2, BOTH)}, "units")
    return Keys([log_key(made.origin, LOG.public_key)], (), policy)


def kept(made: Made, trees: tuple[Leaves, Leaves], notes: Sequence[str]) -> dict[str, Any]:
    """A client's file: a command of two events, each proven under a head of its own, and the step."""
    lines = made.of("event")[EARLY - 1 : EARLY + 1]
    events = [json.loads(line["event"]) for line in lines]
    assert [event["cause"]["index"] for event in events] == [0, 1]
    head, cause = events[0], events[0]["cause"]
    early, late = trees
    proofs = [
        TlogProof(index, tuple(inclusion_proof(index, size, tree.read)), note.encode())
        for index, size, tree, note in (
            (EARLY - 1, EARLY, early, notes[0]),
            (EARLY, len(late), late, notes[1]),
        )
    ]
    later = hash_texts(consistency_proof(EARLY, len(late), late.read))
    entry = next(
        entry
        for line in made.of("event")
        if '"kind":"KeyRegistered"' in line["event"]
        and (entry := json.loads(line["event"])["data"]["entry"])["unit"] == head["actor"]["unit"]
    )
    return {
        "schema": 2,
        "envelope": lines[0]["envelope"],
        "public_key": entry["public_key"],
        "receipt": {
            "request_id": cause["request_id"],
            "payload_sha256": cause["payload_sha256"],
            "origin": made.origin,
            "stream": head["stream"],
            "at": events[1]["at"],
            "events": [
                {"seq": event["seq"], "kind": event["kind"], "hash": line["hash"]}
                for event, line in zip(events, lines, strict=True)
            ],
        },
        "events": [line["event"] for line in lines],
        "proofs": [
            {"hash": line["hash"], "proof": proof_bytes(proof).decode()}
            for line, proof in zip(lines, proofs, strict=True)
        ],
        "later": [{"from": EARLY, "checkpoint": notes[1], "consistency": later}],
    }


def test_the_heads_are_checkpoints_of_the_bundle(lived: Made) -> None:
    """What stands above is no other form than the bundle's own."""
    note = lived.of("checkpoint")[-1]["note"]
    leaves = Leaves(bytes.fromhex(line["hash"]) for line in lived.of("event"))
    assert note.startswith(Checkpoint(lived.origin, len(leaves), leaves.root(len(leaves))).text)
