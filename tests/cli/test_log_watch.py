"""The client's own checks of the log: what it keeps, what it refuses, what it only says."""

import json
import os
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lianxi.cli import roster_watch
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.log_pin import Pin, PinFolder
from lianxi.cli.log_watch import LogWatch
from lianxi.cli.profiles import acting_as
from lianxi.domain.roster import Roster, RosterKey
from lianxi.domain.values import Role, format_instant
from lianxi.proof.checkpoints import log_key
from lianxi.proof.keys import Signer
from lianxi.proof.rosters import next_roster, roster_bytes, roster_hash
from tests.cli.fake_gateway import running
from tests.cli.fake_log import FakeLog, log_vkey
from tests.cli.machines import House, Machine, found, logged_house, machine


@pytest.fixture
def log(logged: House) -> Iterator[FakeLog]:
    """The log, honest again after the test, and one size larger than anybody has seen."""
    found_log = logged.gateway.log
    assert found_log is not None
    logged.issue()
    found_log.seal()
    yield found_log
    found_log.lie, found_log.reconciled, found_log.withhold = None, None, False
    found_log.promise, found_log.keyless = timedelta(minutes=10), False
    found_log.named_roster, found_log.unheard = None, frozenset()
    found_log.known.shown_roster = None


@pytest.fixture
def unit(logged: House, tmp_path: Path) -> Machine:
    """U01 on a machine that has seen nothing yet: its key, and no state."""
    home = tmp_path / "home"
    shutil.copytree(logged.units["U01"].home, home)
    shutil.rmtree(home / "lianxi" / "state", ignore_errors=True)
    return Machine(home, logged.gateway.url)


def pinned(unit: Machine) -> dict[str, Any]:
    """The one pin of a machine."""
    (path,) = (unit.home / "lianxi").rglob("pin.json")
    content: dict[str, Any] = json.loads(path.read_bytes())
    return content


def evidence(unit: Machine) -> list[Path]:
    return sorted((unit.home / "lianxi").rglob("evidence/*.json"))


def grow(house: House, log: FakeLog) -> int:
    house.issue()
    return log.seal()


def test_the_checkpoint_seen_is_kept_and_moves_forward_only(
    logged: House, log: FakeLog, unit: Machine
) -> None:
    unit.run("todo", ok=True)
    first = pinned(unit)
    assert (first["size"], first["root"]) == (log.sizes[-1], log.root(log.sizes[-1]).hex())
    assert first["log_keys"] == [log_vkey(log)]
    grow(logged, log)
    unit.run("todo", ok=True)
    assert pinned(unit)["size"] == log.sizes[-1]


@pytest.mark.parametrize("lie", ["shrunk", "forked", "bad-proof"])
def test_a_log_that_does_not_continue_what_was_seen_stops_the_command(
    logged: House, log: FakeLog, unit: Machine, lie: str
) -> None:
    """Nothing of the answer is shown; the evidence holds both heads; what was kept stays kept."""
    unit.run("todo", ok=True)
    before = pinned(unit)
    grow(logged, log)
    log.lie = lie
    result = unit.run("todo", "-o", "json")
    assert (result.code, result.out, result.error["code"]) == (1, "", "LOG_FORKED")
    (path,) = evidence(unit)
    assert str(path) in result.err
    kept = json.loads(path.read_bytes())
    assert kept["how"] == ("shrunk" if lie == "shrunk" else "consistency")
    assert kept["kept"]["note"] == before["note"]
    assert kept["offered"]["note"] != before["note"]
    assert pinned(unit) == before


def test_a_fork_of_the_same_size_is_seen_too(logged: House, log: FakeLog, unit: Machine) -> None:
    unit.run("todo", ok=True)
    log.lie = "forked"
    assert unit.run("todo", "-o", "json").error["code"] == "LOG_FORKED"


def test_a_change_that_was_done_says_so_before_the_alarm(
    logged: House, log: FakeLog, unit: Machine
) -> None:
    """The receipt is kept first: what was sent is done, whatever the log is."""
    task = logged.issue()
    unit.run("todo", ok=True)
    log.seal()
    log.lie = "forked"
    result = unit.run("ack", task, "-o", "json")
    assert (result.code, result.out, result.error["code"]) == (1, "", "LOG_FORKED")
    assert "was accepted as request" in result.error["message"]
    (receipt,) = (unit.home / "lianxi").rglob("receipts/*.json")
    assert json.loads(receipt.read_bytes())["receipt"]["task"] in (None, task)


