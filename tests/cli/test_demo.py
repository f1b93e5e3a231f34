"""The demo's and `up`'s own manners, without a running set."""

import json
import os
import sys
from pathlib import Path
from uuid import UUID

import pytest

from lianxi.cli import language
from lianxi.cli import main as main_module
from lianxi.cli.faults import CliError
from lianxi.cli.machine import demo, demo_receipt, running
from lianxi.cli.profiles import Home
from tests.cli.fake_gateway import FakeGateway
from tests.cli.fake_gateway import running as running_gateway
from tests.cli.fake_log import FakeLog
from tests.cli.machines import House, found


class _Stage(demo.Stage):
    """A stage whose conference stands."""

    origin = "localhost/lianxi/demo/0123456789abcdef"  # type: ignore[assignment]


@pytest.fixture
def stage(tmp_path: Path) -> demo.Stage:
    return _Stage(Home(tmp_path / "home", tmp_path / "state"), "http://127.0.0.1:9", tmp_path)


def test_an_act_keeps_its_request_id(stage: demo.Stage) -> None:
    """UUIDs of version 7 made now, one per act, private, the same for a repeat; others elsewhere."""
    first = stage._request_ids()
    assert len(set(first)) == len(demo.ACTS)
    assert {UUID(each).version for each in first} == {7}
    assert stage._request_ids() == first
    path = stage.data / "keys" / "demo-requests.json"
    assert path.stat().st_mode & 0o077 == 0
    path.write_text(json.dumps({"another": first}))
    assert set(stage._request_ids()).isdisjoint(first)
    assert json.loads(path.read_text())["another"] == first


def test_a_step_speaks_the_language_in_force(
    stage: demo.Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The inner main chooses the language anew: it must choose the same."""
    typed: list[list[str]] = []

    def typing(words: list[str]) -> int:
        typed.append(words)
        return 0

    monkeypatch.setattr(main_module, "main", typing)
    language.activate("zh")
    try:
        stage._types("todo")
    finally:
        language.activate("en")
    assert language.choose(typed[0], {}) == "zh"


@pytest.mark.parametrize(("codes", "done"), [((8, 0), True), ((8, 8, 8), False), ((5,), False)])
def test_a_step_that_is_pending_is_repeated(
    stage: demo.Stage, monkeypatch: pytest.MonkeyPatch, codes: tuple[int, ...], *, done: bool
) -> None:
    """On a slow machine the trail comes late; what is refused is not tried again."""
    left = list(codes)
    monkeypatch.setattr(main_module, "main", lambda _words: left.pop(0))
    if done:
        stage._types("todo")
    else:
        with pytest.raises(CliError, match="DEMO_STEP_FAILED"):
            stage._types("todo")
    assert left == []


def test_a_receipt_is_checked_again_over_the_files_of_an_earlier_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_gateway() as served:
        house = found(tmp_path, served)
        log = served.log = FakeLog(served.known)
        task = house.issue()
        house.units["U01"].run("ack", task, ok=True)
        log.seal()
        monkeypatch.setattr(demo_receipt, "UNIT", "U01")
        monkeypatch.setattr(demo_receipt, "TASK", task)

        class Speaking:
            data = tmp_path

            def speaks(self, unit: str, *words: str) -> str:
                return house.units.get(unit, house.units["U03"]).run(*words, ok=True).out

        first = demo_receipt.checked_receipt(Speaking())
        assert "PROVEN" in first.verdict
        assert demo_receipt.checked_receipt(Speaking()) == first


def test_how_to_have_the_program_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Said where it lies in an environment that is not active, as a command that works."""
    folder = tmp_path / ".venv" / "bin"
    folder.mkdir(parents=True)
    program = folder / "lianxi"
    program.touch(mode=0o755)
    monkeypatch.setattr(sys, "argv", [str(program)])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", os.defpath)
    assert demo._activation() is None
    (folder / "activate").touch()
    assert demo._activation() == "source .venv/bin/activate"
    monkeypatch.setenv("PATH", str(folder))
    assert demo._activation() is None


def test_what_follows_up(
    gateway: FakeGateway, house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Founding where there is no conference yet, else what waits."""
    monkeypatch.setenv("LIANXI_HOME", str(tmp_path))
    assert running._following(gateway.url) == "lianxi conference init --help"
    assert running._following(house.gateway.url) == "lianxi todo"
    assert running._following("http://127.0.0.1:9") == "lianxi todo"
