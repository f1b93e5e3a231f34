"""Convener, units and auditor at their own machines, each by the installed command."""

import json
import re

import pytest

from lianxi.cli.request_ids import new_request_id
from tests.e2e.conftest import House, Person


@pytest.fixture(scope="module")
def office(house: House) -> Person:
    """The office's machine, which founds the conference `people`."""
    person = house.operator
    house.found("people", person)
    return person


@pytest.fixture(scope="module")
def units(house: House, office: Person) -> dict[str, Person]:
    """Every unit with its own HOME and key, the gateway's address and nothing else."""
    return {unit: house.unit(unit, "people", office) for unit in ("U01", "U02", "auditor")}


def issue(office: Person, *more: str) -> str:
    """A task for two units; its id."""
    printed = office.types(
        "task", "issue", "--title", "服务日 Service day", "--text", "Set up one point.",
        "--mode", "each", "--units", "U01,U02", "--due", "15d", *more,
    )  # fmt: skip
    return re.search(r"T-\d{4}", printed)[0]  # type: ignore[index]


def test_a_task_from_issue_to_closing(office: Person, units: dict[str, Person]) -> None:
    """What people type in the life of a task; every step says seq and hash."""
    task = issue(office)
    first, second, auditor = units["U01"], units["U02"], units["auditor"]
    assert task in first.types("todo")
    assert "seq" in first.types("ack", task)
    first.types("task", "progress", task, "--percent", "60", "--text", "half way")
    report = first.home / "report.txt"
    report.write_text("All done. 全部完成。\n", encoding="utf-8")
    evidence = first.home / "a.pdf"
    evidence.write_bytes(b"%PDF-1.4 evidence")
    first.types(
        "task", "submit", task, "--report", str(report), "--evidence", str(evidence),
        "--wait", "recorded",
    )  # fmt: skip
    assert task in office.types("todo")
    office.types(
        "task", "return", task, "--unit", "U01", "--reason", "The figures are missing.",
        "--due", "5d", "--wait", "recorded",
    )  # fmt: skip
    assert "The figures are missing." in first.types("task", "show", task)
    first.types("task", "submit", task, "--report", str(report), "--wait", "recorded")
    first.types("task", "recall", task, "--wait", "recorded")
    first.types("task", "submit", task, "--report", str(report), "--evidence", str(evidence),
                "--wait", "recorded")  # fmt: skip
    office.types("task", "accept", task, "--unit", "U01", "--wait", "recorded")
    office.types("task", "due", task, "--unit", "U02", "--due", "20d", "--reason", "holiday",
                 "--wait", "recorded")  # fmt: skip
    office.types("task", "withdraw", task, "--unit", "U02", "--reason", "merged", "--yes",
                 "--wait", "recorded")  # fmt: skip
    office.types("task", "close", task, "--verdict", "implemented", "--yes", "--wait", "recorded")
    shown = office.reads("task", "show", task)["task"]
    assert shown["phase"] == "closed"
    assert [a["state"] for a in shown["assignments"]] == ["completed", "withdrawn"]
    folder = office.home / "evidence"
    office.types("task", "evidence", task, "--unit", "U01", "--to", str(folder))
    assert b"%PDF-1.4 evidence" in {f.read_bytes() for f in folder.rglob("*") if f.is_file()}
    listed = [json.loads(line) for line in
              auditor.types("audit", "list", "--task", task, "-o", "jsonl").splitlines()]  # fmt: skip
    assert {"CompletionReturned", "DueChanged", "TaskClosed"} <= {row["kind"] for row in listed}
    assert second.types("inbox")


def test_receipts_and_history(office: Person, units: dict[str, Person]) -> None:
    """Every filing leaves a receipt; the history names it."""
    task = issue(office)
    units["U01"].types("ack", task, "--wait", "recorded")
    receipt = units["U01"].types("task", "receipt", task)
    assert "acknowledge" in receipt
    assert "AssignmentAcknowledged" in units["U01"].types("task", "history", task)


