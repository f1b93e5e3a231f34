"""Machines on which somebody types `lianxi`: each has its own home; runs the installed program."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cli.fake_gateway import TOKEN, FakeGateway, running
from tests.cli.fake_log import FakeLog

LIANXI = Path(sys.executable).with_name("lianxi")
UNITS = ("U01", "U02", "U03")
ROSTER = "unit,name_en,name_zh\nU01,Education,教育\nU02,Science,科技\nU03,Industry,工业\n"


@dataclass(frozen=True)
class Result:
    """What a command left."""

    code: int
    out: str
    err: str
    raw: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, Any]:
        """The error of `-o json`."""
        found: dict[str, Any] = json.loads(self.err.splitlines()[-1])["error"]
        return found


@dataclass(frozen=True)
class Machine:
    """One person's machine."""

    home: Path
    gateway: str

    def run(
        self,
        *words: str,
        stdin: str = "",
        ok: bool = False,
        encoding: str = "utf-8",
        **variables: str,
    ) -> Result:
        """Type a command; with `ok` it must succeed."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "LIANXI_HOME": str(self.home / "lianxi"),
            "LIANXI_GATEWAY": self.gateway,
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "COLUMNS": "100",
            **variables,
        }
        done = subprocess.run(
            [str(LIANXI), *words],
            input=stdin.encode(),
            capture_output=True,
            env={key: value for key, value in environment.items() if value},
            cwd=self.home,
            timeout=60,
            check=False,
        )
        result = Result(
            done.returncode,
            done.stdout.decode(encoding),
            done.stderr.decode(encoding, "replace"),
            done.stdout,
        )
        if ok:
            assert result.code == 0, (words, result.out, result.err)
        return result

    def file(self, name: str, content: str | bytes) -> str:
        """Write a file in the home; its name."""
        data = content.encode() if isinstance(content, str) else content
        (self.home / name).write_bytes(data)
        return name


def machine(folder: Path, gateway: FakeGateway) -> Machine:
    """A new machine."""
    folder.mkdir(parents=True)
    return Machine(folder, gateway.url)


@dataclass(frozen=True)
class House:
    """A founded conference: the office's machine with convener and office, one machine per unit."""

    gateway: FakeGateway
    office: Machine
    units: dict[str, Machine]

    def issue(self, *words: str) -> str:
        """A new task for U01 with U02 in support; its number."""
        given = words or (
            "--title",
            "Service day",
            "--lead",
            "U01",
            "--support",
            "U02",
            "--due",
            "15d",
        )
        receipt = self.office.run("task", "issue", *given, "-o", "json", ok=True).json["receipt"]
        return str(receipt["task"])


def found(folder: Path, gateway: FakeGateway) -> House:
    """Found a conference of three units by the commands themselves."""
    office = machine(folder / "office", gateway)
    (office.home / "data" / "run").mkdir(parents=True)
    office.file("data/run/founding.token", TOKEN + "\n")
    office.file("roster.csv", ROSTER)
    office.run(*INIT, ok=True)
    units = {}
    for unit in UNITS:
        units[unit] = machine(folder / unit, gateway)
        units[unit].run("key", "new", "--unit", unit, ok=True)
        request = (units[unit].home / f"joint-{unit}.request.json").read_bytes()
        office.run("key", "register", office.file(f"{unit}.json", request), ok=True)
    return House(gateway, office, units)


@contextmanager
def logged_house(folder: Path) -> Iterator[tuple[House, FakeLog]]:
    """A founded conference behind a gateway that has a log, sealed once."""
    with running() as served:
        house = found(folder, served)
        served.log = FakeLog(served.known)
        served.log.seal()
        yield house, served.log


INIT = (
    *("conference", "init", "--id", "joint", "--name-en", "Joint", "--name-zh", "联席会议"),
    *("--zone", "Asia/Shanghai", "--roster", "roster.csv", "--data", "data"),
)
