"""Checking a trail from its bytes alone: what is in order passes, each fault is named at its place."""

import json
from dataclasses import replace
from typing import Any

import pytest

from lianxi.proof.canonical import dumps
from lianxi.proof.hashing import event_hash
from lianxi.proof.verification import Finding, TrailChecker, TrailRow, check_opening
from tests.store.scenario import Scenario, whole_life


def rows_of(scenario: Scenario) -> list[TrailRow]:
    """All rows a scenario leads to, the conference's first."""
    rows = []
    for batch in scenario.drain():
        envelopes = {given.payload_sha256: given.text for given in batch.envelopes}
        for sealed in batch.events:
            event = json.loads(sealed.text)
            cause = event["cause"].get("payload_sha256")
            rows.append(
                TrailRow(
                    batch.origin,
                    batch.stream,
                    event["seq"],
                    sealed.text.encode(),
                    sealed.hash,
                    envelopes.get(cause),
                )
            )
    return rows


def check(rows: list[TrailRow]) -> list[Finding]:
    """All findings in order."""
    checker = TrailChecker()
    return [finding for row in rows for finding in checker.check(row)[1]]


def resealed(row: TrailRow, **changes: Any) -> TrailRow:
    """A row whose event says something else, hashed anew."""
    event = {**json.loads(row.data), **changes}
    data = dumps({name: value for name, value in event.items() if value is not None})
    return replace(row, data=data, hash=event_hash(data), seq=event["seq"])


@pytest.fixture
def rows() -> list[TrailRow]:
    """A conference, a task with everything in its life, a second task."""
    return rows_of(whole_life())


def at(rows: list[TrailRow], stream: str, kind: str) -> int:
    """Where the first event of a kind stands."""
    return next(
        index
        for index, row in enumerate(rows)
        if row.stream == stream and json.loads(row.data)["kind"] == kind
    )


def test_what_was_decided_passes(rows: list[TrailRow]) -> None:
    """No finding; the bases are counted, demo custody is noted."""
    checker = TrailChecker()
    assert [f for row in rows for f in checker.check(row)[1]] == []
    assert sum(checker.bases.values()) == len(rows)
    assert checker.bases["command"] > 0 < checker.bases["rule"]
    assert checker.demo_custody == {rows[0].origin}


def test_two_conferences_pass_side_by_side() -> None:
    """The same streams under two origins."""
    other = Scenario(name="other").register_all()
    other.issue("plan-1")
    assert check([*rows_of(whole_life()), *rows_of(other)]) == []


def test_every_changed_byte_is_one_hash_mismatch(rows: list[TrailRow]) -> None:
    """Each event in turn: found there, and the link behind it is judged by itself."""
    for index, row in enumerate(rows):
        broken = row.data[:-2] + bytes([row.data[-2] ^ 1]) + row.data[-1:]
        findings = check([*rows[:index], replace(row, data=broken), *rows[index + 1 :]])
        assert Finding("HASH_MISMATCH", row.place) in findings
        assert {f.place for f in findings if f.code == "HASH_MISMATCH"} == {row.place}


def test_every_deleted_event_is_a_gap(rows: list[TrailRow]) -> None:
    """Unless it was the last of its stream, which only a head kept elsewhere shows."""
    for index, row in enumerate(rows):
        findings = check([*rows[:index], *rows[index + 1 :]])
        follower = replace(row, seq=row.seq + 1)
        if any(other.place == follower.place for other in rows):
            assert Finding("GAP", follower.place, f"after {row.seq - 1}") in findings


def test_swapped_events(rows: list[TrailRow]) -> None:
    """In the other's place each says so."""
    one, two = at(rows, "task/T-0001", "TaskIssued"), at(rows, "task/T-0001", "ProgressReported")
    swapped = list(rows)
    swapped[one] = replace(rows[one], data=rows[two].data, hash=rows[two].hash)
    swapped[two] = replace(rows[two], data=rows[one].data, hash=rows[one].hash)
    places = {f.place for f in check(swapped) if f.code == "ADDRESS_MISMATCH"}
    assert places == {rows[one].place, rows[two].place}


