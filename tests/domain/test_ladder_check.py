"""Whether a ladder can be climbed: one test per refusal, and the ladders we ship."""

import pytest
from pydantic import ValidationError

from lianxi.domain.ladder import DEFAULT_LADDER, FIRST_LADDER, Ladder, OfficeRung, Rung
from lianxi.domain.ladder_check import MUST_REMIND, check_ladder
from lianxi.domain.refusal import Refusal

RUNG = {
    "name": "late",
    "anchor": "due",
    "states": ("issued", "in-progress", "returned"),
    "to": ("unit",),
    "kind": "red",
    "fires_late": True,
}

REMINDERS = tuple(r for r in DEFAULT_LADDER.office or () if r.about in MUST_REMIND)


def rung(**changes: object) -> Rung:
    return Rung.model_validate({**RUNG, **changes})


def ladder(*rungs: Rung, office: tuple[OfficeRung, ...] = REMINDERS) -> Ladder:
    return Ladder(version=3, rungs=rungs, office=office)


def refused(given: Ladder) -> tuple[str, object, object]:
    with pytest.raises(Refusal) as refusal:
        check_ladder(given)
    return refusal.value.code, refusal.value.params.get("rung"), refusal.value.params.get("why")


@pytest.mark.parametrize("given", [FIRST_LADDER, DEFAULT_LADDER, ladder(rung())])
def test_our_own_ladders_can_be_climbed(given: Ladder) -> None:
    """And so can one with no rung but those that must be."""
    check_ladder(given)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"states": ()}, "no-state"),
        ({"states": ("submitted",)}, "state-submitted"),
        ({"states": ("in-progress", "suspended")}, "state-suspended"),
        (
            {"anchor": "acknowledge_by", "kind": "urge", "states": ("in-progress",)},
            "state-in-progress",
        ),
        ({"kind": "reminder", "before_days": 3, "after_days": 1}, "before-and-after"),
        ({"before_days": 3}, "late-before-due"),
        ({"anchor": "acknowledge_by", "states": ("issued",)}, "late-before-due"),
        ({"kind": "reminder", "before_office_fraction": (1, 1)}, "at-opening"),
        ({"kind": "yellow", "before_fraction": (3, 3)}, "at-opening"),
    ],
)
def test_an_unreachable_rung_is_named(changes: dict[str, object], why: str) -> None:
    """A state in which its limit does not run, an instant that has always passed."""
    assert refused(ladder(rung(**changes))) == ("RUNG_UNREACHABLE", "late", why)


def test_a_rung_to_nobody_is_named() -> None:
    """A unit's rung, or a reminder of the office."""
    assert refused(ladder(rung(to=()))) == ("RUNG_TO_NOBODY", "late", None)
    silent = OfficeRung(name="review-late", about="review", after_days=3, to=())
    assert refused(ladder(office=(silent,))) == ("RUNG_TO_NOBODY", "review-late", None)


def test_a_reminder_without_days_needs_a_matter_that_brings_its_limit() -> None:
    """A suspension brings its review date, a submission does not."""
    bare = OfficeRung(name="review-late", about="review")
    assert refused(ladder(office=(bare,))) == ("RUNG_UNREACHABLE", "review-late", "no-days")
    look = OfficeRung(name="look", about="suspension")
    check_ladder(ladder(rung(), office=(*REMINDERS, look)))


def test_rungs_that_propose_climb_after_the_one_that_says_late() -> None:
    """Each on a later day than the one before."""
    warning = rung(name="warn", kind="warning", after_days=3)
    assert refused(ladder(warning)) == ("RUNG_ORDER", "warn", None)
    assert refused(ladder(warning, rung())) == ("RUNG_ORDER", "late", None)
    same_day = rung(name="tell", kind="bulletin", after_days=3)
    assert refused(ladder(rung(), warning, same_day)) == ("RUNG_ORDER", "tell", None)
    check_ladder(ladder(rung(), warning))


def test_a_name_stands_once() -> None:
    """Among rungs the model refuses it; a reminder of the office with a rung's name is refused here."""
    with pytest.raises(ValidationError, match="named twice"):
        ladder(rung(), rung())
    same = OfficeRung(name="late", about="review", after_days=3)
    assert refused(ladder(rung(), office=(same,))) == ("RUNG_UNREACHABLE", "late", "named-twice")


def test_a_rung_has_not_the_name_of_another_notice() -> None:
    """Its notice would be taken for that one; the office's reminders too."""
    with pytest.raises(ValidationError, match="another notice"):
        ladder(rung(name="accepted"))
    with pytest.raises(ValidationError, match="another notice"):
        ladder(office=(OfficeRung(name="urged", about="review", after_days=3),))


@pytest.mark.parametrize(
    "changes", [{"fires_late": False}, {"after_days": 1}, {"states": ("issued", "in-progress")}]
)
def test_a_ladder_says_late_at_due_whatever_happened(changes: dict[str, object]) -> None:
    """Late too, in every state in which due runs; else a unit could be late and nobody told."""
    given = ladder(rung(**changes))
    with pytest.raises(Refusal) as refusal:
        check_ladder(given)
    assert (refusal.value.code, refusal.value.params) == ("LADDER_GAPS", {"lacks": "red"})
    with pytest.raises(Refusal, match="LADDER_GAPS"):
        check_ladder(ladder())


@pytest.mark.parametrize("matter", MUST_REMIND)
def test_a_ladder_reminds_the_office_of_what_has_no_other_clock(matter: str) -> None:
    """What lies there unseen would lie there for ever."""
    left = tuple(r for r in REMINDERS if r.about != matter)
    with pytest.raises(Refusal) as refusal:
        check_ladder(ladder(rung(), office=left))
    assert (refusal.value.code, refusal.value.params) == ("LADDER_GAPS", {"lacks": matter})
    bare = Ladder(version=2, rungs=(rung(),))
    with pytest.raises(Refusal, match="LADDER_GAPS"):
        check_ladder(bare)


def test_a_reminder_about_the_whole_task_has_no_unit_to_tell() -> None:
    """A task that is ready to close lies with the office alone."""
    close = OfficeRung(name="close-late", about="close", after_days=5, to=("office", "unit"))
    assert refused(ladder(rung(), office=(close,))) == ("RUNG_TO_NOBODY", "close-late", None)
