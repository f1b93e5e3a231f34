"""Listings: pages without gaps or repeats, cursors that cannot be bent, filters that must be right."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import pytest

from tests.gateway.house import House, code

LISTINGS = ("assignments", "tasks", "events", "notices", "inbox", "tasks/T-0001/events")


async def everything(house: House, unit: str, rest: str, limit: int, /, **query: Any) -> list[Any]:
    """All items, page by page."""
    items: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await house.get(unit, rest, limit=limit, **query, **cursor)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert len(found["items"]) <= limit
        items += found["items"]
        if found["next"] is None:
            return items
        assert len(found["items"]) == limit
        cursor = {"cursor": found["next"]}


@pytest.mark.parametrize("listing", LISTINGS)
async def test_pages_join_without_gap_or_repeat(lived: House, listing: str) -> None:
    whole = await everything(lived, "office", listing, 500)
    for limit in (1, 3):
        assert await everything(lived, "office", listing, limit) == whole


async def test_events_newest_first_are_the_same_backwards(lived: House) -> None:
    oldest = await everything(lived, "auditor", "events", 7)
    newest = await everything(lived, "auditor", "events", 7, order="newest")
    assert newest == oldest[::-1]
    assert [event["position"] for event in oldest] == sorted(e["position"] for e in oldest)


async def test_rows_that_come_between_two_pages_make_no_repeat(lived: House) -> None:
    first = (await lived.get("office", "tasks", limit=2)).json()
    lived.issue("plan-9")
    second = (await lived.get("office", "tasks", limit=2, cursor=first["next"])).json()
    numbers = [row["task"] for row in first["items"] + second["items"]]
    assert numbers == ["T-0001", "T-0002", "T-0003", "T-0004"]


def bent(*content: object) -> str:
    """A cursor somebody made up."""
    return urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def mark_of(cursor: str) -> str:
    """What ties a cursor to its listing."""
    content = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    mark: str = content[0]
    return mark


async def test_a_bent_cursor_is_refused(lived: House) -> None:
    good = (await lived.get("office", "assignments", limit=1)).json()["next"]
    other = (await lived.get("office", "tasks", limit=1)).json()["next"]
    filtered = (await lived.get("office", "assignments", limit=1, unit="U01")).json()["next"]
    mark = mark_of(good)
    for cursor in (
        "x",
        "====",
        "%00",
        "\u7b2c\u4e8c\u9875",
        good[:-2],
        good + "AAAA",
        other,
        filtered,
        bent(),
        bent("mark"),
        bent(mark, 1, 2, 3),
        bent(mark, "a", "b"),
        bent(mark, "a", "b", None),
        bent(mark, "a", "b", ["c"]),
        bent(mark, "a", "b", "\ud800"),
        "[" * 500,
        "A" * 5_000,
    ):
        answer = await lived.get("office", "assignments", limit=1, cursor=cursor)
        assert (answer.status_code, code(answer)) == (422, "INVALID_ARGS"), cursor


async def test_a_made_up_place_shows_no_more_than_the_filters_allow(lived: House) -> None:
    good = (await lived.get("U01", "assignments", limit=1)).json()["next"]
    mark = mark_of(good)
    answer = await lived.get("U01", "assignments", cursor=bent(mark, "", "", ""))
    assert {row["unit"] for row in answer.json()["items"]} == {"U01"}


async def test_a_cursor_holds_integers_within_64_bits(lived: House) -> None:
    good = (await lived.get("office", "events", limit=1)).json()["next"]
    mark = mark_of(good)
    for key in (2**80, True, 1.5, "1"):
        answer = await lived.get("office", "events", cursor=bent(mark, key))
        assert (answer.status_code, code(answer)) == (422, "INVALID_ARGS")


BAD_QUERIES: list[tuple[str, dict[str, Any]]] = [
    ("assignments", {"unitt": "U01"}),
    ("assignments", {"unit": ""}),
    ("assignments", {"unit": "U01\n"}),
    ("assignments", {"unit": ["U01", "U02"]}),
    ("assignments", {"state": "late"}),
    ("assignments", {"due_before": "2026-11-30"}),
    ("assignments", {"due_before": "2026-11-30T00:00:60.000000Z"}),
    ("assignments", {"due_before": "2026-11-30T00:00:00.000000+08:00"}),
    ("assignments", {"overdue": "perhaps"}),
    ("assignments", {"limit": 0}),
    ("assignments", {"limit": 501}),
    ("assignments", {"limit": "many"}),
    ("assignments", {"cursor": ""}),
    ("tasks", {"phase": "open"}),
    ("notices", {"state": "lost"}),
    ("notices", {"channel": "smtp' OR 1=1"}),
    ("events", {"kind": "taskIssued"}),
    ("events", {"since": "yesterday"}),
    ("events", {"stream": "task/../T-0001"}),
    ("events", {"order": "random"}),
    ("trail", {"after": -1}),
    ("trail", {"after": 2**63}),
    ("todo", {"unit": "U02"}),
    ("tasks/T-0001", {"x": 1}),
]


@pytest.mark.parametrize(("rest", "query"), BAD_QUERIES)
async def test_a_misspelt_filter_never_lists_everything(
    lived: House, rest: str, query: dict[str, Any]
) -> None:
    answer = await lived.get("office", rest, **query)
    assert (answer.status_code, code(answer)) == (422, "INVALID_ARGS"), answer.text


async def test_filters_narrow(lived: House) -> None:
    late = await everything(lived, "office", "assignments", 500, overdue=True)
    assert all(row["overdue"] and row["light"] == "red" for row in late)
    rows = await everything(lived, "office", "assignments", 500)
    assert [r for r in rows if r["overdue"]] == sorted(late, key=lambda r: (r["due"], r["task"]))
    submitted = await everything(lived, "office", "assignments", 500, state="submitted")
    assert {(row["task"], row["unit"]) for row in submitted} == {
        ("T-0002", "U01"),
        ("T-0002", "U03"),
    }
    cut = rows[len(rows) // 2]["due"]
    before = await everything(lived, "office", "assignments", 500, due_before=cut)
    assert before == [row for row in rows if row["due"] < cut]


async def test_events_by_actor_kind_and_time(lived: House) -> None:
    whole = await everything(lived, "auditor", "events", 500)
    acts = await everything(lived, "auditor", "events", 500, actor="U01")
    assert acts == [event for event in whole if event["actor"] == "U01"]
    rungs = await everything(lived, "auditor", "events", 500, kind="RungFired", unit="U02")
    assert rungs == [e for e in whole if e["kind"] == "RungFired" and e["unit"] == "U02"]
    middle = whole[len(whole) // 2]["at"]
    later = await everything(lived, "auditor", "events", 2, since=middle)
    assert sorted(e["position"] for e in later) == [
        e["position"] for e in whole if e["at"] >= middle
    ]
    earlier = await everything(lived, "auditor", "events", 2, until=middle)
    assert len(earlier) + len(later) == len(whole)


async def test_the_trail_gives_the_exact_bytes_in_order(lived: House) -> None:
    lines: list[dict[str, Any]] = []
    after = "0"
    while True:
        answer = await lived.get("auditor", "trail", after=after, limit=7)
        assert answer.headers["content-type"] == "application/jsonl"
        lines += [json.loads(line) for line in answer.content.splitlines()]
        if "lianxi-next" not in answer.headers:
            break
        after = answer.headers["lianxi-next"]
    with lived.store.engine.connect() as connection:
        stored = connection.exec_driver_sql(
            "SELECT position, data, hash FROM events ORDER BY position"
        ).all()
    assert [(e["position"], e["event"].encode(), e["hash"]) for e in lines] == [
        tuple(row) for row in stored
    ]
    for line in lines:
        by_command = json.loads(line["event"])["basis"] == "command"
        assert (line["envelope"] is not None) is by_command


async def test_a_page_without_rows_is_a_page(fresh: House) -> None:
    for listing in ("assignments", "tasks", "inbox", "notices"):
        answer = await fresh.get("office", listing)
        assert answer.json() == {"schema": 1, "items": [], "next": None}
