"""The tree over the record: what stands, what is kept outside, who signed, what came late."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from lianxi.proof.checkpoints import Checkpoint, cosign, sign_checkpoint, witness_key
from lianxi.proof.keys import Signer
from lianxi.proof.notes import Note, NoteKey, note_bytes, signature_line
from lianxi.proof.policies import Policy
from lianxi.store import verify as verify_module
from lianxi.store.anchors import AnchorFiles
from lianxi.store.store import Store, open_store
from lianxi.store.tables import leaves
from lianxi.store.tree_reads import newest_checkpoint
from lianxi.store.verify import Look, Outside, Report, verify_trail
from lianxi.store.verify_sharing import Crew
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


def test_what_is_sealed_while_a_look_is_under_way_cuts_nothing(
    store: Store, life: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The anchor grows behind the trail's snapshot; it was read before, so that nothing is missing."""

    class LaterAnchors(Crew):
        def __enter__(self) -> Crew:
            entered = super().__enter__()
            entered.connection.execute(select(leaves)).all()  # the snapshot begins
            life.issue("one-more")
            record(store, life)
            seal(store, life)
            keep_anchors(store, tmp_path / "anchors")
            return entered

    monkeypatch.setattr(verify_module, "Crew", LaterAnchors)
    report = verify(store, tmp_path)
    assert report.findings == []
    assert (report.leaves, report.heads_outside) == (33, 1)


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


def test_an_unsigned_checkpoint_may_be_the_newest_and_young(
    store: Store, life: Scenario, tmp_path: Path
) -> None:
    """The log signs in the turn that made it; a look may fall between the two."""
    for _ in range(2):
        life.act("U03", "T-0002", "progress", percent=10)
        record(store, life)
        seal(store, life, keys=())
    soon, late = life.now + timedelta(minutes=9), life.now + timedelta(minutes=11)
    assert verify(store, tmp_path, now=soon).findings == []
    for now, sizes in ((late, ("34", "35")), (None, ("34",))):
        found = verify(store, tmp_path, depth="bytes", now=now).findings
        assert [f.code for f in found] == ["CHECKPOINT_UNSIGNED"] * len(sizes)
        assert tuple(f.place.rpartition("#")[2] for f in found) == sizes


NO_TREE = ("leaves", "nodes", "checkpoints")


@pytest.mark.parametrize("depth", ["bytes", "deep"])
def test_a_tree_that_is_gone_is_named(
    store: Store, database: sqlite3.Connection, life: Scenario, tmp_path: Path, depth: str
) -> None:
    """By the head that is kept outside; without one, by events that nobody sealed for so long."""
    for table in NO_TREE:
        database.execute(f"DELETE FROM {table}")  # noqa: S608 - our own tables
    assert [f.code for f in verify(store, tmp_path, depth=depth).findings] == ["TRAIL_CUT"]
    now = life.now + timedelta(hours=1)
    report = verify(store, tmp_path, depth=depth, outside=Outside(), now=now)
    assert {f.code for f in report.findings if f.code != "RUNG_MISSING"} == {"UNSEALED"}
    copy = verify(store, tmp_path, depth=depth, outside=Outside())
    assert copy.findings == []
    assert "NOT_SEALED" in {f.code for f in copy.unchecked}


def test_signatures_that_are_gone_are_named(
    store: Store, database: sqlite3.Connection, life: Scenario, tmp_path: Path
) -> None:
    """Nothing is left to be checked then, which says enough; a time to come makes nobody young."""
    now = life.now + timedelta(hours=1)
    for change in ("note=NULL", "at='9999-01-01T00:00:00.000000Z'"):
        database.execute(f"UPDATE checkpoints SET {change}")  # noqa: S608 - as above
        found = verify(store, tmp_path, depth="full", now=now).findings
        assert [f.code for f in found] == ["CHECKPOINT_UNSIGNED"]


OLD_KEY, NEW_KEY = Signer(b"\x31" * 32), Signer(b"\x32" * 32)


