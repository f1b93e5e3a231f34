"""The rules of the conference, one test each, in the order of decide's docstring.

Sentence of the rules -> test:

- which acts need the convener is data: a proposed issue waits -> an_issue_of_the_office_…
- it takes effect when the convener approves, expires by rule -> the two tests behind it
- calendar and rules are versioned -> a_calendar_…, rules_…
- a unit is succeeded by another -> a_unit_is_succeeded_once
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import ValidationError

from lianxi.domain.conference import commands as cmd
from lianxi.domain.conference import events as ev
from lianxi.domain.conference.decide import Digests, decide, rungs_due
from lianxi.domain.conference.state import ConferenceState, evolve
from lianxi.domain.refusal import Refusal
from lianxi.domain.rules import DEFAULT_RULES, FIRST_RULES, Rules
from lianxi.domain.task.commands import ApproveProposal, IssueTask, RejectProposal
from lianxi.domain.task.deciding.case import Order
from lianxi.domain.values import Actor, Role, role_of
from lianxi.proof.rosters import sign_roster
from tests.domain.gwt import CALENDAR, REASON, at, commitment, entry, event_hash
from tests.parties import Parties

NOW = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
PARTIES = Parties(units=("U01", "U02"))
DIGESTS = Digests(
    args=event_hash(1),
    rules=event_hash(2),
    calendar=event_hash(5),
    prev_roster=event_hash(3),
    roster=event_hash(4),
)
ISSUES_ARE_THE_CONVENERS = DEFAULT_RULES.model_copy(update={"needs_convener": ("issue",)})


def founding(**changes: object) -> cmd.FoundConference:
    fields = {
        "conference": "demo",
        "zone": "Asia/Shanghai",
        "directory": commitment("names"),
        "members": [{"unit": "U01"}, {"unit": "U02"}],
        "roster": PARTIES.roster,
        "roster_signatures": [sign_roster(PARTIES.roster, PARTIES.signers["convener"])],
    }
    return cmd.FoundConference.model_validate({**fields, **changes})


def order(unit: str, command: object) -> Order:
    return Order(Actor(unit=unit, role=role_of(unit)), command)  # type: ignore[arg-type]


def founded(**changes: object) -> ConferenceState:
    digests = DIGESTS if "calendar" in changes else replace(DIGESTS, calendar=None)
    (event,) = decide(None, order("convener", founding(**changes)), digests, NOW)
    return evolve(None, ev.ConferenceFact(1, event_hash(1), NOW, event))


def after(
    state: ConferenceState, unit: str, command: object, digests: Digests = DIGESTS
) -> tuple[ConferenceState, ev.ConferenceEvent]:
    """The state after a command that is taken, and its event."""
    (event,) = decide(state, order(unit, command), digests, NOW)
    return evolve(state, ev.ConferenceFact(2, event_hash(22), NOW, event)), event


def refused(state: ConferenceState | None, given: Order, digests: Digests = DIGESTS) -> Refusal:
    with pytest.raises(Refusal) as refusal:
        decide(state, given, digests, NOW)
    return refusal.value


def issue(ref: str = "task-1", **changes: object) -> IssueTask:
    fields = {
        "ref": ref,
        "mode": "each",
        "title": commitment("title"),
        "units": ("U01",),
        "due": {"rule": "duration", "seconds": 86_400 * 9},
    }
    return IssueTask.model_validate({**fields, **changes})


def test_founded_once_by_the_convener() -> None:
    """The office cannot found; a second founding is refused."""
    assert refused(None, order("office", founding())).code == "ROLE_NOT_ALLOWED"
    assert founded().members.keys() == {"U01", "U02"}
    assert refused(founded(), order("convener", founding())).code == "ALREADY_FOUNDED"


@pytest.mark.parametrize("unit", ["U01", "office", "Convener", "system"])
def test_no_unit_twice_none_reserved(unit: str) -> None:
    """Reserved ids whatever their case."""
    command = founding(members=[{"unit": "U01"}, {"unit": unit}])
    assert refused(None, order("convener", command)).code == "DUPLICATE_UNIT"


def test_keys_are_for_units_of_the_conference() -> None:
    """A member unit, or a reserved id such as auditor."""
    register = cmd.RegisterKey(
        entry=PARTIES.entry("U02"),
        possession="0" * 128,
        roster_signatures=(sign_roster(PARTIES.roster, PARTIES.signers["convener"]),),
    )
    (event,) = decide(founded(), order("office", register), DIGESTS, NOW)
    assert isinstance(event, ev.KeyRegistered)
    assert event.version == 2
    foreign = register.model_copy(
        update={"entry": PARTIES.entry("U02").model_copy(update={"unit": "U99"})}
    )
    assert refused(founded(), order("office", foreign)).code == "UNKNOWN_UNIT"
    assert refused(founded(), order("U01", register)).code == "ROLE_NOT_ALLOWED"


def test_tasks_get_numbers_in_order() -> None:
    """T-0001, T-0002 …, for the convener's side only."""
    state = founded()
    for number, ref in enumerate(("a", "b"), 1):
        (event,) = decide(state, order("office", issue(ref)), DIGESTS, NOW)
        assert isinstance(event, ev.TaskRegistered)
        assert event.task == f"T-{number:04d}"
        state = evolve(state, ev.ConferenceFact(number + 1, event_hash(number), NOW, event))
    assert refused(state, order("U01", issue("c"))).code == "ROLE_NOT_ALLOWED"


