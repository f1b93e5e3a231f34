"""`ladder show | check | simulate | replay | adopt`: read, edited, read back, adopted, tried on the past."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from lianxi.domain.rules import DEFAULT_RULES, Rules
from lianxi.rulesfile import read_rules
from tests.cli.life_gateway import life_gateway
from tests.cli.machines import House, found

ISSUE = ("--title", "x", "--lead", "U01", "--support", "U02", "--acknowledge-by", "2wd")


@pytest.fixture(scope="module")
def ladder_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A founded conference; only the last test changes its rules."""
    with life_gateway() as served:
        yield found(tmp_path_factory.mktemp("ladder"), served)


def yaml_of(house: House) -> str:
    return house.office.run("ladder", "show", "--yaml", ok=True).out


def test_every_rung_is_shown_in_order(ladder_house: House) -> None:
    """When, in which states, whom it tells; what lies with the office; limits and spans."""
    shown = ladder_house.office.run("ladder", "show", ok=True).out
    rungs = [rung.name for rung in DEFAULT_RULES.ladder.rungs]
    rungs += [rung.name for rung in DEFAULT_RULES.ladder.office or ()]
    places = [shown.index(f"\n{name} ") for name in rungs]
    assert places == sorted(places)
    assert "the shortest of 3 working day(s), 1/3 of its office time before due" in shown
    assert "ordinary      2wd          15wd" in shown
    assert "120  nobody is late after a gap" in shown
    assert "waits for the convener: warning, bulletin" in shown
    chinese = ladder_house.office.run("ladder", "show", "--lang", "zh", ok=True).out
    for word in ("通报", "警示", "签收期限", "全体承办单位", "联席会议办公室"):
        assert word in chinese, word


def test_the_rungs_are_rows_for_programs(ladder_house: House) -> None:
    rows = ladder_house.office.run("ladder", "show", "-o", "jsonl", ok=True).out.splitlines()
    assert [json.loads(row)["name"] for row in rows] == [
        rung.name for rung in DEFAULT_RULES.ladder.rungs
    ]
    csv = ladder_house.office.run("ladder", "show", "-o", "csv", "--fields", "name,kind", ok=True)
    assert csv.out.splitlines()[1] == "acknowledge-reminder,reminder"


def test_what_is_shown_can_be_read_back(ladder_house: House) -> None:
    """As a rules file and as JSON; a file is shown as the conference's are."""
    office = ladder_house.office
    assert read_rules(yaml_of(ladder_house)) == DEFAULT_RULES
    document = office.run("ladder", "show", "-o", "json", ok=True)
    assert read_rules(document.out) == Rules.model_validate(document.json["rules"]) == DEFAULT_RULES
    office.file("rules.json", document.raw)
    again = office.run("ladder", "show", "--file", "rules.json", "-o", "json", ok=True)
    assert again.json == document.json


@pytest.mark.parametrize(
    ("old", "new", "code", "exit_code"),
    [
        ("to: [unit]", "to: []", "RUNG_TO_NOBODY", 5),
        ("[issued, returned]", "[submitted]", "RUNG_UNREACHABLE", 5),
        ("after_days: 3\n      states", "after_days: 30\n      states", "RUNG_ORDER", 5),
        ("hold_days: 1", "hold_days: 0", "RULES_FILE_INVALID", 2),
    ],
)
def test_a_bad_file_has_its_own_refusal_with_a_place(
    ladder_house: House, old: str, new: str, code: str, exit_code: int
) -> None:
    """File, line, column, and what to do; nothing is asked of the conference."""
    office = ladder_house.office
    office.file("bad.yaml", yaml_of(ladder_house).replace(old, new, 1))
    refused = office.run("ladder", "check", "bad.yaml", "-o", "json")
    error = refused.error
    assert (refused.code, error["code"]) == (exit_code, code)
    assert error["params"]["path"] == "bad.yaml"
    assert error["params"]["line"] > 1
    assert "bad.yaml" in error["message"]
    assert str(error["params"]["line"]) in error["message"]
    assert error["hint"]
    assert office.run("ladder", "adopt", "bad.yaml", "--yes").code == exit_code
    chinese = office.run("ladder", "check", "bad.yaml", "--lang", "zh").err
    assert f"第 {error['params']['line']} 行" in chinese


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ("[issued, returned]", "[submitted]", "state submitted"),
        ("[issued, returned]", "[]", "Name the states"),
        ("1/2", "1/1", "less than 1/1"),
        ("before_days: 3", "before_days: 3\n      after_days: 2", "not both"),
        ("name: review-late", "name: overdue", "of its own"),
    ],
)
def test_a_rung_out_of_reach_has_a_hint_of_its_own(
    ladder_house: House, old: str, new: str, hint: str
) -> None:
    office = ladder_house.office
    office.file("bad.yaml", yaml_of(ladder_house).replace(old, new, 1))
    refused = office.run("ladder", "check", "bad.yaml", "-o", "json").error
    assert (refused["code"], hint in refused["hint"]) == ("RUNG_UNREACHABLE", True)


