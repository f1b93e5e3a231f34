"""What one event changes on one assignment: a table kind -> change (domain layer)."""

from collections.abc import Callable, Mapping
from typing import Any

from lianxi.domain.ladder import RUNNING, AssignmentState, Pause, armed
from lianxi.domain.reports import first_period, period_after
from lianxi.domain.task import events as ev
from lianxi.domain.task.clocks import matters
from lianxi.domain.task.state import (
    Assignment,
    Climbed,
    Filing,
    Request,
    Submission,
    Suspension,
    TaskState,
    Undo,
    Warned,
)

Update = dict[str, Any]

KEPT_SAID = 8
"""So many of a unit's latest reports can be corrected."""

KEPT_SINCE_HEAD = 64
"""So many of the latest events of rules may be named as what somebody had seen."""

S = AssignmentState


def assignment_after(state: TaskState, before: Assignment, fact: ev.Fact) -> Assignment:
    """The assignment after the event, with its new head; without its clocks."""
    change = _CHANGES.get(type(fact.data))
    if change is None:
        raise ValueError(f"unknown event {type(fact.data).__name__}")
    update = change(state, before, fact.data, fact)
    if fact.basis == "command":
        update |= {"head": fact.hash, "since_head": (), "undo": _undo(before, fact)}
        if isinstance(fact.data, REVERSIBLE):
            update.setdefault("led_until", None)  # it is another act that can be taken back now
    else:
        update["since_head"] = (*before.since_head, fact.hash)[-KEPT_SINCE_HEAD:]
    after = before.model_copy(update=update)
    if not after.reminded:
        return after
    subjects = {lying.subject for lying in matters(state.setting, after)}
    still = tuple(r for r in after.reminded if r.subject in subjects)
    return after if still == after.reminded else after.model_copy(update={"reminded": still})


# --- what can be taken back ---

REVERSIBLE: tuple[type[ev.AssignmentEvent], ...] = (
    ev.CompletionAccepted,
    ev.CompletionReturned,
    ev.DueChanged,
    ev.ExtensionGranted,
    ev.RequestRefused,
    ev.AssignmentStopped,
    ev.ObjectionChanged,
    ev.ObjectionRefused,
    ev.AssignmentSuspended,
    ev.AssignmentResumed,
    ev.AssignmentWithdrawn,
    ev.AssignmentReopened,
    ev.FiledOnBehalf,
)
"""Acts of the convener's side that `by mistake` can take back."""

_LEAVE_IT: tuple[type[ev.AssignmentEvent], ...] = (
    ev.RequestLapsed,
    ev.UnitUrged,
    ev.PhoneCallNoted,
    ev.WarningSent,
    ev.BulletinIssued,
    ev.LeadChanged,
)
"""Events that leave the last act of the convener's side as it was: it can still be taken back."""


def _undo(before: Assignment, fact: ev.Fact) -> Undo | None:
    """What stood before the convener's side's last act; None once the unit has acted."""
    if isinstance(fact.data, REVERSIBLE):
        # only what is filed on the unit's behalf brings another submission
        same = not isinstance(fact.data, ev.FiledOnBehalf)
        update: Update = {"undo": None, "clocks": None} | ({"submission": None} if same else {})
        kept = before.model_copy(update=update)
        return Undo(act=fact.hash, before=kept, same_submission=same, by=fact.role)
    if isinstance(fact.data, _LEAVE_IT) or _of_the_filing(before, fact.data):
        return before.undo
    return None


def _of_the_filing(before: Assignment, data: ev.TaskEvent) -> bool:
    """Whether it is the act that the office filed on the unit's behalf, or the unit's dispute of it."""
    undo, filing = before.undo, before.filing
    if undo is None or filing is None or undo.act != filing.event:
        return False
    if isinstance(data, ev.FilingDisputed) or before.head == filing.event:
        return True
    # a report or submission that acknowledged tacitly: its own event is still to come
    return filing.act in ("progress", "submit") and before.said == undo.before.said


def _reversed(state: TaskState, before: Assignment, data: ev.ActReversed, fact: ev.Fact) -> Update:
    if before.undo is None:
        raise ValueError("there is nothing to reverse")
    was = before.undo.restored(before)
    restored = {name: getattr(was, name) for name in Assignment.model_fields}
    # what happened meanwhile beside the act is not undone with it
    told = tuple(i for i in before.instructions if i not in was.instructions)
    reporting = was.reporting
    if reporting is None or before.reporting is None or reporting.due != before.reporting.due:
        reporting = before.reporting
    warning = was.warning
    if warning is None or before.warning is None or warning.event != before.warning.event:
        warning = before.warning  # sent since
    restored |= {
        "revision": data.revision,
        "role": before.role,
        "led_until": None,
        "instructions": (*was.instructions, *told),
        "reporting": reporting,
        "urged_at": before.urged_at,
        "warning": warning,
    }
    back = before.model_copy(update=restored)
    return restored | made_up_for(state, before, back, fact)


