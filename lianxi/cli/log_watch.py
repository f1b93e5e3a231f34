"""Every answer's word about the log, checked before the answer is shown (cli layer).

The gateway names its newest checkpoint on every answer of a conference. It must be signed by the
log's key and continue the one this machine has kept; what continues is kept before anything is
shown. A log that shrank or was forked stops the command, and the evidence is kept.
"""

import re
from base64 import b64decode
from collections.abc import Iterable
from datetime import timedelta
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from lianxi.cli import times
from lianxi.cli.faults import CliError
from lianxi.cli.language import _
from lianxi.cli.log_faults import ALARMS
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

_BROKEN = 500
"""Statuses from here on may be a gateway's without its store, which cannot show a checkpoint."""

AHEAD = timedelta(minutes=5)
"""So far a gateway's clock may be before ours; a reconciliation beyond that has not happened."""

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


class Head(NamedTuple):
    """A checkpoint whose signature was verified, and the note it was read from, as text."""

    checkpoint: "Checkpoint"
    note: str


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
        self._asked_again = False
        self._sure = False
        """Whether it was looked up in this run that the roster lists this profile's key."""
        self.heard = False
        """Whether the gateway has answered anything in this run."""
        self.refused: CliError | None = None
        """What the log was refused for in this run."""

    def header(self) -> dict[str, str]:
        """What a request says of the log: how far this machine has seen it."""
        # whatever the answer says or leaves out, promises are looked at when the command is done
        self._client.afterwards()
        self._seen = (self.pin.size, self.pin.root)
        return {SEEN: str(self.pin.size)}

    def look(self, answer: Answer) -> None:
        """Check what an answer says of the log, and keep it.

        Raises CliError: LOG_FORKED, ROSTER_FORKED, LOG_FOREIGN, LOG_UNSIGNED (evidence is kept),
        LOG_KEY_FOREIGN, TRUST_DIFFERS, ANSWER_UNREADABLE, and faults of the profile's own key and trust file.
        """
        self.heard = True
        try:
            self._look(answer)
        except CliError as error:
            self.refused = error
            raise

    def _look(self, answer: Answer) -> None:
        given = _named(answer)
        if given == self._looked:
            return
        if self._lacks(given):
            answer = self._shown_again(answer)
            given = _named(answer)
        self._withheld(answer, given)
        checkpoint, roster, reconciled = given
        if checkpoint is None and roster is None:
            return
        # keys first: a new log key is the roster's word
        if roster is not None:
            from lianxi.cli.roster_watch import follow_roster

            self.pin = follow_roster(
                self._client, self.folder, self.pin, roster, log_shown=checkpoint is not None
            )
        if checkpoint is not None:
            if not self.pin.log_keys:
                self._warn(
                    _(
                        "Nobody has named the key of the conference's log: its checkpoints are"
                        " followed, but their signature is not checked. Ask the convener for a trust"
                        " file: lianxi config set trust FILE."
                    )
                )
            self._follow(checkpoint, answer.headers.get(CONSISTENCY, ""))
        if answer.status < HTTPStatus.BAD_REQUEST:
            self._listed()
        self._strangers()
        self._stale(reconciled)
        self._looked = given

    def _shown_again(self, answer: Answer) -> Answer:
        """Once more the question for the log's word, where an answer came without it.

        Under many questions at once a gateway may leave it out of one (its newest checkpoint has
        moved on between look and answer); whoever withholds it does so again.
        """
        if self._asked_again or not _owed(answer):
            return answer
        self._asked_again = True
        path = self._client.path("checkpoint")
        try:
            again = self._client.exchange_quietly("GET", path, signed=True, headers=self.header())
        except CliError:
            return answer
        return answer if self._lacks(_named(again)) else again

    def _lacks(self, given: tuple[str | None, ...]) -> bool:
        """Whether something is not shown that was shown before."""
        checkpoint, roster, _reconciled = given
        return (checkpoint is None and self.pin.size > 0) or (
            roster is None and self.pin.roster_version > 0
        )

    def hold_named(self, rosters: Iterable[str]) -> None:
        """Rosters that events of the log name: ones that the conference shows, or it is a fork.

        Raises as `roster_watch.hold_named`.
        """
        from lianxi.cli.roster_watch import hold_named

        try:
            self.pin = hold_named(self._client, self.folder, self.pin, rosters)
        except CliError as error:
            if error.code in ALARMS:
                self.refused = error
            raise
        self._strangers()

    def log_keys(self) -> "list[NoteKey]":
        """The keys that may sign this log."""
        from lianxi.proof.notes import NoteKey

        return [NoteKey.parse(vkey) for vkey in self.pin.log_keys]

    def _follow(self, header: str, proof: str) -> None:
        """From the checkpoint kept to the one named; nothing happens where it is the same."""
        note = _from_header(header)
        doubted = self.pin.unsigned and self.pin.log_keys
        if note.decode("utf-8", "replace") == self.pin.note and not doubted:
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
        from lianxi.proof.checkpoints import open_checkpoint, read_checkpoint
        from lianxi.proof.refusals import CheckpointSignatureError, ForeignCheckpointError

        try:
            if not self.pin.log_keys:
                checkpoint = read_checkpoint(note)[0]
                if checkpoint.origin == self._origin:
                    return checkpoint
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
                size=checkpoint.size,
                root=checkpoint.root.hex(),
                note=note.decode(),
                unsigned=not self.pin.log_keys,
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

    def proven(self, old: "Head", new: "Head") -> list[str]:
        """The gateway's proof that one head continues the other, verified.

        Raises CliError: LOG_FORKED (evidence kept), ANSWER_UNREADABLE, the gateway's refusals.
        """
        from lianxi.proof.hash_texts import hashes_of
        from lianxi.proof.refusals import ProofInvalidError
        from lianxi.proof.tree import verify_consistency

        first, second = old.checkpoint, new.checkpoint
        proof = self.consistency(first.size, second.size) if first.size < second.size else []
        try:
            hashes = hashes_of(proof, "/proof")
            verify_consistency(first.size, second.size, first.root, second.root, hashes)
        except ProofInvalidError as refusal:
            how = str(refusal.params.get("reason"))
            evidence = {
                "how": how,
                "kept": {"size": first.size, "root": first.root.hex(), "note": old.note},
                "offered": {"note": new.note, "consistency": proof},
            }
            path = self.folder.keep_evidence("log-forked", evidence, [first.text, second.text])
            self.refused = CliError(
                "LOG_FORKED", kept=first.size, offered=second.size, path=str(path), how=how
            )
            raise self.refused from None
        except Refusal as refusal:
            raise _unreadable("consistency", refusal) from None
        return proof

    def pinned(self) -> "Head":
        """The checkpoint kept."""
        from lianxi.proof.checkpoints import Checkpoint

        pin = self.pin
        return Head(Checkpoint(pin.origin, pin.size, bytes.fromhex(pin.root)), pin.note)

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
    def _own_keys(self) -> frozenset[str]:
        """The key of this profile, and the one that it is rotating to, which was made here."""
        from lianxi.cli.key.pending import pending_path
        from lianxi.cli.keyfile import key_id_in

        pending = pending_path(self._client)
        coming = None if pending is None else key_id_in(pending)
        return frozenset({self._client.key.signer.key_id, *([] if coming is None else [coming])})

    def _strangers(self) -> None:
        """A key that acts for the unit and that its holder does not know (proof.md §5)."""
        if self.pin.unit != self._client.unit:
            return
        now = times.spell(times.now())
        gone = {each.partition(" ")[2] for each in self.pin.replaced if each < now}
        for key in self.pin.unit_keys:
            if key in self.pin.trusted_keys or key in self._own_keys or key in gone:
                continue
            self._warn(
                _(
                    "The roster lists a key for {unit} that you do not know: {key_id}. If it is"
                    " yours: lianxi key trust {key_id}. If not, tell the convener and the auditors."
                ).format(unit=self.pin.unit, key_id=key)
            )

    def _listed(self) -> None:
        """A gateway that serves this profile, by a roster that does not list its key."""
        if self._sure or self.pin.unit != self._client.unit:
            return
        if self._own_keys.isdisjoint(self.pin.unit_keys):
            from lianxi.cli.roster_watch import catch_up

            # registered a moment ago, perhaps: what it gives when asked counts
            try:
                text = str(self.ask("GET", "roster").get("roster"))
            except CliError:
                return  # a good answer is not refused over what is only a warning
            self.pin = catch_up(self._client, self.folder, self.pin, text)
        self._sure = True
        if self._own_keys.isdisjoint(self.pin.unit_keys):
            self._warn(
                _(
                    "The roster shown lists no key of this profile for {unit}. Somebody may have"
                    " revoked it, or the gateway shows an old roster: lianxi key show. Tell the"
                    " convener and the auditors if you know of neither."
                ).format(unit=self.pin.unit)
            )

    def _stale(self, reconciled: str | None) -> None:
        """Nobody has compared trail and server for too long; to leave out when is to say never."""
        never = reconciled in (None, "never")
        since = self.pin.since if never else str(reconciled)
        # instants of one spelling compare as texts; what is none of them counts as too old
        earliest, latest = times.spell(self._now - STALE), times.spell(self._now + AHEAD)
        if _INSTANT.fullmatch(since) and earliest < since <= latest:
            return
        last = _("never") if never else times.show(reconciled)
        self._warn(
            _(
                "The conference has not compared its records for more than 15 minutes (last: {last})."
                " Tell the auditors: lianxi audit reconcile."
            ).format(last=last)
        )

    def _withheld(self, answer: Answer, given: tuple[str | None, ...]) -> None:
        """A log, or a roster, that was shown before is not shown now."""
        if not _owed(answer):
            return
        checkpoint, roster, _reconciled = given
        if checkpoint is None and self.pin.size:
            self._warn(
                _(
                    "The gateway shows no checkpoint; this machine has seen one of size {size}."
                    " If this lasts, tell the auditors."
                ).format(size=self.pin.size)
            )
        if roster is None and self.pin.roster_version:
            self._warn(
                _(
                    "The gateway names no roster; this machine has verified version {version}. Keys"
                    " that came or went since are not seen. If this lasts, tell the auditors."
                ).format(version=self.pin.roster_version)
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
        # what is kept does not move any more: one contradiction of each kind shows it
        path = self.folder.keep_evidence("log-forked", evidence, [how, size, root])
        raise CliError("LOG_FORKED", kept=size, offered=checkpoint.size, path=str(path), how=how)


def _owed(answer: Answer) -> bool:
    """Whether this answer should carry the log's word: not where nothing works, nor to strangers."""
    return answer.status < _BROKEN and answer.status != HTTPStatus.UNAUTHORIZED


def _named(answer: Answer) -> tuple[str | None, ...]:
    """What an answer says: checkpoint, roster, last reconciliation."""
    return tuple(answer.headers.get(name) for name in (CHECKPOINT, ROSTER, RECONCILED))


def _from_header(header: str) -> bytes:
    if len(header) > MAX_HEADER:
        raise CliError("ANSWER_UNREADABLE", reason=CHECKPOINT)
    try:
        return b64decode(header, validate=True)
    except ValueError:
        raise CliError("ANSWER_UNREADABLE", reason=CHECKPOINT) from None


def _unreadable(where: str, refusal: Refusal) -> CliError:
    return CliError("ANSWER_UNREADABLE", reason=f"{where}: {refusal.code}")
