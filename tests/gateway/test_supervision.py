"""What the reads of release 0.2 show, route by route and role by role: requests, proposals, to-do."""

from typing import Any

import pytest

from lianxi.domain.task.events import KINDS
from lianxi.gateway.sight import SIGHT
from lianxi.store.queries.task_view import Eyes, task_view
from lianxi.store.store import Store
from tests.gateway.house import House, args, code
from tests.gateway.test_views import items, read
from tests.parties import CALENDAR
from tests.store.full_life import RULES, FullLife, days


@pytest.fixture
def life() -> FullLife:
    """Founded, all keys but the last unit's registered, no task."""
    return FullLife()


def house_of(life: FullLife, store: Store) -> House:
    """A gateway on what has been lived so far."""
    return House(life.s, store)


def part(view: dict[str, Any], unit: str) -> dict[str, Any]:
    """One unit's assignment in a task view."""
    found: dict[str, Any] = next(a for a in view["assignments"] if a["unit"] == unit)
    return found


async def seen(house: House, unit: str, task: str) -> dict[str, Any]:
    """A task as somebody sees it."""
    view: dict[str, Any] = (await read(house, unit, f"tasks/{task}"))["task"]
    return view


# --- requests, suspensions, warnings: the unit's own, and the office's ---


@pytest.fixture
def asked(life: FullLife) -> FullLife:
    """T-0001: U01 leads; U02 has asked for an extension and a stop, U03 objects, U04 is suspended."""
    s = life.s
    task = s.issue("plan-1", mode="lead", lead="U01", units=["U02", "U03", "U04"], due=days(10))
    s.act("U02", task, "progress", percent=30, text=life.words("a third", "U02"))
    s.act("U02", task, "extend", until=days(20), reason=life.words("more time", "U02"))
    s.act("U02", task, "stop", reason=life.words("or stop", "U02"))
    s.act("U03", task, "object", reason=life.words("not ours", "U03"))
    s.act("U04", task, "acknowledge")
    s.act("office", task, "suspend", unit="U04", reason=life.words("flood"), review_by=days(5))
    s.act("office", task, "urge", units=["U01"])
    return life


@pytest.mark.parametrize("viewer", ["office", "convener", "auditor", "U02"])
async def test_a_units_requests_are_shown_to_it_and_to_oversight(
    asked: FullLife, store: Store, viewer: str
) -> None:
    view = part(await seen(house_of(asked, store), viewer, "T-0001"), "U02")
    own = asked.part("T-0001", "U02")
    assert view["extension"] == {
        "event": own.extension.event,
        "at": view["extension"]["at"],
        "reason": "more time",
        "until": view["extension"]["until"],
        "holds": True,
    }
    assert (view["stop"]["reason"], view["stop"]["holds"], view["stop"]["until"]) == (
        "or stop",
        False,
        None,
    )
    assert view["said"] == list(own.said)
    assert view["days_left"] == 10
    assert (view["provisional"], view["extensions"]) == (False, 0)


@pytest.mark.parametrize("viewer", ["U01", "U03"])
async def test_other_units_see_states_and_nothing_beside_them(
    asked: FullLife, store: Store, viewer: str
) -> None:
    """Not the lead either."""
    view = await seen(house_of(asked, store), viewer, "T-0001")
    other = part(view, "U02")
    assert (other["state"], other["percent"]) == ("in-progress", 30)
    for name in ("objection", "extension", "stop", "suspension", "warning", "filing", "undo"):
        assert other[name] is None
    assert (other["said"], other["instructions"], other["urged_at"]) == ([], [], None)
    assert part(view, "U04")["suspension"] is None


async def test_suspension_objection_and_urging_are_shown_with_their_instants(
    asked: FullLife, store: Store
) -> None:
    house = house_of(asked, store)
    view = await seen(house, "office", "T-0001")
    assert part(view, "U04")["suspension"]["back_to"] == "in-progress"
    assert part(view, "U04")["days_left"] is None
    assert part(view, "U03")["objection"]["reason"] == "not ours"
    assert part(view, "U01")["urged_at"] is not None
    suspended = asked.part("T-0001", "U04")
    assert part(view, "U04")["undo"] == {
        "act": suspended.undo.act,
        "state": "in-progress",
        "due": part(view, "U04")["due"],
        "cycle": 1,
    }
    assert part(await seen(house, "U04", "T-0001"), "U04")["undo"] is None


