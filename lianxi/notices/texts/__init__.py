"""What a notice says: tables from kind and side of the addressee to its words (notices, pure).

The English words are the keys of the catalogue; commands are typed as they stand and never
translated. Kinds come from `lianxi.domain.task.react`, from the conference, and from the ladder,
which is data: a rung without a text of its own gets `OTHER`.
"""

from lianxi.i18n import N_
from lianxi.notices.texts.conference import CONFERENCE_TEXTS, OTHER_OF_CONFERENCE
from lianxi.notices.texts.form import SHOW, Side, Text
from lianxi.notices.texts.office import OFFICE_TEXTS
from lianxi.notices.texts.unit import UNIT_TEXTS

__all__ = ["CONFERENCE_TEXTS", "OTHER", "OTHER_OF_CONFERENCE", "TEXTS", "Side", "Text"]

_SIDES: tuple[tuple[Side, dict[str, Text]], ...] = (("unit", UNIT_TEXTS), ("office", OFFICE_TEXTS))

TEXTS: dict[tuple[Side, str], Text] = {
    (side, kind): text for side, texts in _SIDES for kind, text in texts.items()
}
"""Every kind of notice about a task that this release knows, per side."""

OTHER = Text(
    N_("Reminder"),
    N_("There is something to look at on this task."),
    (SHOW,),
)
"""For a rung of a conference's own ladder, and for a kind from a newer release."""

TASK_TITLED = N_("Task {task}: {title}")
TASK = N_("Task {task}")
CONFERENCE = N_("The conference")
UNIT = N_("Unit: {unit}")
DEADLINE = N_("Deadline: {deadline} ({zone})")
COMMANDS = N_("To answer or to see more, type:")
IDENTITY = N_("Notice {notice_id}. It may reach you twice; the same number is the same notice.")
