"""Fixtures: a real SQLite trail in a folder of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lianxi.store.store import Store, open_store
from tests.store.fresh import fresh_trail


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Where the trail lies."""
    return f"sqlite:///{tmp_path}/trail/trail.db"


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    """Where evidence lies."""
    return tmp_path / "trail" / "evidence"


@pytest.fixture
def store(url: str, evidence: Path) -> Iterator[Store]:
    """A writable store that waits only shortly for locks."""
    with open_store(fresh_trail(url), evidence, writable=True, busy_seconds=0.2) as opened:
        yield opened
