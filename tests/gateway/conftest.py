"""Fixtures: gateways on real SQLite trails."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from lianxi.store.store import Store, open_store
from tests.gateway.house import House, lived_conference
from tests.store.fresh import fresh_trail
from tests.store.scenario import Scenario


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A writable store in a folder of its own."""
    url = fresh_trail(f"sqlite:///{tmp_path}/trail/trail.db")
    with open_store(url, tmp_path / "evidence", writable=True, busy_seconds=0.5) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def lived(store: Store) -> AsyncIterator[House]:
    """A conference of three units with tasks in several states."""
    house = House(lived_conference(), store)
    yield house
    await house.client.aclose()


@pytest_asyncio.fixture(loop_scope="session")
async def fresh(store: Store) -> AsyncIterator[House]:
    """A conference of three units, all with keys, without a task."""
    house = House(Scenario().register_all(), store)
    yield house
    await house.client.aclose()
