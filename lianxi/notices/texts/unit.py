"""What a unit is told (notices, pure)."""

from lianxi.i18n import N_
from lianxi.notices.texts.form import (
    ACKNOWLEDGE,
    ANSWER,
    PROGRESS,
    REPORT,
    SHOW,
    SUBMIT,
    Text,
)

UNIT_TEXTS: dict[str, Text] = {
    # something is asked
    "issued": Text(
        N_("New task"),
        N_("Your unit has been assigned this task. Acknowledge it, then complete it in time."),
        (ACKNOWLEDGE, SHOW),
    ),
    "added": Text(
        N_("New task"),
        N_("Your unit has joined this task. Acknowledge it, then complete your part in time."),
        (ACKNOWLEDGE, SHOW),
    ),
    "transferred": Text(
        N_("Task taken over"),
        N_(
            "Your unit has taken this task over from the unit it succeeds; deadlines and history stay."
            " See where it stands and carry on."
        ),
        (SHOW, PROGRESS),
    ),
    "lead": Text(
        N_("Your unit leads this task now"),
        N_("Your unit has become the lead of this task. See what is asked and carry on."),
        (SHOW, PROGRESS),
    ),
    "returned": Text(
        N_("Completion returned"),
        N_("Your report of completion was returned. Read the reason, acknowledge and report anew."),
        (SHOW, ACKNOWLEDGE),
    ),
    "reopened": Text(
        N_("Re-check"),
        N_("Your completed part has been re-opened. Read the reason, then report completion anew."),
        (SHOW, SUBMIT),
    ),
    "due-changed": Text(
        N_("New deadline"),
        N_("The deadline of your unit has been changed. See the reason."),
        (SHOW,),
    ),
    "limits-moved": Text(
        N_("New deadline"),
        N_("The deadline of your unit has been moved because the service had been away."),
        (SHOW,),
    ),
    "objection-decided": Text(
        N_("Objection decided"),
        N_(
            "Your objection was decided: the task stays with your unit. See how, then acknowledge it."
        ),
        (SHOW, ACKNOWLEDGE),
    ),
    "extension-decided": Text(
        N_("Request for more time decided"),
        N_("Your request for more time was decided. See how, and report completion in time."),
        (SHOW, SUBMIT),
    ),
    "stop-decided": Text(
        N_("Request to stop decided"),
        N_("Your request to stop was decided. See how."),
        (SHOW,),
        deadline=False,
    ),
    "resumed": Text(
        N_("Resumed"),
        N_("Your unit's part goes on, with a new deadline. Carry on."),
        (SHOW, PROGRESS),
    ),
    "reversed": Text(
        N_("A mistake was reversed"),
        N_(
            "The last act of the convener's side was a mistake; what stood before is in force again."
        ),
        (SHOW,),
    ),
    "urged": Text(
        N_("Urged"),
        N_("Your unit is urged to act on this task. Read the message, then report."),
        (SHOW, PROGRESS, SUBMIT),
    ),
    "instruction": Text(
        N_("Instruction"),
        N_("There is an instruction on this task. Read it; acknowledge it where that is asked."),
        (SHOW, "lianxi task heed {task} --event {subject}"),
    ),
    "warning-sent": Text(
        N_("Warning"),
        N_("Your unit is warned: this task is overdue. Explain why, by the time below."),
        (ANSWER, SUBMIT),
    ),
    "explanation-late": Text(
        N_("Explanation overdue"),
        N_("The explanation that the warning asked for has not come in time. Give it now."),
        (ANSWER, SUBMIT),
    ),
    "concurrence-asked": Text(
        N_("Concurrence asked"),
        N_(
            "The lead has reported completion. Say whether your unit agrees; who says nothing in time"
            " is noted as silent."
        ),
        ("lianxi task concur {task}", "lianxi task dissent {task} --reason TEXT", SHOW),
    ),
    "on-behalf": Text(
        N_("Filed on your behalf"),
        N_(
            "The office has filed what your unit said by phone or on paper. Look at it; if your unit"
            " did not say so, dispute it by the time below."
        ),
        (SHOW, "lianxi task dispute {task} --reason TEXT"),
    ),
    "acknowledge-reminder": Text(
        N_("Please acknowledge"),
        N_("Your unit has not acknowledged this task yet. Acknowledge it in time."),
        (ACKNOWLEDGE, SHOW),
    ),
    "acknowledge-overdue": Text(
        N_("Acknowledgement overdue"),
        N_("The limit for acknowledging this task has passed. Acknowledge it now."),
        (ACKNOWLEDGE, SHOW),
    ),
    "near-due": Text(
        N_("Deadline near"),
        N_("The deadline of this task is near. Report completion in time."),
        (SUBMIT, PROGRESS),
    ),
    "overdue": Text(
        N_("Overdue"),
        N_("The deadline of this task has passed. Report completion now, or how far you are."),
        (SUBMIT, PROGRESS),
    ),
    "report-reminder": Text(
        N_("Periodic report due"),
        N_("The periodic report of your unit on this task is due soon. File it in time."),
        (REPORT, SHOW),
    ),
    "report-late": Text(
        N_("Periodic report late"),
        N_("The periodic report of your unit on this task was not filed in time. File it now."),
        (REPORT, SHOW),
        deadline=False,
    ),
    # nothing is asked, or not any more
    "bulletin-issued": Text(
        N_("Bulletin"),
        N_("All units of this task are told that a unit is late with it. See which."),
        (SHOW,),
        deadline=False,
    ),
    "phoned": Text(
        N_("Phone call noted"),
        N_("The office has noted that it told your unit about this task by phone."),
        (SHOW,),
    ),
    "suspended": Text(
        N_("Suspended"),
        N_(
            "Your unit's part is suspended: its clock stands. The office looks at it again by the time"
            " below."
        ),
        (SHOW,),
    ),
    "accepted": Text(
        N_("Completion accepted"),
        N_("Your report of completion was accepted. Nothing more is asked of your unit."),
        (SHOW,),
        deadline=False,
    ),
    "withdrawn": Text(
        N_("Assignment withdrawn"),
        N_("Your unit has been taken off this task. Nothing more is asked of your unit."),
        (SHOW,),
        deadline=False,
    ),
    "closed": Text(
        N_("Task closed"),
        N_("This task has been closed. Nothing more is asked of your unit."),
        (SHOW,),
        deadline=False,
    ),
    "cancelled": Text(
        N_("Task cancelled"),
        N_("This task has been cancelled. Nothing more is asked of your unit."),
        (SHOW,),
        deadline=False,
    ),
    "thawed": Text(
        N_("The task's record goes on from what stands"),
        N_(
            "The record of this task was stopped and goes on. Your latest report may not stand in it:"
            " look whether it does, and hand it in again if it is missing."
        ),
        (SHOW,),
        deadline=False,
    ),
}
"""By kind of notice."""
