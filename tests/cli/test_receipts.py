"""Receipts from promise to proof: upgraded by later calls, alarmed when overdue, checked offline."""

import ast
import inspect
import json
import shutil
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from lianxi.cli import (
    keyfile,
    passphrase,
    private_files,
    profiles,
    times,
    transport,
    trust_file,
    upgrading,
)
from lianxi.cli.client import Client
from lianxi.cli.keyfile import make_key
from lianxi.cli.profiles import acting_as
from lianxi.proof.checkpoints import log_key
from lianxi.proof.keys import Signer
from lianxi.proof.notes import NoteKey
from lianxi.proof.policies import Policy, policy_text
from lianxi.proof.receipt_checks import Keys, check_receipt
from lianxi.proof.tree import leaf_hash
from lianxi.proof.trust import read_trust, trust_bytes
from tests.cli.fake_gateway import running
from tests.cli.fake_log import FakeLog, log_vkey
from tests.cli.machines import House, Machine, Result, found, logged_house


@pytest.fixture
def log(logged: House) -> Iterator[FakeLog]:
    """The log, honest again after the test."""
    found_log = logged.gateway.log
    assert found_log is not None
    yield found_log
    found_log.lie, found_log.withhold, found_log.broken = None, False, None
    found_log.unsigned, found_log.remembered = False, None
    found_log.promise = timedelta(minutes=10)
    found_log.seal()


@pytest.fixture
def unit(logged: House) -> Machine:
    return logged.units["U01"]


def state(unit: Machine, task: str, **variables: str) -> str:
    """The state of the one receipt on a task, as `task receipt` shows it."""
    shown = unit.run("task", "receipt", task, "-o", "json", ok=True, **variables)
    (row,) = shown.json["items"]
    return str(row["state"])


def filed(logged: House, unit: Machine) -> str:
    """A task that the unit has just acknowledged, nothing of it sealed."""
    task = logged.issue()
    unit.run("ack", task, ok=True)
    return task


def kept(unit: Machine, task: str) -> dict[str, Any]:
    """The receipt's file."""
    for path in (unit.home / "lianxi").rglob("receipts/*.json"):
        content: dict[str, Any] = json.loads(path.read_bytes())
        if content["receipt"]["stream"] == f"task/{task}":
            return content
    raise LookupError(task)


def task_of(content: dict[str, Any]) -> str:
    return str(content["receipt"]["stream"])


def grow(log: FakeLog, checkpoints: int) -> None:
    """So many further checkpoints, of events that nobody asks about."""
    for _ in range(checkpoints):
        log.leaves.append(leaf_hash(len(log.leaves).to_bytes(4, "big")))
        log.sizes.append(len(log.leaves))


def open_marks(unit: Machine) -> list[str]:
    return sorted(path.name for path in (unit.home / "lianxi").rglob("open/*"))


def alarms(*results: Result) -> int:
    return sum(result.err.count("ALARM") for result in results)


def last_filed(unit: Machine) -> Path:
    """The newest receipt's file."""
    return max((unit.home / "lianxi").rglob("receipts/*.json"))


def long_unanswered(unit: Machine) -> None:
    """The newest receipt could not be asked about for long."""
    path = last_filed(unit)
    content = json.loads(path.read_bytes())
    content["unanswered"] = "2026-01-01T00:00:00.000000Z"
    path.write_text(json.dumps(content))


def evidence(unit: Machine) -> list[str]:
    return sorted(path.name for path in (unit.home / "lianxi").rglob("evidence/*"))


def questions(logged: House) -> int:
    return sum(path.endswith("/proofs") for _method, path in logged.gateway.requests)


def test_a_later_call_upgrades_what_is_open_and_asks_only_when_the_log_has_grown(
    logged: House, log: FakeLog, unit: Machine
) -> None:
    task = filed(logged, unit)
    content = kept(unit, task)
    assert (content["schema"], content["receipt"]["signed"]) == (2, True)
    assert "proofs" not in content
    before = questions(logged)
    unit.run("todo", ok=True)
    unit.run("todo", ok=True)
    asked = questions(logged) - before
    assert asked <= 1
    log.seal()
    unit.run("todo", ok=True)
    content = kept(unit, task)
    assert [p["hash"] for p in content["proofs"]] == [content["receipt"]["events"][0]["hash"]]
    assert len(content["events"]) == 1
    assert open_marks(unit) == []
    done = questions(logged)
    log.seal()
    unit.run("todo", ok=True)
    assert questions(logged) == done
    assert state(unit, task) == "included"


