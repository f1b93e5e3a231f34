"""The Chinese catalogue: complete, in step with the code, with the same fields."""

import re

import pytest

from lianxi.cli.words import WORDS
from lianxi.errors import CATALOGUE
from tools.catalogue import CHINESE, as_bytes, chinese, messages, updated

_FIELD = re.compile(r"\{[^}]*\}|%\(\w+\)s")


def _texts(message: object) -> list[str]:
    return list(message) if isinstance(message, list | tuple) else [str(message)]


def test_no_message_is_untranslated() -> None:
    """Every marked text of lianxi and every message of click has a Chinese one."""
    known = chinese()
    missing = []
    for message in messages():
        if not message.id:
            continue
        found = known.get(message.id)
        if found is None or not all(_texts(found.string)) or not found.string:
            missing.append(message.id)
    assert missing == [], "write them into lianxi.po: python -m tools.catalogue"


def test_the_file_is_what_the_tool_writes() -> None:
    """Nothing left over, nothing forgotten."""
    assert CHINESE.read_bytes() == as_bytes(updated())


def test_a_translation_has_the_fields_of_its_text() -> None:
    for message in chinese():
        if not message.id:
            continue
        wanted = set(_FIELD.findall(_texts(message.id)[-1]))
        for text in _texts(message.string):
            assert set(_FIELD.findall(text)) == wanted, message.id


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_error_is_translated(code: str) -> None:
    known = chinese()
    for text in (CATALOGUE[code].message, CATALOGUE[code].hint):
        assert known.get(text).string


def test_the_fields_own_words() -> None:
    """domain.md §1."""
    known = chinese()
    words = {
        WORDS["issued"]: "待签收",
        WORDS["in-progress"]: "办理中",
        WORDS["returned"]: "退回重办",
    }
    for english, word in words.items():
        assert known.get(english).string == word