def test_a_repeated_request_is_already_done(office: Person, units: dict[str, Person]) -> None:
    """The same id and arguments: the first result, exit 0; other arguments: refused."""
    task = issue(office)
    request = new_request_id()
    args = ("task", "progress", task, "--percent", "10", "--request-id", request)
    units["U01"].types(*args, "--wait", "recorded")
    assert "already" in units["U01"].types(*args)
    other = ("task", "progress", task, "--percent", "11", "--request-id", request)
    assert "REQUEST_CONFLICT" in units["U01"].types(*other, "-o", "json", exits=5)


def test_verify_as_of_export(office: Person, units: dict[str, Person], house: House) -> None:
    """An auditor verifies over the gateway, the operator beside the store."""
    task = issue(office)
    units["U02"].types("ack", task, "--wait", "recorded")
    auditor = units["auditor"]
    assert "intact" in auditor.types("audit", "verify")
    assert "intact" in house.operator.types("audit", "verify", "--data", str(house.data))
    target = auditor.home / "trail.jsonl"
    auditor.types("audit", "export", "--to", str(target))
    assert len(target.read_text("utf-8").splitlines()) > 5
    assert task in auditor.types("audit", "as-of", "2100-01-01", "--task", task)


def test_exit_codes(office: Person, units: dict[str, Person], house: House) -> None:
    """Each once, for the reason docs/cli.md gives."""
    task = issue(office)
    first = units["U01"]
    first.types("ack", task)
    first.types("ack", task)  # 0: already so
    first.types("task", "no-such-verb", exits=2)
    first.types("task", "show", "T-9999", exits=3)
    first.types("audit", "list", exits=4)
    office.types("task", "close", task, "--verdict", "implemented", "--yes", exits=5)
    away = house.person("away", LIANXI_GATEWAY="http://127.0.0.1:9")
    away.types("todo", exits=2)  # no key yet: says how to make one
    lost = first.env | {"LIANXI_GATEWAY": "http://127.0.0.1:9"}
    Person(first.home, lost).types("todo", exits=6)
    first.types("ack", task, "T-9998", exits=7)


def test_pending_when_the_worker_is_away(own_house: House) -> None:
    """8: it may have happened; the printed command repeats it safely."""
    office = own_house.operator
    own_house.found("away", office)
    unit = own_house.unit("U01", "away", office)
    task = issue_one(office)
    worker = own_house.pid("worker")
    import os
    import signal

    supervisor = own_house.operator.reads("status")["supervisor_pid"]
    os.kill(supervisor, signal.SIGSTOP)  # so that nobody restarts the worker
    os.kill(worker, signal.SIGKILL)
    try:
        printed = unit.types("ack", task, "--timeout", "20", exits=8)
        assert "PENDING" in printed
    finally:
        os.kill(supervisor, signal.SIGCONT)
    request = re.search(r"--request-id ([0-9a-f-]{36})", printed)
    assert request is not None
    repeated = unit.types("ack", task, "--request-id", request[1], "--wait", "recorded")
    assert "acknowledged" in repeated
    kinds = [
        json.loads(line)["kind"]
        for line in unit.types("task", "history", task, "-o", "jsonl").splitlines()
    ]
    assert kinds.count("AssignmentAcknowledged") == 1


def issue_one(office: Person) -> str:
    printed = office.types(
        "task", "issue", "--title", "Service day", "--mode", "each", "--units", "U01",
        "--due", "15d", "--wait", "recorded",
    )  # fmt: skip
    return re.search(r"T-\d{4}", printed)[0]  # type: ignore[index]


def test_two_conferences_in_one_deployment(house: House, units: dict[str, Person]) -> None:
    """The second one's tasks have their own numbers and its units see nothing of the first."""
    office = house.person("second-office", LIANXI_DATA=str(house.data))
    house.found("second", office)
    unit = house.unit("U01", "second", office)
    task = issue_one(office)
    assert task == "T-0001"
    unit.types("ack", task, "--wait", "recorded")
    rows = unit.reads("task", "list")["items"]
    assert [row["task"] for row in rows] == ["T-0001"]
    assert units["U01"].reads("conference", "show") != unit.reads("conference", "show")
