"""Override files: every problem at once, each with file, line, column and what to do."""

from datetime import date

import pytest

from lianxi.calendars.faults import CalendarFileError
from lianxi.calendars.overrides import Overrides, read_overrides


def refused(text: str | bytes) -> CalendarFileError:
    with pytest.raises(CalendarFileError) as caught:
        read_overrides(text, "days.yaml")
    return caught.value


def test_fields_may_be_left_out_and_to_for_one_day() -> None:
    assert read_overrides("zone: Asia/Shanghai\n", "f") == Overrides(zone="Asia/Shanghai")
    over = read_overrides("workdays:\n- {from: 2026-02-28, name: 春节}\n", "f")
    (entry,) = over.entries
    assert (entry.first, entry.last, entry.kind) == (
        date(2026, 2, 28),
        date(2026, 2, 28),
        "workday",
    )


def test_all_problems_come_at_once_in_the_order_of_the_file() -> None:
    text = """zone: Nowhere/City
opens: 25:00
closes: 17:00
weekend: [6, 8]
known_until: 2026-02-30
holidays:
  - {from: 2026-02-15, to: 2026-02-10, name: 春节}
  - {from: 2026-02-16}
  - {from: 2026-03-01, to: 2062-03-01, name: x}
  - {from: 1999-03-01, name: "a\\u202eb"}
  - 5
workdays: 7
color: red
"""
    places = [(each.place, each.template) for each in refused(text).problems]
    assert [place for place, _ in places] == sorted(place for place, _ in places)
    said = [str(problem) for problem in refused(text).problems]
    for number, part in (
        (0, "line 1, column 7: the zone Nowhere/City is not known"),
        (1, "line 2, column 8: opens is no time of day"),
        (2, "line 4, column 10: weekend lists ISO days"),
        (3, "line 5, column 14: known_until is no day"),
        (4, "line 7, column 28: it ends on 2026-02-10, before it begins on 2026-02-15"),
        (5, "line 8, column 5: name is missing"),
        (6, "line 9, column 28: it lasts 13150 days; at most 366"),
        (7, "line 10, column 12: from is no day between 2000 and 2100"),
        (8, "line 10, column 30: it is no short name"),
        (9, "line 11, column 5: fields are wanted here"),
        (10, "line 12, column 11: a list of entries is wanted"),
        (11, "line 13, column 8: there is no field color"),
    ):
        assert said[number].startswith(part), said
    assert len(said) == 12


def test_overlapping_entries_are_refused_with_file_place_and_hint() -> None:
    error = refused(
        "holidays:\n"
        "- {from: 2026-02-15, to: 2026-02-23, name: 春节}\n"
        "- {from: 2026-02-23, name: 春节}\n"
    )
    assert str(error) == (
        "days.yaml: line 3, column 3: 2026-02-23 stands in two entries, also in line 2"
    )
    assert error.advices == ("Leave each day in one entry.",)


def test_a_holiday_that_is_also_a_make_up_day_is_refused_with_file_place_and_hint() -> None:
    """The place is that of the later entry, whichever list it stands in."""
    error = refused(
        "workdays:\n"
        "- {from: 2026-02-14, name: 春节}\n"
        "holidays:\n"
        "- {from: 2026-02-13, to: 2026-02-20, name: 春节}\n"
    )
    assert str(error) == (
        "days.yaml: line 4, column 3: "
        "2026-02-14 is a holiday and a make-up working day, also in line 2"
    )
    assert error.advices == ("Leave the day in one of the two lists.",)


def test_hours_are_ascending() -> None:
    assert "line 2, column 9: closes is not after opens" in str(
        refused("opens: 17:00\ncloses: 17:00\n")
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "line 1, column 1: it is empty"),
        ("zone: a\nzone: b\n", "line 2, column 1: zone stands here twice"),
        ("zone: &x a\n", "anchors"),
        (b"\xff\xfe", "not UTF-8"),
        ("- a\n", "fields are wanted"),
        ("weekend: [1, 2, 3, 4, 5, 6, 7]\n", "six at most"),
        ("weekend: 6\n", "weekend lists"),
        ("weekend: [7, 6]\n", "ascending"),
        ("known_until: 20261231\n", "known_until is no day"),
        ("known_until: [2026-12-31]\n", "one value is wanted"),
    ],
)
def test_what_is_no_override_file_is_refused(text: str | bytes, problem: str) -> None:
    assert problem in str(refused(text))
