"""Putting the store together: one call gives trail, openings and outbox on one database."""

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Engine

from lianxi.ports import StoreUnavailableError
from lianxi.proof.policies import Policy
from lianxi.store.anchors import AnchorFiles, Anchors
from lianxi.store.dialect import (
    BUSY_SECONDS,
    create_database,
    database_file,
    reading_engine,
    writing_engine,
)
from lianxi.store.evidence import EvidenceFolder
from lianxi.store.faults import outages_translated
from lianxi.store.openings import SqlOpenings
from lianxi.store.outbox import SqlOutbox
from lianxi.store.redaction import Eraser
from lianxi.store.schema import check_version, upgrade
from lianxi.store.states import States
from lianxi.store.trail import SqlTrail
from lianxi.store.writer import Writer


@dataclass(frozen=True, slots=True)
class Store:
    """The adapters of one database. `engine` is for queries: its connections cannot write.

    A store opened for reading has neither writer nor outbox; appending and handing in are a
    TypeError there.
    """

    trail: SqlTrail
    openings: SqlOpenings
    outbox: SqlOutbox | None
    engine: Engine
    evidence: EvidenceFolder
    writer: Writer | None
    writing: Engine | None
    anchors: Anchors
    eraser: Eraser | None = None
    backup: Path | None = None
    """Where the database lies as it was before a schema upgrade, if this opening made one."""

    def close(self) -> None:
        """Finish what waits to be written, then let go of all connections."""
        if self.writer is not None:
            self.writer.close()
        if self.writing is not None:
            self.writing.dispose()
        self.engine.dispose()

    def __enter__(self) -> Self:
        """Open until the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()


def open_store(
    url: str,
    evidence_dir: Path,
    *,
    writable: bool,
    anchors_dir: Path | None = None,
    policy: Policy | None = None,
    busy_seconds: float = BUSY_SECONDS,
) -> Store:
    """Open the trail at a database URL, with files under `evidence_dir`.

    `anchors_dir`: where checkpoints are kept that every conference is held against; `policy`: whose
    cosignatures those need. Without a folder nothing is compared.

    Writable: makes a fresh database where there is none, upgrades an older one behind a backup.
    Otherwise nothing is made or changed. Raises StoreUnavailableError, SchemaNewerError and, for
    readers, SchemaOlderError.
    """
    path = database_file(url)
    reading = reading_engine(url, busy_seconds=busy_seconds)
    anchors = Anchors(reading, None if anchors_dir is None else AnchorFiles(anchors_dir), policy)
    try:
        with outages_translated():
            if not writable:
                _check_there(path)
                check_version(reading)
                return _reading_store(reading, EvidenceFolder(evidence_dir), anchors)
            if path is not None:
                create_database(path)
            writing = writing_engine(url, busy_seconds=busy_seconds)
            try:
                backup = upgrade(writing, path)
            except BaseException:
                writing.dispose()
                raise
    except BaseException:
        reading.dispose()
        raise
    evidence, states = EvidenceFolder(evidence_dir), States()
    writer = Writer(writing, path)
    eraser = Eraser(writer, evidence, path)
    return Store(
        trail=SqlTrail(writer, reading, states, eraser=eraser, anchors=anchors),
        openings=SqlOpenings(writer, reading, evidence),
        outbox=SqlOutbox(writer, reading, states, evidence, anchors),
        engine=reading,
        evidence=evidence,
        writer=writer,
        writing=writing,
        anchors=anchors,
        eraser=eraser,
        backup=backup,
    )


def _check_there(path: Path | None) -> None:
    if path is not None and not path.is_file():
        raise StoreUnavailableError(f"there is no trail at {path}")


def _reading_store(engine: Engine, evidence: EvidenceFolder, anchors: Anchors) -> Store:
    return Store(
        trail=SqlTrail(None, engine, States()),
        openings=SqlOpenings(None, engine, evidence),
        outbox=None,
        engine=engine,
        evidence=evidence,
        writer=None,
        writing=None,
        anchors=anchors,
    )
