"""The server is taken from the first place that has one, in the documented order."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lianxi.runtime import server_build
from lianxi.runtime.faults import RuntimeFault
from lianxi.runtime.server_source import ServerSource, find, find_or_build

if TYPE_CHECKING:
    from lianxi.runtime.server_binary import ServerBinary

_VERSION = server_build.pinned_version()
_SERVER = f"#!/bin/sh\necho 'temporal version {_VERSION}'\n"
_CLI = "#!/bin/sh\necho 'temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)'\n"
_GO = f"""#!/bin/sh
if [ "$1" = env ]; then echo "${{FAKE_GO:-go1.99.0}}"; exit; fi
echo "built $GOTOOLCHAIN $CGO_ENABLED $(ls | tr '\\n' ' ')" >> "$BUILDS"
[ -n "$FAIL" ] && {{ echo "no route to the module proxy"; exit 1; }}
sleep 0.5
while [ "$1" != -o ]; do shift; done
printf "#!/bin/sh\\necho 'temporal version {_VERSION}'\\n" > "$2server"; chmod +x "$2server"
"""


def _program(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text)
    path.chmod(0o755)
    return path


class Machine:
    """A machine with a PATH, a cache and nothing on them yet."""

    def __init__(self, folder: Path) -> None:
        self.bin, self.cache, self.builds = folder / "bin", folder / "cache", folder / "builds"
        tools = [
            str(Path(found).parent) for name in ("sh", "sleep") if (found := shutil.which(name))
        ]
        _program(self.bin, "unrelated", "")
        # the shell's own tools only, and never a real go or temporal
        path = os.pathsep.join([str(self.bin), *dict.fromkeys(tools)])
        self.environ = {"PATH": path, "BUILDS": str(self.builds), "HOME": str(folder)}
        if shutil.which("temporal", path=path) or shutil.which("go", path=path):
            pytest.skip("this machine has go or temporal beside sh")

    def find(self, **given: str) -> ServerSource | None:
        """`find` on this machine."""
        return find(environ=self.environ, cache=self.cache, **given)

    def find_or_build(self, **given: str) -> ServerSource:
        """`find_or_build` on this machine, which has no network."""

        def no_network(_cache: Path) -> ServerBinary:
            raise RuntimeFault("SERVER_DOWNLOAD_FAILED", "no network", hint="install something")

        return find_or_build(environ=self.environ, cache=self.cache, download=no_network, **given)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """An empty machine."""
    return Machine(tmp_path)


def test_each_place_comes_before_the_next(machine: Machine) -> None:
    """Going up the list: each new place wins over those below it."""
    assert machine.find() is None
    _program(machine.bin, "go", _GO)
    assert machine.find() is None
    on_path = _program(machine.bin, "temporal", _CLI)
    found = machine.find()
    assert found is not None
    assert (found.kind, found.path, found.version) == ("cli", on_path, "1.29.1")
    assert "found on PATH" in found.said
    downloaded = _program(machine.cache / "sdk", "temporal-sdk-python", _CLI)
    assert (found := machine.find()) is not None
    assert found.path == downloaded
    built = server_build.cached_binary(machine.cache)
    _program(built.parent, built.name, _SERVER)
    assert (found := machine.find()) is not None
    assert (found.kind, found.path, found.version) == ("server", built, _VERSION)
    named = _program(machine.bin, "my-server", _SERVER)
    machine.environ["LIANXI_TEMPORAL_SERVER"] = str(named)
    assert (found := machine.find()) is not None
    assert found.path == named
    assert "LIANXI_TEMPORAL_SERVER" in found.said
    machine.environ["TEMPORAL_PROFILE"] = "prod"
    assert (found := machine.find()) is not None
    assert (found.kind, found.profile) == ("remote", "prod")
    machine.environ["TEMPORAL_ADDRESS"] = "temporal.example:7233"
    assert (found := machine.find()) is not None
    assert (found.kind, found.address) == ("remote", "temporal.example:7233")
    assert "TEMPORAL_ADDRESS" in found.said
    assert (found := machine.find(address="127.0.0.1:1")) is not None
    assert found.address == "127.0.0.1:1"
    assert not machine.builds.exists()


def test_a_wish_that_cannot_be_met_is_refused_not_replaced(machine: Machine) -> None:
    """LIANXI_TEMPORAL_SERVER never falls through to the next place."""
    _program(machine.bin, "temporal", _CLI)
    machine.environ["LIANXI_TEMPORAL_SERVER"] = str(machine.bin / "unrelated")
    with pytest.raises(RuntimeFault) as caught:
        machine.find()
    assert caught.value.code == "SERVER_BINARY_UNUSABLE"


def test_a_temporal_on_path_that_is_something_else_is_passed_over(machine: Machine) -> None:
    """Only what says that it is Temporal is taken."""
    _program(machine.bin, "temporal", "#!/bin/sh\necho 'a clock 3.1'\n")
    assert machine.find() is None


def test_go_builds_once_into_the_cache(machine: Machine) -> None:
    """Built from the two copied files with the pinned settings, and found the next time."""
    _program(machine.bin, "go", _GO)
    built = machine.find_or_build()
    assert built.path == server_build.cached_binary(machine.cache)
    assert "built with go" in built.said
    assert machine.builds.read_text() == "built local 0 go.mod go.sum \n"
    again = machine.find_or_build()
    assert again.path == built.path
    assert machine.builds.read_text().count("built") == 1
    assert not list(machine.cache.glob("*/.build-*"))


def test_two_at_once_build_once(machine: Machine) -> None:
    """The second waits for the first and takes what it built."""
    _program(machine.bin, "go", _GO)
    found: list[ServerSource] = []
    threads = [
        threading.Thread(target=lambda: found.append(machine.find_or_build())) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({each.path for each in found}) == 1
    assert len(found) == len(threads)
    assert machine.builds.read_text().count("built") == 1


def test_a_failed_build_shows_its_last_lines_and_leaves_nothing(machine: Machine) -> None:
    """The reason stands in the message, the log stays, the cache holds no half server."""
    _program(machine.bin, "go", _GO)
    machine.environ["FAIL"] = "1"
    with pytest.raises(RuntimeFault, match="no route to the module proxy") as caught:
        machine.find_or_build()
    assert caught.value.code == "SERVER_BUILD_FAILED"
    assert Path(caught.value.place).read_text() == "no route to the module proxy\n"
    assert machine.find() is None
    assert not list(machine.cache.glob("*/.build-*"))


def test_without_anything_the_fault_says_what_was_tried(machine: Machine) -> None:
    """Every place is named, so that the reader knows which one to fill."""
    with pytest.raises(RuntimeFault) as caught:
        machine.find_or_build()
    assert caught.value.code == "SERVER_DOWNLOAD_FAILED"
    assert "no `go` on PATH" in caught.value.message


def test_a_go_that_is_too_old_does_not_build(machine: Machine) -> None:
    """Better said at once than after a failed build."""
    _program(machine.bin, "go", _GO)
    machine.environ["FAKE_GO"] = "go1.21.0"
    with pytest.raises(RuntimeFault, match=r"1\.21\.0, 1\.26\.8 is needed"):
        machine.find_or_build()
    assert not machine.builds.exists()
