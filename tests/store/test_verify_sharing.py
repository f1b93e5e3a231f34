"""What the processes of one verification are told, and how often."""

import multiprocessing
import pickle
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from lianxi.ports import StoreUnavailableError
from lianxi.store import verify_sharing
from lianxi.store.store import Store
from lianxi.store.verify import Look, verify_trail
from lianxi.store.verify_streams import Depth, Knowledge
from tests.store.contract import record
from tests.store.scenario import whole_life


def test_what_tasks_rest_on_is_handed_over_once_however_many_portions(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It grows with the number of tasks: with each portion it would cost their square."""
    record(store, whole_life())
    handed_over: list[int] = []
    state_of = Knowledge.__getstate__

    def counted(self: Knowledge) -> object:
        handed_over.append(len(self.held))
        return state_of(self)

    monkeypatch.setattr(verify_sharing, "_PORTION", 1)
    monkeypatch.setattr(Knowledge, "__getstate__", counted)
    url = f"sqlite:///{tmp_path}/trail/trail.db"
    alone = verify_trail(store.engine, store.evidence)
    report = verify_trail(store.engine, store.evidence, Look(jobs=2, url=url))
    assert (report.findings, report.derived) == ([], alone.derived)
    assert handed_over == [1]


def test_nothing_of_it_is_left_behind(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file that helpers read from is gone when they are done, and only its owner could read it."""
    record(store, whole_life())
    modes: list[int] = []
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()

    def dump(value: object, file: object, protocol: int) -> None:
        (found,) = (tmp_path / "scratch").iterdir()
        modes.append(found.stat().st_mode & 0o777)
        pickle.dump(value, file, protocol)  # type: ignore[arg-type]

    watched = SimpleNamespace(dump=dump, HIGHEST_PROTOCOL=pickle.HIGHEST_PROTOCOL)
    monkeypatch.setattr(verify_sharing, "pickle", watched)
    verify_trail(
        store.engine, store.evidence, Look(jobs=2, url=f"sqlite:///{tmp_path}/trail/trail.db")
    )
    assert modes == [0o600]
    assert list((tmp_path / "scratch").iterdir()) == []


CHANGES = (
    "UPDATE events SET kind='Nothing' WHERE stream LIKE 'task/%' AND seq=2",
    "UPDATE events SET actor=CAST(x'ff41' AS TEXT) WHERE stream LIKE 'task/%' AND seq=3",
    "UPDATE commands SET unit='U09' WHERE action='submit'",
    "UPDATE commands SET envelope=json_remove(envelope,'$.signatures') WHERE action='acknowledge'",
    "UPDATE notices SET kind='nothing' WHERE kind='issued'",
)


@pytest.mark.parametrize("depth", ["full", "deep"])
def test_helpers_name_what_one_process_names(store: Store, tmp_path: Path, depth: Depth) -> None:
    """Also where a text is none, which costs them another reading."""
    record(store, whole_life())
    file = tmp_path / "trail" / "trail.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        for change in CHANGES:
            assert database.execute(change).rowcount > 0
    alone = verify_trail(store.engine, store.evidence, Look(depth))
    look = Look(depth, jobs=2, url=f"sqlite:///{file}")
    shared = verify_trail(store.engine, store.evidence, look)
    expected = {
        ("COLUMN_DIFFERS", "kind"),
        ("COLUMN_DIFFERS", "actor"),
        ("COMMAND_DIFFERS", "unit"),
        ("COMMAND_DIFFERS", "SCHEMA"),
        ("ROW_DIFFERS", "kind"),
    }
    assert expected <= {(f.code, f.detail) for f in alone.findings}
    assert sorted(map(str, shared.findings)) == sorted(map(str, alone.findings))


def test_a_helper_that_is_ended_ends_the_look(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not wait for what nobody works on any more."""
    record(store, whole_life())
    share = verify_sharing.Crew.share

    def killed(crew: verify_sharing.Crew, *given: object) -> object:
        for helper in multiprocessing.active_children():
            helper.kill()
            helper.join()
        return share(crew, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(verify_sharing.Crew, "share", killed)
    look = Look(jobs=2, url=f"sqlite:///{tmp_path}/trail/trail.db")
    with pytest.raises(StoreUnavailableError, match="was ended"):
        verify_trail(store.engine, store.evidence, look)


ALONE = """
import multiprocessing, os, signal, sys
from lianxi.store.dialect import reading_engine
from lianxi.store.verify_sharing import Crew

if __name__ == "__main__":
    with Crew(reading_engine(sys.argv[1]), 2, sys.argv[1]):
        print(*(helper.pid for helper in multiprocessing.active_children()), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_helpers_end_with_their_parent(store: Store, tmp_path: Path) -> None:
    """However that ends: they hold a read transaction."""
    del store
    script = tmp_path / "alone.py"
    script.write_text(ALONE)
    url = f"sqlite:///{tmp_path}/trail/trail.db"
    ended = subprocess.run(
        [sys.executable, script, url], check=False, capture_output=True, text=True, timeout=60
    )
    helpers = [int(pid) for pid in ended.stdout.split()]
    assert len(helpers) == 2, ended.stderr
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in helpers):
        assert time.monotonic() < deadline
        time.sleep(0.05)
