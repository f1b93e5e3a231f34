"""The log over the gateway: who signed its heads, and what has none."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from lianxi.cli import times
from lianxi.cli.audit.trail import Line
from lianxi.cli.audit.verify_remote import _check, _check_log, _Fetched
from lianxi.cli.audit.verify_report import Verdict
from lianxi.cli.faults import CliError
from lianxi.proof.checkpoints import Checkpoint, note_bytes, sign_checkpoint
from lianxi.proof.keys import Signer
from lianxi.proof.notes import Note
from lianxi.proof.tree import Range
from lianxi.streams.deep import DeepChecker
from tests.store.scenario import Scenario
from tests.streams.test_rederive import Rows, rows_of

OLD, NEW = Signer(b"\x31" * 32), Signer(b"\x32" * 32)
CHANGED = 8
"""The founding, five keys, a task's number: then the old key is retired by this event."""


@pytest.fixture(scope="module")
def rows() -> Rows:
    """A conference that has retired a key of its log."""
    scenario = Scenario(name="rotated", log_keys=(OLD, NEW)).register_all()
    scenario.register_task("x")
    scenario.change_roster(retire=(OLD.key_id,))
    return rows_of(scenario)


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Right again after each test."""
    monkeypatch.setattr(times, "now", times.now)


def checked(
    rows: Rows, heads: Mapping[int, Sequence[Signer]] | None, *, sealed: int, later: int = 5
) -> Verdict:
    """What is said, so many minutes after its last event, of a trail with so many leaves.

    `heads`: what the log answers with, and who signed each; None where there is no log.
    """
    now = datetime.fromisoformat(json.loads(rows[-1].data)["at"]) + timedelta(minutes=later)
    times.now = lambda: now
    origin, checker, fetched = rows[0].origin, DeepChecker(), _Fetched()
    tree, items = Range(), []
    for number, row in enumerate(rows):
        leaf = number if number < sealed else None
        line = Line(
            number, row.stream, row.seq, row.hash, row.data.decode(), row.envelope, b"", leaf
        )
        _check(checker, origin, line, fetched)
        tree.append(bytes.fromhex(row.hash))
        if heads is not None and tree.size in heads:
            head = Checkpoint(origin, tree.size, tree.root())
            signatures = tuple(sign_checkpoint(head, signer) for signer in heads[tree.size])
            note = note_bytes(Note(head.text, signatures)).decode()
            items.append({"checkpoint": note, "at": ""})
    assert fetched.verdict.findings == []

    def read(*_: Any, **__: Any) -> Any:
        if heads is None:
            raise CliError("NOT_FOUND")
        return {"items": items}

    pin = SimpleNamespace(size=0, root="")
    client: Any = SimpleNamespace(
        place=SimpleNamespace(origin=origin), read=read, log=SimpleNamespace(pin=pin)
    )
    _check_log(client, checker, fetched, None)
    return fetched.verdict


def found(verdict: Verdict) -> list[tuple[str, str]]:
    return [(finding.code, finding.detail) for finding in verdict.findings]


@pytest.mark.parametrize(
    ("signers", "findings"),
    [((OLD, NEW), []), ((NEW,), []), ((OLD,), [("CHECKPOINT_NOTE", "retired")])],
)
def test_a_retired_key_alone_signs_no_head_over_its_retirement(
    rows: Rows, signers: Sequence[Signer], findings: list[tuple[str, str]]
) -> None:
    assert len(rows) == CHANGED
    heads = {CHANGED - 1: (OLD,), CHANGED: signers}
    assert found(checked(rows, heads, sealed=CHANGED)) == findings


def test_leaves_without_a_signed_head_are_named_when_they_are_old(rows: Rows) -> None:
    """The newest head may be in the making."""
    some: tuple[dict[int, Sequence[Signer]], ...] = ({}, {5: (NEW,)})
    for heads in some:
        assert found(checked(rows, heads, sealed=CHANGED)) == []
        assert found(checked(rows, heads, sealed=CHANGED, later=15)) == [
            ("CHECKPOINT_UNSIGNED", "")
        ]


def test_events_that_nobody_seals_are_named_when_they_are_old(rows: Rows) -> None:
    """Without a single leaf, too; a service of before there were logs only leaves it unchecked."""
    verdict = checked(rows, {}, sealed=0)
    assert (found(verdict), len(verdict.unchecked)) == ([], 1)
    verdict = checked(rows, {}, sealed=0, later=15)
    assert {code for code, _ in found(verdict)} == {"UNSEALED"}
    assert len(verdict.findings) == len(rows)
    assert found(checked(rows, None, sealed=0, later=15)) == []
