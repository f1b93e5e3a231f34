"""Receipts from promise to proof: upgraded by later calls, alarmed when overdue, checked offline."""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.cli.fake_gateway import running
from tests.cli.fake_log import FakeLog
from tests.cli.machines import House, Machine, found


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A founded conference whose gateway has a log."""
    with running() as served:
        house = found(tmp_path_factory.mktemp("logged"), served)
        served.log = FakeLog(served.known)
        served.log.seal()
        yield house


@pytest.fixture
def log(logged: House) -> Iterator[FakeLog]:
    """The log, honest again after the test."""
    found_log = logged.gateway.log
    assert found_log is not None
    yield found_log
    found_log.lie, found_log.withhold = None, False
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


def open_marks(unit: Machine) -> list[str]:
    return sorted(path.name for path in (unit.home / "lianxi").rglob("open/*"))


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
    log.promise = timedelta(hours=10)
    request = before["receipt"]["request_id"]
    unit.run("ack", task, "--request-id", request, ok=True)
    assert kept(unit, task) == before


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
    trust = json.loads((files.home / "trust.json").read_bytes())
    other = json.loads(json.dumps(trust).replace(trust["origin"], "x/lianxi/y/0000000000000000"))
    name = other["log"].partition("+")[0]
    from lianxi.proof.checkpoints import log_key
    from lianxi.proof.keys import Signer

    other["log"] = log_key(name, Signer(b"\x51" * 32).public_key).vkey()
    other["policy"] = "quorum none\n"
    files.file("other.json", json.dumps(other))
    result = files.run(
        "audit", "check-receipt", "receipts.json", "--trust", "other.json", "-o", "json"
    )
    assert result.code == 1
    whats = {c["what"]: c["state"] for c in result.json["receipts"][0]["checks"]}
    assert whats["origin"] == "fails"


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
