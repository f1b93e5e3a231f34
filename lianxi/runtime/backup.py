"""Backup: trail and Temporal's database of the same moment, with a manifest of hashes.

A trail older than Temporal's history leaves a gap, a newer one forks, so both are copied while the
whole set stands still. The server too, not only worker and gateway: timers fire and `starter.py`
may start workflows without them. A running set is paused through its supervisor, for as long as
this process lives; a set that is down is kept down by its lock.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lianxi.runtime import archive
from lianxi.runtime.children import STOP_SECONDS
from lianxi.runtime.control import paused
from lianxi.runtime.faults import RuntimeFault, require_posix
from lianxi.runtime.layout import DataDir
from lianxi.runtime.locks import holder_of, lock_if_free
from lianxi.runtime.orphans import running_children
from lianxi.runtime.state import read_state
from lianxi.runtime.status import supervisor_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Stopping has its deadlines, coming back its readiness checks.
_PAUSE_SECONDS = STOP_SECONDS + 180


@dataclass(frozen=True)
class BackupReport:
    """What was written or brought back. `digest` is the manifest's: note it elsewhere too."""

    folder: Path
    files: int
    size: int
    digest: str
    keys: bool
    paused: bool
    left_out: tuple[str, ...]


def backup(data: DataDir, to: Path, *, with_keys: bool = False) -> BackupReport:
    """Copy the data directory's lasting content to the new folder `to`.

    Private keys stay out unless `with_keys`: a backup often lies where more people can read than
    may sign. Without them the restored set runs, but this machine's parties cannot sign until
    their keys are brought from where they are kept. config.toml is taken as it is, secrets in it
    included.
    """
    require_posix()
    to = to.expanduser().absolute()
    _require_absent_or_empty(
        to, "BACKUP_TARGET_NOT_EMPTY", "Choose a new folder: a backup is never mixed with another."
    )
    if not data.root.is_dir():
        raise RuntimeFault(
            "DATA_DIR_MISSING", "There is no data directory here.", place=str(data.root)
        )
    if data.root in to.resolve().parents:
        raise RuntimeFault(
            "BACKUP_INSIDE_DATA",
            "A backup inside the data directory it copies is none.",
            place=str(to),
        )
    to.parent.mkdir(parents=True, exist_ok=True)
    _require_whole(data)
    with _standing_still(data) as was_running, _appearing(to) as partial:
        manifest, left_out = archive.pack(data, partial, with_keys=with_keys)
    size = sum(entry.size for entry in manifest.files)
    digest = archive.digest_of(to / archive.MANIFEST)
    return BackupReport(
        to, len(manifest.files), size, digest, with_keys, was_running, tuple(left_out)
    )


def restore(from_: Path, data: DataDir) -> BackupReport:
    """Bring a backup back into a new data directory, whole and verified, or not at all."""
    require_posix()
    from_ = from_.expanduser().absolute()
    if data.root.exists() and (supervisor := supervisor_of(data)):
        raise RuntimeFault(
            "RESTORE_INTO_RUNNING_SET",
            f"A set runs on this data directory (pid {supervisor.pid}).",
            hint="lianxi down, and restore into a new folder with --data",
            place=str(data.root),
        )
    _require_absent_or_empty(
        data.root, "RESTORE_TARGET_NOT_EMPTY", "Restore into a new folder, then use it with --data."
    )
    manifest = archive.read_manifest(from_)
    data.root.parent.mkdir(parents=True, exist_ok=True)
    with _appearing(data.root) as partial:
        archive.unpack(from_, manifest, partial)
        DataDir(partial).create()
    size = sum(entry.size for entry in manifest.files)
    digest = archive.digest_of(from_ / archive.MANIFEST)
    left_out = () if manifest.keys else ("keys/",)
    return BackupReport(
        data.root, len(manifest.files), size, digest, manifest.keys, paused=False, left_out=left_out
    )


@contextmanager
def _standing_still(data: DataDir) -> Iterator[bool]:
    """Nothing writes to `data` inside the block; yields whether a running set was paused."""
    data.create()
    with lock_if_free(data.copy_lock) as free:
        if not free:
            raise RuntimeFault(
                "BACKUP_RUNNING", f"Another backup is being made (pid {holder_of(data.copy_lock)})."
            )
        if supervisor_of(data) is not None:
            state = read_state(data)
            with paused(state.control if state else "", _PAUSE_SECONDS):
                yield True
            return
        with lock_if_free(data.supervisor_lock) as down:
            if not down:
                raise RuntimeFault(
                    "DATA_DIR_BUSY",
                    f"Pid {holder_of(data.supervisor_lock)} works on this data directory.",
                    hint="Wait a moment and try again.",
                )
            if orphans := running_children(data):
                names = ", ".join(f"{each.name} (pid {each.pid})" for each in orphans)
                raise RuntimeFault(
                    "ORPHANS_RUNNING",
                    f"Without a supervisor there still run: {names}.",
                    hint="lianxi down, then again",
                )
            yield False


def _require_whole(data: DataDir) -> None:
    """Refuse a trail whose Temporal lies elsewhere, or the other way round: half a backup."""
    trail, servers = data.trail_database.exists(), data.server_databases()
    if trail and servers:
        return
    if not trail and not servers:
        raise RuntimeFault(
            "NOTHING_TO_BACK_UP",
            "There is neither a trail nor a Temporal database here.",
            place=str(data.root),
        )
    missing = "trail" if servers else "Temporal database"
    raise RuntimeFault(
        "BACKUP_HALF_ELSEWHERE",
        f"This data directory has no {missing}: it is kept elsewhere, "
        "and one half alone restores to gaps or forks.",
        hint="Back up both databases at one moment with their own tools; see docs/runbook.md.",
        place=str(data.root),
    )


def _require_absent_or_empty(folder: Path, code: str, hint: str) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RuntimeFault(
            code, f"{folder} exists and is not an empty folder.", hint=hint, place=str(folder)
        )


@contextmanager
def _appearing(folder: Path) -> Iterator[Path]:
    """A folder that becomes `folder` at once when the block ends well, and vanishes otherwise."""
    partial = folder.with_name(f".{folder.name}.partial-{os.getpid()}")
    partial.mkdir(mode=0o700)
    try:
        yield partial
        archive.sync_folder(partial)
        partial.rename(folder)  # replaces an empty folder, refuses a filled one
        archive.sync_folder(folder.parent)
    except OSError as error:
        raise RuntimeFault(
            "COPY_FAILED",
            f"The copy was given up, nothing was left behind: {error}",
            place=str(error.filename or folder),
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
