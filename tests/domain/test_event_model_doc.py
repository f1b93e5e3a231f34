"""docs/event-model.md says what the code does: its tables are made anew and compared."""

from lianxi.domain.conference.commands import CONFERENCE_ACTIONS
from lianxi.domain.task.commands import ACTIONS
from tools.event_model import ACTION_NAMES, BEGIN, DOCUMENT, END, event_model, rewritten


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


def test_what_stands_around_the_tables_is_kept() -> None:
    """Only the part between the markers is generated."""
    assert rewritten(f"before\n{BEGIN}\nold\n{END}\nafter\n") == f"before\n{event_model()}\nafter\n"
