"""What people write: limits, task files, roster files, texts; refused whole, with place and advice."""

import os

import pytest
from pydantic import TypeAdapter

from lianxi.cli.conference.roster_file import RosterFileError, read_roster_file
from lianxi.domain.limits import Limit
from lianxi.domain.task.commands import IssueTask
from lianxi.free_text import FreeTextError, clean_text, text_of_bytes
from lianxi.limit_text import LimitTextError, Place, parse_limit, settle_limit
from lianxi.strict_yaml import YamlFileError
from lianxi.taskfile import commitments, read_task_file, same_content

SHANGHAI, BERLIN = Place("Asia/Shanghai"), Place("Europe/Berlin", "16:30")


@pytest.mark.parametrize(
    ("text", "place", "limit"),
    [
        ("15d", None, {"rule": "duration", "seconds": 1_296_000}),
        ("36h", None, {"rule": "duration", "seconds": 129_600}),
        ("15wd", None, {"rule": "days", "days": 15, "kind": "working"}),
        ("1830cd", None, {"rule": "days", "days": 1830, "kind": "calendar"}),
        ("30cd>", None, {"rule": "days", "days": 30, "kind": "calendar", "roll": "forward"}),
        ("30cd<", None, {"rule": "days", "days": 30, "kind": "calendar", "roll": "back"}),
        ("90m", None, {"rule": "duration", "seconds": 5_400}),
        (
            "2026-12-15T17:00:00+08:00",
            None,
            {"rule": "instant", "at": "2026-12-15T09:00:00.000000Z"},
        ),
        ("2026-12-15T09:00Z", None, {"rule": "instant", "at": "2026-12-15T09:00:00.000000Z"}),
        ("2026-12-15", SHANGHAI, {"rule": "instant", "at": "2026-12-15T09:00:00.000000Z"}),
        ("2026-12-15", BERLIN, {"rule": "instant", "at": "2026-12-15T15:30:00.000000Z"}),
        ("2026-12-15 08:15", BERLIN, {"rule": "instant", "at": "2026-12-15T07:15:00.000000Z"}),
        (
            "2026-10-25T02:30+02:00",
            BERLIN,
            {"rule": "instant", "at": "2026-10-25T00:30:00.000000Z"},
        ),
    ],
)
def test_limits(text: str, place: Place | None, limit: dict[str, object]) -> None:
    assert settle_limit(parse_limit(text), place) == limit
    assert TypeAdapter(Limit).validate_python(limit)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("15wd>", "do not roll"),
        ("15 wd", "neither"),
        ("15wd\n", "neither"),
        ("15d>", "neither"),
        ("30cd><", "neither"),
        ("0wd", "no time"),
        ("1831cd", "five years"),
        ("0d", "no time"),
        ("1831d", "five years"),
        ("9999999d", "five years"),
        ("", "neither"),
        (" 15d", "neither"),
        ("15d\n", "neither"),
        ("\u0661\u0665d", "neither"),
        ("-5d", "neither"),
        ("2026-02-30", "no such"),
        ("2026-12-15T24:30", "no such"),
        ("2026-12-15T23:59:60+08:00", "no such"),
        ("9999-12-31T23:59-14:00", "no such"),
        ("0001-01-01", "no such"),
        ("2026-03-29T02:30", "skip"),
        ("2026-10-25T02:30", "twice"),
    ],
)
def test_limits_refused(text: str, reason: str) -> None:
    with pytest.raises(LimitTextError, match=reason):
        settle_limit(parse_limit(text), BERLIN)


FILE = """id: a-1
title: Title
text: Text
mode: lead
lead: U01
support: [U02, U03]
acknowledge_by: 2d
due: 15d
basis:
  kind: decision
  text: No. 5
"""


def test_a_task_file_becomes_exactly_the_args_of_issue() -> None:
    task = read_task_file(FILE)
    salts = {field: os.urandom(32) for field in task.texts}
    args = commitments(task, salts)
    model = IssueTask.model_validate(args)
    assert model.model_dump(mode="json", exclude_none=True) == args
    each = read_task_file("id: b\ntitle: T\nunits: [U01]\ndue: 1d\n")
    args = commitments(each, {"title": bytes(32)})
    assert IssueTask.model_validate(args).mode == "each"


def test_kind_concurrence_and_reports_of_a_task_file() -> None:
    """They are arguments of the issue where they are given, and absent where not; due may be absent."""
    text = FILE.replace("due: 15d\n", "due: 30cd>\nkind: urgent\nconcurrence: true\n")
    text += "report: {every: week, day: 5}\n"
    args = commitments(read_task_file(text), dict.fromkeys(("title", "text", "basis"), bytes(32)))
    command = IssueTask.model_validate(args)
    assert command.model_dump(mode="json", exclude_none=True) == args
    assert (command.kind, command.concurrence) == ("urgent", True)
    assert args["report"] == {"every": "week", "day": 5}
    assert args["due"] == {"rule": "days", "days": 30, "kind": "calendar", "roll": "forward"}
    short = read_task_file("id: b\ntitle: T\nunits: [U01]\nconcurrence: false\n")
    assert commitments(short, {"title": bytes(32)}).keys() == {"ref", "mode", "title", "units"}


