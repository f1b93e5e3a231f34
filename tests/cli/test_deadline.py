"""`deadline explain`: every day counted or skipped and why; the last line is the deadline."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from lianxi.domain.calendar import local_day
from lianxi.domain.values import format_instant
from tests.cli.life_gateway import life_gateway
from tests.cli.machines import House, found

ISSUE = ("--title", "x", "--lead", "U01", "--support", "U02", "--acknowledge-by", "2wd")


@pytest.fixture(scope="module")
def deadline_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with life_gateway() as served:
        yield found(tmp_path_factory.mktemp("deadline"), served)


def due_of(house: House, task: str) -> str:
    return format_instant(house.gateway.known.task(task).state.assignments["U01"].due)


def test_every_day_up_to_the_deadline_is_told(deadline_house: House) -> None:
    """As JSON: one step for the issue, its days numbered, the last one the deadline's."""
    task = deadline_house.issue(*ISSUE, "--due", "15wd")
    words = ("deadline", "explain", task, "--unit", "U01")
    told = deadline_house.office.run(*words, "-o", "json", ok=True).json
    assert (told["schema"], told["instant"]) == (1, due_of(deadline_house, task))
    (step,) = told["steps"]
    assert [day["number"] for day in step["days"] if day["counted"]] == list(range(1, 16))
    assert step["days"][0]["number"] == 0
    shown = deadline_house.office.run(*words, "--time-format", "iso", ok=True).out.splitlines()
    assert shown[-1] == f"due: {due_of(deadline_house, task)}"
    assert sum("counted" in line for line in shown) == 16  # day 0 is told as not counted
    assert any("weekend" in line and "skipped" in line for line in shown)
    rows = deadline_house.office.run(*words, "-o", "csv", ok=True).out.splitlines()
    assert len(rows) == 1 + len(step["days"])


def test_the_acknowledge_limit_is_told_too(deadline_house: House) -> None:
    task = deadline_house.issue(*ISSUE, "--due", "15wd")
    state = deadline_house.gateway.known.task(task).state
    words = ("deadline", "explain", task, "--unit", "U01", "--acknowledge", "-o", "json")
    told = deadline_house.office.run(*words, ok=True).json
    assert told["instant"] == format_instant(state.assignments["U01"].acknowledge_by)


def test_a_holiday_is_named_and_a_move_told(deadline_house: House) -> None:
    """After another calendar: by which, from when to when, in both languages."""
    task = deadline_house.issue(*ISSUE, "--due", "10wd")
    state = deadline_house.gateway.known.task(task).state
    before, day = (
        due_of(deadline_house, task),
        local_day(state.calendar, state.assignments["U01"].due),
    )
    office = deadline_house.office
    office.file("days.yaml", f"holidays:\n- {{from: {day}, name: 校庆}}\n")
    office.run("calendar", "adopt", "days.yaml", "--yes", ok=True)
    after = due_of(deadline_house, task)
    assert after > before
    words = ("deadline", "explain", task, "--unit", "U01", "--time-format", "iso")
    shown = office.run(*words, ok=True).out
    assert "holiday 校庆" in shown
    assert f"from {before} to {after}" in shown
    assert shown.splitlines()[-1] == f"due: {after}"
    chinese = office.run(*words, "--lang", "zh", ok=True).out
    assert "假日 校庆" in chinese
    assert "跳过" in chinese


def test_a_deadline_past_the_calendar_is_called_provisional(deadline_house: House) -> None:
    task = deadline_house.issue(*ISSUE, "--due", "1000wd")
    shown = deadline_house.office.run("deadline", "explain", task, "--unit", "U01", ok=True).out
    assert "provisional" in shown.splitlines()[-1]


def test_a_unit_is_told_its_own_and_the_office_names_one(deadline_house: House) -> None:
    """Without --unit: one's own part, or that of the only unit."""
    task = deadline_house.issue(*ISSUE, "--due", "20d")
    own = deadline_house.units["U02"].run("deadline", "explain", task, "-o", "json", ok=True).json
    assert own["unit"] == "U02"
    refused = deadline_house.office.run("deadline", "explain", task)
    assert (refused.code, "U01, U02" in refused.err) == (2, True)
    alone = deadline_house.issue("--title", "x", "--lead", "U03", "--due", "36h")
    told = deadline_house.office.run("deadline", "explain", alone, ok=True).out
    assert "task issued  36h" in told


def test_pauses_belong_to_the_story(deadline_house: House) -> None:
    """A suspension and its end: the due moves by the days suspended."""
    task = deadline_house.issue(*ISSUE, "--due", "15wd")
    words = ("--unit", "U01", "--yes")
    office, known = deadline_house.office, deadline_house.gateway.known
    suspend = ("--reason", "flood", "--review-by", "5wd")
    office.run("task", "suspend", task, *suspend, *words, ok=True)
    state = known.task(task).state
    known.pass_time(task, state.assignments["U01"].suspension.review_by + timedelta(minutes=1))  # type: ignore[union-attr]
    office.run("task", "resume", task, *words, ok=True)
    shown = office.run("deadline", "explain", task, "--unit", "U01", ok=True).out
    assert "suspended; the clock stops" in shown
    assert "resumed; moved by the time suspended" in shown
    assert "moved by +5 working days" in shown
    # only the issue and the move count days: the suspension left the due where it was
    suspended = shown.partition("suspended; the clock stops")[2].partition("resumed;")[0]
    assert "counted" not in suspended
    event = next(e for e in known.events(stream=f"task/{task}") if e["kind"] == "TaskIssued")
    assert f"  {event['hash'][:8]}\n" in shown
    assert event["hash"][:9] not in shown


def test_a_resumption_with_a_new_due_is_called_so(deadline_house: House) -> None:
    """Counted anew, not moved by the time suspended."""
    task = deadline_house.issue(*ISSUE, "--due", "15wd")
    office = deadline_house.office
    suspend = ("--reason", "flood", "--review-by", "5wd", "--unit", "U01")
    office.run("task", "suspend", task, *suspend, ok=True)
    office.run("task", "resume", task, "--unit", "U01", "--due", "30wd", ok=True)
    shown = office.run("deadline", "explain", task, "--unit", "U01", ok=True).out
    assert "resumed with a new due  30wd" in shown
    assert "moved by the time suspended" not in shown
