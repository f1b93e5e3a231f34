"""The supervised task's whole life by the installed program, as convener, office and units type it."""

import json
import re
import shlex
from datetime import datetime, timedelta

import pytest

from lianxi.domain.rules import Rules
from lianxi.domain.task.clocks import next_deadline
from lianxi.proof.hashing import sha256_hex
from lianxi.proof.wire import wire_bytes
from tests.cli.machines import House, Machine, Result

OFFICE = ("--profile", "office")


def _typed(machine: Machine, listed: Result, *beginning: str) -> Result:
    """Type a command as a listing printed it."""
    wanted = shlex.join(("lianxi", *beginning))
    line = next(line for line in listed.out.splitlines() if line.strip().startswith(wanted))
    return machine.run(*shlex.split(line)[1:], ok=True)


def _waits(machine: Machine, task: str, *words: str) -> list[tuple[str, str | None]]:
    items = machine.run("todo", *words, "-o", "json", ok=True).json["items"]
    return [(item["what"], item["unit"]) for item in items if item["task"] == task]


def _view(house: House, task: str) -> dict[str, dict[str, object]]:
    shown = house.office.run("task", "show", task, "-o", "json", ok=True).json["task"]
    return {a["unit"]: a for a in shown["assignments"]} | {"": shown}


GAUGES = (
    *("--title", "Gauges", "--lead", "U01", "--support", "U02,U03"),
    *("--kind", "ordinary", "--concurrence", "--report", "weekly 5"),
)
"""A task without a due of its own: that of its kind holds."""


def test_objected_refused_acknowledged_extended(house: House) -> None:
    """Every step looks at what it decides on, shows it, and is found in the to-do list before."""
    office, units = house.office, house.units
    task = house.issue(*GAUGES)
    units["U01"].run("task", "object", task, "--reason", "the duty of U09", ok=True)
    todo = office.run("todo", *OFFICE, ok=True)
    assert f"lianxi task grant {task} --unit U01 objection --profile office" in todo.out
    convener = office.run("todo", ok=True).out
    assert convener.index("Of the office:") < convener.index(task)
    refuse = ("task", "refuse", task, "objection", "--unit", "U01", "--reason", "it is yours")
    refused = office.run(*refuse, *OFFICE, ok=True)
    assert f"office refused what U01 asked on {task}: objection" in refused.out
    assert "the duty of U09" in refused.err

    units["U01"].run("ack", task, ok=True)
    extend = ("--until", "20wd", "--reason", "high water", "--progress", "one of three")
    units["U01"].run("task", "extend", task, *extend, ok=True)
    shown = units["U01"].run("task", "show", task, ok=True).out
    assert "U01 asks for more time, until" in shown
    assert "It is not late before the office has decided." in shown
    before = _view(house, task)["U01"]["due"]
    todo = office.run("todo", *OFFICE, ok=True)
    granted = _typed(office, todo, "task", "grant", task)
    assert "high water" in granted.err
    assert "one of three" in granted.err
    assert str(_view(house, task)["U01"]["due"]) > str(before)


