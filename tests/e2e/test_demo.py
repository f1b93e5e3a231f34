"""`lianxi demo` on a fresh machine: it ends with a receipt that holds without us, by hand too."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT, House, house_at

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def demo_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A set that the demo itself starts, its checkpoints kept beside it."""
    made = house_at(tmp_path_factory.mktemp("demo"))
    made.settings["LIANXI_ANCHORS_DIR"] = str(made.folder / "anchors")
    yield made
    made.operator.types("down")


@pytest.fixture(scope="module")
def said(demo_house: House) -> str:
    """What the demo prints."""
    return demo_house.operator.types("demo")


def test_it_ends_with_a_receipt_that_is_proven(demo_house: House, said: str) -> None:
    """The command it prints works as printed, with the gateway stopped being asked."""
    assert "PROVEN" in said
    (line,) = re.findall(r"^ +\S*lianxi (audit check-receipt .*)$", said, re.MULTILINE)
    elsewhere = demo_house.person("elsewhere", LIANXI_GATEWAY="http://127.0.0.1:9")
    checked = elsewhere.types(*line.split())
    assert "cosigned" in checked
    assert "PROVEN" in checked


@pytest.mark.skipif(
    not all(shutil.which(tool) for tool in ("jq", "xxd", "sha256sum", "bash")),
    reason="jq, xxd or sha256sum is not installed",
)
def test_the_receipt_holds_by_hand(demo_house: House, said: str, tmp_path: Path) -> None:
    """The script of docs/proof.md, as it stands there: digest equals digest, root equals root."""
    assert said
    text = (ROOT / "docs" / "proof.md").read_text(encoding="utf-8")
    (script,) = re.findall(r"```sh\n(f=receipts\.json.*?)```", text, re.DOTALL)
    shutil.copy(demo_house.data / "demo-receipt.json", tmp_path / "receipts.json")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    payload, named, computed, signed = (line.split()[0] for line in done.stdout.splitlines())
    assert payload == named
    assert computed == signed
    event = (tmp_path / "event").read_bytes()
    (tmp_path / "event").write_bytes(event.replace(b'"at":"20', b'"at":"19', 1))
    edited = script.replace("jq -j '.receipts[0].events[-1]' $f > event", ":")
    again = subprocess.run(
        ["bash", "-c", edited], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    *_, computed, signed = (line.split()[0] for line in again.stdout.splitlines())
    assert computed != signed


def test_again_it_finds_what_is_there(demo_house: House, said: str) -> None:
    """Nothing is issued twice, and the receipt still holds."""
    assert said
    again = demo_house.operator.types("demo")
    assert "PROVEN" in again
    assert (
        len(demo_house.operator.reads("task", "list", "--by", "task", "--as", "office")["items"])
        == 6
    )
