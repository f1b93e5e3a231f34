"""docs/event-model.md says what the code does: its tables are made anew and compared."""

from typing import get_args

from lianxi.domain.conference.commands import CONFERENCE_ACTIONS
from lianxi.domain.conference.events import CONFERENCE_KINDS
from lianxi.domain.ladder import DEFAULT_LADDER, NOTICE_KINDS, PROPOSED_KINDS
from lianxi.domain.task.asks import What
from lianxi.domain.task.commands import ACTIONS
from lianxi.domain.task.events import KINDS
from tools.event_model import BEGIN, DOCUMENT, END, event_model, rewritten
from tools.event_model_notices import notices, to_do
from tools.event_names import ACTION_NAMES


def test_the_document_is_up_to_date() -> None:
    """`python -m tools.event_model` would change nothing."""
    document = DOCUMENT.read_text(encoding="utf-8")
    assert document.count(BEGIN) == document.count(END) == 1
    assert rewritten(document) == document


def test_every_command_has_its_row_and_its_chinese_name() -> None:
    """A new command shows in the tables, or this fails."""
    actions = {**ACTIONS, **CONFERENCE_ACTIONS}
    assert ACTION_NAMES.keys() == actions.keys()
    tables = event_model()
    assert all(f"| `{action}` {ACTION_NAMES[action]} |" in tables for action in actions)


def test_every_notice_and_every_ask_is_met_by_the_example() -> None:
    """A new kind shows in the tables, or this fails."""
    tables = event_model()
    rungs = {rung.name for rung in DEFAULT_LADDER.rungs if rung.kind not in PROPOSED_KINDS}
    office = {rung.name for rung in DEFAULT_LADDER.office or ()}
    kinds = {*NOTICE_KINDS, *rungs, *office}
    assert {kind for kind in kinds if f"\n| `{kind}` | " not in notices()} == set()
    assert [what for what in get_args(What) if f"| `{what}` | " not in to_do()] == []
    assert notices() in tables


def test_every_kind_of_event_and_every_refusal_has_its_row() -> None:
    """Whoever adds one writes its first line for a reader."""
    tables = event_model()
    for kind in (*KINDS, *CONFERENCE_KINDS):
        assert f"| `{kind}` | " in tables
    for code in ("PERIOD_CLOSED", "RUNG_UNREACHABLE", "CALENDAR_OVERLAP", "LIMIT_ORDER"):
        assert f"| `{code}` | " in tables


def test_what_stands_around_the_tables_is_kept() -> None:
    """Only the part between the markers is generated."""
    assert rewritten(f"before\n{BEGIN}\nold\n{END}\nafter\n") == f"before\n{event_model()}\nafter\n"
