"""Anchors: what is kept outside of the data directory, and which trails it refuses."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from lianxi.ports import SealTurn, TrailBehindError
from lianxi.proof.checkpoints import (
    Checkpoint,
    cosign,
    read_checkpoint,
    sign_checkpoint,
    signature_line,
    witness_key,
)
from lianxi.proof.keys import Signer
from lianxi.proof.notes import MAX_SIGNATURES, Note, NoteKey, note_bytes, parse_note
from lianxi.proof.policies import Group, Policy
from lianxi.store.anchors import AnchorFiles, Anchors, AnchorsThen
from lianxi.store.cosigning import Cosignature, keep_cosignature
from lianxi.store.sealing import SqlSealer
from lianxi.store.store import Store, open_store
from lianxi.store.tree_reads import StoredCheckpoint, cosigned_note, newest_checkpoint
from tests.store.contract import record
from tests.store.scenario import Scenario

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
KEY = Signer(bytes(range(32)))
WITNESSES = {unit: Signer(bytes([number]) * 32) for number, unit in enumerate(("U01", "U02"), 1)}
TIME = 1_772_000_000


class Machine:
    """A data directory, its anchors beside it, and a conference that is recorded there."""

    def __init__(self, folder: Path, opened: ExitStack) -> None:
        self.life = Scenario().register_all()
        self.data = folder / "data"
        self.files = AnchorFiles(folder / "anchors")
        self.backup = folder / "backup"
        self.policy: Policy | None = None
        self._opened = opened
        self.store = self._open()
        record(self.store, self.life)

    @property
    def origin(self) -> str:
        return self.life.origin

    def _open(self) -> Store:
        url = f"sqlite:///{self.data}/trail.db"
        return self._opened.enter_context(
            open_store(
                url,
                self.data / "evidence",
                writable=True,
                anchors_dir=self.files.folder,
                policy=self.policy,
                busy_seconds=0.2,
            )
        )

    def restart(self) -> Store:
        """The process anew: what stands is compared with what is kept."""
        self.store.close()
        self.store = self._open()
        return self.store

    def copy(self) -> None:
        """A backup of the whole data directory, with nothing open."""
        self.store.close()
        shutil.copytree(self.data, self.backup)
        self.store = self._open()

    def restore(self) -> None:
        """The backup takes the place of the data directory; the anchors stay."""
        self.store.close()
        shutil.rmtree(self.data)
        shutil.copytree(self.backup, self.data)
        self.store = self._open()

    def grow(self, ref: str) -> None:
        """One more task, recorded."""
        self.life.issue(ref)
        record(self.store, self.life)

    def seal(self) -> SealTurn:
        """A turn of this process's sealer."""
        assert self.store.writer is not None
        store = self.store
        return SqlSealer(self.store.writer, store.engine, lambda: (KEY,), store.anchors).seal(NOW)

    def newest(self) -> StoredCheckpoint:
        with self.store.engine.connect() as connection:
            found = newest_checkpoint(connection, self.origin)
        assert found is not None
        return found

    def cosign(self, unit: str, installation: str = "one") -> Checkpoint:
        """A witness's line under the newest checkpoint."""
        newest = self.newest()
        checkpoint = Checkpoint(self.origin, newest.size, newest.root)
        key = self.witness(unit, installation)
        line = signature_line(cosign(checkpoint, key.name, WITNESSES[unit], TIME))
        assert self.store.writer is not None
        given = Cosignature(self.origin, newest.size, key.name, unit, key.vkey(), TIME, line)
        keep_cosignature(self.store.writer, given, "2026-03-02T01:00:00.000000Z")
        return checkpoint

    def witness(self, unit: str, installation: str = "one") -> NoteKey:
        return witness_key(f"{self.origin}/{unit}/{installation}", WITNESSES[unit].public_key)

    def kept(self, *, cosigned: bool = False) -> Checkpoint:
        data = self.files.read(self.origin, cosigned=cosigned)
        assert data is not None
        return read_checkpoint(data)[0]

    def sql(self, statement: str, *values: object) -> None:
        """Behind the store's back."""
        with closing(sqlite3.connect(self.data / "trail.db", timeout=5)) as database, database:
            database.execute(statement, values)

    def standing(self) -> str:
        return self.store.anchors.look(self.origin).standing

    def both(self) -> Policy:
        """Two of two units."""
        keys = {unit: self.witness(unit) for unit in WITNESSES}
        return Policy((), keys, {"q": Group(2, tuple(keys))}, "q")


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with ExitStack() as opened:
        yield Machine(tmp_path, opened)


