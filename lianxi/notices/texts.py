"""What a notice says: one table from kind and side of the addressee to its words (notices, pure).

The English words are the keys of the catalogue; commands are typed as they stand and never
translated. Kinds come from `lianxi.domain.task.react` and from the ladder, which is data: a rung
without a text of its own gets `OTHER`.
"""

from dataclasses import dataclass
from typing import Literal

from lianxi.i18n import N_

Side = Literal["unit", "office"]


@dataclass(frozen=True, slots=True)
class Text:
    """The words of one kind of notice; `deadline` is False where nothing is asked any more."""

    subject: str
    asked: str
    commands: tuple[str, ...]
    deadline: bool = True


_SHOW = "lianxi task show {task}"
_ACKNOWLEDGE = "lianxi ack {task}"
_SUBMIT = "lianxi task submit {task} --report FILE --evidence FILE"
_PROGRESS = "lianxi task progress {task} --percent NUMBER --text TEXT"
_EVIDENCE = "lianxi task evidence {task} --unit {unit} --to DIR"
_ACCEPT = "lianxi task accept {task} --unit {unit}"
_RETURN = "lianxi task return {task} --unit {unit} --reason TEXT --due LIMIT"
_CHANGE_DUE = "lianxi task due {task} --unit {unit} --due LIMIT --reason TEXT"
_CLOSE = "lianxi task close {task} --verdict implemented"

TEXTS: dict[tuple[Side, str], Text] = {
    # to the unit: something is asked
    ("unit", "issued"): Text(
        N_("New task"),
        N_("Your unit has been assigned this task. Acknowledge it, then complete it in time."),
        (_ACKNOWLEDGE, _SHOW),
    ),
    ("unit", "lead"): Text(
        N_("Your unit leads this task now"),
        N_("Your unit has become the lead of this task. See what is asked and carry on."),
        (_SHOW, _PROGRESS),
    ),
    ("unit", "returned"): Text(
        N_("Completion returned"),
        N_("Your report of completion was returned. Read the reason, acknowledge and report anew."),
        (_SHOW, _ACKNOWLEDGE),
    ),
    ("unit", "due-changed"): Text(
        N_("New deadline"),
        N_("The deadline of your unit has been changed. See the reason."),
        (_SHOW,),
    ),
    ("unit", "acknowledge-reminder"): Text(
        N_("Please acknowledge"),
        N_("Your unit has not acknowledged this task yet. Acknowledge it in time."),
        (_ACKNOWLEDGE, _SHOW),
    ),
    ("unit", "acknowledge-overdue"): Text(
        N_("Acknowledgement overdue"),
        N_("The limit for acknowledging this task has passed. Acknowledge it now."),
        (_ACKNOWLEDGE, _SHOW),
    ),
    ("unit", "near-due"): Text(
        N_("Deadline near"),
        N_("The deadline of this task is near. Report completion in time."),
        (_SUBMIT, _PROGRESS),
    ),
    ("unit", "overdue"): Text(
        N_("Overdue"),
        N_("The deadline of this task has passed. Report completion now, or how far you are."),
        (_SUBMIT, _PROGRESS),
    ),
    # to the unit: nothing is asked any more
    ("unit", "accepted"): Text(
        N_("Completion accepted"),
        N_("Your report of completion was accepted. Nothing more is asked of your unit."),
        (_SHOW,),
        deadline=False,
    ),
    ("unit", "withdrawn"): Text(
        N_("Assignment withdrawn"),
        N_("Your unit has been taken off this task. Nothing more is asked of your unit."),
        (_SHOW,),
        deadline=False,
    ),
    ("unit", "closed"): Text(
        N_("Task closed"),
        N_("This task has been closed. Nothing more is asked of your unit."),
        (_SHOW,),
        deadline=False,
    ),
    ("unit", "cancelled"): Text(
        N_("Task cancelled"),
        N_("This task has been cancelled. Nothing more is asked of your unit."),
        (_SHOW,),
        deadline=False,
    ),
    # to the office
    ("office", "acknowledged"): Text(
        N_("Acknowledged"),
        N_("The unit has acknowledged this task. Nothing is asked of you."),
        (_SHOW,),
    ),
    ("office", "progress"): Text(
        N_("Progress reported"),
        N_("The unit has reported progress. Nothing is asked of you."),
        (_SHOW,),
    ),
    ("office", "submitted"): Text(
        N_("Completion to review"),
        N_("The unit has reported completion. Review it, then accept or return it."),
        (_EVIDENCE, _ACCEPT, _RETURN),
    ),
    ("office", "recalled"): Text(
        N_("Report of completion recalled"),
        N_("The unit has taken its report of completion back. There is nothing to review now."),
        (_SHOW,),
    ),
    ("office", "acknowledge-overdue"): Text(
        N_("Acknowledgement overdue"),
        N_("The unit has not acknowledged this task in time. Ask the unit to answer."),
        (_SHOW,),
    ),
    ("office", "overdue"): Text(
        N_("Overdue"),
        N_("The unit has not reported completion in time. Ask it to, or change its deadline."),
        (_SHOW, _CHANGE_DUE),
    ),
    ("office", "ready-to-close"): Text(
        N_("Ready to close"),
        N_("Every unit of this task is done. Close it with a verdict."),
        (_CLOSE, _SHOW),
        deadline=False,
    ),
}
"""Every kind of notice this release knows, per side."""

OTHER = Text(
    N_("Reminder"),
    N_("There is something to look at on this task."),
    (_SHOW,),
)
"""For a rung of a conference's own ladder, and for a kind from a newer release."""

TASK_TITLED = N_("Task {task}: {title}")
TASK = N_("Task {task}")
UNIT = N_("Unit: {unit}")
DEADLINE = N_("Deadline: {deadline} ({zone})")
COMMANDS = N_("To answer or to see more, type:")
IDENTITY = N_("Notice {notice_id}. It may reach you twice; the same number is the same notice.")
