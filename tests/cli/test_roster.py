"""Rotation, revocation, replacement, several signers: each on the machine of whom it concerns."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from lianxi.domain.roster import RosterKey
from lianxi.domain.values import Role, parse_instant
from lianxi.proof.keys import Signer
from lianxi.proof.rosters import next_roster, read_roster, roster_bytes, roster_hash
from tests.cli.fake_gateway import TOKEN, FakeGateway, running
from tests.cli.fake_log import FakeLog
from tests.cli.machines import INIT, ROSTER, House, Machine, Result, found, machine

STRANGER = Signer(b"\x99" * 32)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A conference of its own for each test, behind a gateway that names its log."""
    with running() as served:
        served.log = FakeLog(served.known)
        yield found(tmp_path, served)


def key_id(on: Machine, *words: str) -> str:
    return str(on.run("key", "show", "-o", "json", *words, ok=True).json["key_id"])


def as_convener(house: House, *words: str, ok: bool = True) -> Result:
    return house.office.run(*words, "--profile", "convener", "-o", "json", ok=ok)


def keys(house: House, unit: str) -> dict[str, RosterKey]:
    """The unit's keys in the conference's roster."""
    roster = house.gateway.known.conference.state.roster
    return {key.key_id: key for key in roster.keys if key.unit == unit}


def handed(house: House, unit: str, name: str) -> str:
    """A file of the unit's machine, brought to the office."""
    return house.office.file(name, (house.units[unit].home / name).read_bytes())


def test_a_unit_rotates_its_key(house: House) -> None:
    """Two files, one command of the convener's; the old key acts until then and no longer."""
    unit, task = house.units["U01"], house.issue()
    old = key_id(unit)
    made = unit.run("key", "rotate", "-o", "json", ok=True).json
    said = unit.run("key", "rotate", "-o", "json", "--profile", "U01", ok=True)
    assert "then switch over: lianxi key rotate --profile U01" in said.err
    again = said.json
    assert (made["state"], again["key_id"]) == ("waits", made["key_id"])
    assert unit.run("key", "show", "-o", "json", ok=True).json["next_key_id"] == made["key_id"]
    unit.run("ack", task, ok=True)
    as_convener(house, "key", "register", handed(house, "U01", "joint-U01.rotation.json"))
    states = {k: v.state for k, v in keys(house, "U01").items()}
    assert states == {old: "retired", made["key_id"]: "active"}
    refused = unit.run("task", "progress", task, "--percent", "5", "-o", "json")
    assert refused.error["code"] == "KEY_RETIRED"
    assert "lianxi key rotate" in refused.error["hint"]
    assert unit.run("key", "rotate", "-o", "json", ok=True).json["state"] == "in use"
    unit.run("task", "progress", task, "--percent", "5", ok=True)
    shown = unit.run("key", "show", "-o", "json", ok=True).json
    assert (shown["key_id"], shown["standing"]) == (made["key_id"], "active")
    assert {row["key_id"]: row["standing"] for row in shown["keys"]} == {
        old: "retired",
        made["key_id"]: "active",
    }


def test_a_rotation_without_the_old_keys_signature_is_none(house: House) -> None:
    """One line of the file is a key request as any; a forged second line is refused."""
    unit = house.units["U01"]
    unit.run("key", "rotate", ok=True)
    data = (unit.home / "joint-U01.rotation.json").read_bytes()
    first, second = data.split(b"\n")
    swapped = house.office.file(
        "bad.json", first + b"\n" + second.replace(b'"sig":"', b'"sig":"AA')
    )
    assert as_convener(house, "key", "register", swapped, ok=False).code in (2, 4)
    other = house.units["U02"]
    other.run("key", "rotate", ok=True)
    foreign = (other.home / "joint-U02.rotation.json").read_bytes().split(b"\n")[1]
    mixed = house.office.file("mixed.json", first + b"\n" + foreign)
    assert as_convener(house, "key", "register", mixed, ok=False).code in (2, 4)
    assert len(keys(house, "U01")) == 1