def made_up_for(state: TaskState, before: Assignment, back: Assignment, fact: ev.Fact) -> Update:
    """What an assignment that is `back` as it was does not make up for.

    Rungs whose instant has passed, unless they fire late; reports that fell due while it was off.
    """
    update: Update = {"fired": (*back.fired, *_passed(state, back, fact))}
    reporting = back.reporting
    fell_due = reporting is not None and reporting.due <= fact.at
    if before.final and fell_due and state.report is not None:
        update["reporting"] = period_after(state.report, state.calendar, fact.at)
    return update


def _passed(state: TaskState, back: Assignment, fact: ev.Fact) -> list[str]:
    """Rungs whose instant passed while the assignment was elsewhere, and which do not fire late."""
    return [
        rung.name
        for instant, rung in armed(state.setting, back)
        if instant <= fact.at and not rung.fires_late
    ]


# --- limits ---


def _new_limits(data: ev.NewLimits, fact: ev.Fact) -> Update:
    """A new limit revision: every rung is armed again; a warning sent still asks to be answered."""
    update: Update = {
        "revision": data.revision,
        "due": data.due,
        "acknowledge_by": data.acknowledge_by,
        "provisional": bool(data.provisional),
        "revised_at": fact.at,
        "fired": (),
        "climbed": None,
    }
    if data.due_rule is not None:
        update |= {"due_rule": data.due_rule, "due_opened_at": fact.at}
    if data.acknowledge_rule is not None:
        update |= {"acknowledge_rule": data.acknowledge_rule, "acknowledge_opened_at": fact.at}
    return update


def _returned(
    state: TaskState, before: Assignment, data: ev.CompletionReturned, fact: ev.Fact
) -> Update:
    return {
        **_new_limits(data, fact),
        "state": S.RETURNED,
        "cycle": data.cycle,
        "return_reason": data.reason,
        "acknowledge_opened_at": fact.at,
        "due_opened_at": fact.at,
    }


def _due_changed(
    state: TaskState, before: Assignment, data: ev.DueChanged, fact: ev.Fact
) -> Update:
    return {**_new_limits(data, fact), "due_opened_at": fact.at}


def _issued_again(
    state: TaskState,
    before: Assignment,
    data: ev.ObjectionChanged | ev.ObjectionRefused,
    fact: ev.Fact,
) -> Update:
    return {
        **_new_limits(data, fact),
        "state": S.ISSUED,
        "objection": None,
        "acknowledge_opened_at": fact.at,
    }


def _extended(
    state: TaskState, before: Assignment, data: ev.ExtensionGranted, fact: ev.Fact
) -> Update:
    asked = before.extension
    return {
        **_new_limits(data, fact),
        # granted as asked, the days count from the request
        "due_opened_at": asked.at if asked and asked.until == data.due else fact.at,
        "extension": None,
        "extensions": before.extensions + 1,
    }


def _resumed(
    state: TaskState, before: Assignment, data: ev.AssignmentResumed, fact: ev.Fact
) -> Update:
    back_to = before.suspension.back_to if before.suspension is not None else S.IN_PROGRESS
    update = {**_new_limits(data, fact), "state": back_to, "suspension": None}
    earliest = min(update.get("due_opened_at", before.due_opened_at), before.acknowledge_opened_at)
    still = (pause for pause in before.pauses if pause.until > earliest)
    pause = Pause(since=data.suspended_at, until=fact.at)
    return update | {"pauses": (*still, pause)}


def _reopened(
    state: TaskState, before: Assignment, data: ev.AssignmentReopened, fact: ev.Fact
) -> Update:
    reporting = None
    if state.report is not None:
        reporting = first_period(state.report, state.calendar, fact.at)
    return {
        **_new_limits(data, fact),
        "state": S.IN_PROGRESS,
        "cycle": data.cycle,
        "completed_at": None,
        "due_opened_at": fact.at,
        "reporting": reporting,
    }


# --- the unit's word ---


def _progressed(
    state: TaskState, before: Assignment, data: ev.ProgressReported, fact: ev.Fact
) -> Update:
    update: Update = {"said": (*before.said, fact.hash)[-KEPT_SAID:]}
    if data.percent is not None:
        update |= {"percent": data.percent, "percent_from": fact.hash}
    reporting = before.reporting
    if data.period is not None and reporting is not None:
        if data.period == reporting.late:
            done: Update = {"late": None, "late_since": None}
        else:
            done = {"filed": True}
        update["reporting"] = reporting.model_copy(update=done)
    return update


