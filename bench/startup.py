"""Start-up of the command line beside a bare start of Python, everything's bytecode compiled."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from statistics import median

from bench.stage import House
from tests.parties import Parties

LIANXI = Path(sys.executable).with_name("lianxi")


@dataclass(frozen=True, slots=True)
class Start:
    """Median seconds of a command, and how many bare starts that is."""

    name: str
    seconds: float
    ratio: float


def measure_starts(
    house: House | None, port: int, tasks: Sequence[str], folder: Path, times: int
) -> list[Start]:
    """`--help`; with a gateway (`port` not 0) also a read and a change, each by a unit.

    `tasks`: open tasks that nobody has acknowledged yet.
    """
    commands = {"--help": [["--help"]]}
    environ: dict[str, str] = {}
    if house is not None and port and tasks:
        parties = house.parties
        environ = _home(parties, port, folder)
        acting = [(task, unit) for task in tasks for unit in parties.units][: times + 1]
        commands["read"] = [["todo", "--as", unit, "-o", "json"] for _, unit in acting]
        commands["change"] = [["ack", task, "--as", unit, "-o", "json"] for task, unit in acting]
    taken: dict[str, list[float]] = {name: [] for name in ("bare", *commands)}
    # the first turn fills caches and is thrown away
    for turn in range(times + 1):
        taken["bare"].append(_seconds([sys.executable, "-c", "pass"], environ))
        for name, variants in commands.items():
            arguments = variants[turn % len(variants)]
            taken[name].append(_seconds([str(LIANXI), *arguments], environ))
    bare = median(taken["bare"][1:])
    return [
        Start(name, median(all_of[1:]), median(all_of[1:]) / bare) for name, all_of in taken.items()
    ]


def _seconds(command: list[str], environ: dict[str, str]) -> float:
    began = time.perf_counter()
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environ},
    )
    taken = time.perf_counter() - began
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended {done.returncode}: {done.stderr}")
    return taken


def _home(parties: Parties, port: int, folder: Path) -> dict[str, str]:
    """A home with a profile and a key file for every unit; the environment that names it."""
    keys = folder / "keys"
    keys.mkdir(parents=True, mode=0o700)
    lines: list[str] = []
    for unit in parties.units:
        path = keys / f"{unit}.key"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            json.dump(_key(parties, unit), file)
        values = {
            "gateway": f"http://127.0.0.1:{port}",
            "conference": parties.conference,
            "origin": parties.origin,
            "unit": unit,
            "key": str(path),
        }
        lines.append(f"[profile.{unit}]")
        lines += [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    (folder / "config.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return {"LIANXI_HOME": str(folder)}


def _key(parties: Parties, unit: str) -> dict[str, object]:
    """As `lianxi key new` writes it."""
    signer = parties.signers[unit]
    return {
        "v": 1,
        "alg": signer.alg,
        "unit": unit,
        "key_id": signer.key_id,
        "public_key": signer.public_key.hex(),
        "seed": sha256(f"{parties.conference}/{unit}".encode()).hexdigest(),
    }
