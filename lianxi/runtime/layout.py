"""The data directory's one documented layout: where each file of an embedded set lies.

config.toml   settings
keys/         private keys this machine holds (never in a backup unless asked for)
server/       Temporal's database, named after the server version, and its written configuration
trail/        trail.db, evidence/ (files by hash)
logs/         one log per process, supervisor.log (JSON lines)
run/          pid files with start times, state.json, control.sock, locks: nothing worth keeping
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lianxi.runtime.faults import RuntimeFault


@dataclass(frozen=True)
class DataDir:
    """Paths inside one data directory; making the object touches nothing."""

    root: Path

    @classmethod
    def at(cls, root: Path | str) -> DataDir:
        """The data directory at `root`, made absolute: children run with another current folder."""
        return cls(Path(root).expanduser().resolve())

    @property
    def config(self) -> Path:
        """Settings."""
        return self.root / "config.toml"

    @property
    def keys(self) -> Path:
        """Private keys this machine holds."""
        return self.root / "keys"

    @property
    def server(self) -> Path:
        """Temporal's database and its written configuration."""
        return self.root / "server"

    @property
    def trail(self) -> Path:
        """The audit trail."""
        return self.root / "trail"

    @property
    def trail_database(self) -> Path:
        """The trail's database."""
        return self.trail / "trail.db"

    @property
    def evidence(self) -> Path:
        """Evidence files, named by their hash."""
        return self.trail / "evidence"

    @property
    def logs(self) -> Path:
        """One log per process."""
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """What only a running set needs."""
        return self.root / "run"

    @property
    def state(self) -> Path:
        """What the supervisor publishes."""
        return self.run / "state.json"

    @property
    def supervisor_lock(self) -> Path:
        """Held for life by the one supervisor, or by an offline backup."""
        return self.run / "supervisor.lock"

    @property
    def copy_lock(self) -> Path:
        """Held while a backup copies, so that no new set starts in the middle of it."""
        return self.run / "copy.lock"

    @property
    def worker_ready(self) -> Path:
        """Written by the worker, with its pid, once it polls."""
        return self.run / "worker.ready"

    def pid_file(self, name: str) -> Path:
        """The process record of `name`."""
        return self.run / f"{name}.pid"

    def log(self, name: str) -> Path:
        """The log of the process `name`."""
        return self.logs / f"{name}.log"

    def server_databases(self) -> list[Path]:
        """Temporal databases that exist here, oldest name first."""
        return sorted(self.server.glob("temporal-*.db"))

    def create(self) -> None:
        """Create what is missing, readable by its owner only; what exists keeps its mode."""
        folders = (
            self.root,
            self.keys,
            self.server,
            self.trail,
            self.evidence,
            self.logs,
            self.run,
        )
        try:
            for folder in folders:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise RuntimeFault(
                "DATA_DIR_UNUSABLE",
                f"The data directory cannot be created: {error.strerror}.",
                hint="Choose another with --data or LIANXI_DATA.",
                place=str(error.filename or self.root),
            ) from error
