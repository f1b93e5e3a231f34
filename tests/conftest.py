"""Fixtures all suites share: one real Temporal server for the session, a deployment per test."""

import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import settings
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from lianxi.runtime.layout import DataDir
from lianxi.runtime.namespace import TemporalTarget, ensure_namespace
from lianxi.runtime.ports import ServerPorts
from lianxi.runtime.server_config import server_command
from lianxi.runtime.server_source import find_or_build
from tests.deployment import Deployment

NAMESPACE = "lianxi-tests"

# how long an example takes says nothing beside other work
settings.register_profile("lianxi", deadline=None)
settings.load_profile("lianxi")


@pytest.fixture(scope="session")
def temporal_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The real server with time skipping, started once; its address."""
    source = find_or_build()
    data = DataDir.at(tmp_path_factory.mktemp("temporal"))
    data.create()
    ports = ServerPorts.free()
    command = server_command(data, source, ports, tests=True)
    with (data.root / "server.log").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
        yield f"127.0.0.1:{ports.frontend}"
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def temporal(temporal_address: str) -> Client:
    """A client of the session's namespace."""
    await ensure_namespace(TemporalTarget(temporal_address, NAMESPACE))
    return await Client.connect(
        temporal_address, namespace=NAMESPACE, data_converter=pydantic_data_converter
    )


@pytest_asyncio.fixture(loop_scope="session")
async def deployment(temporal: Client, tmp_path: Path) -> AsyncIterator[Deployment]:
    """A worker on a store of its own, with a founded conference of three units."""
    async with Deployment.running(temporal, tmp_path) as running:
        yield running