def test_the_convener_rotates_the_key_that_signs(house: House) -> None:
    """Both of its keys sign the roster; the profile switches over by itself."""
    office = house.office
    before = key_id(office, "--profile", "convener")
    made = as_convener(house, "key", "rotate").json
    as_convener(house, "key", "register", "joint-convener.rotation.json")
    assert key_id(office, "--profile", "convener") == made["key_id"]
    roster = house.gateway.known.conference.state.roster
    assert roster.threshold.keys == (made["key_id"],)
    assert roster.by_key_id[before].state == "retired"
    unit = machine(house.office.home / "new", house.gateway)
    unit.run("key", "new", "--unit", "U03", ok=True)
    request = (unit.home / "joint-U03.request.json").read_bytes()
    as_convener(house, "key", "register", office.file("r.json", request))


def test_the_convener_revokes_a_key(house: House) -> None:
    """Named by its beginning; asked for before, refused for who does not sign rosters."""
    unit, task = house.units["U02"], house.issue()
    old = key_id(unit)
    by_office = house.office.run(
        *("key", "revoke", old[:8], "--reason", "left", "--yes", "-o", "json"), "--as", "office"
    )
    assert by_office.error["code"] == "ROSTER_QUORUM"
    assert by_office.error["params"] == {"have": 0, "need": 1}
    assert "these do: convener " in by_office.error["message"]
    assert "--profile convener" in by_office.error["hint"]
    unasked = as_convener(house, "key", "revoke", old[:8], "--reason", "left", ok=False)
    assert unasked.error["code"] == "CONFIRMATION_NEEDED"
    unknown = as_convener(house, "key", "revoke", "zzzzzz", "--reason", "left", "--yes", ok=False)
    assert unknown.error["code"] == "KEY_NOT_NAMED"
    as_convener(house, "key", "revoke", old[:8], "--reason", "left the unit", "--yes")
    assert keys(house, "U02")[old].state == "retired"
    refused = unit.run("ack", task, "-o", "json")
    assert refused.error["code"] == "KEY_RETIRED"
    own = house.gateway.known.conference.state.roster.threshold.keys[0]
    kept = as_convener(house, "key", "revoke", own, "--reason", "x", "--yes", ok=False)
    assert (kept.code, kept.error["code"]) == (5, "ROSTER_CHANGE")


def test_a_revoked_key_is_told_the_same_whatever_waits(house: House) -> None:
    """A next key that nobody registered is not what is wrong."""
    unit, task = house.units["U02"], house.issue()
    unit.run("key", "rotate", ok=True)
    as_convener(house, "key", "revoke", "U02", "--reason", "left the unit", "--yes")
    for words in (("todo",), ("ack", task), ("key", "rotate")):
        assert unit.run(*words, "-o", "json").error["code"] == "KEY_RETIRED", words
    assert unit.run("key", "show", "-o", "json", ok=True).json["standing"] == "retired"


def test_a_lost_key_is_replaced_after_72_hours(house: House) -> None:
    """Until then the new one waits and the old one acts; both are told so."""
    unit = house.units["U01"]
    lost = key_id(unit)
    later = machine(house.office.home / "later", house.gateway)
    later.run("key", "new", "--unit", "U01", ok=True)
    request = (later.home / "joint-U01.request.json").read_bytes()
    told = as_convener(
        house,
        *("key", "replace", house.office.file("new.json", request), "--lost", lost[:10]),
        *("--reason", "the card was lost"),
    )
    assert "acts from" in told.err
    (new,) = [key for key in keys(house, "U01").values() if key.replaces is not None]
    assert new.replaces == lost
    assert new.effective is not None
    ahead = new.effective - datetime.now(UTC)
    assert timedelta(hours=72) < ahead < timedelta(hours=72, minutes=12)
    assert key_id(unit) == lost
    waits = later.run("todo", "-o", "json")
    assert waits.error["code"] == "KEY_NOT_YET"
    assert parse_instant(waits.error["params"]["effective"]) == new.effective
    waiting = later.run("key", "show", "-o", "json", ok=True)
    assert waiting.json["standing"] == "waiting"
    assert parse_instant(waiting.json["effective"]) == new.effective
    assert "lianxi key show" not in waiting.err
    assert "acts from 20" in later.run("key", "show", ok=True).out
    shown = unit.run("key", "show", "-o", "json", ok=True).json
    assert {row["standing"] for row in shown["keys"]} == {"active", "waiting"}
    again = as_convener(
        house,
        *("key", "replace", "new.json", "--lost", lost[:10], "--reason", "again"),
        ok=False,
    )
    assert (again.code, again.error["code"]) == (5, "KEY_ALREADY_REGISTERED")
    assert new.key_id in again.error["message"]


