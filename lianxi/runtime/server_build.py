"""Build the pinned Temporal server with the machine's own Go, once per user, into the cache.

go.mod and go.sum beside this file pin every module by hash. Cold, the build takes about five
minutes and 2 GB of memory on two cores.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from lianxi.runtime.faults import RuntimeFault
from lianxi.runtime.files import last_lines
from lianxi.runtime.locks import FileLock, holder_of, try_lock

if TYPE_CHECKING:
    from collections.abc import Mapping

MODULE = Path(__file__).with_name("server")
_PACKAGES = ("go.temporal.io/server/cmd/server", "go.temporal.io/server/cmd/tools/sql")


def cache_root() -> Path:
    """Where servers are kept for this user, under their versions."""
    from platformdirs import user_cache_path

    return user_cache_path("lianxi") / "temporal-server"


def pinned_version() -> str:
    """The server version that go.mod pins, without its "v"."""
    return _from_go_mod(r"^\s*go\.temporal\.io/server v(\S+)")


def needed_go() -> tuple[int, ...]:
    """The Go version that go.mod asks for."""
    return _numbers(_from_go_mod(r"^go (\S+)"))


def _from_go_mod(pattern: str) -> str:
    match = re.search(pattern, (MODULE / "go.mod").read_text(encoding="utf-8"), re.MULTILINE)
    if match is None:
        raise RuntimeFault(
            "GO_MOD_UNREADABLE", f"go.mod has no line like {pattern}.", place=str(MODULE / "go.mod")
        )
    return match[1]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def cached_binary(cache: Path) -> Path:
    """Where this pin's server binary lies once built; shared homes: the machine is in the name."""
    pins = hashlib.sha256(
        (MODULE / "go.mod").read_bytes() + (MODULE / "go.sum").read_bytes()
    ).hexdigest()[:16]
    machine = f"{platform.system()}-{platform.machine()}".lower()
    return cache / pinned_version() / f"{pins}-{machine}" / "server"


def go_on(environ: Mapping[str, str]) -> tuple[Path | None, str]:
    """A Go that can build the pin; without one, the reason."""
    found = shutil.which("go", path=environ.get("PATH"))
    if found is None:
        return None, "there is no `go` on PATH"
    answer = subprocess.run(
        [found, "env", "GOVERSION"],
        capture_output=True,
        text=True,
        check=False,
        env={**environ, "GOTOOLCHAIN": "local"},
    )
    version = answer.stdout.strip().removeprefix("go")
    if _numbers(version) < needed_go():
        needed = ".".join(map(str, needed_go()))
        return None, f"the `go` on PATH is {version or 'unusable'}, {needed} is needed"
    return Path(found), ""


def build(go: Path, cache: Path, environ: Mapping[str, str]) -> Path:
    """Build the server unless it is there by now; of several callers one builds, the others wait.

    The result appears under its final name at once and whole (built beside it, then renamed).
    """
    target = cached_binary(cache)
    home = target.parent.parent
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = _wait_for_lock(home / "build.lock", target)
    if lock is None:
        return target
    try:
        if not target.exists():
            for leftover in home.glob(
                ".build-*"
            ):  # of a killed build: we hold the lock, so nobody uses it
                shutil.rmtree(leftover, ignore_errors=True)
            _build_into(go, target, home / "build.log", environ)
    finally:
        lock.release()
    return target


def _wait_for_lock(path: Path, target: Path) -> FileLock | None:
    """The build lock, or None once another process has finished the build."""
    progress: Progress | None = None
    while (lock := try_lock(path)) is None:
        progress = progress or Progress(
            f"waiting for pid {holder_of(path)}, which builds the Temporal server"
        )
        progress.tick()
        time.sleep(0.2)
        if target.exists():
            break
    if progress:
        progress.end()
    return lock


def _build_into(go: Path, target: Path, log: Path, environ: Mapping[str, str]) -> None:
    workspace = Path(tempfile.mkdtemp(prefix=".build-", dir=target.parent.parent))
    try:
        module, out = workspace / "module", workspace / "out"
        module.mkdir()
        out.mkdir()
        for name in (
            "go.mod",
            "go.sum",
        ):  # copied: an installed wheel may lie where nothing can be written
            (module / name).write_bytes((MODULE / name).read_bytes())
        command = [str(go), "build", "-mod=readonly", "-trimpath", "-tags", "disable_grpc_modules"]
        command += ["-ldflags", "-s -w", "-o", f"{out}{os.sep}", *_PACKAGES]
        code = _run_with_progress(command, module, log, environ)
        if code != 0 or not (out / "server").exists():
            raise RuntimeFault(
                "SERVER_BUILD_FAILED",
                f"`go build` of the Temporal server ended with code {code}:\n{last_lines(log)}",
                hint="Read the log; or set LIANXI_TEMPORAL_SERVER to a binary.",
                place=str(log),
            )
        out.rename(target.parent)
    finally:
        shutil.rmtree(workspace, ignore_errors=True)


def _run_with_progress(
    command: list[str], folder: Path, log: Path, environ: Mapping[str, str]
) -> int:
    # GOWORK=off: a go.work above the cache would take over; GOTOOLCHAIN=local: downloads no Go
    env = {**environ, "GOTOOLCHAIN": "local", "CGO_ENABLED": "0", "GOWORK": "off"}
    progress = Progress(
        f"building the Temporal server {pinned_version()} with go (once, about 5 minutes)"
    )
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            while True:
                with suppress(subprocess.TimeoutExpired):
                    return process.wait(timeout=0.5)
                progress.tick()
        finally:
            if process.poll() is None:  # Ctrl-C: the compilers must not go on alone
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            progress.end()


class Progress:
    """Elapsed seconds on stderr: one line that counts on a TTY, a line every 20 s elsewhere."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._began = time.monotonic()
        self._tty = sys.stderr.isatty()
        self._said = self._began
        self._print("")

    def tick(self) -> None:
        """Say the time when it is time to."""
        now = time.monotonic()
        if now - self._said >= (1 if self._tty else 20):
            self._said = now
            self._print(f": {now - self._began:.0f} s")

    def end(self) -> None:
        """Leave the line."""
        if self._tty:
            sys.stderr.write("\n")

    def _print(self, elapsed: str) -> None:
        start, end = ("\r", "") if self._tty else ("", "\n")
        sys.stderr.write(f"{start}{self._what}{elapsed}{end}")
        sys.stderr.flush()
