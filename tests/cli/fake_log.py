"""The log of the fake gateway: a real tree over its rows, real keys; and every way to lie about it."""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from lianxi.domain.roster import Roster
from lianxi.domain.values import format_instant
from lianxi.proof.checkpoints import (
    Checkpoint,
    cosign,
    log_key,
    note_bytes,
    parse_signature_line,
    sign_checkpoint,
)
from lianxi.proof.hash_texts import hash_texts
from lianxi.proof.keys import Signer
from lianxi.proof.notes import Note
from lianxi.proof.receipts import sign_receipt
from lianxi.proof.rosters import roster_bytes, roster_hash
from lianxi.proof.tlog_proofs import TlogProof, proof_bytes
from lianxi.proof.tree import (
    EMPTY_ROOT,
    Coordinate,
    Range,
    consistency_proof,
    inclusion_proof,
    node_hash,
)
from tests.cli.fake_conference import FakeConference, RefusedError

_SHOWING = ("checkpoint", "proofs", "consistency")
"""Questions whose answer shows the newest tree."""


@dataclass
class FakeLog:
    """Seals when told to. `lie` changes what the next answers say (see `headers`)."""

    known: FakeConference
    signer: Signer = field(default_factory=lambda: Signer(b"\x51" * 32))
    receipt_signer: Signer = field(default_factory=lambda: Signer(b"\x52" * 32))
    leaves: list[bytes] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    cosignatures: dict[tuple[int, str], tuple[str, str]] = field(default_factory=dict)
    coming: Signer | None = None
    """The key that is to take the log's place: until then both sign."""
    promise: timedelta = timedelta(minutes=10)
    reconciled: str | None = None
    lie: str | None = None
    withhold: bool = False
    dishonest: dict[str, Signer] = field(default_factory=dict)
    broken: str | None = None
    """The code with which `proofs` answers."""
    quiet: int = 0
    """So many answers come without the log's word."""
    unsigned: bool = False
    keyless: bool = False
    """Whether the gateway names no key of the log."""
    named_roster: Roster | None = None
    """What headers name, if not the truth."""
    rosterless: int = 0
    """So many answers come without the roster's name alone."""
    remembered: int | None = None
    """The size that answers name which show no newer checkpoint themselves."""
    unheard: frozenset[str] = frozenset()
    """Headers that no answer has."""

    @property
    def origin(self) -> str:
        return self.known.origin

    def seal(self) -> int:
        """Everything recorded becomes leaves, under a new checkpoint; the size."""
        self.leaves += [bytes.fromhex(row.hash) for row in self.known.rows[len(self.leaves) :]]
        if len(self.leaves) not in self.sizes:
            self.sizes.append(len(self.leaves))
        return self.sizes[-1]

    def leaf_of(self, digest: str) -> int | None:
        """Which leaf an event is; None while it is not sealed."""
        leaf = bytes.fromhex(digest)
        return self.leaves.index(leaf) if leaf in self.leaves else None

    def root(self, size: int, leaves: Sequence[bytes] | None = None) -> bytes:
        tree = Range()
        tree.extend((self.leaves if leaves is None else leaves)[:size])
        return tree.root() if size else EMPTY_ROOT

    def note(self, size: int, **changes: Any) -> bytes:
        """The signed note, good but for `changes`: origin, root, signer, cosigned."""
        origin = changes.get("origin", self.origin)
        checkpoint = Checkpoint(origin, size, changes.get("root", self.root(size)))
        signers = [changes.get("signer", self.signer), *([self.coming] if self.coming else [])]
        signatures = [sign_checkpoint(checkpoint, signer) for signer in signers]
        lines = [
            parse_signature_line(line)
            for (at, _name), (line, _key) in sorted(self.cosignatures.items())
            if at == size and changes.get("cosigned")
        ]
        return note_bytes(Note(checkpoint.text, (*signatures, *lines)))

    def fork(self, size: int) -> bytes:
        """Another tree of this size, signed by the log and by every witness in `dishonest`."""
        head = Checkpoint(self.origin, size, self.root(size, self._other()))
        lines = [
            cosign(head, name, signer, 1_800_000_000) for name, signer in self.dishonest.items()
        ]
        return note_bytes(Note(head.text, (sign_checkpoint(head, self.signer), *lines)))

    def headers(self, seen: int, what: str = "") -> dict[str, str]:
        """What an answer says; `lie`: shrunk, forked, other-origin, other-key, base64, huge, replayed."""
        headers = self._headers(seen, what)
        if self.rosterless:
            self.rosterless -= 1
            del headers["Lianxi-Roster"]
        return {name: value for name, value in headers.items() if name not in self.unheard}

    def _headers(self, seen: int, what: str) -> dict[str, str]:
        roster = self.named_roster or self.known.conference.state.roster
        headers = {"Lianxi-Roster": f"{roster.version}:{roster_hash(roster)}"}
        headers["Lianxi-Reconciled"] = self.reconciled or format_instant(datetime.now(UTC))
        if self.quiet:
            self.quiet -= 1
            return {}
        if not self.sizes:
            return headers
        size = self.sizes[-1]
        if self.remembered is not None and what not in _SHOWING:
            size = max(seen, self.remembered)
        note, proof = self.note(size), self.consistency(seen, size)
        match self.lie:
            case "shrunk":
                note, proof = self.note(self.sizes[0]), []
            case "replayed":
                note, proof = self.note(seen), []
            case "forked":
                note = self.note(size, root=self.root(size, self._other()))
            case "other-origin":
                note = self.note(size, origin=self.origin[:-4] + "0000")
            case "other-key":
                note = self.note(size, signer=Signer(b"\x66" * 32))
            case "bad-proof":
                proof = [b64encode(b"\x00" * 32).decode() for _ in proof or [""]]
        headers["Lianxi-Checkpoint"] = b64encode(note).decode()
        headers["Lianxi-Consistency"] = ",".join(proof)
        if self.lie == "base64":
            headers["Lianxi-Checkpoint"] = "!" + headers["Lianxi-Checkpoint"]
        if self.lie == "huge":
            headers["Lianxi-Checkpoint"] = "A" * 60_000
        if self.lie == "proof-base64":
            headers["Lianxi-Consistency"] = "?"
        if self.lie == "roster":
            headers["Lianxi-Roster"] = f"{roster.version}:{'0' * 64}"
        return headers

    def _other(self) -> list[bytes]:
        return [b"\xee" * 32, *self.leaves[1:]]

    def consistency(self, old: int, new: int) -> list[str]:
        if not 0 < old < new:
            return []
        return hash_texts(consistency_proof(old, new, self._read))

    def signed(self, receipt: dict[str, Any]) -> dict[str, Any]:
        """The fields of a command's answer that sign its receipt."""
        if self.unsigned:
            return {"receipt": receipt}
        receipt["signed"] = True
        at = datetime.fromisoformat(receipt["at"])
        by = format_instant(at + self.promise)
        signer = Signer(b"\x67" * 32) if self.lie == "receipt-key" else self.receipt_signer
        return {"receipt": receipt, "signed_receipt": sign_receipt(signer, receipt, include_by=by)}

    def _read(self, wanted: Sequence[Coordinate]) -> Mapping[Coordinate, bytes]:
        return {each: self._node(*each) for each in wanted}

    def _node(self, level: int, index: int) -> bytes:
        if level == 0:
            return self.leaves[index]
        return node_hash(self._node(level - 1, 2 * index), self._node(level - 1, 2 * index + 1))

    def route(
        self, method: str, rest: list[str], query: dict[str, str], body: bytes, unit: str
    ) -> Any:
        """The routes of the log; None for every other path."""
        match rest:
            case ["checkpoint"]:
                size = int(query.get("size", self.sizes[-1] if self.sizes else 0))
                if size not in self.sizes:
                    raise RefusedError("NOT_FOUND", what="checkpoint")
                return self._shown(size)
            case ["checkpoints"]:
                sizes = [s for s in self.sizes if s >= int(query.get("since", 0))]
                if query.get("cosigned"):
                    sizes = [s for s in sizes if any(at == s for at, _ in self.cosignatures)]
                limit = int(query.get("limit", 50))
                shown = [self._shown(s, self.lie == "cosigned-fork") for s in sizes[:limit]]
                following = sizes[limit] if len(sizes) > limit else None
                return {"schema": 1, "items": shown, "next": following}
            case ["consistency"]:
                proof = self.consistency(int(query["old"]), int(query["new"]))
                return {"schema": 1, "proof": proof}
            case ["proofs"] if self.broken is not None:
                raise RefusedError(self.broken, what="proofs")
            case ["proofs"]:
                items = [self._proven(digest) for digest in json.loads(body)["hashes"]]
                return {"schema": 1, "items": items}
            case ["cosignatures"] if method == "POST":
                given = json.loads(body)
                line = parse_signature_line(given["line"])
                assert line.name.startswith(f"{self.origin}/{unit}/")
                self.cosignatures[given["size"], line.name] = (given["line"], given["vkey"])
                return {"schema": 1, "name": line.name}
            case ["witnesses"]:
                keys = {name: key for (_, name), (_, key) in self.cosignatures.items()}
                items = [{"name": name, "vkey": key} for name, key in sorted(keys.items())]
                return {"schema": 1, "items": items}
            case ["roster", "steps"]:
                since = int(query["since"])
                steps = [
                    step.model_dump(mode="json", exclude_none=True) for step in self.known.steps
                ]
                answer: dict[str, Any] = {"schema": 1, "steps": steps[max(since, 1) - 1 :]}
                if self.lie == "step" and answer["steps"]:
                    answer["steps"][0]["signatures"][0]["signature"] = "0" * 128
                return answer | ({"genesis": self.known.genesis} if since == 0 else {})
        return None

    def _shown(self, size: int, forked: bool = False) -> dict[str, Any]:
        return {
            "schema": 1,
            "checkpoint": (self.fork(size) if forked else self.note(size, cosigned=True)).decode(),
            "size": size,
            "root": self.root(size).hex(),
            "at": format_instant(datetime.now(UTC)),
        }

    def _proven(self, digest: str) -> dict[str, Any]:
        size = self.sizes[-1] if self.sizes else 0
        if self.withhold or bytes.fromhex(digest) not in self.leaves[:size]:
            return {"hash": digest, "missing": True}
        index = self.leaves.index(bytes.fromhex(digest))
        hashes = tuple(inclusion_proof(index, size, self._read))
        if self.lie == "inclusion":
            hashes = (b"\x00" * 32, *hashes[1:])
        proof = TlogProof(index, hashes, self.note(size, cosigned=True))
        row = self.known.rows[index]
        return {
            "hash": digest,
            "index": index,
            "size": size,
            "proof": proof_bytes(proof).decode(),
            "event": row.text,
        }


def log_vkey(log: FakeLog) -> str:
    """The log's key as a trust file names it."""
    return log_key(log.origin, log.signer.public_key).vkey()


def genesis_text(known: FakeConference) -> str:
    """The first roster, before any step."""
    return roster_bytes(known.conference.state.roster).decode()
