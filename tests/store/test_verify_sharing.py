"""What the processes of one verification are told, and how often."""

import pickle
from pathlib import Path
from types import SimpleNamespace

import pytest

from lianxi.store import verify_sharing
from lianxi.store.store import Store
from lianxi.store.verify import Look, verify_trail
from lianxi.store.verify_streams import Knowledge
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
