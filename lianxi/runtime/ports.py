"""Loopback ports of the embedded set: the server's eight, free or taken, and by whom."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Collection
from contextlib import suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from random import SystemRandom

from lianxi.runtime.faults import RuntimeFault

# so that every one of the eight lies between 1024 and 65535
_LOWEST_FRONTEND, _HIGHEST_FRONTEND = 1324, 65529
_NOT_DEALT_OUT = (10_000, 32_000)
"""Below the ephemeral ports as they are set by default: from 32768 on Linux, from 49152 on macOS."""
_CHANCE = SystemRandom()


@dataclass(frozen=True)
class ServerPorts:
    """gRPC and membership ports of Temporal's four services; people only ever meet `frontend`."""

    frontend: int
    history: int
    matching: int
    worker: int
    frontend_membership: int
    history_membership: int
    matching_membership: int
    worker_membership: int

    @classmethod
    def around(cls, frontend: int) -> ServerPorts:
        """Temporal's customary distances (7233: 7234, 7235, 7239, 6933 …).

        Derived and not picked anew at each start: they must be free again when the server is
        restarted, and outside the range the kernel deals out to outgoing connections.
        """
        if not _LOWEST_FRONTEND <= frontend <= _HIGHEST_FRONTEND:
            raise RuntimeFault(
                "PORT_OUT_OF_RANGE",
                f"Temporal's port must lie between {_LOWEST_FRONTEND} and {_HIGHEST_FRONTEND}, "
                f"not {frontend}: its other services take ports from 300 below to 6 above.",
                place="LIANXI_TEMPORAL_PORT",
            )
        distances = (0, 1, 2, 6, -300, -299, -298, -294)
        return cls(*(frontend + distance for distance in distances))

    @classmethod
    def free(cls) -> ServerPorts:
        """Eight ports that are free now, at the customary distances: for tests, beside other sets."""
        while True:
            ports = cls.around(free_ports(1)[0])
            if all(is_free("127.0.0.1", port) for port in ports.all()):
                return ports

    def all(self) -> tuple[int, ...]:
        """All eight, frontend first."""
        return astuple(self)


def free_ports(count: int, *, beside: Collection[int] = ()) -> list[int]:
    """Ports on loopback that nobody holds at this moment, all different, none of `beside`.

    Not those that the kernel deals out to outgoing connections, where a server that starts in a
    second, or again in a minute, may find one of somebody else's.
    """
    found: set[int] = set()
    while len(found) < count:
        port = _CHANCE.randrange(*_NOT_DEALT_OUT)
        if port not in beside and is_free("127.0.0.1", port):
            found.add(port)
    return list(found)


def require_free(host: str, port: int, *, purpose: str, setting: str) -> None:
    """Refuse a taken port before anything is started, naming the setting that changes it."""
    if is_free(host, port):
        return
    holder = holder_of_port(port)
    raise RuntimeFault(
        "PORT_TAKEN",
        f"Port {port} on {host}, wanted for {purpose}, is taken by {holder or 'another process'}.",
        hint=f"End it or choose another port with {setting}.",
        place=f"{host}:{port}",
    )


def is_free(host: str, port: int) -> bool:
    """Whether a listener could start here.

    SO_REUSEADDR as servers set it, else a port in TIME_WAIT counts as taken; on macOS that lets a
    bind succeed beside a listener on the wildcard address, so nobody may answer there either.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if isinstance(error, PermissionError | socket.gaierror):
                raise RuntimeFault(
                    "ADDRESS_UNUSABLE",
                    f"Cannot listen on {host}:{port}: {error}.",
                    place=f"{host}:{port}",
                ) from error
            return False
    return not answers(host, port)


def reachable(host: str) -> str:
    """Where a listener on `host` answers on this machine: a wildcard is no address."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound


def answers(host: str, port: int) -> bool:
    """Whether something accepts connections there."""
    with suppress(OSError), socket.create_connection((reachable(host), port), timeout=0.5):
        return True
    return False


def holder_of_port(port: int) -> str | None:
    """Name the listener on `port`, as in `python (pid 4711)`, where the system lets us."""
    if Path("/proc/net/tcp").exists():
        return _holder_from_proc(port)
    lsof = shutil.which("lsof")
    if lsof is None:
        return None
    listing = subprocess.run(
        [lsof, "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc"],
        capture_output=True,
        text=True,
        check=False,
    )
    fields = {line[0]: line[1:] for line in reversed(listing.stdout.splitlines()) if line}
    return f"{fields['c']} (pid {fields['p']})" if {"c", "p"} <= fields.keys() else None


def _holder_from_proc(port: int) -> str | None:
    wanted = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    if not wanted:
        return None
    for folder in Path("/proc").glob("[0-9]*/fd"):
        with suppress(OSError):
            if any(str(link.readlink()) in wanted for link in folder.iterdir()):
                return f"{(folder.parent / 'comm').read_text().strip()} (pid {folder.parent.name})"
    return None


def _listening_inodes(port: int) -> set[str]:
    inodes = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        with suppress(OSError):
            for row in table.read_text().splitlines()[1:]:
                fields = row.split()
                # proc_net_tcp: local address, state 0A = LISTEN, inode is the tenth column
                if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                    inodes.add(fields[9])
    return inodes
