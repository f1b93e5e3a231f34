"""`lianxi demo`: the sample conference, running, with tasks in several states (cli layer).

Everything is done by the command line itself, through gateway and workflows: the acts below are
commands that somebody could have typed. Run again, it finds what is there and changes nothing.
"""

import json
import shlex
import shutil
import sys
import tempfile
import time
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import click

import lianxi
from lianxi.cli.conference.roster_file import read_roster_file
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, verb
from lianxi.cli.kept import Shelf
from lianxi.cli.keyfile import Key, make_key, read_key
from lianxi.cli.language import _, current
from lianxi.cli.machine.demo_receipt import UNIT as RECEIPT_UNIT
from lianxi.cli.machine.demo_receipt import Proven, checked_receipt
from lianxi.cli.machine.plan import data_option, data_path, faults_shown, plan_of
from lianxi.cli.private_files import write_private
from lianxi.cli.profiles import Home, Settings, acting_as, free_profile, save_profile
from lianxi.cli.request_ids import new_request_id
from lianxi.cli.terminal import put, say, tick
from lianxi.cli.transport import Gateway
from lianxi.errors import Exit
from lianxi.i18n import N_
from lianxi.proof.possession import proof_of_possession

if TYPE_CHECKING:
    from lianxi.runtime.status import SetStatus

CONFERENCE = "demo"
SAMPLE = Path(lianxi.__file__).parent / "sample"

TASKS = ("service-day", "law-talks", "job-fairs", "reading-rooms", "weather-drill", "yearly-duties")
"""The sample's task files in the order in which they are issued: T-0001 to T-0006."""

ATTEMPTS = 3
"""How often a step without a definite answer is given: on a slow machine the trail comes late."""

SEAL_SECONDS = "5"

REPORT = "已按要求完成。Done as asked; see the evidence.\n"

ACTS: tuple[tuple[str, str], ...] = (
    ("U04", "ack T-0001"),
    ("U04", "task progress T-0001 --percent 60 --text 十八个站点中已设立十一个"),
    ("U16", "ack T-0001"),
    ("U27", "task submit T-0001 --report {report}"),
    ("U05", "task submit T-0002 --report {report}"),
    ("U01", "task submit T-0002 --report {report}"),
    ("U26", "task submit T-0002 --report {report} --wait recorded"),
    ("office", "task accept T-0002 --unit U05"),
    ("office", "task accept T-0002 --unit U01"),
    ("office", "task accept T-0002 --unit U26"),
    ("U03", "ack T-0003"),
    ("U25", "task submit T-0004 --report {report} --wait recorded"),
    ("office", "task return T-0004 --unit U25 --due 5wd --reason 请补充各阅览室的开放时间表"),
    ("U15", "ack T-0004"),
    ("convener", "task cancel T-0005 --reason 与上级演练合并 --yes"),
    ("U09", "ack T-0006"),
    ("U18", "task progress T-0006 --percent 30 --wait recorded"),
)
"""Who types what. Nobody acts for U07 on T-0003: that is left to the reader."""

NEXT = (
    ("U07", "lianxi todo"),
    ("U07", "lianxi ack T-0003"),
    ("U07", "lianxi task show T-0003"),
    ("U07", "lianxi deadline explain T-0003"),
    ("office", "lianxi todo"),
    ("auditor", "lianxi audit verify"),
)
"""What to type first, and as whom."""


@verb(
    "demo",
    example="lianxi demo",
    help=N_(
        "A running sample conference to try things with.\n\n"
        "Starts server, worker and gateway in the background, founds the sample conference with 28"
        " invented units, issues six tasks and lets some units act. This machine holds all keys."
        " Run again, it finds what is there. Stop it with lianxi down."
    ),
)
@data_option
@click.pass_obj
def demo(flags: Flags, data: str | None) -> None:
    """Up, founded, lived in; then what to type next."""
    begun = time.monotonic()
    with faults_shown():
        from lianxi.runtime.up import up

        # so often that the receipt below need not wait; `lianxi up` seals as the settings say
        plan = plan_of(data)
        environment = plan.environment | {"LIANXI_SEAL_SECONDS": SEAL_SECONDS}
        running = up(replace(plan, environment=environment), detached=True, found_ok=True)
    stage = Stage(Settings.of(flags).home, running.gateway, data_path(data).absolute())
    stage.found()
    stage.cast_units()
    stage.play()
    proven = checked_receipt(stage)
    _show(stage, running, time.monotonic() - begun, proven)


