"""`lianxi audit export --bundle`, `trust` and `as-of --bundle` against the real gateway on a sealed store."""

import json
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
import uvicorn

import verify_bundle
from lianxi.domain.values import format_instant
from lianxi.gateway.app import create_app
from lianxi.proof.checkpoints import Checkpoint, cosign, log_key, signature_line, witness_key
from lianxi.proof.keys import Signer
from lianxi.service_keys import PublicKeys
from lianxi.store import cosigning
from lianxi.store.sealing import SqlSealer
from lianxi.store.store import open_store
from lianxi.store.tree_reads import newest_checkpoint
from tests.cli.machines import Machine, Result
from tests.gateway.house import House, args
from tests.store.fresh import fresh_trail
from tests.store.scenario import Scenario

LOG = Signer(b"\x41" * 32)
WITNESS = Signer(b"\x43" * 32)
LOG_PUBLIC = LOG.public_key.hex()
STRANGER = witness_key("stranger", Signer(b"\x44" * 32).public_key).vkey()


@dataclass
class Served:
    """The gateway, and the auditor's machine."""

    house: House
    auditor: Machine
    task: str

    def seal(self, *, cosigned: bool = True) -> int:
        """A turn of the sealer; U01 cosigns the newest checkpoint. Its size."""
        store, origin = self.house.store, self.house.scenario.origin
        assert store.writer is not None
        now = datetime.now(UTC)
        SqlSealer(store.writer, store.engine, lambda: [LOG], store.anchors).seal(now)
        self.house.services.heads._heads.clear()
        with store.engine.connect() as connection:
            newest = newest_checkpoint(connection, origin)
        assert newest is not None
        if cosigned:
            name = f"{origin}/U01/laptop"
            checkpoint = Checkpoint(origin, newest.size, newest.root)
            second = int(now.timestamp())
            line = signature_line(cosign(checkpoint, name, WITNESS, second))
            vkey = witness_key(name, WITNESS.public_key).vkey()
            kept = cosigning.Cosignature(origin, newest.size, name, "U01", vkey, second, line)
            cosigning.keep_cosignature(store.writer, kept, format_instant(now))
        return newest.size


def _lived() -> tuple[Scenario, str]:
    """Three days up to this minute, so that the clocks of client and gateway agree."""
    scenario = Scenario.today(now=datetime.now(UTC) - timedelta(days=3)).register_all()
    task = scenario.issue("plan-1", text=args(scenario.text("What is to be done")))
    scenario.act("U01", task, "acknowledge")
    scenario.pass_time(days=1, hours=6)
    scenario.submit("U01", task)
    scenario.accept("U01", task)
    scenario.act("U02", task, "progress", percent=40, text=args(scenario.text("part", "U02")))
    scenario.now = datetime.now(UTC)
    return scenario, task


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A conference that lived three days, served over HTTP, not yet sealed."""
    scenario, task = _lived()
    url = fresh_trail(f"sqlite:///{tmp_path}/trail/trail.db")
    with open_store(url, tmp_path / "evidence", writable=True, busy_seconds=0.5) as store:
        house = House(scenario, store)
        services = replace(house.services, public_keys=lambda: PublicKeys(LOG_PUBLIC, None))
        house.services, app = services, create_app(services)
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            port = server.servers[0].sockets[0].getsockname()[1]
            home = tmp_path / "auditor"
            home.mkdir()
            yield Served(house, _machine(home, scenario, port), task)
        finally:
            server.should_exit = True
            thread.join()


def _machine(home: Path, scenario: Scenario, port: int) -> Machine:
    """The auditor's, with a profile made by hand."""
    signer = scenario.signer("auditor")
    seed = sha256(f"{scenario.name}/auditor".encode()).digest()
    key = home / "auditor.key"
    content = {"v": 1, "alg": "ed25519", "unit": "auditor", "key_id": signer.key_id}
    content |= {"public_key": signer.public_key.hex(), "seed": seed.hex()}
    key.write_text(json.dumps(content))
    key.chmod(0o600)
    machine = Machine(home, f"http://127.0.0.1:{port}")
    machine.run("config", "set", "key", str(key), ok=True)
    return machine


