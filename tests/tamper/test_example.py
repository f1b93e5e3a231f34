"""examples/tamper.py, as a reader runs it: each of the eight acts is named, and the original is untouched."""

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from tools import made_trail
from tools.made_trail import make_trail

ROOT = Path(__file__).parents[2]
CODES = {
    "edit": {"HASH_MISMATCH"},
    "delete": {"GAP"},
    "insert": {"ADDRESS_MISMATCH", "GAP"},
    "swap": {"ADDRESS_MISMATCH", "GAP"},
    "cut tail": {"LEAF_WITHOUT_EVENT"},
    "old copy": {"TRAIL_CUT"},
    "change column": {"COLUMN_DIFFERS"},
    "change read table": {"ROW_DIFFERS"},
}
"""What says what it was; more may be named beside it."""


@pytest.mark.parametrize("conferences", [1, 2])
def test_each_act_is_named_and_the_original_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, conferences: int
) -> None:
    """Copies are tampered with; of an old copy only a head kept elsewhere tells."""
    if conferences > 1:
        monkeypatch.setattr(made_trail, "MAX_TASKS", 3)
    make_trail(tmp_path / "trail", 60 * conferences)
    database = tmp_path / "trail" / "trail.db"
    before = sha256(database.read_bytes()).digest()
    done = subprocess.run(
        [sys.executable, "examples/tamper.py", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = {line[:18].strip(): line[18:].strip() for line in done.stdout.splitlines()}
    assert said.pop("untouched") == "no finding"
    assert said.keys() == CODES.keys()
    for act, codes in CODES.items():
        named = {part.split()[0] for part in said[act].split(", ")}
        assert named & codes, (act, said[act])
    assert sha256(database.read_bytes()).digest() == before
