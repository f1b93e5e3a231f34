"""Anchors: the newest checkpoints, kept outside the data directory, and what they show (store layer, shell).

A restored backup is a whole and consistent trail; only a head kept elsewhere tells that there was
more. Per conference two files, named by SHA-256 of the origin: `.note`, the newest signed
checkpoint, and, where a policy says which witnesses count, `.cosigned.note`, the newest one they
witnessed. With a policy that one is held against the trail; without one, and until there is one, the
newest signed.
"""

import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, Engine, Row, bindparam, select

from lianxi.domain.refusal import Refusal
from lianxi.ports import TrailBehindError
from lianxi.proof.checkpoints import Checkpoint, read_checkpoint
from lianxi.proof.notes import MAX_NOTE_BYTES
from lianxi.proof.policies import Policy, parse_policy
from lianxi.proof.refusals import PolicyMalformedError
from lianxi.proof.tree import EMPTY_ROOT
from lianxi.proof.witnessing import Cosigned, cosigned_by, witnessed_size
from lianxi.store.faults import outages_translated
from lianxi.store.prepared import Prepared
from lianxi.store.tables import conferences, cosignatures
from lianxi.store.tree_reads import (
    StoredCheckpoint,
    checkpoint_at,
    cosigned_note,
    newest_checkpoint,
    readable_line,
    root_of,
    tree_size,
)
from lianxi.whole_files import write_whole

Standing = Literal["none", "holds", "behind", "other", "unreadable"]
"""How a trail stands to its anchor.

none: nothing is kept; holds: the trail contains it; behind: it has fewer leaves; other: its tree of
that size has another root; unreadable: what is kept is no checkpoint of this conference.
"""

REFUSED: frozenset[Standing] = frozenset({"behind", "other", "unreadable"})

Unkept = Literal["unwritable", "unreadable"]
"""Why an anchor is not up to date.

unwritable: its file could not be written; unreadable: what the store or the file holds is no note.
"""

_TRIED = 8
"""So many of a witness's newest rows are looked at for one that holds."""


class PolicyFileError(ValueError):
    """A policy file that cannot be used: its path and why, in one line."""


