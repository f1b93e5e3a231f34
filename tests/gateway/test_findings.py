"""Findings and reconciliation over the gateway: who may read them, what they say, asking for one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from lianxi.ports import Examined
from lianxi.proof.verification import Finding
from lianxi.store.reconciling import SqlSelfAudit
from lianxi.streams.reconciling import Compared
from tests.gateway.house import House, code


class Nothing:
    """A look that finds nothing in the trail itself."""

    def __call__(self, now: datetime) -> Examined:
        return Examined(
            findings={}, streams={}, events={}, deep={}, complete=True, begun=now, deep_begun=now
        )

    def give_up(self) -> None: ...


def conclude(
    house: House,
    *found: Finding,
    deep_begun: datetime | None = None,
    withheld: Sequence[Finding] = (),
) -> None:
    """A comparison that came to this; its thorough look was now, or began at `deep_begun`."""
    assert house.store.writer is not None
    audit = SqlSelfAudit(house.store.writer, house.store.engine, Nothing())
    house.scenario.now += timedelta(minutes=1)
    now = house.scenario.now
    looked = replace(Nothing()(now), deep_begun=deep_begun or now)
    compared = Compared((), len(withheld), withheld=withheld)
    audit.conclude(house.scenario.origin, found, looked, compared, now, asked=False)


async def findings(fresh: House, unit: str = "auditor", **query: Any) -> list[dict[str, Any]]:
    answer = await fresh.get(unit, "findings", **query)
    assert answer.status_code == 200
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_before_the_first_comparison_there_is_none(fresh: House) -> None:
    """Null, and nothing stands."""
    answer = (await fresh.get("auditor", "reconciliation")).json()
    assert (answer["reconciliation"], answer["open"]) == (None, 0)
    assert await findings(fresh) == []


async def test_what_is_found_is_listed_until_it_is_cleared(fresh: House) -> None:
    """Its details in one row; cleared it shows only where all are asked for."""
    place = "workflow:demo/task/T-0001"
    conclude(fresh, Finding("ROW_DIFFERS", place, "state"), Finding("ROW_DIFFERS", place, "due"))
    (row,) = await findings(fresh)
    assert (row["code"], row["place"], row["detail"]) == ("ROW_DIFFERS", place, "state, due")
    answer = (await fresh.get("office", "reconciliation")).json()
    assert answer["open"] == answer["reconciliation"]["open"] == 1
    conclude(fresh)
    assert await findings(fresh) == []
    (row,) = await findings(fresh, every="true")
    assert row["cleared"] is not None
    assert (await fresh.get("office", "reconciliation")).json()["open"] == 0


async def test_what_is_withheld_is_not_cleared(fresh: House) -> None:
    """It holds as before; a worker that has just begun only says nothing of it yet."""
    late = Finding("RUNG_MISSING", "demo/task/T-0001")
    conclude(fresh, late)
    conclude(fresh, withheld=[late])
    (row,) = await findings(fresh)
    assert row["cleared"] is None
    conclude(fresh)
    assert await findings(fresh) == []


async def test_what_is_found_again_stands_again(fresh: House) -> None:
    """One row per code and place, with the newest event."""
    for found in ((Finding("GAP", "demo/audit#3"),), (), (Finding("GAP", "demo/audit#3"),)):
        conclude(fresh, *found)
    (row,) = await findings(fresh, every="true")
    assert row["cleared"] is None


async def test_findings_come_in_pages(fresh: House) -> None:
    """The newest first, by cursor."""
    conclude(fresh, *(Finding("GAP", f"demo/audit#{n}") for n in range(1, 6)))
    first = (await fresh.get("auditor", "findings", limit=3)).json()
    rest = (await fresh.get("auditor", "findings", limit=3, cursor=first["next"])).json()
    places = [item["place"] for item in (*first["items"], *rest["items"])]
    assert places == [f"demo/audit#{n}" for n in range(5, 0, -1)]


async def test_a_flood_of_findings_is_told_bit_by_bit(fresh: House) -> None:
    """Fifty at a time: three letters each."""
    flood = [Finding("GAP", f"demo/audit#{n}") for n in range(1, 121)]
    for standing in (50, 100, 120):
        conclude(fresh, *flood)
        assert (await fresh.get("auditor", "reconciliation")).json()["open"] == standing


async def test_what_was_found_may_hold_anything(fresh: House) -> None:
    """Bytes that somebody wrote into the database are shown as far as they can be."""
    conclude(fresh, Finding("ROW_UNEXPECTED", "units:demo|\x1b[31m 联席" + "x" * 400, "é\n" * 90))
    (row,) = await findings(fresh)
    assert row["place"].isascii()
    assert row["place"].isprintable()
    assert (len(row["place"]), len(row["detail"])) == (256, 128)


@pytest.mark.parametrize("route", ["findings", "reconciliation"])
async def test_a_unit_reads_neither(fresh: House, route: str) -> None:
    """They are the auditor's and the convener's side's."""
    assert code(await fresh.get("U01", route)) == "NOT_ALLOWED"


async def test_a_comparison_can_be_asked_for(fresh: House) -> None:
    """By who may read it; the answer is what was recorded."""
    conclude(fresh)
    headers = fresh.headers("auditor")
    answer = await fresh.client.post("/v1/demo/reconciliation", headers=headers)
    assert answer.status_code == 200
    assert answer.json()["reconciliation"]["open"] == 0
    refused = await fresh.client.post("/v1/demo/reconciliation", headers=fresh.headers("U01"))
    assert code(refused) == "NOT_ALLOWED"
    assert fresh.desk.compared == 1


async def test_without_a_result_in_time_that_is_said(fresh: House) -> None:
    """503, to be tried again."""
    fresh.desk.reconciles = False
    answer = await fresh.client.post("/v1/demo/reconciliation", headers=fresh.headers("office"))
    assert (answer.status_code, code(answer)) == (503, "NO_RESULT")


async def test_a_look_clears_only_what_it_would_have_seen(fresh: House) -> None:
    """Two workers: one has derived everything again, the other's look of that kind was before."""
    row, gap = Finding("ROW_DIFFERS", "demo/audit#3"), Finding("GAP", "demo/audit#4")
    before = fresh.scenario.now
    conclude(fresh, row, gap)
    conclude(fresh, deep_begun=before)
    assert [found["code"] for found in await findings(fresh)] == ["ROW_DIFFERS"]
    conclude(fresh)
    assert await findings(fresh) == []
