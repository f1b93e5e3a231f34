"""The set's state as its supervisor publishes it in `run/state.json`, for `status` and `up`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from lianxi.runtime.files import replace_file
from lianxi.runtime.processes import ProcessRecord

if TYPE_CHECKING:
    from lianxi.runtime.layout import DataDir

Phase = Literal["starting", "ready", "paused", "stopping", "stopped", "failed"]
ProcessPhase = Literal["starting", "ready", "restarting", "paused", "stopped", "orphan", "dead"]

# Start order is server first, stop order this one: whoever takes commands goes first, whoever keeps
# history last.
STOP_ORDER = ("gateway", "worker", "server")


@dataclass(frozen=True)
class ProcessStatus:
    """One process of the set. `since` is when `state` began, `said` a remark (its last death)."""

    name: str
    pid: int | None
    state: ProcessPhase
    since: str
    restarts: int
    address: str = ""
    said: str = ""


@dataclass(frozen=True)
class SetState:
    """The whole set; `fault` (as RuntimeFault.as_json) when it failed to start."""

    supervisor: ProcessRecord
    phase: Phase
    since: str
    server: str
    temporal: str
    namespace: str
    profile: str
    embedded: bool
    gateway: str
    control: str
    processes: tuple[ProcessStatus, ...] = ()
    fault: dict[str, str] = field(default_factory=dict)


def now() -> str:
    """The wall clock as people and JSON read it (UTC, whole seconds)."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def write_state(data: DataDir, state: SetState) -> None:
    """Publish."""
    replace_file(data.state, json.dumps(asdict(state), indent=2, ensure_ascii=False) + "\n")


def read_state(data: DataDir) -> SetState | None:
    """The last published state, by whichever supervisor; None when none can be read."""
    try:
        fields: dict[str, Any] = json.loads(data.state.read_text(encoding="utf-8"))
        fields["supervisor"] = ProcessRecord(**fields["supervisor"])
        fields["processes"] = tuple(ProcessStatus(**each) for each in fields["processes"])
        return SetState(**fields)
    except (OSError, ValueError, KeyError, TypeError):
        return None