def test_a_receipt_is_provisional_until_it_is_asked_for(
    logged: House, log: FakeLog, unit: Machine
) -> None:
    task = filed(logged, unit)
    assert state(unit, task) == "provisional"
    log.seal()
    assert state(unit, task) == "included"


def test_past_its_time_there_is_one_alarm_and_the_evidence(
    logged: House, log: FakeLog, unit: Machine
) -> None:
    """Also where the log has not grown at all: that is what an operator who stops it would do."""
    log.promise = timedelta(0)
    log.withhold = True
    task = logged.issue()
    first = unit.run("ack", task, ok=True)
    alarms = first.err.count("ALARM")
    second = unit.run("todo", "-o", "json", ok=True)
    assert alarms + second.err.count("ALARM") == 1
    assert unit.run("todo", ok=True).err.count("ALARM") == 0
    assert state(unit, task) == "overdue"
    alarm = kept(unit, task)["alarm"]
    evidence = json.loads((unit.home / alarm["evidence"]).read_bytes())
    assert evidence["receipt"]["signed_receipt"]
    log.withhold = False
    log.seal()
    unit.run("todo", ok=True)
    content = kept(unit, task)
    assert content["alarm"]["included_at"]
    assert state(unit, task) == "included"


def test_a_log_that_is_not_shown_any_more_is_alarmed_too(
    logged: House, log: FakeLog, unit: Machine
) -> None:
    """What was promised is known here: a gateway that leaves its headers out hides nothing."""
    unit.run("todo", ok=True)
    log.promise, log.withhold, log.lie = timedelta(0), True, "silent"
    task = logged.issue()
    first = unit.run("ack", task, ok=True)
    second = unit.run("todo", ok=True)
    assert alarms(first, second) == 1
    assert kept(unit, task)["alarm"]["evidence"]


