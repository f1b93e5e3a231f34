"""The script of the demo year: everything occurs, nothing is refused, in any year."""

from collections import Counter
from pathlib import Path

import pytest

from lianxi.domain.ladder import FINAL_STATES
from lianxi.domain.task.state import TaskPhase
from tests.year.conftest import Played, play, sample_units
from tools.year.conference import SUCCEEDED
from tools.year.days import Days
from tools.year.plan import TASKS
from tools.year.play import acts_of
from tools.year.table import OUT_OF_REACH, silent


def test_everything_occurs_within_the_year(year: Played) -> None:
    """Every kind of event, every command, forty tasks, twelve months; no command is refused."""
    check(year)


# years that begin on other days of the week, one of them a leap year
@pytest.mark.parametrize(("number", "seed"), [(2028, 2), (2031, 3)])
async def test_in_other_years_too(tmp_path: Path, number: int, seed: int) -> None:
    """Whatever the days of the week, and with other habits."""
    check(await play(tmp_path, number, seed))


def check(year: Played) -> None:
    kinds, actions = silent(year.ground.kinds, year.ground.acts)
    assert kinds == sorted(OUT_OF_REACH)
    assert actions == []
    assert len(year.player.stories) == 40
    assert year.months == list(range(1, 13))


def test_what_the_year_leaves_behind(year: Played) -> None:
    """The unit succeeded has nothing open; most tasks are archived or closed, some stay open."""
    states = [story.state for story in year.player.stories.values() if story.state]
    assert len(states) == 40
    for state in states:
        own = state.assignments.get(SUCCEEDED)
        assert own is None or own.state in FINAL_STATES
    phases = Counter(state.phase for state in states)
    assert phases[TaskPhase.ARCHIVED] >= 10
    assert phases[TaskPhase.ACTIVE] >= 2


def test_the_same_seed_gives_the_same_script() -> None:
    """And another seed another one, with the same tasks."""
    days = Days(2027)
    first, again, other = acts_of(days, 1), acts_of(days, 1), acts_of(days, 2)
    assert first == again
    assert [act.line for act in first] != [act.line for act in other]
    assert {act.planned.ref for act in other if act.planned} == {task.ref for task in TASKS}


def test_lines_come_in_the_order_of_time_and_name_who_is_there() -> None:
    """Units of the roster, or the convener's side; `system` is the set itself."""
    units = {row.unit for row in sample_units()}
    acts = acts_of(Days(2027), 1)
    assert [act.instant for act in acts] == sorted(act.instant for act in acts)
    assert {act.line.who for act in acts} - units == {"convener", "office", "system"}
