"""Every path of a supervised task is walked in the year, each where the script says it is."""

from typing import Any, TypeVar

from lianxi.domain.rules import DEFAULT_RULES
from lianxi.domain.task import events as ev
from tests.year.conftest import Played

EventT = TypeVar("EventT", bound=ev.TaskEvent)


def only(facts: list[ev.Fact], kind: type[EventT], **fields: Any) -> list[EventT]:
    """The events of a kind with these fields, in order."""
    return [
        fact.data
        for fact in facts
        if isinstance(fact.data, kind)
        and all(getattr(fact.data, name) == value for name, value in fields.items())
    ]


def position(facts: list[ev.Fact], kind: type[ev.TaskEvent], **fields: Any) -> int:
    """Where the first such event stands."""
    return facts.index(
        next(
            fact
            for fact in facts
            if isinstance(fact.data, kind)
            and all(getattr(fact.data, name) == value for name, value in fields.items())
        )
    )


def test_acknowledged_in_words_and_tacitly(year: Played) -> None:
    """U04 acknowledges; a report of U28 says it too."""
    facts = year.facts("service-day")
    assert only(facts, ev.AssignmentAcknowledged, unit="U04")[0].implied_by is None
    assert only(facts, ev.AssignmentAcknowledged, unit="U28")[0].implied_by == "progress"


def test_concurrence_dissent_silence_and_acceptance_over_them(year: Played) -> None:
    """One of each about one submission, which is accepted with a reason."""
    facts = year.facts("service-day")
    assert [e.unit for e in only(facts, ev.ConcurrenceGiven)] == ["U16"]
    assert [e.unit for e in only(facts, ev.DissentFiled)] == ["U27"]
    assert [e.units for e in only(facts, ev.ConcurrenceSilent)] == [("U28",)]
    assert only(facts, ev.CompletionAccepted, unit="U04")[0].reason is not None


def test_a_recalled_submission_is_asked_about_anew(year: Played) -> None:
    """What was said of the first one is void."""
    facts = year.facts("law-talks")
    assert len(only(facts, ev.ConcurrenceAsked)) == 2
    assert len(only(facts, ev.SubmissionRecalled)) == 1


def test_the_three_outcomes_of_an_objection_and_a_new_lead(year: Played) -> None:
    """Upheld, changed, refused, the last one late; a lead upheld leaves to another."""
    facts = year.facts("dikes")
    assert [e.unit for e in only(facts, ev.ObjectionUpheld)] == ["U12"]
    assert [e.unit for e in only(facts, ev.ObjectionChanged)] == ["U08"]
    assert [e.unit for e in only(facts, ev.ObjectionRefused)] == ["U17"]
    assert only(facts, ev.OfficeReminded, rung="objection-late", unit="U17")
    facts = year.facts("river-cleanup")
    assert [e.unit for e in only(facts, ev.LeadChanged)] == ["U12", "U13"]
    through = [(e.unit, e.through) for e in only(facts, ev.AssignmentWithdrawn)]
    assert through == [("U09", "objection"), ("U10", "withdraw"), ("U12", "withdraw")]
    assert [e.unit for e in only(facts, ev.AssignmentAdded)] == ["U22"]


def test_extensions_as_asked_to_another_date_and_refused(year: Played) -> None:
    """Three units ask for the same."""
    facts = year.facts("bus-lanes")
    asked = {e.unit: e.until for e in only(facts, ev.ExtensionRequested)}
    granted = {e.unit: e.due for e in only(facts, ev.ExtensionGranted)}
    assert granted["U11"] == asked["U11"]
    assert granted["U10"] < asked["U10"]
    assert [e.unit for e in only(facts, ev.RequestRefused, request="extension")] == ["U14"]


def test_a_request_in_time_holds_the_red_rung(year: Played) -> None:
    """Undecided at due nobody is late; refused, the red rung is due from the original due on."""
    facts = year.facts("school-meals")
    assert [e.unit for e in only(facts, ev.RequestRetracted)] == ["U01"]
    assert [e.unit for e in only(facts, ev.RequestLapsed)] == ["U16"]
    refused = position(facts, ev.RequestRefused, unit="U19")
    red = position(facts, ev.RungFired, unit="U19", rung="overdue")
    assert red == refused + 1
    terms = only(facts, ev.TaskIssued)[0].assignments
    assert only(facts, ev.RungFired, rung="overdue")[0].due_at == terms[0].due
    assert facts[refused].at > terms[0].due