def test_submitted_dissented_returned_accepted_closed_reversed_and_reopened(house: House) -> None:
    """The supporting units are asked; accepting over a dissent, or too early, needs a reason."""
    office, units = house.office, house.units
    task = house.issue(*GAUGES)
    for unit in units.values():
        unit.run("ack", task, ok=True)
    units["U01"].run("task", "submit", task, "--text", "All gauges read.", ok=True)
    assert ("concur", "U02") in _waits(units["U02"], task)
    _typed(units["U02"], units["U02"].run("todo", ok=True), "task", "concur", task)
    dissent = ("task", "dissent", task, "--reason", "two are missing")
    assert "All gauges read." in units["U03"].run(*dissent, ok=True).err
    accept = ("task", "accept", task, "--unit", "U01")
    over = office.run(*accept)
    assert (over.code, "--reason" in over.err) == (5, True)
    assert "U03 dissents: two are missing" in over.err
    assert "Agreed: U02" in over.err
    returned = ("--unit", "U01", "--reason", "two gauges are missing", "--due", "5wd")
    office.run("task", "return", task, *returned, ok=True)
    shown = units["U01"].run("task", "show", task, ok=True).out
    assert shown.splitlines()[1] == "Returned to U01: two gauges are missing"

    units["U01"].run("task", "submit", task, "--text", "Now all.", ok=True)
    office.run("task", "show", task, ok=True)
    waiting = office.run(*accept)
    assert "Not answered yet: U02, U03, until" in waiting.err
    office.run(*accept, "--reason", "they agreed at the meeting", ok=True)
    for name in ("U02", "U03"):
        units[name].run("task", "submit", task, "--text", "done", ok=True)
        office.run("task", "accept", task, "--unit", name, ok=True)
    close = ("task", "close", task, "--verdict", "implemented")
    assert shlex.join(("lianxi", *close)) in office.run("todo", ok=True).out
    office.run(*close, "--yes", ok=True)
    slip = ("task", "by-mistake", task, "--reason", "wrong task")
    assert office.run(*slip).code == 2
    reversed_ = office.run(*slip, "--yes", ok=True)
    assert "TaskClosed" in reversed_.err
    assert _view(house, task)[""]["phase"] == "active"
    office.run(*close, "--yes", ok=True)
    again = ("--unit", "U01,U02", "--due", "10wd", "--reason", "re-check")
    assert (
        f"reopened {task} for U01, U02" in office.run("task", "reopen", task, *again, ok=True).out
    )
    view = _view(house, task)
    assert (view[""]["phase"], view["U01"]["cycle"], view["U03"]["state"]) == (
        "active",
        3,
        "completed",
    )
    events = office.run("task", "history", task, "-o", "json", ok=True).json["items"]
    begun = next(event["data"] for event in events if event["kind"] == "TaskReopened")
    conference = house.gateway.known.conference.state
    assert conference.calendar is not None
    # a closed task takes what is in force in the conference today
    assert begun["rules"]["version"] == conference.rules.version
    assert begun["calendar"]["version"] == conference.calendar.version


def test_requests_are_retracted_stopped_and_upheld(house: House) -> None:
    """Retract by the unit; stop granted ends its part; an upheld objection of a lead needs a new lead."""
    office, units = house.office, house.units
    task = house.issue()
    units["U02"].run("ack", task, ok=True)
    units["U02"].run("task", "stop", task, "--reason", "merged", ok=True)
    units["U02"].run("task", "retract", task, "stop", ok=True)
    grant = ("task", "grant", task, "--unit", "U02", "stop")
    nothing = office.run(*grant, "-o", "json")
    assert (nothing.code, nothing.error["code"]) == (5, "NO_REQUEST")
    units["U02"].run("task", "stop", task, "--reason", "merged", ok=True)
    office.run(*grant, ok=True)
    assert _view(house, task)["U02"]["state"] == "stopped"
    office.run("task", "add", task, "--unit", "U03", "--due", "10wd", "--reason", "joins", ok=True)
    units["U01"].run("task", "object", task, "--reason", "not ours", ok=True)
    uphold = ("task", "grant", task, "--unit", "U01", "objection")
    assert "--new-lead" in office.run(*uphold).err
    office.run(*uphold, "--new-lead", "U03", ok=True)
    view = _view(house, task)
    assert (view["U01"]["state"], view["U03"]["role"]) == ("withdrawn", "lead")
    wrong = office.run("task", "grant", task, "--unit", "U03", "stop", "--due", "5wd")
    assert (wrong.code, "--due does not go with: stop" in wrong.err) == (2, True)


def test_suspend_and_resume(house: House) -> None:
    """The clock stands and runs on; a due that is a fixed time is asked for."""
    office = house.office
    task = house.issue()
    suspend = ("--unit", "U01", "--review-by", "20wd", "--reason", "bridge closed")
    done = office.run("task", "suspend", task, *suspend, ok=True)
    assert f"next: lianxi task resume {task} --unit U01" in done.err
    assert ("look-again", "U01") in _waits(office, task)
    assert "U01 is suspended since" in office.run("task", "show", task, ok=True).out
    office.run("task", "suspend", task, *suspend, ok=True)  # already so: nothing to do, exit 0
    _typed(office, office.run("todo", ok=True), "task", "resume", task)
    assert _view(house, task)["U01"]["state"] == "issued"
    fixed = house.issue("--title", "x", "--lead", "U01", "--due", "2030-01-15")
    office.run("task", "suspend", fixed, *suspend, ok=True)
    refused = office.run("task", "resume", fixed, "--unit", "U01")
    assert (refused.code, "Add --due LIMIT." in refused.err) == (5, True)
    office.run("task", "resume", fixed, "--unit", "U01", "--due", "2030-02-15", ok=True)


