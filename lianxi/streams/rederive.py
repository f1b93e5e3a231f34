"""Every event derived again from what caused it, and compared with what stands (streams layer, pure).

A `command` event from its signed envelope, a `rule` event from the state before it, by the very
functions that sealed it live, in the version of the rules that it names. Who could write to the
trail, or answered as a worker, cannot make these events say anything else.

Feed the events of the stream `conference` first, since tasks rest on what it holds; each stream in
its order, each event with the state before it. Nothing here raises on what it reads, and nothing
that was read makes it run for long: what the rules do is asked for at the first instant that they do
anything, and behind an event of theirs for no longer than a service can have been away.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from pydantic import BaseModel

from lianxi.domain.conference.events import ConferenceThawed
from lianxi.domain.engine import ENGINES, FIRST_ENGINE
from lianxi.domain.refusal import Refusal
from lianxi.domain.roster import Roster
from lianxi.domain.task.events import TaskThawed
from lianxi.domain.values import SYSTEM
from lianxi.proof.events import EventEnvelope
from lianxi.proof.verification import Examined, Finding, check_basis, place_of

SILENT_FOR = timedelta(minutes=10)
"""How long after its instant a rung may be missing at the end of a stream."""

LONGEST_AWAY = timedelta(days=3 * 366)
"""For so long a service may have been away before a rule's event; to derive it costs the square."""

NOT_DERIVED = "NOT_DERIVED"
RUNG_MISSING = "RUNG_MISSING"
EVENTS_MISSING = "EVENTS_MISSING"
ENGINE_WRONG = "ENGINE_WRONG"


