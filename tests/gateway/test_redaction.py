"""What the gateway takes and shows of redactions.

- by the office it waits in the convener's to-do, by the convener it takes effect -> the first tests
- 410 with who and why; nothing comes again -> what_is_redacted_…
- who may see that, and the reason -> a_unit_…
- what the record does not have is refused before it is handed in -> a_redaction_…
"""

from typing import Any

import pytest

from tests.gateway.house import House, args, code


def report_of(house: House, unit: str, task: str) -> str:
    """The commitment of a unit's report."""
    submission = house.scenario.tasks[task].state.assignments[unit].submission
    assert submission is not None
    return submission.report.commit


def redaction(house: House, commit: str, by: str = "convener", **changes: Any) -> bytes:
    """A signed redaction; its reason is handed in."""
    reason = args(house.scenario.text("names a private person", by))
    house.record()
    named = {"commit": commit, "reason": reason, **changes}
    given = {name: value for name, value in named.items() if value is not None}
    return house.command(by, "redact", "conference", args=given, number=7)


async def redact(house: House, commit: str, **changes: Any) -> None:
    """By the convener; recorded."""
    answer = await house.send(redaction(house, commit, **changes))
    assert answer.status_code == 200, answer.text


async def test_by_the_convener_it_takes_effect(lived: House) -> None:
    """The receipt names the event; the record tells whose it was."""
    commit = report_of(lived, "U03", "T-0002")
    view = (await lived.get("office", f"commitments/{commit}")).json()
    assert (view["task"], view["units"], view["handed_in"]) == ("T-0002", ["U03"], True)
    assert [(p["kind"], p["field"]) for p in view["places"]] == [("CompletionSubmitted", "/report")]
    answer = await lived.send(redaction(lived, commit, task="T-0002", units=["U03"]))
    (event,) = answer.json()["receipt"]["events"]
    assert event["kind"] == "OpeningRedacted"
    view = (await lived.get("auditor", f"commitments/{commit}")).json()
    assert (view["handed_in"], view["redacted"]["by"], view["redacted"]["reason"]) == (
        False,
        "convener",
        "names a private person",
    )


async def test_by_the_office_it_waits_for_the_convener(lived: House) -> None:
    """As a proposed issue does: in the to-do, with what it is about; then approved."""
    commit = report_of(lived, "U03", "T-0002")
    answer = await lived.send(redaction(lived, commit, "office", task="T-0002", units=["U03"]))
    (event,) = answer.json()["receipt"]["events"]
    assert event["kind"] == "RedactionProposed"
    (item,) = [
        item
        for item in (await lived.get("convener", "todo")).json()["items"]
        if item["what"] == "approve"
    ]
    assert (item["act"], item["subject"], item["task"]) == ("redact", event["hash"], None)
    assert (item["title"], item["who"]) == ("names a private person", "convener")
    (waiting,) = (await lived.get("office", "conference")).json()["proposals"]
    assert (waiting["act"], waiting["args"]["commit"], waiting["args"]["units"]) == (
        "redact",
        commit,
        ["U03"],
    )
    assert (await lived.get("U03", "conference")).json()["proposals"] == []
    assert (await lived.get("U03", f"openings/{commit}")).status_code == 200
    approval = lived.command(
        "convener", "approve", "conference", args={"proposal": event["hash"]}, number=8
    )
    assert (await lived.send(approval)).status_code == 200
    assert (await lived.get("U03", f"openings/{commit}")).status_code == 410
    assert (await lived.get("convener", "conference")).json()["proposals"] == []


async def test_what_is_redacted_says_by_whom_and_why(lived: House) -> None:
    """To whoever could read it: 410; the reason itself stays readable to its unit and the office."""
    commit = report_of(lived, "U03", "T-0002")
    before = await lived.get("U03", f"openings/{commit}")
    await redact(lived, commit, task="T-0002", units=["U03"])
    for viewer in ("U03", "office", "auditor", "convener"):
        answer = await lived.get(viewer, f"openings/{commit}")
        assert (answer.status_code, code(answer)) == (410, "REDACTED")
        params = answer.json()["error"]["params"]
        assert params["by"] == "convener"
        reason = await lived.get(viewer, f"openings/{params['reason']}")
        assert reason.content == b"names a private person"
        told = await lived.get(viewer, f"events/{params['event']}")
        assert told.json()["event"]["data"]["commit"] == commit
    salt = bytes.fromhex(before.headers["lianxi-salt"])
    again = await lived.put("U03", commit, salt, before.content, "text/plain")
    assert (again.status_code, code(again)) == (410, "REDACTED")


