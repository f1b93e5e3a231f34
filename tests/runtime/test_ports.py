"""Ports are checked before anything starts."""

from __future__ import annotations

import os
import socket

import pytest

from lianxi.runtime.faults import RuntimeFault
from lianxi.runtime.ports import ServerPorts, free_ports, is_free, require_free


def test_a_taken_port_names_port_setting_and_holder() -> None:
    """The message says which port, by whom, and what changes it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(RuntimeFault) as caught:
            require_free("127.0.0.1", port, purpose="the gateway", setting="LIANXI_GATEWAY_PORT")
    assert caught.value.code == "PORT_TAKEN"
    assert str(port) in caught.value.message
    assert f"pid {os.getpid()}" in caught.value.message
    assert "LIANXI_GATEWAY_PORT" in caught.value.hint


def test_free_ports_are_not_those_of_outgoing_connections() -> None:
    """Else somebody's connection may hold one by the time a server starts on it again."""
    ports = free_ports(20)
    assert len(set(ports)) == 20
    # where ip_local_port_range of Linux begins by default
    assert max(*ports, *ServerPorts.free().all()) < 32_768


def test_free_ports_leave_out_what_they_are_to_stand_beside(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A gateway's port is none of the server's eight."""
    monkeypatch.setattr("lianxi.runtime.ports._NOT_DEALT_OUT", (21_000, 21_003))
    monkeypatch.setattr("lianxi.runtime.ports.is_free", lambda *_: True)
    assert free_ports(1, beside=(21_000, 21_002)) == [21_001]


def test_a_port_is_free_again_once_its_listener_is_gone() -> None:
    """A port just left counts as free: a restart wants it at once."""
    port = free_ports(1)[0]
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
        listener.bind(("127.0.0.1", port))
        listener.listen()
        with socket.create_connection(("127.0.0.1", port)):
            accepted, _ = listener.accept()
            accepted.close()
    assert is_free("127.0.0.1", port)


def test_the_servers_ports_differ_and_keep_temporals_customary_numbers() -> None:
    """7233 brings Temporal's own defaults."""
    ports = ServerPorts.around(7233)
    assert ports.all() == (7233, 7234, 7235, 7239, 6933, 6934, 6935, 6939)
    assert len(set(ServerPorts.free().all())) == len(ports.all())


@pytest.mark.parametrize("frontend", [80, 65530])
def test_a_frontend_port_whose_neighbours_fall_outside_is_refused(frontend: int) -> None:
    """Better now than as the server's crash."""
    with pytest.raises(RuntimeFault, match="between 1324 and 65529"):
        ServerPorts.around(frontend)
