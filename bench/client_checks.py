"""What a client checks of each answer, and what that adds to a command: `python -m bench.client_checks`.

The worst usual answer: a checkpoint that this machine has not seen yet, out of a tree of a million
leaves. Its signature is checked, the proof that it continues the one kept, then it is kept durably;
then the signature of a receipt. In turns with them the least that any client has to do: keep as many
bytes as durably.
"""

import statistics
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, cast

from lianxi.cli.client import Client
from lianxi.cli.log_pin import Pin, PinFolder
from lianxi.cli.log_watch import LogWatch
from lianxi.cli.private_files import write_private
from lianxi.cli.promises import check_promise
from lianxi.cli.transport import Answer
from lianxi.domain.values import format_instant
from lianxi.proof.checkpoints import Checkpoint, log_key, note_bytes, sign_checkpoint
from lianxi.proof.hash_texts import hash_texts
from lianxi.proof.keys import Signer
from lianxi.proof.notes import Note
from lianxi.proof.receipts import sign_receipt
from lianxi.proof.tree import Coordinate, consistency_proof, node_hash, root_at

ORIGIN = "example.org/lianxi/bench/0123456789abcdef"
LOG, RECEIPTS = Signer(b"\x51" * 32), Signer(b"\x52" * 32)
LEAVES = 2**20
MILLISECONDS = 5.0
"""The aim: so much at most is added to a command."""
_ANSWERS = 200
_STEP = 97
"""Leaves between two checkpoints seen: none of them is near a power of two."""


class Tree:
    """All complete nodes over made-up leaves."""

    def __init__(self, leaves: int) -> None:
        level = [sha256(b"%d" % number).digest() for number in range(leaves)]
        self._levels = [level]
        while len(level) > 1:
            level = [node_hash(*level[at : at + 2]) for at in range(0, len(level) - 1, 2)]
            self._levels.append(level)

    def read(self, wanted: Sequence[Coordinate]) -> Mapping[Coordinate, bytes]:
        """Nodes by level and index."""
        return {(level, index): self._levels[level][index] for level, index in wanted}

    def answer(self, seen: int, size: int) -> Answer:
        """As the gateway names its newest checkpoint to somebody who has seen an older one."""
        head = Checkpoint(ORIGIN, size, root_at(size, self.read))
        note = note_bytes(Note(head.text, (sign_checkpoint(head, LOG),)))
        proof = hash_texts(consistency_proof(seen, size, self.read))
        headers = {
            "lianxi-checkpoint": b64encode(note).decode(),
            "lianxi-consistency": ",".join(proof),
            "lianxi-reconciled": format_instant(datetime.now(UTC)),
        }
        return Answer(200, headers, b"{}")


def main() -> int:
    """Answer, check, print."""
    with TemporaryDirectory() as name:
        checks, keeping, size = _measure(Path(name))
    usual, slow = statistics.median(checks), sorted(checks)[len(checks) * 99 // 100]
    kept = statistics.median(keeping)
    alone = statistics.median(one - other for one, other in zip(checks, keeping, strict=True))
    verdict = "met" if usual < MILLISECONDS else "missed"
    print(
        f"client's checks of an answer: median {usual:.2f} ms (aim {MILLISECONDS:g}, {verdict}),"
        f" 99 % under {slow:.2f} ms; to keep {size} bytes durably, in turns with it: {kept:.2f} ms;"
        f" without that: {alone:.2f} ms"
    )
    return 0


def _measure(state: Path) -> tuple[list[float], list[float], int]:
    """Milliseconds of each check, and of keeping alone; how many bytes are kept."""
    tree = Tree(LEAVES)
    first = LEAVES - (_ANSWERS + 1) * _STEP
    pin = Pin(
        ORIGIN,
        format_instant(datetime.now(UTC)),
        size=first,
        root=root_at(first, tree.read).hex(),
        log_keys=(log_key(ORIGIN, LOG.public_key).vkey(),),
        receipt_keys=(RECEIPTS.public_key.hex(),),
    )
    folder = PinFolder(state, ORIGIN)
    folder.write(pin)
    client = cast(Client, _Machine(state))
    client.log = LogWatch(client)
    content, checks, keeping = _receipt(), list[float](), list[float]()
    for size in range(first + _STEP, LEAVES, _STEP):
        answer = tree.answer(client.log.pin.size, size)

        def check(answer: Answer = answer) -> None:
            client.log.header()
            client.log.look(answer)
            check_promise(client, content, "request")

        checks.append(_timed(check))
        if client.log.pin.size != size:
            raise AssertionError("a checkpoint that continues is kept")
        keeping.append(
            _timed(partial(write_private, state / "bare.json", folder.path.read_bytes()))
        )
    return checks, keeping, len(folder.path.read_bytes())


class _Machine:
    """As much of a client as its checks ask for."""

    log: LogWatch

    def __init__(self, state: Path) -> None:
        self.settings = SimpleNamespace(state=state)
        self.place = SimpleNamespace(origin=ORIGIN)
        self.unit = "U01"

    def afterwards(self) -> None:
        """Nothing is open here."""


def _receipt() -> dict[str, Any]:
    """The content of a command's answer, its receipt signed."""
    at = datetime.now(UTC)
    receipt = {
        "origin": ORIGIN,
        "stream": "task/T-0001",
        "request_id": "019a0000-0000-7000-8000-000000000000",
        "payload_sha256": "ab" * 32,
        "at": format_instant(at),
        "action": "acknowledge",
        "task": "T-0001",
        "events": [{"seq": 2, "kind": "TaskAcknowledged", "hash": "cd" * 32}],
    }
    by = format_instant(at + timedelta(minutes=10))
    return {"receipt": receipt, "signed_receipt": sign_receipt(RECEIPTS, receipt, include_by=by)}


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1e3


if __name__ == "__main__":
    sys.exit(main())
