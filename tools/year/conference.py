"""What happens to the conference itself in the demo year: its rules, and who sits in it (tools, data)."""

from lianxi.domain.ladder import DEFAULT_LADDER, Rung
from lianxi.domain.rules import DEFAULT_RULES, Rules, Spans
from tools.year.script import InForce, Line, Text, at

FOUNDING_RULES = DEFAULT_RULES.model_copy(
    update={"needs_convener": ("warning", "bulletin", "cancel")}
)
"""The convener decides in person on warnings, bulletins and the cancelling of a task."""


def _sooner(rung: Rung) -> Rung:
    return rung.model_copy(update={"after_days": 8}) if rung.name == "overdue-10" else rung


SUMMER_RULES = FOUNDING_RULES.model_copy(
    update={
        "version": 3,
        "ladder": DEFAULT_LADDER.model_copy(
            update={"version": 3, "rungs": tuple(map(_sooner, DEFAULT_LADDER.rungs))}
        ),
        "needs_convener": (*(FOUNDING_RULES.needs_convener or ()), "issue"),
    }
)
"""From July on: bulletins two days earlier, and issues of the office wait for the convener."""

WINTER_RULES = SUMMER_RULES.model_copy(update={"version": 4, "spans": Spans(gap_after_minutes=1)})
"""From December on a minute without service is a gap, so that the year can show one."""

RULES: dict[int, Rules] = {2: FOUNDING_RULES, 3: SUMMER_RULES, 4: WINTER_RULES}

SUCCESSION, NEW_LIAISON, SUMMER, CALENDAR, WINTER = 115, 100, 121, 155, 224
ROTATION, LOST_CARD = 135, 140
"""Working days of the year on which the conference itself changes."""

SUCCEEDED, SUCCESSOR = "U24", "U25"

CONFERENCE: tuple[Line, ...] = (
    at(NEW_LIAISON, "09:00", "convener", "register-key", unit="U12"),
    at(SUCCESSION, "09:00", "convener", "succeed", unit=SUCCEEDED, into=SUCCESSOR,
       reason=Text("机构改革，邮政职责并入公共图书馆 (merged by the reform of institutions)")),
    at(ROTATION, "09:00", "convener", "change-roster", unit="U09"),
    at(LOST_CARD, "09:00", "convener", "replace-key", unit="U20"),
    at(SUMMER, "09:00", "convener", "adopt-rules", rules=InForce("rules 3")),
    at(CALENDAR, "09:00", "office", "adopt-calendar", calendar=InForce("calendar 2")),
    at(WINTER, "09:00", "convener", "adopt-rules", rules=InForce("rules 4")),
)  # fmt: skip
"""What happens to the conference as a whole. The calendar is adopted on every open task too."""
