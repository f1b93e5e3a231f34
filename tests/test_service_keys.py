"""The keys of the service itself: made once, never overwritten, refused where exposed, changed in steps."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lianxi.service_keys import (
    LOG_KEY,
    NEXT_LOG_KEY,
    RECEIPT_KEY,
    PublicKeys,
    ServiceKeyError,
    bring_keys,
    make_service_key,
    published_keys,
    read_log_keys,
    read_service_key,
)


def test_what_is_missing_is_made_once(tmp_path: Path) -> None:
    """Both the first time, none the second; the public halves lie beside them."""
    log, receipt = tmp_path / LOG_KEY, tmp_path / RECEIPT_KEY
    assert bring_keys(log, receipt) == (log, receipt)
    before = [path.read_bytes() for path in (log, receipt)]
    assert bring_keys(log, receipt) == ()
    assert [path.read_bytes() for path in (log, receipt)] == before
    assert published_keys(tmp_path) == PublicKeys(
        read_service_key(log).public_key.hex(), read_service_key(receipt).public_key.hex()
    )
    assert {path.stat().st_mode & 0o777 for path in (log, receipt)} == {0o600}


def test_one_that_is_there_stays_though_the_other_is_gone(tmp_path: Path) -> None:
    """A lost receipt key is no reason for another log."""
    log, receipt = tmp_path / LOG_KEY, tmp_path / RECEIPT_KEY
    bring_keys(log, receipt)
    kept = log.read_bytes()
    receipt.unlink()
    assert bring_keys(log, receipt) == (receipt,)
    assert log.read_bytes() == kept


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda path: path.chmod(0o640), "exposed"),
        (lambda path: path.write_bytes(b"{"), "not_a_key_file"),
        (lambda path: path.write_bytes(path.read_bytes()[:-40]), "not_a_key_file"),
        (lambda path: path.write_text(_with(path, key_id="0" * 64)), "contradicts_itself"),
        (lambda path: path.write_text(_with(path, seed="00" * 31)), "not_a_key_file"),
    ],
)
def test_a_key_that_cannot_be_used_is_said_and_stays(
    tmp_path: Path, spoil: object, reason: str
) -> None:
    """No second key is made in its place, and no part of it is shown."""
    log, receipt = tmp_path / LOG_KEY, tmp_path / RECEIPT_KEY
    bring_keys(log, receipt)
    seed = json.loads(log.read_bytes())["seed"]
    spoil(log)  # type: ignore[operator]
    spoiled = log.read_bytes()
    with pytest.raises(ServiceKeyError) as refused:
        bring_keys(log, receipt)
    assert refused.value.reason == reason
    assert seed not in str(refused.value)
    assert log.read_bytes() == spoiled


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / LOG_KEY
    make_service_key(path)
    with pytest.raises(FileExistsError):
        make_service_key(path)
    assert [each.name for each in tmp_path.iterdir()] == [LOG_KEY]


def test_while_the_logs_key_is_changed_both_sign_and_the_next_is_named(tmp_path: Path) -> None:
    """By the program an operator types; a second change before the first is done is refused."""
    words = [sys.executable, "-m", "lianxi.service_keys", str(tmp_path)]

    def typed(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*words, *more], capture_output=True, text=True, check=False)

    assert typed().returncode == 0
    first = read_service_key(tmp_path / LOG_KEY)
    assert typed("--next").returncode == 0
    following = read_service_key(tmp_path / NEXT_LOG_KEY)
    signing = [key.key_id for key in read_log_keys(tmp_path / LOG_KEY)]
    assert signing == [first.key_id, following.key_id]
    assert published_keys(tmp_path).log == following.public_key.hex()
    again = typed("--next")
    assert again.returncode == 1
    assert "finish that change first" in again.stderr
    (tmp_path / NEXT_LOG_KEY).rename(tmp_path / LOG_KEY)
    assert typed().returncode == 0
    assert [key.key_id for key in read_log_keys(tmp_path / LOG_KEY)] == [following.key_id]


def _with(path: Path, **changes: str) -> str:
    return json.dumps({**json.loads(path.read_bytes()), **changes})
