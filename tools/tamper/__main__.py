"""`python -m tools.tamper --events 1000`: each of ten acts on each event, and whether it is named.

Exit code 1 unless every act was named and the untouched trail has no finding.
"""

import argparse
import random
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.made_trail import make_trail
from tools.tamper.acts import ACTS, SKILLS, Target
from tools.tamper.ground import Ground


def targets(ground: Ground, limit: int, seed: int) -> list[Target]:
    """So many events with an attacker each; all of them in their order where the limit allows."""
    luck = random.Random(seed)  # noqa: S311 - what is wanted is the same luck each time
    rows = ground.targets()
    chosen = rows if limit >= len(rows) else sorted(luck.sample(rows, limit))
    return [
        Target(*row, skill=number % SKILLS, luck=random.Random(f"{seed}/{row[0]}"))  # noqa: S311
        for number, row in enumerate(chosen)
    ]


def tamper(ground: Ground, chosen: list[Target]) -> list[str]:
    """Every act on every event; says by act which code named how many, answers what nothing named."""
    missed: list[str] = []
    for name, act in ACTS.items():
        named: Counter[str] = Counter()
        for target in chosen:
            finding = ground.tampered(act, target)
            if finding is None:
                missed.append(f"{name} {target.stream}#{target.seq} skill {target.skill}")
            else:
                named[finding.code] += 1
        told = ", ".join(f"{code} {count}" for code, count in named.most_common())
        print(f"{name:20} named {named.total()} of {len(chosen)}: {told}", flush=True)
    return missed


def main() -> int:
    """Make a trail, tamper, say what was found."""
    options = argparse.ArgumentParser(prog="python -m tools.tamper")
    options.add_argument("--events", type=int, default=1_000)
    options.add_argument("--seed", type=int, default=5)
    given = options.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        make_trail(folder, given.events, anchors=folder / "anchors")
        ground = Ground(folder, folder / "anchors")
        alarms = ground.untouched()
        chosen = targets(ground, given.events, given.seed)
        began = time.monotonic()
        missed = tamper(ground, chosen)
        took = time.monotonic() - began
        still = ground.untouched()
        ground.close()
    print(f"{len(chosen)} events, {len(ACTS)} acts, {took:.0f} s")
    print(f"untouched: {len(alarms)} findings before, {len(still)} after")
    for line in missed:
        print(f"NOT NAMED: {line}")
    return 1 if missed or alarms or still else 0


if __name__ == "__main__":
    sys.exit(main())
