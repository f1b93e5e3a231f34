"""Names that stand in histories: changing one strands every running workflow."""

import dataclasses

from temporalio import activity, workflow

from activities.notices import NoticeActivities
from activities.reconcile import ReconcileActivities
from activities.record import RecordActivities
from activities.sealing import SealActivities
from lianxi import ids, messages
from workflows.conference import ConferenceWorkflow
from workflows.mailroom import MailroomWorkflow
from workflows.reconcile import ReconcileWorkflow
from workflows.sealer import SealerWorkflow
from workflows.task import TaskWorkflow


def test_workflow_names() -> None:
    """As released."""
    names = {
        cls: workflow._Definition.must_from_class(cls).name
        for cls in (
            TaskWorkflow,
            ConferenceWorkflow,
            MailroomWorkflow,
            SealerWorkflow,
            ReconcileWorkflow,
        )
    }
    assert names == {
        TaskWorkflow: "Task",
        ConferenceWorkflow: "Conference",
        MailroomWorkflow: "Mailroom",
        ReconcileWorkflow: "Reconcile",
        SealerWorkflow: "Sealer",
    }


def test_handler_names() -> None:
    """Commands and one query in both stream workflows; what has another name is named as such."""
    for cls, beside in ((TaskWorkflow, ["adopt_rosters"]), (ConferenceWorkflow, [])):
        definition = workflow._Definition.must_from_class(cls)
        # None: the dynamic ones, which refuse whatever has another name
        assert sorted(map(str, definition.updates)) == sorted(["command", *beside, "None"])
        assert "state" in definition.queries
        assert list(definition.signals) == [None]
    for service in (MailroomWorkflow, SealerWorkflow):
        definition = workflow._Definition.must_from_class(service)
        assert (list(definition.updates), list(definition.signals)) == ([None], [None])


def test_activity_names() -> None:
    """As released."""
    for method, name in (
        (RecordActivities.record_events, "record_events"),
        (NoticeActivities.deliver_notices, "deliver_notices"),
        (ReconcileActivities.reconcile, "reconcile"),
        (SealActivities.seal_events, "seal_events"),
    ):
        definition = activity._Definition.from_callable(method)
        assert definition is not None
        assert definition.name == name


def test_ids_and_streams() -> None:
    """Workflow ids and streams are in histories and events."""
    assert ids.conference_workflow_id("demo") == "demo/conference"
    assert ids.task_workflow_id("demo", "T-0001") == "demo/task/T-0001"
    assert ids.mailroom_workflow_id("smtp") == "mailroom/smtp"
    assert ids.sealer_workflow_id() == "sealer"
    assert ids.RECONCILE_SCHEDULE == "reconcile"
    assert ids.reconcile_workflow_id("asked") == "reconcile/asked"
    assert ids.task_stream("T-0001") == "task/T-0001"
    assert ids.mail_stream("smtp") == "mail/smtp"
    assert ids.stream_workflow_id("demo", "audit") is None
    assert not dataclasses.is_dataclass(messages.TaskInput)


def test_message_fields_only_grow() -> None:
    """New fields need defaults; these are required for ever."""
    required = {
        model.__name__: sorted(n for n, f in model.model_fields.items() if f.is_required())
        for model in (messages.TaskInput, messages.ConferenceInput, messages.CommandMessage)
    }
    assert required == {
        "TaskInput": ["origin", "task"],
        "ConferenceInput": ["conference", "origin"],
        "CommandMessage": ["envelope"],
    }
