"""The log over the gateway: headers of every answer, proofs, checkpoints, witnesses, signed receipts."""

import json
from base64 import b64decode
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, insert

from lianxi.domain.values import format_instant
from lianxi.gateway.log_heads import FRESH, Head
from lianxi.gateway.receipts import INCLUDE_WITHIN, ReceiptSigning
from lianxi.gateway.store_source import OpenedStore
from lianxi.proof.checkpoints import (
    Checkpoint,
    cosign,
    log_key,
    open_checkpoint,
    sign_checkpoint,
    signature_line,
    witness_key,
)
from lianxi.proof.hash_texts import hashes_of
from lianxi.proof.keys import Signer
from lianxi.proof.notes import Note, note_bytes
from lianxi.proof.policies import Policy
from lianxi.proof.receipts import open_receipt
from lianxi.proof.tlog_proofs import parse_proof
from lianxi.proof.tree import verify_consistency, verify_inclusion
from lianxi.store.anchors import AnchorFiles, Anchors
from lianxi.store.sealing import SqlSealer
from lianxi.store.tables import cosignatures
from tests.gateway.house import House, code

LOG_KEY = Signer(b"\x41" * 32)
RECEIPT_KEY = Signer(b"\x42" * 32)
WITNESS = Signer(b"\x43" * 32)


def seal_unnoticed(house: House) -> None:
    """What the worker's sealer does in a turn; the gateway remembers for a moment what was before."""
    writer = house.store.writer
    assert writer is not None
    SqlSealer(writer, house.store.engine, lambda: [LOG_KEY], house.store.anchors).seal(
        house.scenario.now
    )


def seal(house: House) -> None:
    """A turn of the sealer, a moment ago."""
    seal_unnoticed(house)
    house.services.heads._heads.clear()


def opened(house: House, note: bytes) -> Checkpoint:
    """A checkpoint with its log's signature verified."""
    keys = [log_key(house.scenario.origin, LOG_KEY.public_key)]
    return open_checkpoint(note, origin=house.scenario.origin, log_keys=keys)[0]


def named(house: House, answer: httpx.Response) -> Checkpoint:
    """The checkpoint that an answer's header names."""
    return opened(house, b64decode(answer.headers["Lianxi-Checkpoint"]))


async def head(house: House, seen: int = 0, unit: str = "U01") -> httpx.Response:
    headers = {**house.headers(unit), "Lianxi-Seen": str(seen)}
    return await house.client.get("/v1/demo/me", headers=headers)


async def test_every_answer_names_the_newest_checkpoint_and_continues_the_one_seen(
    lived: House,
) -> None:
    """Also a refusal does; a stranger is told nothing."""
    seal(lived)
    first = named(lived, await head(lived))
    lived.issue("plan-9")
    seal(lived)
    answer = await head(lived, first.size)
    second = named(lived, answer)
    assert second.size > first.size
    proof = hashes_of(answer.headers["Lianxi-Consistency"].split(","), "/")
    verify_consistency(first.size, second.size, first.root, second.root, proof)
    assert (await head(lived, second.size)).headers["Lianxi-Consistency"] == ""
    refused = await lived.get("U01", "events")
    assert refused.status_code == 403
    assert named(lived, refused) == second
    assert "Lianxi-Checkpoint" not in (await lived.get(None, "me")).headers


async def test_before_the_first_checkpoint_only_roster_and_reconciliation_are_named(
    fresh: House,
) -> None:
    answer = await head(fresh)
    roster = fresh.scenario.conference.state.roster
    assert answer.headers["Lianxi-Roster"].startswith(f"{roster.version}:")
    assert answer.headers["Lianxi-Reconciled"] == "never"
    assert "Lianxi-Checkpoint" not in answer.headers


async def test_what_was_said_is_not_taken_back_while_the_store_is_away(lived: House) -> None:
    """A larger size than the gateway remembers makes it look again, not shrink."""
    seal(lived)
    size = named(lived, await head(lived)).size
    lived.issue("plan-9")
    seal_unnoticed(lived)
    assert named(lived, await head(lived, size)).size == size
    assert named(lived, await head(lived, size + 1)).size > size
    assert named(lived, await head(lived, size)).size > size
    lived.lose_store()
    for seen in (size, 0):
        away = await head(lived, seen)
        assert away.status_code == 503
        assert named(lived, away).size > size
    for unknown in (size - 1, 10_000):  # neither a proof nor a larger tree is at hand
        assert "Lianxi-Checkpoint" not in (await head(lived, unknown)).headers