def test_filed_on_behalf_disputed_and_reversed(house: House) -> None:
    """The unit's own verb behind the office's flags; the unit finds it, last, and may dispute it."""
    office, unit = house.office, house.units["U01"]
    task = house.issue()
    behalf = ("task", "on-behalf", task, "--unit", "U01", "--via", "phone", "--basis", "call 14:30")
    office.run(*behalf, "acknowledge", ok=True)
    done = office.run(*behalf, "progress", "--percent", "60", "--text", "two of three", ok=True)
    assert f"filed on behalf of U01 on {task}: report progress" in done.out
    shown = unit.run("task", "show", task, ok=True).out
    assert "Filed on behalf of U01: report progress; to be disputed by" in shown
    assert "call 14:30 " in " ".join(shown.split())
    house.issue()  # which the gateway lists behind it
    items = unit.run("todo", "-o", "json", ok=True).json["items"]
    assert (items[-1]["what"], items[-1]["optional"]) == ("dispute", True)
    assert "(if you like)" in unit.run("todo", ok=True).out
    disputed = unit.run("task", "dispute", task, "--reason", "we said 40", ok=True)
    assert f"U01 disputed what was filed for it on {task}" in disputed.out
    unit.run("task", "dispute", task, "--reason", "we said 40", ok=True)  # already so
    assert office.run(*behalf, "recall").code == 2
    assert office.run(*behalf, "progress", "--percent", "600").code == 2
    dry = office.run(*behalf, "extend", "--until", "30wd", "--reason", "x", "--dry-run", ok=True)
    assert dry.json["payload"]["args"]["act"] == "extend"
    assert len(dry.json["openings"]) == 2
    office.run(*behalf, "extend", "--until", "30wd", "--reason", "flood", ok=True)
    assert ("decide-extension", "U01") in _waits(office, task)


def test_a_filing_on_behalf_is_repeated_under_its_request_id(house: House) -> None:
    """The request id may stand before or behind the unit's verb; the first result is answered again."""
    office, task = house.office, house.issue()
    behalf = ("task", "on-behalf", task, "--unit", "U01", "--via", "paper", "--basis", "letter 12")
    first = office.run(*behalf, "acknowledge", "-o", "json", ok=True).json
    request = ("--request-id", first["receipt"]["request_id"])
    for words in ((*behalf, "acknowledge", *request), (*behalf, *request, "acknowledge")):
        again = office.run(*words, "-o", "json", ok=True).json
        assert again["already"]
        assert again["receipt"]["events"] == first["receipt"]["events"]


def test_a_report_is_corrected(house: House) -> None:
    """The last report without a name, an earlier one by its event; nothing is edited."""
    unit, task = house.units["U01"], house.issue()
    unit.run("task", "progress", task, "--percent", "60", "--text", "two of three", ok=True)
    unit.run("task", "progress", task, "--percent", "80", ok=True)
    corrected = unit.run("task", "correct", task, "--percent", "70", ok=True)
    assert "80 %" in corrected.err
    said = _view(house, task)["U01"]["said"]
    assert isinstance(said, list)
    by_event = unit.run("task", "correct", task, "--event", said[0][:12], "--text", "one", ok=True)
    assert "two of three" in by_event.err
    assert unit.run("task", "correct", task).code == 2
    assert "text: two of three" in by_event.err
    unit.run("task", "submit", task, "--text", "All.", "--evidence", unit.file("l.txt", "names"))
    shown = unit.run("task", "correct", task, "--text", "Nearly all.", ok=True)
    assert ("report: All." in shown.err, "names" in shown.err) == (True, False)
    unknown = unit.run("task", "correct", task, "--event", "ffffffffffff", "--percent", "1")
    assert (unknown.code, said[0][:12] in unknown.err) == (2, True)


