"""What is told about the conference itself, of no task (notices, pure)."""

from lianxi.i18n import N_
from lianxi.notices.texts.form import APPROVE, REJECT, TODO, Side, Text

_LIST = "lianxi task list"
_KEYS = "lianxi key show"
_ROSTER = "lianxi conference roster check"
_FINDINGS = "lianxi audit findings"
_VERIFY = "lianxi audit verify"

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
    ("unit", "keys-changed"): Text(
        N_("Your unit's keys have changed"),
        N_("The roster lists other keys for your unit than before. Look whether all are yours."),
        (_KEYS,),
        deadline=False,
    ),
    ("unit", "key-registered"): Text(
        N_("Another key of your unit was registered"),
        N_(
            "Another key acts for your unit from now on. If it is not yours, call the convener at once."
        ),
        (_KEYS,),
        deadline=False,
    ),
    ("unit", "key-revoked"): Text(
        N_("A key of your unit was revoked"),
        N_("A key of your unit may act no more. If you did not ask for it, call the office."),
        (_KEYS,),
        deadline=False,
    ),
    ("unit", "key-replaced"): Text(
        N_("A key of your unit is being replaced"),
        N_(
            "A key is said to be lost, and another takes its place at the time below. If your unit"
            " has lost none, call the convener before then: the replacement can still be revoked."
        ),
        (_KEYS,),
    ),
    ("office", "keys-changed"): Text(
        N_("The roster has changed"),
        N_("Keys have come or gone, or other keys sign the roster from now on."),
        (_ROSTER,),
        deadline=False,
    ),
    ("office", "key-registered"): Text(
        N_("Another key of a unit was registered"),
        N_(
            "A unit that had a key before has another one from now on. Look whether it asked for it."
        ),
        (_ROSTER,),
        deadline=False,
    ),
    ("office", "key-revoked"): Text(
        N_("A key of yours was revoked"),
        N_("A key of your side may act no more."),
        (_KEYS,),
        deadline=False,
    ),
    ("office", "key-replaced"): Text(
        N_("A lost key is being replaced"),
        N_(
            "A key is said to be lost, and another takes its place at the time below. Until then the"
            " replacement can be revoked."
        ),
        (_ROSTER,),
    ),
    ("office", "redaction-proposed"): Text(
        N_("A redaction to approve"),
        N_(
            "The office proposes to destroy a text or file. Look at what it is and why, then approve or"
            " reject it."
        ),
        (TODO, APPROVE, REJECT),
    ),
    ("office", "redaction-rejected"): Text(
        N_("Redaction rejected"),
        N_("A redaction that you proposed was rejected; the text or file stands."),
        ("lianxi audit list --kind RedactionRejected",),
        deadline=False,
    ),
    ("office", "redaction-expired"): Text(
        N_("Proposal expired"),
        N_("Nobody decided in time on a redaction that was proposed; the text or file stands."),
        ("lianxi audit list --kind RedactionExpired",),
        deadline=False,
    ),
    ("unit", "redacted"): Text(
        N_("A text or file of your unit was redacted"),
        N_(
            "What stood there is destroyed; who did it and why stays in the record. What you keep"
            " yourself is not touched."
        ),
        ("lianxi audit show {event}",),
        deadline=False,
    ),
    ("unit", "finding"): Text(
        N_("The trail does not agree with itself or with Temporal"),
        N_("Something was found that does not fit. Look at what it is, then verify the trail."),
        (_FINDINGS, _VERIFY),
        deadline=False,
    ),
    ("office", "finding"): Text(
        N_("The trail does not agree with itself or with Temporal"),
        N_("Something was found that does not fit. Look at what it is, then ask the operator."),
        (_FINDINGS,),
        deadline=False,
    ),
}
"""By side of the addressee and kind of notice; on the side `unit` also stands the auditor."""

OTHER_OF_CONFERENCE = Text(
    N_("News of the conference"),
    N_("There is something to look at in the conference."),
    (TODO,),
)
"""For a kind from a newer release."""
