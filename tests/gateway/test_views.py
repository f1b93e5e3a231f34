"""What the reads show: the shapes of docs/gateway.md, and to a unit no more than is its own."""

import re
from pathlib import Path
from typing import Any

import pytest

from lianxi.ports import Letter
from lianxi.store.mailbox import StoreMailbox
from tests.gateway.house import House, args, code

DOCUMENT = (Path(__file__).parents[2] / "docs" / "gateway.md").read_text(encoding="utf-8")


def documented(shape: str) -> set[str]:
    """The fields that docs/gateway.md names for a shape: those of its outermost braces."""
    written = DOCUMENT.partition(f"**{shape}**")[2].partition("`{")[2]
    assert written, shape
    names: set[str] = set()
    depth, begun = 1, True
    for token in re.findall(r'"\w[^"]*"|[{}\[\],:]', written):
        if token in "{[":
            depth += 1
        elif token in "}]":
            depth -= 1
        elif token in ",:":
            begun = token == ","
            continue
        elif depth == 1 and begun:
            names.add(token.strip('"'))
        begun = False
        if depth == 0:
            break
    return names


async def read(house: House, unit: str, rest: str, /, **query: Any) -> Any:
    answer = await house.get(unit, rest, **query)
    assert answer.status_code == 200, answer.text
    assert answer.json()["schema"] == 1
    return answer.json()


async def items(house: House, unit: str, rest: str, /, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await read(house, unit, rest, **query))["items"]
    return found


async def test_rows_have_exactly_the_documented_fields(lived: House) -> None:
    view = (await read(lived, "office", "tasks/T-0001"))["task"]
    shapes = {
        "AssignmentRow": (await items(lived, "office", "assignments"))[0],
        "TaskRow": (await items(lived, "office", "tasks"))[0],
        "EventRow": (await items(lived, "office", "events"))[0],
        "NoticeRow": (await items(lived, "office", "notices"))[0],
        "TodoItem": (await items(lived, "office", "todo"))[0],
    }
    for shape, row in shapes.items():
        assert row.keys() == documented(shape), shape
    assert view.keys() == documented("TaskRow") | documented("TaskView")
    assert view["assignments"][0].keys() == documented("AssignmentRow") | documented(
        "AssignmentView"
    )


# --- who, where ---


async def test_me(fresh: House) -> None:
    found = await read(fresh, "U01", "me")
    assert found["unit"] == "U01"
    assert found["role"] == "unit"
    assert found["names"] == {"en": "Unit U01", "zh": "U01 单位"}
    assert found["key_ids"] == [fresh.scenario.signer("U01").key_id]
    assert found["conference"] == {
        "conference": "demo",
        "origin": fresh.scenario.origin,
        "zone": "Asia/Shanghai",
        "custody": "demo",
        "names": {"en": "Sample conference", "zh": "示例联席会议"},
        "office_hours": {"opens": "09:00", "closes": "17:00"},
    }


async def test_units_with_their_keys(fresh: House) -> None:
    found = await items(fresh, "U01", "units")
    assert [row["unit"] for row in found] == [
        "convener",
        "office",
        "auditor",
        *fresh.scenario.units,
    ]
    assert all(len(row["keys"]) == 1 for row in found)
    # addresses are in the directory; this list is for everybody
    assert found[-1].keys() == {"unit", "role", "names", "channels", "language", "keys"}


async def test_names_are_empty_while_the_directory_is_missing(fresh: House) -> None:
    writing = fresh.store.writing
    assert writing is not None
    with writing.begin() as connection:
        connection.exec_driver_sql("DELETE FROM openings")
    assert (await read(fresh, "U01", "me"))["names"] == {}


async def test_conferences_and_roster(fresh: House) -> None:
    listed = (await fresh.client.get("/v1/conferences")).json()["conferences"]
    roster = await read(fresh, "U01", "roster")
    assert [entry["conference"] for entry in listed] == ["demo"]
    assert listed[0]["origin"] == fresh.scenario.origin
    assert (listed[0]["roster_version"], listed[0]["roster_hash"]) == (
        roster["version"],
        roster["hash"],
    )


# --- to-do ---


async def test_what_waits_for_a_unit_and_what_lies_with_the_office(lived: House) -> None:
    third = await read(lived, "U02", "todo")
    assert [(i["task"], i["what"], i["light"]) for i in third["items"]] == [
        ("T-0003", "acknowledge", "yellow")
    ]
    first = await read(lived, "U01", "todo")
    assert first["items"] == []
    assert [(i["task"], i["what"], i["who"]) for i in first["waiting"]] == [
        ("T-0002", "review", "office")
    ]


