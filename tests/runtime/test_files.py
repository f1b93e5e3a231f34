"""Files of the set: logs are for their owner."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from lianxi.runtime.files import append_private
from lianxi.runtime.journal import Journal

if TYPE_CHECKING:
    from pathlib import Path


def test_a_log_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    """Whatever the umask; also one that an earlier release left open to others."""
    old = tmp_path / "supervisor-crash.log"
    old.write_text("earlier\n")
    old.chmod(0o644)
    umask = os.umask(0)
    try:
        for path in (old, tmp_path / "new.log"):
            with append_private(path) as log:
                log.write(b"later\n")
        Journal(tmp_path / "supervisor.log", echo=False).say("set.ready", "ready 就绪")
    finally:
        os.umask(umask)
    assert old.read_text() == "earlier\nlater\n"
    assert "就绪" in (tmp_path / "supervisor.log").read_text(encoding="utf-8")
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
