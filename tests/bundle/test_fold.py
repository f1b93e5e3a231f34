"""The verifier's small table of states, held against the real fold."""

import gzip
import json
import re
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from random import Random
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import verify_bundle
from lianxi.domain.conference.events import CONFERENCE_KINDS
from lianxi.domain.task.clockwork import Timed
from lianxi.domain.task.events import KINDS, Fact
from lianxi.domain.task.evolve import evolve
from lianxi.domain.task.state import TaskState
from lianxi.domain.values import format_instant
from lianxi.proof.events import open_event
from lianxi.streams.facts import task_fact
from tests.bundle.conftest import Judge
from tests.bundle.material import bundle_of
from tests.domain.test_task_laws import BEGINNINGS, Play, first_taken, random_steps
from tests.store.full_life import FullLife

RECORDED = Path(__file__).parents[1] / "store" / "recorded" / "release-0.1.sql.gz"
HISTORIES = Path(__file__).parents[1] / "replay" / "histories"


SAID = (
    "AssignmentAcknowledged",
    "AssignmentObjected",
    "CompletionSubmitted",
    "ConcurrenceAsked",
    "ConcurrenceGiven",
    "DissentFiled",
    "ExtensionRequested",
    "FiledOnBehalf",
    "FilingDisputed",
    "InstructionHeeded",
    "ProgressReported",
    "ReportCorrected",
    "RequestLapsed",
    "RequestRetracted",
    "StopRequested",
    "SubmissionRecalled",
    "WarningAnswered",
)
"""What a unit says may be stated for a time before it was recorded; nothing else may."""


def real_rows(state: TaskState | None) -> list[dict[str, str]]:
    """What the real fold says, as `audit as-of` shows it."""
    if state is None:
        return []
    return [
        {
            "task": state.task,
            "phase": state.phase.value,
            "unit": part.unit,
            "role": part.role,
            "state": part.state.value,
            "due": format_instant(part.due),
        }
        for part in state.assignments.values()
    ]


def as_event(fact: Fact) -> dict[str, Any]:
    """The fact as the verifier reads it from an event's bytes."""
    data = fact.data.model_dump(mode="json", exclude_none=True)
    return {"kind": type(fact.data).__name__, "basis": fact.basis, "data": data}


class Both:
    """Both folds, side by side. What an event rests on may be missing; then it changes nothing."""

    def __init__(self) -> None:
        self.state: TaskState | None = None
        self.fold = verify_bundle.TaskFold()

    def apply(self, fact: Fact, event: dict[str, Any] | None = None) -> None:
        with suppress(ValueError, LookupError):
            self.state = evolve(self.state, fact)
        with suppress(verify_bundle.BadError, KeyError):
            self.fold.apply(event or as_event(fact), fact.hash)
        said = (type(fact.data).__name__, fact.seq)
        assert list(self.fold.rows()) == real_rows(self.state), said


def test_every_kind_stands_in_one_table() -> None:
    """A new kind of event must be given its place in verify_bundle.py."""
    v = verify_bundle
    tables = [*v.LIMITS, *v.MOVES, *v.PHASES, *v.BESIDE, *v.NOTHING]
    assert sorted(tables) == sorted(KINDS)


def test_every_kind_stands_on_its_basis() -> None:
    """What rules cause, and what is observed, as domain and streams have it."""
    timed = {kind.__name__ for kind in get_args(Timed)}
    assert timed | {"RosterAdopted", "IssueExpired", "RedactionExpired"} == verify_bundle.BY_RULE
    every = {*KINDS, *CONFERENCE_KINDS}
    assert every >= verify_bundle.BY_RULE | verify_bundle.OBSERVED | verify_bundle.THAWED


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32 - 1), beginning=st.sampled_from(sorted(BEGINNINGS)))
def test_random_histories_lead_to_the_same_states(seed: int, beginning: str) -> None:
    """After each event, and as in the clock of what happened: a beginning, then some of what units said."""
    play = Play(beginning)
    for step in random_steps(seed):
        play.fire(awake=step.awake, until_hours=step.hours)
        for event in first_taken(step, play.story):
            play.record(event)
    both = Both()
    for fact in play.story.facts:
        both.apply(fact)
    chance = Random(seed)  # noqa: S311 - a test's dice
    for share in (0.3, 0.6, 1.0):
        cut = chance.randint(1, len(play.story.facts))
        both = Both()
        for fact in play.story.facts:
            later = type(fact.data).__name__ in SAID and chance.random() < share
            if fact.seq <= cut or later:
                both.apply(fact)


def test_a_life_with_every_kind_of_event_leads_to_the_same_states(judge: Judge) -> None:
    """From the exact bytes; the bundle of it holds."""
    scenario = FullLife().all()
    made = bundle_of(scenario)
    verdict = judge(made)
    assert verdict.run.findings == []
    streams: dict[str, Both] = {}
    for line in made.of("event"):
        if line["stream"].startswith("task/"):
            event = open_event(line["event"].encode())
            fact = task_fact(event, line["hash"])
            both = streams.setdefault(line["stream"], Both())
            both.apply(fact, json.loads(line["event"]))
    assert len(streams) > 3


@pytest.mark.parametrize("path", sorted(HISTORIES.glob("*task*.json")), ids=lambda path: path.stem)
def test_recorded_histories_lead_to_the_same_states(path: Path) -> None:
    """Events of earlier releases, as their record activities carried them."""
    from base64 import b64decode

    both, seq = Both(), 0
    for payload in re.findall(r'"data": ?"([A-Za-z0-9+/=]+)"', path.read_text()):
        content = b64decode(payload)
        if b'"events"' not in content or b'"text"' not in content:
            continue
        batch = json.loads(content)
        for sealed in batch.get("events", ()) if isinstance(batch, dict) else ():
            if "text" not in sealed:
                continue
            event = open_event(sealed["text"].encode())
            if event.seq <= seq or not event.stream.startswith("task/"):
                continue
            seq = event.seq
            both.apply(task_fact(event, sealed["hash"]), json.loads(sealed["text"]))
    assert seq > 3 or "continued" in path.stem


def test_a_trail_of_the_first_release_leads_to_the_same_states() -> None:
    """Its events stand in a database dump."""
    streams: dict[str, Both] = {}
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(gzip.decompress(RECORDED.read_bytes()).decode())
        rows = database.execute(
            "SELECT stream, data, hash FROM events WHERE stream LIKE 'task/%' ORDER BY stream, seq"
        )
        for stream, data, event_hash in rows:
            fact = task_fact(open_event(bytes(data)), event_hash)
            streams.setdefault(stream, Both()).apply(fact, json.loads(data))
    assert len(streams) == 2