def test_instructions_are_given_and_acknowledged(house: House) -> None:
    """To one or all; several are named by their event, as the to-do list prints it."""
    office, unit, task = house.office, house.units["U01"], house.issue()
    office.run("task", "instruct", task, "--text", "Weekly figures.", "--acknowledge", ok=True)
    heeded = unit.run("task", "heed", task, ok=True)
    assert "Weekly figures." in heeded.err
    again = unit.run("task", "heed", task, "-o", "json", ok=True)
    assert again.json["code"] == "ALREADY_SO"
    for text in ("Meet on Friday.", "Bring the list."):
        words = ("--unit", "U01", "--text", text, "--acknowledge")
        office.run("task", "instruct", task, *words, ok=True)
    several = unit.run("task", "heed", task)
    assert (several.code, "Meet on Friday." in several.err) == (2, True)
    _typed(unit, unit.run("todo", ok=True), "task", "heed", task)
    shown = office.run("task", "show", task, ok=True).out
    assert "not acknowledged: U01" in shown
    many = house.issue("--title", "x", "--units", "U01,U02,U03", "--due", "5wd")
    assert office.run("task", "instruct", many, "--text", "x").code == 2
    office.run("task", "instruct", many, "--text", "x", "--yes", ok=True)


def test_a_warning_is_proposed_passed_on_approved_and_answered(house: House) -> None:
    """A rung proposes, the office passes on, the convener approves by number; the unit explains itself."""
    office, unit, task = house.office, house.units["U01"], _late(house)
    assert ("approve", "U01") in _waits(office, task, *OFFICE)
    passed = office.run("task", "approve", task, *OFFICE, ok=True)
    assert "passed on what was proposed" in passed.out
    told = office.run("task", "approve", task, *OFFICE, "-o", "json")
    assert (told.code, told.error["code"]) == (4, "CONVENER_DECIDES")
    listed = office.run("todo", ok=True).out
    line = next(line for line in listed.splitlines() if "approve or reject: warning" in line)
    approved = office.run("task", "approve", line.split()[0], ok=True)
    assert f"Proposed on {task}: warning U01" in approved.err
    assert ("explain", "U01") in _waits(unit, task)
    shown = unit.run("task", "show", task, ok=True).out
    assert "U01 is warned since" in shown
    answer = ("task", "answer", task, "--text", "The river was high.")
    assert "answer by" in unit.run(*answer, ok=True).err
    shown = office.run("task", "show", task, ok=True).out
    assert "has explained itself" in shown
    assert "The river was high." in shown
    other = house.issue()
    none = unit.run("task", "answer", other, "--text", "x", "-o", "json")
    assert (none.code, none.error["code"]) == (5, "NOT_ASKED")
    gone = office.run("task", "approve", task, "-o", "json")
    assert (gone.code, gone.error["code"]) == (3, "NO_PROPOSAL")


def test_a_proposal_is_rejected_by_its_event(house: House) -> None:
    """The to-do list prints the beginning of the event; another beginning is not found."""
    office, task = house.office, _late(house)
    todo = office.run("todo", *OFFICE, "-o", "json", ok=True).json["items"]
    event = next(i["subject"] for i in todo if i["task"] == task and i["what"] == "approve")
    reject = ("task", "reject", event[:12], "--reason", "urge it first", *OFFICE)
    assert f"rejected what was proposed on {task}" in office.run(*reject, ok=True).out
    assert "urge it first" in office.run("task", "show", task, ok=True).out
    gone = office.run(*reject, "-o", "json")
    assert (gone.code, gone.error["code"]) == (3, "NO_PROPOSAL")
    assert office.run("task", "approve", "9999").code == 2


