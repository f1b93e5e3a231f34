"""Letters: every kind of notice has a text in both languages, and no title breaks a letter."""

# ruff: noqa: RUF001 - Chinese text has full-width punctuation

import gettext
from datetime import UTC, datetime
from io import BytesIO
from itertools import chain
from pathlib import Path
from string import Formatter
from zoneinfo import ZoneInfo

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from lianxi.domain.ladder import DEFAULT_LADDER
from lianxi.domain.task import react
from lianxi.i18n import LOCALE_DIR
from lianxi.notices import rendering, texts
from lianxi.notices.rendering import plain, render, text_of
from lianxi.notices.texts import OTHER, TEXTS, Side
from tests.notices.letters import a_due_notice, a_notice, notice_id

SHANGHAI = ZoneInfo("Asia/Shanghai")


def emitted_kinds() -> set[tuple[Side, str]]:
    """All that `react` can emit, from its own tables."""
    kinds: set[tuple[Side, str]] = {("office", react.READY), ("unit", "withdrawn")}
    for side, kind in react._ASSIGNMENT_NOTICES.values():
        kinds.add(("unit" if side == "unit" else "office", kind))
    kinds |= {("unit", kind) for kind in react._TASK_NOTICES.values()}
    kinds |= {(side, rung.name) for rung in DEFAULT_LADDER.rungs for side in rung.to}
    return kinds


@pytest.fixture
def chinese(monkeypatch: pytest.MonkeyPatch) -> Catalog:
    """The Chinese catalogue from its sources, whether compiled yet or not."""
    catalog = Catalog(locale="zh", domain="lianxi")
    for po in sorted(Path(LOCALE_DIR, "zh", "LC_MESSAGES").glob("*.po")):
        for message in read_po(BytesIO(po.read_bytes())):
            if message.id:
                catalog[message.id] = message
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    translations = gettext.GNUTranslations(compiled)
    monkeypatch.setattr(
        rendering,
        "translation",
        lambda language: translations if language == "zh" else gettext.NullTranslations(),
    )
    return catalog


class TestTexts:
    """The table."""

    def test_every_kind_that_is_emitted_has_a_text_and_no_text_is_unused(self) -> None:
        """The table covers react's tables and the default ladder exactly."""
        assert set(TEXTS) == emitted_kinds()

    def test_commands_name_only_what_a_notice_knows(self) -> None:
        """Each begins with the program's name and fills {task} and {unit} only."""
        for text in chain(TEXTS.values(), [OTHER]):
            assert text.commands
            for command in text.commands:
                assert command.startswith("lianxi ")
                fields = {field for _, field, _, _ in Formatter().parse(command) if field}
                assert fields <= {"task", "unit"}

    def test_every_text_is_marked_and_has_a_chinese_one(self, chinese: Catalog) -> None:
        """What extraction finds is translated, with the same fields; no text is left unmarked."""
        found = {
            str(message)
            for _, message, _, _ in extract_from_file("python", texts.__file__, {"N_": None})
        }
        used = {
            line for text in chain(TEXTS.values(), [OTHER]) for line in (text.subject, text.asked)
        }
        assert used < found
        for message in found:
            translated = chinese.get(message)
            assert translated is not None, message
            assert translated.string, message
            assert _fields(str(translated.string)) == _fields(message)
            assert translated.string != message

    def test_a_rung_of_an_own_ladder_gets_the_general_text(self) -> None:
        """Ladders are data: a kind nobody wrote a text for is still told."""
        due = a_due_notice(notice=a_notice("overdue-3"))
        assert text_of(due) is OTHER
        assert "lianxi task show T-0003" in render(due, SHANGHAI).body


