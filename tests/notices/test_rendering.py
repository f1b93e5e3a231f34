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

from lianxi.domain.conference import events as cev
from lianxi.domain.conference import react as conference_react
from lianxi.domain.ladder import DEFAULT_LADDER, NOTICE_KINDS, PROPOSED_KINDS
from lianxi.domain.task import events as ev
from lianxi.domain.task import react
from lianxi.i18n import LOCALE_DIR
from lianxi.notices import rendering, texts
from lianxi.notices.rendering import plain, render, text_of
from lianxi.notices.texts import CONFERENCE_TEXTS, OTHER, OTHER_OF_CONFERENCE, TEXTS, Side
from lianxi.store.projection.observation import FINDING
from tests.cli.spoken import parse
from tests.notices.letters import a_due_notice, a_notice, notice_id

SHANGHAI = ZoneInfo("Asia/Shanghai")


BY_FUNCTION: dict[type[ev.TaskEvent], set[tuple[Side, str]]] = {
    ev.RungFired: {("office", "proposed")},  # and the rungs themselves, from the ladder
    ev.OfficeReminded: set(),  # from the ladder
    ev.AssignmentAcknowledged: {("office", "acknowledged")},
    ev.AssignmentWithdrawn: {("unit", "withdrawn")},
    ev.AssignmentTransferred: {("unit", "transferred")},
    ev.RequestRefused: {("unit", "extension-decided"), ("unit", "stop-decided")},
    ev.PeriodEnded: {("unit", "report-late"), ("office", "report-late")},
    ev.LimitsMoved: {("unit", "limits-moved")},
    ev.WarningSent: {("unit", "warning-sent"), ("office", "warning-sent")},
    ev.BulletinIssued: {("unit", "bulletin-issued"), ("office", "bulletin-issued")},
    ev.ConcurrenceAsked: {("unit", "concurrence-asked")},
    ev.ConcurrenceSilent: {("office", "concurrence-silent")},
    ev.InstructionGiven: {("unit", "instruction")},
    ev.ActProposed: {("office", "proposed")},
    ev.ProposalEndorsed: {("office", "proposed")},
    ev.ProposalApproved: {("office", "approved")},
    ev.ProposalRejected: {("office", "rejected")},
    ev.ProposalExpired: {("office", "expired")},
    ev.ProposalOvertaken: {("office", "overtaken")},
    ev.ServiceGapNoted: {("office", "service-gap")},
}
"""What the functions of react's `_TELL` can emit; the keys are compared with the table itself."""


BY_CONFERENCE: dict[type[cev.ConferenceEvent], tuple[Side, str]] = {
    cev.CalendarAdopted: ("unit", "calendar"),
    cev.IssueProposed: ("office", "proposed"),
    cev.IssueRejected: ("office", "rejected"),
    cev.IssueExpired: ("office", "expired"),
    cev.RedactionProposed: ("office", "redaction-proposed"),
    cev.RedactionRejected: ("office", "redaction-rejected"),
    cev.RedactionExpired: ("office", "redaction-expired"),
    cev.OpeningRedacted: ("unit", "redacted"),
}
"""What the conference tells."""

OF_KEYS: dict[type[cev.ConferenceEvent], set[tuple[Side, str]]] = {
    cev.KeyRegistered: {("unit", "key-registered"), ("office", "key-registered")},
    cev.RosterChanged: {
        ("unit", "keys-changed"),
        ("unit", "key-revoked"),
        ("office", "keys-changed"),
        ("office", "key-revoked"),
    },
    cev.KeyReplaced: {("unit", "key-replaced"), ("office", "key-replaced")},
}
"""What it tells of keys: to the unit whose they are, and to the convener."""

BY_THE_STORE: set[tuple[Side, str]] = {("unit", FINDING), ("office", FINDING)}
"""What observations tell: to the convener's side, and to the auditor as to a unit."""


