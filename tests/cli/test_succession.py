"""`unit succeed` and `conference gap`: shown first, one command per task, repeatable; and `handover`."""

import json
import re
import zipfile
from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from lianxi.cli import handover
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags
from tests.cli.life_gateway import LifeGateway, life_gateway
from tests.cli.machines import House, found

ISSUE = ("--title", "Service day", "--lead", "U01", "--support", "U02", "--due", "15wd")


@pytest.fixture
def own_house(tmp_path: Path) -> Iterator[House]:
    with life_gateway() as served:
        yield found(tmp_path, served)


def gateway_of(house: House) -> LifeGateway:
    assert isinstance(house.gateway, LifeGateway)
    return house.gateway


def units_of(house: House, task: str) -> set[str]:
    return set(house.gateway.known.task(task).state.assignments)


# --- succession ---

SUCCEED = ("unit", "succeed", "U02", "--into", "U03")


def test_open_assignments_go_to_the_successor(own_house: House) -> None:
    """Shown first; a repeat finds it done; the unit gets no further task."""
    first, second = own_house.issue(*ISSUE), own_house.issue(*ISSUE)
    shown = own_house.office.run(*SUCCEED, "--reason", "merged", "--dry-run", ok=True)
    assert (first in shown.out, second in shown.out) == (True, True)
    assert units_of(own_house, first) == {"U01", "U02"}
    asked = own_house.office.run(*SUCCEED, "--reason", "merged")
    assert (asked.code, "--yes" in asked.err) == (2, True)
    own_house.office.run(*SUCCEED, "--reason", "merged", "--yes", ok=True)
    assert units_of(own_house, first) == units_of(own_house, second) == {"U01", "U03"}
    again = own_house.office.run(*SUCCEED, "--reason", "merged", "--yes", ok=True)
    assert "already" in again.out
    refused = own_house.office.run("task", "issue", *ISSUE, "-o", "json")
    assert refused.error["code"] == "UNIT_SUCCEEDED"
    shown = own_house.office.run("unit", "show", "U02", ok=True).out
    assert "succeeded by U03" in shown
    assert "succeeded" not in own_house.office.run("unit", "show", "U03", ok=True).out


def test_a_partly_done_succession_goes_on(own_house: House) -> None:
    """Exit code 7 names the task; the command for it alone, or the whole again, does the rest."""
    first, second = own_house.issue(*ISSUE), own_house.issue(*ISSUE)
    gateway_of(own_house).broken.add(f"task/{first}")
    partly = own_house.office.run(*SUCCEED, "--reason", "merged", "--yes", "-o", "json")
    assert partly.code == 7
    assert [failed["task"] for failed in partly.error["params"]["failed"]] == [first]
    assert units_of(own_house, second) == {"U01", "U03"}
    gateway_of(own_house).broken.clear()
    own_house.office.run(*SUCCEED, "--task", first, "--yes", ok=True)
    assert units_of(own_house, first) == {"U01", "U03"}


def test_nothing_is_transferred_before_it_is_decided(own_house: House) -> None:
    task = own_house.issue(*ISSUE)
    gateway_of(own_house).broken.add("conference")
    assert own_house.office.run(*SUCCEED, "--reason", "merged", "--yes").code == 6
    assert units_of(own_house, task) == {"U01", "U02"}


def test_a_unit_that_is_none_is_refused_before_anything_is_sent(own_house: House) -> None:
    sent = len(own_house.gateway.envelopes)
    refused = own_house.office.run(
        "unit", "succeed", "U2", "--into", "U03", "--reason", "x", "-o", "json"
    )
    assert (refused.code, refused.error["code"]) == (3, "UNKNOWN_UNIT")
    assert "U02" in refused.error["hint"]
    assert own_house.office.run(*SUCCEED).code == 2  # no reason
    itself = ("unit", "succeed", "U02", "--into", "U02", "--reason", "x")
    assert "succeed itself" in own_house.office.run(*itself).err
    assert len(own_house.gateway.envelopes) == sent


# --- gaps of service ---


def gone(house: House, task: str) -> None:
    """The service was away over the task's acknowledge limit."""
    known = house.gateway.known
    acknowledge_by = known.task(task).state.assignments["U01"].acknowledge_by
    known.pass_time(task, acknowledge_by + timedelta(hours=3))


def test_gaps_are_listed_and_excluded(own_house: House) -> None:
    """Task by task, with a reason; what is excluded is said so; a repeat has nothing to do."""
    first, second = own_house.issue(*ISSUE), own_house.issue(*ISSUE)
    assert "no gap" in own_house.office.run("conference", "gap", ok=True).out
    gone(own_house, first)
    gone(own_house, second)
    rows = own_house.office.run("conference", "gap", "-o", "json", ok=True).json["items"]
    assert {row["task"] for row in rows} == {first, second}
    gaps = len(rows)
    own_house.office.run("conference", "gap", "--exclude", "--task", first, ok=False)
    listed = own_house.office.run("conference", "gap", ok=True).err
    assert "--exclude --task T-" in listed  # the next command is about one task
    exclude = ("conference", "gap", "--exclude", "--reason", "power cut", "--yes")
    unnamed = own_house.office.run(*exclude)
    assert (unnamed.code, "--all" in unnamed.err) == (2, True)
    assert own_house.office.run(*exclude, "--since", "").code == 2
    own_house.office.run(*exclude, "--task", first, ok=True)
    rows = own_house.office.run("conference", "gap", "-o", "json", ok=True).json["items"]
    assert {row["task"] for row in rows if row["excluded"]} == {first}
    assert len(rows) == gaps
    own_house.office.run(*exclude, "--all", ok=True)
    assert "no gap to exclude" in own_house.office.run(*exclude, "--all", ok=True).err
    text = own_house.office.run("conference", "gap", "--lang", "zh", ok=True).out
    assert "是" in text


