"""From events to rows of the read tables: pure, no SQLAlchemy (store layer, functional core).

Everything in the read tables is a function of the events in the store's order, so that a rebuild
can be compared with what stands (`verify.py`) and any earlier instant can be shown by the same
functions. Not projections, but content: the tables `openings` and `mailbox`; not a projection, but
work in hand: `outbox`.

Append-only rows (notices, commitments, alarms, …) follow from each event; rows that show a state
(tasks, assignments, asks) follow from the last state of a batch only, since what lies between is
never seen outside a transaction.
"""

from lianxi.store.projection.conference import conference_state, project_conference
from lianxi.store.projection.notices import MAILBOX, channels_of, notice_id
from lianxi.store.projection.observation import project_observation
from lianxi.store.projection.rows import Change, Recorded, Row, Value, event_row, task_of, unit_of
from lianxi.store.projection.rulebooks import calendar_in, rulebook, rules_in
from lianxi.store.projection.task import assignment_state, project_task, task_rows, task_state

__all__ = [
    "MAILBOX",
    "Change",
    "Recorded",
    "Row",
    "Value",
    "assignment_state",
    "calendar_in",
    "channels_of",
    "conference_state",
    "event_row",
    "notice_id",
    "project_conference",
    "project_observation",
    "project_task",
    "rulebook",
    "rules_in",
    "task_of",
    "task_rows",
    "task_state",
    "unit_of",
]
