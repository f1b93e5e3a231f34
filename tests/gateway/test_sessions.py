"""Session tokens that must not open anything, each refused with what to do about it."""

from datetime import timedelta

import pytest

from lianxi.domain.values import format_instant
from tests.gateway.house import STRANGER, House, code


async def ask(house: House, authorization: str | None) -> tuple[int, str]:
    """What `me` answers to a header."""
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = await house.client.get("/v1/demo/me", headers=headers)
    return answer.status_code, code(answer)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic dTpw",
        "Bearer garbage",
        "Bearer " + "A" * 3_000,
        "Bearer ====",
        "Bearer eyJ9",
    ],
)
async def test_garbage_is_no_session(fresh: House, header: str | None) -> None:
    assert await ask(fresh, header) == (401, "SESSION_INVALID")


async def test_an_expired_token_is_refused(fresh: House) -> None:
    token = fresh.token("U01")
    fresh.scenario.now += timedelta(minutes=11)
    assert await ask(fresh, f"Bearer {token}") == (401, "SESSION_INVALID")


async def test_a_token_for_longer_than_twelve_hours_is_refused(fresh: House) -> None:
    late = format_instant(fresh.scenario.now + timedelta(hours=13))
    token = fresh.token("U01", not_after=late)
    assert await ask(fresh, f"Bearer {token}") == (401, "SESSION_INVALID")


async def test_a_token_of_another_founding_is_refused(fresh: House) -> None:
    token = fresh.token("U01", origin="example.org/lianxi/demo/ffffffffffffffff")
    assert await ask(fresh, f"Bearer {token}") == (403, "WRONG_ORIGIN")


async def test_a_key_that_is_not_in_the_roster_is_named(fresh: House) -> None:
    token = fresh.token("U01", signer=STRANGER)
    assert await ask(fresh, f"Bearer {token}") == (401, "KEY_UNKNOWN")


async def test_a_unit_cannot_read_as_another(fresh: House) -> None:
    token = fresh.token("U02", signer=fresh.scenario.signer("U01"))
    assert await ask(fresh, f"Bearer {token}") == (401, "SESSION_INVALID")


async def test_a_command_is_no_session(fresh: House) -> None:
    envelope = fresh.command("U01", "acknowledge", "task/T-0001").decode()
    assert await ask(fresh, f"Bearer {envelope}") == (401, "SESSION_INVALID")


async def test_two_authorizations_are_none(fresh: House) -> None:
    headers = [("Authorization", fresh.headers("U01")["Authorization"])] * 2
    answer = await fresh.client.get("/v1/demo/me", headers=headers)
    assert (answer.status_code, code(answer)) == (401, "SESSION_INVALID")


async def test_a_conference_that_is_not_served_is_not_found(fresh: House) -> None:
    for name in ("other", "%00", "d\u00e9mo", "x" * 200):
        answer = await fresh.client.get(f"/v1/{name}/me", headers=fresh.headers("U01"))
        assert (answer.status_code, code(answer)) == (404, "UNKNOWN_CONFERENCE")


async def test_every_answer_carries_the_security_headers_and_no_cors(fresh: House) -> None:
    for answer in (
        await fresh.get("U01", "me"),
        await fresh.get(None, "me"),
        await fresh.client.get("/nowhere"),
        await fresh.client.delete("/v1/health"),
        await fresh.client.options("/v1/health", headers={"Origin": "http://evil.example"}),
    ):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_unknown_paths_and_methods_are_json_errors_too(fresh: House) -> None:
    missing = await fresh.client.get("/nowhere")
    assert (missing.status_code, code(missing)) == (404, "NOT_FOUND")
    method = await fresh.client.delete("/v1/health")
    assert (method.status_code, code(method)) == (405, "NOT_FOUND")
