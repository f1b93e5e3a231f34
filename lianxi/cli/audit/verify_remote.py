"""The trail verified over the gateway: every event fetched, derived again, held against the log (cli)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any, NamedTuple

from lianxi.cli import times
from lianxi.cli.audit.trail import Line, line_of, trail
from lianxi.cli.audit.verify_report import NOT_OVER_GATEWAY, Verdict
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags
from lianxi.cli.language import _
from lianxi.domain.refusal import Refusal
from lianxi.ids import CONFERENCE_STREAM
from lianxi.proof.checkpoints import Checkpoint, read_checkpoint
from lianxi.proof.notes import Note

if TYPE_CHECKING:
    from lianxi.proof.log_checks import KnownHead
    from lianxi.proof.policies import Policy
    from lianxi.proof.verification import TrailRow
    from lianxi.streams.deep import DeepChecker

SPOOL_BYTES = 64 << 20
_CHECKPOINTS = 100


class _Leaf(NamedTuple):
    """An event as the tree sees it; `number` None: not sealed."""

    number: int | None
    hash: str
    at: str
    where: tuple[str, int]


@dataclass
class _Fetched:
    """What has come so far."""

    verdict: Verdict = field(default_factory=Verdict)
    streams: set[str] = field(default_factory=set)
    leaves: list[_Leaf] = field(default_factory=list)


def over_gateway(flags: Flags, depth: str, policy: "Policy | None", told: Path | None) -> Verdict:
    """Fetch everything, check it as deeply as asked for, and hold it against the log's checkpoints.

    `policy` counts before that of the trust file `told`, which is the profile's where none is given.
    Raises CliError as `trust_file.trust_of`, and what the gateway refuses.
    """
    from lianxi.cli.trust_file import configured_trust, trust_of
    from lianxi.proof.log_checks import trust_findings
    from lianxi.proof.verification import TrailChecker
    from lianxi.streams.deep import DeepChecker

    client = Client(flags)
    checker = DeepChecker(TrailChecker(signatures=depth == "deep"), derive=depth == "deep")
    fetched = _Fetched()
    verdict, origin = fetched.verdict, client.place.origin
    trust = configured_trust(client.settings, origin) if told is None else trust_of(told, origin)
    known = _known(client)
    # rosters stand in the conference's stream: the others are judged when all of it is known
    with SpooledTemporaryFile(max_size=SPOOL_BYTES) as others:
        for line in trail(client):
            verdict.events += 1
            fetched.streams.add(line.stream)
            if line.stream == CONFERENCE_STREAM:
                _check(checker, origin, line, fetched)
            else:
                others.write(line.raw + b"\n")
        others.seek(0)
        for raw in others:
            _check(checker, origin, line_of(raw), fetched)
    if depth == "deep":
        verdict.findings += checker.finish(known.at)
        verdict.derived = checker.derived.right
        _leave_changed(checker, verdict)
    verdict.streams = len(fetched.streams)
    verdict.bases = checker.checker.bases
    verdict.demo = bool(checker.checker.demo_custody)
    if trust is not None:
        verdict.findings += trust_findings(checker.checker, trust)
        policy = policy or trust.policy
    _check_log(origin, known, checker, fetched, policy)
    verdict.unchecked += [_(text) for text in NOT_OVER_GATEWAY]
    if checker.checker.heads.get((origin, CONFERENCE_STREAM)) is None:
        verdict.unchecked.append(_("the conference's own stream: there is none"))
    return verdict


def _leave_changed(checker: "DeepChecker", verdict: Verdict) -> None:
    """Streams that nobody derived to their end."""
    from lianxi.proof.verification import Finding, place_of

    for key, seq in checker.changed.items():
        verdict.leave(Finding("DERIVATION", place_of(*key, seq), "from here on"))


def _check(checker: "DeepChecker", origin: str, line: Line, fetched: _Fetched) -> None:
    row = _row(origin, line)
    fetched.verdict.findings += checker.check(row)
    at = checker.checker.heads.get((origin, line.stream))
    spelled = "" if at is None else times.spell(at.at)
    fetched.leaves.append(_Leaf(line.leaf, line.hash, spelled, (line.stream, line.seq)))


def _row(origin: str, line: Line) -> "TrailRow":
    from lianxi.proof.verification import TrailRow

    data = line.event.encode("utf-8", "surrogatepass")
    return TrailRow(origin, line.stream, line.seq, data, line.hash, line.envelope)


# --- the log ---


class _Stored(NamedTuple):
    """A checkpoint as the gateway shows it."""

    checkpoint: Checkpoint
    note: Note
    at: str


class _Known(NamedTuple):
    """The log as it was before the trail was fetched, which therefore holds all that these cover.

    `stored`: None where the service knows of no log. `pin`: this machine's own, at size 0 none.
    """

    at: datetime
    stored: list[_Stored] | None
    pin: tuple[int, bytes] = (0, b"")

    @property
    def heads(self) -> "list[KnownHead]":
        """What the leaves are held against."""
        from lianxi.proof.log_checks import KnownHead

        notes = [each.checkpoint for each in self.stored or ()]
        heads = [KnownHead(each.size, each.root, "checkpoint") for each in notes]
        return heads + ([KnownHead(*self.pin, "pin")] if self.pin[0] else [])


def _known(client: Client) -> _Known:
    # the instant first: what is recorded while this runs is younger than any bound counted from it
    at = times.now()
    stored, pin = _checkpoints(client), client.log.pin
    return _Known(at, stored, (pin.size, bytes.fromhex(pin.root)))


def _check_log(
    origin: str, known: _Known, checker: "DeepChecker", fetched: _Fetched, policy: "Policy | None"
) -> None:
    """The tree over what was fetched, against every checkpoint of the log and this machine's own."""
    from lianxi.proof.log_checks import (
        UNSEALED_FOR,
        LogChecker,
        check_signatures,
        log_keys_of,
        log_place,
        witnessed_heads,
    )
    from lianxi.proof.policies import NONE
    from lianxi.proof.verification import Finding
    from lianxi.proof.witnessing import cosigned_by, witnessed_size

    verdict = fetched.verdict
    stored, heads = known.stored or [], known.heads
    verdict.checkpoints, verdict.heads_outside = len(stored), len(heads) - len(stored)
    keys = log_keys_of(checker.checker, origin)
    numbers = {leaf.where: leaf.number for leaf in fetched.leaves if leaf.number is not None}
    if stored and not keys:
        verdict.leave(Finding("CHECKPOINT_SIGNATURES", origin))
    for each in stored if keys else ():
        word = check_signatures(
            each.note,
            each.checkpoint.size,
            keys,
            lambda seq: numbers.get((CONFERENCE_STREAM, seq)),
        )
        if word is not None:
            verdict.findings.append(
                Finding("CHECKPOINT_NOTE", log_place(origin, each.checkpoint.size), word)
            )
    witnessed = []
    if policy is not None:
        cosigned = [
            found
            for each in stored
            for found in cosigned_by(policy, each.checkpoint, each.note.signatures)
        ]
        witnessed = list(witnessed_heads(policy, cosigned))
        if policy.quorum != NONE:
            verdict.witnessed[origin] = witnessed_size(policy, cosigned)
    sealed = sorted(leaf for leaf in fetched.leaves if leaf.number is not None)
    waiting = [leaf for leaf in fetched.leaves if leaf.number is None]
    if not (heads or sealed):
        verdict.leave(Finding("NOT_SEALED", origin))
        if known.stored is None:  # a service of before there were logs
            return
    log = LogChecker(origin, heads, witnessed)
    signed = max((head.size for head in heads), default=0)
    whole = _whole(sealed, signed, len(waiting))
    for leaf in sealed[:whole]:
        log.leaf(leaf.number or 0, leaf.hash, leaf.at, leaf.where)
    for leaf in (*sealed[whole:], *waiting):
        if leaf.at:
            log.unsealed(leaf.at, leaf.where, times.spell(known.at))
    late = times.spell(known.at - UNSEALED_FOR)
    if any(leaf.at and leaf.at < late for leaf in sealed[signed:]):
        verdict.findings.append(Finding("CHECKPOINT_UNSIGNED", log_place(origin, len(sealed))))
    log.finish()
    verdict.leaves = log.size
    verdict.findings += log.findings
    verdict.flags += log.flags


