"""A namespace and a deployment of its own for each test: a comparison looks at all of a namespace."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest_asyncio
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from lianxi.runtime.namespace import TemporalTarget, ensure_namespace
from tests.reconcile.ground import Ground


@pytest_asyncio.fixture(loop_scope="session")
async def client(temporal_address: str) -> Client:
    """A client of a fresh namespace."""
    namespace = f"reconcile-{uuid4().hex[:8]}"
    await ensure_namespace(TemporalTarget(temporal_address, namespace))
    return await Client.connect(
        temporal_address, namespace=namespace, data_converter=pydantic_data_converter
    )


@pytest_asyncio.fixture(loop_scope="session")
async def ground(client: Client, tmp_path: Path) -> AsyncIterator[Ground]:
    """A running deployment in it."""
    async with Ground.running(client, tmp_path) as running:
        yield running