async def test_a_unit_that_could_not_read_it_learns_nothing(lived: House) -> None:
    """Neither the text nor that it is gone, by whom or why."""
    commit = report_of(lived, "U03", "T-0002")
    await redact(lived, commit, task="T-0002", units=["U03"])
    params = (await lived.get("U03", f"openings/{commit}")).json()["error"]["params"]
    for path in (f"openings/{commit}", f"openings/{params['reason']}", f"events/{params['event']}"):
        assert (await lived.get("U02", path)).status_code == 404
    assert (await lived.get("U03", f"commitments/{commit}")).status_code == 403


async def test_a_task_shows_where_something_was(lived: House) -> None:
    """Instead of the text, to whoever saw it: where, by whom, when, why."""
    commit = report_of(lived, "U03", "T-0002")
    await redact(lived, commit, task="T-0002", units=["U03"])
    for viewer, count in (("office", 1), ("U03", 1), ("U01", 0)):
        task = (await lived.get(viewer, "tasks/T-0002")).json()["task"]
        assert len(task["redacted"]) == count
        assert commit not in task["texts"]
    (place,) = (await lived.get("U03", "tasks/T-0002")).json()["task"]["redacted"]
    assert (place["kind"], place["field"], place["commit"]) == (
        "CompletionSubmitted",
        "/report",
        commit,
    )
    assert place["redacted"]["reason"] == "names a private person"
    parts = {part["unit"]: part for part in task["assignments"]}
    assert parts["U03"]["report"] is None


async def test_a_title_is_everybodys_on_the_task(lived: House) -> None:
    """All its units are named and told; listings go on without it."""
    title = lived.scenario.tasks["T-0002"].state.title.commit
    view = (await lived.get("office", f"commitments/{title}")).json()
    assert (view["task"], view["units"]) == ("T-0002", ["U01", "U03"])
    await redact(lived, title, task="T-0002", units=["U01", "U03"])
    for unit in ("U01", "U03"):
        listed = (await lived.get(unit, "tasks")).json()["items"]
        assert {row["task"]: row["title"] for row in listed}["T-0002"] is None
        told = (await lived.get(unit, "notices")).json()["items"]
        assert [row["kind"] for row in told].count("redacted") == 1


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"task": "T-0001", "units": ["U03"]}, "INVALID_ARGS"),
        ({"units": ["U03"]}, "INVALID_ARGS"),
        ({"task": "T-0002"}, "INVALID_ARGS"),
        ({"task": "T-0002", "units": ["U01", "U03"]}, "INVALID_ARGS"),
        ({"task": "T-0002", "units": ["U03"], "commit": "0" * 64}, "UNKNOWN_COMMITMENT"),
    ],
)
async def test_a_redaction_of_what_the_record_does_not_have_is_refused(
    lived: House, changes: dict[str, Any], refusal: str
) -> None:
    """Another task, other units, an unknown commitment: before it is handed in."""
    commit = changes.get("commit") or report_of(lived, "U03", "T-0002")
    rest = {name: value for name, value in changes.items() if name != "commit"}
    answer = await lived.send(redaction(lived, commit, **rest))
    assert code(answer) == refusal
    assert lived.desk.seen == []


async def test_its_repeat_finds_the_receipt(lived: House) -> None:
    """Though a unit has come to the task since, and though what it names is redacted already."""
    title = lived.scenario.tasks["T-0002"].state.title.commit
    envelope = redaction(lived, title, task="T-0002", units=["U01", "U03"])
    first = (await lived.send(envelope)).json()["receipt"]
    due = {"rule": "duration", "seconds": 10 * 86_400}
    lived.scenario.act("office", "T-0002", "add", unit="U02", due=due)
    lived.record()
    assert (await lived.send(envelope)).json()["receipt"]["events"] == first["events"]


async def test_what_is_between_office_and_convener_is_no_units(lived: House) -> None:
    """A rejected proposal's reason: no unit is named, told, or reads why it was redacted."""
    commit = report_of(lived, "U03", "T-0002")
    await lived.send(redaction(lived, commit, "office", task="T-0002", units=["U03"]))
    (event,) = lived.scenario.conference.state.proposals
    reason = args(lived.scenario.text("let it stand", "convener"))
    lived.scenario.ask("convener", "reject", proposal=event, reason=reason)
    lived.record()
    view = (await lived.get("office", f"commitments/{reason['commit']}")).json()
    assert (view["task"], view["units"]) == (None, [])
    lived.scenario.ask(
        "convener",
        "redact",
        commit=reason["commit"],
        reason=args(lived.scenario.text("too frank", "convener")),
    )
    lived.record()
    found = await lived.get("office", f"openings/{reason['commit']}")
    params = found.json()["error"]["params"]
    assert found.status_code == 410
    assert (await lived.get("office", f"openings/{params['reason']}")).status_code == 200
    assert (await lived.get("U03", f"openings/{params['reason']}")).status_code == 404
