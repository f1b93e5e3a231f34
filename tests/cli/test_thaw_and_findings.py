"""`audit findings | reconcile` and `task thaw`, as they are typed."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from tests.cli.fake_gateway import FakeGateway, serving
from tests.cli.machines import House, found

RESULT = {
    "origin": "o",
    "at": "2026-11-23T00:00:00.000000Z",
    "event": "a" * 64,
    "streams": 3,
    "events": 40,
    "open": 1,
    "pending": 2,
}
FINDING = {
    "code": "WORKFLOW_CLOSED",
    "place": "workflow:joint/task/T-0001",
    "detail": "TERMINATED",
    "since": "2026-11-23T00:00:00.000000Z",
    "event": "b" * 64,
    "cleared": None,
}


class Comparing(FakeGateway):
    """With the routes of reconciliation, and the newest events of a stream."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, Any]] = []
        self.result: dict[str, Any] | None = RESULT

    def route(
        self,
        request: BaseHTTPRequestHandler,
        path: list[str],
        query: dict[str, str],
        body: bytes,
        headers: dict[str, str],
    ) -> Any:
        match path[2:]:
            case ["findings"]:
                return {"schema": 1, "items": self.found, "next": None}
            case ["reconciliation"]:
                asked = request.command == "POST"
                result = {**RESULT, "events": 41} if asked else self.result
                return {
                    "schema": 1, "reconciliation": result, "open": len(self.found),
                    "now": "2026-11-23T00:01:00.000000Z",
                }  # fmt: skip
            case ["events"] if query.get("order") == "newest":
                rows = [row for row in self.known.rows if row.stream == query["stream"]]
                items = [
                    {
                        "hash": row.hash, "stream": row.stream, "seq": n,
                        "kind": json.loads(row.text)["kind"],
                        "at": "2026-11-23T00:00:00.000000Z",
                    }
                    for n, row in enumerate(rows, 1)
                ]  # fmt: skip
                return {"schema": 1, "items": items[::-1][:1], "next": None}
            case _:
                return super().route(request, path, query, body, headers)


@pytest.fixture(scope="module")
def comparing() -> Iterator[Comparing]:
    """A gateway that has compared once."""
    with serving(Comparing()) as served:
        yield served


@pytest.fixture(scope="module")
def house(comparing: Comparing, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A founded conference behind it."""
    return found(tmp_path_factory.mktemp("house"), comparing)


def test_findings_are_listed(house: House, comparing: Comparing) -> None:
    """Code, place, since when; or that there is nothing."""
    comparing.found = []
    assert "Nothing was found." in house.office.run("audit", "findings", ok=True).out
    comparing.found = [FINDING]
    listed = house.office.run("audit", "findings", ok=True).out
    assert "WORKFLOW_CLOSED" in listed
    assert "workflow:joint/task/T-0001" in listed


def test_a_comparison_is_asked_for_and_its_result_shown(house: House, comparing: Comparing) -> None:
    """Exit code 1 while something stands, 0 otherwise; --last asks for none."""
    comparing.found = [FINDING]
    asked = house.office.run("audit", "reconcile")
    assert asked.code == 1
    assert "41 events in 3 streams; 1 findings stand" in asked.out
    assert "lianxi audit findings" in asked.err
    comparing.found = []
    last = house.office.run("audit", "reconcile", "--last", ok=True)
    assert "40 events in 3 streams; 0 findings stand" in last.out
    assert house.office.run("audit", "reconcile", "-o", "json", ok=True).json["open"] == 0


def test_where_nothing_was_ever_compared_that_is_said(house: House, comparing: Comparing) -> None:
    """It is no good sign: exit code 1."""
    comparing.result = None
    never = house.office.run("audit", "reconcile", "--last")
    assert (never.code, "never compared" in never.out) == (1, True)
    comparing.result = RESULT


def test_a_frozen_task_is_thawed(house: House, comparing: Comparing) -> None:
    """The last event that stands is shown and signed for; then the task takes commands again."""
    task = house.issue()
    stream = comparing.known.task(task)
    stream.writer.frozen = True
    frozen = house.units["U01"].run("ack", task)
    assert frozen.code != 0
    assert "lianxi task thaw" in frozen.err
    thaw = ("task", "thaw", task, "--reason", "the trail stands", "--yes")
    thawed = house.office.run(*thaw, "--profile", "office", ok=True)
    assert "the last event that stands" in thawed.err
    assert f"office let {task} go on from what stands" in thawed.out
    assert not stream.writer.frozen
    house.units["U01"].run("ack", task, ok=True)


def test_the_event_that_stands_is_shown_before_the_question(
    house: House, comparing: Comparing
) -> None:
    """Nobody signs for what he has not seen; without an answer nothing is sent."""
    task = house.issue()
    stream = comparing.known.task(task)
    stream.writer.frozen = True
    thaw = ("task", "thaw", task, "--reason", "the trail stands", "--profile", "office")
    asked = house.office.run(*thaw)
    assert asked.code != 0
    assert "the last event that stands" in asked.err
    assert stream.writer.frozen
    house.office.run(*thaw, "--yes", ok=True)


def test_what_is_not_frozen_is_not_thawed(house: House) -> None:
    """A refusal that says where to look."""
    task = house.issue()
    refused = house.office.run("task", "thaw", task, "--reason", "why not", "--yes")
    assert refused.code == 5
    assert "is not frozen" in refused.err