def test_an_issue_that_the_convener_decides_waits_for_approval(house: House) -> None:
    """Filed by the office it is proposed; approved it gets its number; rejected none."""
    office = house.office
    state = house.gateway.known.conference.state
    rules = state.rules.model_copy(update={"version": 3, "needs_convener": ("issue", "cancel")})
    _adopt(house, rules)
    try:
        long = "Count the wells.\n" + "district by district, " * 30 + "and report."
        issue = ("task", "issue", "--title", "Wells", "--lead", "U01", "--text", long, *OFFICE)
        proposed = office.run(*issue, ok=True)
        assert "it waits for the convener" in proposed.out
        assert "next: lianxi todo --profile office" in proposed.err
        todo = office.run("todo", ok=True)
        assert "approve or reject: issue · Wells" in todo.out
        approved = _typed(office, todo, "task", "approve")
        assert "Wells" in approved.err
        assert "  text:\n    Count the wells.\n    district by district" in approved.err
        assert "and report.\n" in approved.err
        assert "lead: U01" in approved.err
        task = re.search(r"T-[0-9]{4}", approved.out)
        assert task is not None
        house.units["U01"].run("ack", task[0], ok=True)
        office.run(*issue, ok=True)
        event = next(
            i["subject"]
            for i in office.run("todo", "-o", "json", ok=True).json["items"]
            if i["act"] == "issue"
        )
        reject = ("task", "reject", event[:12], "--reason", "not now", "-o", "json")
        rejected = office.run(*reject, ok=True).json
        assert rejected["about"]["args"]["text"] == long
        last = rejected["receipt"]["events"][-1]["hash"]
        assert "  not now" in office.run("audit", "show", last, ok=True).out
        cancel = ("task", "cancel", task[0], "--reason", "superseded", "--yes", *OFFICE)
        assert "it waits for the convener: cancel" in office.run(*cancel, ok=True).out
        approved = office.run("task", "approve", task[0], ok=True)
        assert "reason: superseded" in approved.err
        assert _view(house, task[0])[""]["phase"] == "cancelled"
        # what the convener alone may add names the unit
        other, added = house.issue(), state.rules.model_copy(update={"needs_convener": ("add",)})
        task_rules = house.gateway.known.task(other)
        task_rules.state = task_rules.state.model_copy(update={"rules": added})
        add = ("task", "add", other, "--unit", "U03", "--due", "10wd", "--reason", "joins")
        office.run(*add, *OFFICE, ok=True)
        dry = office.run("task", "approve", other, "--dry-run", "-o", "json", ok=True).json
        assert (dry["about"]["args"]["reason"], "U03" in str(dry["about"])) == ("joins", True)
        assert "U03" in office.run("task", "approve", other, ok=True).err
    finally:
        _adopt(house, state.rules)


def test_urging_in_bulk_works_one_by_one_and_can_be_repeated(house: House) -> None:
    """Shown and confirmed from three on; what fails is said once (7); who was urged is passed over."""
    office = house.office
    task = house.issue("--title", "Bulk", "--units", "U01,U02,U03", "--due", "9wd")
    house.units["U03"].run("task", "submit", task, "--text", "done", ok=True)
    assert office.run("task", "urge").code == 2
    assert office.run("task", "urge", "--state", "").code == 2
    urge = ("task", "urge", task, "--unit", "U01,U02,U03", "--message", "By Friday, please.")
    refused = office.run(*urge)
    assert (refused.code, "--yes" in refused.err, f"{task} U02" in refused.err) == (2, True, True)
    partly = office.run(*urge, "--yes", "-o", "json")
    assert (partly.code, partly.error["code"]) == (7, "PARTLY")
    assert partly.error["params"]["failed"][0]["assignment"] == f"{task} U03"
    assert len(partly.out.splitlines()) == 2
    machine = office.run("task", "urge", task, "-o", "jsonl", ok=True).out.splitlines()
    answers = [json.loads(line) for line in machine]
    assert [(a["already"], a["params"]["unit"]) for a in answers] == [(True, "U01"), (True, "U02")]
    again = office.run("task", "urge", task, ok=True)
    alone = office.run("task", "urge", task, "--unit", "U01", "-o", "json").error
    shown = re.search(r"from ([0-9-]+ [0-9:]{5}) on", alone["hint"])
    assert shown is not None  # a local time; the exact instant stands in the params
    assert alone["params"]["again_from"].startswith(shown[1].replace(" ", "T"))
    assert again.err.count("urged a short while ago") == 2
    shown = house.units["U01"].run("task", "show", task, ok=True).out
    assert "By Friday, please." in shown
    assert "U01 was urged last at" in shown
    unknown = office.run("task", "urge", "T-9999", "-o", "json")
    assert (unknown.code, unknown.error["code"]) == (3, "UNKNOWN_TASK")
    beside = office.run("task", "urge", "T-9999", house.issue(), "--yes", "-o", "json")
    assert (beside.code, beside.error["params"]["failed"][0]["assignment"]) == (7, "T-9999")
    none = office.run("task", "urge", "--state", "suspended", "--due-before", "2027-01-01", ok=True)
    assert "Nothing matches" in none.out
    late = _late(house)
    overdue = office.run("task", "urge", "--overdue", "--unit", "U01", "--dry-run", ok=True)
    assert f"{late} U01" in overdue.err
    house.gateway.fault = "drop"
    lost = office.run("task", "urge", late, "--due-before", "2099-01-01", "--message", "Soon.")
    assert lost.code == 8
    command = f"lianxi task urge {late} --unit U01 --message Soon. --request-id "
    repeat = next(line for line in lost.err.splitlines() if command in line)
    office.run(*shlex.split(repeat.partition("lianxi ")[2]), ok=True)
    named = office.run("task", "urge", late, "--unit", "U02")
    assert (named.code, "U02 is not on" in named.err) == (3, True)