async def test_what_waits_by_role(asked: FullLife, store: Store) -> None:
    house = house_of(asked, store)
    office = await read(house, "office", "todo")
    assert {(i["unit"], i["what"]) for i in office["items"]} == {
        ("U02", "decide-extension"),
        ("U02", "decide-stop"),
        ("U03", "decide-objection"),
        ("U04", "look-again"),
    }
    assert {(i["unit"], i["what"], i["who"]) for i in office["waiting"]} == {
        ("U01", "acknowledge", "U01"),
        ("U02", "report", "U02"),
    }
    extension = next(i for i in office["items"] if i["what"] == "decide-extension")
    own = asked.part("T-0001", "U02")
    assert (extension["subject"], extension["head"]) == (own.extension.event, own.head)
    assert (extension["late"], extension["optional"], extension["days_left"]) == (False, False, 10)
    unit = await read(house, "U02", "todo")
    assert [(i["what"], i["state"]) for i in unit["items"]] == [("report", "in-progress")]
    assert {i["what"] for i in unit["waiting"]} == {"decide-extension", "decide-stop"}
    convener = await read(house, "convener", "todo")
    assert len(convener["items"]) == len(office["items"])


async def test_what_is_past_its_limit_says_so(asked: FullLife, store: Store) -> None:
    asked.s.wait(days=9)
    found = await items(house_of(asked, store), "office", "todo")
    assert {i["what"]: i["late"] for i in found} == {
        "decide-extension": True,
        "decide-stop": True,
        "decide-objection": True,
        "look-again": True,
    }


async def test_what_was_filed_on_its_behalf_a_unit_may_dispute_as_long_as_it_can(
    life: FullLife, store: Store
) -> None:
    """Optional, and gone from the list once its limit has passed."""
    s = life.s
    task = s.issue("plan-1", units=["U01"], due=days(9))
    basis = life.words("said so on the phone")
    s.act(
        "office",
        task,
        "on-behalf",
        unit="U01",
        act="acknowledge",
        args={},
        via="phone",
        basis=basis,
    )
    house = house_of(life, store)
    found = {i["what"]: (i["act"], i["optional"]) for i in await items(house, "U01", "todo")}
    assert found == {"report": (None, False), "dispute": ("acknowledge", True)}
    view = part(await seen(house, "U01", task), "U01")
    assert (view["filing"]["act"], view["filing"]["disputed"]) == ("acknowledge", False)
    s.wait(days=3)
    house.record()
    assert [i["what"] for i in await items(house, "U01", "todo")] == ["report"]


# --- concurrence ---


@pytest.fixture
def submitted(life: FullLife) -> FullLife:
    """T-0001: U01 leads and has submitted; U02 and U03 are asked; U04 has not acknowledged."""
    s = life.s
    task = s.issue(
        "plan-1",
        mode="lead",
        lead="U01",
        units=["U02", "U03", "U04"],
        due=days(10),
        concurrence=True,
    )
    for unit in ("U01", "U02", "U03"):
        s.act(unit, task, "acknowledge")
    s.act("U01", task, "progress", text=life.words("between us", "U01"))
    s.submit("U01", task)
    submission = life.part(task, "U01").submission.event
    s.act("U03", task, "dissent", submission=submission, reason=life.words("not so", "U03"))
    return life


async def test_who_is_asked_reads_the_submission_and_no_more(
    submitted: FullLife, store: Store
) -> None:
    house = house_of(submitted, store)
    view = await seen(house, "U02", "T-0001")
    lead = part(view, "U01")
    assert lead["report"] == "Report of U01"
    assert len(lead["evidence"]) == 1
    assert "between us" not in view["texts"].values()
    assert view["concurrence"]["open"] == ["U02"]
    assert view["concurrence"]["dissented"] == {"U03": None}
    for commit in (lead["report_commit"], lead["evidence"][0]["commit"]):
        assert (await house.get("U02", f"openings/{commit}")).status_code == 200
        assert (await house.get("U04", f"openings/{commit}")).status_code == 404


async def test_who_is_not_asked_learns_nothing_of_it(submitted: FullLife, store: Store) -> None:
    view = await seen(house_of(submitted, store), "U04", "T-0001")
    assert view["concurrence"] is None
    assert part(view, "U01")["report"] is None


@pytest.mark.parametrize("viewer", ["office", "U01", "U03"])
async def test_a_dissent_is_read_by_office_lead_and_who_said_it(
    submitted: FullLife, store: Store, viewer: str
) -> None:
    view = await seen(house_of(submitted, store), viewer, "T-0001")
    assert view["concurrence"]["dissented"] == {"U03": "not so"}


