"""Whole sets on the real server, with fake worker and gateway."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lianxi.runtime.children import target_of
from lianxi.runtime.control import ask, paused
from lianxi.runtime.doctor import doctor
from lianxi.runtime.faults import RuntimeFault
from lianxi.runtime.locks import try_lock
from lianxi.runtime.plan import SetPlan, to_json
from lianxi.runtime.processes import is_alive, read_record, record_of
from lianxi.runtime.server_source import find_or_build
from lianxi.runtime.state import read_state
from lianxi.runtime.status import SetStatus, down, status
from lianxi.runtime.temporal_probe import look_now, stuck_now
from lianxi.runtime.up import up

if TYPE_CHECKING:
    from collections.abc import Callable

    from lianxi.runtime.layout import DataDir

pytestmark = pytest.mark.server


def _pids(found: SetStatus) -> dict[str, int | None]:
    return {each.name: each.pid for each in found.processes}


def _until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


def _said(data: DataDir) -> list[str]:
    return [json.loads(line)["said"] for line in data.log("supervisor").read_text().splitlines()]


def _until_restarted(data: DataDir, name: str, old: int) -> None:
    def restarted() -> bool:
        each = next(each for each in status(data).processes if each.name == name)
        return each.state == "ready" and each.pid != old and each.restarts == 1

    _until(restarted)


def test_a_set_comes_up_survives_kills_and_goes_down(plan: SetPlan) -> None:
    """Up in the background; worker and server killed with -9 come back; down stops all in order."""
    data = plan.dir
    first = up(plan, detached=True)
    assert first.phase == "ready"
    assert {each.state for each in first.processes} == {"ready"}
    assert first.temporal == f"127.0.0.1:{plan.ports.frontend}"
    assert look_now(target_of(plan, find_or_build()), os.environ).retention_hours == 90 * 24

    with pytest.raises(RuntimeFault) as refused:
        up(plan, detached=True)
    assert refused.value.code == "ALREADY_RUNNING"
    assert str(first.supervisor_pid) in refused.value.message
    assert _pids(up(plan, detached=True, found_ok=True)) == _pids(first)

    for name in ("worker", "server"):
        pid = _pids(first)[name]
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        _until_restarted(data, name, pid)
        assert any(f"{name} (pid {pid}) was ended by SIGKILL" in line for line in _said(data))

    stopped = down(data)
    assert [each.name for each in stopped] == ["gateway", "worker", "server", "supervisor"]
    assert _said(data)[-3:] == ["gateway stopped", "worker stopped", "server stopped"]
    assert status(data).phase == "stopped"
    assert down(data) == []


def test_children_get_the_settings_of_this_set(
    plan: SetPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our address and namespace, and nothing of the user's own Temporal connection."""
    monkeypatch.setenv("TEMPORAL_TLS_SERVER_NAME", "elsewhere")
    monkeypatch.setenv("TEMPORAL_API_KEY", "not for loopback")
    up(plan, detached=True)
    settings = json.loads((plan.dir.run / "worker.settings").read_text())
    assert settings.pop("TEMPORAL_CONFIG_FILE") == str(plan.dir.server / "temporal.toml")
    assert settings == {
        "TEMPORAL_ADDRESS": f"127.0.0.1:{plan.ports.frontend}",
        "TEMPORAL_NAMESPACE": "lianxi",
        "LIANXI_DATA": str(plan.dir.root),
        "LIANXI_GATEWAY_HOST": "127.0.0.1",
        "LIANXI_GATEWAY_PORT": str(plan.gateway_port),
    }


def test_what_a_killed_supervisor_leaves_is_recognised(plan: SetPlan) -> None:
    """Status calls them orphans; `up` replaces them and says so; `down` stops them."""
    data = plan.dir
    first = up(plan, detached=True)
    assert first.supervisor_pid is not None
    os.kill(first.supervisor_pid, signal.SIGKILL)
    _until(lambda: status(data).phase == "orphaned")
    assert _pids(status(data)) == _pids(first)

    second = up(plan, detached=True)
    assert set(_pids(second).values()).isdisjoint(_pids(first).values())
    for name, pid in _pids(first).items():
        assert any(
            line.startswith(f"{name} (pid {pid}) of an earlier supervisor") for line in _said(data)
        )

    assert second.supervisor_pid is not None
    os.kill(second.supervisor_pid, signal.SIGKILL)
    _until(lambda: status(data).phase == "orphaned")
    assert {(each.name, each.pid) for each in down(data)} == set(_pids(second).items())
    assert status(data).processes == ()