def test_a_conference_without_any_checkpoint_is_alarmed_too(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """The first checkpoint that never comes is the easiest one to withhold."""
    with running() as served:
        house = found(tmp_path_factory.mktemp("unsealed"), served)
        served.log = FakeLog(served.known, promise=timedelta(0))
        unit = house.units["U01"]
        task = house.issue()
        assert alarms(unit.run("ack", task, ok=True), unit.run("todo", ok=True)) == 1
        assert state(unit, task) == "overdue"


@pytest.mark.parametrize("code", ["NOT_FOUND", "NOT_ALLOWED", "UNIT_MISMATCH", "FILE_UNREADABLE"])
def test_a_gateway_that_refuses_the_question_is_alarmed(
    logged: House, log: FakeLog, unit: Machine, code: str
) -> None:
    """With the refusal as the reason; the evidence holds the promise.

    Also where it speaks of a fault as only the client's own files have it.
    """
    log.promise, log.broken = timedelta(0), code
    task = filed(logged, unit)
    log.seal()
    unit.run("todo", ok=True)
    alarm = kept(unit, task)["alarm"]
    assert alarm["reason"] == code
    assert json.loads(Path(alarm["evidence"]).read_bytes())["receipt"]["signed_receipt"]


@pytest.mark.parametrize(
    "code",
    [
        *("ENGINE_UNAVAILABLE", "KEY_UNKNOWN", "KEY_NOT_YET", "KEY_REPLACED", "KEY_RETIRED"),
        *("SESSION_INVALID", "UNKNOWN_CONFERENCE", "WRONG_ORIGIN"),
    ],
)
def test_a_gateway_that_is_never_at_home_for_the_question_is_alarmed(
    logged: House, log: FakeLog, unit: Machine, code: str
) -> None:
    """A bad moment is only said, and so is a key it does not know; after a day it is an alarm."""
    log.promise, log.broken = timedelta(0), code
    task = filed(logged, unit)
    result = unit.run("todo", ok=True)
    assert "still without proof" in result.err
    assert alarms(result) == 0
    long_unanswered(unit)
    assert alarms(unit.run("todo", ok=True)) == 1
    assert kept(unit, task)["alarm"]["reason"] == code


def test_a_key_that_is_not_registered_yet_is_no_alarm(
    logged: House, log: FakeLog, unit: Machine
) -> None:
    """As where one was lost: the receipts wait for the new one to be known, or for a day."""
    log.promise, log.broken = timedelta(0), "ENGINE_UNAVAILABLE"
    task = filed(logged, unit)
    log.broken = None
    new = unit.home / "new.key"
    new.unlink(missing_ok=True)
    make_key(new, unit="U01", conference="joint", origin=log.origin)
    for words in (("todo",), ("task", "receipt", task)):
        result = unit.run(*words, LIANXI_KEY=str(new))
        assert "until this is mended: KEY_UNKNOWN" in result.err
        assert "The roster does not hold this key" in result.err
        assert alarms(result) == 0
    assert not kept(unit, task).get("alarm")
    log.seal()
    assert state(unit, task) == "included"


@pytest.mark.parametrize(
    ("words", "variables", "code"),
    [
        (("todo",), {"LIANXI_TRUST": "none.json"}, "FILE_UNREADABLE"),
        (("todo",), {"LIANXI_TRUST": "bad.json"}, "TRUST_FILE_INVALID"),
        (("todo",), {"LIANXI_TRUST": "foreign.json"}, "TRUST_FOREIGN"),
        (("task", "receipt"), {"LIANXI_KEY": "none.key"}, "KEY_FILE_INVALID"),
        (("task", "receipt"), {"LIANXI_UNIT": "U02"}, "UNIT_MISMATCH"),
        (("task", "receipt"), {"LIANXI_GATEWAY": "http://tasks.example"}, "ADDRESS_EXPOSED"),
    ],
)
def test_a_fault_of_the_client_itself_is_told_and_never_an_alarm(
    logged: House,
    log: FakeLog,
    unit: Machine,
    words: tuple[str, ...],
    variables: dict[str, str],
    code: str,
) -> None:
    """However long it lasts; once it is mended, what the gateway owes is alarmed."""
    log.promise, log.broken = timedelta(0), "ENGINE_UNAVAILABLE"
    task = filed(logged, unit)
    log.broken, log.withhold = None, True
    long_unanswered(unit)
    unit.file("bad.json", "{}")
    unit.file("foreign.json", _foreign_trust())
    before = evidence(unit)
    result = unit.run(*words, *([task] if words[0] == "task" else []), **variables)
    assert f"until this is mended: {code}" in result.err
    assert (alarms(result), evidence(unit)) == (0, before)
    assert not kept(unit, task).get("alarm")
    assert alarms(unit.run("todo", ok=True)) == 1


def test_every_fault_of_the_clients_own_files_is_known_as_one() -> None:
    """Whatever the modules raise that read them; what a gateway answered is not among it."""
    raised = set[str]()
    for module in (keyfile, passphrase, private_files, profiles, transport, trust_file):
        tree = ast.parse(inspect.getsource(module))
        raised |= {
            node.args[0].value
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "CliError"
            and isinstance(node.args[0], ast.Constant)
        }
    assert len(raised) > 10
    assert raised - upgrading._OWN == {"ANSWER_UNREADABLE"}


def test_what_stands_before_a_gateway_that_is_away_is_like_silence() -> None:
    """A page of its own, that is; what the gateway itself answers unreadably is no silence."""
    page = b"<html>502 Bad Gateway</html>"
    away, strange = (transport.refusal_in(transport.Answer(code, {}, page)) for code in (502, 404))
    assert away is not None
    assert strange is not None
    assert (away.retryable, strange.retryable) == (True, False)


def test_another_conference_is_owed_nothing(logged: House, log: FakeLog, unit: Machine) -> None:
    """A profile that is asked for another one counts no receipts of its own as late there."""
    log.promise, log.broken = timedelta(0), "ENGINE_UNAVAILABLE"
    task = filed(logged, unit)
    log.broken, log.withhold = None, True
    long_unanswered(unit)
    result = unit.run("todo", "--conference", "other", "-o", "json")
    assert (result.error["code"], alarms(result)) == ("UNKNOWN_CONFERENCE", 0)
    assert "without proof" not in result.err
    assert not kept(unit, task).get("alarm")
    elsewhere = unit.run("todo", LIANXI_ORIGIN=log.origin[:-4] + "0000")
    assert (elsewhere.code != 0, alarms(elsewhere)) == (True, 0)
    assert not kept(unit, task).get("alarm")
    assert alarms(unit.run("todo", ok=True)) == 1


def test_a_refused_command_alarms_too(logged: House, log: FakeLog, unit: Machine) -> None:
    """Before the refusal, so that the last line is what the command says."""
    log.promise, log.broken = timedelta(0), "ENGINE_UNAVAILABLE"
    task = filed(logged, unit)
    log.broken, log.withhold = None, True
    refused = unit.run("task", "show", "T-9999", "-o", "json")
    assert (refused.code, refused.error["code"]) == (3, "UNKNOWN_TASK")
    assert alarms(refused) == 1
    assert kept(unit, task)["alarm"]


def test_an_unreachable_gateway_is_said_to_owe_a_proof(
    logged: House, log: FakeLog, unit: Machine
) -> None:
    log.promise, log.withhold = timedelta(0), True
    log.broken = "ENGINE_UNAVAILABLE"
    filed(logged, unit)
    away = replace(unit, gateway="http://127.0.0.1:9")
    result = away.run("todo", "-o", "json")
    assert result.error["code"] == "GATEWAY_UNREACHABLE"
    assert "could not be asked" in result.err
    assert alarms(result) == 0


def test_a_receipt_of_many_events_is_proven_in_several_questions(
    logged: House, log: FakeLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between which the log may grow: a later entry leads from the smaller tree to the larger."""
    task = logged.issue()
    logged.office.run("task", "cancel", task, "--reason", "x", "--yes", ok=True)
    paths = list((logged.office.home / "lianxi").rglob("receipts/*.json"))
    path = next(p for p in paths if task_of(json.loads(p.read_bytes())) == f"task/{task}")
    events = json.loads(path.read_bytes())["receipt"]["events"]
    assert len(events) > 1
    log.seal()
    honest = FakeLog._proven

    def growing(self: FakeLog, digest: str) -> dict[str, Any]:
        item = honest(self, digest)
        if item["index"] == self.leaves.index(bytes.fromhex(events[0]["hash"])):
            self.seal()
        return item

    size = log.sizes[-1]
    log.withhold = True
    logged.issue()
    log.withhold = False
    monkeypatch.setattr(FakeLog, "_proven", growing)
    monkeypatch.setattr(upgrading, "MAX_HASHES", 1)
    monkeypatch.setenv("LIANXI_HOME", str(logged.office.home / "lianxi"))
    monkeypatch.setenv("LIANXI_GATEWAY", logged.gateway.url)
    client = Client(acting_as("convener"))
    client.read("me")
    before = questions(logged)
    assert upgrading.upgrade(client, wanted={path.stem: ""}) is None
    client.gateway.close()
    assert questions(logged) - before == len(events)
    content = json.loads(path.read_bytes())
    assert [proof["hash"] for proof in content["proofs"]] == [each["hash"] for each in events]
    assert [entry["from"] for entry in content["later"]] == [size]
    checked = check_receipt(content, Keys([NoteKey.parse(log_vkey(log))]), origin=log.origin)
    assert (checked.recorded, checked.size) == (True, log.sizes[-1])


def test_an_unsigned_receipt_is_alarmed_where_the_key_is_known(
    logged: House, log: FakeLog, unit: Machine
) -> None:
    """It promises nothing, so that nothing of it would ever be overdue."""
    task = logged.issue()
    log.unsigned = True
    result = unit.run("ack", task, "-o", "json")
    assert (result.code, result.error["code"]) == (1, "RECEIPT_SIGNATURE")
    # the promise that a repeat brings is kept
    log.unsigned = False
    request = kept(unit, task)["receipt"]["request_id"]
    assert "signed_receipt" not in kept(unit, task)
    unit.run("ack", task, "--request-id", request, ok=True)
    assert kept(unit, task)["signed_receipt"]
    (mark,) = [p.read_text() for p in (unit.home / "lianxi").rglob(f"open/{request}")]
    assert mark > "2026"


def test_a_promise_for_some_other_day_is_alarmed_and_due_in_ten_minutes(
    logged: House, log: FakeLog, unit: Machine
) -> None:
    task = logged.issue()
    log.promise = timedelta(days=3_000)
    result = unit.run("ack", task, "-o", "json")
    assert (result.code, result.error["code"]) == (1, "RECEIPT_LATE")
    request = kept(unit, task)["receipt"]["request_id"]
    (mark,) = [p.read_text() for p in (unit.home / "lianxi").rglob(f"open/{request}")]
    assert mark <= times.spell(times.now() + timedelta(minutes=10))


def test_one_bad_proof_stops_no_other_receipt_and_is_evidence_once(
    logged: House, log: FakeLog, unit: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit.run("todo", ok=True)
    bad, good = filed(logged, unit), filed(logged, unit)
    log.seal()
    wrong = kept(unit, bad)["receipt"]["events"][0]["hash"]
    honest = FakeLog._proven

    def lying(self: FakeLog, digest: str) -> dict[str, Any]:
        item = honest(self, digest)
        return item | {"event": "{}"} if digest == wrong else item

    monkeypatch.setattr(FakeLog, "_proven", lying)
    results = [unit.run("todo", ok=True)]
    logged.issue()
    log.seal()
    results.append(unit.run("todo", ok=True))
    assert alarms(*results) == 2
    assert "proofs" not in kept(unit, bad)
    assert len(kept(unit, good)["proofs"]) == 1
    evidence = [json.loads(p.read_bytes()) for p in (unit.home / "lianxi").rglob("evidence/*")]
    about = [e for e in evidence if e["what"] == "receipt-proof"]
    assert [task_of(e["receipt"]) for e in about].count(f"task/{bad}") == 1


def test_a_receipt_signed_by_another_key_is_alarmed(
    logged: House, log: FakeLog, unit: Machine
) -> None:
    task = logged.issue()
    log.lie = "receipt-key"
    result = unit.run("ack", task, "-o", "json")
    assert (result.code, result.error["code"]) == (1, "RECEIPT_SIGNATURE")
    assert "was accepted as request" in result.error["message"]


def test_a_proof_that_does_not_hold_is_evidence_and_leaves_the_receipt_as_it_was(
    logged: House, log: FakeLog, unit: Machine
) -> None:
    task = filed(logged, unit)
    before = kept(unit, task)
    log.seal()
    log.lie = "inclusion"
    result = unit.run("todo", ok=True)
    assert "does not hold" in result.err
    assert kept(unit, task) == before
    log.lie = None
    assert state(unit, task) == "included"


def test_a_repeat_keeps_the_first_promise(logged: House, log: FakeLog, unit: Machine) -> None:
    task = filed(logged, unit)
    before = kept(unit, task)
    log.promise = timedelta(minutes=9)
    request = before["receipt"]["request_id"]
    unit.run("ack", task, "--request-id", request, ok=True)
    assert kept(unit, task) == before


def test_what_is_cosigned_is_the_newest(logged: House, log: FakeLog, unit: Machine) -> None:
    """Also where the gateway remembers for a second what was the newest before."""
    filed(logged, unit)
    log.remembered = log.seal()
    unit.run("todo", ok=True)
    logged.issue()
    newest = log.seal()
    unit.run("todo", ok=True)
    unit.run("audit", "cosign", ok=True)
    assert newest in {size for size, _name in log.cosignatures}


def test_witnesses_of_later_checkpoints_count(logged: House, log: FakeLog, unit: Machine) -> None:
    """By the policy of the trust file: 2 of 2, who never meet on one checkpoint."""
    task = filed(logged, unit)
    log.seal()
    unit.run("todo", ok=True)
    other = logged.units["U02"]
    other.run("audit", "cosign", ok=True)
    unit.run("audit", "cosign", ok=True)
    unit.run("audit", "trust", "--to", "trust.json", "--quorum", "2", ok=True)
    trust = str(unit.home / "trust.json")
    log.cosignatures.clear()
    late = filed(logged, unit)
    log.seal()
    unit.run("todo", ok=True, LIANXI_TRUST=trust)
    assert state(unit, late, LIANXI_TRUST=trust) == "included"
    for who in (other, unit):
        logged.issue()
        log.seal()
        who.run("audit", "cosign", ok=True, LIANXI_TRUST=trust)
    logged.issue()
    log.seal()
    unit.run("todo", ok=True, LIANXI_TRUST=trust)
    assert kept(unit, late)["later"]
    assert state(unit, late, LIANXI_TRUST=trust) == "witnessed"
    assert open_marks(unit) == []
    unit.run("task", "receipt", late, "--to", "late.json", ok=True)
    checked = unit.run("audit", "check-receipt", "late.json", "--trust", trust, "-o", "json")
    assert checked.code == 0
    (found_receipt,) = checked.json["receipts"]
    assert found_receipt["witnessed"] is not None
    # closed before there was a trust file: counted when it is asked for
    assert state(unit, task) == "included"
    assert state(unit, task, LIANXI_TRUST=trust) == "witnessed"


def test_witnesses_are_found_beyond_many_checkpoints(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Nobody cosigned the first hundred and more; a fork among the cosigned ones is an alarm."""
    with logged_house(tmp_path_factory.mktemp("many")) as (house, log):
        unit, other = house.units["U01"], house.units["U02"]
        for who in (unit, other):
            who.run("audit", "cosign", ok=True)
        told = unit.run("audit", "trust", "--to", "trust.json", "--quorum", "2", ok=True)
        assert "2 of 2 units" in told.err
        trust = str(unit.home / "trust.json")
        log.cosignatures.clear()
        task = filed(house, unit)
        first = log.seal()
        unit.run("todo", ok=True, LIANXI_TRUST=trust)
        grow(log, 120)
        log.dishonest = {
            content["name"]: Signer(bytes.fromhex(content["seed"]))
            for who in (unit, other)
            for path in (who.home / "lianxi" / "keys").glob("*.witness")
            for content in [json.loads(path.read_bytes())]
        }
        for who in (unit, other):
            who.run("audit", "cosign", ok=True, LIANXI_TRUST=trust)
            grow(log, 1)
        # a fork that log and all witnesses have signed
        log.lie = "cosigned-fork"
        before = kept(unit, task)
        for _ in range(2):
            grow(log, 1)
            assert "ALARM" in unit.run("todo", ok=True, LIANXI_TRUST=trust).err
        assert kept(unit, task) == before
        assert len(list((unit.home / "lianxi").rglob("evidence/*-log-forked-*.json"))) == 1
        assert unit.run("audit", "checkpoint", str(first), LIANXI_TRUST=trust).code == 1
        # the honest log
        log.lie = None
        grow(log, 1)
        unit.run("todo", ok=True, LIANXI_TRUST=trust)
        assert state(unit, task, LIANXI_TRUST=trust) == "witnessed"
        assert len(kept(unit, task)["later"]) == 2
        # the quorum is full early: what comes after it is not asked for
        for _ in range(3):
            grow(log, 1)
            other.run("audit", "cosign", ok=True)
        house.gateway.requests.clear()
        shown = unit.run("audit", "checkpoint", str(first), "-o", "json", LIANXI_TRUST=trust).json
        assert (shown["witnessed"] is not None, len(shown["witnesses"])) == (True, 2)
        proofs = [path for _method, path in house.gateway.requests if path.endswith("/consistency")]
        assert len(proofs) == 3  # with what this machine has kept, and one for each witness


def test_a_unit_with_many_machines_is_one_witness(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """A quorum is one of units; half of them or fewer is refused."""
    folder = tmp_path_factory.mktemp("alone")
    with logged_house(folder) as (house, _log):
        unit = house.units["U01"]
        second = replace(unit, home=folder / "second")
        shutil.copytree(unit.home, second.home)
        for who in (unit, second):
            who.run("audit", "cosign", ok=True)
        refused = unit.run("audit", "trust", "--to", "trust.json", "--quorum", "2", "-o", "json")
        assert (refused.code, refused.error["code"]) == (2, "USAGE")
        for name in ("U02", "U03"):
            house.units[name].run("audit", "cosign", ok=True)
        low = unit.run("audit", "trust", "--to", "trust.json", "--quorum", "1", "-o", "json")
        assert (low.code, low.error["code"]) == (2, "USAGE")
        assert "at least 2" in low.error["message"]
        unit.run("audit", "trust", "--to", "trust.json", "--quorum", "2", ok=True)
        trust = (unit.home / "trust.json").read_bytes()
        policy = read_trust(trust).policy
        own = [name for name in policy.witnesses if name.startswith("U01/")]
        assert len(own) == 2
        assert not policy.satisfied(own)
        other = next(name for name in policy.witnesses if name.startswith("U02/"))
        assert policy.satisfied([own[1], other])
        # never over another file
        again = unit.run("audit", "trust", "--to", "trust.json", "-o", "json")
        assert (again.code, again.error["code"]) == (1, "FILE_UNWRITABLE")
        assert (unit.home / "trust.json").read_bytes() == trust


def test_a_trust_file_without_a_quorum_says_that_no_witness_counts(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with logged_house(tmp_path_factory.mktemp("unset")) as (house, _log):
        trust = ("audit", "trust", "--to", "-")
        assert "No quorum" not in house.units["U01"].run(*trust, ok=True).err
        for unit in house.units.values():
            unit.run("audit", "cosign", ok=True)
        told = house.units["U01"].run(*trust, ok=True)
        assert "those of 3 units are known" in told.err
        assert "--quorum 2 or more" in told.err
        assert told.json["policy"].endswith("quorum none\n")
        for quorum in ("0", "2"):
            told = house.units["U01"].run(*trust, "--quorum", quorum, ok=True)
            assert "No quorum" not in told.err


def test_a_receipts_file_is_written_over_only_by_force(logged: House) -> None:
    """Kept for years: the file of another task is not lost to a name typed twice."""
    unit = logged.units["U03"]
    first, second = (
        logged.issue("--title", title, "--lead", "U03", "--due", "5d") for title in "xy"
    )
    for task in (first, second):
        unit.run("ack", task, ok=True)
    unit.run("task", "receipt", first, "--to", "kept.json", ok=True)
    before = (unit.home / "kept.json").read_bytes()
    refused = unit.run("task", "receipt", second, "--to", "kept.json")
    assert refused.code == 1
    assert "--force" in refused.err
    assert (unit.home / "kept.json").read_bytes() == before
    unit.run("task", "receipt", second, "--to", "kept.json", "--force", ok=True)
    (receipt,) = json.loads((unit.home / "kept.json").read_bytes())["receipts"]
    assert receipt["receipt"]["stream"] == f"task/{second}"
    both = unit.run("task", "receipt", first, "--to", "other.json", "--watch")
    assert both.code == 2
    assert not (unit.home / "other.json").exists()


# --- offline ---


@pytest.fixture(scope="module")
def files(logged: House, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A machine with a receipt's file and a trust file, and nothing else: no profile, no gateway."""
    unit, log = logged.units["U03"], logged.gateway.log
    assert log is not None
    task = logged.issue("--title", "x", "--lead", "U03", "--due", "5d")
    unit.run("ack", task, ok=True)
    log.seal()
    unit.run("task", "receipt", task, "--to", "receipts.json", ok=True)
    unit.run("audit", "trust", "--to", "trust.json", ok=True)
    offline = Machine(tmp_path_factory.mktemp("offline"), "http://127.0.0.1:9")
    for name in ("receipts.json", "trust.json"):
        offline.file(name, (unit.home / name).read_bytes())
    return offline


def test_a_receipt_is_checked_without_gateway_and_profile(files: Machine) -> None:
    result = files.run("audit", "check-receipt", "receipts.json", "--trust", "trust.json", ok=True)
    assert "PROVEN: the act was recorded" in result.out
    assert "only a full audit" in result.out
    alone = files.run("audit", "check-receipt", "receipts.json")
    assert alone.code == 1
    assert "SELF-CONSISTENT ONLY" in alone.out


def test_the_path_can_be_followed_by_hand(files: Machine) -> None:
    """SHA-256 alone leads from the event's text to the root that the log has signed."""
    from hashlib import sha256

    (document,) = json.loads((files.home / "receipts.json").read_bytes())["receipts"]
    shown = files.run(
        "audit", "check-receipt", "receipts.json", "--trust", "trust.json", "-o", "json", ok=True
    ).json
    (inclusion,) = [c for c in shown["receipts"][0]["checks"] if c["what"] == "inclusion"]
    node = sha256(b"\x00" + document["events"][0].encode()).digest()
    for step in inclusion["detail"]["path"]:
        side, _space, other = step.partition(" ")
        pair = (bytes.fromhex(other), node) if side == "left" else (node, bytes.fromhex(other))
        node = sha256(b"\x01" + pair[0] + pair[1]).digest()
    assert node.hex() == inclusion["detail"]["root"]


def _changed(document: dict[str, Any], path: str, change: Callable[[Any], Any]) -> dict[str, Any]:
    copy: dict[str, Any] = json.loads(json.dumps(document))
    at: Any = copy
    *steps, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    for step in steps:
        at = at[step]
    at[last] = change(at[last])
    return copy


def _other_payload(envelope: str) -> str:
    content = json.loads(envelope)
    payload = b64decode(content["payload"]).replace(b'"acknowledge"', b'"acknowledgf"')
    return json.dumps(
        content | {"payload": b64encode(payload).decode()}, sort_keys=True, separators=(",", ":")
    )


@pytest.mark.parametrize(
    ("path", "change", "what"),
    [
        ("envelope", _other_payload, "command"),
        ("public_key", lambda key: key[:-2] + ("00" if key[-2:] != "00" else "01"), "signature"),
        ("receipt/payload_sha256", lambda _: "0" * 64, "command"),
        ("receipt/events/0/hash", lambda _: "0" * 64, "event"),
        ("receipt/events/0/seq", lambda seq: seq + 1, "event"),
        ("receipt/origin", lambda _: "x/lianxi/y/0000000000000000", "command"),
        ("signed_receipt", lambda text: text.replace('"sig":"', '"sig":"AAAA'), "promise"),
        ("events/0", lambda text: text.replace("Acknowledged", "Acknowledgex"), "event"),
        ("proofs/0/proof", lambda text: text.replace("index ", "index 1"), "inclusion"),
        ("proofs/0/proof", lambda text: text[: len(text) // 2], "inclusion"),
        ("proofs/0/proof", lambda text: text + text, "inclusion"),
    ],
)
def test_a_damaged_receipt_names_what_does_not_hold(
    files: Machine, path: str, change: Callable[[Any], Any], what: str
) -> None:
    (document,) = json.loads((files.home / "receipts.json").read_bytes())["receipts"]
    files.file("bad.json", json.dumps(_changed(document, path, change)))
    result = files.run("audit", "check-receipt", "bad.json", "--trust", "trust.json", "-o", "json")
    assert result.code == 1, result.err
    bad = {c["what"] for c in result.json["receipts"][0]["checks"] if c["state"] != "holds"}
    assert what in bad
    assert not result.json["recorded"]


def test_a_receipt_of_another_conference_is_said_so(files: Machine) -> None:
    files.file("other.json", _foreign_trust())
    result = files.run(
        "audit", "check-receipt", "receipts.json", "--trust", "other.json", "-o", "json"
    )
    assert result.code == 1
    whats = {c["what"]: c["state"] for c in result.json["receipts"][0]["checks"]}
    assert whats["origin"] == "fails"


def _foreign_trust() -> bytes:
    """A trust file of another conference."""
    origin = "x/lianxi/y/0000000000000000"
    log = log_key(origin, Signer(b"\x51" * 32).public_key)
    policy = policy_text(Policy(logs=(log,)))
    return trust_bytes(origin=origin, genesis="0" * 64, log=log.vkey(), policy=policy)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b'{"receipts":[]}',
        b'{"receipts":[1]}',
        b'{"receipt":1}',
        b'{"receipt":{"events":[]},"envelope":"x"}',
        b'{"receipt":{"events":[{"hash":"' + b"0" * 64 + b'"}]},"envelope":"{}"}',
        b'{"a":1,"a":1}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_what_is_no_receipt_is_refused_in_one_sentence(files: Machine, content: bytes) -> None:
    files.file("none.json", content)
    result = files.run("audit", "check-receipt", "none.json", "--trust", "trust.json", "-o", "json")
    assert (result.code, result.error["code"], result.out) == (2, "RECEIPT_FILE_INVALID", "")


def test_a_file_of_many_is_checked_each(files: Machine) -> None:
    content = json.loads((files.home / "receipts.json").read_bytes())
    doubled = {**content, "receipts": content["receipts"] * 2}
    files.file("two.json", json.dumps(doubled))
    result = files.run("audit", "check-receipt", "two.json", "--trust", "trust.json", "-o", "json")
    assert (result.code, len(result.json["receipts"])) == (0, 2)
