"""What will fire if nobody acts, and who would have been late under other rules."""

from datetime import date, timedelta

from lianxi.domain.ladder import DEFAULT_LADDER
from lianxi.domain.rules import DEFAULT_RULES
from lianxi.domain.task import commands as cmd
from lianxi.domain.task.foresight import simulate, what_if
from tests.domain.gwt import CALENDAR, REASON, START, Story, at, entry, modern, working


def test_simulation_tells_what_time_then_brings() -> None:
    """What is foreseen fires at that very instant when nobody acts."""
    story = Story().given(modern("U01", "U02", due=working(5)))
    until = at("12-10 09:00")
    foreseen = simulate(story.task, story.now, until)
    fired = story.lives_until("12-10 09:00")
    assert [(f.at, f.kind, f.rung) for f in foreseen] == [
        (when, type(event).__name__, getattr(event, "rung", None)) for when, event in fired
    ]
    assert foreseen[0].to == ("unit",)


def test_simulation_changes_nothing_and_ends() -> None:
    """The state stays; reminders that repeat for ever are cut off at the horizon."""
    story = Story().given(modern("U01", due=working(2)))
    before = story.task
    foreseen = simulate(story.task, story.now, story.now + timedelta(days=20_000))
    assert story.task is before
    assert 100 < len(foreseen) <= 510


def test_an_absence_is_not_foreseen_as_a_gap() -> None:
    """What is overdue at the moment of asking fires at once; the service was not away."""
    story = Story().given(modern("U01", due=working(2)))
    foreseen = simulate(story.task, at("11-20 09:00"), at("11-21 09:00"))
    assert "ServiceGapNoted" not in {f.kind for f in foreseen}
    assert foreseen[0].at == at("11-20 09:00")


def test_a_stricter_ladder_would_have_shown_yellow_earlier() -> None:
    """Five days before due instead of three: yellow for two days longer, red alike."""
    story = Story().given(modern("U01", due=working(10)))
    story.does("U01", cmd.AcknowledgeTask()).lives("11-18 09:00")
    story.does("U01", cmd.SubmitCompletion(report=REASON)).lives("11-19 09:00")
    rungs = tuple(
        rung.model_copy(update={"before_days": 5, "before_office_fraction": None})
        if rung.kind == "yellow"
        else rung
        for rung in DEFAULT_LADDER.rungs
    )
    ladder = DEFAULT_LADDER.model_copy(update={"version": 3, "rungs": rungs})
    rules = DEFAULT_RULES.model_copy(update={"version": 3, "ladder": ladder})
    would = what_if(story.facts, rules, None, START, story.now)
    assert [(w.light, w.since, w.until, w.was) for w in would] == [
        ("yellow", at("11-09 17:00"), at("11-16 17:00"), True),
        ("red", at("11-16 17:00"), at("11-18 09:00"), True),
    ]
    as_it_was = what_if(story.facts, None, None, START, story.now)
    assert as_it_was[0].since == at("11-11 17:00")


def test_another_calendar_would_have_moved_the_limits() -> None:
    """With two days off in the week nobody would have been red; the acts stay where they were."""
    story = Story().given(modern("U01", due=working(5)))
    story.does("U01", cmd.AcknowledgeTask()).lives("11-10 10:00")
    story.does("U01", cmd.SubmitCompletion(report=REASON))
    assert "red" in {w.light for w in what_if(story.facts, None, None, START, story.now)}
    holiday = entry(date(2026, 11, 5), date(2026, 11, 6), "holiday")
    calendar = CALENDAR.model_copy(update={"entries": (holiday, *CALENDAR.entries)})
    would = what_if(story.facts, None, calendar, START, story.now)
    assert {w.light for w in would} == {"yellow"}


def test_only_what_touches_the_time_asked_about_is_told() -> None:
    """Red in November is no news for a question about December."""
    story = Story().given(modern("U01", due=working(2))).lives("11-10 10:00")
    story.does("U01", cmd.SubmitCompletion(report=REASON)).lives("12-20 10:00")
    assert what_if(story.facts, None, None, at("12-01 09:00"), story.now) == ()
    assert what_if(story.facts, None, None, at("11-09 09:00"), story.now)[0].since == at(
        "11-09 09:00"
    )
