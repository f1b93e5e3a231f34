"""Processes of the benchmark: started in their own session, measured and stopped by pid."""

import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_PROC = Path("/proc/self/stat")
_TICKS = os.sysconf("SC_CLK_TCK")


class Child:
    """A process that leaves with us. `name` is for messages and for the file of its output."""

    def __init__(
        self, name: str, command: Sequence[str], folder: Path, environ: Mapping[str, str]
    ) -> None:
        self.name = name
        self.output = folder / f"{name}.log"
        with self.output.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **environ},
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def until(self, ready: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait until it is ready; RuntimeError with the end of its output when it is not."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} did not come up:\n{self._tail()}")
            time.sleep(0.05)

    def stop(self, seconds: float = 25.0) -> None:
        """SIGTERM, then SIGKILL; waits until it is gone."""
        if self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def cpu(self) -> float:
        """CPU seconds it has taken."""
        return cpu_of(self.pid)

    def resident(self) -> int:
        """Bytes it holds in memory."""
        return resident_of(self.pid)

    def _tail(self) -> str:
        return self.output.read_text(errors="replace")[-2_000:]


def own_cpu() -> float:
    """CPU seconds of this process, all threads."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def cpu_of(pid: int) -> float:
    """User and system seconds of a process: /proc where there is one, else ps."""
    if not _PROC.exists():
        return _clock_seconds(_ps(pid, "time="))
    # proc_pid_stat(5): names may hold anything, so count from the last parenthesis
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident_of(pid: int) -> int:
    """Resident set size in bytes."""
    if not _PROC.exists():
        return int(_ps(pid, "rss=")) * 1024
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _ps(pid: int, column: str) -> str:
    command = ["ps", "-o", column, "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _clock_seconds(text: str) -> float:
    """`[hh:]mm:ss.ss` of ps as seconds."""
    seconds = 0.0
    for part in text.split(":"):
        seconds = seconds * 60 + float(part)
    return seconds