def test_the_same_id_is_found_again_or_refused() -> None:
    """Same content: the same task. Other content: refused with its number."""
    state = founded()
    (event,) = decide(state, order("office", issue()), DIGESTS, NOW)
    state = evolve(state, ev.ConferenceFact(2, event_hash(2), NOW, event))
    again = refused(state, order("convener", issue()))
    assert (again.code, again.params["task"]) == ("ALREADY_REGISTERED", "T-0001")
    other = refused(state, order("office", issue()), Digests(args=event_hash(9)))
    assert (other.code, other.params["task"]) == ("ISSUE_DIFFERS", "T-0001")


def test_what_could_not_be_issued_is_not_registered() -> None:
    """A dry run of the task's own rules; unknown units."""
    past = issue(due={"rule": "instant", "at": "2026-11-01T00:00:00.000000Z"})
    assert refused(founded(), order("office", past)).code == "LIMIT_PAST"
    foreign = issue(units=("U01", "U77"))
    assert refused(founded(), order("office", foreign)).params == {"unit": "U77"}


def test_a_succeeded_unit_gets_no_task() -> None:
    """Its successor does; the refusal names it."""
    succeed = cmd.SucceedUnit(unit="U01", into="U02", reason=REASON)
    state, event = after(founded(), "office", succeed)
    assert event == ev.UnitSucceeded(unit="U01", into="U02", reason=REASON)
    refusal = refused(state, order("office", issue()))
    assert (refusal.code, refusal.params) == ("UNIT_SUCCEEDED", {"unit": "U01", "into": "U02"})
    after(state, "office", issue(units=("U02",)))


# --- issues that are the convener's ---


def test_an_issue_of_the_office_waits_for_the_convener_where_the_rules_say_so() -> None:
    """What could not be issued is not proposed; the same id waits once; the convener issues at once."""
    state = founded(rules=ISSUES_ARE_THE_CONVENERS, calendar=CALENDAR)
    past = issue(due={"rule": "instant", "at": "2026-11-01T00:00:00.000000Z"})
    assert refused(state, order("office", past)).code == "LIMIT_PAST"
    _, at_once = after(state, "convener", issue())
    assert isinstance(at_once, ev.TaskRegistered)
    state, event = after(state, "office", issue())
    assert event == ev.IssueProposed(
        ref="task-1",
        args=issue().model_dump(mode="json", exclude_none=True),
        args_hash=event_hash(1),
        expires=at("11-16 17:00"),
    )
    assert refused(state, order("office", issue())).code == "ALREADY_SO"
    assert state.registrations == {}


