"""The Chinese catalogue: complete, in step with the code, with the same fields."""

import ast
import re

import pytest

from lianxi.cli.words import KEY_STANDINGS, WORDS
from lianxi.errors import CATALOGUE
from tools.catalogue import CHINESE, ROOT, as_bytes, chinese, messages, updated

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


def test_no_text_is_marked_inside_an_f_string() -> None:
    """The tool does not look there: such a text is never translated."""
    found = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in sorted((ROOT / "lianxi").rglob("*.py"))
        for string in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(string, ast.JoinedStr)
        for call in ast.walk(string)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in ("_", "N_")
        and isinstance(call.args[0], ast.Constant)
    ]
    assert found == [], "give it a name first"


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


def test_a_key_in_force_is_no_task_under_way() -> None:
    """One English word, two Chinese ones."""
    known = chinese()
    assert WORDS["active"] != KEY_STANDINGS["active"]
    assert known.get(KEY_STANDINGS["active"]).string == "有效"


@pytest.mark.parametrize("other", ["散列", "读表", "读取表", "存储"])
def test_a_thing_has_one_name(other: str) -> None:
    """哈希, 查询表, 留痕库."""
    assert [m.id for m in chinese() if other in "".join(_texts(m.string))] == []
