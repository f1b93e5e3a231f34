"""Backups: whole, verified, of one moment."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from lianxi.runtime.backup import backup, restore
from lianxi.runtime.faults import RuntimeFault
from lianxi.runtime.layout import DataDir
from lianxi.runtime.locks import try_lock
from lianxi.runtime.status import status
from lianxi.runtime.up import up

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lianxi.runtime.plan import SetPlan


def _write_row(path: Path, text: str) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = wal")
        database.execute("CREATE TABLE IF NOT EXISTS rows (text TEXT)")
        database.execute("INSERT INTO rows VALUES (?)", (text,))
        database.commit()


def _rows(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as database:
        return [row[0] for row in database.execute("SELECT text FROM rows")]


@pytest.fixture
def filled(data: DataDir) -> DataDir:
    """A data directory that has lived."""
    _write_row(data.trail_database, "an event")
    _write_row(data.server / "temporal-1.32.0.db", "a history")
    (data.evidence / "ab").mkdir()
    (data.evidence / "ab" / "cdef").write_bytes(b"\x00evidence")
    (data.keys / "U07.key").write_text("secret")
    data.config.write_text('namespace = "lianxi"\n')
    (data.logs / "worker.log").write_text("noise")
    return data


def test_a_restored_backup_holds_what_was_backed_up(filled: DataDir, tmp_path: Path) -> None:
    """Databases, evidence and settings come back; logs and run files are not kept."""
    report = backup(filled, tmp_path / "backup", with_keys=True)
    assert report.keys
    assert not report.paused
    target = DataDir.at(tmp_path / "restored")
    assert restore(tmp_path / "backup", target).digest == report.digest
    assert _rows(target.trail_database) == ["an event"]
    assert _rows(target.server / "temporal-1.32.0.db") == ["a history"]
    assert (target.evidence / "ab" / "cdef").read_bytes() == b"\x00evidence"
    assert (target.keys / "U07.key").read_text() == "secret"
    assert target.config.read_text() == filled.config.read_text()
    assert list(target.logs.iterdir()) == []
    assert target.root.stat().st_mode & 0o077 == 0


def test_what_only_the_write_ahead_log_holds_is_copied(filled: DataDir, tmp_path: Path) -> None:
    """A killed process leaves its last commits in the WAL; they belong to the backup."""
    with closing(sqlite3.connect(filled.trail_database)) as still_open:
        still_open.execute("INSERT INTO rows VALUES ('in the WAL')")
        still_open.commit()
        assert (filled.trail / "trail.db-wal").stat().st_size > 0
        backup(filled, tmp_path / "backup")
    assert _rows(tmp_path / "backup" / "trail" / "trail.db") == ["an event", "in the WAL"]


def test_private_keys_stay_out_unless_asked_for_and_it_is_said(
    filled: DataDir, tmp_path: Path
) -> None:
    """Who may read a backup should not thereby sign."""
    report = backup(filled, tmp_path / "backup")
    assert any(line.startswith("keys/") for line in report.left_out)
    assert not (tmp_path / "backup" / "keys").exists()
    restored = restore(tmp_path / "backup", DataDir.at(tmp_path / "restored"))
    assert restored.left_out == ("keys/",)


def _flip_a_byte(folder: Path) -> None:
    path = folder / "trail" / "evidence" / "ab" / "cdef"
    path.write_bytes(b"\x01" + path.read_bytes()[1:])


def _edit_manifest(folder: Path, edit: Callable[[dict[str, object]], object]) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    edit(manifest)
    path.write_text(json.dumps(manifest))


def _lead_outside(folder: Path) -> None:
    def edit(manifest: dict[str, object]) -> None:
        files = manifest["files"]
        assert isinstance(files, list)
        files[0]["path"] = "trail/../../outside"

    _edit_manifest(folder, edit)


def _swap_for_a_link(folder: Path) -> None:
    path = folder / "trail" / "evidence" / "ab" / "cdef"
    path.rename(folder.parent / "elsewhere")
    path.symlink_to(folder.parent / "elsewhere")


@pytest.mark.parametrize(
    ("tamper", "says"),
    [
        (_flip_a_byte, "trail/evidence/ab/cdef has other content"),
        (lambda folder: (folder / "trail" / "trail.db").unlink(), "trail/trail.db is missing"),
        (lambda folder: (folder / "trail" / "extra").touch(), "trail/extra is not in the manifest"),
        (_lead_outside, "not part of a data directory"),
        (_swap_for_a_link, "trail/evidence/ab/cdef has other content"),
        (
            lambda folder: _edit_manifest(folder, lambda m: m.pop("files")),
            "no backup that can be read",
        ),
        (lambda folder: _edit_manifest(folder, lambda m: m.update(schema=2)), "another version"),
    ],
)
def test_a_tampered_backup_restores_nothing(
    filled: DataDir, tmp_path: Path, tamper: Callable[[Path], None], says: str
) -> None:
    """Whatever differs from the manifest refuses the whole, and nothing is left behind."""
    backup(filled, tmp_path / "backup")
    tamper(tmp_path / "backup")
    with pytest.raises(RuntimeFault, match=says):
        restore(tmp_path / "backup", DataDir.at(tmp_path / "restored"))
    assert not list(tmp_path.glob("*restored*"))


def test_a_backup_that_was_read_in_place_is_restored(filled: DataDir, tmp_path: Path) -> None:
    """`audit verify --data BACKUP` leaves SQLite's index and an empty log beside the database."""
    backup(filled, tmp_path / "backup")
    trail = tmp_path / "backup" / "trail"
    assert _rows(trail / "trail.db") == ["an event"]
    (trail / "trail.db-shm").write_bytes(bytes(32_768))
    (trail / "trail.db-wal").touch()
    target = DataDir.at(tmp_path / "restored")
    restore(tmp_path / "backup", target)
    assert _rows(target.trail_database) == ["an event"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("trail.db-wal", b"commits of somebody"),
        ("other.db-shm", b""),
        ("trail.db-journal", b""),
        ("evidence/ab/cdef-shm", b""),
    ],
)
def test_other_files_beside_a_database_are_foreign(
    filled: DataDir, tmp_path: Path, name: str, content: bytes
) -> None:
    """A log with content would change what the database says."""
    backup(filled, tmp_path / "backup")
    (tmp_path / "backup" / "trail" / name).write_bytes(content)
    with pytest.raises(RuntimeFault, match=f"trail/{name} is not in the manifest"):
        restore(tmp_path / "backup", DataDir.at(tmp_path / "restored"))


