"""`calendar show | check | build | adopt`: what is shown, what moves, one command per task, repeatable."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from lianxi.cli.calendar.source import Setting, built, continued
from lianxi.domain.calendar import Calendar, check_calendar, local_day
from lianxi.domain.values import parse_instant
from tests.cli.fake_gateway import TOKEN
from tests.cli.life_gateway import LifeGateway, life_gateway
from tests.cli.machines import INIT, ROSTER, House, Machine, Result, found

ISSUE = ("--title", "x", "--lead", "U01", "--support", "U02", "--acknowledge-by", "2wd")


@pytest.fixture
def own_house(tmp_path: Path) -> Iterator[House]:
    """A founded conference of the test's own: its calendar changes."""
    with life_gateway() as served:
        yield found(tmp_path, served)


@pytest.fixture(scope="module")
def read_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A founded conference that is only read."""
    with life_gateway() as served:
        yield found(tmp_path_factory.mktemp("read"), served)


def gateway_of(house: House) -> LifeGateway:
    assert isinstance(house.gateway, LifeGateway)
    return house.gateway


def due_of(house: House, task: str, unit: str = "U01") -> datetime:
    return house.gateway.known.task(task).state.assignments[unit].due


def calendar_of(house: House) -> Calendar:
    calendar = house.gateway.known.conference.state.calendar
    assert calendar is not None
    return calendar


def holiday(house: House, task: str, name: str = "校庆") -> str:
    """An override file that makes the day on which the task is due a holiday."""
    day = local_day(calendar_of(house), due_of(house, task))
    return house.office.file("days.yaml", f"holidays:\n- {{from: {day}, name: {name}}}\n")


def lines_of(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.out.splitlines()]


# --- founding ---


def test_a_conference_is_founded_with_a_calendar_and_the_second_rules(read_house: House) -> None:
    """China's unless said otherwise; as many years as a limit may reach."""
    state = read_house.gateway.known.conference.state
    calendar = calendar_of(read_house)
    assert (state.rules.version, calendar.version, calendar.zone) == (2, 1, "Asia/Shanghai")
    year = datetime.now(UTC).year
    names = {entry.name for entry in calendar.entries if entry.first.year == year}
    assert "春节" in names
    assert {entry.first.year for entry in calendar.entries} == set(range(year, year + 6))
    assert calendar.offsets[0].since.year < year


def newcomer(folder: Path, gateway: LifeGateway) -> Machine:
    """A machine beside the gateway's data directory, with nothing founded."""
    (folder / "data" / "run").mkdir(parents=True)
    other = Machine(folder, gateway.url)
    other.file("data/run/founding.token", TOKEN)
    other.file("roster.csv", ROSTER)
    return other


def test_a_founding_takes_the_conferences_own_days(tmp_path: Path) -> None:
    """Country and overrides; what the file says of office hours holds for dates too."""
    day = date(datetime.now(UTC).year, 5, 20)
    with life_gateway() as served:
        other = newcomer(tmp_path, served)
        other.file("own.yaml", f"closes: 16:30\nholidays:\n- {{from: {day}, name: Gründung}}\n")
        other.run(*INIT, "--country", "DE", "--calendar-overrides", "own.yaml", ok=True)
        state = served.known.conference.state
    assert state.calendar is not None
    entries = {entry.first: entry.name for entry in state.calendar.entries}
    assert (state.office_hours.closes, entries[day]) == ("16:30", "Gründung")
    assert "春节" not in entries.values()