async def test_concurrence_is_to_do_for_who_has_not_answered(
    submitted: FullLife, store: Store
) -> None:
    house = house_of(submitted, store)
    found = {unit: [i["what"] for i in await items(house, unit, "todo")] for unit in ("U02", "U03")}
    assert sorted(found["U02"]) == ["concur", "report"]
    assert found["U03"] == ["report"]


# --- instructions ---


async def test_an_instruction_is_for_whom_it_is_addressed_to(life: FullLife, store: Store) -> None:
    s = life.s
    task = s.issue("plan-1", units=["U01", "U02", "U03"], due=days(10))
    text = life.words("keep it quiet")
    s.act("office", task, "instruct", units=["U01", "U02"], text=text, acknowledge=True)
    given = s.tasks[task].state.instructions[0].event
    s.act("U01", task, "heed", instruction=given)
    house = house_of(life, store)
    office = (await seen(house, "office", task))["instructions"]
    assert [(i["text"], i["units"], i["open"]) for i in office] == [
        ("keep it quiet", ["U01", "U02"], ["U02"])
    ]
    second = await seen(house, "U02", task)
    assert second["instructions"][0]["units"] == ["U02"]
    assert part(second, "U02")["instructions"] == [given]
    assert (await seen(house, "U03", task))["instructions"] == []
    for unit, status in (("U01", 200), ("U02", 200), ("U03", 404), ("auditor", 200)):
        assert (await house.get(unit, f"openings/{text['commit']}")).status_code == status


# --- proposals ---


@pytest.fixture
def proposed(life: FullLife) -> FullLife:
    """T-0001 runs; cancelling it, and a second issue, wait for the convener."""
    s = life.s
    s.ask("convener", "adopt-rules", rules=args(RULES))
    event = s.propose("plan-1", units=["U01", "U02"], due=days(9))
    task = s.begin(s.ask("convener", "approve", proposal=event))
    s.act("office", task, "cancel", reason=life.words("no longer wanted"))
    s.propose("plan-2", units=["U03"], due=days(9), text=life.words("what to do"))
    return life


async def test_proposals_are_the_conveners_to_do_before_the_offices(
    proposed: FullLife, store: Store
) -> None:
    s = proposed.s
    submission = s.issue("plan-3", units=["U03"], due=days(9))
    s.submit("U03", submission)
    house = house_of(proposed, store)
    convener = await items(house, "convener", "todo")
    (cancelling,) = s.tasks["T-0001"].state.proposals
    (issuing,) = s.conference.state.proposals
    assert [(i["task"], i["what"], i["act"], i["subject"], i["who"]) for i in convener] == [
        (None, "approve", "issue", issuing, "convener"),
        ("T-0001", "approve", "cancel", cancelling, "convener"),
        (submission, "review", None, convener[2]["subject"], "office"),
    ]
    assert [i["state"] for i in convener] == ["proposed", "active", "submitted"]
    assert [i["title"] for i in convener[:2]] == ["Task plan-2", "Task plan-1"]
    assert (convener[0]["head"], convener[1]["head"]) == (None, s.tasks["T-0001"].state.head)
    office = await read(house, "office", "todo")
    assert [i["what"] for i in office["items"]] == ["review"]
    assert [i["who"] for i in office["waiting"]][:2] == ["convener", "convener"]
    unit = await read(house, "U01", "todo")
    assert [i["what"] for i in (*unit["items"], *unit["waiting"])] == ["acknowledge"]


async def test_a_warning_proposed_is_the_offices_before_the_unit_hears_of_it(
    life: FullLife, store: Store
) -> None:
    s = life.s
    task = s.issue("plan-1", units=["U01"], due=days(2))
    s.act("U01", task, "acknowledge")
    s.wait(days=8)
    house = house_of(life, store)
    office = [
        (i["what"], i["act"], i["unit"], i["light"]) for i in await items(house, "office", "todo")
    ]
    assert office == [("approve", "warning", "U01", "red")]
    unit = await read(house, "U01", "todo")
    assert [i["what"] for i in unit["items"]] == ["report"]
    assert unit["waiting"] == []


