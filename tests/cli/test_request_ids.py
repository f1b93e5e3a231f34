"""Repeating a command: the same bytes for the same arguments, never a false "failed"."""

import json
import time
from pathlib import Path
from uuid import UUID

from uuid6 import uuid7

from lianxi.cli.request_ids import new_request_id
from tests.cli.machines import House, Machine


def test_our_ids_are_uuid_version_7_like_the_librarys() -> None:
    """Version, variant and the milliseconds of now (RFC 9562 §5.7)."""
    ours, theirs = UUID(new_request_id()), uuid7()
    assert (ours.version, ours.variant) == (theirs.version, theirs.variant)
    assert abs((ours.int >> 80) - (theirs.int >> 80)) < 5_000
    assert abs((ours.int >> 80) - time.time() * 1_000) < 5_000
    assert len({new_request_id() for _ in range(1_000)}) == 1_000


def test_the_same_id_and_arguments_resend_the_same_bytes(house: House) -> None:
    """Salts included: texts are committed to once."""
    task, unit, request_id = house.issue(), house.units["U01"], new_request_id()
    words = ("task", "progress", task, "--text", "half", "--request-id", request_id)
    first = unit.run(*words, "-o", "json", ok=True).json
    second = unit.run(*words, "-o", "json", ok=True).json
    assert house.gateway.envelopes[-1] == house.gateway.envelopes[-2]
    assert (first["already"], second["already"]) == (False, True)
    assert first["receipt"]["events"] == second["receipt"]["events"]
    assert "already done" in unit.run(*words, ok=True).out


def test_the_same_id_with_other_arguments_is_refused(house: House) -> None:
    """REQUEST_CONFLICT, exit 5, and nothing is sent."""
    task, unit, request_id = house.issue(), house.units["U01"], new_request_id()
    unit.run("task", "progress", task, "--text", "half", "--request-id", request_id, ok=True)
    before = len(house.gateway.envelopes)
    for words in (
        ("task", "progress", task, "--text", "other"),
        ("task", "progress", task, "--text", "half", "--percent", "50"),
        ("ack", task),
    ):
        refused = unit.run(*words, "--request-id", request_id, "-o", "json")
        assert (refused.code, refused.error["code"]) == (5, "REQUEST_CONFLICT")
    assert len(house.gateway.envelopes) == before


def test_a_decision_is_repeated_without_looking_again(house: House) -> None:
    """The kept envelope names what was decided on, whatever stands there now."""
    task, request_id = house.issue(), new_request_id()
    house.units["U01"].run("task", "submit", task, "--text", "done", ok=True)
    words = ("task", "accept", task, "--unit", "U01", "--request-id", request_id)
    house.gateway.fault = "drop-after"
    assert house.office.run(*words).code == 8
    repeated = house.office.run(*words, ok=True)
    assert "already done" in repeated.out


def test_no_answer_and_then_no_gateway_is_still_pending(house: House) -> None:
    """An attempt that may have arrived makes every later silence a PENDING too."""
    task, request_id = house.issue(), new_request_id()
    unit = house.units["U01"]
    house.gateway.fault = "drop"
    assert unit.run("ack", task, "--request-id", request_id).code == 8
    away = Machine(unit.home, "http://127.0.0.1:9")
    assert away.run("ack", task, "--request-id", request_id).code == 8
    house.gateway.fault = "busy"
    assert unit.run("ack", task, "--request-id", request_id).code == 8
    assert unit.run("ack", task, "--request-id", request_id).code == 0


def test_what_the_gateway_says_is_believed_only_where_it_is_definite(house: House) -> None:
    """202 and nonsense are PENDING; 503 on a first attempt is a definite no."""
    unit = house.units["U01"]
    for fault, code in (("pending", 8), ("garbage", 8), ("busy", 6)):
        task = house.issue()
        house.gateway.fault = fault
        assert unit.run("ack", task).code == code, fault
        assert unit.run("ack", task).code == 0


def test_a_receipt_for_something_else_is_refused_and_kept_as_evidence(house: House) -> None:
    """The digest must be that of the bytes that were signed."""
    task, unit = house.issue(), house.units["U01"]
    house.gateway.fault = "foreign"
    refused = unit.run("ack", task, "-o", "json")
    assert (refused.code, refused.error["code"]) == (1, "RECEIPT_FOREIGN")
    kept = Path(refused.error["params"]["path"])
    assert json.loads(kept.read_text())["receipt"]["payload_sha256"] == "0" * 64


def test_requests_and_receipts_are_readable_by_their_owner_only(house: House) -> None:
    """They hold salts: 0700 folders, 0600 files."""
    house.units["U02"].run("ack", house.issue(), ok=True)
    state = house.units["U02"].home / "lianxi" / "state"
    modes = {path.stat().st_mode & 0o077 for path in state.rglob("*")}
    assert modes == {0}


def test_a_dry_run_sends_nothing_and_shows_what_would_be_sent(house: House) -> None:
    """Arguments are checked by the conference's own models."""
    task, unit = house.issue(), house.units["U01"]
    before = len(house.gateway.requests)
    shown = unit.run(
        "task", "progress", task, "--percent", "5", "--text", "x", "--dry-run", ok=True
    )
    payload = shown.json["payload"]
    assert (payload["action"], payload["args"]["percent"]) == ("progress", 5)
    assert shown.json["openings"][0]["size"] == 1
    assert all(method == "GET" for method, _path in house.gateway.requests[before:])


def test_bulk_wants_a_confirmation_where_nobody_can_be_asked(house: House) -> None:
    """Three or more; --yes gives it; --request-id goes with one task only."""
    tasks = [house.issue() for _ in range(3)]
    unit = house.units["U01"]
    refused = unit.run("ack", *tasks, "-o", "json")
    assert (refused.code, refused.error["code"]) == (2, "CONFIRMATION_NEEDED")
    assert unit.run("ack", *tasks[:2], "--request-id", new_request_id()).code == 2
    unit.run("ack", *tasks, "--yes", ok=True)


def test_waited_for_and_not_recorded_is_pending(house: House) -> None:
    """--wait recorded promises the trail: exit 8, the repeat as typed; the receipt is kept."""
    task, unit = house.issue(), house.units["U01"]
    house.gateway.fault = "unrecorded"
    words = ("task", "progress", task, "--percent", "5", "--wait", "recorded")
    pending = unit.run(*words, "-o", "json")
    assert (pending.code, pending.out, pending.error["code"]) == (8, "", "PENDING")
    params = pending.error["params"]
    assert params["repeat"] == (
        f"lianxi {' '.join(words)} -o json --request-id {params['request_id']}"
    )
    assert params["request_id"] in unit.run("task", "receipt", task, "-o", "json", ok=True).out
    repeated = unit.run(*words, "--request-id", params["request_id"], "-o", "json", ok=True)
    assert repeated.json["recorded"] is True
    house.gateway.fault = "unrecorded"
    shown = unit.run(*words)
    assert (shown.code, "not recorded yet" in shown.err) == (8, True)
