"""What one embedded set is made of: the settings `up` needs, as data that can travel."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from lianxi.runtime.layout import DataDir
from lianxi.runtime.ports import ServerPorts, reachable
from lianxi.runtime.server_source import ServerSource


def _module(name: str) -> tuple[str, ...]:
    # -P: a worker.py in the current folder must not be taken for ours
    return (sys.executable, "-P", "-m", name)


@dataclass(frozen=True)
class SetPlan:
    """One set on one data directory. `address` or `profile`: use that Temporal, not our own."""

    data: Path
    namespace: str = "lianxi"
    retention_days: int = 90
    address: str = ""
    profile: str = ""
    temporal_port: int = 7233
    ui_port: int | None = None
    gateway_host: str = "127.0.0.1"
    gateway_port: int = 8600
    gateway_scheme: Literal["http", "https"] = "http"
    tests: bool = False
    server_ports: ServerPorts | None = None
    service_keys: tuple[Path, Path] | None = None
    """The log's and the receipts' key files; made before anything starts where there are none."""
    environment: dict[str, str] = field(default_factory=dict)
    worker: tuple[str, ...] = field(default_factory=lambda: _module("worker"))
    gateway: tuple[str, ...] = field(default_factory=lambda: _module("lianxi.gateway.main"))
    ready_seconds: float = 60.0

    def __post_init__(self) -> None:
        """Children and the background supervisor run in another current folder."""
        object.__setattr__(self, "data", self.dir.root)

    @property
    def dir(self) -> DataDir:
        """The data directory's paths."""
        return DataDir.at(self.data)

    @property
    def ports(self) -> ServerPorts:
        """The embedded server's ports."""
        return self.server_ports or ServerPorts.around(self.temporal_port)

    @property
    def gateway_url(self) -> str:
        """Where clients on this machine reach the gateway."""
        host = reachable(self.gateway_host)
        return f"{self.gateway_scheme}://{f'[{host}]' if ':' in host else host}:{self.gateway_port}"


def to_json(plan: SetPlan, source: ServerSource) -> str:
    """Plan and source as the background supervisor reads them on stdin."""
    return json.dumps({"plan": asdict(plan), "source": asdict(source)}, default=str)


def from_json(text: str) -> tuple[SetPlan, ServerSource]:
    """The inverse of `to_json`."""
    fields: dict[str, dict[str, Any]] = json.loads(text)
    plan, source = fields["plan"], fields["source"]
    plan["data"] = Path(plan["data"])
    plan["server_ports"] = ServerPorts(**plan["server_ports"]) if plan["server_ports"] else None
    plan["worker"], plan["gateway"] = tuple(plan["worker"]), tuple(plan["gateway"])
    keys = plan["service_keys"]
    plan["service_keys"] = (Path(keys[0]), Path(keys[1])) if keys else None
    source["path"] = Path(source["path"]) if source["path"] else None
    return SetPlan(**plan), ServerSource(**source)