def test_an_approved_issue_is_registered_and_names_its_proposal() -> None:
    """Only by the convener, while it waits and would still be accepted."""
    state, _ = after(founded(rules=ISSUES_ARE_THE_CONVENERS, calendar=CALENDAR), "office", issue())
    approve = ApproveProposal(proposal=event_hash(22))
    assert refused(state, order("office", approve)).code == "CONVENER_DECIDES"
    unknown = ApproveProposal(proposal=event_hash(9))
    assert refused(state, order("convener", unknown)).code == "UNKNOWN_SUBJECT"
    after_all, event = after(state, "convener", approve)
    assert event == ev.TaskRegistered(
        task="T-0001",
        ref="task-1",
        args_hash=event_hash(1),
        rules_hash=event_hash(2),
        calendar_hash=event_hash(5),
        proposal=event_hash(22),
    )
    assert (after_all.proposals, list(after_all.registrations)) == ({}, ["task-1"])
    succeeded, _ = after(state, "office", cmd.SucceedUnit(unit="U01", into="U02", reason=REASON))
    assert refused(succeeded, order("convener", approve)).code == "UNIT_SUCCEEDED"


def test_a_rejected_or_expired_issue_waits_no_more() -> None:
    """Rejected by the convener with a reason; expired by rule; both can be proposed again."""
    state, _ = after(founded(rules=ISSUES_ARE_THE_CONVENERS, calendar=CALENDAR), "office", issue())
    reject = RejectProposal(proposal=event_hash(22), reason=REASON)
    assert refused(state, order("office", reject)).code == "CONVENER_DECIDES"
    rejected, event = after(state, "convener", reject)
    assert event == ev.IssueRejected(proposal=event_hash(22), reason=REASON)
    assert rejected.proposals == {}
    expires = at("11-16 17:00")
    assert state.next_deadline == expires
    assert rungs_due(state, expires - timedelta(microseconds=1)) == ()
    (expired,) = rungs_due(state, expires)
    assert expired == ev.IssueExpired(proposal=event_hash(22), due_at=expires)
    gone = evolve(state, ev.ConferenceFact(3, event_hash(3), expires, expired))
    assert (gone.proposals, gone.next_deadline) == ({}, None)


# --- calendar, rules, successions ---


def test_a_calendar_follows_on_an_earlier_version() -> None:
    """The same again is nothing to do; units told of it are of the conference."""
    adopt = cmd.AdoptConferenceCalendar(calendar=CALENDAR, units=("U01",))
    state, event = after(founded(), "office", adopt)
    assert event == ev.CalendarAdopted(
        calendar=CALENDAR, calendar_hash=event_hash(5), units=("U01",)
    )
    assert (state.calendar, state.calendar_hash) == (CALENDAR, event_hash(5))
    assert refused(state, order("office", adopt)).code == "ALREADY_SO"
    other = Digests(args=event_hash(1), calendar=event_hash(6))
    late = refused(state, order("office", adopt), other)
    assert (late.code, late.params) == ("VERSION_NOT_NEXT", {"given": 1, "now": 1})
    foreign = cmd.AdoptConferenceCalendar(
        calendar=CALENDAR.model_copy(update={"version": 2}), units=("U77",)
    )
    assert refused(state, order("office", foreign), other).code == "UNKNOWN_UNIT"
    assert refused(state, order("U01", adopt)).code == "ROLE_NOT_ALLOWED"


def test_a_calendar_that_contradicts_itself_is_refused() -> None:
    """At the founding and later."""
    twice = CALENDAR.model_copy(
        update={"entries": (entry(date(2026, 12, 3), date(2026, 12, 4), "holiday"),) * 2}
    )
    assert refused(None, order("convener", founding(calendar=twice))).code == "CALENDAR_OVERLAP"
    adopt = cmd.AdoptConferenceCalendar(calendar=twice)
    assert refused(founded(), order("office", adopt)).code == "CALENDAR_OVERLAP"


