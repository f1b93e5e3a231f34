"""What is told about the conference itself, of no task (notices, pure)."""

from lianxi.i18n import N_
from lianxi.notices.texts.form import APPROVE, REJECT, TODO, Side, Text

_LIST = "lianxi task list"

CONFERENCE_TEXTS: dict[tuple[Side, str], Text] = {
    ("unit", "calendar"): Text(
        N_("Deadlines moved by a new calendar"),
        N_("A new calendar of working days moves deadlines of your unit. See your deadlines."),
        (_LIST,),
        deadline=False,
    ),
    ("office", "proposed"): Text(
        N_("A new task to approve"),
        N_("A task waits for your approval to be issued. Look at it, then approve or reject it."),
        (TODO, APPROVE, REJECT),
    ),
    ("office", "rejected"): Text(
        N_("New task rejected"),
        N_("A task that you proposed to issue was rejected."),
        ("lianxi audit list --kind IssueRejected",),
        deadline=False,
    ),
    ("office", "expired"): Text(
        N_("Proposal expired"),
        N_("Nobody decided in time on a task that was proposed; it was not issued."),
        ("lianxi audit list --kind IssueExpired",),
        deadline=False,
    ),
}
"""By side of the addressee and kind of notice."""

OTHER_OF_CONFERENCE = Text(
    N_("News of the conference"),
    N_("There is something to look at in the conference."),
    (TODO,),
)
"""For a kind from a newer release."""