class Refused(Exception):  # noqa: N818 - not an error of ours: the trail says what nothing leads to
    """Nothing leads to the event; `reason` is a machine word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Standing:
    """One event to be derived: read, hashed, with the envelope said to have caused it."""

    event: EventEnvelope
    hash: str
    data: BaseModel
    envelope: str | None
    roster: Roster

    @classmethod
    def of(cls, examined: Examined, digest: str, envelope: str | None) -> "Standing | None":
        """From what the checker read; None where there is nothing to derive from."""
        if examined.event is None or examined.data is None or examined.roster is None:
            return None
        return cls(examined.event, digest, examined.data, envelope, examined.roster)


@dataclass(frozen=True, slots=True)
class Led:
    """What a cause leads to: events in order, and when the unit said that it happened."""

    events: tuple[BaseModel, ...]
    happened_at: datetime | None = None
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """What the rules do at an instant: events with their timers; `at_once`: as one cause."""

    events: tuple[tuple[BaseModel, str], ...]
    at_once: bool = False


class Laws(Protocol):
    """What derives the events of one sort of stream. `state`: None before its first event."""

    def caused(self, state: Any, standing: Standing, before: Sequence[str]) -> Led:
        """What the command leads to; raises Refused and Refusal.

        `before`: the hashes of the last event that no rule made and of those since.
        """
        ...

    def due(self, state: Any, at: datetime) -> Due:
        """What the rules do by themselves up to `at`."""
        ...

    def deadline(self, state: Any) -> datetime | None:
        """When a rule acts next."""
        ...

    def adopted(self, standing: Standing) -> BaseModel | None:
        """The adoption of a roster that stands here, as it follows from the conference's stream.

        None where the event is no adoption. Raises Refused.
        """
        ...


@dataclass
class Derived:
    """How many events were derived, by their basis; observations that may be ones are only counted."""

    right: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Derived") -> None:
        """Count on."""
        self.right.update(other.right)
        self.seen.update(other.seen)


class _NothingLeads:
    """The laws of a stream of observations: there are none."""

    def caused(self, *_: Any) -> Led:
        raise Refused("basis")

    def due(self, *_: Any) -> Due:
        return Due(())

    def deadline(self, _: Any) -> datetime | None:
        return None

    def adopted(self, _: Any) -> BaseModel | None:
        raise Refused("basis")


_NOTHING_LEADS = _NothingLeads()


class StreamRederiver:
    """One stream, event by event.

    Memory: the rest of one cause, one instant, and the digest of every command that has acted.
    """

    def __init__(self, laws: Laws | None, derived: Derived) -> None:
        """Nothing was seen yet. `laws` is None where only observations may stand."""
        self._laws: Laws = _NOTHING_LEADS if laws is None else laws
        self._derived = derived
        self._engine = FIRST_ENGINE
        self._last_at: datetime | None = None
        self._due: deque[tuple[BaseModel, str, int, int]] = deque()
        self._caused: deque[BaseModel] = deque()
        self._led = Led(())
        self._cause = ""
        self._index = 0
        self._at: datetime | None = None
        self._before: list[str] = []
        self._lacking: list[Finding] = []
        """What lacked before the rules' events that came last: a thaw may still come, which seals
        such events before its own."""
        self._acted: set[str] = set()
        """Digest of each command so far: it acts once, whoever holds its envelope.

        Not by request id: a unit may sign another command under an id that was forgotten since.
        """

    def check(self, state: Any, standing: Standing) -> list[Finding]:
        """What is wrong with one event, given the state before it (None for the first)."""
        event = standing.event
        place = place_of(event.origin, event.stream, event.seq)
        self._derived.seen[event.basis] += 1
        findings = self._guarded(self._check(state, standing, place), place)
        self._last_at = event.at
        if event.basis != "rule":
            self._before.clear()
        self._before.append(standing.hash)
        return findings

    def finish(self, state: Any, place: str, now: datetime | None) -> list[Finding]:
        """What lacks at the end of the stream; `now`: the present, where a silence would count."""
        return self._guarded(self._finish(state, place, now), place)

    def _check(self, state: Any, standing: Standing, place: str) -> Iterator[Finding]:
        yield from self._unfinished(standing, place)
        yield from self._check_engine(standing.event, place)
        match standing.event.basis:
            case "command":
                yield from self._command(state, standing, place)
            case "rule":
                yield from self._rule(state, standing, place)
            case "observation":
                if check_basis(standing.event) is None:
                    self._derived.right["observation"] += 1
                else:
                    yield Finding(NOT_DERIVED, place, "basis")

    def _finish(self, state: Any, place: str, now: datetime | None) -> Iterator[Finding]:
        yield from self._lacking
        yield from self._left_over(place)
        if state is not None and now is not None:
            deadline = self._laws.deadline(state)
            if deadline is not None and now - deadline > SILENT_FOR:
                yield from self._silent(state, deadline, now, place)

    def _guarded(self, found: Iterator[Finding], place: str) -> list[Finding]:
        """All of them; a state that nobody decided may break any rule, which is a finding too."""
        findings: list[Finding] = []
        try:
            findings.extend(found)
        except Exception as error:  # noqa: BLE001 - see above
            self._caused.clear()
            self._due.clear()
            findings.append(Finding(NOT_DERIVED, place, type(error).__name__))
        return findings

    def _silent(
        self, state: Any, deadline: datetime, until: datetime, place: str
    ) -> Iterator[Finding]:
        """What the rules should have done when first they had to do anything: that names enough."""
        latest = until if until - deadline < LONGEST_AWAY else deadline + LONGEST_AWAY
        due = self._laws.due(state, deadline).events or self._laws.due(state, latest).events
        for data, _ in due:
            yield _missing(data, place)

    # --- what should have come before ---

    def _unfinished(self, standing: Standing, place: str) -> Iterable[Finding]:
        event = standing.event
        if isinstance(standing.data, TaskThawed | ConferenceThawed):
            # what had followed was never recorded
            self._caused.clear()
            self._lacking.clear()
        goes_on = (
            event.basis == "command"
            and event.cause.payload_sha256 == self._cause
            and event.cause.index == self._index
        )
        due_on = event.basis == "rule" and event.at == self._at
        if (self._caused and not goes_on) or (self._due and not due_on):
            self._lacking += self._left_over(place)
        if event.basis != "rule":
            yield from self._lacking
            self._lacking.clear()

    def _left_over(self, place: str) -> Iterable[Finding]:
        for data in self._caused:
            yield Finding(EVENTS_MISSING, place, type(data).__name__)
        for due, *_ in self._due:
            yield _missing(due, place)
        self._caused.clear()
        self._due.clear()

    def _check_engine(self, event: EventEnvelope, place: str) -> Iterable[Finding]:
        if event.engine not in ENGINES or event.engine < self._engine:
            yield Finding(ENGINE_WRONG, place, str(event.engine))
        self._engine = max(self._engine, event.engine) if event.engine in ENGINES else self._engine

    # --- commands ---

    def _command(self, state: Any, standing: Standing, place: str) -> Iterable[Finding]:
        event, cause = standing.event, standing.event.cause
        if not self._caused:
            if cause.index != 0:
                yield Finding(NOT_DERIVED, place, "index")
                return
            digest = cause.payload_sha256 or ""
            if digest in self._acted:
                yield Finding(NOT_DERIVED, place, "replayed")
                return
            self._acted.add(digest)
            yield from self._overdue(state, event, place)
            try:
                led = self._laws.caused(state, standing, self._before)
            except Refused as refused:
                yield Finding(NOT_DERIVED, place, refused.reason)
                return
            except Refusal as refusal:
                yield Finding(NOT_DERIVED, place, refusal.code)
                return
            self._led, self._caused = led, deque(led.events)
            self._cause, self._index = digest, 0
            self._at = event.at
        yield from self._compare(standing, place)

    def _compare(self, standing: Standing, place: str) -> Iterable[Finding]:
        event, cause, led = standing.event, standing.event.cause, self._led
        expected = self._caused.popleft()
        self._index += 1
        differs = next((word for word, wrong in (
            ("kind", type(standing.data) is not type(expected)),
            ("data", standing.data != expected),
            ("count", cause.count != len(led.events)),
            ("happened_at", event.happened_at != led.happened_at),
            ("at", event.at != self._at),
            ("early", led.not_before is not None and event.at < led.not_before),
        ) if wrong), None)  # fmt: skip
        if differs is None:
            self._derived.right["command"] += 1
            return
        yield Finding(NOT_DERIVED, place, differs)
        if differs in ("kind", "count"):
            self._caused.clear()  # of another act: the rest would only repeat it

    def _overdue(self, state: Any, event: EventEnvelope, place: str) -> Iterable[Finding]:
        """Rungs fire before a command of a later instant is decided."""
        if state is None or event.at == self._last_at:
            return
        deadline = self._laws.deadline(state)
        if deadline is not None and deadline <= event.at:
            yield from self._silent(state, deadline, event.at, place)

    # --- rules ---

    def _rule(self, state: Any, standing: Standing, place: str) -> Iterable[Finding]:
        event = standing.event
        if event.actor != SYSTEM or event.happened_at is not None:
            yield Finding(NOT_DERIVED, place, "actor")
            return
        try:
            adopted = self._laws.adopted(standing)
        except Refused as refused:
            yield Finding(NOT_DERIVED, place, refused.reason)
            return
        if adopted is not None:
            expected = (adopted, "roster", 0, 1)
        else:
            if not self._arm(state, event):
                yield Finding(NOT_DERIVED, place, "away")
                return
            yield from self._skipped(standing, place)
            if not self._due:
                yield Finding(NOT_DERIVED, place, "not-due")
                return
            expected = self._due.popleft()
        said = (standing.data, event.cause.timer, event.cause.index, event.cause.count)
        if said == expected:
            self._derived.right["rule"] += 1
        else:
            self._due.clear()
            yield Finding(NOT_DERIVED, place, "data")

    def _arm(self, state: Any, event: EventEnvelope) -> bool:
        """What the rules do at the instant of this event, unless that is under way.

        False where nobody could have waited so long for them.
        """
        deadline = None if self._due or state is None else self._laws.deadline(state)
        if deadline is None or deadline > event.at:
            return True
        if event.at - deadline > LONGEST_AWAY:
            return False
        due = self._laws.due(state, event.at)
        count = len(due.events) if due.at_once else 1
        self._due.extend(
            (data, timer, index if due.at_once else 0, count)
            for index, (data, timer) in enumerate(due.events)
        )
        self._at = event.at
        return True

    def _skipped(self, standing: Standing, place: str) -> Iterable[Finding]:
        """Those before this one in the order of what is due are missing."""
        if any(data == standing.data for data, *_ in self._due):
            while self._due[0][0] != standing.data:
                yield _missing(self._due.popleft()[0], place)


def _missing(data: BaseModel, place: str) -> Finding:
    rung = getattr(data, "rung", "")
    unit = getattr(data, "unit", None) or ""
    return Finding(RUNG_MISSING, place, " ".join(filter(None, (type(data).__name__, rung, unit))))
