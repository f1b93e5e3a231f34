"""`lianxi doctor`: what this machine and this data directory need to run a set, one check a line.

Temporal is asked in a process of its own, so the caller imports no temporalio and may leave as
usual.
"""

from __future__ import annotations

import os
import platform
import shutil
import stat
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lianxi.runtime import server_build
from lianxi.runtime.children import (
    child_environment,
    conferences_at,
    health,
    namespace_words,
    target_of,
)
from lianxi.runtime.faults import RuntimeFault
from lianxi.runtime.ports import holder_of_port, is_free
from lianxi.runtime.server_source import ServerSource, find
from lianxi.runtime.status import SetStatus, status
from lianxi.runtime.temporal_probe import look_now, stuck_now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lianxi.runtime.layout import DataDir
    from lianxi.runtime.plan import SetPlan

_LEAST_FREE_BYTES = 1024**3
_LEAST_FREE_TO_BUILD = 4 * 1024**3


@dataclass(frozen=True)
class Check:
    """One finding. `ok` None: could not be looked at now, which is no defect by itself."""

    name: str
    ok: bool | None
    detail: str
    hint: str = ""


def doctor(plan: SetPlan) -> list[Check]:
    """Every check, in the order in which a reader should mend things."""
    return list(_checks(plan))


def _checks(plan: SetPlan) -> Iterator[Check]:
    yield _python()
    if os.name != "posix":
        yield Check(
            "system", None, "Windows: client only; server, worker and gateway run on Linux or macOS"
        )
        return
    source, check = _server_source(plan)
    yield check
    yield from _tools(source)
    yield from _data_dir(plan.dir)
    now = status(plan.dir)
    yield _processes(now)
    yield from _ports(plan, source, now)
    yield from _temporal(plan, source, now)
    yield _gateway(plan, now)
    yield _trail(plan.dir)
    yield from _behind(now)


def _python() -> Check:
    version = platform.python_version()
    return Check(
        "python",
        sys.version_info >= (3, 11),
        f"{version} ({sys.executable})",
        "Python 3.11 or newer is needed.",
    )


def _server_source(plan: SetPlan) -> tuple[ServerSource | None, Check]:
    try:
        source = find(address=plan.address, profile=plan.profile)
    except RuntimeFault as fault:
        return None, Check("temporal server", ok=False, detail=fault.message, hint=fault.hint)
    if source:
        return source, Check("temporal server", ok=True, detail=source.said)
    go, why_not = server_build.go_on(os.environ)
    if go:
        return None, Check(
            "temporal server",
            ok=True,
            detail=f"none yet; lianxi up builds it with {go} (once, about 5 minutes)",
        )
    hint = "Install Go or the `temporal` CLI, or set LIANXI_TEMPORAL_SERVER."
    return None, Check(
        "temporal server",
        None,
        f"none yet, and {why_not}: lianxi up will try to download one",
        hint,
    )


def _tools(source: ServerSource | None) -> Iterator[Check]:
    go, why_not = server_build.go_on(os.environ)
    yield Check("go", True if go else None, str(go) if go else why_not)
    temporal = shutil.which("temporal")
    yield Check("temporal CLI", True if temporal else None, temporal or "not on PATH (not needed)")
    if source is None and go:
        cache = server_build.cache_root()
        folder = next(path for path in (cache, *cache.parents) if path.exists())
        free = shutil.disk_usage(folder).free
        yield Check(
            "space to build",
            free >= _LEAST_FREE_TO_BUILD,
            f"{free / 1024**3:.1f} GiB free at {folder}",
            "4 GiB are needed.",
        )


def _data_dir(data: DataDir) -> Iterator[Check]:
    if not data.root.exists():
        yield Check("data directory", None, f"{data.root} is not there yet; lianxi up creates it")
        return
    facts = data.root.stat()
    mode = stat.S_IMODE(facts.st_mode)
    private = mode & 0o077 == 0 and facts.st_uid == os.getuid()
    hint = (
        f"chmod 700 {data.root}" if facts.st_uid == os.getuid() else "It belongs to another user."
    )
    yield Check("data directory", private, f"{data.root} (mode {mode:o})", "" if private else hint)
    free = shutil.disk_usage(data.root).free
    yield Check(
        "disk space",
        free >= _LEAST_FREE_BYTES,
        f"{free / 1024**3:.1f} GiB free",
        "At least 1 GiB should be.",
    )