def test_a_lost_key_of_another_unit_is_told_in_words(house: House) -> None:
    """Never by the machine's word alone."""
    refused = as_convener(
        house, "key", "replace", new_key(house, "U03"), "--lost", "U01", "--reason", "x", ok=False
    )
    assert refused.error["code"] == "ROSTER_CHANGE"
    assert "belongs to another unit" in refused.error["message"]


def test_two_of_three_sign_a_roster(house: House) -> None:
    """Proposed, signed on three machines, adopted; refused with the count before."""
    office, first, second = house.office, house.units["U01"], house.units["U02"]
    roster = ("conference", "roster")
    proposed = as_convener(
        house,
        *(*roster, "propose", "--threshold", "2", "--keys", "convener,U01,U02", "--to", "p.json"),
    ).json
    assert proposed["signatures"] == {"have": 0, "need": 2, "by": []}
    as_convener(house, *roster, "sign", "p.json", "--yes")
    lacking = as_convener(house, *roster, "adopt", "p.json", ok=False)
    assert (lacking.error["code"], lacking.error["params"]) == (
        "ROSTER_QUORUM",
        {"have": 1, "need": 2},
    )
    assert "1 of 2" in lacking.error["message"]
    first.file("p.json", (office.home / "p.json").read_bytes())
    shown = first.run(*roster, "sign", "p.json", "--yes", "-o", "json", ok=True).json
    assert shown["signatures"]["have"] == 2
    office.file("p.json", (first.home / "p.json").read_bytes())
    as_convener(house, *roster, "adopt", "p.json", "--reason", "the statute")
    assert house.gateway.known.conference.state.roster.threshold.k == 2
    stale = as_convener(house, *roster, "adopt", "p.json", ok=False)
    assert (stale.code, stale.error["code"]) == (5, "ROSTER_PROPOSAL")
    third = key_id(house.units["U03"])
    alone = as_convener(house, "key", "revoke", third[:8], "--reason", "x", "--yes", ok=False)
    assert alone.error["params"] == {"have": 1, "need": 2}
    first.run(*roster, "propose", "--retire", third[:8], "--to", "q.json", ok=True)
    first.run(*roster, "sign", "q.json", "--yes", ok=True)
    second.file("q.json", (first.home / "q.json").read_bytes())
    stranger = house.units["U03"].file("q.json", (first.home / "q.json").read_bytes())
    refused = house.units["U03"].run(*roster, "sign", stranger, "--yes", "-o", "json")
    assert refused.error["code"] == "ROSTER_SIGNATURE_INVALID"
    assert all(f"{unit} " in refused.error["message"] for unit in ("convener", "U01", "U02"))
    second.run(*roster, "sign", "q.json", "--yes", ok=True)
    office.file("q.json", (second.home / "q.json").read_bytes())
    office.run(*roster, "adopt", "q.json", "--as", "office", ok=True)
    assert keys(house, "U03")[third].state == "retired"


def two_of_three(house: House) -> None:
    """From now on convener, U01 and U02 sign rosters, two of them each."""
    proposed = ("propose", "--threshold", "2", "--keys", "convener,U01,U02", "--to", "k.json")
    as_convener(house, "conference", "roster", *proposed)
    signed_by(house, "U01", "k.json")
    as_convener(house, "conference", "roster", "adopt", "k.json")


