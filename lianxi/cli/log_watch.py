"""Every answer's word about the log, checked before the answer is shown (cli layer).

The gateway names its newest checkpoint on every answer of a conference. It must be signed by the
log's key and continue the one this machine has kept; what continues is kept before anything is
shown. A log that shrank or was forked stops the command, and the evidence is kept.
"""

import re
from base64 import b64decode
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

from lianxi.cli import times
from lianxi.cli.faults import CliError
from lianxi.cli.language import _
from lianxi.cli.log_pin import Pin, PinFolder
from lianxi.cli.terminal import say, visible_line
from lianxi.cli.transport import Answer, refusal_in
from lianxi.domain.refusal import Refusal

if TYPE_CHECKING:
    from lianxi.cli.client import Client
    from lianxi.proof.checkpoints import Checkpoint
    from lianxi.proof.notes import NoteKey

SEEN = "Lianxi-Seen"
CHECKPOINT, CONSISTENCY = "lianxi-checkpoint", "lianxi-consistency"
ROSTER, RECONCILED = "lianxi-roster", "lianxi-reconciled"

STALE = timedelta(minutes=15)
"""From then on a reconciliation is too old: an operator can stop the schedule (proof.md §6)."""

MAX_HEADER = 65_536

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


class LogWatch:
    """One run's watch over one conference's log."""

    def __init__(self, client: "Client") -> None:
        self._client = client
        self.folder = PinFolder(client.settings.state, client.place.origin)
        self._origin = client.place.origin
        self._now = times.now()
        kept = self.folder.read()
        if kept is None and self.folder.path.exists():
            raise CliError("PIN_UNREADABLE", path=str(self.folder.path))
        self.pin = kept or Pin(self._origin, times.spell(self._now))
        self._seen: tuple[int, str] = (self.pin.size, self.pin.root)
        self._looked: tuple[str | None, ...] = ()
        self._said: set[str] = set()

    def header(self) -> dict[str, str]:
        """What a request says of the log: how far this machine has seen it."""
        self._seen = (self.pin.size, self.pin.root)
        return {SEEN: str(self.pin.size)}

    def look(self, answer: Answer) -> None:
        """Check what an answer says of the log, and keep it.

        Raises CliError: LOG_FORKED, ROSTER_FORKED, LOG_FOREIGN, LOG_UNSIGNED (evidence is kept),
        ANSWER_UNREADABLE.
        """
        given = tuple(answer.headers.get(n) for n in (CHECKPOINT, ROSTER, RECONCILED))
        if given == self._looked:
            return
        checkpoint, roster, reconciled = given
        if checkpoint is None and roster is None:
            self._withheld(answer)
            return
        # keys first: a new log key is the roster's word
        if roster is not None:
            from lianxi.cli.roster_watch import follow_roster

            self.pin = follow_roster(
                self._client, self.folder, self.pin, roster, log_shown=checkpoint is not None
            )
        if checkpoint is not None and not self.pin.log_keys:
            self._warn(
                _(
                    "Nobody has named the key of the conference's log, so its checkpoints are not"
                    " checked. Ask the convener for a trust file: lianxi config set trust FILE."
                )
            )
        elif checkpoint is not None:
            self._follow(checkpoint, answer.headers.get(CONSISTENCY, ""))
        elif self.pin.size:
            self._withheld(answer)
        self._strangers()
        self._stale(reconciled)
        self._looked = given
        self._client.afterwards()

    def log_keys(self) -> "list[NoteKey]":
        """The keys that may sign this log."""
        from lianxi.proof.notes import NoteKey

        return [NoteKey.parse(vkey) for vkey in self.pin.log_keys]

    def _follow(self, header: str, proof: str) -> None:
        """From the checkpoint kept to the one named; nothing happens where it is the same."""
        note = _from_header(header)
        if note.decode("utf-8", "replace") == self.pin.note:
            return
        checkpoint = self._opened(note, header)
        size, root = self._seen
        if checkpoint.size < size:
            self._forked("shrunk", checkpoint, header)
        if checkpoint.size == size and checkpoint.root.hex() != root:
            self._forked("root", checkpoint, header)
        self._continues((size, root), checkpoint, proof, header)
        self._keep(checkpoint, note, header)

    def _opened(self, note: bytes, header: str) -> "Checkpoint":
        from lianxi.proof.checkpoints import open_checkpoint
        from lianxi.proof.refusals import CheckpointSignatureError, ForeignCheckpointError

        try:
            return open_checkpoint(note, origin=self._origin, log_keys=self.log_keys())[0]
        except ForeignCheckpointError:
            raise CliError("LOG_FOREIGN", origin=self._origin) from None
        except CheckpointSignatureError as refusal:
            path = self.folder.keep_evidence("log-unsigned", {"offered": header})
            reason = str(refusal.params.get("reason"))
            raise CliError("LOG_UNSIGNED", path=str(path), reason=reason) from None
        except Refusal as refusal:
            raise _unreadable(CHECKPOINT, refusal) from None

    def _continues(
        self, old: tuple[int, str], checkpoint: "Checkpoint", proof: str, header: str
    ) -> None:
        """The tree seen is the beginning of the tree named, or it is a fork."""
        size, root = old
        if size in (0, checkpoint.size):
            return
        from lianxi.proof.hash_texts import hashes_of
        from lianxi.proof.refusals import ProofInvalidError
        from lianxi.proof.tree import verify_consistency

        try:
            hashes = hashes_of(proof.split(",") if proof else [], "/")
        except Refusal as refusal:
            raise _unreadable(CONSISTENCY, refusal) from None
        try:
            verify_consistency(size, checkpoint.size, bytes.fromhex(root), checkpoint.root, hashes)
        except ProofInvalidError:
            self._forked("consistency", checkpoint, header, proof)

    def _keep(self, checkpoint: "Checkpoint", note: bytes, header: str) -> None:
        """Keep it before anything is shown; what another run has kept meanwhile is compared too."""
        with self.folder.held():
            kept = self.folder.read()
            base = kept or self.pin
            here = (base.size, base.root)
            if here not in ((0, ""), self._seen):
                base = self._merged(base, checkpoint, header)
                if base.size >= checkpoint.size:
                    self.pin = base
                    return
            self.pin = base._replace(
                size=checkpoint.size, root=checkpoint.root.hex(), note=note.decode()
            )
            self.folder.write(self.pin)

    def _merged(self, kept: Pin, checkpoint: "Checkpoint", header: str) -> Pin:
        """Another run of this profile has moved the pin: both must lie on one line."""
        if kept.size == checkpoint.size:
            if kept.root != checkpoint.root.hex():
                self._forked("root", checkpoint, header)
            return kept
        from lianxi.proof.checkpoints import Checkpoint

        known = Checkpoint(self._origin, kept.size, bytes.fromhex(kept.root))
        old, new = sorted((known, checkpoint), key=lambda each: each.size)
        hashes = self.consistency(old.size, new.size)
        self._continues((old.size, old.root.hex()), new, ",".join(hashes), header)
        return kept

    def consistency(self, old: int, new: int) -> list[str]:
        """The gateway's proof that one size continues the other; not verified here."""
        answer = self.ask("GET", "consistency", query={"old": old, "new": new})
        proof = answer.get("proof")
        if not isinstance(proof, list) or not all(isinstance(each, str) for each in proof):
            raise CliError("ANSWER_UNREADABLE", reason="consistency")
        return proof

    def ask(self, method: str, rest: str, **exchange: Any) -> dict[str, Any]:
        """A question of the watch itself: its answer's own headers are not looked at."""
        path = self._client.path(rest)
        answer = self._client.exchange_quietly(method, path, signed=True, **exchange)
        refusal = refusal_in(answer)
        if refusal is not None:
            raise refusal
        return answer.document()

    # --- what is only said ---

    @cached_property
    def _strange_keys(self) -> list[str]:
        known = {self._client.key.signer.key_id, *self.pin.trusted_keys}
        strange = [key for key in self.pin.unit_keys if key not in known]
        if not strange:
            return []
        from lianxi.cli.key.pending import pending_path
        from lianxi.cli.keyfile import key_id_in

        # the key that this profile is rotating to was made here
        pending = pending_path(self._client)
        own = None if pending is None else key_id_in(pending)
        return [key for key in strange if key != own]

    def _strangers(self) -> None:
        """A key that acts for the unit and that its holder does not know (proof.md §5)."""
        if self.pin.unit != self._client.unit:
            return
        for key in self._strange_keys:
            self._warn(
                _(
                    "The roster lists a key for {unit} that you do not know: {key_id}. If it is"
                    " yours: lianxi key trust {key_id}. If not, tell the convener and the auditors."
                ).format(unit=self.pin.unit, key_id=key)
            )

    def _stale(self, reconciled: str | None) -> None:
        """Nobody has compared trail and server for too long."""
        if reconciled is None:
            return
        since = self.pin.since if reconciled == "never" else reconciled
        # instants of one spelling compare as texts; what is none of them counts as too old
        if _INSTANT.fullmatch(since) and since > times.spell(self._now - STALE):
            return
        last = _("never") if reconciled == "never" else times.show(reconciled)
        self._warn(
            _(
                "The conference has not compared its records for more than 15 minutes (last: {last})."
                " Tell the auditors: lianxi audit reconcile."
            ).format(last=last)
        )

    def _withheld(self, answer: Answer) -> None:
        """A log that was shown before is not shown now."""
        if self.pin.size and answer.status < 500:  # noqa: PLR2004  a gateway without its store
            self._warn(
                _(
                    "The gateway shows no checkpoint; this machine has seen one of size {size}."
                    " If this lasts, tell the auditors."
                ).format(size=self.pin.size)
            )

    def _warn(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            say(visible_line(text))

    def _forked(self, how: str, checkpoint: "Checkpoint", header: str, proof: str = "") -> NoReturn:
        size, root = self._seen
        evidence = {
            "how": how,
            "kept": {"size": size, "root": root, "note": self.pin.note},
            "offered": {"note": _from_header(header).decode(), "consistency": proof},
        }
        path = self.folder.keep_evidence("log-forked", evidence)
        raise CliError("LOG_FORKED", kept=size, offered=checkpoint.size, path=str(path), how=how)


def _from_header(header: str) -> bytes:
    if len(header) > MAX_HEADER:
        raise CliError("ANSWER_UNREADABLE", reason=CHECKPOINT)
    try:
        return b64decode(header, validate=True)
    except ValueError:
        raise CliError("ANSWER_UNREADABLE", reason=CHECKPOINT) from None


def _unreadable(where: str, refusal: Refusal) -> CliError:
    return CliError("ANSWER_UNREADABLE", reason=f"{where}: {refusal.code}")
