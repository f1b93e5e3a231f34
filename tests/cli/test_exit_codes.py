"""Each exit code once, by the installed program."""

import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.machines import LIANXI, House, Machine


def test_0_also_when_it_is_so_already(house: House) -> None:
    task = house.issue()
    unit = house.units["U01"]
    assert unit.run("ack", task).code == 0
    again = unit.run("ack", task)
    assert (again.code, "already" in again.out) == (0, True)
    assert unit.run("ack", task, "-o", "json").json["code"] == "ALREADY_SO"


def test_1_failed_by_findings(house: House) -> None:
    row = house.gateway.known.rows[0]
    kept, row.text = row.text, row.text.replace("joint", "jolnt")
    try:
        found = house.office.run("audit", "verify")
    finally:
        row.text = kept
    assert found.code == 1
    assert "joint/conference#1" in found.out


@pytest.mark.parametrize(
    "words",
    [
        ("ack",),
        ("tsk",),
        ("todo", "--nonsense"),
        ("ack", "T-1"),
        ("ack", "99"),
        ("task", "progress", "T-0001", "--percent", "101"),
        ("task", "progress", "T-0001"),
        ("task", "submit", "T-0001", "--text", "a\u202eb"),
        ("task", "submit", "T-0001", "--report", "missing.pdf"),
        ("ack", "T-0001", "--request-id", "0" * 36),
        ("todo", "--gateway", "ftp://x"),
        ("todo", "--as", "U99"),
        ("task", "list", "--unit", ""),
        ("audit", "list", "--since", "yesterday"),
        ("task", "list", "--due-before", "2026-02-30"),
        ("audit", "show", "abc"),
    ],
)
def test_2_usage_before_anything_is_sent(house: House, words: tuple[str, ...]) -> None:
    before = len(house.gateway.envelopes)
    result = house.units["U01"].run(*words)
    assert (result.code, result.out) == (2, "")
    assert result.err
    assert "Traceback" not in result.err
    assert len(house.gateway.envelopes) == before


def test_3_not_found_with_what_was_probably_meant(house: House) -> None:
    house.issue()
    house.units["U01"].run("todo", ok=True)
    missing = house.units["U01"].run("task", "show", "T-9001", "-o", "json")
    assert (missing.code, missing.error["code"]) == (3, "UNKNOWN_TASK")
    unit = house.office.run("unit", "show", "U1")
    assert (unit.code, "did you mean U01?" in unit.err) == (3, True)


def test_4_not_allowed(house: House) -> None:
    task = house.issue()
    refused = house.units["U01"].run("task", "cancel", task, "--reason", "x", "--yes", "-o", "json")
    assert (refused.code, refused.error["code"]) == (4, "ROLE_NOT_ALLOWED")
    assert house.units["U01"].run("audit", "list").code == 4


def test_5_refused_by_the_state(house: House) -> None:
    task = house.issue()
    refused = house.office.run("task", "close", task, "--verdict", "implemented", "--yes")
    assert refused.code == 5
    assert "U01, U02" in refused.err


def test_6_unreachable_for_reads_and_for_what_was_not_sent(house: House, tmp_path: Path) -> None:
    task = house.issue()
    away = Machine(house.units["U01"].home, "http://127.0.0.1:9")
    assert away.run("todo").code == 6
    away_ack = away.run("ack", task)
    assert (away_ack.code, "lianxi config show" in away_ack.err) == (6, True)


def test_7_partly_done(house: House) -> None:
    first, second = house.issue(), house.issue()
    unit = house.units["U01"]
    partly = unit.run("ack", first, "T-9001", second, "--yes")
    assert partly.code == 7
    assert partly.out.count("acknowledged") == 2
    assert "T-9001: There is no task" in partly.err
    none = unit.run("ack", "T-9001", "T-9002")
    assert none.code == 3
    assert none.err.count("There is no task T-9001") == 1


def test_7_in_json_names_what_failed_and_says_nothing_else(house: House) -> None:
    """One document on stderr, each failure with its own code and params."""
    first, unit = house.issue(), house.units["U01"]
    partly = unit.run("ack", first, "T-9001", "-o", "json")
    assert (partly.code, len(partly.err.splitlines())) == (7, 1)
    (failed,) = partly.error["params"]["failed"]
    assert (failed["task"], failed["code"]) == ("T-9001", "UNKNOWN_TASK")
    assert partly.error["params"]["done"] == 1
    keys = [house.office.file(name, "{}") for name in ("one.json", "two.json")]
    assert house.office.run("key", "register", *keys, "-o", "json").code == 2


def test_8_of_several_says_each_ones_own_repeat(house: House) -> None:
    """All pending: exit 8, each said once, with the command for it alone."""
    tasks, unit = [house.issue(), house.issue()], house.units["U01"]
    away = Machine(unit.home, "http://127.0.0.1:9")
    gone = away.run("ack", *tasks, "-o", "json")
    assert (gone.code, len(gone.err.splitlines())) == (6, 1)
    assert [each["task"] for each in gone.error["params"]["failed"]] == tasks
    house.gateway.fault = "drop"
    pending = unit.run("ack", *tasks, "--wait", "recorded", "-o", "json")
    (failed,) = pending.error["params"]["failed"]
    request_id = failed["params"]["request_id"]
    assert failed["params"]["repeat"] == (
        f"lianxi ack {tasks[0]} -o json --wait recorded --timeout 20 --request-id {request_id}"
    )


def test_2_names_every_option_that_would_do(house: House) -> None:
    """An empty file is not taken for a report, and is not called a fault of the conference's."""
    unit, task = house.units["U01"], house.issue()
    bare = unit.run("task", "progress", task)
    assert (bare.code, "--percent, --text or --file" in bare.err) == (2, True)
    bare = unit.run("task", "submit", task)
    assert (bare.code, "--report or --text" in bare.err) == (2, True)
    unit.file("empty.pdf", b"")
    for words in (("--report", "empty.pdf"), ("--text", "x", "--evidence", "empty.pdf")):
        empty = unit.run("task", "submit", task, *words, "-o", "json")
        assert (empty.code, empty.error["code"]) == (2, "FILE_EMPTY")


def test_8_pending_says_how_to_repeat_and_the_repeat_works_as_printed(house: House) -> None:
    task = house.issue()
    unit = house.units["U01"]
    house.gateway.fault = "drop-after"
    pending = unit.run("task", "progress", task, "--text", "half 'way' there")
    assert pending.code == 8
    command = pending.err.partition("safely: ")[2].strip()
    script = f"{LIANXI.parent}/{command}"
    repeated = subprocess.run(
        ["sh", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        cwd=unit.home,
        env={"LIANXI_HOME": str(unit.home / "lianxi"), "LIANXI_GATEWAY": unit.gateway},
    )
    assert (repeated.returncode, "already done" in repeated.stdout) == (0, True), repeated.stderr


def test_130_interrupted(house: House) -> None:
    environment = {"LIANXI_HOME": str(house.office.home / "lianxi")}
    words = [str(LIANXI), "task", "list", "--watch", "--interval", "60"]
    # a suite that runs in the background may have been told to ignore it, and children inherit that
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(
        words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        signal.signal(signal.SIGINT, before)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 130