def signed_by(house: House, unit: str, name: str) -> None:
    """The convener signs a proposal, and then a unit on its own machine."""
    office, signer = house.office, house.units[unit]
    as_convener(house, "conference", "roster", "sign", name, "--yes")
    signer.file(name, (office.home / name).read_bytes())
    signer.run("conference", "roster", "sign", name, "--yes", ok=True)
    office.file(name, (signer.home / name).read_bytes())


def new_key(house: House, unit: str) -> str:
    """A request file of another machine of the unit, brought to the office."""
    later = machine(house.office.home / f"later-{unit}", house.gateway)
    later.run("key", "new", "--unit", unit, ok=True)
    request = (later.home / f"joint-{unit}.request.json").read_bytes()
    return house.office.file("new.json", request)


def test_two_of_three_have_a_lost_key_replaced(house: House) -> None:
    """Alone it is refused with the command that proposes it; proposed, there is time to sign it."""
    two_of_three(house)
    lost, request = key_id(house.units["U03"]), new_key(house, "U03")
    replace = ("key", "replace", request, "--lost", lost[:8], "--reason", "the card was lost")
    alone = as_convener(house, *replace, ok=False)
    assert (alone.error["code"], alone.error["params"]) == ("ROSTER_QUORUM", {"have": 1, "need": 2})
    propose = f"roster propose --replace FILE --lost {lost[:12]} --to proposal.json"
    assert f"{propose} --profile convener" in alone.error["hint"]
    roster = ("conference", "roster")
    proposed = as_convener(
        house,
        *(*roster, "propose", "--replace", request, "--lost", lost[:8], "--sign-days", "2"),
        *("--reason", "the card was lost", "--to", "p.json"),
    )
    assert "2 of these sign it" in proposed.err
    assert "roster sign p.json" in proposed.err
    assert "roster adopt p.json --profile convener" in proposed.err
    signed_by(house, "U02", "p.json")
    shown = house.office.run(*roster, "check", "p.json", "--as", "office", ok=True).out
    assert "the card was lost" in shown
    assert f"in place of {lost[:16]}" in shown
    as_convener(house, *roster, "adopt", "p.json")
    (new,) = [key for key in keys(house, "U03").values() if key.replaces is not None]
    assert (new.replaces, new.key_id) == (lost, proposed.json["entry"]["key_id"])
    assert new.effective is not None
    ahead = new.effective - datetime.now(UTC)
    assert timedelta(hours=119) < ahead < timedelta(hours=120, minutes=2)
    assert key_id(house.units["U03"]) == lost
    # on both machines: the new key waits for its instant, the lost one acts until then
    waits = Machine(house.office.home / "later-U03", house.gateway.url).run("todo", "-o", "json")
    assert (waits.code, waits.error["code"]) == (4, "KEY_NOT_YET")
    assert parse_instant(waits.error["params"]["effective"]) == new.effective
    shown = house.units["U03"].run("key", "show", "-o", "json", ok=True).json
    standings = {row["key_id"]: row["standing"] for row in shown["keys"]}
    assert standings == {lost: "active", new.key_id: "waiting"}
    # each key is replaced once: nobody adopts, or proposes, the same again
    again = as_convener(house, *roster, "adopt", "p.json", ok=False)
    assert (again.code, again.error["code"]) == (5, "ROSTER_PROPOSAL")
    once_more = (*roster, "propose", "--replace", request, "--lost", lost, "--to", "q.json")
    assert as_convener(house, *once_more, ok=False).code != 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--replace", "new.json"), "INPUT_MISSING"),
        (("--lost", "U03"), "INPUT_MISSING"),
        (("--replace", "new.json", "--lost", "U03", "--retire", "U03"), "USAGE"),
        (("--replace", "new.json", "--lost", "U01"), "ROSTER_CHANGE"),
    ],
)
def test_a_replacement_is_proposed_alone_and_whole(
    house: House, words: tuple[str, ...], code: str
) -> None:
    """Both options, no other change, a lost key of the same unit."""
    new_key(house, "U03")
    refused = as_convener(
        house, "conference", "roster", "propose", *words, "--to", "p.json", ok=False
    )
    assert refused.error["code"] == code
    assert not (house.office.home / "p.json").exists()