def test_the_newest_checkpoint_is_kept_and_holds_after_a_restart(machine: Machine) -> None:
    """Also while more is recorded and not sealed yet."""
    assert machine.standing() == "none"
    machine.seal()
    assert machine.kept() == Checkpoint(
        machine.origin, machine.newest().size, machine.newest().root
    )
    machine.grow("more")
    machine.restart()
    assert machine.standing() == "holds"
    machine.grow("again")
    assert machine.seal().sealed > 0


def test_a_restored_backup_is_refused_whole(machine: Machine) -> None:
    """Nothing is recorded, sealed, signed or sent, and the anchor stays as it was."""
    machine.seal()
    machine.copy()
    machine.grow("lost")
    machine.seal()
    kept = machine.kept()
    machine.restore()
    assert machine.standing() == "behind"
    assert machine.store.anchors.refused() == [machine.origin]
    machine.life.issue("after")
    with pytest.raises(TrailBehindError):
        record(machine.store, machine.life)
    turn = machine.seal()
    assert (turn.sealed, turn.signed) == (0, 0)
    assert machine.kept() == kept


def test_what_waits_in_a_restored_backup_is_neither_sealed_nor_signed(machine: Machine) -> None:
    """The backup holds events without a leaf and a checkpoint without a note: both say behind."""
    machine.seal()
    machine.grow("waits")
    machine.copy()
    machine.seal()
    machine.restore()
    machine.sql("UPDATE checkpoints SET note = NULL")
    turn = machine.seal()
    assert {each.reason for each in turn.left} == {"behind"}
    assert turn.unsigned == {machine.origin: "behind"}


def test_the_backup_of_everything_newer_is_let_in_again(machine: Machine) -> None:
    """Refused is the trail, not the machine: with the lost events back it goes on."""
    machine.seal()
    machine.copy()
    machine.grow("lost")
    machine.seal()
    newer = machine.data.with_name("newer")
    machine.store.close()
    shutil.copytree(machine.data, newer)
    machine.restore()
    assert machine.standing() == "behind"
    machine.backup = newer
    machine.restore()
    assert machine.standing() == "holds"


def test_a_tree_of_that_size_with_another_root_is_another(machine: Machine) -> None:
    """A fork of the same length, or nodes taken away."""
    machine.seal()
    size, root = machine.newest().size, machine.newest().root
    forked = Checkpoint(machine.origin, size, bytes(32))
    note = note_bytes(Note(forked.text, (sign_checkpoint(forked, KEY),)))
    machine.files.write(machine.origin, note)
    machine.restart()
    assert machine.standing() == "other"
    good = Checkpoint(machine.origin, size, root)
    note = note_bytes(Note(good.text, (sign_checkpoint(good, KEY),)))
    machine.files.write(machine.origin, note)
    machine.restart()
    assert machine.standing() == "holds"
    machine.sql("DELETE FROM nodes")
    machine.restart()
    assert machine.standing() == "other"


@pytest.mark.parametrize("damage", ["cut", "empty", "foreign", "folder", "huge"])
def test_an_anchor_that_cannot_be_read_refuses(machine: Machine, damage: str) -> None:
    """Somebody is to look at it: it may have held more."""
    machine.seal()
    path = machine.files.path(machine.origin)
    foreign = Checkpoint("example.org/lianxi/other/0123456789abcdef", 3, bytes(32))
    signed = note_bytes(Note(foreign.text, (sign_checkpoint(foreign, KEY),)))
    if damage == "folder":
        path.unlink()
        path.mkdir()
    else:
        whole = path.read_bytes()
        contents = {"cut": whole[:-3], "empty": b"", "foreign": signed, "huge": whole * 2_000}
        path.write_bytes(contents[damage])
    machine.restart()
    assert machine.standing() == "unreadable"
    assert machine.store.anchors.is_behind(machine.origin)