def test_many_units_leave_room_for_fewer_years(tmp_path: Path) -> None:
    """A founding of 256 units fits its envelope; the further years are adopted later."""
    rows = [f"M{number:03d},Unit {number},单位{number}" for number in range(256)]
    with life_gateway() as served:
        other = newcomer(tmp_path, served)
        other.file("roster.csv", "unit,name_en,name_zh\n" + "\n".join(rows) + "\n")
        other.run(*INIT, "--country", "DE", ok=True)
        state = served.known.conference.state
    assert len(state.members) == 256
    assert state.calendar is not None
    assert state.calendar.entries[-1].first.year < datetime.now(UTC).year + 5


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--country", "XX"), "CALENDAR_NOT_MADE"),
        (("--calendar-overrides", "bad.yaml"), "CALENDAR_FILE_INVALID"),
        (("--calendar-overrides", "zone.yaml"), "USAGE"),
    ],
)
def test_a_founding_without_a_calendar_leaves_no_key(
    read_house: House, tmp_path: Path, words: tuple[str, ...], code: str
) -> None:
    """Refused before anything is made."""
    other = newcomer(tmp_path, gateway_of(read_house))
    other.file("bad.yaml", "holidays: 5\n")
    other.file("zone.yaml", "zone: Europe/Berlin\n")
    refused = other.run(*INIT, *words, "-o", "json")
    assert (refused.code, refused.error["code"]) == (2, code)
    assert not (tmp_path / "lianxi").exists()


# --- show ---


def test_a_year_is_shown_by_month_with_marks(read_house: House) -> None:
    year = datetime.now(UTC).year
    shown = read_house.office.run("calendar", "show", str(year), ok=True).out
    assert f"{year}-01" in shown
    assert f"{year}-12" in shown
    assert "1*" in shown  # New Year
    assert "holiday  元旦" in shown
    chinese = read_house.office.run("calendar", "show", str(year), "--lang", "zh", ok=True).out
    assert " 一  二  三  四  五  六  日" in chinese
    assert "调休上班日" in chinese


def test_a_year_as_rows_has_every_day(read_house: House) -> None:
    year = datetime.now(UTC).year
    office = read_house.office
    rows = office.run("calendar", "show", str(year), "-o", "json", ok=True).json["items"]
    assert len(rows) in (365, 366)
    assert rows[0] == {
        "day": f"{year}-01-01",
        "weekday": date(year, 1, 1).isoweekday(),
        "kind": "holiday",
        "name": "元旦",
        "working": False,
        "provisional": date(year, 1, 1) > calendar_of(read_house).known_until,
    }
    few = office.run("calendar", "show", str(year), "-o", "csv", "--fields", "day,kind", ok=True)
    assert few.out.splitlines()[:2] == ["\ufeffday,kind", f"{year}-01-01,holiday"]
    lines = lines_of(office.run("calendar", "show", str(year), "-o", "jsonl", ok=True))
    assert [line["day"] for line in lines] == [row["day"] for row in rows]


def test_a_year_that_is_not_announced_is_provisional(read_house: House) -> None:
    office = read_house.office
    year = calendar_of(read_house).known_until.year + 1
    assert f"{year}-03 ?" in office.run("calendar", "show", str(year), ok=True).out
    rows = office.run("calendar", "show", str(year), "-o", "json", ok=True).json["items"]
    assert all(row["provisional"] for row in rows)


def test_a_file_is_shown_instead(read_house: House) -> None:
    office = read_house.office
    office.file("own.yaml", "holidays:\n- {from: 2030-05-20, name: 校庆}\n")
    shown = office.run("calendar", "show", "2030", "--file", "own.yaml", ok=True).out
    assert "* 2030-05-20" in shown
    assert "2030-05-20" not in office.run("calendar", "show", "2030", ok=True).out


# --- check ---


def test_the_conferences_calendar_is_checked(read_house: House) -> None:
    """How far it is known, what is provisional, that the package says the same."""
    task = read_house.issue(*ISSUE, "--due", "1000wd")
    known = calendar_of(read_house).known_until
    checked = read_house.office.run("calendar", "check", "-o", "json", ok=True).json
    assert checked["known_until"] == known.isoformat()
    assert checked["provisional_years"][0] == known.year + 1
    assert checked["differences"] == []
    assert {"task": task, "unit": "U01"} in [
        {key: row[key] for key in ("task", "unit")} for row in checked["provisional_deadlines"]
    ]
    text = read_house.office.run("calendar", "check", "--lang", "zh", ok=True).out
    assert "暂定" in text