def test_a_phone_call_is_noted(house: House) -> None:
    """`notice phoned`: what was said stands with the task."""
    office, task = house.office, house.issue()
    phoned = ("notice", "phoned", task, "--unit", "U01")
    assert office.run(*phoned).code == 2
    done = office.run(*phoned, "--text", "They have it.", ok=True)
    assert f"noted a phone call with U01 about {task}" in done.out
    assert "They have it." in house.units["U01"].run("task", "show", task, ok=True).out


def test_what_the_office_reverses_is_shown_first(house: House) -> None:
    """A return by mistake: the submission is back with the office; refused once the unit has acted."""
    office, unit, task = house.office, house.units["U01"], house.issue()
    unit.run("task", "submit", task, "--text", "done", ok=True)
    back = ("task", "return", task, "--unit", "U01", "--reason", "oops", "--due", "5wd")
    office.run(*back, ok=True)
    slip = ("task", "by-mistake", task, "--unit", "U01", "--reason", "wrong unit", "--yes")
    reversed_ = office.run(*slip, ok=True)
    assert "CompletionReturned" in reversed_.err
    assert "Comes back: submitted" in reversed_.err
    assert _view(house, task)["U01"]["state"] == "submitted"
    office.run(*back, ok=True)
    unit.run("ack", task, ok=True)
    refused = office.run(*slip, "-o", "json")
    assert (refused.code, refused.error["code"]) == (5, "ACTED_SINCE")


def test_a_supporting_unit_does_not_agree_unseen(house: House) -> None:
    """It answers for the submission it has seen; another one since is STALE."""
    lead, support = house.units["U01"], house.units["U02"]
    issue = ("--title", "x", "--lead", "U01", "--support", "U02", "--due", "9wd", "--concurrence")
    task = house.issue(*issue)
    support.run("ack", task, ok=True)
    nothing = support.run("task", "concur", task, "-o", "json")
    assert (nothing.code, nothing.error["code"]) == (5, "NOT_ASKED")
    lead.run("task", "submit", task, "--text", "first", ok=True)
    support.run("task", "show", task, ok=True)
    lead.run("task", "recall", task, "--reason", "annex", ok=True)
    lead.run("task", "submit", task, "--text", "second", ok=True)
    stale = support.run("task", "concur", task, "-o", "json")
    assert (stale.code, stale.error["code"]) == (5, "STALE")
    support.run("task", "show", task, ok=True)
    support.run("task", "concur", task, ok=True)
    again = support.run("task", "concur", task, "-o", "json", ok=True)
    assert again.json["code"] == "ALREADY_SO"


def test_listings_say_how_many_days_are_left(house: House) -> None:
    """Working days, in the table and in JSON; what is late says so; Chinese too."""
    office, task = house.office, _late(house)
    row = next(
        row
        for row in office.run("task", "list", "-o", "json", "--unit", "U01", ok=True).json["items"]
        if row["task"] == task
    )
    assert row["days_left"] < 0
    assert "days late" in office.run("task", "list", "--task", task, ok=True).out
    assert "天" in office.run("task", "list", "--task", task, "--lang", "zh", ok=True).out
    chinese = house.units["U01"].run("todo", "--lang", "zh", ok=True).out
    assert "逾期" in chinese
    assert office.run("task", "list", "--by", "task", "--unit", "U01", ok=True).out
    for filter_ in (("--overdue",), ("--due-before", "2030-01-01"), ("--task", task)):
        refused = office.run("task", "list", "--by", "task", *filter_)
        assert (refused.code, filter_[0] in refused.err) == (2, True)
    far = house.issue("--title", "x", "--lead", "U01", "--due", "900wd")
    assert "provisional" in office.run("task", "show", far, ok=True).out
    near = office.run("task", "show", task, ok=True).out
    assert "provisional" not in near
    assert "暂定" in office.run("task", "show", far, "--lang", "zh", ok=True).out