def test_a_trail_exchanged_under_a_running_sealer_is_refused_from_the_next_turn_on(
    machine: Machine,
) -> None:
    """What is kept is larger than the newest checkpoint: compared anew, and not replaced."""
    machine.seal()
    first = machine.newest().size
    machine.grow("lost")
    machine.seal()
    kept = machine.kept()
    for table, column in (("leaves", "leaf + 1"), ("checkpoints", "size")):
        machine.sql(f"DELETE FROM {table} WHERE {column} > ?", first)  # noqa: S608
    machine.sql("DELETE FROM events WHERE position > (SELECT max(position) FROM leaves)")
    assert machine.store.anchors.keep_all() == {}
    assert machine.store.anchors.is_behind(machine.origin)
    assert machine.kept() == kept


def test_a_folder_that_cannot_be_written_is_said_and_stops_nothing(machine: Machine) -> None:
    """The next turn tries again."""
    machine.files.folder.write_text("in the way")
    assert machine.store.anchors.keep_all() == {}  # nothing to keep yet
    machine.restart()
    machine.files.folder.unlink()
    machine.store.anchors.look(machine.origin)
    machine.files.folder.write_text("in the way")
    turn = machine.seal()
    assert turn.sealed > 0
    assert turn.unkept == {machine.origin: "unwritable"}
    machine.files.folder.unlink()
    assert machine.seal().unkept == {}
    assert machine.kept().size == machine.newest().size


# --- by a policy ---


def test_with_a_policy_the_newest_witnessed_checkpoint_is_kept_beside_the_newest(
    machine: Machine,
) -> None:
    """Two units cosigned different sizes: the smaller one is witnessed by both."""
    machine.policy = machine.both()
    machine.restart()
    machine.seal()
    first = machine.cosign("U01")
    machine.seal()
    assert machine.files.read(machine.origin, cosigned=True) is None
    machine.grow("more")
    machine.seal()
    second = machine.cosign("U02")
    machine.seal()
    assert machine.kept(cosigned=True) == first
    assert machine.kept() == second
    machine.cosign("U01")
    machine.seal()
    assert machine.kept(cosigned=True) == second


def test_with_a_policy_and_nothing_witnessed_yet_the_newest_signed_counts(
    machine: Machine,
) -> None:
    """Else a rollback before the first quorum would pass."""
    machine.policy = machine.both()
    machine.restart()
    machine.seal()
    machine.copy()
    machine.grow("lost")
    machine.seal()
    assert machine.files.read(machine.origin, cosigned=True) is None
    machine.restore()
    assert machine.standing() == "behind"


def test_with_a_policy_the_witnessed_checkpoint_refuses_a_rollback(machine: Machine) -> None:
    machine.policy = machine.both()
    machine.restart()
    machine.seal()
    machine.copy()
    machine.grow("lost")
    machine.seal()
    for unit in WITNESSES:
        machine.cosign(unit)
    machine.seal()
    machine.restore()
    assert machine.standing() == "behind"
    assert machine.store.anchors.look(machine.origin).path == machine.files.path(
        machine.origin, cosigned=True
    )


def test_a_row_that_is_no_cosignature_does_not_hide_the_one_that_holds(machine: Machine) -> None:
    """Whatever somebody wrote under a witness's name at a larger size."""
    machine.policy = machine.both()
    machine.restart()
    machine.seal()
    witnessed = [machine.cosign(unit) for unit in WITNESSES][-1]
    line = "\N{EM DASH} nobody AAAAAAAA"
    for junk, unit, more in (("junk", "U01", 1), (line, "U02", 1)):
        size = machine.newest().size + more
        row = (machine.origin, size, machine.witness(unit).name, unit, 0, junk, "")
        machine.sql("INSERT INTO cosignatures VALUES (?,?,?,?,?,?,?)", *row)
    turn = machine.seal()
    assert turn.unkept == {}
    assert machine.kept(cosigned=True) == witnessed


def test_a_note_that_is_none_is_said_and_other_conferences_are_kept(machine: Machine) -> None:
    other = Scenario(name="zz-other").register_all()
    record(machine.store, other)
    machine.seal()
    machine.files.path(other.origin).unlink()
    machine.sql("UPDATE checkpoints SET note = 'junk' WHERE origin = ?", machine.origin)
    anchors = Anchors(machine.store.engine, machine.files)
    assert anchors.keep_all() == {machine.origin: "unreadable"}
    assert machine.files.read(other.origin) is not None