async def test_units_see_nothing_of_proposals(proposed: FullLife, store: Store) -> None:
    house = house_of(proposed, store)
    office = await seen(house, "office", "T-0001")
    assert [(p["act"], p["stage"], p["by_rung"]) for p in office["proposals"]] == [
        ("cancel", "convener", False)
    ]
    reason = office["proposals"][0]["args"]["reason"]["commit"]
    assert office["texts"][reason] == "no longer wanted"
    unit = await seen(house, "U01", "T-0001")
    assert unit["proposals"] == []
    assert "no longer wanted" not in unit["texts"].values()
    waiting = (await read(house, "auditor", "conference"))["proposals"]
    assert [(p["ref"], p["title"]) for p in waiting] == [("plan-2", "Task plan-2")]
    for commit in (reason, waiting[0]["args"]["title"]["commit"]):
        for unit_, status in (("U01", 404), ("convener", 200), ("auditor", 200)):
            assert (await house.get(unit_, f"openings/{commit}")).status_code == status


async def test_an_approved_issue_is_found_by_its_file(proposed: FullLife, store: Store) -> None:
    """With the arguments of the issue, not of its approval."""
    found = await read(house_of(proposed, store), "office", "registrations/plan-1")
    assert (found["task"], found["args"]["ref"]) == ("T-0001", "plan-1")


# --- the conference ---


@pytest.mark.parametrize("viewer", ["convener", "office", "auditor", "U01"])
async def test_the_conference_shows_what_its_tasks_follow(
    proposed: FullLife, store: Store, viewer: str
) -> None:
    s = proposed.s
    reason = proposed.words("merged", "convener")
    s.ask("convener", "succeed", unit="U04", into="U05", reason=reason)
    found = await read(house_of(proposed, store), viewer, "conference")
    state = s.conference.state
    assert found["calendar"] == args(CALENDAR)
    assert found["rules"] == args(RULES)
    assert (found["calendar_hash"], found["rules_hash"]) == (state.calendar_hash, state.rules_hash)
    assert (found["calendar_version"], found["rules_version"]) == (1, 3)
    assert found["successors"] == {"U04": "U05"}
    assert (found["conference"], found["zone"]) == ("demo", "Asia/Shanghai")
    assert len(found["proposals"]) == (0 if viewer == "U01" else 1)


async def test_a_conference_of_release_0_1_has_no_calendar(lived: House) -> None:
    found = await read(lived, "U01", "conference")
    assert (found["calendar"], found["calendar_hash"], found["calendar_version"]) == (None,) * 3
    assert found["rules_version"] == 1


# --- gaps, handover, successions ---


async def test_gaps_of_service_and_which_of_them_do_not_count(life: FullLife, store: Store) -> None:
    s = life.s
    for ref in ("plan-1", "plan-2"):
        s.issue(ref, units=["U01"], due=days(3))
    s.pass_time(days=3)
    gap = s.tasks["T-0001"].state.gaps[0]
    s.act("office", "T-0001", "exclude-gap", gap=gap.event, reason=life.words("power cut"))
    house = house_of(life, store)
    found = await items(house, "auditor", "gaps")
    assert [(g["task"], g["excluded"]) for g in found] == [("T-0002", False), ("T-0001", True)]
    assert found[1]["event"] == gap.event
    assert found[1]["since"] < found[1]["until"]
    first = await read(house, "office", "gaps", limit=1)
    rest = await read(house, "office", "gaps", limit=1, cursor=first["next"])
    assert [*first["items"], *rest["items"]] == found
    view = await seen(house, "U01", "T-0001")
    assert [(g["event"], g["excluded"]) for g in view["gaps"]] == [(gap.event, True)]


async def test_a_handover_has_what_is_open_with_the_last_words(
    asked: FullLife, store: Store
) -> None:
    s = asked.s
    body = asked.words("the second matter")
    second = s.issue("plan-2", units=["U02"], due=days(4), text=body)
    done = s.issue("plan-3", units=["U02"], due=days(4))
    s.submit("U02", done)
    s.accept("U02", done)
    s.submit("U02", second)
    found = await read(house_of(asked, store), "U02", "handover")
    assert found["unit"] == "U02"
    assert [(i["task"], i["state"], i["text"]) for i in found["items"]] == [
        ("T-0002", "submitted", "the second matter"),
        ("T-0001", "in-progress", None),
    ]
    said = [(r["kind"], r["percent"], r["text"]) for i in found["items"] for r in i["reports"]]
    assert said == [
        ("CompletionSubmitted", None, "Report of U02"),
        ("ProgressReported", 30, "a third"),
    ]


