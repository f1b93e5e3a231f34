"""Logs: JSON lines for files, readable lines on a terminal, one formatter for all libraries (a leaf).

Context (request id, task) is bound with `structlog.contextvars`. No text of a user and no secret
is ever logged: machine words, ids and numbers only.
"""

import logging
import sys
from typing import Any

import structlog

get_logger = structlog.stdlib.get_logger
bind_contextvars = structlog.contextvars.bind_contextvars
clear_contextvars = structlog.contextvars.clear_contextvars

_TEMPORAL_NOISE = ("temporal_workflow", "temporal_activity")
"""Extras the SDK adds as nested dicts; their ids are lifted out, the rest is dropped."""


def configure_logs(component: str, *, level: str = "INFO", json_lines: bool | None = None) -> None:
    """Send everything to stderr; as JSON unless that is a terminal or `json_lines` says otherwise."""
    as_json = not sys.stderr.isatty() if json_lines is None else json_lines
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        _lift_temporal_ids,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        _named(component),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer()
    )
    final: list[structlog.typing.Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        *([structlog.processors.format_exc_info] if as_json else []),
        renderer,
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=final)
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _named(component: str) -> structlog.typing.Processor:
    def add(
        _logger: Any, _method: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        event["component"] = component
        return event

    return add


def _lift_temporal_ids(
    _logger: Any, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    for name in _TEMPORAL_NOISE:
        extra = event.pop(name, None)
        if isinstance(extra, dict):
            for field in ("workflow_id", "run_id", "update_id", "activity_type", "attempt"):
                if field in extra:
                    event[field] = extra[field]
    workflow_id = event.get("workflow_id")
    if isinstance(workflow_id, str) and "/task/" in workflow_id:
        event["task"] = workflow_id.rpartition("/")[2]
    update = event.get("update_id")
    if isinstance(update, str):
        event["request_id"] = update.partition(".")[0]
    return event