class TestRender:
    """The letter."""

    def test_a_letter_to_a_unit(self) -> None:
        """Task, title, what is asked, deadline in the conference's zone, command, notice id."""
        letter = render(a_due_notice(), SHANGHAI)
        assert letter.subject == "[T-0003] New task: Repair the gauges"
        assert letter.body == (
            "Task T-0003: Repair the gauges\n"
            "\n"
            "Your unit has been assigned this task. Acknowledge it, then complete it in time.\n"
            "Deadline: 2026-11-30 17:00 (Asia/Shanghai)\n"
            "\n"
            "To answer or to see more, type:\n"
            "  lianxi ack T-0003\n"
            "  lianxi task show T-0003\n"
            "\n"
            f"Notice {notice_id(1)}. It may reach you twice;"
            " the same number is the same notice.\n"
        )
        assert (letter.unit, letter.kind, letter.task) == ("U07", "issued", "T-0003")

    @pytest.mark.usefixtures("chinese")
    def test_a_letter_in_chinese(self) -> None:
        """The same in the language of the addressee; commands stay as they are typed."""
        due = a_due_notice(language="zh", title="修复水文站")
        letter = render(due, SHANGHAI)
        assert letter.subject == "[T-0003] 新交办事项: 修复水文站"
        assert "本督办事项已交办贵单位" in letter.body
        assert "期限：2026-11-30 17:00（Asia/Shanghai）" in letter.body
        assert "  lianxi ack T-0003\n" in letter.body

    def test_the_office_reads_which_unit_it_is_about(self) -> None:
        """And gets its own words and commands for a rung that goes to both."""
        notice = a_notice("overdue", addressee="office")
        letter = render(a_due_notice(notice=notice), SHANGHAI)
        assert "Unit: U07" in letter.body
        assert "lianxi task due T-0003 --unit U07 " in letter.body
        unit_letter = render(a_due_notice(notice=a_notice("overdue")), SHANGHAI)
        assert "Unit:" not in unit_letter.body
        assert "lianxi task submit T-0003" in unit_letter.body

    def test_a_task_without_a_known_title_goes_by_its_number(self) -> None:
        """The opening may be missing; the letter is not held back for it."""
        letter = render(a_due_notice(title=None), SHANGHAI)
        assert letter.subject == "[T-0003] New task"
        assert letter.body.startswith("Task T-0003\n")

    def test_where_nothing_is_asked_there_is_no_deadline(self) -> None:
        """An accepted, withdrawn, closed or cancelled one has none any more."""
        for kind in ("accepted", "withdrawn", "closed", "cancelled"):
            assert "Deadline" not in render(a_due_notice(notice=a_notice(kind)), SHANGHAI).body

    def test_a_notice_about_no_unit_can_be_rendered(self) -> None:
        """`ready-to-close` is about the task as a whole."""
        notice = a_notice(react.READY, addressee="office", about=None, due=None)
        body = render(a_due_notice(notice=notice), SHANGHAI).body
        assert "lianxi task close T-0003" in body

    def test_daylight_saving_is_that_of_the_deadline(self) -> None:
        """Local time on the day of the deadline, whatever the season now."""
        summer = a_notice(due=datetime(2027, 7, 1, 15, 0, tzinfo=UTC))
        letter = render(a_due_notice(notice=summer), ZoneInfo("Europe/Berlin"))
        assert "2027-07-01 17:00 (Europe/Berlin)" in letter.body

    @pytest.mark.usefixtures("chinese")
    @pytest.mark.parametrize("language", ["en", "zh", "fr"])
    def test_every_kind_can_be_rendered(self, language: str) -> None:
        """No field is left open; an unknown language falls back to English."""
        for side, kind in emitted_kinds():
            notice = a_notice(kind, addressee="office" if side == "office" else "U07")
            letter = render(a_due_notice(notice=notice, language=language), SHANGHAI)
            assert "{" not in letter.subject + letter.body
            assert notice_id(1) in letter.body


class TestPlain:
    """Titles."""

    @pytest.mark.parametrize(
        ("title", "shown"),
        [
            ("two\nlines\r\nBcc: x", "two lines Bcc: x"),
            ("tab\there\x00and\x1b[31mred\x85", "tab here and [31mred"),
            ("\u202egnp.exe\u2066", "gnp.exe"),
            ("a\u2028b\u2029c", "a b c"),
            ("\ud800", "\ufffd"),
            ("{task} %s {0}", "{task} %s {0}"),
            ("   ", ""),
        ],
    )
    def test_what_could_break_a_letter_is_taken_out(self, title: str, shown: str) -> None:
        """Controls, line breaks, direction marks, surrogates; braces and percents stay text."""
        assert plain(title) == shown
        assert render(a_due_notice(title=title), SHANGHAI).subject.endswith(shown)

    @given(st.text(st.characters(exclude_categories=()), max_size=1000))
    def test_any_title_gives_one_printable_line(self, title: str) -> None:
        """Law: one line of subject, encodable, and below the heading the lines it always has."""
        letter = render(a_due_notice(title="x" + title), SHANGHAI)
        assert len(letter.subject.splitlines()) == 1
        assert len(plain(title)) <= rendering.MAX_TITLE
        letter.subject.encode()
        expected = render(a_due_notice(), SHANGHAI).body.splitlines()[1:]
        assert letter.body.splitlines()[1:] == expected


def _fields(text: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(text) if field}