def test_a_file_is_checked_against_the_package(read_house: House) -> None:
    """A day off that the package works is named; the file can be taken all the same."""
    year = datetime.now(UTC).year
    office = read_house.office
    office.file(
        "own.yaml", f"known_until: {year}-12-31\nholidays:\n- {{from: {year}-07-01, name: 校庆}}\n"
    )
    checked = office.run("calendar", "check", "own.yaml", "-o", "json", ok=True).json
    own = [row for row in checked["differences"] if row["name"] == "校庆"]
    weekend = date(year, 7, 1).isoweekday() > 5
    assert len(own) == (0 if weekend else 1)


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        (
            "holidays:\n- {from: 2026-12-01, name: a}\nworkdays:\n- {from: 2026-12-01, name: b}\n",
            "CALENDAR_CONTRADICTION",
            (4, 3),
        ),
        (
            "holidays:\n- {from: 2026-12-01, to: 2026-12-03, name: a}\n- {from: 2026-12-02, name: b}\n",
            "CALENDAR_OVERLAP",
            (3, 3),
        ),
        ("opens: 25:00\n", "CALENDAR_FILE_INVALID", (1, 8)),
        ("holydays: []\n", "CALENDAR_FILE_INVALID", (1, 11)),
    ],
)
def test_a_bad_file_has_its_own_refusal_with_a_place(
    read_house: House, text: str, code: str, place: tuple[int, int]
) -> None:
    office = read_house.office
    refused = office.run("calendar", "check", office.file("bad.yaml", text), "-o", "json")
    error = refused.error
    assert (refused.code, error["code"]) == (2, code)
    assert (error["params"]["line"], error["params"]["column"]) == place
    assert error["params"]["path"] == "bad.yaml"
    assert error["hint"]
    chinese = office.run("calendar", "check", "bad.yaml", "--lang", "zh").err
    assert f"第 {place[0]} 行第 {place[1]} 列" in chinese


def test_a_file_is_checked_without_a_conference(tmp_path: Path) -> None:
    """On a machine that holds no key and reaches no gateway."""
    alone = Machine(tmp_path, "http://127.0.0.1:9")
    alone.file("own.yaml", "zone: Asia/Shanghai\n")
    assert alone.run("calendar", "check", "own.yaml").code == 0


# --- build ---


def test_a_built_file_can_be_read_again(read_house: House) -> None:
    """The JSON of `build` is a calendar that `show`, `check` and `adopt` take."""
    office = read_house.office
    words = ("calendar", "build", "--years", "2026-2027", "--to", "built.json")
    office.run(*words, ok=True)
    document = json.loads((office.home / "built.json").read_text("utf-8"))["calendar"]
    assert Calendar.model_validate(document).zone == "Asia/Shanghai"
    assert "2027-02" in office.run("calendar", "show", "2027", "--file", "built.json", ok=True).out
    again = office.run(*words)
    assert (again.code, "exists already" in again.err) == (1, True)
    document["opens"] = "18:00"
    office.file("late.json", json.dumps(document))
    refused = office.run("calendar", "check", "late.json", "-o", "json")
    assert (refused.code, refused.error["code"]) == (5, "CALENDAR_HOURS")
    assert "late.json" in refused.error["message"]


# --- adopt ---


