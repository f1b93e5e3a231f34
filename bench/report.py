"""What a run found: as a table for people, as JSON for `--to FILE`."""

import os
import platform
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from bench.figures import MEMORY_AIM, RATE_AIMS, START_AIMS, Aim, Cell, ratio
from bench.memory import Memory
from bench.plan import Plan
from bench.startup import Start


@dataclass
class Findings:
    """Everything one run measured."""

    plan: Plan
    server: str
    cells: Sequence[Cell] = ()
    memory: Memory | None = None
    starts: Sequence[Start] = ()
    signing: float = 0.0
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    load: float = field(default_factory=lambda: os.getloadavg()[0])

    def aims(self) -> list[Aim]:
        """What is wanted, beside what was measured."""
        aims = [
            Aim(
                f"{mode} c={at_once}: engine / bare",
                wanted,
                at_least=True,
                measured=self._ratio(mode, at_once),
            )
            for (mode, at_once), wanted in RATE_AIMS.items()
        ]
        kilobytes = self.memory.issued if self.memory else None
        aims.append(
            Aim(
                "KB of an open, cached task, as issued",
                MEMORY_AIM,
                at_least=False,
                measured=kilobytes,
            )
        )
        found = {start.name: start.ratio for start in self.starts}
        aims += [
            Aim(f"start-up: {name} / bare Python", wanted, at_least=False, measured=found.get(name))
            for name, wanted in START_AIMS.items()
        ]
        return aims

    def _ratio(self, mode: str, at_once: int) -> float | None:
        cells = {cell.side: cell for cell in _of(self.cells, mode, at_once)}
        if "engine" not in cells or "bare" not in cells:
            return None
        return ratio(cells["engine"], cells["bare"])


def as_json(findings: Findings) -> dict[str, Any]:
    """Every figure and every round."""
    return {
        "began": findings.began.isoformat(timespec="seconds"),
        "machine": _machine(findings),
        "plan": asdict(findings.plan),
        "cells": [
            _cell(cell, findings.cells) | {"rounds": _rounds(cell)} for cell in findings.cells
        ],
        "memory": asdict(findings.memory) if findings.memory else None,
        "starts": [asdict(start) for start in findings.starts],
        "signing_seconds": findings.signing,
        "aims": [asdict(aim) | {"met": aim.met} for aim in findings.aims()],
    }


def as_text(findings: Findings) -> str:
    """The tables."""
    machine = ", ".join(f"{name} {value}" for name, value in _machine(findings).items())
    parts = [f"{findings.began:%Y-%m-%d %H:%M} UTC · {machine}", ""]
    if findings.cells:
        parts += _table(_LIFECYCLE, [_cell(cell, findings.cells) for cell in findings.cells])
        parts += [f"signing a command takes its caller {findings.signing * 1000:.2f} ms", ""]
    if findings.memory:
        memory = findings.memory
        parts += [
            (
                f"one open, cached task: {memory.issued:.1f} KB as issued ({memory.tasks} tasks),"
                f" {memory.acknowledged:.1f} KB more once all units have acknowledged"
                f" ({memory.acknowledged_tasks} tasks)"
            ),
            "",
        ]
    if findings.starts:
        rows = [asdict(start) | {"ms": start.seconds * 1000} for start in findings.starts]
        parts += _table(_START, rows)
    parts += _table(_AIM, [_aim(aim) for aim in findings.aims()])
    return "\n".join(parts)


_LIFECYCLE = {
    "mode": "mode", "c": "c", "side": "side", "rate": "lc/s", "ratio": "/bare",
    "p50": "p50 ms", "p99": "p99 ms", "max": "max ms", "lag": "lag p99 ms", "settled": "settled s",
    "server": "server s/lc", "worker": "worker s/lc", "gateway": "gateway s/lc",
    "driver": "driver s/lc", "events": "events/lc", "size": "KB/lc",
}  # fmt: skip
_START = {"name": "start-up of", "ms": "ms", "ratio": "/bare Python"}
_AIM = {"name": "aim", "wanted": "wanted", "measured": "measured", "met": "met"}


def _cell(cell: Cell, cells: Iterable[Cell]) -> dict[str, Any]:
    bare = next((c for c in _of(cells, cell.mode, cell.at_once) if c.side == "bare"), None)
    usage, history, lag = cell.usage(), cell.history(), cell.lag(99)
    return {
        "mode": cell.mode,
        "c": cell.at_once,
        "side": cell.side,
        "rate": cell.rate,
        "ratio": ratio(cell, bare) if bare else None,
        "p50": cell.latency(50) * 1000,
        "p99": cell.latency(99) * 1000,
        "max": cell.latency(100) * 1000,
        "lag": None if lag is None else lag * 1000,
        "settled": cell.settled(),
        **asdict(usage),
        "events": history.events,
        "size": history.size / 1024,
    }


def _rounds(cell: Cell) -> list[dict[str, Any]]:
    return [
        {"rate": each.rate, "settled": each.settled, "usage": asdict(each.usage)}
        for each in cell.rounds
    ]


def _of(cells: Iterable[Cell], mode: str, at_once: int) -> list[Cell]:
    return [cell for cell in cells if (cell.mode, cell.at_once) == (mode, at_once)]


def _aim(aim: Aim) -> dict[str, Any]:
    words = {True: "yes", False: "NO", None: "not measured"}
    sign = ">=" if aim.at_least else "<="
    return {
        "name": aim.name,
        "wanted": f"{sign} {aim.wanted:g}",
        "measured": aim.measured,
        "met": words[aim.met],
    }


def _machine(findings: Findings) -> dict[str, Any]:
    return {
        "cores": os.cpu_count(),
        "load": round(findings.load, 2),
        "python": sys.version.split()[0],
        "system": f"{platform.system()} {platform.release()}",
        "server": findings.server,
    }


def _table(columns: dict[str, str], rows: Sequence[dict[str, Any]]) -> list[str]:
    """Markdown, so that docs/bench.md can hold it as it is."""
    cells = [[_text(row[name]) for name in columns] for row in rows]
    widths = [
        max(len(title), *(len(line[index]) for line in cells))
        for index, title in enumerate(columns.values())
    ]

    def line(values: Iterable[str]) -> str:
        padded = (value.ljust(width) for value, width in zip(values, widths, strict=True))
        return "| " + " | ".join(padded) + " |"

    ruler = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return [line(columns.values()), ruler, *map(line, cells), ""]


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.2f}" if abs(value) < 10 else f"{value:.0f}"
    return str(value)