@pytest.mark.parametrize(
    ("lie", "code", "exits"),
    [
        ("other-origin", "LOG_FOREIGN", 1),
        ("other-key", "LOG_UNSIGNED", 1),
        ("base64", "ANSWER_UNREADABLE", 6),
        ("proof-base64", "ANSWER_UNREADABLE", 6),
        ("huge", "ANSWER_UNREADABLE", 6),
        ("roster", "ROSTER_FORKED", 1),
    ],
)
def test_what_is_no_checkpoint_of_this_log_is_refused(
    logged: House, log: FakeLog, unit: Machine, lie: str, code: str, exits: int
) -> None:
    """Another conference's, another key's, bad base64, too long, a roster that follows from nothing."""
    unit.run("todo", ok=True)
    before = pinned(unit)
    grow(logged, log)
    log.lie = lie
    result = unit.run("todo", "-o", "json")
    assert (result.code, result.out, result.error["code"]) == (exits, "", code)
    assert "Traceback" not in result.err
    assert pinned(unit) == before
    log.lie = None
    unit.run("todo", ok=True)


def test_a_replayed_old_answer_moves_nothing(logged: House, log: FakeLog, unit: Machine) -> None:
    """The same checkpoint again is no fork, and no step either."""
    unit.run("todo", ok=True)
    before = pinned(unit)
    grow(logged, log)
    log.lie = "replayed"
    unit.run("todo", ok=True)
    assert pinned(unit)["size"] == before["size"]


def test_a_log_that_is_no_longer_shown_is_said_so(log: FakeLog, unit: Machine) -> None:
    assert unit.run("todo", ok=True).err.count("no checkpoint") == 0
    log.lie = "silent"
    result = unit.run("todo", "-o", "json", ok=True)
    assert "shows no checkpoint" in result.err
    assert result.json["schema"] == 1


def test_one_answer_without_the_logs_word_is_asked_for_again(
    logged: House, log: FakeLog, unit: Machine
) -> None:
    """Two looks of a gateway at once: what is there after all was not withheld."""
    unit.run("todo", ok=True)
    size = grow(logged, log)
    log.quiet = 1
    assert "no checkpoint" not in unit.run("todo", ok=True).err
    assert pinned(unit)["size"] == size


def test_a_log_whose_key_nobody_has_named_is_followed_all_the_same(
    logged: House, log: FakeLog, unit: Machine
) -> None:
    """Nothing of it is signed for, so nothing is cosigned or proven; but it may not fork."""
    log.keyless = True
    assert "signature is not checked" in unit.run("todo", ok=True).err
    assert (pinned(unit)["size"], pinned(unit)["unsigned"]) == (log.sizes[-1], True)
    refused = unit.run("audit", "cosign", "-o", "json")
    assert refused.error["code"] == "NO_LOG_KEY"
    grow(logged, log)
    log.lie = "forked"
    assert unit.run("todo", "-o", "json").error["code"] == "LOG_FORKED"
    # the key once named counts for what was kept before
    log.lie, log.keyless = "other-key", False
    before = pinned(unit)
    assert unit.run("todo", "-o", "json").error["code"] == "LOG_UNSIGNED"
    assert pinned(unit)["root"] == before["root"]
    log.lie = None
    unit.run("todo", ok=True)
    assert (pinned(unit)["size"], pinned(unit)["unsigned"]) == (log.sizes[-1], False)


def test_the_same_fork_is_evidence_once(logged: House, log: FakeLog, unit: Machine) -> None:
    unit.run("todo", ok=True)
    log.lie = "forked"
    for _ in range(3):
        result = unit.run("todo", "-o", "json")
        assert str(evidence(unit)[0]) in result.error["message"]
    assert len(evidence(unit)) == 1


