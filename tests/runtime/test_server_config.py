"""What the server is told."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

from lianxi.runtime.faults import RuntimeFault
from lianxi.runtime.ports import ServerPorts
from lianxi.runtime.server_config import HISTORY_SHARDS, server_command
from lianxi.runtime.server_source import ServerSource

if TYPE_CHECKING:
    from lianxi.runtime.layout import DataDir

_PORTS = ServerPorts.around(7233)
_BUILT = ServerSource("server", Path("/opt/server"), "1.32.0", "built")
_CLI = ServerSource("cli", Path("/opt/temporal"), "1.29.1", "on PATH")


def _read(path: Path) -> dict[str, object]:
    content: dict[str, object] = YAML(typ="safe").load(path)
    return content


def test_the_built_server_gets_a_written_configuration(data: DataDir) -> None:
    """Own file, loopback, four shards, WAL with every commit synced, no metrics."""
    argv = server_command(data, _BUILT, _PORTS)
    assert argv == (
        "/opt/server",
        "--config-file",
        str(data.server / "server.yaml"),
        "--allow-no-auth",
        "start",
    )
    config = json.dumps(_read(data.server / "server.yaml"))
    assert f'"numHistoryShards": {HISTORY_SHARDS}' in config
    assert '"journal_mode": "wal", "synchronous": "2"' in config
    assert "temporal-1.32.0.db" in config
    assert "false" not in re.findall(r'"bindOnLocalHost": (\w+)', config)
    assert "metrics" not in config


def test_time_skipping_is_for_tests_alone(data: DataDir) -> None:
    """Whoever may skip time decides deadlines: off unless asked for."""
    server_command(data, _BUILT, _PORTS)
    ours = _read(data.server / "dynamic.yaml")
    assert ours["history.maxInFlightUpdates"] == [{"value": 64}]
    assert ours["history.transferProcessorMaxPollRPS"] == [{"value": 2000}]
    assert "frontend.WorkflowTimeSkippingEnabled" not in ours
    server_command(data, _BUILT, _PORTS, tests=True)
    for_tests = _read(data.server / "dynamic.yaml")
    assert for_tests["frontend.WorkflowTimeSkippingEnabled"] == [{"value": True}]
    assert for_tests["history.timerProcessorMaxTimeShift"] == [{"value": "20ms"}]


def test_the_cli_gets_the_same_on_its_command_line(data: DataDir) -> None:
    """start-dev with a database that lasts, loopback, the dynamic values, no UI unless asked."""
    argv = server_command(data, _CLI, _PORTS)
    line = " ".join(argv)
    assert line.startswith(
        "/opt/temporal server start-dev --ip 127.0.0.1 --port 7233 --db-filename"
    )
    assert str(data.server / "temporal-cli-1.29.1.db") in argv
    assert "--sqlite-pragma journal_mode=wal" in line
    assert "--dynamic-config-value history.maxInFlightUpdates=64" in line
    assert "--dynamic-config-value system.enableActivityEagerExecution=true" in line
    assert "--headless" in argv
    skipping = server_command(data, _CLI, _PORTS, tests=True, ui_port=8233)
    assert 'history.timerProcessorMaxTimeShift="20ms"' in skipping
    assert "--headless" not in skipping
    assert "8233" in skipping


def test_another_servers_database_is_not_left_behind(data: DataDir) -> None:
    """Starting empty beside the database that holds the running tasks is refused."""
    (data.server / "temporal-1.31.0.db").touch()
    with pytest.raises(RuntimeFault) as caught:
        server_command(data, _BUILT, _PORTS)
    assert caught.value.code == "SERVER_DATABASE_OTHER_VERSION"
    assert "temporal-1.31.0.db" in caught.value.message