def test_a_simulation_says_what_fires_when(ladder_house: House) -> None:
    """From now on, in order, for all units or one; changes nothing."""
    task = ladder_house.issue(*ISSUE, "--due", "10wd")
    events = len(ladder_house.gateway.known.rows)
    words = ("ladder", "simulate", task, "--days", "90")
    rows = ladder_house.office.run(*words, "-o", "json", ok=True).json["items"]
    mine = [row["rung"] for row in rows if row["unit"] == "U01" and row["kind"] == "RungFired"]
    assert mine == [rung.name for rung in DEFAULT_RULES.ladder.rungs]
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    own = ladder_house.office.run(*words, "--unit", "U02", "-o", "json", ok=True).json["items"]
    assert {row["unit"] for row in own} == {"U02"}
    assert len(ladder_house.gateway.known.rows) == events
    far = ladder_house.office.run("ladder", "simulate", task, "--days", "367")
    assert (far.code, "366" in far.err) == (2, True)
    table = ladder_house.office.run(*words, ok=True).out
    assert "warning, proposed" in table
    assert "a proposal expires: warning" in table
    assert {row["unit"] for row in rows if row["kind"] == "ProposalExpired"} == {"U01", "U02"}
    short = ladder_house.office.run(
        "ladder", "simulate", task, "--days", "1", "--lang", "zh", ok=True
    )
    assert "overdue" not in short.out


def test_a_replay_says_who_would_have_been_late(ladder_house: House) -> None:
    """Another ladder turns yellow earlier; what was so anyway is marked; nothing is changed."""
    task = ladder_house.issue(*ISSUE, "--due", "20wd")
    known = ladder_house.gateway.known
    due = known.task(task).state.assignments["U01"].due
    events = len(known.rows)
    earlier = yaml_of(ladder_house).replace("before_days: 3", "before_days: 60")
    earlier = earlier.replace("before_office_fraction: 1/3", "before_office_fraction: 999/1000")
    ladder_house.office.file("early.yaml", earlier)
    words = ("ladder", "replay", "--rules", "early.yaml", "--since", "2026-01-01", "--task", task)
    before = ladder_house.office.run(*words, "-o", "json", ok=True).json["items"]
    assert before == []
    known.pass_time(task, due + timedelta(minutes=1))
    late = ladder_house.office.run(*words, "-o", "json", ok=True).json["items"]
    assert {(row["unit"], row["light"], row["was"]) for row in late} >= {
        ("U01", "yellow", True),
        ("U02", "yellow", True),
    }
    assert len(known.rows) > events


def test_a_replay_needs_rules_or_a_calendar(ladder_house: House) -> None:
    refused = ladder_house.office.run("ladder", "replay", "--since", "2026-01-01")
    assert (refused.code, "--rules" in refused.err) == (2, True)
    ladder_house.office.file("days.yaml", "holidays:\n- {from: 2026-05-20, name: x}\n")
    words = ("--calendar", "days.yaml", "--since", "2026-01-01")
    ladder_house.office.run("ladder", "replay", *words, ok=True)


def test_rules_are_adopted_by_a_later_version_only(ladder_house: House) -> None:
    """Differences first; the same again is already so; an earlier version is refused."""
    office = ladder_house.office
    changed = yaml_of(ladder_house).replace("before_days: 3", "before_days: 5")
    office.file("same-version.yaml", changed)
    refused = office.run("ladder", "adopt", "same-version.yaml", "--yes", "-o", "json")
    assert (refused.code, refused.error["code"]) == (5, "VERSION_NOT_NEXT")
    assert "lianxi ladder show" in refused.error["hint"]
    office.file("next.yaml", changed.replace("version: 2", "version: 3", 1))
    asked = office.run("ladder", "adopt", "next.yaml")
    assert (asked.code, "--yes" in asked.err) == (2, True)
    assert "ladder.rungs.near-due.before_days  3       5" in asked.err
    office.run("ladder", "adopt", "next.yaml", "--dry-run", ok=True)
    assert ladder_house.gateway.known.conference.state.rules.version == 2
    office.run("ladder", "adopt", "next.yaml", "--yes", ok=True)
    rules = ladder_house.gateway.known.conference.state.rules
    assert (rules.version, rules.ladder.rung("near-due").before_days) == (3, 5)  # type: ignore[union-attr]
    assert "already" in office.run("ladder", "adopt", "next.yaml", "--yes", ok=True).out
    task = ladder_house.issue(*ISSUE, "--due", "10wd")
    assert ladder_house.gateway.known.task(task).state.rules.version == 3


def test_nothing_is_shown_without_a_file(ladder_house: House, tmp_path: Path) -> None:
    missing = ladder_house.office.run("ladder", "check", str(tmp_path / "none.yaml"), "-o", "json")
    assert (missing.code, missing.error["code"]) == (2, "FILE_UNREADABLE")