def test_a_proposal_of_nothing_says_so(house: House) -> None:
    """Without an option, and with one that changes nothing, which is no fault."""
    propose = ("conference", "roster", "propose", "--to", "p.json")
    bare = as_convener(house, *propose, ok=False)
    assert (bare.code, bare.error["code"]) == (2, "INPUT_MISSING")
    assert "At least one of" in bare.error["message"]
    listed = as_convener(house, *propose, "--log-keys")
    assert listed.error["code"] == "ALREADY_SO"
    assert "already" in listed.error["message"]
    assert not (house.office.home / "p.json").exists()


def adopting(house: House) -> tuple[str, ...]:
    roster = ("conference", "roster")
    as_convener(house, *roster, "propose", "--retire", "U03", "--to", "p.json")
    as_convener(house, *roster, "sign", "p.json", "--yes")
    return (*roster, "adopt", "p.json", "--reason", "left")


def adopting_a_replacement(house: House) -> tuple[str, ...]:
    roster, lost = ("conference", "roster"), key_id(house.units["U03"])
    proposed = ("propose", "--replace", new_key(house, "U03"), "--lost", lost, "--to", "p.json")
    as_convener(house, *roster, *proposed)
    as_convener(house, *roster, "sign", "p.json", "--yes")
    return (*roster, "adopt", "p.json", "--reason", "the card was lost")


def registering(house: House) -> tuple[str, ...]:
    return ("key", "register", new_key(house, "U03"))


def rotating(house: House) -> tuple[str, ...]:
    house.units["U03"].run("key", "rotate", ok=True)
    return ("key", "register", handed(house, "U03", "joint-U03.rotation.json"))


def revoking(house: House) -> tuple[str, ...]:
    return ("key", "revoke", "U03", "--reason", "left", "--yes")


def replacing(house: House) -> tuple[str, ...]:
    return ("key", "replace", new_key(house, "U03"), "--lost", "U03", "--reason", "lost")


@pytest.mark.parametrize(
    ("making", "fault"),
    [
        (adopting, "drop"),
        *(
            (each, "drop-after")
            for each in (
                adopting,
                adopting_a_replacement,
                registering,
                rotating,
                revoking,
                replacing,
            )
        ),
    ],
)
def test_a_change_of_the_roster_is_repeated_safely(
    house: House, making: Callable[[House], tuple[str, ...]], fault: str
) -> None:
    """After no answer the printed command sends the same bytes, whether the first ones arrived or not."""
    words = making(house)
    before = house.gateway.known.conference.state.roster.version
    house.gateway.fault = fault
    silent = as_convener(house, *words, ok=False)
    assert silent.error["code"] == "PENDING"
    repeat = ("--request-id", silent.error["params"]["request_id"])
    done = as_convener(house, *words, *repeat).json
    assert done["receipt"]["request_id"] == repeat[1]
    again = as_convener(house, *words, *repeat).json
    assert again["receipt"]["events"] == done["receipt"]["events"]
    assert house.gateway.known.conference.state.roster.version == before + 1


def test_the_second_of_two_roster_commands_is_told_that_it_is_stale(house: House) -> None:
    """Each names the roster it was made for: nothing is wrong with its key."""
    adopting(house)
    request = new_key(house, "U01")
    dry = as_convener(house, "key", "register", request, "--dry-run").json["payload"]["args"]
    roster = house.gateway.known.conference.state.roster
    assert dry["prev_roster"] == roster_hash(roster)
    house.gateway.fault = "drop"
    silent = as_convener(house, "key", "register", request, ok=False)
    as_convener(house, "conference", "roster", "adopt", "p.json")
    repeat = ("--request-id", silent.error["params"]["request_id"])
    refused = as_convener(house, "key", "register", request, *repeat, ok=False)
    assert refused.error["code"] == "ROSTER_PROPOSAL"


