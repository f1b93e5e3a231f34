"""Recorded histories replay with today's code: what runs somewhere goes on running."""

import json
import re
from base64 import b64decode
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner, WorkflowRunner

from lianxi.engine.connection import DATA_CONVERTER
from tests.deployment import sandbox
from workflows.conference import ConferenceWorkflow
from workflows.sealer import SealerWorkflow
from workflows.task import TaskWorkflow

FOLDER = Path(__file__).parent / "histories"
HISTORIES = sorted(FOLDER.glob("*.json"))


RECORDED = {
    "0.1.0": ("life", "continued"),
    "0.2.0": ("life", "continued", "full", "full-continued"),
    "0.3.0": ("keys", "keys-continued"),
}
"""What was lived through under each release, by a task and by its conference."""

ALONE = {"0.3.0-sealer-cancelled"}


def test_no_history_is_lost() -> None:
    """Nor recorded under a name that nobody expects."""
    assert {path.stem for path in HISTORIES} == ALONE | {
        f"{release}-{kind}-{scenario}"
        for release, scenarios in RECORDED.items()
        for scenario in scenarios
        for kind in ("task", "conference")
    }


def test_keys_change_in_every_way_in_a_recorded_history() -> None:
    """As the conference that lived through it recorded its events."""
    recorded = (FOLDER / "0.3.0-conference-keys.json").read_text("utf-8")
    payloads = [b64decode(data).decode() for data in re.findall(r'"data": "([^"]*)"', recorded)]
    for kind in ("KeyRegistered", "RosterChanged", "KeyReplaced"):
        assert any(kind in payload for payload in payloads)


@pytest.mark.parametrize(
    "runner", [UnsandboxedWorkflowRunner(), sandbox()], ids=["bare", "sandbox"]
)
@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_history_replays(path: Path, runner: WorkflowRunner) -> None:
    """Under its original workflow id; the recorded hashes must come out again."""
    history = history_of(path)
    replayer = Replayer(
        workflows=[TaskWorkflow, ConferenceWorkflow, SealerWorkflow],
        data_converter=DATA_CONVERTER,
        workflow_runner=runner,
    )
    await replayer.replay_workflow(history)


def history_of(path: Path) -> WorkflowHistory:
    """A recorded history."""
    recorded = json.loads(path.read_text("utf-8"))
    return WorkflowHistory.from_json(recorded["workflow_id"], recorded["history"])
