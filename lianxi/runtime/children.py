"""The three children as the plan wants them: argv, environment, how each shows that it is ready."""

from __future__ import annotations

import asyncio
import http.client
import json
import ssl
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lianxi.runtime.child import Child
from lianxi.runtime.files import replace_file
from lianxi.runtime.namespace import NamespaceReport, TemporalTarget
from lianxi.runtime.ports import require_free
from lianxi.runtime.server_config import server_command
from lianxi.runtime.temporal_probe import ensure_in_probe

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from lianxi.runtime.layout import DataDir
    from lianxi.runtime.plan import SetPlan
    from lianxi.runtime.server_source import ServerSource

# Longer than the worker's graceful_shutdown_timeout (at most 30 s), which is longer than SMTP's.
WORKER_STOP_SECONDS = 40.0
GATEWAY_STOP_SECONDS = 15.0
SERVER_STOP_SECONDS = 20.0
STOP_SECONDS = WORKER_STOP_SECONDS + GATEWAY_STOP_SECONDS + SERVER_STOP_SECONDS


def target_of(plan: SetPlan, source: ServerSource) -> TemporalTarget:
    """How this set reaches Temporal."""
    if source.kind == "remote":
        return TemporalTarget(source.address, plan.namespace, source.profile, plain=False)
    return TemporalTarget(f"127.0.0.1:{plan.ports.frontend}", plan.namespace)


def child_environment(
    plan: SetPlan, source: ServerSource, inherited: Mapping[str, str]
) -> dict[str, str]:
    """The settings worker and gateway get, over what they inherit.

    With our own server every TEMPORAL_* of the user is left out and TEMPORAL_CONFIG_FILE names a
    file of ours: TLS or an API key of a default profile would break the plain connection to
    loopback.
    """
    env = dict(inherited)
    target = target_of(plan, source)
    if target.plain:
        env = {key: value for key, value in env.items() if not key.startswith("TEMPORAL_")}
        env["TEMPORAL_CONFIG_FILE"] = str(connection_file(plan.dir))
    if target.profile:
        env["TEMPORAL_PROFILE"] = target.profile
    if target.address:
        env["TEMPORAL_ADDRESS"] = target.address
    return env | {
        "TEMPORAL_NAMESPACE": plan.namespace,
        "LIANXI_DATA": str(plan.dir.root),
        "LIANXI_GATEWAY_HOST": plan.gateway_host,
        "LIANXI_GATEWAY_PORT": str(plan.gateway_port),
        **plan.environment,
    }


def connection_file(data: DataDir) -> Path:
    """A Temporal configuration file for the embedded server (the `temporal` CLI reads it too)."""
    return data.server / "temporal.toml"


def server_child(plan: SetPlan, source: ServerSource, env: Mapping[str, str]) -> Child:
    """The embedded server; ready when the namespace is served, asked anew at every restart."""
    data, target = plan.dir, target_of(plan, source)
    argv = server_command(data, source, plan.ports, tests=plan.tests, ui_port=plan.ui_port)
    lines = [
        "[profile.default]",
        f'address = "{target.address}"',
        f'namespace = "{target.namespace}"',
    ]
    replace_file(connection_file(data), "\n".join(lines) + "\n")

    async def ready(_pid: int) -> str:
        report = await ensure_in_probe(
            target, env, timedelta(days=plan.retention_days), plan.ready_seconds
        )
        return namespace_words(report, plan.retention_days)

    return Child(
        name="server",
        argv=argv,
        env={key: value for key, value in env.items() if not key.startswith("TEMPORAL_")},
        ready=ready,
        folder=data.root,
        log=data.log("server"),
        pid_file=data.pid_file("server"),
        address=target.address,
        ready_timeout=plan.ready_seconds,
        stop_timeout=SERVER_STOP_SECONDS,
    )


def namespace_words(report: NamespaceReport, wanted_days: int) -> str:
    """The namespace and the retention in force, with the wanted one where that differs."""
    days = report.retention_hours / 24
    differs = (
        ""
        if days == wanted_days
        else f" ({wanted_days} were wanted; an existing namespace is not changed)"
    )
    return f"namespace {report.namespace}, retention {days:g} days{differs}"


def worker_child(plan: SetPlan, env: Mapping[str, str]) -> Child:
    """The worker; ready when its pid stands in `run/worker.ready`, written once it polls."""
    data = plan.dir

    async def ready(pid: int) -> str:
        while True:
            try:
                if data.worker_ready.read_text().split()[:1] == [str(pid)]:
                    return ""
            except FileNotFoundError:
                pass
            await asyncio.sleep(0.05)

    return Child(
        name="worker",
        argv=plan.worker,
        env=env,
        ready=ready,
        folder=data.root,
        log=data.log("worker"),
        pid_file=data.pid_file("worker"),
        ready_timeout=plan.ready_seconds,
        stop_timeout=WORKER_STOP_SECONDS,
    )


def gateway_child(plan: SetPlan, env: Mapping[str, str]) -> Child:
    """The gateway; ready when it answers its health check."""
    data, url = plan.dir, plan.gateway_url

    async def ready(_pid: int) -> str:
        while await asyncio.to_thread(health, url) != "":  # noqa: ASYNC110 - asked, not told
            await asyncio.sleep(0.1)
        return ""

    return Child(
        name="gateway",
        argv=plan.gateway,
        env=env,
        ready=ready,
        folder=data.root,
        log=data.log("gateway"),
        pid_file=data.pid_file("gateway"),
        address=url,
        ready_timeout=plan.ready_seconds,
        stop_timeout=GATEWAY_STOP_SECONDS,
    )


def health(url: str, timeout: float = 2.0) -> str:
    """Empty when the gateway at `url` answers its health check, else what is wrong."""
    try:
        status, _body = _asked(url, "/v1/health", timeout)
    except (OSError, http.client.HTTPException) as error:
        return f"{type(error).__name__}: {error}"
    return "" if status == HTTPStatus.OK else f"HTTP {status}"


def conferences_at(url: str, timeout: float = 10.0) -> list[dict[str, Any]]:
    """The conferences that the gateway at `url` serves; none where it does not answer."""
    try:
        _status, body = _asked(url, "/v1/conferences", timeout)
        served = json.loads(body)["conferences"]
        return [dict(one) for one in served]
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return []


def _asked(url: str, path: str, timeout: float) -> tuple[int, bytes]:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 0
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        # Asks whether our own process here lives; its certificate is for its other names.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection(host, port, timeout=timeout, context=context)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def require_ports(plan: SetPlan, source: ServerSource) -> None:
    """Refuse taken ports before anything is started."""
    if source.kind != "remote":
        ports = plan.ports.all() if source.kind == "server" else (plan.ports.frontend,)
        for port in ports:
            require_free(
                "127.0.0.1", port, purpose="the Temporal server", setting="LIANXI_TEMPORAL_PORT"
            )
    require_free(
        plan.gateway_host, plan.gateway_port, purpose="the gateway", setting="LIANXI_GATEWAY_PORT"
    )
