"""The tables of the command line cover what the domain can say, and what they print can be typed."""

from typing import get_args

import pytest

from lianxi.cli import todo
from lianxi.cli.change import NEXT, SENTENCES
from lianxi.cli.task.on_behalf import VERBS
from lianxi.cli.task.reporting import _PERIOD
from lianxi.cli.task.requesting import REQUESTS
from lianxi.cli.task.supervising import AT_WORK
from lianxi.cli.words import WORDS
from lianxi.domain.conference.commands import CONFERENCE_ACTIONS
from lianxi.domain.ladder import AssignmentState
from lianxi.domain.reports import PeriodName
from lianxi.domain.rules import DEFAULT_RULES
from lianxi.domain.task.asks import What
from lianxi.domain.task.commands import ACTIONS, RequestKind
from lianxi.domain.task.deciding.case import ALLOWED_FROM
from lianxi.domain.task.deciding.repairing import ON_BEHALF
from lianxi.domain.task.state import TaskPhase
from tests.cli.spoken import parse

EVERY_ACTION = ACTIONS.keys() | CONFERENCE_ACTIONS.keys()

FIELDS = {
    **dict.fromkeys(("who", "conference", "ref", "version", "commit"), "x"),
    "task": "T-0003",
    "unit": "U07",
    "units": "U07",
    "into": "U08",
    "act": "2026-11",
    "request": "stop",
    "verdict": "implemented",
}


def test_every_action_has_its_sentence_and_its_next_command() -> None:
    assert SENTENCES.keys() == EVERY_ACTION
    assert NEXT.keys() == EVERY_ACTION


@pytest.mark.parametrize("action", sorted(NEXT))
def test_the_next_command_of_an_action_can_be_typed(action: str) -> None:
    parse(NEXT[action].format_map(FIELDS))
    SENTENCES[action].format_map(FIELDS)


def test_every_ask_has_its_words_and_its_command() -> None:
    """To whoever has to do it, and to whoever waits for it."""
    asked = set(get_args(What))
    assert todo.NEXT_COMMAND.keys() == asked
    assert asked <= WORDS.keys()
    assert {f"wait-{what}" for what in asked} <= WORDS.keys()


@pytest.mark.parametrize("what", sorted(todo.NEXT_COMMAND))
def test_the_command_of_an_ask_can_be_typed(what: str) -> None:
    row = {"task": "T-0003", "unit": "U07", "subject": "5f1c" * 16, "act": "2026-11", "what": what}
    command = todo.next_command(row)
    assert command is not None
    parse(command)


def test_every_state_and_act_has_a_word() -> None:
    acts = ON_BEHALF | set(DEFAULT_RULES.needs_convener or ())
    for words in (AssignmentState, TaskPhase, get_args(RequestKind), acts):
        assert {str(word) for word in words} <= WORDS.keys()


def test_the_clients_own_copies_are_those_of_the_domain() -> None:
    """The client imports no pydantic where it can do without; what it repeats is held together here."""
    assert VERBS.keys() == ON_BEHALF
    assert frozenset(REQUESTS) == frozenset(get_args(RequestKind))
    assert {AssignmentState(state) for state in AT_WORK} == ALLOWED_FROM["urge"]
    (_text, field) = get_args(PeriodName)
    for period in ("2026-W48", "2026-11", "2026-Q4"):
        assert _PERIOD.fullmatch(period)
    assert _PERIOD.pattern in field.metadata[0].pattern
