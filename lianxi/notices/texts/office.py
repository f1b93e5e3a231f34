"""What the office and the convener are told (notices, pure)."""

from lianxi.i18n import N_
from lianxi.notices.texts.form import (
    ACCEPT,
    APPROVE,
    CHANGE_DUE,
    CLOSE,
    EVIDENCE,
    PHONED,
    REJECT,
    RESUME,
    RETURN,
    SHOW,
    TODO,
    URGE,
    Text,
)

_GRANT = "lianxi task grant {task} --unit {unit} "
_REFUSE = "lianxi task refuse {task} --unit {unit} "

OFFICE_TEXTS: dict[str, Text] = {
    # something is to be decided
    "submitted": Text(
        N_("Completion to review"),
        N_("The unit has reported completion. Review it, then accept or return it."),
        (EVIDENCE, ACCEPT, RETURN),
    ),
    "objected": Text(
        N_("Objection to decide"),
        N_("The unit says that this task is not its own, or not as it stands. Decide."),
        (SHOW, _GRANT + "objection", _REFUSE + "objection --reason TEXT"),
    ),
    "extension-requested": Text(
        N_("Request for more time to decide"),
        N_("The unit asks for more time. Decide."),
        (SHOW, _GRANT + "extension", _REFUSE + "extension --reason TEXT"),
    ),
    "stop-requested": Text(
        N_("Request to stop to decide"),
        N_("The unit asks that its part be stopped. Decide."),
        (SHOW, _GRANT + "stop", _REFUSE + "stop --reason TEXT"),
    ),
    "proposed": Text(
        N_("To approve"),
        N_("An act waits for your approval. Look at it, then approve or reject it."),
        (SHOW, APPROVE, REJECT),
    ),
    "ready-to-close": Text(
        N_("Ready to close"),
        N_("Every unit of this task is done. Close it with a verdict."),
        (CLOSE, SHOW),
        deadline=False,
    ),
    "service-gap": Text(
        N_("The service was away"),
        N_(
            "The service was away while deadlines of this task ran; nobody is called late for a while"
            " after it. Decide whether the gap counts."
        ),
        (SHOW, "lianxi conference gap"),
    ),
    # something has waited too long
    "acknowledge-overdue": Text(
        N_("Acknowledgement overdue"),
        N_("The unit has not acknowledged this task in time. Ask the unit to answer."),
        (SHOW, PHONED),
    ),
    "overdue": Text(
        N_("Overdue"),
        N_("The unit has not reported completion in time. Ask it to, or change its deadline."),
        (SHOW, URGE, CHANGE_DUE),
    ),
    "report-late": Text(
        N_("Periodic report late"),
        N_("The unit has not filed its periodic report in time. Ask it to."),
        (SHOW, URGE),
        deadline=False,
    ),
    "review-late": Text(
        N_("Review overdue"),
        N_("A report of completion has waited for you too long. Accept or return it."),
        (EVIDENCE, ACCEPT, RETURN),
        deadline=False,
    ),
    "request-late": Text(
        N_("Decision overdue"),
        N_("A request of the unit has waited for you too long. Decide."),
        (TODO, SHOW),
    ),
    "objection-late": Text(
        N_("Decision overdue"),
        N_("An objection of the unit has waited for you too long. Decide."),
        (SHOW, _GRANT + "objection", _REFUSE + "objection --reason TEXT"),
        deadline=False,
    ),
    "close-late": Text(
        N_("Closing overdue"),
        N_("This task has been ready to close for too long. Close it with a verdict."),
        (CLOSE, SHOW),
        deadline=False,
    ),
    "suspension-review": Text(
        N_("Suspension to look at again"),
        N_(
            "The unit's part is suspended and was to be looked at again by now. Resume it, or decide."
        ),
        (SHOW, RESUME),
        deadline=False,
    ),
    "explanation-late": Text(
        N_("Explanation overdue"),
        N_("The unit has not explained itself in the time that its warning gave. Ask it to."),
        (SHOW, PHONED),
    ),
    "exhausted": Text(
        N_("Late beyond the last step"),
        N_("The unit is late, and the ladder has no further step. Decide what is to be done."),
        (SHOW, URGE, CHANGE_DUE),
    ),
    # for information
    "acknowledged": Text(
        N_("Acknowledged"),
        N_("The unit has acknowledged this task. Nothing is asked of you."),
        (SHOW,),
    ),
    "progress": Text(
        N_("Progress reported"),
        N_("The unit has reported progress. Nothing is asked of you."),
        (SHOW,),
    ),
    "recalled": Text(
        N_("Report of completion recalled"),
        N_("The unit has taken its report of completion back. There is nothing to review now."),
        (SHOW,),
    ),
    "retracted": Text(
        N_("Request taken back"),
        N_("The unit has taken its request back. There is nothing to decide now."),
        (SHOW,),
    ),
    "corrected": Text(
        N_("Report corrected"),
        N_("The unit has corrected an earlier report; both are shown, the last counts."),
        (SHOW,),
    ),
    "concurred": Text(
        N_("Concurrence given"),
        N_("The supporting unit agrees with the lead's report of completion."),
        (SHOW,),
        deadline=False,
    ),
    "dissented": Text(
        N_("Dissent"),
        N_(
            "The supporting unit does not agree with the lead's report of completion. Accepting it over"
            " a dissent needs a reason."
        ),
        (SHOW,),
        deadline=False,
    ),
    "concurrence-silent": Text(
        N_("Concurrence closed"),
        N_("Not every supporting unit has answered in time; who has not is noted as silent."),
        (SHOW,),
        deadline=False,
    ),
    "disputed": Text(
        N_("Filing disputed"),
        N_("The unit says that it did not say what you filed on its behalf. Ask it, put it right."),
        (SHOW, PHONED),
    ),
    "instruction-heeded": Text(
        N_("Instruction acknowledged"),
        N_("The unit has acknowledged the instruction. Nothing is asked of you."),
        (SHOW,),
    ),
    "warning-answered": Text(
        N_("Explanation received"),
        N_("The unit has explained itself. Read it."),
        (SHOW,),
        deadline=False,
    ),
    "warning-sent": Text(
        N_("Warning"),
        N_("A unit was warned. Nothing is asked of you before its explanation."),
        (SHOW,),
    ),
    "bulletin-issued": Text(
        N_("Bulletin"),
        N_("A bulletin was issued: the unit is late with this task. Nothing is asked of you."),
        (SHOW,),
        deadline=False,
    ),
    "approved": Text(
        N_("Approved"),
        N_("What was proposed has been approved and takes effect."),
        (SHOW,),
        deadline=False,
    ),
    "rejected": Text(
        N_("Rejected"),
        N_("What was proposed has been rejected. Read the reason."),
        (SHOW,),
        deadline=False,
    ),
    "expired": Text(
        N_("Proposal expired"),
        N_("Nobody decided in time on what was proposed; it does not take effect."),
        (SHOW,),
        deadline=False,
    ),
    "overtaken": Text(
        N_("Proposal overtaken"),
        N_("What was proposed is moot: somebody has acted since. Propose it anew if need be."),
        (SHOW,),
        deadline=False,
    ),
}
"""By kind of notice."""
