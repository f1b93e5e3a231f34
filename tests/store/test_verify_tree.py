"""The tree over the record: what stands, what is kept outside, who signed, what came late."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from lianxi.proof.checkpoints import Checkpoint, cosign, witness_key
from lianxi.proof.keys import Signer
from lianxi.proof.notes import signature_line
from lianxi.proof.policies import Policy
from lianxi.store.anchors import AnchorFiles
from lianxi.store.store import Store
from lianxi.store.tree_reads import newest_checkpoint
from lianxi.store.verify import Look, Outside, Report, verify_trail
from tests.store.contract import record
from tests.store.scenario import Scenario, whole_life
from tools.made_trail import keep_anchors, seal

WITNESS = Signer(b"\x21" * 32)


@pytest.fixture
def life(store: Store, tmp_path: Path) -> Scenario:
    """Recorded, sealed, its head kept outside."""
    scenario = whole_life()
    record(store, scenario)
    seal(store, scenario)
    keep_anchors(store, tmp_path / "anchors")
    return scenario


@pytest.fixture
def database(life: Scenario, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """The file, as somebody with access to it opens it."""
    del life
    with closing(sqlite3.connect(tmp_path / "trail" / "trail.db", isolation_level=None)) as opened:
        yield opened


def verify(store: Store, tmp_path: Path, **look: object) -> Report:
    """Beside the anchors."""
    given = {"outside": Outside(AnchorFiles(tmp_path / "anchors"))} | look
    return verify_trail(store.engine, store.evidence, Look(**given))  # type: ignore[arg-type]


@pytest.mark.parametrize("depth", ["bytes", "full", "deep"])
def test_untouched(store: Store, life: Scenario, tmp_path: Path, depth: str) -> None:
    """Every event is a leaf; every depth is content; the head outside is held against it."""
    report = verify(store, tmp_path, depth=depth)
    assert report.findings == []
    assert (report.leaves, report.heads_outside, report.events) == (33, 1, 33)


CHANGES = [
    ("UPDATE leaves SET hash=replace(hash, '0', '1') WHERE leaf=5", "LEAF_DIFFERS"),
    ("DELETE FROM leaves WHERE leaf=5", "LEAF_GAP"),
    ("DELETE FROM events WHERE position=(SELECT max(position) FROM events)", "LEAF_WITHOUT_EVENT"),
    ("DELETE FROM nodes WHERE level=2 AND idx=1", "NODE_WRONG"),
    ("UPDATE nodes SET hash=zeroblob(32) WHERE level=1 AND idx=3", "NODE_WRONG"),
    ("INSERT INTO nodes SELECT origin, 9, 0, hash FROM nodes LIMIT 1", "NODE_WRONG"),
    ("UPDATE checkpoints SET root=replace(root, '0', '1')", "CHECKPOINT_ROOT"),
    ("UPDATE checkpoints SET size=size+1", "CHECKPOINT_BEYOND"),
    ("DELETE FROM leaves WHERE leaf>20", "TRAIL_CUT"),
    ("UPDATE leaves SET leaf=CASE leaf WHEN 8 THEN 1009 WHEN 9 THEN 8 ELSE leaf END", "LEAF_GAP"),
]


@pytest.mark.parametrize(("change", "code"), CHANGES)
def test_a_changed_tree_is_named(
    store: Store, database: sqlite3.Connection, tmp_path: Path, change: str, code: str
) -> None:
    """Leaves, inner nodes, checkpoints."""
    assert database.execute(change).rowcount > 0
    assert code in {finding.code for finding in verify(store, tmp_path).findings}


def test_an_old_copy_is_named_by_what_is_kept_outside_alone(
    store: Store, life: Scenario, tmp_path: Path
) -> None:
    """It is whole and consistent; only the anchor, or a client's own memory, knows more."""
    with store.engine.connect() as connection:
        newest = newest_checkpoint(connection, life.origin)
    assert newest is not None
    pin = Checkpoint(life.origin, newest.size + 7, newest.root)
    found = verify(store, tmp_path, outside=Outside(pins=(pin,))).findings
    assert [(f.code, f.detail) for f in found] == [("TRAIL_CUT", "pin: 33 leaves left")]
    forked = Checkpoint(life.origin, newest.size - 1, b"\x01" * 32)
    found = verify(store, tmp_path, outside=Outside(pins=(forked,))).findings
    assert [(f.code, f.detail) for f in found] == [("TRAIL_FORKED", "pin")]


def test_an_event_that_is_not_sealed_in_time_is_named(
    store: Store, life: Scenario, tmp_path: Path
) -> None:
    """Ten minutes are forgiven."""
    life.act("U03", "T-0002", "progress", percent=10)
    record(store, life)
    soon, late = life.now + timedelta(minutes=9), life.now + timedelta(minutes=11)
    assert verify(store, tmp_path, depth="full", now=soon).findings == []
    (finding,) = verify(store, tmp_path, depth="full", now=late).findings
    assert (finding.code, finding.place) == ("UNSEALED", "demo/task/T-0002#7")


def test_backdated_or_sealed_late_is_a_flag(
    store: Store, database: sqlite3.Connection, life: Scenario, tmp_path: Path
) -> None:
    """Older than a checkpoint that the quorum cosigned without it; no finding, since clocks differ."""
    with store.engine.connect() as connection:
        newest = newest_checkpoint(connection, life.origin)
    assert newest is not None
    key = witness_key(f"{life.origin}/U01/one", WITNESS.public_key)
    checkpoint = Checkpoint(life.origin, newest.size, newest.root)
    when = int((life.now + timedelta(hours=1)).timestamp())
    line = signature_line(cosign(checkpoint, key.name, WITNESS, when))
    row = (life.origin, newest.size, key.name, "U01", when, line, "")
    database.execute("INSERT INTO cosignatures VALUES (?,?,?,?,?,?,?)", row)
    vkey = (life.origin, key.name, "U01", key.vkey(), "")
    database.execute("INSERT INTO witnesses VALUES (?,?,?,?,?)", vkey)
    life.act("U03", "T-0002", "progress", percent=10)
    record(store, life)
    seal(store, life)
    policy = Policy((), {"w": key}, {}, "w")
    report = verify(store, tmp_path, outside=Outside(policy=policy))
    assert report.findings == []
    assert [(f.code, f.place) for f in report.flags] == [
        ("BACKDATED_OR_LATE", "demo/task/T-0002#7")
    ]
    assert verify(store, tmp_path).flags == []
    database.execute("UPDATE cosignatures SET time=time-1")
    found = verify(store, tmp_path).findings
    assert {finding.code for finding in found} == {"COSIGNATURE_INVALID"}


def test_several_processes_find_the_same(
    store: Store, database: sqlite3.Connection, life: Scenario, tmp_path: Path
) -> None:
    """Shared out or not."""
    url = f"sqlite:///{tmp_path}/trail/trail.db"
    alone = verify(store, tmp_path)
    shared = verify(store, tmp_path, jobs=2, url=url)
    assert (shared.findings, shared.bases, shared.derived) == ([], alone.bases, alone.derived)
    database.execute("UPDATE tasks SET phase='active' WHERE task='T-0001'")
    found = verify(store, tmp_path, jobs=2, url=url).findings
    assert [(f.code, f.detail) for f in found] == [("ROW_DIFFERS", "phase")]