def test_periodic_reports_name_their_period(house: House) -> None:
    """What is due stands in the to-do list with the command that files it."""
    unit = house.units["U01"]
    issue = ("--title", "x", "--lead", "U01", "--due", "60wd", "--report", "weekly 5")
    task = house.issue(*issue)
    unit.run("ack", task, ok=True)
    reporting = _view(house, task)["U01"]["reporting"]
    assert isinstance(reporting, dict)
    house.gateway.known.pass_time(task, _instant(reporting["remind_at"]))
    command = f"lianxi task progress {task} --period {reporting['period']} --text TEXT"
    assert command in unit.run("todo", ok=True).out
    period = ("--period", reporting["period"])
    unit.run("task", "progress", task, "--text", "Report.", *period, ok=True)
    assert f"report of {reporting['period']} due" in unit.run("task", "show", task, ok=True).out
    closed = unit.run("task", "progress", task, "--text", "x", *period, "-o", "json")
    assert (closed.code, closed.error["code"]) == (5, "PERIOD_CLOSED")
    assert unit.run("task", "progress", task, "--text", "x", "--period", "May").code == 2


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_change_of_this_life_has_its_sentence(house: House, language: str) -> None:
    """One line in either language: who, what, the task; a dry run sends nothing."""
    task, unit = house.issue(), house.units["U01"]
    words = ("task", "extend", task, "--until", "30wd", "--reason", "flood", "--lang", language)
    dry = unit.run(*words, "--dry-run", ok=True)
    assert json.loads(dry.out)["payload"]["action"] == "extend"
    done = unit.run(*words, ok=True).out
    assert task in done
    assert ("申请延期" in done) == (language == "zh")


def _late(house: House) -> str:
    """A task of U01 and U02 on which U01 is overdue and a warning is proposed."""
    task = house.issue("--title", "Late", "--lead", "U01", "--due", "3wd")
    for _ in range(40):
        state = house.gateway.known.task(task).state
        if state.proposals:
            return task
        deadline = next_deadline(state)
        assert deadline is not None
        house.gateway.known.pass_time(task, deadline + timedelta(seconds=1))
    raise AssertionError("no warning was proposed")


def _adopt(house: House, rules: Rules) -> None:
    """The conference follows other rules, as if it had been founded with them."""
    stream = house.gateway.known.conference
    changed = {"rules": rules, "rules_hash": sha256_hex(wire_bytes(rules))}
    stream.state = stream.state.model_copy(update=changed)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text) + timedelta(seconds=1)


def test_what_is_refused_is_said_in_peoples_words(house: House) -> None:
    """Machine words by the word table, in both languages; a hint keeps them for its command."""
    office, unit, task = house.office, house.units["U01"], house.issue()
    accept = ("task", "accept", task, "--unit", "U01")
    chinese = office.run(*accept, "--lang", "zh").err
    assert [word in chinese for word in ("审核", "待签收", "issued", "submitted")] == [
        *(True, True),
        *(False, False),
    ]
    assert f"lianxi task show {task}" in chinese
    unit.run("ack", task, ok=True)
    assert "Cannot decide: the state is in progress" in office.run(*accept).err
    unit.run("task", "extend", task, "--until", "40wd", "--reason", "x", ok=True)
    again = ("task", "extend", task, "--until", "41wd", "--reason", "x", "--lang", "zh")
    twice = unit.run(*again).err
    assert ("延期" in twice, f"lianxi task retract {task} extension" in twice) == (True, True)
    unit.run("task", "submit", task, "--text", "done", ok=True)
    chinese = office.run("task", "show", task, "--lang", "zh", ok=True).out
    assert "报送时间" in chinese
    relative = office.run(*("task", "show", task, "--lang", "zh", "--time-format", "relative"))
    assert "天" in relative.out
    assert not re.search(r"[0-9]d [0-9]", relative.out)
    meant = unit.run("task", "ack", task)
    assert (meant.code, "did you mean lianxi ack?" in meant.err) == (2, True)
