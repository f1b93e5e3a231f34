"""Two minutes of what `make soak` does for an hour."""

from pathlib import Path

import pytest

from tools.soak import clean, said, soak

MINUTES = 2.0


@pytest.mark.timeout(300)
async def test_under_load_nothing_is_found(tmp_path: Path) -> None:
    """A real set, all units at work, one comparison after the other: no finding, no late result."""
    counts = await soak(MINUTES, rate=8.0, every=10.0, folder=tmp_path)
    assert clean(counts), said(counts, MINUTES)
    assert len(counts.results) > 5
