"""Forms, encodings, colours, and users' texts that must not act on the terminal."""

import csv
import io
import json

import pytest

from lianxi.cli import terminal
from lianxi.cli.render import Column, Form, show_rows, table
from lianxi.cli.task.show import _reports
from tests.cli.machines import House

EVIL = "=1+1 \u202etxt"


def test_json_is_versioned_and_takes_fields(house: House) -> None:
    task = house.issue()
    page = house.office.run("task", "list", "-o", "json", "--fields", "task,unit", ok=True).json
    assert page["schema"] == 1
    assert {"task": task, "unit": "U01"} in page["items"]
    lines = house.office.run("task", "list", "-o", "jsonl", ok=True).out.splitlines()
    assert all(json.loads(line)["schema"] == 1 for line in lines)
    wrong = house.office.run("task", "list", "--fields", "tusk")
    assert (wrong.code, "task" in wrong.err) == (2, True)


def test_csv_is_for_spreadsheets(house: House) -> None:
    """UTF-8 with BOM; what begins like a formula gets a quote."""
    house.issue("--title", "=cmd()", "--lead", "U01", "--due", "5d")
    result = house.office.run("task", "list", "-o", "csv", encoding="utf-8-sig", ok=True)
    assert result.raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(result.out)))
    assert "'=cmd()" in {row["title"] for row in rows}


def test_a_stdout_that_cannot_encode_degrades(house: House) -> None:
    house.issue("--title", "服务日 ☃ 𠮷", "--lead", "U01", "--due", "5d")
    gbk = house.office.run("task", "list", PYTHONIOENCODING="gbk", encoding="gbk", ok=True)
    assert "服务日 \\u2603 \\U00020bb7" in gbk.out
    plain = house.office.run("task", "list", PYTHONIOENCODING="ascii", encoding="ascii", ok=True)
    assert "\\u670d" in plain.out
    data = house.office.run("task", "list", "-o", "json", PYTHONIOENCODING="ascii", ok=True).json
    assert "服务日 ☃ 𠮷" in {row["title"] for row in data["items"]}
    line = house.units["U01"].run("todo", PYTHONIOENCODING="ascii", encoding="ascii", ok=True).out
    assert " - T-" in line


def test_colours_are_for_terminals_or_by_wish(house: House) -> None:
    house.issue()
    run = house.units["U01"].run
    assert "\x1b[" not in run("todo", ok=True).out
    assert "\x1b[32mG green" in run("todo", FORCE_COLOR="1", ok=True).out
    assert "\x1b[" not in run("todo", FORCE_COLOR="1", NO_COLOR="1", ok=True).out


def test_users_texts_are_shown_not_obeyed() -> None:
    assert terminal.visible("a\x1b[31mb\u202ec\nd") == "a\\x1b[31mb\\u202ec\nd"
    assert terminal.visible_line("a\nb") == "a\\nb"


def test_a_text_that_came_by_another_way_is_escaped_too(house: House) -> None:
    """The gateway may hold texts that this client would not have taken."""
    task = house.issue("--title", "harmless", "--lead", "U01", "--due", "5d")
    openings = house.gateway.known.openings
    commit = next(c for c, (_salt, data, _media) in openings.items() if data == b"harmless")
    salt, _data, media = openings[commit]
    openings[commit] = (salt, "\x1b]0;pwned\x07\u202e".encode(), media)
    shown = house.office.run("task", "show", task, ok=True).out
    assert "\\x1b]0;pwned\\x07\\u202e" in shown
    assert "\x1b" not in shown


def test_wide_characters_take_two_cells() -> None:
    columns = (Column("a", "a"), Column("b", "b"))
    lines = table([{"a": "教育", "b": "1"}, {"a": "abcd", "b": "2"}], columns, "local").splitlines()
    assert [line.index(digit) for line, digit in zip(lines[1:], "12", strict=True)] == [4, 6]
    assert terminal.width(lines[1]) == terminal.width(lines[2])
    assert terminal.cut("教育教育", 5) in ("教育…", "教育~")


def test_nothing_is_said_to_be_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    show_rows([], (Column("a", "a"),), Form())
    assert capsys.readouterr().out == "Nothing.\n"


def test_times_are_local_relative_utc_or_as_they_are(house: House) -> None:
    house.issue()
    for form, mark in (("iso", "Z"), ("utc", "UTC"), ("relative", "in 14d"), ("local", "-")):
        shown = house.office.run("task", "list", "--time-format", form, ok=True).out
        assert mark in shown.splitlines()[1]
    beijing = house.office.run("task", "list", TZ="Asia/Shanghai", ok=True).out
    assert beijing != house.office.run("task", "list", ok=True).out


def test_a_redacted_report_is_not_to_be_fetched() -> None:
    """By whom it was redacted stands where the command stood, which could not succeed."""
    part = {"unit": "U01", "submission": "ab" * 32, "report_commit": "cd" * 32}
    view = {"task": "T-0002", "assignments": [part]}
    fetched = "\n".join(_reports(view, "utc", " --as U01"))
    assert "lianxi task evidence T-0002 --unit U01 --to DIR --as U01" in fetched
    said = {"by": "convener", "at": "2026-01-05T09:00:00Z"}
    gone = {**view, "redacted": [{"commit": "cd" * 32, "redacted": said}]}
    shown = "\n".join(_reports(gone, "utc", ""))
    assert "lianxi task evidence" not in shown
    assert "redacted by convener" in shown