def test_what_has_been_counted_stays(own_house: House) -> None:
    """A file of later years takes nothing from this year: last year's holidays are not forgotten."""
    task = own_house.issue(*ISSUE, "--due", "10wd")
    holiday(own_house, task)
    own_house.office.run("calendar", "adopt", "days.yaml", "--yes", ok=True)
    before, calendar = due_of(own_house, task), calendar_of(own_house)
    year = datetime.now(UTC).year
    words = ("--years", f"{year + 1}-{year + 3}", "--to", "later.json")
    own_house.office.run("calendar", "build", *words, ok=True)
    shown = own_house.office.run(
        "calendar", "adopt", "later.json", "--dry-run", "-o", "json", ok=True
    )
    assert [move for move in shown.json["moves"] if move["before"] != move["after"]] == []
    own_house.office.run("calendar", "adopt", "later.json", "--yes", ok=True)
    assert due_of(own_house, task) == before
    now = [entry for entry in calendar_of(own_house).entries if entry.first.year == year]
    assert now == [entry for entry in calendar.entries if entry.first.year == year]


def test_offsets_of_earlier_years_stay_too() -> None:
    """In a zone with daylight saving time; the same offset does not stand twice in a row."""
    setting = Setting("Europe/Berlin")
    early = built("DE", setting, years=range(2026, 2028))
    late = continued(early, built("DE", setting, years=range(2029, 2031), version=2))
    check_calendar(late)
    assert late.offsets[0] == early.offsets[0]
    assert {entry.first.year for entry in late.entries} == {2026, 2027, 2029, 2030}
    assert all(one.seconds != other.seconds for one, other in pairwise(late.offsets))
    old = continued(early, built("DE", setting, years=range(2033, 2034)))
    assert min(entry.first.year for entry in old.entries) == 2027


def test_a_dry_run_shows_every_deadline_that_moves_and_sends_nothing(own_house: House) -> None:
    task = own_house.issue(*ISSUE, "--due", "10wd")
    before, commands = due_of(own_house, task), len(own_house.gateway.envelopes)
    path = holiday(own_house, task)
    shown = own_house.office.run("calendar", "adopt", path, "--dry-run", "-o", "json", ok=True).json
    moves = [move for move in shown["moves"] if move["limit"] == "due"]
    assert {(move["task"], move["unit"]) for move in moves} == {(task, "U01"), (task, "U02")}
    assert all(
        parse_instant(move["before"]) == before < parse_instant(move["after"]) for move in moves
    )
    assert (shown["version"], shown["open_tasks"], len(shown["days"])) == (2, 1, 1)
    sent = own_house.gateway.requests[-8:]
    assert ("POST", "/v1/joint/commands") not in sent[-3:]
    assert len(own_house.gateway.envelopes) == commands + 1  # the preview's question
    table = own_house.office.run("calendar", "adopt", path, "--dry-run", ok=True)
    assert task in table.out
    assert "U01 (1), U02 (1)" in table.out


def test_conference_and_every_open_task_adopt_it(own_house: House) -> None:
    """Moved or not; a closed one does not; a repeat finds everything done."""
    moved, other = (
        own_house.issue(*ISSUE, "--due", "10wd"),
        own_house.issue(*ISSUE, "--due", "300d"),
    )
    closed = own_house.issue(*ISSUE, "--due", "20wd")
    own_house.office.run("task", "cancel", closed, "--reason", "x", "--yes", ok=True)
    before, path = due_of(own_house, moved), holiday(own_house, moved)
    asked = own_house.office.run("calendar", "adopt", path)
    assert (asked.code, "--yes" in asked.err) == (2, True)
    done = own_house.office.run("calendar", "adopt", path, "--yes", ok=True)
    assert "U02 (1)" in done.err
    known = own_house.gateway.known
    assert calendar_of(own_house).version == 2
    assert due_of(own_house, moved) > before
    versions = {task: known.task(task).state.calendar.version for task in (moved, other, closed)}
    assert versions == {moved: 2, other: 2, closed: 1}
    event = [e for e in known.events(stream="conference") if e["kind"] == "CalendarAdopted"]
    assert event[0]["data"]["units"] == ["U01", "U02"]
    sent = len(own_house.gateway.envelopes)
    again = own_house.office.run("calendar", "adopt", path, "--yes", ok=True)
    assert "already" in again.err
    assert len(own_house.gateway.envelopes) == sent + 1  # the preview's question
    assert calendar_of(own_house).version == 2
    named = own_house.office.run("calendar", "adopt", "--task", other, "--yes", ok=True)
    assert (other in named.out, "already" in named.out) == (True, True)


