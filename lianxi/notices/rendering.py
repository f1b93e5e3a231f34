"""From a due notice to a letter in the addressee's language (notices, pure).

Total: whatever title, kind or language a row carries, there is a letter. Texts of users reach it
only through `plain`, so a subject never holds a line break and no text can turn the page around.
"""

import unicodedata
from collections.abc import Callable
from zoneinfo import ZoneInfo

from lianxi.domain.values import CONVENERS_SIDE, role_of
from lianxi.i18n import translation
from lianxi.notices import texts
from lianxi.notices.texts import (
    CONFERENCE_TEXTS,
    OTHER,
    OTHER_OF_CONFERENCE,
    TEXTS,
    Side,
    Text,
)
from lianxi.ports import DueNotice, Letter

SHORT_HASH = 12
"""Characters of an event's hash that a command names; the client completes it."""

MAX_TITLE = 200
"""Characters of a title that a letter shows; the whole stands in `lianxi task show`."""

_UNSAFE = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def render(due: DueNotice, zone: ZoneInfo) -> Letter:
    """The letter of a notice; deadlines in local time of `zone`, the conference's."""
    _ = translation(due.language).gettext
    text = text_of(due)
    title = plain(due.title or "")
    task = due.notice.task
    subject = _(text.subject) if task is None else f"[{task}] {_(text.subject)}"
    return Letter(
        notice_id=due.notice_id,
        origin=due.origin,
        unit=due.notice.addressee,
        kind=due.notice.kind,
        task=task,
        address=due.address,
        language=due.language,
        subject=f"{subject}: {title}" if title else subject,
        body=_body(due, text, title, zone, _),
    )


def text_of(due: DueNotice) -> Text:
    """The row of the table for a notice: by its kind and on which side its addressee stands."""
    side: Side = "office" if role_of(due.notice.addressee) in CONVENERS_SIDE else "unit"
    if due.notice.task is None:
        return CONFERENCE_TEXTS.get((side, due.notice.kind), OTHER_OF_CONFERENCE)
    return TEXTS.get((side, due.notice.kind), OTHER)


def plain(text: str) -> str:
    """One line that is safe in a header and on a page, at most MAX_TITLE characters.

    White space and controls become single spaces, direction marks go, what has no character
    becomes U+FFFD.
    """
    kept = "".join(_shown(char) for char in text[: 4 * MAX_TITLE] if char not in _TURNING)
    line = " ".join(kept.split())
    return line if len(line) <= MAX_TITLE else line[: MAX_TITLE - 1] + "…"


def _shown(char: str) -> str:
    category = unicodedata.category(char)
    if category not in _UNSAFE:
        return char
    return " " if category in ("Cc", "Zl", "Zp") else "\ufffd"


def _body(due: DueNotice, text: Text, title: str, zone: ZoneInfo, _: Callable[[str], str]) -> str:
    notice = due.notice
    if notice.task is None:
        lines = [title or _(texts.CONFERENCE)]
    else:
        heading = _(texts.TASK_TITLED) if title else _(texts.TASK)
        lines = [heading.format(task=notice.task, title=title)]
    if notice.about is not None and notice.about != notice.addressee:
        lines.append(_(texts.UNIT).format(unit=notice.about))
    lines += ["", _(text.asked)]
    if text.deadline and notice.due is not None:
        local = notice.due.astimezone(zone).strftime("%Y-%m-%d %H:%M")
        lines.append(_(texts.DEADLINE).format(deadline=local, zone=zone.key))
    named = {
        "task": notice.task,
        "unit": notice.about or "UNIT",
        "subject": (notice.subject or "EVENT")[:SHORT_HASH],
        "event": notice.subject or "EVENT",
    }
    commands = [command.format_map(named) for command in text.commands]
    lines += ["", _(texts.COMMANDS), *(f"  {command}" for command in commands)]
    lines += ["", _(texts.IDENTITY).format(notice_id=due.notice_id)]
    return "\n".join(lines) + "\n"
