"""Every route by every role, allowed or refused, enumerated from the access table itself."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from starlette.routing import Route

from lianxi.domain.values import Actor, Role
from lianxi.gateway import app as app_module
from lianxi.gateway.access import (
    ACCESS,
    Door,
    may_look_into,
    may_read_at,
    may_read_text,
    may_see_task,
)
from lianxi.gateway.app import create_app
from lianxi.store.queries.openings import Place, Standing
from lianxi.store.store import open_store
from tests.gateway.house import House, args, code, lived_conference
from tests.gateway.test_log import seal
from tests.parties import CALENDAR
from tests.store.fresh import fresh_trail

ACTORS = {
    Role.CONVENER: "convener",
    Role.OFFICE: "office",
    Role.UNIT: "U01",
    Role.AUDITOR: "auditor",
}

DOCUMENT = Path(__file__).parents[2] / "docs" / "gateway.md"


def test_the_application_serves_exactly_the_routes_of_the_table(fresh: House) -> None:
    served = {
        f"{method} {route.path}"
        for route in fresh.app.routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert served == set(ACCESS)
    assert len(fresh.app.routes) == len(ACCESS)


def test_a_route_without_a_rule_is_not_served(
    fresh: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = {route: rule for route, rule in ACCESS.items() if not route.endswith("/trail")}
    monkeypatch.setattr(app_module, "ACCESS", rules)
    with pytest.raises(RuntimeError, match="trail"):
        create_app(fresh.services)


def test_the_document_lists_exactly_the_routes_of_the_table() -> None:
    rows = re.findall(
        r"^\| `([A-Z]+) (/v1[^`?]*)", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE
    )
    documented = {f"{method} {path.replace('/C/', '/{conference}/')}" for method, path in rows}
    assert documented == set(ACCESS)


SESSIONS = [route for route, rule in ACCESS.items() if not isinstance(rule, Door)]


def concrete(house: House, route: str, unit: str) -> tuple[str, str]:
    """A path on which everybody who may call the route finds something."""
    state = house.scenario.tasks["T-0001"].state
    method, path = route.split(" ")
    requests = {"U01": "acknowledge", "office": "close", "convener": "issue"}
    found = house.store.engine.connect()
    with found as connection:
        request_id = connection.exec_driver_sql(
            "SELECT request_id FROM commands WHERE unit = ? AND action = ?",
            (unit, requests.get(unit, "issue")),
        ).scalar()
    values = {
        "conference": "demo",
        "commit": state.title.commit,
        "task": "T-0001",
        "hash": state.head,
        "ref": "plan-1",
        "request_id": request_id or "019a4b5c-0000-7000-8000-000000000000",
    }
    question = {"/deadline": "?unit=U01", "/consistency": "?old=1&new=2"}.get(
        route[route.rindex("/") :], ""
    )
    return method, path.format(**values) + question


BODIES: dict[str, dict[str, Any]] = {
    "proofs": {"hashes": ["0" * 64]},
    "cosignatures": {"vkey": "x", "size": 1, "line": "x"},
    "preview": {"calendar": args(CALENDAR)},
    "replay": {"since": "2026-03-01T00:00:00.000000Z"},
}
"""What the questions that do not fit a query string ask."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A sealed conference for tests that change nothing: they read, or are turned away."""
    folder = tmp_path_factory.mktemp("shared")
    url = fresh_trail(f"sqlite:///{folder}/trail.db")
    with open_store(url, folder / "evidence", writable=True, busy_seconds=0.5) as opened:
        house = House(lived_conference(), opened)
        seal(house)
        yield house
        await house.client.aclose()


