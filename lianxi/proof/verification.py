"""What can be checked of a trail from its bytes alone (proof layer, pure).

The same checks beside the store and over the gateway: bytes and hashes, links of each stream, the
causing command's signature under the roster the stream had adopted, the chain of rosters. Nothing
here raises on what it reads: whatever does not fit becomes a finding, and checking goes on behind it.

Feed the stream `conference` of an origin before its other streams, each stream in its order.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ValidationError

from lianxi.domain.conference.events import (
    CONFERENCE_KINDS,
    ConferenceFounded,
    RosterChanged,
    RosterMade,
)
from lianxi.domain.observations import AUDIT_KINDS, MAIL_KINDS
from lianxi.domain.refusal import Refusal
from lianxi.domain.roster import Roster
from lianxi.domain.task.events import KINDS, CancellationRequested, RosterAdopted, TaskIssued
from lianxi.domain.values import SYSTEM
from lianxi.proof.commands import authenticate, check_standing, open_command
from lianxi.proof.commitments import opens
from lianxi.proof.events import EventEnvelope, Head, check_link, head_after, open_event
from lianxi.proof.hashing import event_hash
from lianxi.proof.refusals import EventSequenceError, EventTimeError
from lianxi.proof.rosters import adopt, check_genesis, roster_hash
from lianxi.proof.standing import Retirements, step_of

CONFERENCE = "conference"

NOTED = CancellationRequested.__name__
"""The one observation on the streams of conferences and tasks: somebody asked Temporal to cancel."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it must be: what, where, and a detail; machine words only."""

    code: str
    place: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class TrailRow:
    """An event as somebody claims it: its place, its bytes, its hash, the envelope that caused it."""

    origin: str
    stream: str
    seq: int
    data: bytes
    hash: str
    envelope: str | None = None

    @property
    def place(self) -> str:
        """How findings name it."""
        return place_of(self.origin, self.stream, self.seq)


def place_of(origin: str, stream: str, seq: int | str) -> str:
    """`<conference>/<stream>#<seq>`."""
    conference = origin.rpartition("/")[0].rpartition("/")[2]
    return f"{conference or origin}/{stream}#{seq}"


def kinds_of(stream: str) -> Mapping[str, type[BaseModel]]:
    """The kinds of events that a stream knows, with the models of their data."""
    if stream == CONFERENCE:
        return CONFERENCE_KINDS
    if stream.startswith("task/"):
        return KINDS
    if stream.startswith("mail/"):
        return MAIL_KINDS
    return AUDIT_KINDS if stream == "audit" else {}


def observed(event: EventEnvelope) -> bool:
    """Whether such an event is an observation: nobody's command and no rule's, so not derivable."""
    return event.stream.startswith("mail/") or event.stream == "audit" or event.kind == NOTED


def check_basis(event: EventEnvelope) -> str | None:
    """Why an event may not stand on the ground it names: kind or actor; None when it may.

    Without this anything could be called an observation, and need no signature.
    """
    if (event.basis == "observation") != observed(event):
        return "kind"
    return "actor" if (event.actor == SYSTEM) == (event.basis == "command") else None


def check_event(previous: Head | None, row: TrailRow) -> tuple[EventEnvelope | None, list[Finding]]:
    """Hash, strict reading, address and link of one event; None where the bytes are no event.

    Codes: HASH_MISMATCH, EVENT_UNREADABLE, ADDRESS_MISMATCH, GAP, LINK_BROKEN,
    ORDER_WRONG (dated before the one it follows).
    """
    findings: list[Finding] = []
    if event_hash(row.data) != row.hash:
        findings.append(Finding("HASH_MISMATCH", row.place))
    try:
        event = open_event(row.data)
    except Refusal as refusal:
        return None, [*findings, Finding("EVENT_UNREADABLE", row.place, refusal.code)]
    if (event.origin, event.stream, event.seq) != (row.origin, row.stream, row.seq):
        findings.append(Finding("ADDRESS_MISMATCH", row.place))
    try:
        check_link(previous, event)
    except EventSequenceError:
        findings.append(Finding("GAP", row.place, f"after {previous.seq if previous else 0}"))
    except EventTimeError as refusal:
        # a code of its own: a look at bytes does not read `at`, and may not say that this is gone
        findings.append(Finding("ORDER_WRONG", row.place, refusal.code))
    except Refusal as refusal:
        findings.append(Finding("LINK_BROKEN", row.place, refusal.code))
    return event, findings