@pytest.mark.parametrize("version", ["same", "newer"])
def test_a_roster_shown_to_one_question_alone_is_refused(house: House, version: str) -> None:
    """The headers are honest; what is asked for must lead on from what was verified by them."""
    unit = house.units["U01"]
    unit.run("key", "rotate", ok=True)
    unit.run("todo", ok=True)
    roster = house.gateway.known.conference.state.roster
    added = RosterKey(
        unit="U01", role=Role.UNIT, key_id=STRANGER.key_id, public_key=STRANGER.public_key.hex()
    )
    forged = next_roster(roster, added)
    if version == "same":
        forged = forged.model_copy(update={"version": roster.version})
    house.gateway.known.shown_roster = forged
    for words in (("conference", "roster", "check"), ("key", "show"), ("key", "rotate")):
        refused = unit.run(*words, "-o", "json")
        assert (refused.code, refused.out) == (1, ""), words
        assert refused.error["code"] == "ROSTER_FORKED", words


def test_a_chain_shown_to_one_question_alone_is_refused(house: House) -> None:
    """Steps that lead from another first roster, or another way, to no roster that was verified."""
    unit, known = house.units["U01"], house.gateway.known
    check = ("conference", "roster", "check", "-o", "json")
    trust = ("audit", "trust", "--to", "t.json", "-o", "json")
    genesis, steps = known.genesis, known.steps
    unit.run(*check, ok=True)
    known.steps = []
    for words in (check, trust):
        assert unit.run(*words).error["code"] == "ROSTER_FORKED"
    first = read_roster(genesis.encode())
    known.steps, known.genesis = (
        steps,
        roster_bytes(first.model_copy(update={"keys": first.keys[:1]})).decode(),
    )
    for words in (check, trust):
        assert unit.run(*words).error["code"] == "ROSTER_FORKED"
    assert not (unit.home / "t.json").exists()


def test_a_roster_recorded_between_two_questions_is_no_contradiction(house: House) -> None:
    """`roster check` asks for the newest, then for the steps, which may be one more by then.

    So may those that `audit trust` follows from the first one on.
    """
    log, known = house.gateway.log, house.gateway.known
    assert log is not None
    log.named_roster = known.shown_roster = known.conference.state.roster
    as_convener(house, "key", "register", new_key(house, "U01"))
    shown = house.units["U02"].run("conference", "roster", "check", "-o", "json", ok=True).json
    assert shown["version"] == known.conference.state.roster.version
    house.units["U01"].run("todo", ok=True)
    trust = house.units["U01"].run("audit", "trust", "--to", "-", ok=True).json
    assert trust["genesis"] == shown["genesis"] == sha256(known.genesis.encode()).hexdigest()


def test_the_chain_of_rosters_is_checked(house: House) -> None:
    """From the first one, whose hash is compared with one from elsewhere."""
    unit = house.units["U01"]
    shown = unit.run("conference", "roster", "check", "-o", "json", ok=True).json
    assert shown["version"] == house.gateway.known.conference.state.roster.version
    assert {row["use"] for row in shown["keys"]} == {"command", "log", "receipt"}
    unit.run("conference", "roster", "check", "--genesis", shown["genesis"], ok=True)
    wrong = unit.run("conference", "roster", "check", "--genesis", "00" * 32, "-o", "json")
    assert (wrong.code, wrong.error["code"]) == (5, "GENESIS_DIFFERS")
    text = unit.run("conference", "roster", "check", ok=True).out
    assert "1 of 1" in text


def test_the_service_changes_the_logs_key(house: House) -> None:
    """The key that signs now is listed, the one before is retired."""
    log = house.gateway.log
    assert log is not None
    before = log.signer.key_id
    changed = Signer(b"\x71" * 32)
    assert house.gateway.known.conference.state.roster.by_key_id[before].use == "log"
    log.signer = changed
    roster = ("conference", "roster")
    as_convener(house, *roster, "propose", "--log-keys", "--to", "log.json")
    as_convener(house, *roster, "sign", "log.json", "--yes")
    as_convener(house, *roster, "adopt", "log.json")
    known = house.gateway.known.conference.state.roster.by_key_id
    assert (known[before].state, known[changed.key_id].state) == ("retired", "active")