def _submitted(
    state: TaskState, before: Assignment, data: ev.CompletionSubmitted, fact: ev.Fact
) -> Update:
    submission = Submission(
        event=fact.hash,
        at=fact.at,
        cycle=data.cycle,
        due=before.due,
        report=data.report,
        report_media=data.report_media,
        evidence=data.evidence,
    )
    return {
        "state": S.SUBMITTED,
        "submission": submission,
        "said": (*before.said, fact.hash)[-KEPT_SAID:],
    }


def _recalled(
    state: TaskState, before: Assignment, data: ev.SubmissionRecalled, fact: ev.Fact
) -> Update:
    """Rungs whose instant passed while the office had it are not made up for."""
    back = before.model_copy(update={"state": S.IN_PROGRESS})
    return {"state": S.IN_PROGRESS, "fired": (*before.fired, *_passed(state, back, fact))}


def _corrected(
    state: TaskState, before: Assignment, data: ev.ReportCorrected, fact: ev.Fact
) -> Update:
    """Of a report and its corrections the last counts; a correction can be corrected too.

    How far the unit is stays as a later report has it: a correction stands in `said` behind what it
    corrects, so that their order is that of the reports.
    """
    said = before.said
    place = said.index(data.corrects) if data.corrects in said else len(said)
    report = before.corrects.get(data.corrects, data.corrects)
    while place + 1 < len(said) and before.corrects.get(said[place + 1]) == report:
        place += 1
    kept = (*said[: place + 1], fact.hash, *said[place + 1 :])[-KEPT_SAID:]
    corrects = {**before.corrects, fact.hash: report}
    update: Update = {
        "said": kept,
        "corrects": {event: root for event, root in corrects.items() if event in kept},
    }
    later = before.percent_from in said[place + 1 :]
    if data.percent is not None and not later and before.state is not S.COMPLETED:
        update |= {"percent": data.percent, "percent_from": fact.hash}
    return update


def _request(kind: str) -> "Callable[[TaskState, Assignment, Any, ev.Fact], Update]":
    def change(state: TaskState, before: Assignment, data: Any, fact: ev.Fact) -> Update:
        request = Request(
            event=fact.hash,
            at=fact.at,
            reason=data.reason,
            until=getattr(data, "until", None),
            until_rule=getattr(data, "until_rule", None),
            holds=getattr(data, "holds", False),
        )
        return {kind: request} | ({"state": S.OBJECTED} if kind == "objection" else {})

    return change


def _request_done(
    state: TaskState,
    before: Assignment,
    data: ev.RequestRefused | ev.RequestRetracted | ev.RequestLapsed,
    fact: ev.Fact,
) -> Update:
    update: Update = {data.request: None}
    if isinstance(data, ev.RequestRetracted) and data.request == "objection":
        update["state"] = S.ISSUED
    return update


def _withdrawn(
    state: TaskState, before: Assignment, data: ev.AssignmentWithdrawn, fact: ev.Fact
) -> Update:
    return {
        "state": S.WITHDRAWN,
        "withdrawn_through": data.through,
        "suspension": None,
        "objection": None,
        "led_until": _ceded_just_now(state, before),
    }


def _stopped(
    state: TaskState, before: Assignment, data: ev.AssignmentStopped, fact: ev.Fact
) -> Update:
    return {
        "state": S.STOPPED,
        "stop": None,
        "suspension": None,
        "led_until": _ceded_just_now(state, before),
    }


def _ceded_just_now(state: TaskState, before: Assignment) -> str | None:
    """The event by which it ceded the lead, if its leaving is the event after that."""
    return before.led_until if before.led_until == state.last_hash else None


# --- clocks and rungs ---


def _suspended(
    state: TaskState, before: Assignment, data: ev.AssignmentSuspended, fact: ev.Fact
) -> Update:
    suspension = Suspension(
        event=fact.hash, since=fact.at, back_to=before.state, review_by=data.review_by
    )
    return {"state": S.SUSPENDED, "suspension": suspension}


def _rung_fired(state: TaskState, before: Assignment, data: ev.RungFired, fact: ev.Fact) -> Update:
    update: Update = {"fired": (*before.fired, data.rung)}
    if before.state in RUNNING["due"]:
        update["climbed"] = Climbed(event=fact.hash, due_at=data.due_at)
    return update


