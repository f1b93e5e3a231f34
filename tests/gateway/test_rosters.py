"""What the gateway says of keys that were revoked, rotated or replaced."""

from datetime import timedelta

import pytest

from lianxi.store.store import Store
from tests.gateway.house import House, code
from tests.store.scenario import Scenario


@pytest.fixture
def house(store: Store) -> House:
    """Three units with their keys."""
    return House(Scenario(units=("U01", "U02", "U03")).register_all(), store)


async def keys(house: House, unit: str) -> list[str]:
    """The keys that a unit may act with, as everybody reads them."""
    answer = await house.client.get("/v1/demo/units", headers=house.headers("office"))
    found: list[str] = next(row["keys"] for row in answer.json()["items"] if row["unit"] == unit)
    return found


async def test_a_revoked_key_reads_no_more(house: House) -> None:
    """It is told so; the unit has no key any more."""
    signer = house.scenario.signer("U01")
    assert (await house.client.get("/v1/demo/me", headers=house.headers("U01"))).status_code == 200
    house.scenario.change_roster(retire=[signer.key_id])
    house.record()
    refused = await house.client.get("/v1/demo/me", headers=house.headers("U01"))
    assert (refused.status_code, code(refused)) == (401, "KEY_RETIRED")
    assert await keys(house, "U01") == []


async def test_a_rotated_key_reads_instead_of_the_old_one(house: House) -> None:
    """From the same moment on."""
    old = house.scenario.signer("U02")
    house.scenario.change_roster(rotate="U02")
    house.record()
    new = house.scenario.signer("U02")
    fresh = {"Authorization": f"Bearer {house.token('U02', new)}"}
    me = (await house.client.get("/v1/demo/me", headers=fresh)).json()
    assert me["key_ids"] == [new.key_id]
    stale = {"Authorization": f"Bearer {house.token('U02', old)}"}
    assert code(await house.client.get("/v1/demo/me", headers=stale)) == "KEY_RETIRED"


async def test_a_lost_key_reads_until_another_takes_its_place(house: House) -> None:
    """What is listed follows the clock, without an event."""
    old = house.scenario.signer("U03")
    effective = house.scenario.now + timedelta(hours=72)
    house.scenario.replace_key("U03", effective)
    house.record()
    new = house.scenario.signer("U03")
    refused = await house.client.get(
        "/v1/demo/me", headers={"Authorization": f"Bearer {house.token('U03', new)}"}
    )
    assert (refused.status_code, code(refused)) == (401, "KEY_NOT_YET")
    assert refused.json()["error"]["params"]["effective"].startswith("2026-")
    assert await keys(house, "U03") == [old.key_id]
    house.scenario.now = effective
    assert await keys(house, "U03") == [new.key_id]
    replaced = await house.client.get(
        "/v1/demo/me", headers={"Authorization": f"Bearer {house.token('U03', old)}"}
    )
    assert code(replaced) == "KEY_REPLACED"


async def test_the_steps_lead_from_the_first_roster_to_the_newest(house: House) -> None:
    """As they were signed; whoever follows them arrives at the roster that is served."""
    from lianxi.proof.rosters import RosterStep, adopt, read_roster, roster_bytes

    house.scenario.change_roster(rotate="U02")
    house.scenario.replace_key("U03", house.scenario.now + timedelta(hours=72))
    house.record()
    headers = house.headers("office")
    answer = (await house.client.get("/v1/demo/roster/steps?since=0", headers=headers)).json()
    roster = read_roster(answer["genesis"].encode())
    for step in answer["steps"]:
        roster = adopt(roster, RosterStep.model_validate(step))
    newest = (await house.client.get("/v1/demo/roster", headers=headers)).json()
    assert roster_bytes(roster).decode() == newest["roster"]