def test_a_log_key_once_seen_is_not_replaced_by_the_gateways_word(
    logged: House, log: FakeLog, unit: Machine, tmp_path: Path
) -> None:
    """A new roster that lists no key of the log is no occasion to name another one."""
    unit.run("todo", ok=True)
    new = machine(tmp_path / "new", logged.gateway)
    new.run("key", "new", "--unit", "U02", ok=True)
    request = (new.home / "joint-U02.request.json").read_bytes()
    logged.office.run("key", "register", logged.office.file("more.json", request), ok=True)
    honest = log.signer
    log.signer = Signer(b"\x66" * 32)
    try:
        result = unit.run("todo", "-o", "json")
    finally:
        log.signer = honest
    assert (result.code, result.error["code"]) == (1, "LOG_UNSIGNED")
    assert pinned(unit)["log_keys"] == [log_vkey(log)]


def test_a_pin_that_cannot_be_read_is_not_overwritten(log: FakeLog, unit: Machine) -> None:
    """To trust the log anew is for a person to decide."""
    unit.run("todo", ok=True)
    (path,) = (unit.home / "lianxi").rglob("pin.json")
    path.write_bytes(b"{")
    result = unit.run("todo", "-o", "json")
    assert (result.code, result.error["code"]) == (1, "PIN_UNREADABLE")
    assert path.read_bytes() == b"{"