def test_witnesses_already_seen_are_not_verified_again(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many cosignatures there are, a turn asks for the newest of each witness."""
    machine.policy = machine.both()
    machine.restart()
    for number in range(5):
        machine.grow(f"task-{number}")
        machine.seal()
        for unit in WITNESSES:
            machine.cosign(unit)
    machine.seal()
    monkeypatch.setattr("lianxi.store.anchors.cosigned_by", None)  # not called
    assert machine.seal().unkept == {}


# --- how much a note holds ---


def test_a_note_holds_as_many_cosignatures_as_can_be_read_again(machine: Machine) -> None:
    """The first of every unit before the second of any; nothing that is kept becomes unreadable."""
    machine.seal()
    size = machine.newest().size
    signature = cosign(Checkpoint(machine.origin, size, machine.newest().root), "x", KEY, TIME)
    rows = [
        (unit, f"{machine.origin}/{unit}/{installation}")
        for unit in (f"U{number:02}" for number in range(64))
        for installation in range(9)
    ]
    with closing(sqlite3.connect(machine.data / "trail.db")) as database, database:
        database.executemany(
            "INSERT INTO cosignatures VALUES (?,?,?,?,?,?,'')",
            (
                (machine.origin, size, name, unit, TIME,
                 signature_line(signature._replace(name=name)))
                for unit, name in rows
            ),
        )  # fmt: skip
    with machine.store.engine.connect() as connection:
        found = parse_note(cosigned_note(connection, machine.newest()))
    assert len(found.signatures) == MAX_SIGNATURES
    assert {each.name.split("/")[-2] for each in found.signatures[1:]} == {u for u, _ in rows}
    machine.seal()
    machine.restart()
    assert machine.standing() == "holds"


def test_long_lines_are_cut_off_by_bytes(machine: Machine) -> None:
    """A name may be long: the note stays within what is read again."""
    machine.seal()
    size = machine.newest().size
    signature = cosign(Checkpoint(machine.origin, size, machine.newest().root), "x", KEY, TIME)
    for number in range(400):
        name = f"{machine.origin}/U01/{number}" + "\N{CJK UNIFIED IDEOGRAPH-6C34}" * 300
        line = signature_line(signature._replace(name=name))
        machine.sql(
            "INSERT INTO cosignatures VALUES (?,?,?,'U01',?,?,'')",
            machine.origin, size, name, TIME, line,
        )  # fmt: skip
    with machine.store.engine.connect() as connection:
        found = parse_note(cosigned_note(connection, machine.newest()))
    assert 200 < len(found.signatures) < 400


# --- what a turn costs ---


def plans(store: Store, work: Callable[[], Any]) -> list[str]:
    """What SQLite does for all that is asked meanwhile."""
    seen: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            seen.append((statement, parameters))

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        event.remove(store.engine, "before_cursor_execute", note)
    with store.engine.connect() as connection:
        return [
            row[3]
            for statement, parameters in seen
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]


def test_no_turn_walks_all_checkpoints_or_all_cosignatures(machine: Machine) -> None:
    """Signing asks the partial index, keeping the newest of each witness."""
    machine.policy = machine.both()
    machine.restart()
    machine.seal()
    for unit in WITNESSES:
        machine.cosign(unit)
    lines = plans(machine.store, machine.seal)
    assert any("checkpoints USING INDEX ix_checkpoints_unsigned" in line for line in lines), lines
    assert any("ix_cosignatures_name (origin=? AND name=?)" in line for line in lines), lines
    walked = [line for line in lines if line.startswith("SCAN") and "_unsigned" not in line]
    assert not [line for line in walked if "checkpoints" in line or "cosign" in line], walked
    assert not [line for line in lines if "TEMP B-TREE" in line], lines


def test_what_is_no_folder_is_said_and_what_is_not_there_yet_holds_nothing(tmp_path: Path) -> None:
    """A file in the folder's place is somebody's doing; before the first checkpoint there is none."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(NotADirectoryError):
        AnchorsThen(tmp_path / "file").read("example.org/lianxi/demo/0123456789abcdef")
    assert AnchorsThen(tmp_path / "none").read("example.org/lianxi/demo/0123456789abcdef") is None