def _period_ended(
    state: TaskState, before: Assignment, data: ev.PeriodEnded, fact: ev.Fact
) -> Update:
    if state.report is None:
        raise ValueError("the task has no periodic reports")
    following = period_after(state.report, state.calendar, data.due_at)
    if data.outcome == "late":
        following = following.model_copy(update={"late": data.period, "late_since": data.due_at})
    return {"reporting": following}


def _report_reminded(
    state: TaskState, before: Assignment, data: ev.ReportReminded, fact: ev.Fact
) -> Update:
    if before.reporting is None:
        raise ValueError("the task has no periodic reports")
    return {"reporting": before.reporting.model_copy(update={"reminded": True})}


def _warned(state: TaskState, before: Assignment, data: ev.WarningSent, fact: ev.Fact) -> Update:
    return {"warning": Warned(event=fact.hash, at=fact.at, explain_by=data.explain_by)}


def _warning_answered(
    state: TaskState, before: Assignment, data: ev.WarningAnswered, fact: ev.Fact
) -> Update:
    answered = None
    if before.warning is not None:
        answered = before.warning.model_copy(update={"answered": True})
    return {"warning": answered}


def _filed(state: TaskState, before: Assignment, data: ev.FiledOnBehalf, fact: ev.Fact) -> Update:
    """Earlier filings stay as long as the unit may dispute them."""
    filing = Filing(event=fact.hash, at=fact.at, act=data.act, dispute_by=data.dispute_by)
    earlier = (*before.filings, *([] if before.filing is None else [before.filing]))
    open_ = tuple(f for f in earlier if not f.disputed and f.dispute_by >= fact.at)
    return {"filing": filing, "filings": open_[-KEPT_SAID:]}


def _disputed(
    state: TaskState, before: Assignment, data: ev.FilingDisputed, fact: ev.Fact
) -> Update:
    filing = before.filing
    if filing is not None and filing.event == data.filing:
        return {"filing": filing.model_copy(update={"disputed": True})}
    return {"filings": tuple(f for f in before.filings if f.event != data.filing)}


Change = Callable[[TaskState, Assignment, Any, ev.Fact], Update]


def _set(**update: Any) -> Change:
    return lambda state, before, data, fact: dict(update)


def _heeded(
    state: TaskState, before: Assignment, data: ev.InstructionHeeded, fact: ev.Fact
) -> Update:
    return {"instructions": tuple(i for i in before.instructions if i != data.instruction)}


_CHANGES: Mapping[type[ev.TaskEvent], Change] = {
    ev.AssignmentAcknowledged: lambda state, before, data, fact: {
        "state": S.IN_PROGRESS,
        "acknowledged_at": fact.at,
    },
    ev.ProgressReported: _progressed,
    ev.CompletionSubmitted: _submitted,
    ev.SubmissionRecalled: _recalled,
    ev.CompletionAccepted: lambda state, before, data, fact: {
        "state": S.COMPLETED,
        "completed_at": fact.at,
        "percent": 100,
    },
    ev.CompletionReturned: _returned,
    ev.AssignmentWithdrawn: _withdrawn,
    ev.LeadChanged: _set(role="lead", led_until=None),
    ev.AssignmentReopened: _reopened,
    ev.AssignmentObjected: _request("objection"),
    ev.ObjectionUpheld: _set(),
    ev.ObjectionChanged: _issued_again,
    ev.ObjectionRefused: _issued_again,
    ev.ExtensionRequested: _request("extension"),
    ev.ExtensionGranted: _extended,
    ev.StopRequested: _request("stop"),
    ev.AssignmentStopped: _stopped,
    ev.RequestRefused: _request_done,
    ev.RequestRetracted: _request_done,
    ev.RequestLapsed: _request_done,
    ev.ConcurrenceGiven: _set(),
    ev.DissentFiled: _set(),
    ev.DueChanged: _due_changed,
    ev.AssignmentSuspended: _suspended,
    ev.AssignmentResumed: _resumed,
    ev.LimitsMoved: lambda state, before, data, fact: _new_limits(data, fact),
    ev.RungFired: _rung_fired,
    ev.ReportReminded: _report_reminded,
    ev.PeriodEnded: _period_ended,
    ev.UnitUrged: lambda state, before, data, fact: {"urged_at": fact.at},
    ev.InstructionHeeded: _heeded,
    ev.PhoneCallNoted: _set(),
    ev.WarningSent: _warned,
    ev.WarningAnswered: _warning_answered,
    ev.BulletinIssued: _set(),
    ev.FiledOnBehalf: _filed,
    ev.FilingDisputed: _disputed,
    ev.ReportCorrected: _corrected,
    ev.ActReversed: _reversed,
}