async def test_what_waits_for_the_office(lived: House) -> None:
    found = await read(lived, "office", "todo")
    assert {(i["task"], i["unit"], i["what"]) for i in found["items"]} == {
        ("T-0002", "U01", "review"),
        ("T-0002", "U03", "review"),
    }
    review = found["items"][0]
    state = lived.scenario.tasks["T-0002"].state.assignments[review["unit"]]
    assert state.submission is not None
    assert review["submission"] == state.submission.event
    assert [(i["task"], i["what"], i["who"]) for i in found["waiting"]] == [
        ("T-0003", "acknowledge", "U02")
    ]


async def test_a_task_ready_to_close_waits_for_the_office(lived: House) -> None:
    lived.scenario.accept("U01", "T-0002")
    lived.scenario.accept("U03", "T-0002")
    lived.record()
    found = await items(lived, "convener", "todo")
    assert [(i["task"], i["unit"], i["what"]) for i in found] == [("T-0002", None, "close")]
    ready = await items(lived, "office", "tasks", phase="ready-to-close")
    assert [row["task"] for row in ready] == ["T-0002"]


async def test_an_auditor_has_nothing_to_do(lived: House) -> None:
    found = await read(lived, "auditor", "todo")
    assert (found["items"], found["waiting"]) == ([], [])


async def test_red_comes_first_and_counts_as_overdue(lived: House) -> None:
    lived.issue("soon", units=["U02"], due={"rule": "duration", "seconds": 60})
    lived.scenario.pass_time(seconds=61)
    lived.record()
    found = await items(lived, "U02", "todo")
    assert [(i["task"], i["light"]) for i in found] == [("T-0004", "red"), ("T-0003", "yellow")]
    rows = {row["task"]: row["overdue"] for row in await items(lived, "office", "tasks")}
    assert rows == {"T-0001": 0, "T-0002": 0, "T-0003": 0, "T-0004": 1}


# --- one task ---


async def test_the_office_sees_a_task_whole(lived: House) -> None:
    view = (await read(lived, "office", "tasks/T-0001"))["task"]
    state = lived.scenario.tasks["T-0001"].state
    assert (view["title"], view["text"]) == ("Task plan-1", "What is to be done")
    assert (view["phase"], view["verdict"], view["head"]) == (
        "closed",
        "not-implemented",
        state.head,
    )
    done = view["assignments"][0]
    assert (done["unit"], done["report"], done["return_reason"], done["in_time"]) == (
        "U01",
        "Report of U01",
        "again",
        True,
    )
    assert [piece["media"] for piece in done["evidence"]] == ["image/png"]
    assert [event["seq"] for event in view["timeline"]] == list(range(1, state.seq + 1))
    assert {"part", "enough", "again"} <= set(view["texts"].values())


async def test_a_unit_sees_the_others_states_and_not_their_words(lived: House) -> None:
    view = (await read(lived, "U02", "tasks/T-0001"))["task"]
    assert view["text"] == "What is to be done"
    other = view["assignments"][0]
    assert (other["unit"], other["state"], other["cycle"]) == ("U01", "completed", 2)
    assert (other["report"], other["return_reason"], other["report_commit"]) == (None, None, None)
    assert other["evidence"] == []
    assert "part" in view["texts"].values()
    assert not {"Report of U01", "again"} & set(view["texts"].values())


async def test_the_lead_reads_the_reports_of_its_supports(lived: House) -> None:
    reports = {
        unit: {
            a["unit"]: a["report"]
            for a in (await read(lived, unit, "tasks/T-0002"))["task"]["assignments"]
        }
        for unit in ("U01", "U03")
    }
    assert reports == {
        "U03": {"U03": "Report of U03", "U01": "Report of U01"},
        "U01": {"U03": None, "U01": "Report of U01"},
    }


@pytest.mark.parametrize("rest", ["tasks/T-0003", "tasks/T-0003/events", "assignments?task=T-0003"])
async def test_a_foreign_task_looks_like_one_that_does_not_exist(lived: House, rest: str) -> None:
    absent = rest.replace("T-0003", "T-9999")
    answers = []
    for path in (rest, absent):
        answer = await lived.client.get(f"/v1/demo/{path}", headers=lived.headers("U01"))
        assert (answer.status_code, code(answer)) == (404, "UNKNOWN_TASK")
        answers.append(answer.text.replace("T-9999", "T-0003"))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("name", ["T-9999", "..", "x" * 99, "T-0001'--", "\u4efb\u52a1"])