def check_command(event: EventEnvelope, envelope: str | None, roster: Roster) -> str | None:
    """Why the envelope is not the signed command that the event names; None when it is.

    A word: missing, unreadable, digest, origin, stream, request, actor, or a refusal's code. A task
    may begin long after its issue was taken: whether the key could act then, the conference's own
    event for that command says.
    """
    if envelope is None:
        return "missing"
    try:
        signed = open_command(envelope)
        actor = authenticate(signed, roster)
        payload = signed.payload
        # the issue is signed for the conference and begins the task's own stream too
        begins_task = event.kind == TaskIssued.__name__ and payload.action == "issue"
        if not begins_task:
            check_standing(payload, roster, event.at)
    except Refusal as refusal:
        return refusal.code
    checks = {
        "digest": signed.digest == event.cause.payload_sha256,
        "origin": payload.origin == event.origin,
        "stream": payload.stream == (CONFERENCE if begins_task else event.stream),
        "request": payload.request_id == event.cause.request_id,
        "actor": actor == event.actor,
    }
    return next((word for word, holds in checks.items() if not holds), None)


def check_opening(commit: str, size: int, salt: bytes, data: bytes | None) -> str | None:
    """Why the bytes are not what the commitment stands for: missing or mismatch; None when they are."""
    if data is None:
        return "missing"
    return None if opens(commit, size, salt, data) else "mismatch"


@dataclass(frozen=True, slots=True)
class Examined:
    """One event as it was read, and what is wrong with it.

    `event` is None where the bytes are none, `data` where they are not what the kind says, `roster`
    where nobody knows the one that the event names.
    """

    event: EventEnvelope | None
    data: BaseModel | None
    roster: Roster | None
    findings: list[Finding]

    @property
    def changed(self) -> bool:
        """Whether its bytes are not those that were hashed."""
        return any(finding.code == "HASH_MISMATCH" for finding in self.findings)


