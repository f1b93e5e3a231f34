"""How a unit's word on its own assignment is decided (domain layer)."""

from lianxi.domain.ladder import AssignmentState
from lianxi.domain.task import commands as cmd
from lianxi.domain.task import events as ev
from lianxi.domain.task import refusals as no
from lianxi.domain.task.deciding.case import (
    Case,
    Events,
    check_fresh,
    lapses,
)
from lianxi.domain.task.state import Assignment, Concurrence, TaskPhase
from lianxi.domain.values import Sha256Hex, format_instant

S = AssignmentState


def acknowledge(case: Case, own: Assignment, command: cmd.AcknowledgeTask) -> Events:
    """From issued or returned."""
    return (ev.AssignmentAcknowledged(unit=own.unit),)


def progress(case: Case, own: Assignment, command: cmd.ReportProgress) -> Events:
    """While in progress; from issued or returned it acknowledges tacitly. Files a period's report."""
    report = ev.ProgressReported(
        unit=own.unit,
        percent=command.percent,
        text=command.text,
        period=_period(own, command.period),
    )
    if _tacit(own):
        return (ev.AssignmentAcknowledged(unit=own.unit, implied_by="progress"), report)
    return (report,)


def _period(own: Assignment, named: str | None) -> str | None:
    """Which period's report it is: the one named, else the oldest one still to be filed."""
    reporting = own.reporting
    still: list[str] = []
    if reporting is not None:
        still = [reporting.late] if reporting.late is not None else []
        still += [] if reporting.filed else [reporting.period]
    if named is None:
        return still[0] if still else None
    if named not in still:
        raise no.PeriodClosedError(period=named, open=", ".join(still) or "none")
    return named


def submit(case: Case, own: Assignment, command: cmd.SubmitCompletion) -> Events:
    """While in progress, tacitly acknowledging before; opens the convener's decision.

    Undecided extension and stop requests lapse. A lead's submission asks the supporting units
    where the task wants their concurrence.
    """
    submitted = ev.CompletionSubmitted(
        unit=own.unit,
        cycle=own.cycle,
        report=command.report,
        report_media=command.report_media,
        evidence=command.evidence,
    )
    events: Events = (submitted, *lapses(own), *_ask_concurrence(case, own))
    if _tacit(own):
        return (ev.AssignmentAcknowledged(unit=own.unit, implied_by="submit"), *events)
    return events


def _ask_concurrence(case: Case, own: Assignment) -> Events:
    if not case.state.asks_concurrence or own.role != "lead":
        return ()
    not_asked = {S.ISSUED, S.OBJECTED, S.SUSPENDED, S.WITHDRAWN, S.STOPPED}
    asked = tuple(
        a.unit
        for a in case.state.assignments.values()
        if a.role == "support" and a.state not in not_asked
    )
    if not asked:
        return ()
    answer_by = case.by_working_days(case.spans.concurrence_days)
    return (ev.ConcurrenceAsked(units=asked, answer_by=answer_by),)


def recall(case: Case, own: Assignment, command: cmd.RecallSubmission) -> Events:
    """While submitted, before the decision."""
    if own.submission is None:
        raise TypeError("a submitted assignment has a submission")
    return (
        ev.SubmissionRecalled(
            unit=own.unit, submission=own.submission.event, reason=command.reason
        ),
    )


def concur(case: Case, own: Assignment, command: cmd.Concur) -> Events:
    """A unit that was asked, about the submission in force, while it is not decided."""
    _asked(case, own, command.submission, agrees=True)
    return (ev.ConcurrenceGiven(unit=own.unit, submission=command.submission),)


def dissent(case: Case, own: Assignment, command: cmd.Dissent) -> Events:
    """As `concur`; attached to the submission, never a bar."""
    _asked(case, own, command.submission, agrees=False)
    return (ev.DissentFiled(unit=own.unit, submission=command.submission, reason=command.reason),)


def _asked(case: Case, own: Assignment, submission: Sha256Hex, *, agrees: bool) -> Concurrence:
    concurrence = case.state.concurrence
    if concurrence is None or concurrence.submission != submission or concurrence.decided:
        raise no.UnknownSubjectError(subject=submission)
    if own.unit not in concurrence.asked:
        raise no.UnknownSubjectError(subject=submission)
    answered = (own.unit in concurrence.given, own.unit in concurrence.dissented)
    if any(answered):
        if answered[not agrees]:
            raise no.AlreadySoError(unit=own.unit, state="answered")
        raise no.AnsweredOtherwiseError(unit=own.unit)
    if own.unit in concurrence.silent or concurrence.answer_by < case.now:
        raise no.PastLimitError(limit=format_instant(concurrence.answer_by))
    return concurrence


def answer(case: Case, own: Assignment, command: cmd.AnswerWarning) -> Events:
    """The warning sent last, once; late too."""
    if own.warning is None or own.warning.event != command.warning:
        raise no.UnknownSubjectError(subject=command.warning)
    if own.warning.answered:
        raise no.AlreadySoError(unit=own.unit, state="answered")
    return (ev.WarningAnswered(unit=own.unit, warning=command.warning, text=command.text),)


def heed(case: Case, own: Assignment, command: cmd.HeedInstruction) -> Events:
    """An instruction that asked for it."""
    if command.instruction not in own.instructions:
        known = any(
            own.unit in i.units and i.event == command.instruction for i in case.state.instructions
        )
        if known:
            raise no.AlreadySoError(unit=own.unit, state="acknowledged")
        raise no.UnknownSubjectError(subject=command.instruction)
    return (ev.InstructionHeeded(unit=own.unit, instruction=command.instruction),)


def dispute(case: Case, own: Assignment, command: cmd.DisputeFiling) -> Events:
    """What the office filed on the unit's behalf, within the time for it; also after the end."""
    if case.state.phase is TaskPhase.ARCHIVED:
        raise no.TaskEndedError(task=case.state.task, state=case.state.phase)
    latest = () if own.filing is None else (own.filing,)
    filing = next((f for f in (*latest, *own.filings) if f.event == command.filing), None)
    if filing is None:
        raise no.UnknownSubjectError(subject=command.filing)
    if filing.disputed:
        raise no.AlreadySoError(unit=own.unit, state="disputed")
    if case.now > filing.dispute_by:
        raise no.PastLimitError(limit=format_instant(filing.dispute_by))
    return (ev.FilingDisputed(unit=own.unit, filing=command.filing, reason=command.reason),)


def correct(case: Case, own: Assignment, command: cmd.CorrectReport) -> Events:
    """One of the unit's own latest reports, or its submission; refused when stale."""
    check_fresh(own, case.expect)
    if command.event not in own.said:
        raise no.UnknownSubjectError(subject=command.event)
    return (
        ev.ReportCorrected(
            unit=own.unit, corrects=command.event, percent=command.percent, text=command.text
        ),
    )


def _tacit(own: Assignment) -> bool:
    return own.state in (S.ISSUED, S.RETURNED)