async def test_a_task_that_is_not_there(lived: House, name: str) -> None:
    for unit in ("office", "U01"):
        answer = await lived.get(unit, f"tasks/{name}")
        assert answer.status_code == 404
        assert code(answer) in ("UNKNOWN_TASK", "NOT_FOUND")


async def test_listings_of_a_unit_hold_only_its_own(lived: House) -> None:
    assert {row["unit"] for row in await items(lived, "U01", "assignments")} == {"U01"}
    assert [row["task"] for row in await items(lived, "U01", "tasks")] == ["T-0001", "T-0002"]
    assert {row["addressee"] for row in await items(lived, "U01", "notices")} == {"U01"}
    for listing in ("assignments", "tasks", "notices"):
        answer = await lived.get("U01", listing, unit="U02")
        assert (answer.status_code, code(answer)) == (403, "NOT_ALLOWED")
    on_task = await items(lived, "U01", "assignments", task="T-0001")
    assert {row["unit"] for row in on_task} == {"U01", "U02", "U03"}


async def test_a_unit_sees_events_of_its_tasks_one_by_one(lived: House) -> None:
    for task, status in (("T-0001", 200), ("T-0003", 404)):
        head = lived.scenario.tasks[task].state.head
        assert (await lived.get("U01", f"events/{head}")).status_code == status
    registered = (await items(lived, "office", "events", kind="TaskRegistered"))[0]["hash"]
    assert (await lived.get("U01", f"events/{registered}")).status_code == 404
    assert (await lived.get("auditor", f"events/{registered}")).status_code == 200


# --- letters, notices, receipts, registrations ---


async def test_a_mailbox_is_its_units_alone(lived: House) -> None:
    writer = lived.store.writer
    assert writer is not None
    letters = [
        Letter(
            f"{number:064x}", lived.scenario.origin, unit, "issued", "T-0001", None, "en", "S", "B"
        )
        for number, unit in enumerate(("U01", "U02", "U01"))
    ]
    StoreMailbox(writer).deliver(letters, lived.scenario.now)
    found = await items(lived, "U01", "inbox", unread=True)
    assert [letter["notice_id"] for letter in found] == [f"{2:064x}", f"{0:064x}"]
    assert found[0].keys() == {"notice_id", "task", "kind", "subject", "body", "at"}
    assert await items(lived, "office", "inbox") == []


async def test_notices_by_what_became_of_them(lived: House) -> None:
    due = await items(lived, "office", "notices", state="due", limit=500)
    assert due == await items(lived, "office", "notices", limit=500)
    mailed = await items(lived, "office", "notices", channel="smtp", limit=500)
    assert {row["addressee"] for row in mailed} == {"U02"}
    assert all(row["attempts"] == 0 for row in due)


async def test_a_receipt_is_for_whoever_gave_the_command(lived: House) -> None:
    acts = await items(lived, "office", "events", actor="U01", kind="AssignmentAcknowledged")
    request_id = acts[0]["request_id"]
    found = (await read(lived, "U01", f"requests/{request_id}"))["receipt"]
    assert (found["request_id"], found["action"]) == (request_id, "acknowledge")
    assert found.keys() == documented("Receipt")
    for unit in ("U02", "office"):
        answer = await lived.get(unit, f"requests/{request_id}")
        assert (answer.status_code, code(answer)) == (404, "NOT_FOUND")


async def test_a_registration_gives_what_is_needed_to_compare(lived: House) -> None:
    found = await read(lived, "office", "registrations/plan-1")
    title = lived.scenario.tasks["T-0001"].state.title
    assert found["task"] == "T-0001"
    assert found["args"]["title"] == args(title)
    opening = lived.store.openings.get(lived.scenario.origin, title.commit)
    assert opening is not None
    assert found["openings"][title.commit] == {
        "salt": opening.salt.hex(),
        "media": "text/plain",
        "size": title.size,
    }
    missing = await lived.get("office", "registrations/plan-77")
    assert (missing.status_code, code(missing)) == (404, "NOT_FOUND")


async def test_bytes_that_somebody_edited_are_shown_not_hidden(lived: House) -> None:
    writing = lived.store.writing
    assert writing is not None
    with writing.begin() as connection:
        connection.exec_driver_sql("UPDATE events SET data = x'ff00' WHERE position = 3")
    rows = await items(lived, "auditor", "events", limit=5)
    assert rows[2]["data"] is None
    assert (await lived.get("auditor", "trail")).status_code == 200
    assert (await read(lived, "auditor", f"events/{rows[2]['hash']}"))["event"] is None
