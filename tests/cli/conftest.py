"""A founded conference per test module, behind a gateway in a thread."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hatch_build import compile_catalogues
from tests.cli.fake_gateway import FakeGateway, running
from tests.cli.machines import House, found, logged_house


@pytest.fixture(scope="session", autouse=True)
def catalogues() -> None:
    """The catalogues as the build compiles them, from the texts as they stand now."""
    compile_catalogues(Path(__file__).parents[2])


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    """A gateway without a conference."""
    with running() as served:
        yield served


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A founded conference with three units; every test issues its own task."""
    with running() as served:
        yield found(tmp_path_factory.mktemp("house"), served)


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A founded conference whose gateway has a log."""
    with logged_house(tmp_path_factory.mktemp("logged")) as (house, _log):
        yield house