def emitted_kinds() -> set[tuple[Side, str]]:
    """All that `react` can emit about a task, from its own tables and the ladder."""
    kinds: set[tuple[Side, str]] = {("office", react.READY)}
    for told in react._ASSIGNMENT_NOTICES.values():
        kinds |= {("unit" if side == "unit" else "office", kind) for side, kind in told}
    kinds |= {("unit", kind) for kind in react._TASK_NOTICES.values()}
    for emitted in BY_FUNCTION.values():
        kinds |= emitted
    for rung in DEFAULT_LADDER.rungs:
        if rung.kind not in PROPOSED_KINDS:
            kinds |= {("unit" if side == "unit" else "office", rung.name) for side in rung.to}
    for reminder in DEFAULT_LADDER.office or ():
        kinds |= {("unit" if side == "unit" else "office", reminder.name) for side in reminder.to}
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
        assert set(BY_FUNCTION) == set(react._TELL)
        assert set(TEXTS) == emitted_kinds()

    def test_what_the_conference_tells_has_its_texts(self) -> None:
        """Of no task; the keys are those of the conference's own table."""
        assert set(BY_CONFERENCE) == set(conference_react._TELL)
        assert set(OF_KEYS) == set(conference_react._TELL_OF_KEYS)
        told = set(BY_CONFERENCE.values()) | BY_THE_STORE | set().union(*OF_KEYS.values())
        assert set(CONFERENCE_TEXTS) == told

    def test_every_kind_of_notice_that_is_no_rung_has_a_text(self) -> None:
        """The ladder's own list of reserved names, which the conference's notices are part of."""
        known = {kind for _side, kind in (*TEXTS, *CONFERENCE_TEXTS)}
        assert known >= NOTICE_KINDS

    def test_commands_name_only_what_a_notice_knows(self) -> None:
        """Each begins with the program's name; without a task no command names one."""
        known = {"task", "unit", "subject", "event"}
        ours = {"subject", "event"}
        for text, allowed in (
            *((text, known) for text in (*TEXTS.values(), OTHER)),
            *((text, ours) for text in (*CONFERENCE_TEXTS.values(), OTHER_OF_CONFERENCE)),
        ):
            assert text.commands
            for command in text.commands:
                assert command.startswith("lianxi ")
                assert _fields(command) <= allowed

    def test_a_notice_names_commands_that_there_are(self) -> None:
        """What a letter says to type is parsed by the program itself."""
        for text in (*TEXTS.values(), *CONFERENCE_TEXTS.values(), OTHER, OTHER_OF_CONFERENCE):
            for template in text.commands:
                known = {"task": "T-0003", "unit": "U07", "subject": "5f1c3a9d0e12"}
                command = template.format(**known, event="5f1c3a9d0e12" * 5)
                parse(command.replace("NUMBER", "60").replace("LIMIT", "15wd"))

    def test_every_text_is_marked_and_has_a_chinese_one(self, chinese: Catalog) -> None:
        """What extraction finds is translated, with the same fields; no text is left unmarked."""
        folder = Path(texts.__file__).parent
        found = {
            str(message)
            for path in folder.glob("*.py")
            for _, message, _, _ in extract_from_file("python", path, {"N_": None})
        }
        every = chain(TEXTS.values(), CONFERENCE_TEXTS.values(), [OTHER, OTHER_OF_CONFERENCE])
        used = {line for text in every for line in (text.subject, text.asked)}
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
        every = [
            *((side, kind, "T-0003") for side, kind in emitted_kinds()),
            *((side, kind, None) for side, kind in CONFERENCE_TEXTS),
        ]
        for side, kind, task in every:
            addressee = "office" if side == "office" else "U07"
            notice = a_notice(kind, addressee=addressee, task=task, subject="ab" * 32)
            letter = render(a_due_notice(notice=notice, language=language), SHANGHAI)
            assert "{" not in letter.subject + letter.body
            assert "None" not in letter.subject + letter.body
            assert notice_id(1) in letter.body

    def test_a_proposed_task_has_no_number_yet(self) -> None:
        """A notice about the conference names no task; the command names the event, cut short."""
        notice = a_notice(
            "proposed", addressee="convener", task=None, about=None, subject="5f1c" * 16
        )
        letter = render(a_due_notice(notice=notice), SHANGHAI)
        assert letter.subject == "A new task to approve: Repair the gauges"
        assert letter.body.startswith("Repair the gauges\n\nA task waits for your approval")
        assert "  lianxi task approve 5f1c5f1c5f1c\n" in letter.body
        assert letter.task is None
        untitled = render(a_due_notice(notice=notice, title=None), SHANGHAI)
        assert untitled.body.startswith("The conference\n")

    def test_an_answer_names_the_event_that_it_is_about(self) -> None:
        """An instruction is heeded by its event; a warning's deadline is that of the explanation."""
        notice = a_notice("instruction", subject="abcdef012345" + "0" * 52)
        body = render(a_due_notice(notice=notice), SHANGHAI).body
        assert "  lianxi task heed T-0003 --event abcdef012345\n" in body


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
