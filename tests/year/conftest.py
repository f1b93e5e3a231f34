"""One year on the pure streams, played once for all tests that only look at it."""

from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

import lianxi
from lianxi.cli.conference.roster_file import RosterRow, read_roster_file
from lianxi.domain.task import events as ev
from lianxi.ids import task_stream
from tests.year.rehearsal import Rehearsal
from tools.year.days import Days
from tools.year.play import Player

ROSTER = Path(lianxi.__file__).parent / "sample" / "roster.csv"


def sample_units() -> list[RosterRow]:
    """The sample's 28 units."""
    return read_roster_file(ROSTER.read_bytes())


@dataclass
class Played:
    """A year that has been played."""

    ground: Rehearsal
    player: Player
    months: list[int]

    def facts(self, ref: str) -> list[ev.Fact]:
        """What happened on the task of this name in the script."""
        stream = task_stream(self.player.stories[ref].task)
        return [
            ev.Fact(e.seq, digest, e.at, e.basis, ev.KINDS[e.kind].model_validate(e.data))
            for e, digest in self.ground.recorded[stream]
        ]


async def play(folder: Path, year: int, seed: int) -> Played:
    """Live through a year."""
    ground = Rehearsal(folder, sample_units(), year)
    await ground.register_everybody()
    months: list[int] = []

    async def told(number: int, _end: object) -> None:
        months.append(number)

    player = Player(Days(year), seed, ground, told)
    await player.play()
    return Played(ground, player, months)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def year(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The year 2027 with the first seed."""
    return await play(tmp_path_factory.mktemp("year"), 2027, 1)