def test_runs_at_once_leave_the_newest_pin(
    log: FakeLog, unit: Machine, logged: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another run has kept meanwhile is neither lost nor taken for a fork."""
    unit.run("todo", ok=True)
    monkeypatch.setenv("LIANXI_HOME", str(unit.home / "lianxi"))
    monkeypatch.setenv("LIANXI_GATEWAY", unit.gateway)
    client = Client(acting_as("U01"))
    state = next((unit.home / "lianxi").rglob("pin.json")).parents[2]
    watch = client.log
    size = grow(logged, log)
    answer = client.exchange_quietly("GET", client.path("me"), signed=True, headers=watch.header())
    # meanwhile another run sees and keeps a larger tree
    larger = grow(logged, log)
    folder = PinFolder(state, log.origin)
    folder.change(size=larger, root=log.root(larger).hex(), note=log.note(larger).decode())
    watch.look(answer)
    kept = folder.read()
    assert kept is not None
    assert kept.size == larger > size
    # and one that this run's tree is no part of
    watch = LogWatch(client)
    newest = grow(logged, log)
    answer = client.exchange_quietly("GET", client.path("me"), signed=True, headers=watch.header())
    folder.change(size=newest, root=log.root(newest, log._other()).hex(), note="")
    with pytest.raises(CliError, match="LOG_FORKED"):
        watch.look(answer)
    client.gateway.close()


# --- roster, keys, reconciliation ---


def test_a_new_roster_is_followed_step_by_step(
    logged: House, log: FakeLog, unit: Machine, tmp_path: Path
) -> None:
    """And a key of one's own unit that one does not know is named on every call until confirmed."""
    unit.run("todo", ok=True)
    before = pinned(unit)["roster_version"]
    second = machine(tmp_path / "second", logged.gateway)
    second.run("key", "new", "--unit", "U01", ok=True)
    request = (second.home / "joint-U01.request.json").read_bytes()
    logged.office.run("key", "register", logged.office.file("again.json", request), ok=True)
    key = json.loads(second.run("key", "show", "-o", "json", ok=True).out)["key_id"]
    for _ in range(2):
        result = unit.run("todo", ok=True)
        assert f"lianxi key trust {key}" in result.err
    assert pinned(unit)["roster_version"] == before + 1
    assert unit.run("key", "trust", key[:7]).code == 3
    unit.run("key", "trust", key[:12], ok=True)
    assert "key trust" not in unit.run("todo", ok=True).err


def test_a_step_that_nobody_signed_is_refused(
    logged: House, log: FakeLog, unit: Machine, tmp_path: Path
) -> None:
    unit.run("todo", ok=True)
    before = pinned(unit)
    other = machine(tmp_path / "auditor", logged.gateway)
    other.run("key", "new", "--unit", "U03", ok=True)
    request = (other.home / "joint-U03.request.json").read_bytes()
    logged.office.run("key", "register", logged.office.file("third.json", request), ok=True)
    saved = log.known.steps[before["roster_version"] - 1 :]
    assert saved
    log.lie = "step"
    result = unit.run("todo", "-o", "json")
    assert (result.code, result.error["code"]) == (1, "ROSTER_FORKED")
    assert pinned(unit) == before
    assert len(evidence(unit)) == 1


def registered(logged: House, folder: Path, unit: str) -> str:
    """Another key for a unit, properly registered; its id."""
    second = machine(folder, logged.gateway)
    second.run("key", "new", "--unit", unit, ok=True)
    request = (second.home / f"joint-{unit}.request.json").read_bytes()
    logged.office.run("key", "register", logged.office.file("one.json", request), ok=True)
    return str(second.run("key", "show", "-o", "json", ok=True).json["key_id"])


def stolen(roster: Roster) -> Roster:
    """The next roster, with a key for U01 that nobody has signed for."""
    signer = Signer(os.urandom(32))
    return next_roster(
        roster,
        RosterKey(
            unit="U01", role=Role.UNIT, key_id=signer.key_id, public_key=signer.public_key.hex()
        ),
    )


def trust_file(unit: Machine) -> str:
    """The path of a trust file as it is now, over that of an earlier test."""
    content = unit.run("audit", "trust", "--to", "-", ok=True).out
    return str(unit.home / unit.file("trust.json", content))


def roster_file(unit: Machine) -> Path:
    (path,) = (unit.home / "lianxi").rglob("roster.json")
    return path


def test_a_lost_roster_is_rebuilt_from_the_first_one_never_taken_as_it_comes(
    logged: House, log: FakeLog, unit: Machine, tmp_path: Path
) -> None:
    """The pin stands: what is shown must lead through it, with a trust file as without."""
    unit.run("todo", ok=True)
    honest, pin = logged.gateway.known.conference.state.roster, pinned(unit)
    told = trust_file(unit)
    unit.run("todo", ok=True, LIANXI_TRUST=told)
    for trust in ("", told):
        for lost in (b"", None):
            path = roster_file(unit)
            path.unlink() if lost is None else path.write_bytes(lost)
            log.named_roster = log.known.shown_roster = stolen(honest)
            refused = unit.run("todo", "-o", "json", LIANXI_TRUST=trust)
            assert (refused.code, refused.error["code"]) == (1, "ROSTER_FORKED"), (trust, lost)
            assert pinned(unit)["roster_hash"] == pin["roster_hash"]
            log.named_roster = log.known.shown_roster = None
            unit.run("todo", ok=True, LIANXI_TRUST=trust)
            path.write_bytes(roster_bytes(honest))
    path.unlink()
    registered(logged, tmp_path / "second", "U02")
    unit.run("todo", ok=True)
    assert pinned(unit)["roster_version"] == honest.version + 1
    assert json.loads(roster_file(unit).read_bytes())["version"] == honest.version + 1


def test_a_roster_that_another_run_has_kept_is_not_set_back(
    logged: House, log: FakeLog, unit: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Two runs at once: the newer roster stands, and one off its line is a fork."""
    unit.run("todo", ok=True)
    folder = PinFolder(roster_file(unit).parents[2], log.origin)
    old = folder.read()
    assert old is not None
    registered(logged, tmp_path / "second", "U02")
    middle = logged.gateway.known.conference.state.roster
    registered(logged, tmp_path / "third", "U02")
    unit.run("todo", ok=True)
    newest = folder.read()
    assert newest is not None
    monkeypatch.setenv("LIANXI_HOME", str(unit.home / "lianxi"))
    monkeypatch.setenv("LIANXI_GATEWAY", unit.gateway)
    client = Client(acting_as("U01"))
    log.known.shown_roster = middle
    # this run has begun before the other, and the gateway still names the roster in between
    header = f"{middle.version}:{roster_hash(middle)}"
    assert roster_watch.follow_roster(client, folder, old, header, log_shown=False) == newest
    assert folder.read() == newest
    assert folder.roster(newest) is not None
    forged = stolen(middle)
    forked = folder.keep_roster(
        roster_bytes(forged).decode(),
        newest.roster,
        roster_version=forged.version,
        roster_hash=roster_hash(forged),
    )
    assert forked is not None
    with pytest.raises(CliError, match="ROSTER_FORKED"):
        roster_watch.follow_roster(client, folder, old, header, log_shown=False)
    client.gateway.close()


def test_a_roster_that_is_no_longer_named_is_said_so(log: FakeLog, unit: Machine) -> None:
    """Alone, or with everything else; one that was named never is not missed."""
    log.unheard = frozenset({"Lianxi-Roster"})
    assert "names no roster" not in unit.run("todo", ok=True).err
    log.unheard = frozenset()
    unit.run("todo", ok=True)
    log.rosterless = 1  # one answer alone is asked for again
    assert "names no roster" not in unit.run("todo", ok=True).err
    for unheard in ({"Lianxi-Roster"}, {"Lianxi-Roster", "Lianxi-Checkpoint"}):
        log.unheard = frozenset(unheard)
        assert "names no roster" in unit.run("todo", ok=True).err, unheard


def test_who_is_not_known_is_not_told_that_something_is_withheld(
    logged: House, log: FakeLog, unit: Machine, tmp_path: Path
) -> None:
    """A refusal of the caller comes without the log's word, and says enough."""
    unit.run("todo", ok=True)
    other = machine(tmp_path / "other", logged.gateway)
    other.run("key", "new", "--unit", "U01", ok=True)
    shutil.copytree(unit.home / "lianxi" / "state", other.home / "lianxi" / "state")
    log.unheard = frozenset({"Lianxi-Roster", "Lianxi-Checkpoint", "Lianxi-Reconciled"})
    refused = other.run("todo")
    assert refused.code != 0
    assert "names no roster" not in refused.err
    assert "shows no checkpoint" not in refused.err


def test_an_old_roster_is_given_away_by_the_events_of_receipts(
    logged: House, log: FakeLog, unit: Machine, tmp_path: Path
) -> None:
    """The stranger's key is named although every answer names the roster before it."""
    task = logged.issue()
    unit.run("todo", ok=True)
    log.named_roster = log.known.shown_roster = logged.gateway.known.conference.state.roster
    stranger = registered(logged, tmp_path / "thief", "U01")
    assert stranger not in unit.run("ack", task, ok=True).err
    log.seal()
    assert stranger in unit.run("todo", ok=True).err
    assert pinned(unit)["roster_version"] == log.named_roster.version + 1
    # and where the steps do not show it either, the events do not fit the conference shown
    second, steps = logged.issue(), log.known.steps
    log.named_roster = log.known.shown_roster = logged.gateway.known.conference.state.roster
    unit.run("todo", ok=True)
    registered(logged, tmp_path / "other", "U01")
    unit.run("ack", second, ok=True)
    log.seal()
    log.known.steps = steps[:-1]
    try:
        told = unit.run("todo", ok=True).err
    finally:
        log.known.steps = steps
    assert "the roster shown does not follow" in told
    assert any("roster-forked" in path.name for path in evidence(unit))


def test_a_gateway_that_serves_a_key_which_its_roster_does_not_list_is_told_of(
    logged: House, log: FakeLog, unit: Machine, tmp_path: Path
) -> None:
    """Once more asked, since a key may be registered this second; then it is said."""
    unit.run("todo", ok=True)
    second = machine(tmp_path / "second", logged.gateway)
    log.named_roster = logged.gateway.known.conference.state.roster
    second.run("key", "new", "--unit", "U01", ok=True)
    shutil.copytree(unit.home / "lianxi" / "state", second.home / "lianxi" / "state")
    assert pinned(second)["roster_hash"] == roster_hash(log.named_roster)
    request = (second.home / "joint-U01.request.json").read_bytes()
    logged.office.run("key", "register", logged.office.file("one.json", request), ok=True)
    assert "lists no key of this profile" not in second.run("todo", ok=True).err
    third = machine(tmp_path / "third", logged.gateway)
    log.named_roster = log.known.shown_roster = logged.gateway.known.conference.state.roster
    third.run("key", "new", "--unit", "U01", ok=True)
    request = (third.home / "joint-U01.request.json").read_bytes()
    logged.office.run("key", "register", logged.office.file("one.json", request), ok=True)
    assert "lists no key of this profile" in third.run("todo", ok=True).err


@pytest.mark.parametrize("said", [None, "2999-01-01T00:00:00.000000Z"])
def test_a_reconciliation_that_is_not_told_or_yet_to_come_is_none(
    log: FakeLog, unit: Machine, said: str | None
) -> None:
    """Left out counts as never; no clock is so far ahead."""
    unit.run("todo", ok=True)
    (path,) = (unit.home / "lianxi").rglob("pin.json")
    content = json.loads(path.read_bytes())
    content["since"] = format_instant(datetime.now(UTC) - timedelta(minutes=16))
    path.write_text(json.dumps(content))
    log.reconciled = said
    log.unheard = frozenset() if said else frozenset({"Lianxi-Reconciled"})
    assert "more than 15 minutes" in unit.run("todo", ok=True).err
    log.reconciled, log.unheard = (
        format_instant(datetime.now(UTC) + timedelta(minutes=4)),
        frozenset(),
    )
    assert "15 minutes" not in unit.run("todo", ok=True).err


def test_a_stopped_reconciliation_is_said_on_stderr_alone(log: FakeLog, unit: Machine) -> None:
    log.reconciled = format_instant(datetime.now(UTC) - timedelta(minutes=16))
    result = unit.run("todo", "-o", "json", ok=True)
    assert "more than 15 minutes" in result.err
    assert result.json["schema"] == 1
    log.reconciled = format_instant(datetime.now(UTC) - timedelta(minutes=14))
    assert "15 minutes" not in unit.run("todo", ok=True).err
    log.reconciled = "never"  # a conference this machine has seen for a moment only
    assert "15 minutes" not in unit.run("todo", ok=True).err
    (path,) = (unit.home / "lianxi").rglob("pin.json")
    content = json.loads(path.read_bytes())
    content["since"] = format_instant(datetime.now(UTC) - timedelta(minutes=16))
    path.write_text(json.dumps(content))
    assert "last: never" in unit.run("todo", ok=True).err


# --- trust files ---


def test_a_trust_file_holds_against_the_first_sight(
    logged: House, log: FakeLog, unit: Machine, tmp_path: Path
) -> None:
    """A gateway with keys of its own is believed on first sight only by who was told nothing."""
    trust = trust_file(unit)
    unit.run("todo", ok=True, LIANXI_TRUST=trust)
    assert pinned(unit)["genesis"] == json.loads(Path(trust).read_bytes())["genesis"]
    content = json.loads(Path(trust).read_bytes())
    for change, code in (
        ({"genesis": "0" * 64}, "TRUST_DIFFERS"),
        ({"origin": "x/lianxi/joint/0000000000000000"}, "TRUST_FILE_INVALID"),
        ({"v": 2}, "TRUST_FILE_INVALID"),
        ({"policy": "quorum nobody\n"}, "TRUST_FILE_INVALID"),
    ):
        (tmp_path / "bad.json").write_text(json.dumps(content | change))
        result = unit.run("todo", "-o", "json", LIANXI_TRUST=str(tmp_path / "bad.json"))
        assert (result.error["code"], result.out) == (code, ""), change


def test_what_a_trust_file_does_not_agree_in_is_named(
    log: FakeLog, unit: Machine, tmp_path: Path
) -> None:
    """Another first roster is no other conference's checkpoint; nor is another one's trust file."""
    content = unit.run("audit", "trust", "--to", "-", ok=True).json
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(content | {"genesis": "0" * 64}))
    told = unit.run("todo", LIANXI_TRUST=str(path)).err
    assert f"has the hash {content['genesis']}; by the trust file {path} it is {'0' * 64}" in told
    origin = "x/lianxi/joint/0000000000000000"
    vkey = log_key(origin, log.signer.public_key).vkey()
    path.write_text(
        json.dumps(content | {"origin": origin, "log": vkey, "policy": "quorum none\n"})
    )
    told = unit.run("todo", LIANXI_TRUST=str(path)).err
    assert f"The trust file {path} is another conference's, not one of {log.origin}" in told


def test_a_trusted_log_key_is_the_only_one(log: FakeLog, unit: Machine) -> None:
    trust = trust_file(unit)
    shutil.rmtree(unit.home / "lianxi" / "state")
    log.lie = "other-key"
    result = unit.run("todo", "-o", "json", LIANXI_TRUST=trust)
    assert (result.code, result.error["code"]) == (1, "LOG_UNSIGNED")


@pytest.fixture
def listing(tmp_path: Path) -> Iterator[tuple[House, FakeLog]]:
    """A conference whose first roster lists the log's key, as the service has one by then."""
    with running() as served:
        served.log = FakeLog(served.known)
        house = found(tmp_path / "listing", served)
        served.log.seal()
        yield house, served.log


def test_a_log_key_that_no_roster_ever_listed_contradicts_the_trust_file(
    listing: tuple[House, FakeLog],
) -> None:
    """On first sight, and of a machine that has seen all: what was compared by telephone counts."""
    house, log = listing
    unit = house.units["U01"]
    unit.run("audit", "trust", "--to", "trust.json", ok=True)
    told = (unit.home / "trust.json").read_text()
    stranger = log_key(log.origin, Signer(b"\x65" * 32).public_key).vkey()
    assert told.count(log_vkey(log)) == 2
    unit.file("other.json", told.replace(log_vkey(log), stranger))
    good, other = (str(unit.home / name) for name in ("trust.json", "other.json"))
    for seen in (True, False):
        if not seen:
            shutil.rmtree(unit.home / "lianxi" / "state")
        refused = unit.run("todo", "-o", "json", LIANXI_TRUST=other)
        assert (refused.code, refused.error["code"]) == (1, "LOG_KEY_FOREIGN"), seen
        assert stranger in refused.error["message"]
        unit.run("todo", ok=True, LIANXI_TRUST=good)
    for words in (("todo",), ("key", "show")):
        refused = unit.run(*words, "-o", "json", LIANXI_TRUST=other)
        assert (refused.code, refused.error["code"]) == (1, "LOG_KEY_FOREIGN")
    # a trust file of before the log's key was replaced stays good
    log.coming = Signer(b"\x68" * 32)
    house.office.run("conference", "roster", "propose", "--log-keys", "--to", "p.json", ok=True)
    house.office.run("conference", "roster", "sign", "p.json", "--yes", ok=True)
    house.office.run("conference", "roster", "adopt", "p.json", "--yes", ok=True)
    log.signer, log.coming = log.coming, None
    log.seal()
    for seen in (True, False):
        if not seen:
            shutil.rmtree(unit.home / "lianxi" / "state")
        unit.run("todo", ok=True, LIANXI_TRUST=good)
    assert pinned(unit)["log_keys"] == [log_vkey(log)]
    assert pinned(unit)["old_log_keys"][0] in told


def test_where_no_roster_lists_a_log_key_the_trust_file_decides(
    log: FakeLog, unit: Machine
) -> None:
    """Also one that is set after another of the same conference."""
    unit.run("audit", "trust", "--to", "trust.json", ok=True)
    told = (unit.home / "trust.json").read_text()
    stranger = log_key(log.origin, Signer(b"\x65" * 32).public_key).vkey()
    unit.file("other.json", told.replace(log_vkey(log), stranger))
    unit.run("todo", ok=True, LIANXI_TRUST=str(unit.home / "trust.json"))
    log.seal()
    refused = unit.run("todo", "-o", "json", LIANXI_TRUST=str(unit.home / "other.json"))
    assert (refused.code, refused.error["code"]) == (1, "LOG_UNSIGNED")
    unit.run("todo", ok=True, LIANXI_TRUST=str(unit.home / "trust.json"))


# --- witnesses ---


def test_cosigning_happens_by_itself_where_that_is_set(
    logged: House, log: FakeLog, unit: Machine
) -> None:
    """After a newer checkpoint was kept, at most once a minute; a failure fails nothing."""
    unit.run("todo", ok=True, LIANXI_COSIGN="true")
    (key,) = (unit.home / "lianxi" / "keys").glob("joint-U01-*.witness")
    assert key.stat().st_mode & 0o077 == 0
    sizes = {size for size, _name in log.cosignatures}
    assert log.sizes[-1] in sizes
    grow(logged, log)
    unit.run("todo", ok=True, LIANXI_COSIGN="true")
    assert log.sizes[-1] not in {size for size, _name in log.cosignatures}
    unit.run("audit", "cosign", ok=True)
    assert log.sizes[-1] in {size for size, _name in log.cosignatures}
    shown = unit.run("audit", "checkpoint", "-o", "json", ok=True).json
    assert len(shown["cosigned_by"]) == 1
    key.chmod(0o644)
    grow(logged, log)
    (path,) = (unit.home / "lianxi").rglob("pin.json")
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {"cosigned_at": ""}))
    result = unit.run("todo", ok=True, LIANXI_COSIGN="true")
    assert "others may read it" in result.err


