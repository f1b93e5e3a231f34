"""`python -m tools.year`: the sample conference lives through a year on the real server (tools).

Prints a line for every month, at the end a table of the units, the events by kind and what
`lianxi audit verify` says. The exit code is 0 only if everything occurred and the trail is intact.
"""

import argparse
import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

import lianxi
from lianxi.cli.conference.roster_file import read_roster_file
from lianxi.domain.values import format_instant
from lianxi.ids import NAMESPACE
from lianxi.runtime.layout import DataDir
from lianxi.runtime.namespace import TemporalTarget, ensure_namespace
from tools.year.clock import Skips, VirtualClock
from tools.year.conference import FOUNDING_RULES
from tools.year.days import Days, calendar_of
from tools.year.ground import RealGround
from tools.year.people import AUDITOR, CONFERENCE, People
from tools.year.play import Player
from tools.year.processes import Processes
from tools.year.say import Voice
from tools.year.table import OUT_OF_REACH, Told, figures, month_counts, silent, told_of

SAMPLE = Path(lianxi.__file__).parent / "sample"
LIANXI = Path(sys.executable).with_name("lianxi")


def main() -> None:
    """Read the command line, live the year, leave by `os._exit` as all who imported temporalio."""
    parser = argparse.ArgumentParser(prog="python -m tools.year", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="other habits of the units")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the data here")
    parser.add_argument("--lang", choices=("en", "zh"), default="en")
    given = parser.parse_args()
    folder = given.keep or Path(tempfile.mkdtemp(prefix="lianxi-year-"))
    if folder.exists() and any(folder.iterdir()):
        parser.error(f"{folder} is not empty")
    code = 1
    try:
        year = Year(folder, given.seed, Voice(given.lang), kept=given.keep is not None)
        code = asyncio.run(year.live())
    except asyncio.CancelledError:
        print("stopped", file=sys.stderr)
    except Exception:  # noqa: BLE001 - shown in full; the process ends here either way
        traceback.print_exc()
    finally:
        if given.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
            shutil.rmtree(folder.with_name(f"{folder.name}-anchors"), ignore_errors=True)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


