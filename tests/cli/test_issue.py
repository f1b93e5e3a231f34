"""`task issue` from a file: its id is its identity."""

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
    text = "id: a b\nmode: both\nlead: U01\ndue: 15wd\ncolour: red\n"
    refused = house.office.run("task", "issue", "-f", house.office.file("bad.yaml", text))
    assert refused.code == 2
    for place in ("line 1, column 5", "line 2, column 7", "line 4, column 6", "line 5, column 9"):
        assert place in refused.err
    chinese = house.office.run("task", "issue", "-f", "bad.yaml", "--lang", "zh")
    assert "第 4 行第 6 列" in chinese.err
    assert "工作日期限将在下一版本提供" in chinese.err


def test_a_file_comes_from_standard_input_too(house: House) -> None:
    text = FILE.replace("service-day", "by-stdin")
    assert house.office.run("task", "issue", "-f", "-", stdin=text).code == 0


def test_working_days_come_later(house: House) -> None:
    refused = house.office.run("task", "issue", "--title", "x", "--lead", "U01", "--due", "15wd")
    assert (refused.code, "next release" in refused.err) == (2, True)


def test_mode_each(house: House) -> None:
    task = house.issue("--title", "x", "--units", "U01,U02,U03", "--due", "5d")
    view = house.office.run("task", "show", task, "-o", "json", ok=True).json["task"]
    assert view["mode"] == "each"