def test_consistency_of_two_files_and_of_a_foreign_one(
    logged: House, log: FakeLog, unit: Machine
) -> None:
    unit.run("audit", "checkpoint", "--to", "old.note", ok=True)
    size = grow(logged, log)
    unit.run("audit", "consistency", "old.note", str(size), ok=True)
    fork = log.note(size, root=log.root(size, log._other()))
    unit.file("fork.note", fork)
    found_fork = unit.run("audit", "consistency", "old.note", "fork.note", "-o", "json")
    assert (found_fork.code, found_fork.error["code"]) == (1, "LOG_FORKED")
    unit.file("foreign.note", log.note(size, origin="x/lianxi/y/0000000000000000"))
    foreign = unit.run("audit", "consistency", "old.note", "foreign.note", "-o", "json")
    assert (foreign.code, foreign.error["code"]) == (4, "FOREIGN_CHECKPOINT")
    for content in (b"", b"x", fork[:-20], fork + fork, b"\xff" * 300_000):
        unit.file("bad.note", content)
        bad = unit.run("audit", "consistency", "old.note", "bad.note", "-o", "json")
        assert (bad.code, bad.error["code"]) == (2, "CHECKPOINT_FILE_INVALID"), content[:20]
    assert unit.run("audit", "consistency", "1", "99999").code == 3
    passed = unit.run("audit", "checkpoint", str(size - 1), "-o", "json")
    assert (passed.code, passed.error["code"]) == (3, "NO_CHECKPOINT")
    assert f"size {size - 1}; its newest is of size {size}" in passed.error["message"]
    assert "yet" not in passed.error["message"]


