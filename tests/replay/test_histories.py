"""Recorded histories replay with today's code: what runs somewhere goes on running."""

import json
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner, WorkflowRunner

from lianxi.engine.connection import DATA_CONVERTER
from tests.deployment import sandbox
from workflows.conference import ConferenceWorkflow
from workflows.sealer import SealerWorkflow
from workflows.task import TaskWorkflow

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*.json"))


def test_there_are_histories() -> None:
    """A folder that was lost must not pass."""
    assert len(HISTORIES) >= 4


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