@pytest.mark.parametrize(
    ("changes", "code", "detail"),
    [
        ({"kind": "TaskForgotten"}, "UNKNOWN_KIND", "TaskForgotten"),
        ({"data": {"unit": "U01", "more": 1}}, "DATA_INVALID", "AssignmentAcknowledged"),
        ({"prev": "ab" * 32}, "LINK_BROKEN", "EVENT_PREV"),
        ({"at": "2020-01-01T00:00:00.000000Z"}, "ORDER_WRONG", "EVENT_TIME"),
        ({"roster": "ab" * 32}, "ROSTER_UNKNOWN", "ab" * 32),
        ({"v": 2}, "EVENT_UNREADABLE", "SCHEMA"),
    ],
)
def test_an_event_sealed_otherwise(
    rows: list[TrailRow], changes: dict[str, Any], code: str, detail: str
) -> None:
    """What the bytes may not say."""
    index = at(rows, "task/T-0001", "AssignmentAcknowledged")
    rows[index] = resealed(rows[index], **changes)
    assert Finding(code, rows[index].place, detail) in check(rows)


def test_another_roster_than_the_adopted_one(rows: list[TrailRow]) -> None:
    """A known one, but not the stream's: an older roster would let a retired key act again."""
    index = at(rows, "task/T-0001", "CompletionSubmitted")
    older = json.loads(rows[0].data)["roster"]
    rows[index] = resealed(rows[index], roster=older)
    assert Finding("ROSTER_WRONG", rows[index].place, older) in check(rows)


def test_a_key_that_nobody_signed_for(rows: list[TrailRow]) -> None:
    """A roster step with another signature is none."""
    index = at(rows, "conference", "KeyRegistered")
    data = json.loads(rows[index].data)["data"]
    data["signatures"][0]["signature"] = "0" * 128
    rows[index] = resealed(rows[index], data=data)
    findings = check(rows)
    assert Finding("ROSTER_INVALID", rows[index].place, "SIGNATURE_INVALID") in findings


def test_envelopes(rows: list[TrailRow]) -> None:
    """Missing, another one, another's act: each by its word."""
    index = at(rows, "task/T-0001", "CompletionAccepted")
    other = rows[at(rows, "task/T-0001", "CompletionSubmitted")].envelope
    row = rows[index]
    actor = {**json.loads(row.data)["actor"], "unit": "convener", "role": "convener"}
    cause = json.loads(row.data)["cause"]
    request = {**cause, "request_id": "00000000-0000-7000-8000-0000000000ff"}
    for changed, word in [
        (replace(row, envelope=None), "missing"),
        (replace(row, envelope="{}"), "SCHEMA"),
        (replace(row, envelope=other), "digest"),
        (resealed(row, actor=actor), "actor"),
        (resealed(row, cause=request), "request"),
    ]:
        findings = check([*rows[:index], changed, *rows[index + 1 :]])
        assert Finding("COMMAND_INVALID", row.place, word) in findings


def test_rubbish_never_raises(rows: list[TrailRow]) -> None:
    """Whatever the bytes are, there is a finding and the rest is checked."""
    for rubbish in (b"", b"\xff", b"null", b"[]", b'{"v":1}', b"{" * 1_000):
        index = at(rows, "task/T-0001", "ProgressReported")
        findings = check([*rows[:index], replace(rows[index], data=rubbish), *rows[index + 1 :]])
        assert {f.place for f in findings} == {rows[index].place}
        assert {f.code for f in findings} == {"HASH_MISMATCH", "EVENT_UNREADABLE"}


def test_openings() -> None:
    """There and fitting, there and not, not there."""
    given = Scenario().openings[0].opening
    commitment = given.commitment
    assert check_opening(commitment.commit, commitment.size, given.salt, given.data) is None
    assert check_opening(commitment.commit, commitment.size, given.salt, b"x") == "mismatch"
    assert check_opening(commitment.commit, commitment.size, b"short", given.data) == "mismatch"
    assert check_opening(commitment.commit, commitment.size, given.salt, None) == "missing"


@pytest.mark.parametrize(
    ("kind", "changes", "word"),
    [
        ("ProgressReported", {"basis": "observation"}, "kind"),
        ("RungFired", {"basis": "observation"}, "kind"),
        ("RungFired", {"actor": {"unit": "office", "role": "office"}}, "actor"),
    ],
)
def test_what_stands_on_the_wrong_ground_is_found_without_signatures(
    rows: list[TrailRow], kind: str, changes: dict[str, Any], word: str
) -> None:
    """An observation is a sending, a finding, or a cancellation noted; nothing else is."""
    stream = "task/T-0001"
    index = at(rows, stream, kind)
    basis = changes.get("basis", "rule")
    findings = check([*rows[:index], resealed(rows[index], **changes), *rows[index + 1 :]])
    assert Finding("BASIS_WRONG", rows[index].place, f"{kind} {basis} {word}") in findings
