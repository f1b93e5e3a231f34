"""`audit`: exact bytes, every change named, the state of another day."""

import json
from typing import cast

import pytest

from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.kept import Shelf
from lianxi.cli.reading import Reading
from lianxi.cli.render import Form
from lianxi.proof.hashing import event_hash
from tests.cli.machines import House


def test_an_untouched_trail_is_intact_and_says_what_it_did_not_check(house: House) -> None:
    house.issue()
    found = house.office.run("audit", "verify", ok=True)
    assert "intact" in found.out
    assert "not checked: texts and evidence files" in found.err
    report = house.office.run("audit", "verify", "-o", "json", ok=True).json
    assert (report["intact"], report["findings"]) == (True, [])
    assert report["bases"]["command"] == report["events"]


@pytest.mark.parametrize("change", ["byte", "hash", "envelope", "gone", "swapped"])
def test_one_change_is_found_and_named(house: House, change: str) -> None:
    task = house.issue()
    house.units["U01"].run("ack", task, ok=True)
    house.units["U01"].run("task", "progress", task, "--percent", "5", ok=True)
    rows = house.gateway.known.rows
    kept = [(row.text, row.hash, row.envelope) for row in rows]
    whole = list(rows)
    row = rows[-2]
    if change == "byte":
        row.text = row.text.replace('"unit":"U01"', '"unit":"U02"', 1)
    elif change == "hash":
        row.hash = "0" * 64
    elif change == "envelope":
        row.envelope = rows[-1].envelope
    elif change == "gone":
        rows.remove(row)
    else:
        rows[-1].text, row.text = row.text, rows[-1].text
    try:
        result = house.office.run("audit", "verify", "-o", "json")
    finally:
        rows[:] = whole
        for one, before in zip(rows, kept, strict=True):
            one.text, one.hash, one.envelope = before
    assert result.code == 1
    assert any(f"task/{task}#" in finding["place"] for finding in result.json["findings"])


