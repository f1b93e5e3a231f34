"""Every command explains itself, in both languages, beginning with an example; the documents say the same."""

import re
import shlex

import click
import pytest

from lianxi.cli import language
from lianxi.cli.grammar import Entry, Explained, LazyGroup
from lianxi.cli.main import main, root
from tools.reference import CLI, ERRORS, cli_document, commands, errors_document

COMMANDS = dict(commands())

OF_THIS_ISSUE = """todo inbox ack task issue list show progress submit recall accept return withdraw due
close cancel evidence history receipt unit notice audit verify as-of export key new register conference
init config up down status doctor backup restore"""


@pytest.mark.parametrize("path", COMMANDS)
def test_a_command_begins_its_help_with_an_example_that_is_its_own(path: str) -> None:
    command = COMMANDS[path]
    assert isinstance(command, Explained)
    assert command.help
    assert command.example.startswith(path), command.example
    helped = command.get_help(click.Context(command, info_name=path))
    usage, first, _rest = helped.partition("\n\nExample:\n  lianxi ")
    assert usage.startswith("Usage: ")
    assert first


@pytest.mark.parametrize("path", COMMANDS)
def test_a_command_has_a_chinese_text(path: str) -> None:
    command = COMMANDS[path]
    language.activate("zh")
    try:
        helped = command.get_help(click.Context(command, info_name=path))
    finally:
        language.activate("en")
    prose = [line for line in helped.splitlines() if line.startswith("  ") and "lianxi" not in line]
    assert re.search("[\u4e00-\u9fff]", helped.partition(":\n")[2])
    assert prose


def test_every_example_parses(capsys: pytest.CaptureFixture[str]) -> None:
    """What is printed first must be what can be typed: examples name real options."""
    for path, command in COMMANDS.items():
        if isinstance(command, LazyGroup):
            continue
        assert isinstance(command, Explained)
        example = command.example.partition("\n\n")[0].replace("\\\n", " ")
        for line in example.splitlines():
            words = shlex.split(line.partition(" > ")[0])
            rest = words[path.count(" ") + 1 :]
            with command.make_context(path, rest, resilient_parsing=False):
                pass
    capsys.readouterr()


def test_the_tables_short_help_is_the_first_line_of_the_commands_own() -> None:
    """Listings are made without importing commands; they must not say something else."""
    for path, command in COMMANDS.items():
        parent = COMMANDS.get(path.rpartition(" ")[0], root)
        assert isinstance(parent, LazyGroup)
        entry: Entry = parent.table[path.rpartition(" ")[2]]
        own = (command.help or "").partition("\n")[0]
        assert own.startswith(entry.short.removesuffix(".")), path


def test_the_commands_of_this_issue_are_there() -> None:
    names = {word for path in COMMANDS for word in path.split()}
    assert set(OF_THIS_ISSUE.split()) <= names


def test_the_documents_are_what_the_code_says() -> None:
    """`make docs` writes them."""
    assert CLI.read_text("utf-8") == cli_document()
    assert ERRORS.read_text("utf-8") == errors_document()


def test_did_you_mean(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["task", "isue"]) == 2
    assert "Did you mean 'issue'?" in capsys.readouterr().err


def test_clicks_own_messages_are_chinese_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--lang", "zh", "task", "isue"]) == 2
    language.activate("en")
    assert "没有命令 'isue'。" in capsys.readouterr().err
