"""The configuration and command line of the embedded Temporal server.

Written as JSON, which is YAML too, so that any path is quoted right without a YAML writer.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from lianxi.runtime.faults import RuntimeFault
from lianxi.runtime.files import replace_file

if TYPE_CHECKING:
    from pathlib import Path

    from lianxi.runtime.layout import DataDir
    from lianxi.runtime.ports import ServerPorts
    from lianxi.runtime.server_source import ServerSource

# Fixed for ever in a database. Four is what was measured: enough that 16 tasks at once spread over
# locks and queues, and every shard costs polling and writes on SQLite's one connection, so that
# more only helps where several machines share the shards; that is a cluster on PostgreSQL, a new
# database.
HISTORY_SHARDS = 4

# Server defaults hold each shard to 20 queue polls a second: a chain of activities then costs 62
# ms a step instead of 15 on so few shards. In-flight updates: all 28 units may act at once
# (default 10). The cache refresh makes a search attribute usable as soon as the founding has added
# it.
TUNED: dict[str, object] = {
    "history.maxInFlightUpdates": 64,
    "history.transferProcessorMaxPollRPS": 2000,
    "history.timerProcessorMaxPollRPS": 2000,
    "system.enableActivityEagerExecution": True,
    "system.forceSearchAttributesCacheRefreshOnRead": True,
}
# For tests and the demo year alone: with them whoever may start workflows decides what time it is.
TIME_SKIPPING: dict[str, object] = {
    "frontend.WorkflowTimeSkippingEnabled": True,
    "history.timerProcessorMaxTimeShift": "20ms",
}


def dynamic_values(*, tests: bool) -> dict[str, object]:
    """Dynamic configuration by key."""
    return TUNED | TIME_SKIPPING if tests else TUNED


def database_for(data: DataDir, source: ServerSource) -> Path:
    """The server's database file; refuses to start empty beside another version's.

    A server's SQLite schema is never migrated, and the CLI's dev server has one history shard
    where ours has four: so kind and version name the file. Starting on a new one would forget
    every running task while the trail still knows them.
    """
    kind = "" if source.kind == "server" else "cli-"
    database = data.server / f"temporal-{kind}{source.version}.db"
    others = [path for path in data.server_databases() if path != database]
    if others and not database.exists():
        raise RuntimeFault(
            "SERVER_DATABASE_OTHER_VERSION",
            f"This data directory's tasks live in {others[-1].name}, "
            f"but the server found is {source.said}.",
            hint="Set LIANXI_TEMPORAL_SERVER to a server of that version, "
            "or use another data directory.",
            place=str(others[-1]),
        )
    return database


def server_config(database: Path, ports: ServerPorts, dynamic_file: Path) -> dict[str, Any]:
    """Configuration of `cmd/server`: one SQLite file, everything on loopback, metrics off."""
    attributes = {"cache": "private", "setup": "true", "journal_mode": "wal", "synchronous": "2"}
    sqlite = {
        "pluginName": "sqlite",
        # becomes an SQLite URI: ? and # would end the path, % would be decoded
        "databaseName": quote(str(database)),
        "connectAddr": "localhost",
        "connectProtocol": "tcp",
        "connectAttributes": attributes,
        "maxConns": 1,
        "maxIdleConns": 1,
        "maxConnLifetime": "1h",
    }
    return {
        "log": {"stdout": True, "level": "error"},
        "persistence": {
            "defaultStore": "sqlite",
            "visibilityStore": "sqlite",
            "numHistoryShards": HISTORY_SHARDS,
            "datastores": {"sqlite": {"sql": sqlite}},
        },
        "global": {"membership": {"maxJoinDuration": "30s", "broadcastAddress": "127.0.0.1"}},
        "services": {
            "frontend": _service(ports.frontend, ports.frontend_membership),
            "history": _service(ports.history, ports.history_membership),
            "matching": _service(ports.matching, ports.matching_membership),
            "worker": _service(ports.worker, ports.worker_membership),
        },
        "clusterMetadata": {
            "enableGlobalNamespace": False,
            "failoverVersionIncrement": 10,
            "masterClusterName": "active",
            "currentClusterName": "active",
            "clusterInformation": {
                "active": {
                    "enabled": True,
                    "initialFailoverVersion": 1,
                    "rpcName": "frontend",
                    "rpcAddress": f"127.0.0.1:{ports.frontend}",
                }
            },
        },
        "dcRedirectionPolicy": {"policy": "noop"},
        "dynamicConfigClient": {"filepath": str(dynamic_file), "pollInterval": "10s"},
    }


def _service(grpc: int, membership: int) -> dict[str, Any]:
    return {"rpc": {"grpcPort": grpc, "membershipPort": membership, "bindOnLocalHost": True}}


def server_command(
    data: DataDir,
    source: ServerSource,
    ports: ServerPorts,
    *,
    tests: bool = False,
    ui_port: int | None = None,
) -> tuple[str, ...]:
    """Write the configuration `source` needs and return the command line that starts it."""
    database = database_for(data, source)
    if source.kind == "cli":
        return cli_command(source, database, ports.frontend, tests=tests, ui_port=ui_port)
    if ui_port is not None:
        raise RuntimeFault(
            "UI_NEEDS_CLI",
            "The built server has no web UI.",
            hint="Set LIANXI_TEMPORAL_SERVER to a `temporal` CLI before the first start, "
            "or leave the UI port out.",
        )
    dynamic_file, config_file = data.server / "dynamic.yaml", data.server / "server.yaml"
    rules = {key: [{"value": value}] for key, value in dynamic_values(tests=tests).items()}
    _write_yaml(dynamic_file, rules)
    _write_yaml(config_file, server_config(database, ports, dynamic_file))
    return (str(source.path), "--config-file", str(config_file), "--allow-no-auth", "start")


def cli_command(
    source: ServerSource, database: Path, port: int, *, tests: bool, ui_port: int | None
) -> tuple[str, ...]:
    """`temporal server start-dev` with the same database manners and dynamic values."""
    command = [str(source.path), "server", "start-dev", "--ip", "127.0.0.1", "--port", str(port)]
    command += ["--db-filename", str(database), "--sqlite-pragma", "journal_mode=wal"]
    command += ["--sqlite-pragma", "synchronous=2", "--log-level", "error"]
    command += ["--headless"] if ui_port is None else ["--ui-port", str(ui_port)]
    for key, value in dynamic_values(tests=tests).items():
        command += ["--dynamic-config-value", f"{key}={json.dumps(value)}"]
    return tuple(command)


def _write_yaml(path: Path, content: dict[str, Any]) -> None:
    replace_file(
        path,
        "# written by lianxi at every start: changes here are lost\n"
        + json.dumps(content, indent=2, ensure_ascii=False)
        + "\n",
    )