def test_same_content_is_judged_with_the_kept_salts() -> None:
    task = read_task_file(FILE)
    salts = {field: os.urandom(32) for field in task.texts}
    args = commitments(task, salts)
    openings = {
        args["title"]["commit"]: salts["title"],
        args["text"]["commit"]: salts["text"],
        args["basis"]["text"]["commit"]: salts["basis"],
    }
    assert same_content(task, args, openings)
    for old, new in (
        ("Title", "Titel"),
        ("15d", "16d"),
        ("U03", "U04"),
        ("No. 5", "No. 6"),
        ("text: Text\n", ""),
        ("due: 15d\n", ""),
        ("due: 15d\n", "due: 15d\nkind: urgent\n"),
        ("due: 15d\n", "due: 15d\nconcurrence: true\n"),
        ("due: 15d\n", "due: 15d\nreport: {every: month, day: 25}\n"),
    ):
        assert not same_content(read_task_file(FILE.replace(old, new, 1)), args, openings), old
    assert not same_content(task, args, {})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "line 1, column 1: it is empty"),
        ("id: a\nid: b\n", "line 2, column 1: id stands here twice"),
        ("id: &x a\n", "line 1, column 5: anchors"),
        ("id: *x\n", "line 1, column 5: anchors"),
        ("id: !!python/object:os.system a\n", "line 1, column 5: tags"),
        ("[" * 20, "column 9: it is nested too deep"),
        ("? [a]\n: b\n", "a field's name"),
        ("id: a\n---\nid: b\n", "line 2, column 1: one document"),
        ("id: 'a\n", "it is no YAML"),
        ("id: \x00\n", "it is no YAML"),
        ("- a\n", "fields are wanted"),
        (b"\xff\xfe", "not UTF-8"),
        ("a" * 65_537, "at most 65536"),
        (
            FILE.replace("Title", "'T\\u202e'").replace("'", '"'),
            "line 2, column 8: the character U\\+202E",
        ),
        (FILE.replace("[U02, U03]", "[U02, U02]"), "line 6, column 10: a unit is named twice"),
        (FILE.replace("[U02, U03]", "U02"), "a list of units"),
        (FILE.replace("lead: U01\n", ""), "mode lead needs a lead"),
        (FILE.replace("decision", "rumour"), "line 10, column 9: basis.kind is one of"),
        (FILE + "kind: Urgent\n", "kind is no id"),
        (FILE + "concurrence: yes\n", "concurrence is one of: true, false"),
        ("id: b\ntitle: T\nunits: [U01]\nconcurrence: true\n", "line 4, column 14: concurrence is"),
        (FILE + "report: weekly 5\n", "fields are wanted here"),
        (FILE + "report: {every: week}\n", "report.day is missing"),
        (FILE + "report: {every: year, day: 1}\n", "report.every is one of: week, month, quarter"),
        (FILE + "report: {every: week, day: 8}\n", "report.day is a number from 1 to 7"),
        (FILE + "report: {every: month, day: 32}\n", "report.day is a number from 1 to 31"),
        (FILE.replace("15d", "15wd>"), "working days end on a working day"),
        (FILE.replace("id: a-1", "id: -a"), "line 1, column 5: id is no id"),
    ],
)
def test_task_files_refused(text: str | bytes, problem: str) -> None:
    with pytest.raises(YamlFileError, match=problem):
        read_task_file(text)


def test_scalars_are_texts_and_nothing_is_guessed() -> None:
    task = read_task_file("id: 2026-01-01\ntitle: 0x1F\nlead: NO\ndue: 1d\n")
    assert (task.ref, task.title, task.lead) == ("2026-01-01", "0x1F", "NO")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_roster_files(encoding: str) -> None:
    header = "unit,name_en,name_zh,email,language\r\n"
    text = f"{header}U01,Education,教育,a@b.example,zh\r\nU02,Science,科技,,\r\n"
    first, second = read_roster_file(text.encode(encoding))
    assert (first.unit, first.name_zh, first.email, second.language) == (
        "U01",
        "教育",
        "a@b.example",
        None,
    )


def test_all_problems_of_a_roster_file_at_once_with_row_and_column() -> None:
    text = (
        "unit,name_en,name_zh,email,language\n"
        "U01,A,甲,,\nU01,B,乙,,\nOffice,C,丙,,\n=1+1,D,丁,,\nU05,,戊,nobody,fr\nU06,F\nU 7,G,庚,,\n"
    )
    with pytest.raises(RosterFileError) as caught:
        read_roster_file(text.encode())
    places = {(problem.row, problem.column) for problem in caught.value.problems}
    assert {(3, 1), (4, 1), (5, 1), (6, 2), (6, 4), (6, 5), (7, 1), (8, 1)} <= places


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "empty"),
        (b"unit,name_en,name_zh\n", "no unit"),
        (b"unit;name_en;name_zh\nU01;a;b\n", "header"),
        (b"unit,name_zh,name_en\nU01,a,b\n", "header"),
        (b"Unit,name_en,name_zh\nU01,a,b\n", "header"),
        (b"PK\x03\x04\x00\x00", "no text file"),
        (b"\xff\xff\xff", "neither UTF-8 nor GB18030"),
        (b'unit,name_en,name_zh\nU01,"a,b\n', "no CSV|columns|missing"),
        ("unit,name_en,name_zh\nU01,a\u202e,b\n".encode(), "U\\+202E"),
    ],
)
def test_roster_files_refused(data: bytes, problem: str) -> None:
    with pytest.raises(RosterFileError, match=problem):
        read_roster_file(data)


def test_texts() -> None:
    assert clean_text("e\u0301\r\nx\ty") == "\u00e9\nx\ty"
    assert text_of_bytes(b"\xef\xbb\xbfabc") == "abc"
    for bad in ("\x00", "a\x1bb", "\u200f", "a\rb", "\ud800", " \n", "x" * 65_537):
        with pytest.raises(FreeTextError):
            clean_text(bad)
    with pytest.raises(FreeTextError, match="byte 1"):
        text_of_bytes(b"a\xff")