class Year:
    """One run, in one folder."""

    def __init__(self, folder: Path, seed: int, voice: Voice, *, kept: bool) -> None:
        self.folder = folder.absolute()
        self.kept = kept
        self.seed = seed
        self.voice = voice
        self.rows = read_roster_file((SAMPLE / "roster.csv").read_bytes())
        # workflows begin at wall time and are only ever moved forward
        self.days = Days(datetime.now(UTC).year + 1)
        data = DataDir.at(self.folder)
        data.create()
        self.processes = Processes(data)
        self.clock = VirtualClock(self.processes.clock_file)
        self.began = time.monotonic()

    async def live(self) -> int:
        """Start everything, play, report, stop everything; the exit code."""
        running = asyncio.current_task()
        assert running is not None
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, running.cancel)
        try:
            ground = await self._set_up()
            player = Player(self.days, self.seed, ground, lambda *end: self._month(ground, *end))
            await player.play()
            ok = await self._report(ground, player)
        finally:
            await asyncio.to_thread(self.processes.stop_all)
        ok = self._verified("beside", "--data", str(self.folder)) and ok
        if self.kept:
            self._tell("kept", path=self.folder)
        return 0 if ok else 1

    async def _set_up(self) -> RealGround:
        processes = self.processes
        service = processes.bring_keys()
        processes.start_server()
        await ensure_namespace(TemporalTarget(processes.temporal, NAMESPACE))
        client = await Client.connect(
            processes.temporal, namespace=NAMESPACE, data_converter=pydantic_data_converter
        )
        skips = Skips(client, CONFERENCE, self.clock)
        await asyncio.to_thread(processes.start_worker)
        await asyncio.to_thread(processes.start_gateway)
        people = People(processes.data.keys, self.rows, service)
        ground = RealGround(processes, people, self.clock, skips)
        await ground.found(people.founding(FOUNDING_RULES, calendar_of(self.days.year, 1)))
        for unit in (*people.units, AUDITOR):
            await ground.say(people.registering(unit))
        self._tell(
            "began", units=len(people.units), year=self.days.year, server=processes.source.said
        )
        return ground

    async def _month(self, ground: RealGround, number: int, end: datetime) -> None:
        ends = list(self.days.month_ends())
        since = ends[number - 2] if number > 1 else ends[0] - timedelta(days=31)
        rows = await ground.events(since=format_instant(since), until=format_instant(end))
        print(self.voice.month(self.days.local(end), month_counts(rows)), flush=True)

    async def _report(self, ground: RealGround, player: Player) -> bool:
        """The table, the kinds, what did not occur; whether all is as it should be."""
        tasks = [told_of(await ground.facts(story.task)) for story in player.stories.values()]
        events = await ground.events()
        kinds = Counter(str(row["kind"]) for row in events)
        names = {row.unit: row.name_zh if self.voice.word("unit") != "unit" else row.name_en
                 for row in self.rows}  # fmt: skip
        print()
        print(self.voice.table(names, figures(tasks, ground.people.units, self.clock.now())))
        print()
        self._tell(
            "went by",
            tasks=len(tasks),
            commands=sum(ground.said.values()),
            events=sum(kinds.values()),
            skips=ground.skips.skips,
            seconds=f"{time.monotonic() - self.began:.0f}",
        )
        self._tell("kinds")
        print(self.voice.kinds(kinds))
        occurred = self._all_occurred(kinds, ground.said)
        agree = await self._agree(ground, tasks)
        explained = await self._explained(ground, tasks)
        # tokens of the command line are of wall time, and so the gateway's clock is again
        self.clock.set(timedelta(0))
        return self._verified("over") and occurred and agree and explained

    def _all_occurred(self, kinds: Counter[str], said: Counter[str]) -> bool:
        missing_kinds, missing_actions = silent(kinds, said)
        missing = [kind for kind in missing_kinds if kind not in OUT_OF_REACH] + missing_actions
        if missing:
            self._tell("missing", names=", ".join(missing))
        else:
            self._tell("all", names=", ".join(OUT_OF_REACH))
        return not missing

    async def _agree(self, ground: RealGround, tasks: list[Told]) -> bool:
        """Whether the gateway's rows are what the events say."""
        rows = await ground.rows("office", "assignments")
        shown = {(row["task"], row["unit"]): _shown(row) for row in rows}
        folded = {place: standing for task in tasks for place, standing in _standing(task)}
        differing = sorted(
            place for place in shown | folded if shown.get(place) != folded.get(place)
        )
        if differing:
            self._tell("differ", places=", ".join("/".join(place) for place in differing))
        else:
            self._tell("agree", tasks=len(tasks))
        return not differing

    async def _explained(self, ground: RealGround, tasks: list[Told]) -> bool:
        """Whether the explanation of every deadline ends with the deadline in force."""
        wanted = {
            (task.state.task, a.unit): format_instant(a.due)
            for task in tasks
            for a in task.state.assignments.values()
        }
        answers = await asyncio.gather(
            *(ground.read("auditor", f"tasks/{task}/deadline", unit=unit, limit="due")
              for task, unit in wanted)
        )  # fmt: skip
        given = {(each["task"], each["unit"]): each["instant"] for each in answers}
        differing = sorted(place for place in wanted if given[place] != wanted[place])
        if differing:
            self._tell("unexplained", places=", ".join("/".join(place) for place in differing))
        else:
            self._tell("explained", count=len(wanted))
        return not differing

    def _verified(self, how: str, *options: str) -> bool:
        """`lianxi audit verify`, the installed command, as the auditor; its last words are shown."""
        key = next(self.processes.data.keys.glob(f"{AUDITOR}-*.key"))
        home = self.processes.data.run / "home"
        done = subprocess.run(
            (str(LIANXI), "audit", "verify", *options),
            env={
                **self.processes.environment,
                "LIANXI_HOME": str(home),
                "LIANXI_GATEWAY": self.processes.gateway,
                "LIANXI_KEY": str(key),
                "LIANXI_LANG": "en",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        print(self.voice(how) + done.stdout.strip().replace("\n", "\n  "))
        return done.returncode == 0

    def _tell(self, sentence: str, **fields: Any) -> None:
        print(self.voice(sentence, **fields), flush=True)


def _shown(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["state"], row["cycle"], row["revision"], row["due"], row["acknowledge_by"]


def _standing(task: Told) -> Iterator[tuple[tuple[str, str], tuple[Any, ...]]]:
    for unit, a in task.state.assignments.items():
        limits = format_instant(a.due), format_instant(a.acknowledge_by)
        yield (task.state.task, unit), (a.state.value, a.cycle, a.revision, *limits)


if __name__ == "__main__":
    main()
