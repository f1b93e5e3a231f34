"""At a terminal: it asks before what cannot be undone, and for what is missing."""

import os
import pty
import subprocess

from tests.cli.machines import LIANXI, House, Machine


def _typed(machine: Machine, answer: str, *words: str) -> tuple[int, str]:
    controller, terminal = pty.openpty()
    environment = {
        "LIANXI_HOME": str(machine.home / "lianxi"),
        "LIANXI_GATEWAY": machine.gateway,
        "LANG": "C.UTF-8",
        "TERM": "dumb",
    }
    process = subprocess.Popen(
        [str(LIANXI), *words], stdin=terminal, stdout=terminal, stderr=terminal, env=environment
    )
    os.close(terminal)
    os.write(controller, answer.encode())
    shown = b""
    while True:
        try:
            chunk = os.read(controller, 4_096)
        except OSError:
            break
        if not chunk:
            break
        shown += chunk
    os.close(controller)
    return process.wait(20), shown.decode()


def test_an_irreversible_act_is_asked_for(house: House) -> None:
    task = house.issue()
    words = ("task", "cancel", task, "--reason", "superseded")
    code, shown = _typed(house.office, "n\n", *words)
    assert (code, "Not done, as you said." in shown) == (1, True)
    code, shown = _typed(house.office, "y\n", *words)
    assert (code, f"cancelled {task}" in shown) == (0, True)
    code, shown = _typed(house.office, "y\n", *words, "--no-input")
    assert code == 2


def test_what_is_missing_is_asked_for_and_stands_in_the_repeat(house: House) -> None:
    task = house.issue()
    house.gateway.fault = "drop"
    code, shown = _typed(house.units["U01"], "half done\n", "task", "progress", task)
    assert code == 8
    assert "--text 'half done' --request-id" in shown
