"""What is measured, set up from nothing: server, trail, worker, bare worker, gateway, a conference.

Everything lies in one temporary directory, listens on free loopback ports and ends with the stage.
Durable on our side: SQLite with synchronous=FULL for the trail and for Temporal; on the bare side:
the same Temporal alone.
"""

import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from temporalio.client import Client

from bench.processes import Child
from bench.watch import Sightings
from lianxi.engine.connection import DATA_CONVERTER
from lianxi.engine.engine import Engine
from lianxi.engine.outcomes import Accepted
from lianxi.runtime.layout import DataDir
from lianxi.runtime.namespace import TemporalTarget, ensure_namespace
from lianxi.runtime.ports import ServerPorts, free_ports
from lianxi.runtime.server_config import server_command
from lianxi.runtime.server_source import find_or_build
from lianxi.settings import Settings
from lianxi.store.store import Store, open_store
from tests.parties import Parties

NAMESPACE = "lianxi-bench"
BARE_QUEUE = "bench-bare"
CONFERENCE = "bench"


@dataclass(frozen=True, slots=True)
class Place:
    """A namespace of our server."""

    address: str
    namespace: str

    async def client(self) -> Client:
        """A client of it; registers it where needed."""
        await ensure_namespace(TemporalTarget(self.address, self.namespace))
        return await Client.connect(
            self.address, namespace=self.namespace, data_converter=DATA_CONVERTER
        )


@dataclass
class House:
    """One deployment: its worker process, its trail read-only, its people."""

    settings: Settings
    worker: Child
    store: Store
    engine: Engine
    parties: Parties

    @property
    def trail(self) -> Path:
        """The trail's database."""
        return self.settings.data / "trail" / "trail.db"


@dataclass
class Stage:
    """All that takes part. `gateway_port` is 0 while no gateway answers."""

    place: Place
    client: Client
    server: Child
    bare_worker: Child
    house: House
    gateway: Child | None
    gateway_port: int
    sightings: Sightings
    said: str

    @classmethod
    @asynccontextmanager
    async def built(cls, folder: Path, units: int, *, gateway: bool) -> AsyncIterator["Stage"]:
        """Everything up, the conference founded, every key registered."""
        with ExitStack() as stack:
            server, address, said = stack.enter_context(_server(folder))
            place = Place(address, NAMESPACE)
            client = await place.client()
            ready = folder / "bare.ready"
            bare = _started(
                stack, "bare", ["bench.bare", address, NAMESPACE, BARE_QUEUE, str(ready)], folder
            )
            bare.until(ready.exists)
            house = await founded(stack, place, folder / "house", CONFERENCE, units)
            watcher = _started(stack, "watch", ["bench.watch", str(house.trail)], folder)
            sightings = Sightings(watcher.output)
            stack.callback(sightings.close)
            port, door = _gateway(stack, house, place, folder) if gateway else (0, None)
            yield cls(
                place, client, server, bare, house, door, port, sightings, said
            )  # fmt: skip


async def founded(stack: ExitStack, place: Place, data: Path, conference: str, units: int) -> House:
    """A worker process on a trail of its own, with a conference of so many units."""
    settings = Settings(data=data, task_queue=f"bench-{conference}")
    DataDir.at(data).create()
    client = await place.client()
    environ = _environment(settings, place)
    worker = _started(stack, f"worker-{conference}", ["worker"], data, environ)
    worker.until((settings.run_dir / "worker.ready").exists)
    store = open_store(settings.trail_url, settings.evidence_dir, writable=False)
    stack.callback(store.close)
    engine = Engine(client, store.trail, task_queue=settings.task_queue)
    parties = Parties(
        conference=conference, units=tuple(f"U{number:02d}" for number in range(1, units + 1))
    )
    outcome = await engine.found(parties.founding())
    for unit in (*parties.units, "auditor"):
        if not isinstance(outcome, Accepted):
            raise TypeError(f"the conference was not founded: {outcome}")
        outcome = await engine.submit(parties.registering(unit))
    return House(settings, worker, store, engine, parties)


@contextmanager
def _server(folder: Path) -> Iterator[tuple[Child, str, str]]:
    """Our own server, whatever Temporal the user's environment names."""
    environ = {name: value for name, value in os.environ.items() if not _of_temporal(name)}
    source = find_or_build(environ=environ)
    data = DataDir.at(folder / "temporal")
    data.create()
    ports = ServerPorts.free()
    child = Child("server", server_command(data, source, ports, tests=False), folder, {})
    try:
        yield child, f"127.0.0.1:{ports.frontend}", source.said
    finally:
        child.stop()


def _started(
    stack: ExitStack,
    name: str,
    module: list[str],
    folder: Path,
    environ: dict[str, str] | None = None,
) -> Child:
    child = Child(name, [sys.executable, "-m", *module], folder, environ or {})
    stack.callback(child.stop)
    return child


def _gateway(
    stack: ExitStack, house: House, place: Place, folder: Path
) -> tuple[int, Child | None]:
    """The gateway once it answers; nothing where it does not come up."""
    (port,) = free_ports(1)
    environ = _environment(house.settings, place) | {"LIANXI_GATEWAY_PORT": str(port)}
    child = _started(stack, "gateway", ["lianxi.gateway.main"], folder, environ)
    try:
        child.until(lambda: _answers(port), seconds=20)
    except RuntimeError as error:
        print(f"no gateway, so nothing through it is measured: {error}")
        child.stop()
        return 0, None
    return port, child


def _answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/v1/health", timeout=2) as answer:
            return int(answer.status) == 200
    except (URLError, OSError):
        return False


def _environment(settings: Settings, place: Place) -> dict[str, str]:
    """Settings of our processes; what the user's environment says of Temporal is shadowed."""
    shadowed = {name: "" for name in os.environ if _of_temporal(name) or name.startswith("LIANXI_")}
    return shadowed | {
        "TEMPORAL_CONFIG_FILE": os.devnull,
        "TEMPORAL_ADDRESS": place.address,
        "TEMPORAL_NAMESPACE": place.namespace,
        "LIANXI_DATA": str(settings.data),
        "LIANXI_TASK_QUEUE": settings.task_queue,
    }


def _of_temporal(name: str) -> bool:
    return name.startswith("TEMPORAL_")
