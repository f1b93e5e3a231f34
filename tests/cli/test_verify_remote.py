"""The log over the gateway: who signed its heads, and what has none."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from lianxi.cli import times
from lianxi.cli.audit.trail import Line
from lianxi.cli.audit.verify_remote import _check, _check_log, _Fetched, _known, _Leaf, _whole
from lianxi.cli.audit.verify_report import Verdict
from lianxi.cli.faults import CliError
from lianxi.proof.checkpoints import Checkpoint, log_key, note_bytes, sign_checkpoint
from lianxi.proof.keys import Signer
from lianxi.proof.log_checks import trust_findings
from lianxi.proof.notes import Note, NoteKey
from lianxi.proof.policies import Policy
from lianxi.proof.rosters import roster_hash
from lianxi.proof.tree import Range
from lianxi.proof.trust import Trust
from lianxi.proof.verification import TrailChecker
from lianxi.streams.deep import DeepChecker
from tests.cli.fake_log import FakeLog
from tests.cli.machines import House
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
    _check_log(origin, _known(client), checker, fetched, None)
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


def test_a_trust_file_names_the_first_roster_and_keys_that_some_roster_listed(rows: Rows) -> None:
    """A retired one was listed; where none lists any, what the file says stands alone."""
    origin, checker = rows[0].origin, TrailChecker()
    unfounded = [f.code for f in trust_findings(checker, Trust(origin, "0" * 64, (), Policy()))]
    for row in rows:
        checker.check(row)
    first = next(h for h, roster in checker.rosters_of(origin).items() if roster.version == 1)
    old, new, stranger = (
        log_key(origin, signer.public_key) for signer in (OLD, NEW, Signer(b"\x33" * 32))
    )

    def named(genesis: str, *keys: NoteKey) -> list[str]:
        told = Trust(origin, genesis, keys, Policy())
        return [finding.code for finding in trust_findings(checker, told)]

    assert unfounded == named("0" * 64, old) == ["GENESIS_FOREIGN"]
    assert named(first, old) == named(first, new, old) == []
    assert named(first, old, stranger) == ["LOG_KEY_FOREIGN"]
    scenario = Scenario(name="keyless").register_all()
    for row in rows_of(scenario):
        checker.check(row)
    told = Trust(scenario.origin, roster_hash(scenario.genesis), (stranger,), Policy())
    assert trust_findings(checker, told) == []


# --- a log that grows while it is looked at ---


@pytest.fixture
def log(logged: House) -> Iterator[FakeLog]:
    """All that was recorded is sealed, but for a task; it is sealed once somebody has seen the trail."""
    log = logged.gateway.log
    assert log is not None
    log.seal()
    logged.issue()
    logged.gateway.after_trail = log.seal
    yield log
    logged.gateway.after_trail = logged.gateway.page = None


def looked_over(logged: House) -> dict[str, Any]:
    report: dict[str, Any] = logged.office.run("audit", "verify", "-o", "json").json
    return report


@pytest.mark.parametrize("beyond", [None, 1])
def test_what_is_sealed_while_the_trail_is_read_is_no_finding(
    logged: House, log: FakeLog, beyond: int | None
) -> None:
    """Neither a head over more than was fetched, nor a leaf that was fetched before it was one."""
    before = log.sizes[-1]
    logged.gateway.page = None if beyond is None else before + beyond
    report = looked_over(logged)
    assert log.sizes[-1] > before
    assert (report["findings"], report["intact"]) == ([], True)
    assert report["tree"]["leaves"] >= before


@pytest.mark.parametrize("behind", [1, 4])
def test_what_a_head_of_before_covers_is_missed_beside_what_waits_for_its_leaf(
    logged: House, log: FakeLog, behind: int
) -> None:
    """The last leaf, or one in the middle, as unsealed events could explain behind the head."""
    logged.gateway.after_trail = None
    rows = logged.gateway.known.rows
    at = log.sizes[-1] - behind
    row = rows.pop(at)
    try:
        codes = {finding["code"] for finding in looked_over(logged)["findings"]}
    finally:
        rows.insert(at, row)
    assert codes & {"LEAF_GAP", "CHECKPOINT_BEYOND"}, codes


@pytest.mark.parametrize(
    ("numbers", "signed", "waiting", "whole"),
    [
        ((0, 1, 2), 2, 5, 3),
        ((0, 1, 4, 5), 2, 2, 2),
        ((0, 1, 4, 5), 2, 1, 4),  # more are lacking than came without a leaf
        ((0, 1, 4, 5), 3, 2, 4),  # a head covers what is lacking
        ((0, 1, 3, 3), 2, 9, 4),  # one leaf, two events
        ((), 0, 9, 0),
        ((1,), 0, 1, 0),
        ((1,), 0, 0, 1),
    ],
)
def test_a_gap_is_left_out_where_growth_explains_it_only(
    numbers: Sequence[int], signed: int, waiting: int, whole: int
) -> None:
    leaves = [_Leaf(number, "", "", ("conference", number)) for number in numbers]
    assert _whole(leaves, signed, waiting) == whole
