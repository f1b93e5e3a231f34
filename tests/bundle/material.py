"""Bundles for the tests: a lived scenario, its log signed and witnessed as the service would do it."""

import json
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

from lianxi.cli.audit.bundle import BundledEvent, BundleWriter
from lianxi.cli.audit.listing import texts_in
from lianxi.domain.values import format_instant
from lianxi.proof.canonical import dumps
from lianxi.proof.checkpoints import (
    Checkpoint,
    cosign,
    log_key,
    note_bytes,
    sign_checkpoint,
    witness_key,
)
from lianxi.proof.keys import Signer
from lianxi.proof.notes import Note
from lianxi.proof.rosters import roster_hash
from lianxi.proof.tree import Range
from lianxi.proof.trust import trust_bytes
from tests.store.scenario import HandedIn, Scenario

LOG = Signer(sha256(b"the log's key").digest())
WITNESSES = {unit: Signer(sha256(f"witness {unit}".encode()).digest()) for unit in ("U01", "U02")}


@dataclass(repr=False)
class Made:
    """A bundle's lines, to be changed by a test and written with a footer that fits again."""

    origin: str
    genesis: str
    lines: list[dict[str, Any]] = field(default_factory=list)

    def __repr__(self) -> str:
        """Short: tests say what they changed."""
        return f"Made({len(self.lines)} lines)"

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The lines of a type."""
        return [line for line in self.lines if line["type"] == kind]

    def event(self, kind: str, number: int = 0) -> dict[str, Any]:
        """The number-th event of a kind."""
        named = f'"kind":"{kind}"'
        return [line for line in self.of("event") if named in line["event"]][number]

    def data(self) -> bytes:
        """The file's bytes, the footer made anew."""
        body = b"".join(dumps(line) + b"\n" for line in self.lines)
        counts: dict[str, int] = {}
        for line in self.lines[1:]:
            counts[line["type"]] = counts.get(line["type"], 0) + 1
        footer = {"type": "footer", "counts": counts, "sha256": sha256(body).hexdigest()}
        return body + dumps(footer) + b"\n"

    def write(self, folder: Path) -> Path:
        """The file in a folder."""
        path = folder / "made.bundle"
        path.write_bytes(self.data())
        return path

    def trust(self, folder: Path, **changes: Any) -> Path:
        """The trust file: this genesis, this log, both witnesses."""
        lines = [f"witness {unit} {witness_vkey(self.origin, unit)}" for unit in sorted(WITNESSES)]
        policy = "\n".join([*lines, "group units all U01 U02", "quorum units", ""])
        fields: dict[str, Any] = {
            "origin": self.origin,
            "genesis": self.genesis,
            "log": log_key(self.origin, LOG.public_key).vkey(),
            "policy": policy,
        }
        path = folder / "trust.json"
        path.write_bytes(trust_bytes(**(fields | changes)))
        return path


def witness_name(origin: str, unit: str) -> str:
    """As clients call their witness keys."""
    return f"{origin}/{unit}/laptop"


def witness_vkey(origin: str, unit: str) -> str:
    """The witness's key as a policy names it."""
    return witness_key(witness_name(origin, unit), WITNESSES[unit].public_key).vkey()


def note_of(
    origin: str,
    size: int,
    root: bytes,
    cosigned: dict[str, int] | None = None,
    signer: Signer = LOG,
) -> str:
    """A signed checkpoint, cosigned by units at times (seconds since 1970)."""
    checkpoint = Checkpoint(origin, size, root)
    signatures = [sign_checkpoint(checkpoint, signer)]
    for unit, time in (cosigned or {}).items():
        signatures.append(cosign(checkpoint, witness_name(origin, unit), WITNESSES[unit], time))
    return note_bytes(Note(checkpoint.text, tuple(signatures))).decode()


def bundle_of(
    scenario: Scenario,
    *,
    checkpoints: Sequence[tuple[int, dict[str, timedelta]]] | None = None,
    unsealed: int = 0,
    texts: bool = True,
) -> Made:
    """What an auditor would export of a scenario.

    `checkpoints`: sizes (negative: from the end) with who cosigned how long after the last event
    under it; by default one half way and one at the end, each cosigned by both a minute later.
    `unsealed`: so many of the last events have no leaf.
    """
    origin = scenario.origin
    rows = sorted(
        (
            (
                json.loads(event.text)["at"],
                place,
                event,
                _envelope(batch.envelopes, event.text),
                batch,
            )
            for place, batch in enumerate(scenario.drain())
            for event in batch.events
        ),
        key=lambda row: (row[1],),
    )
    target = BytesIO()
    bundle = BundleWriter(target)
    size = len(rows) - unsealed
    bundle.begin(
        origin=origin,
        conference=scenario.name,
        made_at=format_instant(scenario.now + timedelta(minutes=1)),
        by="lianxi test",
        size=size,
        texts=texts,
    )
    for unit in sorted(WITNESSES):
        fields = {"name": witness_name(origin, unit), "vkey": witness_vkey(origin, unit)}
        bundle.put("witness", fields)
    minute = {unit: timedelta(minutes=1) for unit in WITNESSES}
    wanted = [(size // 2, minute), (size, minute)] if checkpoints is None else checkpoints
    _put_checkpoints(bundle, origin, [row[2] for row in rows][:size], wanted)
    redacted = {
        json.loads(row[2].text)["data"]["commit"]
        for row in rows
        if '"kind":"OpeningRedacted"' in row[2].text
    }
    openings = {handed.opening.commitment.commit: handed for handed in scenario.openings}
    for leaf, (_at, _place, event, envelope, batch) in enumerate(rows):
        seq = json.loads(event.text)["seq"]
        row = BundledEvent(batch.stream, seq, event.hash, event.text)
        bundle.event(row, envelope, leaf=leaf if leaf < size else None)
        if texts:
            _put_texts(bundle, event.text, openings, redacted)
    bundle.end()
    lines = [json.loads(line) for line in target.getvalue().splitlines()]
    made = Made(origin, roster_hash(scenario.genesis), lines[:-1])
    assert made.data() == target.getvalue(), "a test's footer is the writer's"
    return made


def _envelope(envelopes: Iterable[Any], event: str) -> str | None:
    digest = json.loads(event)["cause"].get("payload_sha256")
    return next((e.text for e in envelopes if e.payload_sha256 == digest), None)


def _put_checkpoints(
    bundle: BundleWriter,
    origin: str,
    events: list[Any],
    wanted: Sequence[tuple[int, dict[str, timedelta]]],
) -> None:
    sizes = {size if size >= 0 else len(events) + size: cosigned for size, cosigned in wanted}
    tree = Range()
    for event in events:
        tree.append(bytes.fromhex(event.hash))
        cosigned = sizes.get(tree.size)
        if cosigned is None:
            continue
        sealed = max(datetime.fromisoformat(json.loads(e.text)["at"]) for e in events[: tree.size])
        times = {unit: int((sealed + after).timestamp()) for unit, after in cosigned.items()}
        note = note_of(origin, tree.size, tree.root(), times)
        bundle.put("checkpoint", {"note": note})


def _put_texts(
    bundle: BundleWriter, event: str, openings: dict[str, HandedIn], redacted: set[str]
) -> None:
    for commit, _size in texts_in(json.loads(event)["data"]):
        handed = openings.pop(commit, None)
        if handed is None:
            continue
        if commit in redacted:
            bundle.put("redacted", {"commit": commit})
            continue
        opening = handed.opening
        fields = {"commit": commit, "salt": opening.salt.hex(), "media": opening.media}
        bundle.put("text", {**fields, "bytes": b64encode(opening.data).decode()})
