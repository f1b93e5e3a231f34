"""The gateway as a process: up while everything else is away, down in order, never exposed by mistake."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.store.scenario import Scenario


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(data: Path, **settings: str) -> dict[str, str]:
    """Settings of a gateway whose Temporal is nowhere."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("LIANXI_")},
        "LIANXI_DATA": str(data),
        "TEMPORAL_ADDRESS": f"127.0.0.1:{free_port()}",
        **settings,
    }


def start(env: dict[str, str], data: Path) -> "subprocess.Popen[bytes]":
    with (data / "gateway.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "lianxi.gateway.main"], env=env, stderr=log, stdout=log
        )


def wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    """Until it answers its health check."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None
        try:
            if httpx.get(f"{url}/v1/health", timeout=1).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    pytest.fail("the gateway did not come up")


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """A gateway without Temporal."""
    port = free_port()
    process = start(environment(tmp_path, LIANXI_GATEWAY_PORT=str(port)), tmp_path)
    url = f"http://127.0.0.1:{port}"
    wait_for(url, process)
    yield url, process
    if process.poll() is None:
        process.kill()
    process.wait(10)


def test_without_temporal_it_lives_reads_and_keeps_its_token(
    gateway: tuple[str, "subprocess.Popen[bytes]"], tmp_path: Path
) -> None:
    url, process = gateway
    assert httpx.get(f"{url}/v1/conferences").json() == {"schema": 1, "conferences": []}
    token = tmp_path / "run" / "founding.token"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    answer = httpx.post(f"{url}/v1/demo/commands", content=Scenario().envelopes.popitem()[1])
    assert answer.json()["error"]["code"] == "UNKNOWN_CONFERENCE"
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert "Traceback" not in (tmp_path / "gateway.log").read_text()


def test_an_idle_connection_does_not_hold_the_stop(
    gateway: tuple[str, "subprocess.Popen[bytes]"],
) -> None:
    url, process = gateway
    with httpx.Client() as client:
        client.get(f"{url}/v1/health")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_oversized_headers_and_broken_requests_leave_it_alive(
    gateway: tuple[str, "subprocess.Popen[bytes]"],
) -> None:
    url, _ = gateway
    port = int(url.rpartition(":")[2])
    for raw in (b"\x00\xff\r\n\r\n", b"GET / HTTP/1.1\r\nA: " + b"x" * 100_000 + b"\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(raw)
            assert b" 400 " in connection.recv(4_096)
    assert httpx.get(f"{url}/v1/health").status_code == 200


def test_a_taken_port_is_said_and_ends_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        process = start(environment(tmp_path, LIANXI_GATEWAY_PORT=port), tmp_path)
        assert process.wait(30) == 1
    assert "address already in use" in (tmp_path / "gateway.log").read_text()


def test_plain_http_for_others_is_refused(tmp_path: Path) -> None:
    process = start(environment(tmp_path, LIANXI_GATEWAY_HOST="0.0.0.0"), tmp_path)  # noqa: S104
    assert process.wait(30) == 1
    assert "not loopback" in (tmp_path / "gateway.log").read_text()


def test_a_setting_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    process = start(environment(tmp_path, LIANXI_GATEWAY_PORT="http"), tmp_path)
    assert process.wait(30) == 2
    assert "gateway_port" in (tmp_path / "gateway.log").read_text()