def test_where_a_task_fails_the_others_stand_and_a_repeat_goes_on(own_house: House) -> None:
    """Exit code 7 with the task's name; the second run sends it to all that have it not yet."""
    first, second = (own_house.issue(*ISSUE, "--due", "10wd") for _ in range(2))
    path = holiday(own_house, first)
    gateway_of(own_house).broken.add(f"task/{second}")
    partly = own_house.office.run("calendar", "adopt", path, "--yes", "-o", "json")
    assert partly.code == 7
    (failed,) = partly.error["params"]["failed"]
    assert failed["task"] == second
    known = own_house.gateway.known
    assert known.task(first).state.calendar.version == 2
    assert known.task(second).state.calendar.version == 1
    gateway_of(own_house).broken.clear()
    sent = len(own_house.gateway.envelopes)
    own_house.office.run("calendar", "adopt", path, "--yes", ok=True)
    assert known.task(second).state.calendar.version == 2
    assert len(own_house.gateway.envelopes) == sent + 2  # the preview's question, one task


def test_what_the_conference_refuses_no_task_gets(own_house: House) -> None:
    """The conference comes first."""
    task = own_house.issue(*ISSUE, "--due", "10wd")
    gateway_of(own_house).broken.add("conference")
    path = holiday(own_house, task)
    assert own_house.office.run("calendar", "adopt", path, "--yes").code == 6
    assert own_house.gateway.known.task(task).state.calendar.version == 1


def test_one_task_takes_the_conferences_calendar(own_house: House) -> None:
    """The command that a repeat of one prints."""
    first, second = (own_house.issue(*ISSUE, "--due", "10wd") for _ in range(2))
    path = holiday(own_house, first)
    gateway_of(own_house).broken |= {f"task/{first}", f"task/{second}"}
    own_house.office.run("calendar", "adopt", path, "--yes")
    gateway_of(own_house).broken.clear()
    own_house.office.run("calendar", "adopt", "--task", second, "--yes", ok=True)
    known = own_house.gateway.known
    assert known.task(first).state.calendar.version == 1
    assert known.task(second).state.calendar.version == 2


def test_an_adoption_without_an_answer_is_repeated_as_printed(own_house: House) -> None:
    """PENDING names the same command with its request id; it sends the same bytes."""
    task = own_house.issue(*ISSUE, "--due", "10wd")
    path = holiday(own_house, task)
    gateway_of(own_house).lost.add("conference")
    pending = own_house.office.run("calendar", "adopt", path, "--yes", "-o", "json")
    assert pending.code == 8
    (failed,) = pending.error["params"]["failed"]
    gateway_of(own_house).lost.clear()
    repeat = failed["params"]["repeat"].split()[1:]
    assert repeat[:3] == ["calendar", "adopt", path]
    own_house.office.run(*repeat, ok=True)
    assert calendar_of(own_house).version == 2
    assert own_house.gateway.known.task(task).state.calendar.version == 2


def test_a_unit_may_not_adopt(own_house: House) -> None:
    own_house.issue(*ISSUE, "--due", "10wd")
    unit = own_house.units["U01"]
    unit.file("days.yaml", "holidays:\n- {from: 2030-05-20, name: x}\n")
    assert unit.run("calendar", "adopt", "days.yaml", "--yes").code == 4


def test_the_example_of_the_help_is_a_file_that_is_taken(own_house: House) -> None:
    """`calendar adopt --help` shows every part of an override file."""
    office = own_house.office
    shown = office.run("calendar", "adopt", "--help", ok=True).out
    text = shown.partition("days.yaml:\n")[2].partition("\n\n")[0]
    office.file("days.yaml", text + "\n")
    checked = office.run("calendar", "check", "days.yaml")
    assert checked.code == 0, checked.err
