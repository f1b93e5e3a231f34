"""Every command explains itself, in both languages, beginning with an example; the documents say the same."""

import re
import shlex

import click
import pytest

from lianxi.cli import language
from lianxi.cli.grammar import Entry, Explained, LazyGroup, Verb
from lianxi.cli.main import main, root
from tools.reference import CLI, ERRORS, cli_document, commands, errors_document

COMMANDS = dict(commands())

OF_THIS_ISSUE = {
    "": "todo inbox ack up down status doctor demo backup restore handover",
    "task": "issue list show progress submit recall object extend stop retract concur dissent answer"
    " heed dispute correct accept return grant refuse suspend resume add withdraw due urge instruct"
    " on-behalf by-mistake approve reject thaw close cancel reopen evidence history receipt",
    "unit": "list show succeed",
    "notice": "list phoned",
    "audit": "list show verify findings reconcile as-of export",
    "key": "new register show",
    "conference": "init show gap thaw",
    "deadline": "explain",
    "calendar": "show check build adopt",
    "ladder": "show check simulate replay adopt",
    "config": "show set list",
}
"""The verbs of every noun."""


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
    assert _chinese_help(COMMANDS[path], path)


def test_a_command_without_a_chinese_text_is_found() -> None:
    """The check above sees the command's own text, not what all commands have in Chinese."""
    unknown = Verb("x", example="lianxi x", help="Nobody has translated this.\n\nNor this.")
    assert not _chinese_help(unknown, "lianxi x")


def _chinese_help(command: click.Command, path: str) -> bool:
    """Whether every paragraph of its own help is Chinese, and shown."""
    language.activate("zh")
    try:
        helped = command.get_help(click.Context(command, info_name=path))
        own = language._(command.help or "")
    finally:
        language.activate("en")
    shown = "".join(helped.split())
    return all(
        re.search("[\u4e00-\u9fff]", paragraph) and "".join(paragraph.split()) in shown
        for paragraph in own.split("\n\n")
    )


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
    wanted = {
        " ".join(("lianxi", *noun.split(), verb))
        for noun, verbs in OF_THIS_ISSUE.items()
        for verb in verbs.split()
    }
    there = {path for path, command in COMMANDS.items() if not isinstance(command, LazyGroup)}
    assert wanted - there == set()


def test_the_documents_are_what_the_code_says() -> None:
    """`make docs` writes them."""
    assert CLI.read_text("utf-8") == cli_document()
    assert ERRORS.read_text("utf-8") == errors_document()


def test_did_you_mean(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["task", "evidenc"]) == 2
    assert "Did you mean 'evidence'?" in capsys.readouterr().err


def test_clicks_own_messages_are_chinese_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--lang", "zh", "task", "isue"]) == 2
    language.activate("en")
    assert "没有命令 'isue'。" in capsys.readouterr().err