@dataclass(frozen=True)
class Stage:
    """The demo's conference at one gateway, and the profiles of everybody in it."""

    home: Home
    gateway: str
    data: Path

    @property
    def origin(self) -> str | None:
        """The origin under which the gateway serves the conference; None before the founding."""
        answer = Gateway(self.gateway, None).request("GET", "/v1/conferences").document()
        known = {entry["conference"]: entry["origin"] for entry in answer["conferences"]}
        return known.get(CONFERENCE)

    def found(self) -> None:
        """Found the conference unless it stands."""
        if self.origin is not None:
            return
        tick(_("founding the sample conference"))
        self._types(
            "conference", "init", "--id", CONFERENCE, "--custody", "demo",
            "--name-en", "Sample Joint Conference", "--name-zh", "示例联席会议",
            "--zone", "Asia/Shanghai", "--country", "CN", "--roster", str(SAMPLE / "roster.csv"),
            "--data", str(self.data), "--gateway", self.gateway, "--wait", "recorded",
            "--request-id", new_request_id(),
        )  # fmt: skip

    def cast_units(self) -> None:
        """A key, a profile and a place in the roster for everybody."""
        origin = self.origin
        if origin is None:
            raise CliError("UNKNOWN_CONFERENCE", conference=CONFERENCE)
        for side in ("convener", "office"):
            path = self.home.keys / f"{CONFERENCE}-{origin[-16:-8]}-{side}.key"
            if not path.exists():
                raise CliError("DEMO_KEYS_MISSING", path=str(path), data=str(self.data))
            self._profile(read_key(path), origin)
        keys = {unit: self._key(unit, origin) for unit in (*_units(), "auditor")}
        held = self._registered()
        missing = [unit for unit, key in keys.items() if key.signer.key_id not in held]
        if missing:
            self._register([keys[unit] for unit in missing], origin)
        tick("")

    def play(self) -> None:
        """Issue the tasks and let the units act. Each act keeps its request id: a repeat changes nothing."""
        for name in TASKS:
            tick(_("issuing {name}").format(name=name))
            path = SAMPLE / "tasks" / f"{name}.yaml"
            self.speaks("office", "task", "issue", "-f", str(path), "--wait", "recorded")
        report = self.data / "report.txt"
        write_private(report, REPORT.encode())
        request_ids = self._request_ids()
        for number, (unit, line) in enumerate(ACTS, 1):
            request_id = request_ids[number - 1]
            if Shelf(self.home.state / self.profile(unit)).receipt(request_id) is not None:
                continue
            tick(_("act {number} of {total}").format(number=number, total=len(ACTS)))
            words = [word.format(report=report) for word in line.split(" ")]
            self.speaks(unit, *words, "--request-id", request_id)
        tick("")

    # --- inside ---

    def _key(self, unit: str, origin: str) -> Key:
        path = self.data / "keys" / f"{origin[-16:-8]}-{unit}.key"
        key = (
            read_key(path)
            if path.exists()
            else make_key(path, unit=unit, conference=CONFERENCE, origin=origin)
        )
        self._profile(key, origin)
        return key

    def _profile(self, key: Key, origin: str) -> None:
        values = {
            "gateway": self.gateway,
            "conference": CONFERENCE,
            "origin": origin,
            "unit": key.unit,
            "key": str(key.path.absolute()),
        }
        settings = self._settings()
        name = free_profile(settings, key.unit, CONFERENCE)
        if settings.profiles.get(name) != values:
            save_profile(self.home, name, values)

    def _registered(self) -> set[str]:
        from lianxi.cli.client import Client

        rows = Client(acting_as(self.profile("office"))).read("units")["items"]
        return {key_id for row in rows for key_id in row["keys"]}

    def _register(self, keys: list[Key], origin: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            requests = []
            for key in keys:
                request = Path(folder) / f"{key.unit}.json"
                possession = proof_of_possession(key.signer, origin=origin, unit=key.unit)
                write_private(request, possession)
                requests.append(str(request))
            tick(_("registering {total} keys").format(total=len(keys)))
            self.speaks("convener", "key", "register", *requests, "--yes")

    def profile(self, unit: str) -> str:
        """The profile's name: the unit's id, unless another conference has that name here."""
        return free_profile(self._settings(), unit, CONFERENCE)

    def _settings(self) -> Settings:
        return Settings(self.home, Flags(), {})

    def speaks(self, unit: str, *words: str) -> str:
        """As `demo_receipt.Speaker`."""
        return self._types(*words, "--profile", self.profile(unit))

    def _types(self, *words: str) -> str:
        """Run a command line in this process; what it prints is shown only if it fails.

        Answers what it said on stdout.
        """
        from lianxi.cli.main import main

        for _attempt in range(ATTEMPTS):
            printed, talk = StringIO(), StringIO()
            with redirect_stdout(printed), redirect_stderr(talk):
                # each run of main chooses its language anew, for the whole process
                code = main([*words, "--no-input", "--lang", current()])
            if code != Exit.PENDING:
                break
        if code != Exit.OK:
            say(printed.getvalue() + talk.getvalue())
            raise CliError("DEMO_STEP_FAILED", step=f"lianxi {' '.join(words)}")
        return printed.getvalue()

    def _request_ids(self) -> list[str]:
        """The acts' request ids in this founding: made once, kept beside the units' keys."""
        path, origin = self.data / "keys" / "demo-requests.json", str(self.origin)
        try:
            kept = json.loads(path.read_bytes())
        except (OSError, ValueError):
            kept = {}
        ids = [str(each) for each in kept.get(origin, ())]
        if len(ids) < len(ACTS):
            ids += [new_request_id() for _act in ACTS[len(ids) :]]
            write_private(path, json.dumps({**kept, origin: ids}, indent=1).encode() + b"\n")
        return ids


def _units() -> list[str]:
    rows = read_roster_file((SAMPLE / "roster.csv").read_bytes())
    return [row.unit for row in rows]


def _show(stage: Stage, running: "SetStatus", seconds: float, proven: Proven) -> None:
    put(
        _("gateway {gateway}   Temporal {temporal} ({server})").format(
            gateway=running.gateway, temporal=running.temporal, server=running.server
        )
    )
    put(
        _("data {data}   {units} units, {tasks} tasks   ready in {seconds} s").format(
            data=running.data, units=len(_units()), tasks=len(TASKS), seconds=f"{seconds:.0f}"
        )
    )
    put(_("This machine holds all keys (demo custody): authorship is not proven here."))
    _show_receipt(proven)
    label = _("next:")
    for number, (unit, command) in enumerate(NEXT):
        line = f"{_command_path()}{command.removeprefix('lianxi')} {_as(stage, unit)}"
        put(f"{label if number == 0 else '':<6} {line}")
    activation = _activation()
    if activation is not None:
        put(_("lianxi is not on the PATH yet: {command}").format(command=activation))


def _show_receipt(proven: Proven) -> None:
    said = _("A receipt of {unit}, checked without the gateway: {verdict}")
    put(said.format(unit=RECEIPT_UNIT, verdict=proven.verdict))
    files = (str(proven.receipt), "--trust", str(proven.trust))
    put(f"       {_command_path()} {shlex.join(['audit', 'check-receipt', *files])}")


def _as(stage: Stage, unit: str) -> str:
    name = stage.profile(unit)
    return f"--as {unit}" if name == unit else f"--profile {name}"


def _command_path() -> str:
    """How this very program was called, so that what is printed can be typed."""
    called = Path(sys.argv[0])
    return "lianxi" if called.name != "lianxi" else sys.argv[0]


def _activation() -> str | None:
    """What puts this program on the PATH, where it lies in an environment that is not active."""
    folder = Path(sys.argv[0]).absolute().parent
    script = folder / "activate"
    on_path = shutil.which("lianxi")
    if not script.is_file() or (on_path is not None and Path(on_path).parent == folder):
        return None
    near = script.relative_to(Path.cwd()) if script.is_relative_to(Path.cwd()) else script
    return shlex.join(["source", str(near)])