async def test_a_succeeded_unit_no_longer_sees_what_its_successor_has(
    life: FullLife, store: Store
) -> None:
    s = life.s
    task = s.issue("plan-1", units=["U01", "U02"], due=days(9))
    s.ask("convener", "succeed", unit="U02", into="U03", reason=life.words("merged", "convener"))
    s.act("office", task, "transfer", unit="U02", into="U03")
    house = house_of(life, store)
    answer = await house.get("U02", f"tasks/{task}")
    assert (answer.status_code, code(answer)) == (404, "UNKNOWN_TASK")
    view = await seen(house, "U03", task)
    assert [a["unit"] for a in view["assignments"]] == ["U01", "U03"]
    assert [i["what"] for i in await items(house, "U03", "todo")] == ["acknowledge"]


# --- events: the same words are not read there either ---


HIDDEN_KINDS = {
    *("ActProposed", "ProposalEndorsed", "ProposalApproved", "ProposalRejected"),
    *("ProposalExpired", "ProposalOvertaken", "OfficeReminded"),
}

INNER_KINDS = {
    *("ExtensionRequested", "StopRequested", "RequestRefused", "AssignmentObjected"),
    *("AssignmentSuspended", "FiledOnBehalf", "WarningSent", "UnitUrged", "PhoneCallNoted"),
    *("ExtensionGranted", "ObjectionRefused", "ActReversed", "FilingDisputed"),
}

LIMITS = {"unit", "revision", "due", "acknowledge_by", "due_rule", "acknowledge_rule"}


@pytest.fixture
def full(life: FullLife, store: Store) -> House:
    """Everything that can happen, recorded."""
    life.all()
    return house_of(life, store)


async def histories(house: House, unit: str) -> dict[str, list[dict[str, Any]]]:
    """Every task that somebody sees, with its listing of events."""
    tasks = [row["task"] for row in await items(house, unit, "tasks", limit=500)]
    return {task: await items(house, unit, f"tasks/{task}/events", limit=500) for task in tasks}


def test_the_table_of_sights_knows_every_kind() -> None:
    """A new kind is decided about: what is not there no unit sees."""
    assert set(SIGHT) == set(KINDS)


@pytest.mark.parametrize("unit", ["U01", "U02", "U05", "U06"])
async def test_of_proposals_no_unit_sees_any_event(full: House, unit: str) -> None:
    """Neither in the listing nor in the timeline nor by its hash; a rung that proposes is one."""
    everything = await histories(full, "office")
    found = await histories(full, unit)
    assert found
    for task, rows in found.items():
        timeline = (await seen(full, unit, task))["timeline"]
        assert timeline == rows
        assert not {row["kind"] for row in rows} & HIDDEN_KINDS
        rungs = {row["data"]["rung"] for row in rows if row["kind"] == "RungFired"}
        assert not rungs & {"overdue-3", "overdue-10"}
        shown = {row["hash"] for row in rows}
        for row in everything[task]:
            if row["hash"] not in shown:
                answer = await full.get(unit, f"events/{row['hash']}")
                assert (answer.status_code, code(answer)) == (404, "NOT_FOUND")
    assert {r["kind"] for rows in everything.values() for r in rows} >= HIDDEN_KINDS


@pytest.mark.parametrize("unit", ["U01", "U03", "U06"])
async def test_of_another_units_inner_matters_only_that_they_happened_is_seen(
    full: House, unit: str
) -> None:
    """Kind, unit, instants and limits; not a word, not a commitment, not the bytes. The lead too."""
    own = {unit, "U02"} if unit == "U06" else {unit}  # it has succeeded U02
    kinds = set()
    for task, rows in (await histories(full, unit)).items():
        for row in rows:
            if row["kind"] not in INNER_KINDS:
                continue
            answer = await full.get(unit, f"events/{row['hash']}")
            if row["unit"] in own and answer.status_code == 200:
                assert answer.json()["event"]["data"] == row["data"]
            elif row["unit"] != unit:
                kinds.add(row["kind"])
                assert row["data"].keys() <= LIMITS, (task, row)
                assert answer.status_code == 404
            else:
                raise AssertionError(row)
    assert kinds


async def test_a_successor_sees_what_became_its_own(full: House) -> None:
    """T-0007: U02's work went to U06; of T-0001, where it did not, U06 is no part."""
    rows = await items(full, "U06", "tasks/T-0007/events", limit=500)
    whole = await items(full, "office", "tasks/T-0007/events", limit=500)
    of_before = [r for r in whole if r["unit"] == "U02"]
    assert of_before
    assert [r for r in rows if r["unit"] == "U02"] == of_before


