"""Workflow ids, streams and task queues as functions: the one place that spells them."""

CONFERENCE_STREAM = "conference"
AUDIT_STREAM = "audit"
TASK_QUEUE = "lianxi"
NAMESPACE = "lianxi"
RECONCILE_SCHEDULE = "reconcile"
"""Id of the Temporal Schedule; one for a deployment."""


def conference_workflow_id(conference: str) -> str:
    """The one workflow of a conference."""
    return f"{conference}/conference"


def task_workflow_id(conference: str, task: str) -> str:
    """The one workflow of a task."""
    return f"{conference}/task/{task}"


def mailroom_workflow_id(channel: str) -> str:
    """The one mailroom of a channel, for all conferences of a deployment."""
    return f"mailroom/{channel}"


def sealer_workflow_id() -> str:
    """The one sealer, for all conferences of a deployment."""
    return "sealer"


def reconcile_workflow_id(how: str) -> str:
    """A comparison of trail and Temporal: `scheduled` (the Schedule adds the time) or `asked`."""
    return f"reconcile/{how}"


def task_stream(task: str) -> str:
    """The event stream of a task; its single writer is the task's workflow."""
    return f"task/{task}"


def mail_stream(channel: str) -> str:
    """The event stream of a channel's outcomes; written by the store."""
    return f"mail/{channel}"


def task_of_stream(stream: str) -> str | None:
    """The task whose stream this is; None for the other streams."""
    prefix, _, task = stream.partition("/")
    return task if prefix == "task" and task else None


def conference_of_origin(origin: str) -> str:
    """The conference id inside `<domain>/lianxi/<conference>/<random>`."""
    return origin.split("/")[2]


def stream_workflow_id(conference: str, stream: str) -> str | None:
    """The workflow that takes commands for a stream; None for streams without commands."""
    if stream == CONFERENCE_STREAM:
        return conference_workflow_id(conference)
    task = task_of_stream(stream)
    return task_workflow_id(conference, task) if task else None
