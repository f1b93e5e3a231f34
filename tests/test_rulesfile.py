"""Rules files: what is written can be read back, every problem has its place, every bad rung its refusal."""

import json

import pytest

from lianxi.domain.ladder import DEFAULT_LADDER, Ladder, OfficeRung, Rung
from lianxi.domain.limits import DaysLimit, DurationLimit, InstantLimit
from lianxi.domain.rules import DEFAULT_RULES, FIRST_RULES, KindLimits, Rules, Spans
from lianxi.domain.values import parse_instant
from lianxi.rulesfile import RungRefusedError, read_rules
from lianxi.rulesfile_text import as_yaml
from lianxi.strict_yaml import YamlFileError

ODD = Rules(
    version=7,
    acknowledge_within=61,
    archive_after=90 * 60,
    ladder=Ladder(
        version=9,
        rungs=(
            DEFAULT_LADDER.rungs[3].model_copy(update={"name": "null"}),
            Rung(
                name="7",
                anchor="acknowledge_by",
                before_seconds=0,
                before_fraction=(1, 3),
                states=("issued",),
                to=("convener",),
                kind="reminder",
            ),
        ),
        office=(
            OfficeRung(name="true", about="review", after_days=1),
            *DEFAULT_LADDER.office[1:5],  # type: ignore[index]
        ),
    ),
    kinds={
        "a": KindLimits(
            acknowledge=DurationLimit(seconds=61),
            due=DaysLimit(days=30, kind="calendar", roll="back"),
        ),
        "2026": KindLimits(
            acknowledge=DurationLimit(seconds=3_600),
            due=InstantLimit(at=parse_instant("2030-01-01T00:00:00.000001Z")),
        ),
    },
    spans=Spans(gap_grace_office_minutes=0),
    needs_convener=(),
)
"""Rules whose names and values YAML could take for something else."""

TEXT = as_yaml(DEFAULT_RULES)


@pytest.mark.parametrize("rules", [DEFAULT_RULES, FIRST_RULES, ODD])
def test_what_is_written_is_read_back(rules: Rules) -> None:
    """As a file and as the JSON that `ladder show` prints, bare or with null for absent."""
    assert read_rules(as_yaml(rules)) == rules
    document = rules.model_dump(mode="json", exclude_none=True)
    assert read_rules(json.dumps({"schema": 1, "rules": document})) == rules
    assert read_rules(json.dumps(rules.model_dump(mode="json"))) == rules


def test_an_edited_limit_is_read() -> None:
    rules = read_rules(TEXT.replace("urgent: {acknowledge: 1wd", "urgent: {acknowledge: 36h"))
    assert rules.limits_of("urgent").acknowledge == DurationLimit(seconds=36 * 3_600)  # type: ignore[union-attr]


def marked(old: str, new: str) -> tuple[str, tuple[int, int]]:
    """The default rules with one thing replaced, and the place that `^` marks in it."""
    assert old in TEXT
    text = TEXT.replace(old, new, 1)
    before = text.partition("^")[0]
    return text.replace("^", "", 1), (before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("anchor: due", "anchor: ^dew", "is one of: acknowledge_by, due"),
        ("1/2", "^3/2", "fraction"),
        ("1/2", "^[1, 0]", "fraction"),
        ("1/2", "^half", "fraction"),
        ("2wd", "^2xd", "neither a duration nor a time"),
        ("2wd", "^2026-12-15", "local time"),
        ("2wd", "{rule: days, days: ^0, kind: working}", "at least 1"),
        ("hold_days: 1", "hold_days: ^0", "at least 1"),
        ("hold_days: 1", "hold_days: ^one", "whole number"),
        ("hold_days: 1", "hold_days: ^[1]", "one value"),
        ("fires_late: true", "fires_late: ^yes", "true or false"),
        ("[warning", "[^wrning", "is one of: accept"),
        ("[warning", "[^approve", "is one of: accept"),
        ("archive_after: 180d", "archive_after: ^2wd", "duration"),
        ("version: 2", "ver: ^2", "there is no field ver"),
        ("hold_days: 1", "hold_days: 1\n  ^hold_days: 2", "stands here twice"),
        ("name: near-due", "name: ^acknowledge-overdue", "acknowledge-overdue twice"),
        ("name: near-due", "name: ^issued", "another notice's name"),
        ("to: [unit]", "to: ^unit", "a list is wanted"),
        ("name: near-due", "name: ^Near", "no id"),
    ],
)
def test_a_problem_has_its_place(old: str, new: str, said: str) -> None:
    text, place = marked(old, new)
    with pytest.raises(YamlFileError) as caught:
        read_rules(text)
    (problem,) = caught.value.problems
    assert problem.place == place
    assert said in str(problem)


def test_what_is_missing_is_named_where_it_should_stand() -> None:
    text, place = marked("- name: acknowledge-reminder\n      anchor", "- ^anchor")
    with pytest.raises(YamlFileError, match="name is missing") as caught:
        read_rules(text)
    assert caught.value.problems[0].place == place


def test_all_problems_come_at_once() -> None:
    text = TEXT.replace("1/2", "3/2", 1).replace("2wd", "2xd", 1).replace("hold_days", "hold", 1)
    with pytest.raises(YamlFileError) as caught:
        read_rules(text)
    problems = caught.value.problems
    assert [str(problem).partition(": ")[2][:12] for problem in problems] == [
        "it is neithe", "there is no ", "ladder.rungs",
    ]  # fmt: skip
    assert list(problems) == sorted(problems, key=lambda problem: problem.place)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("to: [unit]", "to: ^[]", "RUNG_TO_NOBODY"),
        ("to: [office]", "to: ^[]", "RUNG_TO_NOBODY"),
        ("[issued, returned]", "^[issued, submitted]", "RUNG_UNREACHABLE"),
        ("[issued, returned]", "^[]", "RUNG_UNREACHABLE"),
        ("before_days: 3", "before_days: 3\n      after_days: ^2", "RUNG_UNREACHABLE"),
        ("before_office_fraction: 1/2", "before_office_fraction: ^1/1", "RUNG_UNREACHABLE"),
        ("name: review-late", "name: ^overdue", "RUNG_UNREACHABLE"),
        ("about: review\n      after_days: 3", "about: ^review", "RUNG_UNREACHABLE"),
        ("after_days: 3\n      states", "after_days: 30\n      states", "RUNG_ORDER"),
    ],
)
def test_a_rung_that_cannot_be_climbed_has_a_refusal_and_a_place(
    old: str, new: str, code: str
) -> None:
    """The domain's own refusal, at the field it is about."""
    text, place = marked(old, new)
    with pytest.raises(RungRefusedError) as caught:
        read_rules(text)
    assert caught.value.refusal.code == code
    if code != "RUNG_ORDER":
        assert (caught.value.line, caught.value.column) == place
        return
    # the rung before was made later: it is the next one that no longer follows
    assert "after_days: 10" in text.splitlines()[caught.value.line - 1]
