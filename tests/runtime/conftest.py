"""Fixtures: plans for sets on free ports, an environment without the developer's own Temporal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import lianxi
from lianxi.runtime.layout import DataDir
from lianxi.runtime.plan import SetPlan
from lianxi.runtime.ports import ServerPorts, free_ports
from lianxi.runtime.server_source import ServerSource, find_or_build
from lianxi.runtime.status import down

FAKES = Path(__file__).with_name("fakes")
PlanFactory = Callable[[], SetPlan]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the developer's reaches a test; children find lianxi where we found it."""
    for name in list(os.environ):
        if name.startswith(("TEMPORAL_", "LIANXI_")) and name != "LIANXI_TEMPORAL_SERVER":
            monkeypatch.delenv(name)
    monkeypatch.setenv("PYTHONPATH", str(Path(lianxi.__file__).parents[1]))


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    """A fresh data directory, created."""
    made = DataDir.at(tmp_path / "data")
    made.create()
    return made


@pytest.fixture(scope="session")
def real_server() -> ServerSource:
    """Build the server first, outside of any test's own deadline."""
    return find_or_build()


@pytest.fixture
def plan(data: DataDir, real_server: ServerSource) -> Iterator[SetPlan]:
    """A set with the real server and fake worker and gateway; whatever is left of it is stopped."""
    assert real_server.kind != "remote", "unset TEMPORAL_ADDRESS and TEMPORAL_PROFILE for tests"
    ports = ServerPorts.free()
    yield SetPlan(
        data=data.root,
        gateway_port=free_ports(1, beside=ports.all())[0],
        server_ports=ports,
        worker=(sys.executable, str(FAKES / "worker.py")),
        gateway=(sys.executable, str(FAKES / "gateway.py")),
        ready_seconds=30,
    )
    down(data)
