"""What a task's command names and only the conference knows is looked at before it is handed in."""

from typing import Any

import pytest

from lianxi.domain.rules import DEFAULT_RULES
from lianxi.store.store import Store
from tests.gateway.house import House, args, code
from tests.parties import CALENDAR
from tests.store.full_life import RULES, FullLife, days, shifted

TASK = "task/T-0001"


@pytest.fixture
def house(store: Store) -> House:
    """T-0001 of U01 and U02; U04 has been succeeded by U05."""
    life = FullLife()
    life.s.issue("plan-1", units=["U01", "U02"], due=days(10))
    merged = life.words("merged", "convener")
    life.s.ask("convener", "succeed", unit="U04", into="U05", reason=merged)
    return House(life.s, store)


async def sent(house: House, action: str, **given: Any) -> tuple[int, str]:
    """Status and code of a command of the office on T-0001."""
    answer = await house.send(house.command("office", action, TASK, args=given))
    return answer.status_code, "" if answer.status_code == 200 else code(answer)


REFUSED: list[tuple[str, dict[str, Any], tuple[int, str]]] = [
    ("add", {"unit": "U99", "due": days(5)}, (404, "UNKNOWN_UNIT")),
    ("add", {"unit": "office", "due": days(5)}, (404, "UNKNOWN_UNIT")),
    ("add", {"unit": "U04", "due": days(5)}, (409, "UNIT_SUCCEEDED")),
    ("add", {"unit": 7}, (422, "INVALID_ARGS")),
    ("transfer", {"unit": "U01", "into": "U99"}, (404, "UNKNOWN_UNIT")),
    ("transfer", {"unit": "U01", "into": "U04"}, (409, "UNIT_SUCCEEDED")),
    ("transfer", {"unit": "U01", "into": "U03"}, (409, "NOT_SUCCEEDED")),
    ("transfer", {"unit": "U05", "into": "U01"}, (409, "NOT_SUCCEEDED")),
]


@pytest.mark.parametrize(("action", "given", "expected"), REFUSED)
async def test_a_unit_that_is_no_member_is_refused_at_the_edge(
    house: House, action: str, given: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert await sent(house, action, **given) == expected
    assert house.desk.seen == []


async def test_a_member_passes(house: House) -> None:
    assert await sent(house, "add", unit="U03", due=days(5)) == (200, "")


async def test_a_units_work_goes_to_its_successor_alone(house: House) -> None:
    """Another member unit will not do, and the refusal says what is to be done first."""
    answer = await house.send(
        house.command("office", "transfer", TASK, args={"unit": "U02", "into": "U05"})
    )
    error = answer.json()["error"]
    assert (error["code"], error["params"]) == ("NOT_SUCCEEDED", {"unit": "U02", "into": "U05"})
    assert "lianxi unit succeed U02 --into U05" in error["hint"]
    reason = args(house.scenario.text("merged", "convener"))
    house.scenario.ask("convener", "succeed", unit="U02", into="U05", reason=reason)
    house.record()
    assert await sent(house, "transfer", unit="U02", into="U05") == (200, "")


async def test_where_the_successor_has_been_succeeded_the_last_of_the_line_takes_over(
    house: House,
) -> None:
    reason = args(house.scenario.text("merged", "convener"))
    for unit, into in (("U02", "U03"), ("U03", "U05")):
        house.scenario.ask("convener", "succeed", unit=unit, into=into, reason=reason)
    house.record()
    assert await sent(house, "transfer", unit="U02", into="U03") == (409, "UNIT_SUCCEEDED")
    assert await sent(house, "transfer", unit="U02", into="U05") == (200, "")


async def test_a_unit_succeeded_since_it_was_proposed_is_not_added_by_the_approval(
    store: Store,
) -> None:
    """Not even passed on to the convener; the same proposal for another unit goes through."""
    life = FullLife(rules=RULES.model_copy(update={"needs_convener": ("add",)}))
    s = life.s
    task = s.issue("plan-1", units=["U01"], due=days(10))
    s.act("office", task, "add", unit="U02", due=days(5))
    s.act("office", task, "add", unit="U03", due=days(5))
    succeeded, other = s.tasks[task].state.proposals
    s.ask("convener", "succeed", unit="U02", into="U04", reason=life.words("merged", "convener"))
    house = House(s, store)

    async def approved(proposal: str) -> tuple[int, str]:
        body = house.command("convener", "approve", TASK, args={"proposal": proposal})
        answer = await house.send(body)
        return answer.status_code, "" if answer.status_code == 200 else code(answer)

    assert await approved(succeeded) == (409, "UNIT_SUCCEEDED")
    assert house.desk.seen == []
    assert await approved(other) == (200, "")
    assert set(s.tasks[task].state.assignments) == {"U01", "U03"}
    assert (await approved("0" * 64))[1] == "UNKNOWN_SUBJECT"


async def test_a_calendar_the_conference_never_adopted_is_refused(house: House) -> None:
    calendar = args(shifted(house.scenario.now.date()))
    assert await sent(house, "adopt-calendar", calendar=calendar) == (409, "CALENDAR_UNKNOWN")
    assert house.desk.seen == []
    house.scenario.ask("convener", "adopt-calendar", calendar=calendar)
    house.record()
    assert await sent(house, "adopt-calendar", calendar=calendar) == (200, "")


async def test_one_byte_of_another_calendar_is_another_calendar(house: House) -> None:
    calendar = args(CALENDAR.model_copy(update={"version": 2}))
    house.scenario.ask("convener", "adopt-calendar", calendar=calendar)
    house.record()
    other = {**calendar, "closes": "17:01"}
    assert await sent(house, "adopt-calendar", calendar=other) == (409, "CALENDAR_UNKNOWN")


async def test_a_task_is_reopened_under_what_the_conference_has_adopted(house: House) -> None:
    scenario = house.scenario
    for unit in ("U01", "U02"):
        scenario.submit(unit, "T-0001")
        scenario.accept(unit, "T-0001")
    scenario.act("office", "T-0001", "close", verdict="implemented")
    reason = args(scenario.text("look again"))
    house.record()
    given = {"units": ["U01"], "due": days(5), "reason": reason}
    rules = args(RULES)
    assert await sent(house, "reopen", **given, rules=rules) == (409, "RULES_UNKNOWN")
    other = args(CALENDAR.model_copy(update={"version": 2}))
    unknown = await sent(house, "reopen", **given, rules=args(DEFAULT_RULES), calendar=other)
    assert unknown == (409, "CALENDAR_UNKNOWN")
    assert house.desk.seen == []
    scenario.ask("convener", "adopt-rules", rules=rules)
    house.record()
    known = {"rules": rules, "calendar": args(CALENDAR)}
    assert await sent(house, "reopen", **given, **known) == (200, "")


async def test_with_the_store_away_such_a_command_waits(house: House) -> None:
    """Nobody could say whether the unit is a member; a plain acknowledgement goes on."""
    await house.get("office", "me")
    house.lose_store()
    assert await sent(house, "add", unit="U03", due=days(5)) == (503, "STORE_UNAVAILABLE")
    answer = await house.send(house.command("U01", "acknowledge", TASK))
    assert answer.status_code == 200


async def test_the_conference_adopts_what_it_has_not_adopted_before(house: House) -> None:
    """On its own stream the same action is the decision itself."""
    calendar = args(shifted(house.scenario.now.date()))
    body = house.command("convener", "adopt-calendar", "conference", args={"calendar": calendar})
    assert (await house.send(body)).status_code == 200