def verified(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """verify_bundle.py as on an empty machine."""
    return subprocess.run(
        [sys.executable, "-I", "-S", verify_bundle.__file__, *words],
        env={},
        cwd=home,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_what_the_gateway_gives_is_verified_on_an_empty_machine(served: Served) -> None:
    """Export, trust file, verification: witnessed by one, all texts open, nothing found."""
    served.seal()
    auditor = served.auditor
    told = auditor.run("audit", "export", "--bundle", "a.bundle", "--with-texts", ok=True)
    assert "verify_bundle.py" in told.err
    auditor.run("audit", "trust", "--to", "trust.json", "--quorum", "1", ok=True)
    done = verified(auditor.home, "a.bundle", "--trust", "trust.json", "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["findings"], report["flags"]) == (0, [], [])
    assert report["checked"]["leaves"] == report["checked"]["events"] == report["witnessed"]
    assert report["checked"]["cosignatures"] == 1
    assert report["checked"]["texts"] > 3
    assert (auditor.home / "a.bundle").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("beside", [False, True])
def test_verify_compares_the_trust_file_and_says_what_its_quorum_cosigned(
    served: Served, tmp_path: Path, beside: bool
) -> None:
    """Over the gateway as beside the store; another conference's is refused."""
    auditor, size = served.auditor, served.seal()
    auditor.run("audit", "trust", "--to", "trust.json", "--quorum", "1", ok=True)
    told = json.loads((auditor.home / "trust.json").read_bytes())
    origin, data = told["origin"], ("--data", str(tmp_path)) if beside else ()

    def judged(**changes: str) -> Result:
        auditor.file("other.json", json.dumps(told | changes))
        return auditor.run("audit", "verify", *data, "--trust", "other.json", "-o", "json")

    def codes(result: Result) -> set[str]:
        # the store's files lie elsewhere than those of a data directory
        return {f["code"] for f in result.json["findings"]} - {"OPENING_MISSING"}

    good = judged()
    assert (good.json["witnessed"], codes(good)) == ({origin: size}, set())
    unwitnessed = judged(policy="\n".join(["witness a " + STRANGER, "quorum a", ""]))
    assert unwitnessed.json["witnessed"] == {origin: None}
    assert judged(policy="quorum none\n").json["witnessed"] == {}
    found = judged(genesis="0" * 64)
    assert (found.code, codes(found)) == (1, {"GENESIS_FOREIGN"})
    other = origin[:-1] + ("0" if origin[-1] != "0" else "1")
    refused = judged(
        origin=other, log=log_key(other, LOG.public_key).vkey(), policy="quorum none\n"
    )
    assert (refused.code, refused.error["code"]) == (2, "TRUST_FOREIGN")


def test_a_trust_file_hides_nothing_of_a_conference_whose_events_are_gone(
    served: Served, tmp_path: Path
) -> None:
    """It is still the conference that the file names, and not the auditor's mistake."""
    auditor = served.auditor
    served.seal()
    auditor.run("audit", "trust", "--to", "trust.json", ok=True)
    with closing(sqlite3.connect(tmp_path / "trail" / "trail.db")) as database, database:
        database.execute("DELETE FROM events")
    words = ("audit", "verify", "--data", str(tmp_path), "--trust", "trust.json", "-o", "json")
    found = auditor.run(*words)
    codes = {finding["code"] for finding in found.json["findings"]}
    assert found.code == 1
    assert codes >= {"LEAF_WITHOUT_EVENT", "GENESIS_FOREIGN"}


def test_an_export_is_never_written_over_another_file(served: Served) -> None:
    """Nor is a draft left behind."""
    auditor = served.auditor
    auditor.file("a.bundle", "mine")
    assert auditor.run("audit", "export", "--bundle", "a.bundle").code == 1
    assert (auditor.home / "a.bundle").read_text() == "mine"
    assert [path.name for path in auditor.home.glob(".*bundle*")] == []
    for words in ((), ("--to", "x", "--bundle", "y"), ("--to", "x", "--with-texts")):
        assert auditor.run("audit", "export", *words, "-o", "json").error["code"] == "USAGE"


def test_before_the_first_checkpoint_a_bundle_has_no_tree(served: Served) -> None:
    """It says so, and is what it is: events, chains, signatures."""
    auditor = served.auditor
    auditor.run("audit", "export", "--bundle", "a.bundle", ok=True)
    done = verified(auditor.home, "a.bundle")
    assert done.returncode == 3
    assert "the tree: the bundle holds no checkpoint" in done.stdout
    assert "texts behind the commitments: the bundle holds none" in done.stdout


def test_what_is_not_sealed_yet_stands_behind_the_tree(served: Served) -> None:
    """Events beyond the newest checkpoint come along without a leaf."""
    size = served.seal()
    served.house.scenario.act("U01", served.house.issue("plan-2"), "acknowledge")
    served.house.record()
    auditor = served.auditor
    auditor.run("audit", "export", "--bundle", "a.bundle", ok=True)
    report = json.loads(verified(auditor.home, "a.bundle", "--json").stdout)
    assert (report["checked"]["leaves"], report["findings"]) == (size, [])
    assert report["checked"]["events"] == size + 3


def test_what_happens_while_a_bundle_is_written_is_left_out(served: Served) -> None:
    """A conference that is never quiet has an end all the same: the instant that the bundle names."""
    size = served.seal()
    served.house.scenario.now += timedelta(minutes=4)
    served.house.issue("plan-2")
    served.house.record()
    served.auditor.run("audit", "export", "--bundle", "joint.bundle", ok=True)
    data = (served.auditor.home / "joint.bundle").read_bytes()
    lines = [json.loads(line) for line in data.splitlines()]
    events = [line for line in lines if line["type"] == "event"]
    assert len(events) == size
    assert max(json.loads(line["event"])["at"] for line in events) <= lines[0]["made_at"]


def test_a_text_that_was_redacted_is_told_from_one_that_is_missing(served: Served) -> None:
    """The one has its event, the other is a finding."""
    scenario, auditor = served.house.scenario, served.auditor
    progress = json.loads(auditor.run("audit", "list", "-o", "json", ok=True).out)["items"]
    commit = next(
        row["data"]["text"]["commit"] for row in progress if row["kind"] == "ProgressReported"
    )
    reason = args(scenario.text("private", "convener"))
    scenario.ask("convener", "redact", commit=commit, reason=reason)
    served.house.record()
    served.seal()
    auditor.run("audit", "export", "--bundle", "a.bundle", "--with-texts", ok=True)
    report = json.loads(verified(auditor.home, "a.bundle", "--json").stdout)
    assert (report["checked"]["redacted"], report["findings"]) == (1, [])


def test_the_state_of_another_day_is_read_from_a_bundle_offline(served: Served) -> None:
    """The same rows as over the gateway and as verify_bundle.py prints, in both clocks."""
    served.seal()
    auditor = served.auditor
    auditor.run("audit", "export", "--bundle", "a.bundle", ok=True)
    for clock in ((), ("--happened",)):
        for time_ in ("2099-01-01", format_instant(datetime.now(UTC) - timedelta(days=2))):
            asked = ("audit", "as-of", time_, *clock, "-o", "json")
            over = auditor.run(*asked, ok=True).json["items"]
            offline = auditor.run(
                *asked, "--bundle", "a.bundle", ok=True, LIANXI_GATEWAY="http://127.0.0.1:9"
            )
            assert offline.json["items"] == over
            report = json.loads(
                verified(auditor.home, "a.bundle", "--as-of", time_, *clock, "--json").stdout
            )
            names = ("task", "phase", "unit", "role", "state", "due")
            assert report["as_of"] == [{name: row[name] for name in names} for row in over]


def test_a_bundle_that_was_changed_is_refused_by_as_of(served: Served) -> None:
    """Truncated, edited, none at all: code and line, nothing shown."""
    auditor = served.auditor
    auditor.run("audit", "export", "--bundle", "a.bundle", ok=True)
    data = (auditor.home / "a.bundle").read_bytes()
    lines = data.splitlines(keepends=True)
    odd = {
        "cut": b"".join(lines[:-1]),
        "short": data[:-9],
        "edited": data.replace(b'\\"percent\\":40', b'\\"percent\\":41'),
        "label": data.replace(b'"by":"lianxi', b'"by":"Lianxi'),
        "none": b"hello\n",
        "empty": b"",
        "headless": b"".join(lines[1:]),
    }
    for name, content in odd.items():
        assert content != data
        auditor.file(name, content)
        refused = auditor.run("audit", "as-of", "2099-01-01", "--bundle", name, "-o", "json")
        assert (refused.code, refused.error["code"], refused.out) == (2, "BUNDLE_INVALID", ""), name
    assert auditor.run("audit", "as-of", "2099-01-01", "--bundle", "nowhere").code == 2