def test_stops_granted_refused_and_retracted(year: Played) -> None:
    """One unit each."""
    facts = year.facts("hospital-beds")
    assert [e.unit for e in only(facts, ev.AssignmentStopped)] == ["U06"]
    assert [e.unit for e in only(facts, ev.RequestRefused, request="stop")] == ["U16"]
    assert [e.unit for e in only(facts, ev.RequestRetracted, request="stop")] == ["U03"]


def test_a_suspension_passes_over_a_rung(year: Played) -> None:
    """Due while the clock stood, the yellow rung fires only after it; the office was reminded."""
    facts = year.facts("village-roads")
    begun, over = position(facts, ev.AssignmentSuspended), position(facts, ev.AssignmentResumed)
    near = [f for f in facts if getattr(f.data, "rung", "") == "near-due"]
    units = [f.data.unit for f in near if facts[begun].at < f.at < facts[over].at]  # type: ignore[attr-defined]
    assert "U13" not in units
    assert only(facts, ev.OfficeReminded, rung="suspension-review")
    resumed, issued = only(facts, ev.AssignmentResumed)[0], only(facts, ev.TaskIssued)[0]
    assert resumed.due > issued.assignments[1].due
    assert only(year.facts("housing-repair"), ev.AssignmentResumed)[0].due_rule is not None


def test_a_warning_goes_by_office_and_convener_and_is_answered(year: Played) -> None:
    """And one that is not answered in time climbs to a bulletin, and on until nothing is left."""
    facts = year.facts("fire-checks")
    order = [
        position(facts, ev.RungFired, unit="U15", rung="overdue-3"),
        position(facts, ev.ProposalEndorsed),
        position(facts, ev.ProposalApproved),
        position(facts, ev.WarningSent, unit="U15"),
        position(facts, ev.WarningAnswered, unit="U15"),
    ]
    assert order == sorted(order)
    assert [e.unit for e in only(facts, ev.BulletinIssued)] == ["U10"]
    assert only(facts, ev.OfficeReminded, rung="explanation-late", unit="U10")
    assert only(facts, ev.OfficeReminded, rung="exhausted", unit="U10")


def test_a_warning_that_waits_is_overtaken_by_the_submission(year: Played) -> None:
    """The unit is late enough to be warned, and submits before the office looks at the proposal."""
    facts = year.facts("tree-planting")
    order = [
        position(facts, ev.RungFired, unit="U27", rung="overdue-3"),
        position(facts, ev.CompletionSubmitted, unit="U27"),
        position(facts, ev.ProposalOvertaken),
    ]
    assert order == sorted(order)
    assert not only(facts, ev.ProposalEndorsed)
    assert not only(facts, ev.WarningSent)


def test_warnings_rejected_by_the_office_and_by_the_convener(year: Played) -> None:
    """Neither is sent."""
    facts = year.facts("market-scales")
    assert len(only(facts, ev.ProposalRejected)) == 2
    assert len(only(facts, ev.ProposalEndorsed)) == 1
    assert not only(facts, ev.WarningSent)


def test_a_task_that_nobody_touches_climbs_the_whole_ladder(year: Played) -> None:
    """Its proposals expire, the office is reminded again and again, it is closed as it stands."""
    facts = year.facts("census-data")
    rungs = [rung.name for rung in DEFAULT_RULES.ladder.rungs]
    assert [e.rung for e in only(facts, ev.RungFired)] == rungs
    assert len(only(facts, ev.ProposalExpired)) == 2
    assert [e.times for e in only(facts, ev.OfficeReminded, rung="exhausted")] == [1, 2, 3, 4, 5, 6]
    assert only(facts, ev.TaskClosed)[0].verdict == "not-implemented"


def test_reports_filed_late_missed_and_not_due(year: Played) -> None:
    """Of monthly reports one comes late and one never; of weekly ones none while suspended."""
    facts = year.facts("job-fairs")
    january = {e.unit: e.outcome for e in only(facts, ev.PeriodEnded, period="2027-01")}
    assert january == {"U07": "filed", "U03": "late", "U06": "late", "U14": "filed"}
    assert only(facts, ev.ProgressReported, unit="U03")[0].period == "2027-01"
    assert only(facts, ev.PeriodEnded, unit="U06", missed="2027-01")
    assert only(facts, ev.ReportReminded, unit="U03")
    weekly = year.facts("flu-watch")
    assert only(weekly, ev.PeriodEnded, unit="U16", outcome="not-due")
    assert only(weekly, ev.PeriodEnded, unit="U23", outcome="filed")


def test_reopened_while_active_and_after_the_end(year: Played) -> None:
    """The second under the rules of that day."""
    assert not only(year.facts("energy-audit"), ev.TaskReopened)
    assert [e.cycle for e in only(year.facts("energy-audit"), ev.AssignmentReopened)] == [2]
    facts = year.facts("reading-rooms")
    assert only(facts, ev.TaskReopened)[0].rules is not None
    assert len(only(facts, ev.TaskClosed)) == 2


