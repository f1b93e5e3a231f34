"""The workload "lifecycle": issue, every unit acknowledges, every unit submits, close as not implemented.

In turn: each command awaits the one before. At once: all units together, then all together again.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Mode = Literal["in turn", "at once"]
MODES: tuple[Mode, ...] = ("in turn", "at once")


@dataclass(frozen=True, slots=True)
class Answered:
    """A command's answer: when it came, how long it took, its last event where there is a trail."""

    at: float
    seconds: float
    seq: int = 0
    hash: str = ""
    task: str = ""


class Side(Protocol):
    """One way in which commands are answered."""

    name: str

    async def issue(self, ref: str) -> Answered:
        """A task for all units; the answer names it."""

    async def acknowledge(self, task: str, unit: str) -> Answered:
        """By one unit."""

    async def submit(self, task: str, unit: str) -> Answered:
        """By one unit."""

    async def close_task(self, task: str, expect: str) -> Answered:
        """Not implemented; `expect` is the hash of the last event that a person caused."""


@dataclass(frozen=True, slots=True)
class Lived:
    """One lifecycle: its task and every answer."""

    task: str
    answers: tuple[Answered, ...]


async def live(side: Side, ref: str, units: Sequence[str], mode: Mode) -> Lived:
    """One lifecycle."""
    issued = await side.issue(ref)
    task = issued.task
    answers = [issued]
    answers += await _each(units, mode, lambda unit: side.acknowledge(task, unit))
    submitted = await _each(units, mode, lambda unit: side.submit(task, unit))
    last = max(submitted, key=lambda answer: answer.seq)
    answers += submitted
    answers.append(await side.close_task(task, last.hash))
    return Lived(task, tuple(answers))


async def _each(
    units: Sequence[str], mode: Mode, act: Callable[[str], Awaitable[Answered]]
) -> list[Answered]:
    if mode == "in turn":
        return [await act(unit) for unit in units]
    return list(await asyncio.gather(*(act(unit) for unit in units)))


async def live_many(
    side: Side, prefix: str, units: Sequence[str], mode: Mode, *, count: int, at_once: int
) -> tuple[list[Lived], float]:
    """`count` lifecycles, `at_once` of them at the same time; and the seconds it took."""
    waiting = iter(range(count))
    lived: list[Lived] = []

    async def one_after_another() -> None:
        for number in waiting:
            one = await live(side, f"{prefix}-{number}", units, mode)
            lived.append(one)

    began = time.perf_counter()
    await asyncio.gather(*(one_after_another() for _ in range(min(at_once, count))))
    return lived, time.perf_counter() - began