@pytest.mark.timed
def test_the_checks_add_little(logged: House, log: FakeLog, unit: Machine) -> None:
    """The pin of a log with a newer checkpoint: read, verify, keep. Not a bench, a fuse."""
    unit.run("todo", ok=True)
    state = next((unit.home / "lianxi").rglob("pin.json")).parents[2]
    folder = PinFolder(state, log.origin)
    began = time.perf_counter()
    for _ in range(20):
        assert isinstance(folder.read(), Pin)
    assert (time.perf_counter() - began) / 20 < 0.005


def test_a_log_key_that_contradicts_stops_all_also_where_only_an_event_shows_it(
    tmp_path: Path,
) -> None:
    """Answers hide the roster that lists another one, a receipt's event names it: nothing is cosigned."""
    with logged_house(tmp_path / "hiding") as (house, log):
        unit = house.units["U01"]
        unit.run("audit", "trust", "--to", "trust.json", ok=True)
        trust = {"LIANXI_TRUST": str(unit.home / "trust.json"), "LIANXI_COSIGN": "true"}
        unit.run("todo", ok=True, LIANXI_TRUST=trust["LIANXI_TRUST"])
        before, log.coming = log.known.conference.state.roster, Signer(b"\x77" * 32)
        for words in (
            ("propose", "--log-keys", "--to", "p.json"),
            ("sign", "p.json", "--yes"),
            ("adopt", "p.json", "--yes"),
        ):
            house.office.run("conference", "roster", *words, ok=True)
        log.named_roster = before
        unit.run("ack", house.issue(), ok=True, LIANXI_TRUST=trust["LIANXI_TRUST"])
        log.seal()
        for _ in range(2):
            result = unit.run("todo", **trust)
            assert "that no roster of" in result.err
            assert log.cosignatures == {}
            assert list((unit.home / "lianxi").rglob("open/*"))
