"""A whole set of processes (`lianxi up`) and people with homes of their own, by the installed command."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lianxi.runtime.ports import ServerPorts, free_ports
from lianxi.runtime.server_source import find_or_build

LIANXI = Path(sys.executable).with_name("lianxi")
ROOT = Path(__file__).parents[2]

ROSTER = """unit,name_en,name_zh
U01,Education,教育
U02,Civil Affairs,民政
U03,Finance,财政
"""


@dataclass
class Person:
    """Somebody at a machine: a home, the gateway's address, and what they type."""

    home: Path
    env: dict[str, str]

    def types(self, *words: str, exits: int = 0, stdin: str = "") -> str:
        """Run `lianxi …`; what it printed. Fails unless it exits as expected."""
        done = self.run([str(LIANXI), *words], stdin=stdin)
        assert done.returncode == exits, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout if exits == 0 else done.stdout + done.stderr

    def reads(self, *words: str) -> Any:
        """The JSON that a reading command prints."""
        return json.loads(self.types(*words, "-o", "json"))

    def run(self, argv: list[str], stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Any program in this home."""
        return subprocess.run(  # noqa: PLW1510  the caller looks at the code
            argv,
            input=stdin,
            cwd=self.home,
            env=self.env,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=100,
        )


@dataclass
class House:
    """One data directory with its processes."""

    data: Path
    port: int
    temporal_port: int
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def gateway(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def person(self, name: str, **more: str) -> Person:
        """A new machine of `name`."""
        home = self.folder / name
        home.mkdir(exist_ok=True)
        inherited = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("LIANXI_", "TEMPORAL_", "XDG_"))
        }
        env = inherited | {
            "HOME": str(home),
            "LIANXI_LANG": "en",
            "LIANXI_GATEWAY": self.gateway,
            **more,
        }
        return Person(home, env)

    @property
    def operator(self) -> Person:
        """Who can read the data directory."""
        return self.person(
            "operator",
            # relative, as the default is: the set's processes run in other folders
            LIANXI_DATA=os.path.relpath(self.data, self.folder / "operator"),
            LIANXI_GATEWAY_PORT=str(self.port),
            LIANXI_TEMPORAL_PORT=str(self.temporal_port),
            # another HOME has another cache
            LIANXI_TEMPORAL_SERVER=str(find_or_build().path),
            **self.settings,
        )

    def pid(self, name: str) -> int:
        """The pid of one of its processes, from `lianxi status`."""
        processes = self.operator.reads("status")["processes"]
        return int(next(p["pid"] for p in processes if p["name"] == name))

    def found(self, conference: str, person: Person) -> None:
        """Found a conference of three units."""
        roster = person.home / "roster.csv"
        roster.write_text(ROSTER, encoding="utf-8")
        person.types(
            "conference", "init", "--id", conference, "--name-en", "Joint Conference",
            "--name-zh", "联席会议", "--zone", "Asia/Shanghai", "--roster", str(roster),
        )  # fmt: skip

    def unit(self, unit: str, conference: str, office: Person) -> Person:
        """A unit with its own home: makes its key, the office registers it."""
        person = self.person(f"{conference}-{unit}")
        request = person.home / "request.json"
        person.types(
            "key", "new", "--unit", unit, "--conference", conference, "--request", str(request)
        )
        office.types("key", "register", str(request), "--conference", conference)
        return person


def house_at(folder: Path) -> House:
    """A set that is not running yet."""
    server = ServerPorts.free()
    (port,) = free_ports(1, beside=server.all())
    return House(folder / "operator" / "data", port, server.frontend, folder)


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One running set for the tests that do not break it."""
    made = house_at(tmp_path_factory.mktemp("house"))
    made.operator.types("up", "-d")
    yield made
    made.operator.types("down")


@pytest.fixture
def own_house(tmp_path: Path) -> Iterator[House]:
    """A running set of the test's own, to be broken."""
    made = house_at(tmp_path)
    made.operator.types("up", "-d")
    yield made
    made.operator.types("down")