def test_a_retired_key_signs_no_head_that_holds_its_retirement(
    store: Store, database: sqlite3.Connection, life: Scenario, tmp_path: Path
) -> None:
    """What it signed before stands; beside its successor it may go on, alone it may not."""
    del life
    scenario = Scenario(name="rotated", log_keys=(OLD_KEY, NEW_KEY)).register_all()
    record(store, scenario)
    seal(store, scenario, keys=(OLD_KEY,))
    scenario.change_roster(retire=(OLD_KEY.key_id,))
    record(store, scenario)
    seal(store, scenario, keys=(OLD_KEY, NEW_KEY))
    assert verify(store, tmp_path).findings == []
    with store.engine.connect() as connection:
        newest = newest_checkpoint(connection, scenario.origin)
    assert newest is not None
    checkpoint = Checkpoint(scenario.origin, newest.size, newest.root)
    stolen = note_bytes(Note(checkpoint.text, (sign_checkpoint(checkpoint, OLD_KEY),))).decode()
    where = "WHERE origin=? AND size=?"
    database.execute(
        f"UPDATE checkpoints SET note=? {where}",  # noqa: S608 - as above
        (stolen, scenario.origin, newest.size),
    )
    (finding,) = verify(store, tmp_path).findings
    assert (finding.code, finding.detail) == ("CHECKPOINT_NOTE", "retired")


def cosign_newest(store: Store, database: sqlite3.Connection, life: Scenario) -> NoteKey:
    """A witness's row and its cosignature of an hour later; its key."""
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
    return key


def test_backdated_or_sealed_late_is_a_flag(
    store: Store, database: sqlite3.Connection, life: Scenario, tmp_path: Path
) -> None:
    """Older than a checkpoint that the quorum cosigned without it; no finding, since clocks differ."""
    key = cosign_newest(store, database, life)
    life.act("U03", "T-0002", "progress", percent=10)
    record(store, life)
    seal(store, life)
    policy = Policy((), {"w": key}, {}, "w")
    report = verify(store, tmp_path, outside=Outside(policy=policy))
    assert report.findings == []
    assert [(f.code, f.place) for f in report.flags] == [
        ("BACKDATED_OR_SEALED_LATE", "demo/task/T-0002#7")
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


def test_a_trail_that_was_emptied_is_missed(store: Store, life: Scenario, tmp_path: Path) -> None:
    """No row of the conference is left; an anchor of it and somebody's checkpoint are."""
    pin = Checkpoint("elsewhere/one/abc", 7, b"\x07" * 32)
    outside = Outside(AnchorFiles(tmp_path / "anchors"), (pin, pin._replace(size=3)))
    whole = verify(store, tmp_path, outside=outside)
    with open_store(f"sqlite:///{tmp_path}/bare.db", tmp_path / "none", writable=True) as bare:
        empty = verify_trail(bare.engine, bare.evidence, Look(outside=outside))
    absent = [f.place for f in empty.unchecked if f.code == "TRAIL_ABSENT"]
    assert absent == ["elsewhere/one/abc", life.origin]
    assert [f.place for f in whole.unchecked if f.code == "TRAIL_ABSENT"] == absent[:1]
    assert (whole.findings, empty.findings) == ([], [])


@pytest.mark.parametrize("origin", ["CAST(x'ff' AS TEXT)", "'elsewhere/one/abc'"])
@pytest.mark.parametrize(
    ("table", "named"),
    [
        ("checkpoints", {"CHECKPOINT_NOTE", "CHECKPOINT_BEYOND"}),
        ("cosignatures", {"COSIGNATURE_INVALID"}),
        ("witnesses", {"COSIGNATURE_INVALID"}),
    ],
)
def test_what_was_signed_is_not_hidden_under_another_name(
    store: Store,
    database: sqlite3.Connection,
    life: Scenario,
    tmp_path: Path,
    table: str,
    named: set[str],
    origin: str,
) -> None:
    """A row whose column names another conference, or nothing that is text."""
    cosign_newest(store, database, life)
    if table == "witnesses":
        database.execute("DELETE FROM cosignatures")  # which would say so by themselves
    assert verify(store, tmp_path).findings == []
    database.execute(f"UPDATE {table} SET origin = {origin}")  # noqa: S608 - our own tables
    codes = {f.code for f in verify(store, tmp_path).findings}
    assert codes & named
