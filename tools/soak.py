"""A set under load for an hour, compared again and again: an untouched system raises nothing.

`python -m tools.soak [--minutes 60] [--rate 5]`: a real set of processes in a temporary directory,
tasks issued, acknowledged, reported on, submitted, accepted and closed by all units through the
gateway, one comparison of trail and Temporal after the other. Prints what it counted; exit code 1
when anything was found, or no result came in time.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from lianxi.domain.values import format_instant
from lianxi.ids import task_stream
from lianxi.proof.signing import sign_session
from lianxi.runtime.ports import ServerPorts, free_ports
from tests.parties import Parties, salt_for, text_commitment

LIANXI = Path(sys.executable).with_name("lianxi")
UNITS = 28
UNITS_OF_A_TASK = 4
LIVES_AT_ONCE = 6
OVERDUE = 3
"""A result older than so many intervals came too late: every second one is recorded at the least."""


@dataclass
class Counts:
    """What happened."""

    commands: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    tasks: int = 0
    slowest: float = 0.0
    results: set[str] = field(default_factory=set)
    late: int = 0
    worst_open: int = 0
    raised: dict[str, str] = field(default_factory=dict)
    events: int = 0


class SoakSet:
    """`lianxi up` on a data directory of its own."""

    def __init__(self, folder: Path, every: float) -> None:
        self.data = folder / "data"
        server = ServerPorts.free()
        (self.port,) = free_ports(1, beside=server.all())
        inherited = {
            n: v for n, v in os.environ.items() if not n.startswith(("LIANXI_", "TEMPORAL_"))
        }
        self.environ = inherited | {
            "LIANXI_HOME": str(folder / "home"),
            "LIANXI_DATA": str(self.data),
            "LIANXI_GATEWAY_PORT": str(self.port),
            "LIANXI_TEMPORAL_PORT": str(server.frontend),
            "LIANXI_ANCHORS_DIR": str(folder / "anchors"),
            "LIANXI_RECONCILE_SECONDS": str(every),
            # so that a difference counts in a short run too
            "LIANXI_RECONCILE_GRACE": str(min(120.0, every)),
            "LIANXI_RECONCILE_UNRECORDED": str(min(240.0, 2 * every)),
            "LIANXI_SEAL_SECONDS": "5",
            "LIANXI_LANG": "en",
        }

    def run(self, *words: str) -> None:
        """`lianxi …`; raises when it fails."""
        subprocess.run(
            [str(LIANXI), *words], env=self.environ, check=True, stdout=subprocess.DEVNULL
        )

    @property
    def token(self) -> str:
        """Who may found a conference on this machine."""
        return (self.data / "run" / "founding.token").read_text(encoding="utf-8").strip()


class Crowd:
    """Everybody of one conference, over HTTP."""

    def __init__(self, http: httpx.AsyncClient, counts: Counts) -> None:
        self.http = http
        self.counts = counts
        self.parties = Parties.today(
            conference="soak", units=tuple(f"U{n:02d}" for n in range(1, UNITS + 1))
        )

    async def found(self, token: str) -> None:
        """The conference and all keys."""
        commitment = text_commitment("directory")
        opening = {
            "commit": commitment["commit"],
            "salt": salt_for("directory").hex(),
            "media": "text/plain",
            "data": b64encode(b"directory").decode(),
        }
        body = {"envelope": self.parties.founding(), "opening": opening}
        answer = await self.http.post(
            "/v1/conferences",
            content=json.dumps(body, sort_keys=True, separators=(",", ":")),
            headers={"Authorization": f"Founding {token}"},
            params={"wait": "recorded"},
        )
        answer.raise_for_status()
        for unit in (*self.parties.units, "auditor"):
            await self.send(self.parties.registering(unit), wait="recorded")

    def session(self, unit: str) -> dict[str, str]:
        """A session token of a unit, for ten minutes."""
        now = datetime.now(UTC)
        token = sign_session(
            self.parties.signers[unit],
            origin=self.parties.origin,
            unit=unit,
            issued_at=format_instant(now),
            not_after=format_instant(now + timedelta(minutes=10)),
        )
        return {"Authorization": f"Bearer {token}"}

    async def hand_in(self, unit: str, words: str) -> dict[str, Any]:
        """A text; answers what stands for it."""
        commitment = text_commitment(words)
        answer = await self.http.put(
            f"/v1/soak/openings/{commitment['commit']}",
            content=words.encode(),
            headers={
                **self.session(unit),
                "Content-Type": "text/plain",
                "Lianxi-Salt": salt_for(words).hex(),
            },
        )
        answer.raise_for_status()
        return commitment

    async def send(self, envelope: str, **query: str) -> dict[str, Any]:
        """A command; its receipt, or nothing where it was refused, which is counted."""
        began = time.monotonic()
        answer = await self.http.post("/v1/soak/commands", content=envelope, params=query)
        self.counts.slowest = max(self.counts.slowest, time.monotonic() - began)
        found = answer.json()
        if answer.status_code != httpx.codes.OK:
            code = str(found["error"]["code"])
            self.counts.refused[code] = self.counts.refused.get(code, 0) + 1
            return {}
        self.counts.commands += 1
        receipt: dict[str, Any] = found["receipt"]
        return receipt

    async def act(self, unit: str, task: str, action: str, /, **args: Any) -> dict[str, Any]:
        """A command on a task."""
        expect = args.pop("expect", None)
        return await self.send(
            self.parties.sign(unit, task_stream(task), action, args, expect=expect)
        )

    async def live(self, number: int, pause: float) -> None:
        """One task from issue to its end, by four units."""
        ref = f"plan-{number}"
        first = number * UNITS_OF_A_TASK
        units = [self.parties.units[(first + i) % UNITS] for i in range(UNITS_OF_A_TASK)]
        await self.hand_in("office", f"title of {ref}")
        issued = await self.send(self.parties.issuing(ref, units=units), wait="recorded")
        task = issued.get("task")
        if task is None:
            return
        self.counts.tasks += 1
        for unit in units:
            await self.act(unit, task, "acknowledge")
            await asyncio.sleep(pause)
            for percent in (30, 60, 90):
                await self.act(unit, task, "progress", percent=percent)
                await asyncio.sleep(pause)
            report = await self.hand_in(unit, f"{unit} has done {ref}")
            done = await self.act(unit, task, "submit", report=report)
            await asyncio.sleep(pause)
            if done:
                submission = done["events"][-1]["hash"]
                await self.act(
                    "office", task, "accept", unit=unit, submission=submission, expect=submission
                )
        reason = await self.hand_in("office", f"{ref} is over")
        await self.act("office", task, "cancel", reason=reason)

    async def look(self, every: float) -> bool:
        """What the last comparison says; False where it is too old."""
        headers = self.session("auditor")
        answer = (await self.http.get("/v1/soak/reconciliation", headers=headers)).json()
        counts, found = self.counts, answer["reconciliation"]
        counts.worst_open = max(counts.worst_open, int(answer["open"]))
        page = (
            await self.http.get("/v1/soak/findings", headers=headers, params={"every": "true"})
        ).json()
        counts.raised |= {f"{f['code']} {f['place']}": f["detail"] for f in page["items"]}
        if found is None:
            return False
        counts.results.add(found["at"])
        counts.events = found["events"]
        age = datetime.fromisoformat(answer["now"]) - datetime.fromisoformat(found["at"])
        return age < timedelta(seconds=OVERDUE * every)


async def load(crowd: Crowd, until: float, pause: float) -> None:
    """Tasks one after another, some at once, until the time is over."""
    numbers = iter(range(1_000_000))

    async def lane() -> None:
        while time.monotonic() < until:
            await crowd.live(next(numbers), pause)

    await asyncio.gather(*(lane() for _ in range(LIVES_AT_ONCE)))


async def watch(crowd: Crowd, until: float, every: float) -> None:
    """Look at the findings while the load goes on."""
    await asyncio.sleep(2 * every)
    while time.monotonic() < until:
        if not await crowd.look(every):
            crowd.counts.late += 1
        await asyncio.sleep(every / 2)


async def soak(minutes: float, rate: float, every: float, folder: Path) -> Counts:
    """The whole of it."""
    counts = Counts()
    house = SoakSet(folder, every)
    house.run("up", "-d")
    try:
        address = f"http://127.0.0.1:{house.port}"
        async with httpx.AsyncClient(base_url=address, timeout=60) as http:
            crowd = Crowd(http, counts)
            await crowd.found(house.token)
            until = time.monotonic() + minutes * 60
            pause = LIVES_AT_ONCE / rate
            await asyncio.gather(load(crowd, until, pause), watch(crowd, until, every))
            answer = await http.post("/v1/soak/reconciliation", headers=crowd.session("auditor"))
            answer.raise_for_status()
            if not await crowd.look(every):
                counts.late += 1
    finally:
        house.run("down")
    return counts


def said(counts: Counts, minutes: float) -> str:
    """The result, for whoever writes it down."""
    refused = ", ".join(f"{code} {n}" for code, n in sorted(counts.refused.items())) or "none"
    lines = [
        (
            f"{minutes:g} minutes, {UNITS} units: {counts.tasks} tasks, {counts.commands} commands"
            f" ({counts.commands / (minutes * 60):.1f}/s), refused: {refused},"
            f" slowest {counts.slowest * 1000:.0f} ms"
        ),
        (
            f"{counts.events} events compared, {len(counts.results)} results recorded,"
            f" {counts.late} too late"
        ),
        f"findings ever: {len(counts.raised)}, open at most {counts.worst_open}",
        *(f"  {place} {detail}".rstrip() for place, detail in counts.raised.items()),
    ]
    return "\n".join(lines)


def clean(counts: Counts) -> bool:
    """Whether nothing was found, something was done, and results came in time."""
    return bool(counts.commands and counts.results) and not (
        counts.raised or counts.late or counts.worst_open
    )


def main() -> int:
    """Run, print, answer by the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=5.0, help="commands a second, about")
    parser.add_argument("--every", type=float, default=60.0, help="seconds between comparisons")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lianxi-soak-") as folder:
        counts = asyncio.run(soak(given.minutes, given.rate, given.every, Path(folder)))
    sys.stdout.write(said(counts, given.minutes) + "\n")
    return 0 if clean(counts) else 1


if __name__ == "__main__":
    sys.exit(main())
