"""The set of the demo year: server with time skipping, worker, gateway; own data, own ports (tools).

Worker and server are those of operation; the gateway's clock is the virtual one (`gateway`).
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from lianxi.cli.service_keys import service_entry
from lianxi.domain.roster import RosterKey
from lianxi.ids import NAMESPACE
from lianxi.runtime.children import connection_file
from lianxi.runtime.files import last_lines, replace_file
from lianxi.runtime.layout import DataDir
from lianxi.runtime.ports import ServerPorts, free_ports
from lianxi.runtime.server_config import server_command
from lianxi.runtime.server_source import find_or_build
from lianxi.service_keys import LOG_KEY, RECEIPT_KEY, bring_keys, read_service_key

ROOT = Path(__file__).parents[2]
READY, STOPPING = 60.0, 20.0
"""Seconds until a process counts as stuck."""


class ProcessError(Exception):
    """A process of the set did not start, or ended by itself."""


class Processes:
    """What was started here, and is stopped here. Every log lies in the data directory."""

    def __init__(self, data: DataDir) -> None:
        self.data = data
        # its own server in any case, whatever Temporal the caller otherwise uses
        self.source = find_or_build(environ=_of_nobody())
        self._ports = ServerPorts.free()
        (self._gateway_port,) = free_ports(1, beside=self._ports.all())
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def temporal(self) -> str:
        """The server's address."""
        return f"127.0.0.1:{self._ports.frontend}"

    @property
    def gateway(self) -> str:
        """The gateway's address."""
        return f"http://127.0.0.1:{self._gateway_port}"

    @property
    def clock_file(self) -> Path:
        """How far the virtual clock is ahead."""
        return self.data.run / "year.clock"

    @property
    def anchors(self) -> Path:
        """Where the newest checkpoint is kept, beside the data directory."""
        return self.data.root.with_name(f"{self.data.root.name}-anchors")

    def bring_keys(self) -> tuple[RosterKey, ...]:
        """The keys that log and receipts are signed with, as the first roster lists them."""
        log, receipt = (self.data.keys / name for name in (LOG_KEY, RECEIPT_KEY))
        bring_keys(log, receipt)
        return (
            service_entry("log", read_service_key(log).public_key),
            service_entry("receipt", read_service_key(receipt).public_key),
        )

    def start_server(self) -> None:
        """Temporal, on an empty database; how to reach it is written beside."""
        lines = (
            "[profile.default]",
            f'address = "{self.temporal}"',
            f'namespace = "{NAMESPACE}"',
        )
        replace_file(connection_file(self.data), "\n".join(lines) + "\n")
        self._start("temporal", server_command(self.data, self.source, self._ports, tests=True))

    def start_worker(self) -> None:
        """`worker.py`, until it polls."""
        self.data.worker_ready.unlink(missing_ok=True)
        self._start("worker", (sys.executable, "worker.py"))
        self._until("worker", self.data.worker_ready.exists)

    def start_gateway(self) -> None:
        """The gateway under the virtual clock, until it answers."""
        command = (sys.executable, "-m", "tools.year.gateway", str(self.clock_file))
        self._start("gateway", command)
        self._until("gateway", self._answers)

    def stop(self, name: str) -> None:
        """SIGTERM, and SIGKILL if that does not help."""
        process = self._running.pop(name, None)
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOPPING)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def stop_all(self) -> None:
        """In the order in which nothing is missed."""
        for name in ("gateway", "worker", "temporal"):
            self.stop(name)

    @property
    def environment(self) -> Mapping[str, str]:
        """Of every process: nothing of the caller's own Lianxi or Temporal."""
        own = {name: text for name, text in _of_nobody().items() if not name.startswith("LIANXI_")}
        return own | {
            "LIANXI_DATA": str(self.data.root),
            "LIANXI_GATEWAY_PORT": str(self._gateway_port),
            "LIANXI_LOG_LEVEL": "WARNING",
            "LIANXI_ANCHORS_DIR": str(self.anchors),
            # with a file of our own no profile of the caller's is mixed in
            "TEMPORAL_CONFIG_FILE": str(connection_file(self.data)),
        }

    def _start(self, name: str, command: tuple[str, ...]) -> None:
        with self.data.log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(
                command,
                env=dict(self.environment),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _until(self, name: str, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + READY
        while not ready():
            code = self._running[name].poll()
            if code is not None or time.monotonic() > deadline:
                log = last_lines(self.data.log(name))
                raise ProcessError(f"{name} is not ready (exit code {code}):\n{log}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self.gateway}/v1/health", timeout=1) as answer:  # noqa: S310 - our own
                return bool(answer.status == 200)  # noqa: PLR2004 - HTTP's word for well
        except (URLError, OSError):
            return False


def _of_nobody() -> dict[str, str]:
    """The environment without the caller's way to a Temporal."""
    return {name: text for name, text in os.environ.items() if not name.startswith("TEMPORAL_")}