def _whole(sealed: Sequence[_Leaf], signed: int, waiting: int) -> int:
    """How many of the leaves stand one behind the other, as far as the growing tree explains a gap.

    An event that was fetched before it had a leaf is lacking before one that was fetched later with
    its own. Behind the newest head only, and no more of them than came without a leaf: any other gap
    is left in, to be named.
    """
    numbers = [leaf.number or 0 for leaf in sealed]
    gap = next((at for at, number in enumerate(numbers) if number != at), None)
    if gap is None or gap < signed or len(set(numbers)) < len(numbers):
        return len(sealed)
    return gap if numbers[-1] + 1 - len(numbers) <= waiting else len(sealed)


def _checkpoints(client: Client) -> list[_Stored] | None:
    """All signed checkpoints; None where the service knows of none."""
    found: list[_Stored] = []
    since: int | None = 0
    while since is not None:
        try:
            page = client.read("checkpoints", since=since, limit=_CHECKPOINTS)
        except CliError as error:
            if error.code != "NOT_FOUND":
                raise
            return None
        try:
            found += [_stored(item) for item in page["items"]]
            following = page.get("next")
            since = None if following is None else _beyond(int(following), since)
        except (Refusal, KeyError, TypeError, ValueError):
            raise CliError("ANSWER_UNREADABLE", reason="checkpoints") from None
    foreign = [
        each.checkpoint.origin for each in found if each.checkpoint.origin != client.place.origin
    ]
    if foreign:
        raise CliError("LOG_FOREIGN", origin=foreign[0])
    return found


def _stored(item: dict[str, Any]) -> _Stored:
    return _Stored(*read_checkpoint(str(item["checkpoint"]).encode()), str(item["at"]))


def _beyond(following: int, since: int) -> int:
    """Pages go forward; ValueError otherwise."""
    if following <= since:
        raise ValueError("the next page begins before this one")
    return following