@dataclass
class TrailChecker:
    """Checks rows one after another and keeps what the next ones need: heads and rosters.

    Memory: one head per stream, one roster per version.
    """

    signatures: bool = True
    """Whether commands are held against their envelopes; without it rosters are still followed."""
    heads: dict[tuple[str, str], Head] = field(default_factory=dict)
    bases: Counter[str] = field(default_factory=Counter)
    demo_custody: set[str] = field(default_factory=set)
    """Origins whose keys were made on one machine: authorship is not proven there."""
    retired: dict[str, dict[str, int]] = field(default_factory=dict)
    """By origin and key id: the event of the conference's stream that retired the key."""
    _rosters: dict[str, dict[str, Roster]] = field(default_factory=dict)
    _adopted: dict[tuple[str, str], str] = field(default_factory=dict)
    _retirements: Retirements = field(default_factory=Retirements)

    def check(self, row: TrailRow) -> tuple[EventEnvelope | None, list[Finding]]:
        """The event and all that is wrong with it; see `examine`."""
        examined = self.examine(row)
        return examined.event, examined.findings

    def examine(self, row: TrailRow) -> Examined:
        """Find all that is wrong with one row.

        Codes beside those of `check_event`: BASIS_WRONG (see `check_basis`), UNKNOWN_KIND,
        DATA_INVALID, ROSTER_INVALID (the step itself), ROSTER_UNKNOWN, ROSTER_WRONG (not the one
        the stream had adopted), COMMAND_INVALID, KEY_RETIRED_EARLIER (by a key that the conference
        had retired before, though this stream had not adopted that).
        """
        key = (row.origin, row.stream)
        event, findings = check_event(self.heads.get(key), row)
        if event is None:
            self._pass_over(row)
            return Examined(None, None, None, findings)
        # by the stored hash: one changed event is one finding, not one for each that follows
        self.heads[key] = _head(event, row.hash)
        self.bases[event.basis] += 1
        word = check_basis(event)
        if word is not None:
            findings.append(Finding("BASIS_WRONG", row.place, f"{event.kind} {event.basis} {word}"))
        data, problem = _read_data(event)
        if problem is not None:
            findings.append(Finding(problem, row.place, event.kind))
        findings += self._check_roster(row, event, data)
        roster = self._rosters[row.origin].get(event.roster)
        return Examined(event, data if problem is None else None, roster, findings)

    def rosters_of(self, origin: str) -> Mapping[str, Roster]:
        """The rosters of a conference whose steps were followed so far, by their hashes."""
        return self._rosters.setdefault(origin, {})

    def _pass_over(self, row: TrailRow) -> None:
        """Believe the claim about an unreadable event, so that the next one is judged by itself."""
        before = self.heads.get((row.origin, row.stream))
        if before is not None:
            claim = {"seq": row.seq, "hash": row.hash}
            self.heads[row.origin, row.stream] = before.model_copy(update=claim)

    def _check_roster(
        self, row: TrailRow, event: EventEnvelope, data: BaseModel | None
    ) -> Iterator[Finding]:
        known = self._rosters.setdefault(row.origin, {})
        try:
            self._follow_rosters(known, row, event.at, data)
        except Refusal as refusal:
            yield Finding("ROSTER_INVALID", row.place, refusal.code)
        roster = known.get(event.roster)
        if roster is None:
            yield Finding("ROSTER_UNKNOWN", row.place, event.roster)
            return
        adopted = self._adopted.setdefault((row.origin, row.stream), event.roster)
        own = event.stream == CONFERENCE or event.stream.startswith("task/")
        if event.roster != adopted and own:
            yield Finding("ROSTER_WRONG", row.place, event.roster)
        if event.basis == "command" and self.signatures:
            word = check_command(event, row.envelope, roster)
            if word is not None:
                yield Finding("COMMAND_INVALID", row.place, word)
            elif event.kind != TaskIssued.__name__ and self._retirements.acted_late(event):
                yield Finding("KEY_RETIRED_EARLIER", row.place, event.actor.key_id or "")
        if isinstance(data, RosterMade):
            self._adopted[row.origin, row.stream] = data.roster

    def _follow_rosters(
        self, known: dict[str, Roster], row: TrailRow, at: datetime, data: BaseModel | None
    ) -> None:
        if isinstance(data, ConferenceFounded):
            check_genesis(data.roster, data.roster_signatures)
            known[roster_hash(data.roster)] = data.roster
            if data.custody == "demo":
                self.demo_custody.add(row.origin)
        elif isinstance(data, RosterMade):
            before = known.get(data.prev_roster)
            if before is not None:
                derived = adopt(before, step_of(data), at=at)
                # kept under its own hash: an event that names another is found when that is used
                known[roster_hash(derived)] = derived
                self._retirements.follow(row.origin, at, data)
                if isinstance(data, RosterChanged):
                    gone = dict.fromkeys(data.changes.retire or (), row.seq)
                    self.retired.setdefault(row.origin, {}).update(gone)
        elif isinstance(data, RosterAdopted):
            after = known.get(data.roster)
            before_hash = self._adopted.get((row.origin, row.stream))
            if after is not None and after.prev_roster == before_hash:
                self._adopted[row.origin, row.stream] = data.roster


def _head(event: EventEnvelope, claimed: str) -> Head:
    """What the next event must follow; where the claim is no hash at all, nothing does."""
    try:
        return head_after(event, claimed)
    except ValidationError:
        return head_after(event, event.prev).model_copy(update={"hash": claimed})


def _read_data(event: EventEnvelope) -> tuple[BaseModel | None, str | None]:
    model = kinds_of(event.stream).get(event.kind)
    if model is None:
        return None, "UNKNOWN_KIND"
    try:
        data = model.model_validate(event.data)
    except ValidationError:
        return None, "DATA_INVALID"
    # nothing coerced, nothing left out: the data says what the model says
    same: dict[str, Any] = data.model_dump(mode="json", exclude_none=True)
    return data, None if same == event.data else "DATA_INVALID"