def read_policy(path: Path | None) -> Policy | None:
    """The policy of a file; None without one. Raises PolicyFileError."""
    if path is None:
        return None
    try:
        return parse_policy(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PolicyFileError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise PolicyFileError(f"{path}: is not UTF-8") from None
    except PolicyMalformedError as refusal:
        raise PolicyFileError(
            f"{path}: line {refusal.params.get('place')}: {refusal.params.get('reason')}"
        ) from None


class Anchored(NamedTuple):
    """A conference's trail beside what is kept of it; `size` of the anchor, None without one."""

    origin: str
    standing: Standing
    size: int | None
    path: Path | None


def _note_in(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_NOTE_BYTES + 1)


class AnchorFiles:
    """The files of one folder; every write replaces a file whole, durably."""

    def __init__(self, folder: Path) -> None:
        """The folder is made at the first write."""
        self.folder = folder

    def path(self, origin: str, *, cosigned: bool = False) -> Path:
        """Where a conference's anchor lies."""
        name = sha256(origin.encode()).hexdigest()[:16]
        return self.folder / f"{name}{'.cosigned' if cosigned else ''}.note"

    def read(self, origin: str, *, cosigned: bool = False) -> bytes | None:
        """The note; None where there is no file. Raises OSError where it cannot be read."""
        try:
            return _note_in(self.path(origin, cosigned=cosigned))
        except FileNotFoundError:
            return None

    def all(self) -> list[Checkpoint]:
        """Every checkpoint here that can be read, of whatever conference. Raises OSError."""
        return _checkpoints_in(_notes_in(self.folder))

    def write(self, origin: str, note: bytes, *, cosigned: bool = False) -> None:
        """Replace the file. Raises OSError."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(self.path(origin, cosigned=cosigned), note)


class AnchorsThen(AnchorFiles):
    """The notes of a folder as they were when this was made.

    For whoever reads the trail afterwards: an anchor written meanwhile covers more than a look that
    has begun can see, and would count as a trail that was cut.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._notes: Mapping[Path, bytes | OSError] = {}
        self._closed: OSError | None = None
        """Why the folder itself cannot be listed."""
        try:
            self._notes = _notes_in(folder)
        except OSError as error:
            self._closed = error

    def read(self, origin: str, *, cosigned: bool = False) -> bytes | None:
        """As `AnchorFiles.read`."""
        if self._closed is not None:
            raise self._closed
        kept = self._notes.get(self.path(origin, cosigned=cosigned))
        if isinstance(kept, OSError):
            raise kept
        return kept

    def all(self) -> list[Checkpoint]:
        """As `AnchorFiles.all`."""
        if self._closed is not None:
            raise self._closed
        return _checkpoints_in(self._notes)


def _notes_in(folder: Path) -> dict[Path, bytes | OSError]:
    """Every note of the folder, or why it cannot be read; none where there is no folder yet.

    Raises OSError where it cannot be listed.
    """
    notes: dict[Path, bytes | OSError] = {}
    try:
        names = os.listdir(folder)  # noqa: PTH208  a glob would swallow what is not allowed
    except FileNotFoundError:
        return notes
    for path in (folder / name for name in names if name.endswith(".note")):
        try:
            notes[path] = _note_in(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            notes[path] = error
    return notes


def _checkpoints_in(notes: Mapping[Path, bytes | OSError]) -> list[Checkpoint]:
    found: list[Checkpoint] = []
    for note in notes.values():
        if isinstance(note, bytes):
            with suppress(Refusal):  # who asks for this conference hears that it is unreadable
                found.append(read_checkpoint(note)[0])
    return found


class Anchors:
    """Compares trails with their anchors once, and keeps anchors up to date."""

    def __init__(
        self, reading: Engine, files: AnchorFiles | None, policy: Policy | None = None
    ) -> None:
        """`files` None: nothing is kept or compared (the trail is only read, or a test's).

        `policy`: which witnesses must have cosigned what is held against the trail.
        """
        self._reading = reading
        self._files = files
        self._policy = policy
        self._lock = threading.Lock()
        self._found: dict[str, Anchored] = {}
        self._kept: dict[Path, bytes] = {}
        self._held: dict[tuple[str, str], tuple[int, str, list[Cosigned]]] = {}

    # --- comparing ---

    def look(self, origin: str) -> Anchored:
        """How a trail stands to its anchor, as of the first time that this process asked.

        Once for a process: while it runs nobody else writes, and its own anchors only grow. Where
        that shows not to be so (`keep_all`) it is compared anew. Raises StoreUnavailableError.
        """
        with self._lock:
            known = self._found.get(origin)
            if known is None:
                known = self._found[origin] = self.compare(origin)
            return known

    def is_behind(self, origin: str) -> bool:
        """Whether nothing of a conference may be recorded, sealed or signed."""
        return self.look(origin).standing in REFUSED

    def knows_behind(self, origin: str) -> bool:
        """`is_behind` as far as somebody asked already; no look at store or files."""
        known = self._found.get(origin)
        return known is not None and known.standing in REFUSED

    def check(self, origin: str) -> None:
        """Raises TrailBehindError where nothing of a conference may be recorded."""
        if self.is_behind(origin):
            raise TrailBehindError(origin)

    def compare(self, origin: str) -> Anchored:
        """How a trail stands to its anchor now. Raises StoreUnavailableError."""
        if self._files is None:
            return Anchored(origin, "none", None, None)
        found = Anchored(origin, "none", None, self._files.path(origin))
        for cosigned in (True, False) if self._policy is not None else (False,):
            found = self._compare(self._files, origin, cosigned=cosigned)
            if found.standing != "none":
                break
        return found

    def _compare(self, files: AnchorFiles, origin: str, *, cosigned: bool) -> Anchored:
        path = files.path(origin, cosigned=cosigned)
        try:
            data = files.read(origin, cosigned=cosigned)
            if data is None:
                return Anchored(origin, "none", None, path)
            anchor, _ = read_checkpoint(data)
        except (OSError, Refusal):
            return Anchored(origin, "unreadable", None, path)
        if anchor.origin != origin:
            return Anchored(origin, "unreadable", None, path)
        with outages_translated(), self._reading.connect() as connection:
            return Anchored(origin, _standing(connection, anchor), anchor.size, path)

    def refused(self) -> list[str]:
        """The conferences of which nothing may be recorded."""
        return [each.origin for each in self.look_at_all() if each.standing in REFUSED]

    def look_at_all(self) -> list[Anchored]:
        """`look` for every conference of the trail."""
        with outages_translated(), self._reading.connect() as connection:
            return [self.look(origin) for origin in _origins(connection)]

    # --- keeping ---

    def keep_all(self) -> Mapping[str, Unkept]:
        """Write what is newer than what is kept, for every conference that is not refused.

        To be called after signing and after cosignatures came in. Answers by conference why its
        anchor is not up to date: the trail goes on, since the next turn tries again, but somebody is
        to be told. Raises StoreUnavailableError.
        """
        unkept: dict[str, Unkept] = {}
        if self._files is None:
            return unkept
        with outages_translated(), self._reading.connect() as connection:
            for origin in _origins(connection):
                if self.is_behind(origin):
                    continue
                try:
                    self._keep(connection, self._files, origin)
                except OSError:
                    unkept[origin] = "unwritable"
                except Refusal:
                    unkept[origin] = "unreadable"
        return unkept

    def _keep(self, connection: Connection, files: AnchorFiles, origin: str) -> None:
        newest = newest_checkpoint(connection, origin)
        if newest is None:
            return
        self._put(connection, files, newest, cosigned=False)
        if self._policy is not None:
            size = witnessed_size(self._policy, self._cosigned(connection, origin, self._policy))
            witnessed = None if size is None else checkpoint_at(connection, origin, size)
            if witnessed is not None and witnessed.note is not None:
                self._put(connection, files, witnessed, cosigned=True)

    def _put(
        self,
        connection: Connection,
        files: AnchorFiles,
        checkpoint: StoredCheckpoint,
        *,
        cosigned: bool,
    ) -> None:
        note = cosigned_note(connection, checkpoint)
        path = files.path(checkpoint.origin, cosigned=cosigned)
        if self._kept.get(path) == note:
            return
        if not _may_replace(files.read(checkpoint.origin, cosigned=cosigned), checkpoint):
            # another process has kept more, or the trail was exchanged while we run
            with self._lock:
                self._found[checkpoint.origin] = self.compare(checkpoint.origin)
            return
        files.write(checkpoint.origin, note, cosigned=cosigned)
        self._kept[path] = note

    def _cosigned(self, connection: Connection, origin: str, policy: Policy) -> list[Cosigned]:
        """Of each witness of the policy the largest checkpoint it cosigned: it vouches for all before."""
        found: list[Cosigned] = []
        for key in policy.witnesses.values():
            place = {"origin_": origin, "name_": key.name}
            for row in _COSIGNED.run(connection, place):
                known = self._held.get((origin, key.name))
                if known is None or known[:2] != (row.size, row.line):
                    known = row.size, row.line, _holding(connection, origin, policy, row)
                if known[2]:
                    self._held[origin, key.name] = known
                    found += known[2]
                    break
        return found


def _standing(connection: Connection, anchor: Checkpoint) -> Standing:
    if anchor.size > tree_size(connection, anchor.origin):
        return "behind"
    try:
        root = root_of(connection, anchor.origin, anchor.size) if anchor.size else EMPTY_ROOT
    except Refusal:  # nodes are missing
        return "other"
    return "holds" if root == anchor.root else "other"


def _may_replace(kept: bytes | None, checkpoint: StoredCheckpoint) -> bool:
    """Whether a checkpoint may take the place of what is kept; Refusal where that is unreadable."""
    if kept is None:
        return True
    known = read_checkpoint(kept)[0]
    return known.size < checkpoint.size or known[1:] == (checkpoint.size, checkpoint.root)


def _origins(connection: Connection) -> list[str]:
    return sorted(connection.scalars(select(conferences.c.origin)))


def _holding(connection: Connection, origin: str, policy: Policy, row: Row[Any]) -> list[Cosigned]:
    """A kept cosignature as the policy counts it; nothing where it does not hold."""
    stored = checkpoint_at(connection, origin, row.size)
    line = readable_line(row.line)
    if stored is None or stored.note is None or line is None:
        return []
    return cosigned_by(policy, Checkpoint(origin, stored.size, stored.root), [line])


_COSIGNED = Prepared(
    lambda _: (
        select(cosignatures.c.size, cosignatures.c.line)
        .where(
            cosignatures.c.origin == bindparam("origin_"), cosignatures.c.name == bindparam("name_")
        )
        .order_by(cosignatures.c.size.desc())
        .limit(_TRIED)
    )
)
