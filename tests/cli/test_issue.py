"""`task issue` from a file: its id is its identity."""

import pytest

from tests.cli.machines import House

FILE = """id: service-day
title: Service day
text: |
  One point per district.
basis: {kind: meeting, text: "Third meeting"}
mode: lead
lead: U01
support: [U02]
acknowledge_by: 2d
due: 2030-12-15
"""


def test_the_same_file_finds_the_task_it_made(house: House) -> None:
    """Judged by recomputing commitments with the kept salts."""
    path = house.office.file("task.yaml", FILE)
    first = house.office.run("task", "issue", "-f", path, "-o", "json", ok=True).json
    task = first["receipt"]["task"]
    again = house.office.run("task", "issue", "-f", path, "-o", "json", ok=True).json
    assert (again["code"], again["params"]["task"]) == ("ALREADY_REGISTERED", task)
    view = house.office.run("task", "show", task, "-o", "json", ok=True).json["task"]
    assert (view["ref"], view["basis"]["text"]) == ("service-day", "Third meeting")
    # close of office hours in Shanghai
    assert view["assignments"][0]["due"] == "2030-12-15T09:00:00.000000Z"


def test_other_content_under_the_same_id_is_refused(house: House) -> None:
    path = house.office.file("task.yaml", FILE.replace("service-day", "other-day"))
    house.office.run("task", "issue", "-f", path, ok=True)
    for changed in (FILE.replace("Third", "Fourth"), FILE.replace("2030", "2029")):
        path = house.office.file("task.yaml", changed.replace("service-day", "other-day"))
        refused = house.office.run("task", "issue", "-f", path, "-o", "json")
        assert (refused.code, refused.error["code"]) == (5, "ISSUE_DIFFERS")


def test_every_problem_of_a_file_at_once_with_its_place(house: House) -> None:
    text = "id: a b\nmode: both\nlead: U01\ndue: 15x\ncolour: red\n"
    refused = house.office.run("task", "issue", "-f", house.office.file("bad.yaml", text))
    assert refused.code == 2
    for place in ("line 1, column 5", "line 2, column 7", "line 4, column 6", "line 5, column 9"):
        assert place in refused.err
    chinese = house.office.run("task", "issue", "-f", "bad.yaml", "--lang", "zh")
    assert "第 4 行第 6 列" in chinese.err
    assert "既不是时长也不是时间" in chinese.err


def test_a_file_comes_from_standard_input_too(house: House) -> None:
    text = FILE.replace("service-day", "by-stdin")
    assert house.office.run("task", "issue", "-f", "-", stdin=text).code == 0


@pytest.mark.parametrize("due", ["15wd", "30cd>", "30cd<"])
def test_days_are_a_limit(house: House, due: str) -> None:
    task = house.issue("--title", "x", "--lead", "U01", "--due", due)
    view = house.office.run("task", "show", task, "-o", "json", ok=True).json["task"]
    assert view["assignments"][0]["due"].endswith(":00:00.000000Z")


def test_mode_each(house: House) -> None:
    task = house.issue("--title", "x", "--units", "U01,U02,U03", "--due", "5d")
    view = house.office.run("task", "show", task, "-o", "json", ok=True).json["task"]
    assert view["mode"] == "each"


KIND = FILE.replace("service-day", "by-kind").replace(
    "due: 2030-12-15\n", "kind: urgent\nconcurrence: true\nreport: {every: month, day: 25}\n"
)


def test_a_file_may_leave_the_due_to_its_kind(house: House) -> None:
    """Concurrence and periodic reports come along; the same file finds its task, another does not."""
    path = house.office.file("kind.yaml", KIND)
    task = house.office.run("task", "issue", "-f", path, "-o", "json", ok=True).json["receipt"][
        "task"
    ]
    view = house.office.run("task", "show", task, "-o", "json", ok=True).json["task"]
    assert (view["kind"], view["report"]) == ("urgent", {"every": "month", "day": 25})
    assert view["assignments"][0]["days_left"] == 5
    again = house.office.run("task", "issue", "-f", path, "-o", "json", ok=True).json
    assert (again["code"], again["params"]["task"]) == ("ALREADY_REGISTERED", task)
    for old, new in (("urgent", "major"), ("day: 25", "day: 24"), ("concurrence: true\n", "")):
        path = house.office.file("kind.yaml", KIND.replace(old, new))
        refused = house.office.run("task", "issue", "-f", path, "-o", "json")
        assert (refused.code, refused.error["code"]) == (5, "ISSUE_DIFFERS"), old


def test_a_kind_that_the_rules_do_not_know_is_refused(house: House) -> None:
    issue = ("task", "issue", "--title", "x", "--lead", "U01", "--kind", "unheard-of")
    refused = house.office.run(*issue, "-o", "json")
    assert (refused.code, refused.error["code"]) == (5, "UNKNOWN_KIND")


def test_a_due_is_needed_where_the_rules_have_no_kinds(house: House) -> None:
    """The hint leads to where the rules with their kinds are shown."""
    stream = house.gateway.known.conference
    before = stream.state
    rules = before.rules.model_copy(update={"kinds": None})
    stream.state = before.model_copy(update={"rules": rules})
    try:
        issue = ("task", "issue", "--title", "x", "--lead", "U01")
        refused = house.office.run(*issue, "-o", "json")
        assert (refused.code, refused.error["code"]) == (2, "DUE_NEEDED")
        assert "lianxi ladder show" in refused.error["hint"]
    finally:
        stream.state = before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--report", "weekly 8"), '"weekly 1" (Monday)'),
        (("--report", "yearly 1"), '"weekly 1" (Monday)'),
        (("--kind", "Urgent"), "a kind of task"),
        (("--mode", "each", "--concurrence"), "supporting units of a lead"),
        (("--due", "15wd>"), "working days end on a working day"),
    ],
)
def test_flags_that_do_not_fit_are_refused(house: House, words: tuple[str, ...], said: str) -> None:
    whose = ("--units", "U02") if "each" in words else ("--lead", "U01")
    refused = house.office.run("task", "issue", "--title", "x", *whose, *words)
    assert (refused.code, said in refused.err) == (2, True), refused.err


def test_new_fields_are_refused_with_their_place(house: House) -> None:
    text = KIND.replace("urgent", "Very").replace("true", "yes").replace("day: 25", "day: 32")
    refused = house.office.run("task", "issue", "-f", house.office.file("bad.yaml", text))
    assert refused.code == 2
    for place in ("line 10, column 7", "line 11, column 14", "line 12, column 29"):
        assert place in refused.err, refused.err
    chinese = house.office.run("task", "issue", "-f", "bad.yaml", "--lang", "zh")
    assert "report.day 须为 1 至 31 的整数" in chinese.err