def test_export_writes_the_exact_bytes(house: House) -> None:
    house.office.run("audit", "export", "--to", "trail.jsonl", ok=True)
    lines = (house.office.home / "trail.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert [event_hash(row["event"].encode()) for row in rows] == [row["hash"] for row in rows]
    assert (house.office.home / "trail.jsonl").stat().st_mode & 0o077 == 0
    assert house.office.run("audit", "export", "--to", "trail.jsonl").code == 1
    assert house.office.run("audit", "export", "--to", "-", ok=True).out.splitlines() == lines


def test_a_time_that_clocks_skip_or_show_twice(house: House) -> None:
    """Refused in the gap of daylight saving; in the fold the offset is asked for."""

    def told(time: str) -> tuple[int, str]:
        result = house.office.run("audit", "as-of", time, "-o", "json", TZ="Europe/Berlin")
        return result.code, result.err

    code, said = told("2026-03-29T02:30")
    assert (code, "Europe/Berlin skip this time" in said) == (2, True)
    code, said = told("2026-10-25T02:30")
    assert (code, "+02:00 or 2026-10-25T02:30:00+01:00" in said) == (2, True)
    for time in ("2026-10-25T02:30+01:00", "2026-03-29", "2026-07-01T02:30"):
        assert told(time)[0] == 0
    listing = ("audit", "list", "--since", "2026-03-29T02:30")
    assert house.office.run(*listing, TZ="Europe/Berlin").code == 2
    # a rule of POSIX's has no name: taken as the system reads it
    assert house.office.run("audit", "as-of", "2026-07-01T02:30", TZ="XYZ-3").code == 0


def test_the_state_of_another_day(house: House) -> None:
    task = house.issue()
    house.units["U01"].run("ack", task, ok=True)
    as_of = ("audit", "as-of", "2099-01-01", "--task", task, "-o", "json")
    rows = {row["unit"]: row["state"] for row in house.office.run(*as_of, ok=True).json["items"]}
    assert rows == {"U01": "in-progress", "U02": "issued"}
    before = house.office.run("audit", "as-of", "2020-01-01", "-o", "json", ok=True).json
    assert before["items"] == []


def test_as_of_what_is_said_to_have_happened(house: House) -> None:
    task = house.issue()
    events = house.office.run("task", "history", task, "-o", "json", ok=True).json["items"]
    issued = events[0]["at"]
    words = ("--percent", "70", "--happened-at", issued.replace("Z", "+00:00"))
    house.units["U01"].run("task", "progress", task, *words, ok=True)
    as_of = (
        "audit",
        "as-of",
        issued.replace("Z", "+00:00"),
        "--task",
        task,
        "--unit",
        "U01",
        "-o",
        "json",
    )
    assert house.office.run(*as_of, ok=True).json["items"][0]["percent"] is None
    happened = house.office.run(*as_of, "--happened", ok=True).json["items"][0]
    assert happened["percent"] == 70


def test_beside_a_store_that_is_not_there(house: House) -> None:
    """A wrong --data is told from a store that is away, and nothing is made there."""
    (house.office.home / "empty").mkdir()
    for data in ("nowhere", "empty"):
        refused = house.office.run("audit", "verify", "--data", data, "-o", "json")
        assert (refused.code, refused.error["code"]) == (3, "NOT_FOUND")
        assert "--data" in refused.error["hint"]
    assert not (house.office.home / "nowhere").exists()
    assert list((house.office.home / "empty").iterdir()) == []


def test_one_event_by_its_hash(house: House) -> None:
    event = house.gateway.known.rows[0].hash
    shown = house.office.run("audit", "show", event, "-o", "json", ok=True).json
    assert shown["event"]["kind"] == "ConferenceFounded"
    assert house.office.run("audit", "show", "0" * 64).code == 3


def test_the_beginning_of_a_hash_is_told_where_the_whole_one_is(house: House) -> None:
    """Tables show twelve digits, which no command takes; the command named shows them all."""
    listed = house.office.run("audit", "list", "-o", "json", ok=True).json["items"]
    whole = listed[0]["hash"]
    assert len(whole) == 64
    redact = ("audit", "redact", f"{whole[:12]}:directory", "--reason", "x")
    for words in (("audit", "show", whole[:12]), redact):
        refused = house.office.run(*words, "-o", "json")
        assert (refused.code, refused.error["code"]) == (2, "ID_INVALID")
        assert "lianxi audit list -o json" in refused.error["hint"]


@pytest.mark.parametrize("name", ["cursor", "stream", "since"])
def test_a_filter_that_is_not_taken_is_named_as_it_was_typed(name: str) -> None:
    """And what to give instead, never the help of another command."""

    class Refusing:
        def read(self, *_: object, **__: object) -> None:
            raise CliError("INVALID_ARGS", reason="listing", place=f"/{name}")

    query: dict[str, str | int | None] = {"stream": "foo", "since": "foo"}
    run = Reading(cast("Client", Refusing()), cast("Shelf", None), Form(), query, 50, "foo")
    with pytest.raises(CliError) as refused:
        run.page("events")
    assert f"--{name} cannot be foo" in refused.value.message
    assert "lianxi task --help" not in refused.value.hint


def test_the_texts_of_an_event_stand_below_it(house: House) -> None:
    """Whole; one that is not here any more is left out."""
    task = house.issue()
    reason = "First line.\nSecond line. " + "x" * 300
    house.office.run("task", "cancel", task, "--reason", reason, "--yes", ok=True)
    row = house.gateway.known.rows[-1]
    shown = house.office.run("audit", "show", row.hash, "-o", "json", ok=True).json
    commit = json.loads(row.text)["data"]["reason"]["commit"]
    assert shown["texts"] == {commit: reason}
    text = house.office.run("audit", "show", row.hash, ok=True).out
    assert "  First line.\n  Second line. xxx" in text
    del house.gateway.known.openings[commit]
    gone = house.office.run("audit", "show", row.hash, "-o", "json")
    assert (gone.code, gone.json["texts"]) == (0, {})
