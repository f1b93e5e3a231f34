"""The worker's start: what is tried again, and how it ends when it cannot run."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, cast

import worker as composition
from lianxi.settings import Settings
from lianxi.store.store import open_store

if TYPE_CHECKING:
    import pytest

    from lianxi.engine.engine import Engine

ROOT = Path(__file__).resolve().parents[2]


class _AwayTwice:
    """Temporal does not answer the first two times."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    async def start_mailrooms(self, channels: tuple[str, ...]) -> bool:
        self.asked.append(channels)
        return len(self.asked) > 2


async def test_mailrooms_are_tried_until_they_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is away at the start must not leave a deployment without notices."""
    monkeypatch.setattr(composition, "MAILROOM_PAUSE", 0.0)
    engine = _AwayTwice()
    await composition.start_mailrooms(cast("Engine", engine), ("mailbox", "smtp"))
    assert engine.asked == [("mailbox", "smtp")] * 3


def test_a_newer_trail_ends_it_with_one_line(tmp_path: Path) -> None:
    """The trail stays as it is; nothing but the reason is said."""
    settings = Settings(data=tmp_path)
    settings.evidence_dir.mkdir(parents=True)
    open_store(settings.trail_url, settings.evidence_dir, writable=True).close()
    with closing(sqlite3.connect(tmp_path / "trail" / "trail.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    done = subprocess.run(
        [sys.executable, "worker.py"],
        cwd=ROOT,
        env={**os.environ, "LIANXI_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "9999" in done.stderr
    assert "Traceback" not in done.stderr
    # alembic says at the level info what it sets up
    errors = [line for line in done.stderr.splitlines() if '"level": "info"' not in line]
    assert len(errors) == 1


def test_anchors_inside_the_data_directory_end_it_with_one_line(tmp_path: Path) -> None:
    """A restored backup would bring the anchors that fit it, and be let in."""
    done = subprocess.run(
        [sys.executable, "worker.py"],
        cwd=ROOT,
        env={
            **os.environ,
            "LIANXI_DATA": str(tmp_path),
            "LIANXI_ANCHORS_DIR": str(tmp_path / "elsewhere" / ".." / "anchors"),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == "settings: anchors_dir: must lie outside of the data directory\n"
    assert not (tmp_path / "trail").exists()