def test_targets_that_hold_something_are_refused(filled: DataDir, tmp_path: Path) -> None:
    """Neither a backup nor a restore is ever mixed with what is there."""
    backup(filled, tmp_path / "backup")
    with pytest.raises(RuntimeFault) as caught:
        backup(filled, tmp_path / "backup")
    assert caught.value.code == "BACKUP_TARGET_NOT_EMPTY"
    with pytest.raises(RuntimeFault) as caught:
        restore(tmp_path / "backup", filled)
    assert caught.value.code == "RESTORE_TARGET_NOT_EMPTY"
    with pytest.raises(RuntimeFault) as caught:
        backup(filled, filled.root / "inside")
    assert caught.value.code == "BACKUP_INSIDE_DATA"
    assert not (filled.root / "inside").exists()


def test_half_a_set_is_not_backed_up(filled: DataDir, tmp_path: Path) -> None:
    """A trail without its Temporal restores to gaps or forks."""
    (filled.server / "temporal-1.32.0.db").unlink()
    with pytest.raises(RuntimeFault) as caught:
        backup(filled, tmp_path / "backup")
    assert caught.value.code == "BACKUP_HALF_ELSEWHERE"
    assert not list(tmp_path.glob("*backup*"))


def test_a_damaged_database_is_not_passed_on(filled: DataDir, tmp_path: Path) -> None:
    """A backup that cannot be opened is noticed now, not on the day it is needed."""
    filled.trail_database.write_bytes(b"not a database at all" * 100)
    with pytest.raises(RuntimeFault) as caught:
        backup(filled, tmp_path / "backup")
    assert caught.value.code == "DATABASE_UNREADABLE"
    assert not list(tmp_path.glob("*backup*"))


def test_a_directory_that_somebody_works_on_is_left_alone(filled: DataDir, tmp_path: Path) -> None:
    """An offline backup excludes a start, and the other way round."""
    lock = try_lock(filled.supervisor_lock)
    assert lock is not None
    with pytest.raises(RuntimeFault) as caught:
        backup(filled, tmp_path / "backup")
    lock.release()
    assert caught.value.code == "DATA_DIR_BUSY"


@pytest.mark.server
def test_a_running_set_stands_still_for_its_backup_and_runs_when_restored(
    plan: SetPlan, tmp_path: Path
) -> None:
    """Paused, copied, resumed with new processes; a restore over it is refused."""
    _write_row(plan.dir.trail_database, "an event")
    before = {each.name: each.pid for each in up(plan, detached=True).processes}
    report = backup(plan.dir, tmp_path / "backup")
    assert report.paused
    now = status(plan.dir)
    assert now.phase == "ready"
    assert all(each.state == "ready" and each.pid != before[each.name] for each in now.processes)
    with pytest.raises(RuntimeFault) as caught:
        restore(tmp_path / "backup", plan.dir)
    assert caught.value.code == "RESTORE_INTO_RUNNING_SET"
    copy = tmp_path / "backup" / "server" / plan.dir.server_databases()[0].name
    with closing(sqlite3.connect(copy)) as database:
        names = [row[0] for row in database.execute("SELECT name FROM namespaces")]
    assert "lianxi" in names