def test_mistakes_are_taken_back(year: Played) -> None:
    """Of an acceptance, and of a task's end."""
    facts = year.facts("postal-boxes")
    assert position(facts, ev.CompletionAccepted, unit="U24") < position(facts, ev.ActReversed)
    assert position(facts, ev.ActReversed) < position(facts, ev.CompletionReturned)
    facts = year.facts("museum-nights")
    assert position(facts, ev.TaskClosed) < position(facts, ev.EndReversed)


def test_filed_on_behalf_and_disputed(year: Played) -> None:
    """By phone, disputed; on paper, not."""
    facts = year.facts("forest-watch")
    assert [(e.unit, e.via) for e in only(facts, ev.FiledOnBehalf)] == [
        ("U22", "phone"),
        ("U13", "paper"),
    ]
    assert [e.unit for e in only(facts, ev.FilingDisputed)] == ["U22"]


def test_a_unit_is_succeeded_on_every_open_task(year: Played) -> None:
    """Where the successor had a part too, its own remains; where not, the part moves as it is."""
    (duties,) = only(year.facts("yearly-duties"), ev.AssignmentTransferred)
    assert (duties.unit, duties.into, duties.kept) == ("U24", "U25", "U25")
    (parcels,) = only(year.facts("parcel-stations"), ev.AssignmentTransferred)
    assert (parcels.unit, parcels.into, parcels.kept) == ("U24", "U25", "U24")


def test_another_calendar_moves_what_lies_behind_the_autumn_holidays(year: Played) -> None:
    """Of a task counted in working days; the one counted in calendar days stays where it was."""
    assert len(only(year.facts("teachers-day"), ev.LimitsMoved, why="calendar")) == 3
    duties = year.facts("yearly-duties")
    assert only(duties, ev.CalendarAdopted)
    assert not only(duties, ev.LimitsMoved)


def test_a_gap_of_service_is_noted_and_excluded(year: Played) -> None:
    """The rung waits, the deadlines move by the time that was missed."""
    facts = year.facts("night-desk")
    assert position(facts, ev.ServiceGapNoted) < position(facts, ev.GapExcluded)
    assert len(only(facts, ev.LimitsMoved, why="gap")) == 2


def test_instructed_heeded_moved_and_urged(year: Played) -> None:
    """An instruction to all, heeded by two of three; a due that the office moves; urging by hand."""
    facts = year.facts("science-week")
    given = only(facts, ev.InstructionGiven)
    assert [(len(e.units), e.acknowledge) for e in given] == [(3, True), (1, False)]
    assert [e.unit for e in only(facts, ev.InstructionHeeded)] == ["U02", "U01"]
    assert [e.unit for e in only(facts, ev.DueChanged)] == ["U02", "U20"]
    assert [e.unit for e in only(facts, ev.UnitUrged)] == ["U20"]
    assert [e.unit for e in only(year.facts("wetlands"), ev.UnitUrged)] == ["U22", "U09"]


def test_a_task_proposed_approved_cancelled_archived(year: Played) -> None:
    """Issues of the office wait for the convener after July; cancelling always did."""
    registered = [
        e.data for e, _ in year.ground.recorded["conference"] if e.kind == "TaskRegistered"
    ]
    assert [data["ref"] for data in registered if "proposal" in data] == ["ice-rink-year"]
    drill = year.facts("weather-drill")
    order = [
        position(drill, kind)
        for kind in (ev.ActProposed, ev.ProposalApproved, ev.TaskCancelled, ev.TaskArchived)
    ]
    assert order == sorted(order)


def test_of_three_reports_a_text_and_a_file_are_destroyed(year: Played) -> None:
    """By the convener at once, by the office only as approved; one rejected, then left to expire."""
    facts, told = year.facts("school-meals"), year.ground.recorded["conference"]
    filed = {e.unit: e for e in only(facts, ev.CompletionSubmitted)}
    text, file = filed["U16"].report.commit, filed["U01"].evidence[0].file.commit
    kept = filed["U19"].report.commit
    story = [(e.kind, e.data.get("commit")) for e, _ in told if "Redact" in e.kind]
    assert story == [
        ("OpeningRedacted", text),
        ("RedactionProposed", file),
        ("OpeningRedacted", file),
        ("RedactionProposed", kept),
        ("RedactionRejected", None),
        ("RedactionProposed", kept),
        ("RedactionExpired", None),
    ]
    assert {e.data["task"] for e, _ in told if e.kind == "OpeningRedacted"} == {
        year.player.stories["school-meals"].task
    }