def test_rules_follow_on_an_earlier_version_and_can_be_climbed() -> None:
    """The same again is nothing to do; new tasks follow the new ones."""
    adopt = cmd.AdoptRules(rules=DEFAULT_RULES)
    other = Digests(args=event_hash(1), rules=event_hash(7))
    state, event = after(founded(rules=FIRST_RULES), "convener", adopt, other)
    assert event == ev.RulesAdopted(rules=DEFAULT_RULES, rules_hash=event_hash(7))
    assert (state.rules, state.rules_hash) == (DEFAULT_RULES, event_hash(7))
    assert refused(state, order("convener", adopt), other).code == "ALREADY_SO"
    assert refused(state, order("convener", adopt)).code == "VERSION_NOT_NEXT"
    for other_unit in ("U01", "office"):
        # they say what waits for the convener: the office cannot relieve itself of it
        assert refused(state, order(other_unit, adopt)).code == "ROLE_NOT_ALLOWED"
    mute = DEFAULT_RULES.ladder.rungs[0].model_copy(update={"to": ()})
    ladder = DEFAULT_RULES.ladder.model_copy(update={"rungs": (mute,)})
    bad = Rules(version=9, ladder=ladder)
    assert refused(state, order("convener", cmd.AdoptRules(rules=bad))).code == "RUNG_TO_NOBODY"
    assert refused(None, order("convener", founding(rules=bad))).code == "RUNG_TO_NOBODY"


def test_what_cannot_wait_here_is_the_conveners_alone() -> None:
    """Only issues are proposed on the conference's stream."""
    rules = DEFAULT_RULES.model_copy(update={"needs_convener": ("succeed", "adopt-calendar")})
    state = founded(rules=rules)
    succeed = cmd.SucceedUnit(unit="U01", into="U02", reason=REASON)
    assert refused(state, order("office", succeed)).code == "CONVENER_DECIDES"
    _, event = after(state, "convener", succeed)
    assert isinstance(event, ev.UnitSucceeded)


def test_a_unit_is_succeeded_once() -> None:
    """By another unit of the conference that has not been succeeded itself."""
    succeed = cmd.SucceedUnit(unit="U01", into="U02", reason=REASON)
    state, _ = after(founded(), "office", succeed)
    assert refused(state, order("office", succeed)).code == "ALREADY_SO"
    back = cmd.SucceedUnit(unit="U02", into="U01", reason=REASON)
    assert refused(state, order("office", back)).code == "UNIT_SUCCEEDED"
    foreign = cmd.SucceedUnit(unit="U01", into="U09", reason=REASON)
    assert refused(founded(), order("office", foreign)).code == "UNKNOWN_UNIT"
    with pytest.raises(ValueError, match="cannot succeed itself"):
        cmd.SucceedUnit(unit="U01", into="U01", reason=REASON)


def test_roles_follow_ids() -> None:
    """Reserved ids have their role, everything else is a unit."""
    assert role_of("auditor") is Role.AUDITOR
    assert role_of("U01") is Role.UNIT


def test_an_approval_cannot_wait_for_an_approval() -> None:
    """Rules that left `approve` to the convener would propose every approval of the office."""
    with pytest.raises(ValidationError):
        Rules.model_validate({"needs_convener": ["approve"]})


def test_office_hours_are_those_of_the_calendar_in_force() -> None:
    """Limits end by the calendar's hours, so a bare date must mean them too."""
    state = founded()
    assert state.office_hours.closes == "17:00"
    short = CALENDAR.model_copy(update={"closes": "16:30"})
    state, _ = after(state, "office", cmd.AdoptConferenceCalendar(calendar=short))
    assert state.office_hours.closes == "16:30"


def test_a_calendar_of_another_zone_is_refused() -> None:
    """Its days begin at other instants; at the founding as later."""
    abroad = CALENDAR.model_copy(update={"zone": "Asia/Urumqi"})
    adopt = order("office", cmd.AdoptConferenceCalendar(calendar=abroad))
    assert refused(founded(), adopt).code == "CALENDAR_ZONE"
    given = order("convener", founding(calendar=abroad))
    assert refused(None, given).code == "CALENDAR_ZONE"