def test_a_taken_port_fails_before_anything_starts(plan: SetPlan) -> None:
    """Also from the background the reason arrives whole, and no process is left."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", plan.gateway_port))
        listener.listen()
        with pytest.raises(RuntimeFault) as caught:
            up(plan, detached=True)
    assert caught.value.code == "PORT_TAKEN"
    assert str(plan.gateway_port) in caught.value.message
    assert status(plan.dir).phase == "failed"
    assert status(plan.dir).processes == ()


def test_a_worker_that_cannot_start_fails_the_whole_start(plan: SetPlan) -> None:
    """Its last words are the message; server and gateway are stopped again."""
    broken = replace(plan, worker=(sys.executable, "-c", "raise SystemExit('the trail is newer')"))
    with pytest.raises(RuntimeFault, match="the trail is newer") as caught:
        up(broken, detached=True)
    assert caught.value.code == "CHILD_ENDED_EARLY"
    assert status(plan.dir).processes == ()


def test_ctrl_c_in_the_foreground_stops_all_in_order(plan: SetPlan) -> None:
    """SIGINT reaches the supervisor alone; children end by its order."""
    program = (
        "import sys; from lianxi.runtime.plan import from_json; from lianxi.runtime.up import up;"
        "up(from_json(sys.argv[1])[0], on_ready=lambda s: print(s.gateway, flush=True))"
    )
    command = [sys.executable, "-P", "-c", program, to_json(plan, find_or_build())]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == plan.gateway_url
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=30)
        assert process.returncode == 0
    assert said.splitlines()[-3:] == ["gateway stopped", "worker stopped", "server stopped"]
    assert status(plan.dir).processes == ()


def test_a_pause_ends_with_the_connection_that_asked_for_it(plan: SetPlan) -> None:
    """A backup killed half-way leaves no set standing still."""
    data = plan.dir
    before = _pids(up(plan, detached=True))
    state = read_state(data)
    assert state is not None
    with suppress(KeyboardInterrupt), paused(state.control, 60):
        now = status(data)
        assert now.phase == "paused"
        assert {each.pid for each in now.processes} == {None}
        with pytest.raises(RuntimeFault, match="the set is paused"):
            ask(state.control, "pause")
        assert ask(state.control, "status")["state"]["phase"] == "paused"
        raise KeyboardInterrupt
    _until(lambda: status(data).phase == "ready")
    after = _pids(status(data))
    assert set(after.values()).isdisjoint(before.values())
    ask(state.control, "stop")
    _until(lambda: not status(data).running)


def test_a_long_data_directory_name_still_has_a_control_door(plan: SetPlan, tmp_path: Path) -> None:
    """Socket paths end at 104 bytes on macOS; names in Chinese and with % and # are names too."""
    deep = tmp_path / ("联席会议 50% #1 " * 4)
    long = replace(plan, data=deep)
    try:
        found = up(long, detached=True)
        state = read_state(long.dir)
        assert state is not None
        assert ask(state.control, "status")["state"]["supervisor"]["pid"] == found.supervisor_pid
        assert long.dir.server_databases()
    finally:
        down(long.dir)
    assert not Path(state.control).parent.exists()


def test_a_data_directory_in_use_by_a_backup_is_refused(plan: SetPlan) -> None:
    """`up` never starts in the middle of a copy."""
    lock = try_lock(plan.dir.copy_lock)
    assert lock is not None
    try:
        with pytest.raises(RuntimeFault) as caught:
            up(plan, detached=True)
    finally:
        lock.release()
    assert caught.value.code == "BACKUP_RUNNING"
    assert str(os.getpid()) in caught.value.message


def test_a_recycled_pid_in_a_pid_file_is_not_touched(plan: SetPlan) -> None:
    """`down` on stale pid files ends nobody else's process."""
    with subprocess.Popen(["sleep", "60"]) as bystander:
        stale = replace(record_of("worker", bystander.pid), started="another boot:1")
        plan.dir.pid_file("worker").write_text(json.dumps(vars(stale)))
        assert read_record(plan.dir.pid_file("worker")) == stale
        assert not is_alive(stale)
        assert down(plan.dir) == []
        assert bystander.poll() is None
        bystander.kill()


def test_doctor_names_a_workflow_that_is_stuck(plan: SetPlan) -> None:
    """A workflow task that keeps failing shows with its cause; the rest of the set is well."""
    up(plan, detached=True)
    script = str(Path(__file__).with_name("fakes") / "stuck_workflow.py")
    target = target_of(plan, find_or_build())
    with subprocess.Popen(
        [sys.executable, script, target.address, target.namespace],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline()
            _until(lambda: bool(stuck_now(target, os.environ)), seconds=40)
        finally:
            process.kill()
    checks = doctor(plan)
    found = next(check for check in checks if check.name == "workflows")
    assert found.ok is False
    assert "broken" in found.detail
    assert "a bug for doctor to find" in found.detail
    assert [check.name for check in checks if check.ok is False] == ["workflows"]
