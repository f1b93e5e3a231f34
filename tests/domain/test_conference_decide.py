"""The rules of the conference, one test each, in the order of decide's docstring."""

from datetime import UTC, datetime

import pytest

from lianxi.domain.conference import commands as cmd
from lianxi.domain.conference import events as ev
from lianxi.domain.conference.decide import Digests, decide
from lianxi.domain.conference.state import ConferenceState, evolve
from lianxi.domain.refusal import Refusal
from lianxi.domain.task.commands import IssueTask
from lianxi.domain.task.decide import Order
from lianxi.domain.values import Actor, Role, role_of
from lianxi.proof.rosters import sign_roster
from tests.domain.gwt import commitment, event_hash
from tests.parties import Parties

NOW = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
PARTIES = Parties(units=("U01", "U02"))
DIGESTS = Digests(
    args=event_hash(1), rules=event_hash(2), prev_roster=event_hash(3), roster=event_hash(4)
)


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


def founded() -> ConferenceState:
    (event,) = decide(None, order("convener", founding()), DIGESTS, NOW)
    return evolve(None, ev.ConferenceFact(1, event_hash(1), NOW, event))


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


def test_roles_follow_ids() -> None:
    """Reserved ids have their role, everything else is a unit."""
    assert role_of("auditor") is Role.AUDITOR
    assert role_of("U01") is Role.UNIT