def test_a_retired_receipt_key_promises_nothing(house: House) -> None:
    """What it signed before still holds; what it signs now is an alarm."""
    log, unit, roster = house.gateway.log, house.units["U01"], ("conference", "roster")
    assert log is not None
    first, second = house.issue(), house.issue()
    unit.run("ack", first, ok=True)
    retired, log.receipt_signer = log.receipt_signer, Signer(b"\x72" * 32)
    as_convener(house, *roster, "propose", "--log-keys", "--to", "r.json")
    as_convener(house, *roster, "sign", "r.json", "--yes")
    as_convener(house, *roster, "adopt", "r.json")
    log.seal()
    assert "ALARM" not in unit.run("todo", ok=True).err
    (receipt,) = (unit.home / "lianxi").rglob("receipts/*.json")
    (checked,) = unit.run("audit", "check-receipt", str(receipt), "-o", "json").json["receipts"]
    promises = [check["state"] for check in checked["checks"] if check["what"] == "promise"]
    assert promises == ["holds"]
    unit.run("ack", second, ok=True)
    log.receipt_signer = retired
    refused = unit.run("task", "progress", second, "--percent", "5", "-o", "json")
    assert (refused.code, refused.error["code"]) == (1, "RECEIPT_SIGNATURE")


def test_a_damaged_proposal_is_refused_in_one_form(house: House) -> None:
    """Whatever bytes: a refusal with a code, never a traceback; another conference says so."""
    roster = ("conference", "roster")
    as_convener(house, *roster, "propose", "--retire", "U03", "--to", "p.json")
    data = (house.office.home / "p.json").read_bytes()
    document = json.loads(data)
    for name, bad in {
        "empty": b"",
        "cut": data[:-30],
        "spaced": data.replace(b",", b", "),
        "twice": data.replace(b'"v":1', b'"v":1,"v":1'),
        "huge": b"[" * 70_000,
        "origin": json.dumps(
            {**document, "origin": document["origin"][:-4] + "0000"},
            separators=(",", ":"),
            sort_keys=True,
        ).encode(),
    }.items():
        house.office.file("bad.json", bad)
        refused = as_convener(house, *roster, "sign", "bad.json", "--yes", ok=False)
        assert refused.code in (2, 4, 5), (name, refused)
        assert refused.error["code"] != "INTERNAL", name
        assert "bad.json" in refused.error["message"], name
        assert ("from who made it" in refused.error["hint"]) == (name != "origin")
    assert as_convener(house, *roster, "check", "bad.json", ok=False).error["code"] == (
        "WRONG_ORIGIN"
    )


def test_a_founding_that_recovers_says_from_where(gateway: FakeGateway, tmp_path: Path) -> None:
    """The last checkpoint of the lost log stands in the first event of the new one."""
    with running() as lost:
        lost.log = FakeLog(lost.known)
        found(tmp_path / "old", lost)
        size = lost.log.seal()
        note = lost.log.note(size)
        root = lost.log.root(size).hex()
        origin = lost.log.origin
    gateway.log = FakeLog(gateway.known)
    office = machine(tmp_path / "office", gateway)
    office.file("roster.csv", ROSTER)
    (office.home / "data" / "run").mkdir(parents=True)
    office.file("data/run/founding.token", TOKEN)
    refused = office.run(*INIT, "--recovers", office.file("no.note", b"x\n"), "-o", "json")
    assert refused.code in (2, 4)
    assert gateway.known.stream is None
    office.run(*INIT, "--recovers", office.file("last.note", note), ok=True)
    event = json.loads(gateway.known.rows[0].text)["data"]
    assert event["recovers"]["origin"] == origin
    assert (event["recovers"]["size"], event["recovers"]["root"]) == (size, root)