def _processes(now: SetStatus) -> Check:
    listed = ", ".join(f"{each.name} pid {each.pid} {each.state}" for each in now.processes)
    if now.phase == "orphaned":
        return Check(
            "processes",
            ok=False,
            detail=f"without a supervisor: {listed}",
            hint="lianxi down, or lianxi up (which replaces them)",
        )
    if not now.running:
        return Check("processes", None, "the set is not running", "lianxi up")
    well = now.phase == "ready" and all(each.state == "ready" for each in now.processes)
    return Check(
        "processes",
        well,
        f"supervisor pid {now.supervisor_pid} {now.phase}; {listed}",
        "" if well else "lianxi status",
    )


def _ports(plan: SetPlan, source: ServerSource | None, now: SetStatus) -> Iterator[Check]:
    if now.running or now.processes:
        return  # they are taken, by us
    wanted = [(plan.gateway_host, plan.gateway_port, "LIANXI_GATEWAY_PORT")]
    if source is None or source.kind != "remote":
        wanted += [("127.0.0.1", port, "LIANXI_TEMPORAL_PORT") for port in plan.ports.all()]
    for host, port, setting in wanted:
        if not is_free(host, port):
            holder = holder_of_port(port) or "another process"
            yield Check(
                "ports",
                ok=False,
                detail=f"{host}:{port} is taken by {holder}",
                hint=f"Choose another with {setting}.",
            )
            return
    free = ", ".join(str(port) for _, port, _ in wanted)
    yield Check("ports", ok=True, detail=f"{free} are free")


def _temporal(plan: SetPlan, source: ServerSource | None, now: SetStatus) -> Iterator[Check]:
    if source is None or (source.kind != "remote" and not now.running and not now.processes):
        yield Check("temporal", None, "not running")
        return
    target, env = target_of(plan, source), child_environment(plan, source, os.environ)
    try:
        report = look_now(target, env)
        days = report.retention_hours / 24
        long_enough = days >= plan.retention_days
        hint = (
            ""
            if long_enough
            else "Temporal forgets workflows closed longer ago; the trail keeps them."
        )
        yield Check(
            "temporal",
            long_enough,
            f"{report.address}: {namespace_words(report, plan.retention_days)}",
            hint,
        )
        stuck = stuck_now(target, env)
    except RuntimeFault as fault:
        yield Check("temporal", ok=False, detail=fault.message, hint=fault.hint)
        return
    if not stuck:
        yield Check("workflows", ok=True, detail="none of the first 500 open ones is stuck")
    for each in stuck:
        detail = (
            f"{each.workflow_id}: its workflow task failed {each.attempts - 1} times, {each.cause}"
        )
        yield Check(
            "workflows",
            ok=False,
            detail=detail,
            hint="A bug or an unreadable start: see docs/runbook.md, stuck workflows.",
        )


def _gateway(plan: SetPlan, now: SetStatus) -> Check:
    if not now.running:
        return Check("gateway", None, "not running")
    wrong = health(plan.gateway_url if not now.gateway else now.gateway)
    return Check(
        "gateway",
        wrong == "",
        wrong or f"{now.gateway} answers",
        "" if wrong == "" else "lianxi status",
    )


def _behind(now: SetStatus) -> Iterator[Check]:
    """Conferences whose trail was rolled back: the set runs, and nothing of them is recorded."""
    served = conferences_at(now.gateway) if now.running and now.gateway else []
    behind = [str(one.get("conference")) for one in served if one.get("behind")]
    if behind:
        yield Check(
            "checkpoints",
            ok=False,
            detail=f"{', '.join(behind)}: the trail is behind its checkpoint, nothing is recorded",
            hint="See docs/runbook.md, TRAIL_BEHIND: bring the newer data directory back.",
        )


def _trail(data: DataDir) -> Check:
    if not data.trail_database.exists():
        return Check("trail", None, "no database yet; the worker creates it")
    size = data.trail_database.stat().st_size
    readable = os.access(data.trail_database, os.R_OK | os.W_OK)
    return Check(
        "trail",
        readable,
        f"{data.trail_database} ({size / 1024**2:.1f} MiB)",
        "" if readable else "Mend its permissions.",
    )