@pytest.mark.parametrize("asked", ["checkpoint", "proofs", "consistency"])
async def test_an_answer_that_shows_a_newer_tree_names_it(lived: House, asked: str) -> None:
    """Whoever cosigns what the header names vouches for the newest, not for what is remembered."""
    seal(lived)
    size = named(lived, await head(lived)).size
    lived.issue("plan-9")
    seal_unnoticed(lived)
    assert named(lived, await head(lived, size)).size == size
    if asked == "proofs":
        question = {"hashes": ["00" * 32]}
        answer = await lived.client.post(
            "/v1/demo/proofs", json=question, headers=lived.headers("U01")
        )
    else:
        query = {"old": 1, "new": size} if asked == "consistency" else {}
        answer = await lived.get("U01", asked, **query)
    assert named(lived, answer).size > size
    assert (await lived.get("U01", "checkpoint")).json()["size"] == named(lived, answer).size


async def test_a_log_that_grows_between_look_and_answer_is_said_as_it_was_looked_up(
    lived: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another question's look comes in between, and nobody has the proof for its tree yet."""
    seal(lived)
    size = named(lived, await head(lived)).size
    heads = lived.services.heads
    prove = heads._prove

    def overtaken(connection: Connection, looked_up: Head, seen: int) -> str:
        proof = prove(connection, looked_up, seen)
        heads._heads["demo"] = replace(looked_up, size=looked_up.size + 1)
        return proof

    monkeypatch.setattr(heads, "_prove", overtaken)
    answer = await head(lived, size - 1)
    assert named(lived, answer).size == size
    assert answer.headers["Lianxi-Consistency"]


@pytest.mark.parametrize("seen", ["-1", "x", "1" * 40, "\xb2", ""])
async def test_a_size_that_is_none_counts_as_nothing_seen(lived: House, seen: str) -> None:
    seal(lived)
    given = {**lived.headers("U01"), "Lianxi-Seen": seen}
    headers = httpx.Headers(given, encoding="latin-1")
    answer = await lived.client.get("/v1/demo/me", headers=headers)
    assert (answer.status_code, answer.headers["Lianxi-Consistency"]) == (200, "")


@pytest.mark.timed
async def test_headers_cost_little(lived: House) -> None:
    """Remembered for a second: no look at the store, well under 0.3 ms."""
    seal(lived)
    await head(lived)
    heads = lived.services.heads
    began = perf_counter()
    for _ in range(1_000):
        assert heads.remembered("demo", 0)
    assert (perf_counter() - began) / 1_000 < 0.000_3
    assert FRESH == 1.0


async def test_proofs_lead_to_the_checkpoint_and_carry_the_event_where_it_may_be_seen(
    lived: House,
) -> None:
    seal(lived)
    own = lived.scenario.tasks["T-0001"].state.head
    foreign = lived.scenario.tasks["T-0003"].state.head
    body = {"hashes": [own, foreign, "0" * 64]}
    answer = await lived.client.post("/v1/demo/proofs", json=body, headers=lived.headers("U01"))
    first, second, missing = answer.json()["items"]
    for item in (first, second):
        proof = parse_proof(item["proof"].encode())
        checkpoint = opened(lived, proof.checkpoint)
        verify_inclusion(
            bytes.fromhex(item["hash"]), proof.index, checkpoint.size, proof.hashes, checkpoint.root
        )
    assert "event" in first
    assert "event" not in second
    assert missing == {"hash": "0" * 64, "missing": True}


@pytest.mark.parametrize("hashes", [[], ["0" * 64] * 65, ["x"], "0", [1]])
async def test_a_question_for_proofs_is_bounded(lived: House, hashes: Any) -> None:
    answer = await lived.client.post(
        "/v1/demo/proofs", json={"hashes": hashes}, headers=lived.headers("U01")
    )
    assert (answer.status_code, code(answer)) == (422, "INVALID_ARGS")


async def test_consistency_only_up_to_what_the_log_has_signed(lived: House) -> None:
    seal(lived)
    size = named(lived, await head(lived)).size
    answer = (await lived.get("U01", "consistency", old=1, new=size)).json()
    leaf = bytes.fromhex(
        json.loads((await lived.get("auditor", "trail")).text.splitlines()[0])["hash"]
    )
    newest = named(lived, await head(lived))
    verify_consistency(1, size, leaf, newest.root, hashes_of(answer["proof"], "/"))
    assert (await lived.get("U01", "consistency", old=1, new=size + 1)).status_code == 404
    backwards = await lived.get("U01", "consistency", old=5, new=2)
    assert (backwards.status_code, code(backwards)) == (422, "TREE_RANGE")


# --- witnesses ---


def cosigned(house: House, size: int, **changes: Any) -> dict[str, Any]:
    """A good body, but for `changes`: name, signer, root, how far its time is ahead."""
    name = changes.get("name", f"{house.scenario.origin}/U01/aa11")
    signer = changes.get("signer", WITNESS)
    checkpoint = Checkpoint(house.scenario.origin, size, changes["root"])
    when = house.scenario.now + changes.get("ahead", timedelta(0))
    line = cosign(checkpoint, name, signer, int(when.timestamp()))
    vkey = witness_key(name, signer.public_key).vkey()
    return {"vkey": vkey, "size": size, "line": signature_line(line)}


async def post(house: House, body: dict[str, Any], unit: str = "U01") -> httpx.Response:
    return await house.client.post("/v1/demo/cosignatures", json=body, headers=house.headers(unit))


async def test_a_cosignature_is_verified_and_shown(lived: House) -> None:
    """Repeated without harm; the checkpoint then carries its line."""
    seal(lived)
    newest = named(lived, await head(lived))
    body = cosigned(lived, newest.size, root=newest.root)
    for _ in range(2):
        assert (await post(lived, body)).status_code == 200
    shown = (await lived.get("U02", "checkpoint")).json()
    assert body["line"] in shown["checkpoint"]
    assert (shown["size"], shown["root"]) == (newest.size, newest.root.hex())
    items = (await lived.get("auditor", "witnesses")).json()["items"]
    assert [(i["name"], i["vkey"]) for i in items] == [
        (f"{lived.scenario.origin}/U01/aa11", body["vkey"])
    ]
    page = (await lived.get("U02", "checkpoints", cosigned="true")).json()
    assert [i["size"] for i in page["items"]] == [newest.size]


async def test_a_cosignature_that_is_not_what_it_says_is_refused(lived: House) -> None:
    """Another unit's name, another root, a second key of a name, no such checkpoint, a time to come."""
    seal(lived)
    newest = named(lived, await head(lived))
    size, root, origin = newest.size, newest.root, lived.scenario.origin
    assert (await post(lived, cosigned(lived, size, root=root))).status_code == 200
    refusals = [
        (cosigned(lived, size, root=root, name=f"{origin}/U02/aa11"), 422, "WITNESS_NAME"),
        (cosigned(lived, size, root=root, name=f"{origin}/U01/"), 422, "WITNESS_NAME"),
        (cosigned(lived, size, root=root, name="elsewhere/U01/aa"), 422, "WITNESS_NAME"),
        (cosigned(lived, size, root=b"\x00" * 32), 400, "COSIGNATURE_INVALID"),
        (cosigned(lived, size, root=root, signer=LOG_KEY), 409, "WITNESS_KNOWN"),
        (cosigned(lived, size + 1, root=root), 404, "NOT_FOUND"),
        (cosigned(lived, size, root=root, ahead=timedelta(minutes=6)), 400, "COSIGNATURE_TIME"),
        ({"vkey": "x", "size": size, "line": "x"}, 400, "NOTE_KEY_INVALID"),
        ({"vkey": "x", "size": -1, "line": "x"}, 422, "INVALID_ARGS"),
    ]
    for body, status, expected in refusals:
        answer = await post(lived, body)
        assert (answer.status_code, code(answer)) == (status, expected), body
    items = (await lived.get("auditor", "witnesses")).json()["items"]
    assert len(items) == 1


async def test_a_clock_a_little_ahead_is_forgiven(lived: House) -> None:
    seal(lived)
    newest = named(lived, await head(lived))
    body = cosigned(lived, newest.size, root=newest.root, ahead=timedelta(minutes=4))
    assert (await post(lived, body)).status_code == 200


async def test_a_line_that_is_none_does_not_hide_the_log(lived: House) -> None:
    """Somebody wrote it into the table: checkpoint and proofs come without it."""
    seal(lived)
    writer = lived.store.writer
    assert writer is not None
    origin, size = lived.scenario.origin, named(lived, await head(lived)).size
    junk = {"name": "x", "unit": "U01", "time": 0, "line": "junk", "at": ""}
    row = {"origin": origin, "size": size, **junk}
    writer.run(lambda connection: connection.execute(insert(cosignatures).values(row)))
    assert (await lived.get("U01", "checkpoint")).status_code == 200
    own = {"hashes": [lived.scenario.tasks["T-0001"].state.head]}
    answer = await lived.client.post("/v1/demo/proofs", json=own, headers=lived.headers("U01"))
    assert "proof" in answer.json()["items"][0]


async def test_a_unit_has_few_witnesses(lived: House) -> None:
    seal(lived)
    newest = named(lived, await head(lived))
    for number in range(8):
        name = f"{lived.scenario.origin}/U01/{number}"
        body = cosigned(lived, newest.size, root=newest.root, name=name)
        assert (await post(lived, body)).status_code == 200
    body = cosigned(lived, newest.size, root=newest.root)
    assert code(await post(lived, body)) == "WITNESSES_FULL"


# --- receipts, keys, roster ---


async def test_a_receipt_is_signed_with_a_promise(fresh: House) -> None:
    """Ten minutes from the command's instant; without a key it goes out unsigned and says so."""
    task = fresh.issue("plan-1")
    envelope = fresh.command("U01", "acknowledge", f"task/{task}")
    object.__setattr__(fresh.services, "signing", ReceiptSigning(RECEIPT_KEY))
    answer = (await fresh.send(envelope)).json()
    promise = open_receipt(answer["signed_receipt"], [RECEIPT_KEY.public_key])
    assert answer["receipt"]["signed"] is True
    assert promise.names(answer["receipt"])
    assert promise.include_by == format_instant(fresh.scenario.now + INCLUDE_WITHIN)
    again = (await fresh.get("U01", f"requests/{answer['receipt']['request_id']}")).json()
    assert open_receipt(again["signed_receipt"], [RECEIPT_KEY.public_key]) == promise
    object.__setattr__(fresh.services, "signing", ReceiptSigning())
    unsigned = (await fresh.send(envelope)).json()
    assert unsigned["receipt"]["signed"] is False
    assert "signed_receipt" not in unsigned


async def test_a_trail_behind_its_anchor_gets_neither_promises_nor_cosignatures(
    fresh: House, tmp_path: Path
) -> None:
    """It is read as ever; commands do not reach the desk, also while the store is away."""
    task = f"task/{fresh.issue('plan-1')}"
    object.__setattr__(fresh.services, "signing", ReceiptSigning(RECEIPT_KEY))
    before = (await fresh.send(fresh.command("U01", "acknowledge", task))).json()
    assert "signed_receipt" in before
    seal(fresh)
    newest = named(fresh, await head(fresh))
    ahead = newest._replace(size=newest.size + 1)
    files = AnchorFiles(tmp_path / "anchors")
    files.write(ahead.origin, note_bytes(Note(ahead.text, (sign_checkpoint(ahead, LOG_KEY),))))
    object.__setattr__(fresh.store, "anchors", Anchors(fresh.store.engine, files))
    desk = len(fresh.desk.seen)
    envelope = fresh.command("U02", "acknowledge", task)
    refused = await fresh.send(envelope)
    assert (refused.status_code, code(refused)) == (503, "TRAIL_BEHIND")
    assert not refused.json()["error"]["retryable"]
    body = cosigned(fresh, newest.size, root=newest.root)
    assert code(await post(fresh, body)) == "TRAIL_BEHIND"
    receipt = (await fresh.get("U01", f"requests/{before['receipt']['request_id']}")).json()
    assert receipt["receipt"]["signed"] is False
    assert "signed_receipt" not in receipt
    fresh.lose_reads()
    assert code(await fresh.send(envelope)) == "TRAIL_BEHIND"
    assert len(fresh.desk.seen) == desk


def test_the_gateway_opens_its_store_beside_the_anchors(tmp_path: Path) -> None:
    """With the policy that the worker has."""
    policy = Policy((), {}, {}, "none")
    url = f"sqlite:///{tmp_path}/trail/trail.db"
    source = OpenedStore(url, tmp_path / "evidence", tmp_path / "anchors", policy)
    files = AnchorFiles(tmp_path / "anchors")
    origin = "example.org/lianxi/demo/0123456789abcdef"
    files.write(origin, b"junk", cosigned=True)
    try:
        assert source().anchors.is_behind(origin)
    finally:
        source.close()


async def test_the_roster_steps_lead_from_the_first_to_the_newest(fresh: House) -> None:
    from lianxi.proof.rosters import RosterStep, adopt, read_roster, roster_hash

    answer = (await fresh.get("U01", "roster/steps", since=0)).json()
    roster = read_roster(answer["genesis"].encode())
    for step in answer["steps"]:
        roster = adopt(roster, RosterStep.model_validate(step))
    named_roster = (await head(fresh)).headers["Lianxi-Roster"]
    assert named_roster == f"{roster.version}:{roster_hash(roster)}"
    later = (await fresh.get("U01", "roster/steps", since=roster.version - 1)).json()
    assert later["steps"] == answer["steps"][-1:]
    assert "genesis" not in later


async def test_the_trail_names_the_leaf_of_each_event(lived: House) -> None:
    seal(lived)
    lived.issue("plan-9")
    lines = (await lived.get("auditor", "trail")).text.splitlines()
    leaves = [json.loads(line)["leaf"] for line in lines]
    assert leaves[0] == 0
    assert leaves[-1] is None
