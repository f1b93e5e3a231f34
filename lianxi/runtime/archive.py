"""The content of a backup folder: what is packed, the manifest, and unpacking under its hashes.

Databases are copied by SQLite's own backup (a plain copy would miss what the WAL holds),
everything else byte by byte. The manifest names every file with size and SHA-256; a file more,
less or other than it says, or a name that leads outside, refuses the whole backup.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sqlite3
from contextlib import closing
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from lianxi.runtime.faults import RuntimeFault
from lianxi.runtime.state import now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lianxi.runtime.layout import DataDir

MANIFEST = "manifest.json"
_SCHEMA = 1
_PACKED = ("config.toml", "keys", "server", "trail")
_CHUNK = 1024 * 1024


@dataclass(frozen=True)
class PackedFile:
    """One file of a backup; `path` is relative, with forward slashes."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a backup folder holds. Times are UTC."""

    made: str
    lianxi: str
    python: str
    temporal: tuple[str, ...]
    keys: bool
    files: tuple[PackedFile, ...]


def pack(data: DataDir, to: Path, *, with_keys: bool) -> tuple[Manifest, list[str]]:
    """Copy into the empty folder `to`; also what was left out. Nothing may write meanwhile."""
    files: list[PackedFile] = []
    left_out = (
        []
        if with_keys or not any(data.keys.glob("*"))
        else ["keys/ (private keys; take them with --with-keys)"]
    )
    for source in _lasting(data, with_keys=with_keys):
        name = source.relative_to(data.root)
        if source.is_symlink() or not source.is_file():
            left_out.append(f"{name} (not a regular file)")
            continue
        target = to / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if source.suffix == ".db":
            _copy_database(source, target)
            files.append(PackedFile(name.as_posix(), target.stat().st_size, digest_of(target)))
        else:
            files.append(PackedFile(name.as_posix(), *_copy(source, target)))
    manifest = Manifest(
        made=now(),
        lianxi=_own_version(),
        python=platform.python_version(),
        temporal=tuple(path.stem.removeprefix("temporal-") for path in data.server_databases()),
        keys=with_keys,
        files=tuple(files),
    )
    _write(
        to / MANIFEST,
        json.dumps({"schema": _SCHEMA, **asdict(manifest)}, indent=1, ensure_ascii=False),
    )
    return manifest, left_out


def _lasting(data: DataDir, *, with_keys: bool) -> Iterator[Path]:
    """Everything worth keeping.

    Not run/ and logs/, not what SQLite keeps beside its files, and of server/ the databases alone:
    its configuration is written at every start.
    """
    if data.config.exists():
        yield data.config
    yield from data.server_databases()
    for folder in (data.trail, data.keys) if with_keys else (data.trail,):
        for path in sorted(folder.rglob("*")):
            if path.is_symlink() or (
                not path.is_dir() and not path.name.endswith((".db-wal", ".db-shm", ".db-journal"))
            ):
                yield path


def _copy_database(source: Path, target: Path) -> None:
    try:
        # read-write: a WAL left by a killed process is read (and its index rebuilt) only by a
        # writer
        with (
            closing(sqlite3.connect(f"{source.as_uri()}?mode=rw", uri=True)) as origin,
            closing(sqlite3.connect(target)) as copy,
        ):
            origin.backup(copy)
            verdict = copy.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.Error as error:
        raise RuntimeFault(
            "DATABASE_UNREADABLE", f"{source.name} cannot be copied: {error}", place=str(source)
        ) from error
    if verdict != "ok":
        raise RuntimeFault(
            "DATABASE_DAMAGED", f"{source.name} is damaged: {verdict}", place=str(source)
        )
    target.chmod(0o600)


def _copy(source: Path, target: Path) -> tuple[int, str]:
    """Copy and hash the same bytes, durably; their number and SHA-256."""
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out, source.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            out.write(chunk)
            size += len(chunk)
        out.flush()
        os.fsync(out.fileno())
    return size, digest.hexdigest()


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as stream:
        stream.write(text + "\n")
        stream.flush()
        os.fsync(stream.fileno())


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sync_folder(folder: Path) -> None:
    """Make names in the folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_manifest(backup: Path) -> Manifest:
    """The manifest, checked against the names in the folder; contents are checked by `unpack`."""
    place = str(backup / MANIFEST)
    try:
        fields = json.loads((backup / MANIFEST).read_text(encoding="utf-8"))
        if fields.pop("schema") != _SCHEMA:
            raise RuntimeFault(
                "BACKUP_NEWER", "This backup was made by another version of lianxi.", place=place
            )
        fields["files"] = tuple(
            PackedFile(str(f["path"]), int(f["size"]), str(f["sha256"])) for f in fields["files"]
        )
        fields["temporal"] = tuple(fields["temporal"])
        manifest = Manifest(**fields)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RuntimeFault(
            "BACKUP_UNREADABLE",
            f"This folder is no backup that can be read: {type(error).__name__}.",
            place=place,
        ) from error
    for entry in manifest.files:
        parts = PurePosixPath(entry.path).parts
        if (
            entry.path.startswith("/")
            or ".." in parts
            or parts[:1] == ()
            or parts[0] not in _PACKED
        ):
            raise _mismatch(
                f"it names {entry.path!r}, which is not part of a data directory", place
            )
    named = {entry.path for entry in manifest.files} | {MANIFEST}
    if len(named) != len(manifest.files) + 1:
        raise _mismatch("it names a file twice", place)
    present = {
        path.relative_to(backup).as_posix()
        for path in backup.rglob("*")
        if not path.is_dir() or path.is_symlink()
    }
    if missing := sorted(named - present):
        raise _mismatch(f"{missing[0]} is missing", place)
    if foreign := sorted(
        name for name in present - named if not _left_by_reading(backup, name, named)
    ):
        raise _mismatch(f"{foreign[0]} is not in the manifest", place)
    return manifest


def _left_by_reading(backup: Path, name: str, named: set[str]) -> bool:
    """What SQLite puts beside a database of the backup that is only read: an index, an empty log.

    A write-ahead log that holds anything is another content, and stays foreign.
    """
    path = backup / name
    database, _, kind = name.rpartition("-")
    if database not in named or not database.endswith(".db") or path.is_symlink():
        return False
    return kind == "shm" or (kind == "wal" and path.stat().st_size == 0)


def unpack(backup: Path, manifest: Manifest, to: Path) -> None:
    """Copy every file into the empty folder `to`; the first that differs refuses the whole."""
    for entry in manifest.files:
        source, target = backup / entry.path, to / entry.path
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if source.is_symlink() or _copy(source, target) != (entry.size, entry.sha256):
            raise _mismatch(f"{entry.path} has other content than when it was packed", str(source))


def _mismatch(what: str, place: str) -> RuntimeFault:
    return RuntimeFault(
        "BACKUP_MISMATCH",
        f"The backup does not match its manifest: {what}. Nothing was restored.",
        hint="Take another copy of the backup.",
        place=place,
    )


def _own_version() -> str:
    try:
        return metadata.version("lianxi-conference")
    except metadata.PackageNotFoundError:  # run from a checkout that was never installed
        return "unknown"
