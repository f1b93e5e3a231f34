"""Killed with -9 in the middle of appends: what was answered stands, streams have no gap."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lianxi.store.store import open_store
from lianxi.store.verify import verify_trail
from tests.store.appender import batches

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("answers", [5, 200])
def test_killed_while_appending(url: str, evidence: Path, answers: int) -> None:
    """After each kill every printed answer is in the trail; a second life completes it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.store.appender", url, str(evidence)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    printed = [process.stdout.readline() for _ in range(answers)]
    process.send_signal(signal.SIGKILL)
    process.wait()
    printed += [line for line in process.stdout if line.endswith("\n")]
    process.stdout.close()

    conference, *tasks = batches()
    with open_store(url, evidence, writable=True) as store:
        for line in printed:
            stream, seq, event_hash = line.split()
            stored = store.trail.event_at(conference.origin, stream, int(seq))
            assert stored is not None
            assert stored.hash == event_hash
        before = verify_trail(store.engine, store.evidence)
        assert {finding.code for finding in before.findings} == {"OPENING_MISSING"}
        for batch in (conference, *tasks):
            assert store.trail.append(batch).hash == batch.events[-1].hash
        after = verify_trail(store.engine, store.evidence)
        assert {finding.code for finding in after.findings} == {"OPENING_MISSING"}
        assert after.events == sum(len(batch.events) for batch in (conference, *tasks))