@pytest.mark.parametrize("role", ACTORS)
@pytest.mark.parametrize("route", SESSIONS)
async def test_every_route_by_every_role(shared: House, route: str, role: Role) -> None:
    unit = ACTORS[role]
    method, path = concrete(shared, route, unit)
    body = BODIES.get(route.rpartition("/")[2])
    answer = await shared.client.request(method, path, headers=shared.headers(unit), json=body)
    rule = ACCESS[route]
    assert not isinstance(rule, Door)
    if role not in rule:
        assert (answer.status_code, code(answer)) == (403, "NOT_ALLOWED")
    elif method == "PUT":
        # let in, and then told that the body is none
        assert (answer.status_code, code(answer)) == (400, "MALFORMED")
    elif route.endswith("/cosignatures"):
        # let in, and then told that the key is none
        assert (answer.status_code, code(answer)) == (400, "NOTE_KEY_INVALID")
    elif route.endswith("{request_id}") and role is Role.AUDITOR:
        assert (answer.status_code, code(answer)) == (404, "NOT_FOUND")
    else:
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("route", SESSIONS)
async def test_nobody_gets_in_without_a_session(shared: House, route: str) -> None:
    method, path = concrete(shared, route, "U01")
    answer = await shared.client.request(method, path)
    assert (answer.status_code, code(answer)) == (401, "SESSION_INVALID")


@pytest.mark.parametrize("route", [r for r, rule in ACCESS.items() if rule is Door.OPEN])
async def test_open_routes_need_nothing(fresh: House, route: str) -> None:
    method, path = route.split(" ")
    answer = await fresh.client.request(method, path)
    assert answer.status_code == 200


async def test_founding_needs_the_founding_token_and_no_session_will_do(fresh: House) -> None:
    answer = await fresh.client.post(
        "/v1/conferences", content=b"{}", headers=fresh.headers("convener")
    )
    assert (answer.status_code, code(answer)) == (401, "SESSION_INVALID")


# --- the pure functions ---

UNIT = Actor(unit="U01", role=Role.UNIT)
SUPPORT, LEAD = Standing("support", withdrawn=False), Standing("lead", withdrawn=False)
GONE = Standing("lead", withdrawn=True)


@pytest.mark.parametrize("role", [Role.CONVENER, Role.OFFICE, Role.AUDITOR])
def test_oversight_sees_all(role: Role) -> None:
    actor = Actor(unit=role.value, role=role)
    assert may_see_task(actor, None)
    assert may_read_text(actor, None, "U07")


@pytest.mark.parametrize(
    ("standing", "about", "may"),
    [
        (None, None, False),
        (None, "U01", False),
        (SUPPORT, None, True),
        (SUPPORT, "U01", True),
        (SUPPORT, "U02", False),
        (LEAD, "U02", True),
        (GONE, "U02", False),
        (GONE, "U01", True),
        (GONE, None, True),
    ],
)
def test_texts_of_a_task(standing: Standing | None, about: str | None, may: bool) -> None:
    assert may_read_text(UNIT, standing, about) is may


def test_a_unit_sees_the_tasks_it_is_or_was_on() -> None:
    assert not may_see_task(UNIT, None)
    assert may_see_task(UNIT, SUPPORT)
    assert may_see_task(UNIT, GONE)


def test_what_is_between_office_and_convener_no_unit_reads_not_even_the_lead() -> None:
    for standing in (SUPPORT, LEAD, GONE):
        assert not may_read_text(UNIT, standing, "office")
    assert not may_read_at(UNIT, Place(None, "office"), None)
    assert may_read_at(Actor(unit="auditor", role=Role.AUDITOR), Place(None, "office"), None)


def test_who_is_asked_for_its_concurrence_reads_that_submission_alone() -> None:
    asked = Standing("support", withdrawn=False, asked="a" * 64)
    assert may_read_at(UNIT, Place("T-0001", "U02", "a" * 64), asked)
    assert not may_read_at(UNIT, Place("T-0001", "U02", "b" * 64), asked)
    assert not may_read_at(UNIT, Place("T-0001", "U02", ""), SUPPORT)


def test_a_unit_looks_into_its_own_matters_only() -> None:
    assert may_look_into(UNIT, "U01")
    assert not may_look_into(UNIT, "U02")
    assert may_look_into(Actor(unit="office", role=Role.OFFICE), "U02")


def test_what_stands_at_no_task_is_the_conferences() -> None:
    assert may_read_at(UNIT, Place(None, None), None)
    assert not may_read_at(UNIT, Place("T-0001", None), None)
