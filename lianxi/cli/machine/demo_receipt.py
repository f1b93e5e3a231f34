"""The demo's end: a receipt that the log proves, checked without gateway or profile (cli layer)."""

import json
import time
from pathlib import Path
from typing import NamedTuple, Protocol

from lianxi.cli.faults import CliError
from lianxi.cli.language import _
from lianxi.cli.private_files import write_private
from lianxi.cli.receipt_states import WORDS
from lianxi.cli.terminal import say, tick

UNIT, TASK = "U05", "T-0002"
"""Whose receipt it is, and of which task: the demo lets this unit submit there."""

WITNESSES = ("U01", "U02", "U03")
QUORUM = 2
"""More than (n+f)/2 of the three, where none of them lies."""

PATIENCE = 90.0
"""Seconds until the log holds what was just done: a set that ran already seals once a minute."""


class Proven(NamedTuple):
    """The files of a receipt and of what to judge it by, and what the check came to."""

    receipt: Path
    trust: Path
    verdict: str


class Speaker(Protocol):
    """Who can type a command as a unit of the demo, and where files of the demo may lie."""

    @property
    def data(self) -> Path:
        """The data directory."""
        ...

    def speaks(self, unit: str, *words: str) -> str:
        """What the command printed; raises CliError unless it was done."""
        ...


def checked_receipt(stage: Speaker) -> Proven:
    """Wait for the proof, have it witnessed, take it out, check it; the verdict is the last line.

    Raises CliError DEMO_STEP_FAILED when the log does not come to hold it in time.
    """
    tick(_("waiting for a receipt's proof"))
    receipt, trust = stage.data / "demo-receipt.json", stage.data / "demo-trust.json"
    _wait_for(stage, "included", "witnessed")
    for witness in WITNESSES:
        stage.speaks(witness, "audit", "cosign")
    told = stage.speaks("auditor", "audit", "trust", "--quorum", str(QUORUM), "--to", "-")
    write_private(trust, told.encode())  # over that of an earlier run, which the command would not
    stage.speaks(UNIT, "config", "set", "trust", str(trust.absolute()))
    _wait_for(stage, "witnessed")
    stage.speaks(UNIT, "task", "receipt", TASK, "--to", str(receipt), "--force")
    said = stage.speaks(UNIT, "audit", "check-receipt", str(receipt), "--trust", str(trust))
    tick("")
    return Proven(receipt, trust, said.strip().splitlines()[-1])


def _state(stage: Speaker) -> str:
    """How far the proof of the unit's last filing on the task has come."""
    rows = json.loads(stage.speaks(UNIT, "task", "receipt", TASK, "-o", "json"))["items"]
    return str(rows[-1]["state"]) if rows else ""


def _wait_for(stage: Speaker, *states: str) -> None:
    end = time.monotonic() + PATIENCE
    while (state := _state(stage)) not in states:
        if time.monotonic() > end:
            text = _("{unit}: after {seconds} s the receipt on {task} is still “{state}”.")
            word = _(WORDS[state]) if state in WORDS else "-"
            say(text.format(unit=UNIT, task=TASK, state=word, seconds=f"{PATIENCE:.0f}"))
            raise CliError("DEMO_STEP_FAILED", step=f"lianxi task receipt {TASK}")
        time.sleep(0.5)