def test_gaps_are_not_excluded_without_a_reason_or_silently_in_bulk(own_house: House) -> None:
    tasks = [own_house.issue(*ISSUE) for _ in range(3)]
    for task in tasks:
        gone(own_house, task)
    missing = own_house.office.run("conference", "gap", "--exclude")
    assert (missing.code, "--reason" in missing.err) == (2, True)
    exclude = ("conference", "gap", "--exclude", "--all", "--reason", "x")
    asked = own_house.office.run(*exclude)
    assert (asked.code, "--yes" in asked.err) == (2, True)
    gateway_of(own_house).broken.add(f"task/{tasks[0]}")
    partly = own_house.office.run(*exclude, "--yes")
    assert (partly.code, tasks[0] in partly.err) == (7, True)


# --- handover ---


def handed_over(house: House, *words: str) -> dict[str, bytes]:
    unit = house.units["U01"]
    unit.run("handover", "--to", "h.zip", *words, ok=True)
    with zipfile.ZipFile(unit.home / "h.zip") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_successor_finds_tasks_receipts_and_drafts(own_house: House) -> None:
    """What is open with its texts and deadlines, what was accepted, what was signed and has no receipt."""
    task = own_house.issue(*ISSUE, "--text", "One point per district")
    unit = own_house.units["U01"]
    unit.run("ack", task, ok=True)
    unit.run("task", "progress", task, "--percent", "10", "--text", "begun", ok=True)
    gateway_of(own_house).lost.add(f"task/{task}")
    assert unit.run("task", "progress", task, "--percent", "20", "--text", "half").code == 8
    gateway_of(own_house).lost.clear()
    files = handed_over(own_house)
    document = json.loads(files["handover.json"])
    assert [item["task"] for item in document["items"]] == [task]
    assert (len(document["receipts"]), len(document["drafts"])) == (2, 1)
    receipt = json.loads(files[f"receipts/{document['receipts'][0]}.json"])
    assert receipt["receipt"]["action"] == "acknowledge"
    draft = json.loads(files[f"drafts/{document['drafts'][0]}.json"])
    assert (draft["action"], draft["request_id"]) == ("progress", document["drafts"][0])
    index = files["index.md"].decode()
    for wanted in (
        task,
        "Service day",
        "One point per district",
        "due:",
        "begun",
        "10 %",
        document["drafts"][0],
    ):
        assert wanted in index, wanted
    chinese = handed_over(own_house, "--force", "--lang", "zh")["index.md"].decode()
    assert "交接" in chinese
    assert "办理中" in chinese


def test_the_private_key_is_not_in_it(own_house: House) -> None:
    """No byte of the seed in any file, in any spelling that the key file could lend it."""
    task = own_house.issue(*ISSUE)
    own_house.units["U01"].run("ack", task, ok=True)
    (path,) = (own_house.units["U01"].home / "lianxi" / "keys").glob("*.key")
    key = path.read_text()
    secrets = re.findall(r"[0-9a-f]{64}", key) + re.findall(r"[A-Za-z0-9+/=_-]{40,}", key)
    public = {own_house.gateway.known.conference.state.roster.keys[2].public_key}
    public |= {entry.key_id for entry in own_house.gateway.known.conference.state.roster.keys}
    public |= {entry.public_key for entry in own_house.gateway.known.conference.state.roster.keys}
    secrets = [secret for secret in secrets if secret not in public and "/lianxi/" not in secret]
    assert secrets
    spellings = {secret.encode() for secret in secrets}
    for secret in secrets:
        if re.fullmatch("[0-9a-f]{64}", secret):
            raw = bytes.fromhex(secret)
            spellings |= {raw, b64encode(raw), secret.upper().encode()}
    files = handed_over(own_house)
    whole = (own_house.units["U01"].home / "h.zip").read_bytes()
    for data in (*files.values(), whole):
        assert not any(spelling in data for spelling in spellings)
        assert not any(data.count(spelling[:16]) for spelling in spellings)
    assert any(spelling in key.encode() for spelling in spellings)  # they are looked for rightly


def test_a_file_is_not_overwritten_unless_told(own_house: House) -> None:
    own_house.issue(*ISSUE)
    unit = own_house.units["U01"]
    unit.file("h.zip", "mine")
    refused = unit.run("handover", "--to", "h.zip", "-o", "json")
    assert (refused.code, refused.error["code"]) == (1, "FILE_UNWRITABLE")
    assert "--force" in refused.error["hint"]
    assert (unit.home / "h.zip").read_bytes() == b"mine"
    handed_over(own_house, "--force")
    assert (unit.home / "h.zip").stat().st_mode & 0o077 == 0


def test_it_goes_to_a_pipe_but_not_to_a_terminal(
    own_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_house.issue(*ISSUE)
    assert (
        own_house.units["U01"].run("handover", "--to", "-", encoding="latin-1", ok=True).raw[:2]
        == b"PK"
    )
    monkeypatch.setattr(handover, "is_terminal", lambda _stream: True)
    callback = handover.handover.callback
    assert callback is not None
    with pytest.raises(CliError) as caught:
        callback.__wrapped__(Flags(), "-", force=False)
    assert caught.value.exit_code == 2