async def test_an_instruction_and_a_dissent_are_seen_by_whom_they_concern(full: House) -> None:
    """T-0001: U02 and U03 were instructed, U01 leads, U03 dissented."""
    kinds = {
        unit: {
            r["kind"]: r["data"] for r in await items(full, unit, "tasks/T-0001/events", limit=500)
        }
        for unit in ("U01", "U02", "U03", "U04")
    }
    assert {u for u, found in kinds.items() if "InstructionGiven" in found} == {"U02", "U03"}
    assert {u for u, found in kinds.items() if "DissentFiled" in found} == {"U01", "U03"}
    asked = {u for u, found in kinds.items() if "ConcurrenceAsked" in found}
    assert asked == {"U01", "U02", "U03", "U04"}


async def test_an_envelope_is_shown_where_all_that_it_caused_is(full: House) -> None:
    """What was approved is seen, its approval not; what was filed for another unit neither."""
    whole = await items(full, "office", "tasks/T-0001/events", limit=500)
    filed = next(r for r in whole if r["kind"] == "FiledOnBehalf")
    act = next(
        r
        for r in whole
        if r["kind"] == "AssignmentAcknowledged" and r["request_id"] == filed["request_id"]
    )
    answers = {
        unit: (await read(full, unit, f"events/{act['hash']}"))["envelope"]
        for unit in ("office", "U04", "U02")
    }
    assert answers["office"] is not None
    assert answers["U04"] == answers["office"]
    assert answers["U02"] is None
    progress = next(r for r in whole if r["kind"] == "ProgressReported")
    assert (await read(full, "U03", f"events/{progress['hash']}"))["envelope"] is not None
    bulletins = await items(full, "U06", "tasks/T-0004/events", limit=500)
    bulletin = next(r for r in bulletins if r["kind"] == "BulletinIssued")
    assert (await read(full, "U06", f"events/{bulletin['hash']}"))["envelope"] is None


async def test_the_lead_does_not_read_why_another_unit_asks(asked: FullLife, store: Store) -> None:
    """Reports and submissions it reads; not requests, neither with the task nor one by one."""
    house = house_of(asked, store)
    lead = (await seen(house, "U01", "T-0001"))["texts"]
    office = (await seen(house, "office", "T-0001"))["texts"]
    assert "a third" in lead.values()
    for words in ("more time", "or stop", "not ours", "flood"):
        (commit,) = (c for c, text in office.items() if text == words)
        assert words not in lead.values()
        assert (await house.get("U01", f"openings/{commit}")).status_code == 404


async def test_a_view_reads_no_further_when_its_room_for_texts_is_used_up(
    life: FullLife, store: Store
) -> None:
    """The newest are shown, without a gap; what lies behind is not even looked at."""
    s = life.s
    task = s.issue("plan-1", units=["U01"], due=days(30))
    for number in range(40):
        words = life.words(f"{number:02d} " + "x" * 60_000, "U01")
        s.act("U01", task, "progress", percent=number, text=words)
    house = house_of(life, store)
    looked: list[str] = []
    with store.engine.connect() as connection:

        def may_read(_about: str | None, event: str, _kind: str | None) -> bool:
            looked.append(event)
            return True

        eyes = Eyes(may_read=may_read, sees=lambda _unit: True, office=True)
        view = task_view(connection, s.origin, task, eyes, s.now)
    assert view is not None
    told = sorted(text[:2] for text in view["texts"].values() if text.endswith("x"))
    assert told == [f"{number:02d}" for number in range(23, 40)]
    assert len(looked) < 25
    await house.client.aclose()


# --- listings ---


async def test_assignments_say_how_many_working_days_are_left(life: FullLife, store: Store) -> None:
    """By the calendar of each task; below zero once late; what is past the calendar is provisional."""
    s = life.s
    s.issue("soon", units=["U01"], due=days(2))
    s.issue("far", units=["U01"], due={"rule": "days", "kind": "calendar", "days": 1_800})
    s.wait(days=4)  # from Monday morning to Friday morning
    rows = await items(house_of(life, store), "U01", "assignments")
    shown = {row["ref"]: (row["days_left"], row["light"], row["provisional"]) for row in rows}
    assert shown["soon"] == (-2, "red", False)
    assert shown["far"][0] > 1_200
