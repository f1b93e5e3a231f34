"""The convener's entry: `python starter.py task.yaml [more…]` registers and starts tasks.

Through Temporal, not the gateway: it runs on the conference's own machine, beside the trail, and
signs with the convener's key. A file's `id` is its identity: the same content is found again, other
content refused. Prints one line per file; the exit code is the worst of them (docs/cli.md).
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lianxi.cli.faults import CliError
from lianxi.cli.keyfile import Key, read_key
from lianxi.cli.profiles import Settings as Profiles
from lianxi.cli.profiles import acting_as
from lianxi.cli.request_ids import new_request_id
from lianxi.domain.values import Commitment, format_instant
from lianxi.engine.connection import connect
from lianxi.engine.engine import Engine
from lianxi.engine.outcomes import Accepted, Outcome, Pending, Refused
from lianxi.errors import Exit, entry, fill, in_catalogue
from lianxi.ids import CONFERENCE_STREAM
from lianxi.limit_text import LimitTextError, Place
from lianxi.logs import configure_logs
from lianxi.ports import Opening, StoreUnavailableError
from lianxi.proof.commitments import SALT_BYTES
from lianxi.proof.events import open_event
from lianxi.proof.signing import sign_command
from lianxi.settings import SettingsError, load
from lianxi.store.queries.conference import list_conferences
from lianxi.store.queries.openings import registration_by_ref
from lianxi.store.store import Store, open_store
from lianxi.strict_yaml import YamlFileError
from lianxi.taskfile import TaskFile, commitments, read_task_file, same_content

TEXT = "text/plain"
VALIDITY = timedelta(hours=24)
AGAIN = "it may have been done, give the same command again"
RECORDING = 30.0
"""How long a task that is registered but not yet in the trail is waited for, in seconds."""


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one file."""

    text: str
    exit: Exit


class Starter:
    """Registers task files for one conference with one key."""

    def __init__(self, store: Store, engine: Engine, key: Key, conference: dict[str, str]) -> None:
        self._store = store
        self._engine = engine
        self._key = key
        self._origin = conference["origin"]
        self._place = Place(zone=conference["zone"], closes=conference["closes"])

    async def start(self, path: Path) -> Line:
        """Register and start the task of one file, or find it."""
        try:
            task = read_task_file(await asyncio.to_thread(path.read_bytes))
            found = self._found(task)
            if found is None:
                return await self._register(path, task)
            await self._engine.start_pending()
            return self._compared(path, task, found)
        except (YamlFileError, LimitTextError) as error:
            return Line(f"{path}: {error}", Exit.USAGE)
        except OSError as error:
            return Line(f"{path}: {error.strerror}", Exit.USAGE)
        except StoreUnavailableError:
            return self._refused(path, "STORE_UNAVAILABLE", {})

    def _found(self, task: TaskFile) -> "tuple[str, bool] | None":
        """The task registered under the file's id, and whether its content is the file's."""
        with self._store.engine.connect() as connection:
            known = registration_by_ref(connection, self._origin, task.ref)
        if known is None:
            return None
        salts = {commit: bytes.fromhex(o["salt"]) for commit, o in known["openings"].items()}
        return known["task"], same_content(task, known["args"], salts, self._place)

    async def _register(self, path: Path, task: TaskFile) -> Line:
        salts = {field: os.urandom(SALT_BYTES) for field in task.texts}
        args = commitments(task, salts, self._place)
        self._hand_in(task, salts, args)
        outcome = await self._engine.submit(self._signed(args))
        if isinstance(outcome, Refused) and outcome.code in ("ISSUE_DIFFERS", "ALREADY_REGISTERED"):
            # registered a moment ago: the salts differ, so only the trail can compare the contents
            found = await self._recorded(task)
            if found is None:
                return Line(f"{path}: PENDING, not recorded yet; {AGAIN}", Exit.PENDING)
            return self._compared(path, task, found)
        return self._said(path, outcome)

    def _hand_in(self, task: TaskFile, salts: dict[str, bytes], args: dict[str, object]) -> None:
        """The openings come before the command that commits to them."""
        places = {"title": args["title"], "text": args.get("text"), "basis": args.get("basis")}
        for field, data in task.texts.items():
            stands = places[field]
            commitment = stands["text"] if field == "basis" else stands  # type: ignore[index]
            opening = Opening(Commitment.model_validate(commitment), salts[field], data, TEXT)
            self._store.openings.put(self._origin, opening, self._key.unit, datetime.now(UTC))

    def _signed(self, args: dict[str, object]) -> str:
        now = datetime.now(UTC)
        return sign_command(
            self._key.signer,
            origin=self._origin,
            stream=CONFERENCE_STREAM,
            unit=self._key.unit,
            action="issue",
            args=args,
            request_id=new_request_id(),
            issued_at=format_instant(now),
            not_after=format_instant(now + VALIDITY),
        ).decode()

    async def _recorded(self, task: TaskFile) -> "tuple[str, bool] | None":
        for _ in range(int(RECORDING / 0.1)):
            found = self._found(task)
            if found is not None:
                return found
            await asyncio.sleep(0.1)
        return None

    # --- what is said ---

    def _compared(self, path: Path, task: TaskFile, found: "tuple[str, bool]") -> Line:
        number, same = found
        if same:
            return Line(f"{path}: {number} found, nothing new", Exit.OK)
        return self._refused(path, "ISSUE_DIFFERS", {"ref": task.ref, "task": number})

    def _said(self, path: Path, outcome: Outcome) -> Line:
        match outcome:
            case Accepted(receipt):
                event = receipt.events[-1]
                return Line(
                    f"{path}: {receipt.task} registered and started"
                    f" · seq {event.seq} · {event.hash[:12]}",
                    Exit.OK,
                )
            case Pending(request_id):
                return Line(f"{path}: PENDING {request_id}; {AGAIN}", Exit.PENDING)
            case Refused(code, params):
                return self._refused(path, code, params)

    @staticmethod
    def _refused(path: Path, code: str, params: dict[str, str | int]) -> Line:
        code, params = in_catalogue(code, params)
        known = entry(code)
        text = f"{fill(known.says(params), code, params)} {fill(known.hint, code, params)}"
        return Line(f"{path}: {text} [{code}]", known.exit)


def conference_of(store: Store, wanted: str | None) -> dict[str, str]:
    """The conference to issue for: the one named, or the only one of this trail."""
    with store.engine.connect() as connection:
        known = {row["conference"]: row for row in list_conferences(connection)}
    if wanted is None and len(known) == 1:
        (wanted,) = known
    if wanted is None or wanted not in known:
        raise LookupError(
            f"name the conference with --conference: {', '.join(sorted(known)) or 'none is founded'}"
        )
    row = known[wanted]
    founding = store.trail.event_at(row["origin"], CONFERENCE_STREAM, 1)
    if founding is None:
        raise StoreUnavailableError("the founding is not recorded")
    hours = open_event(founding.data).data["office_hours"]
    return {"origin": row["origin"], "zone": row["zone"], "closes": hours["closes"]}


def convener_key(arguments: argparse.Namespace) -> Key:
    """The key that signs: --key, or that of the profile."""
    if arguments.key is not None:
        return read_key(arguments.key)
    profiles = Profiles.of(acting_as(arguments.profile))
    path = profiles.key_path
    if path is None:
        raise CliError("NO_KEY")
    return read_key(path)


async def main(arguments: argparse.Namespace) -> int:
    """Every file in turn; the exit code."""
    try:
        settings = load(data=arguments.data) if arguments.data else load()
    except SettingsError as error:
        print(f"settings: {error}", file=sys.stderr)
        return int(Exit.USAGE)
    configure_logs("starter", level="WARNING")
    try:
        key = convener_key(arguments)
        # a wrong --data must not make an empty trail
        open_store(settings.trail_url, settings.evidence_dir, writable=False).close()
        with open_store(settings.trail_url, settings.evidence_dir, writable=True) as store:
            conference = conference_of(store, arguments.conference)
            engine = Engine(
                await connect(lazy=True, config_file=settings.temporal_config),
                store.trail,
                task_queue=settings.task_queue,
            )
            starter = Starter(store, engine, key, conference)
            worst = Exit.OK
            for path in arguments.files:
                line = await starter.start(path)
                print(line.text, file=sys.stdout if line.exit is Exit.OK else sys.stderr)
                worst = max(worst, line.exit)
            return int(worst)
    except CliError as error:
        print(f"{error.message} {error.hint} [{error.code}]", file=sys.stderr)
        return error.exit_code
    except (LookupError, StoreUnavailableError) as error:
        print(f"{error}; see lianxi doctor", file=sys.stderr)
        return int(Exit.NOT_FOUND if isinstance(error, LookupError) else Exit.UNREACHABLE)


def parsed(argv: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="starter.py", description="Register and start tasks from task files."
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="task.yaml")
    parser.add_argument("--data", type=Path, help="the data directory (LIANXI_DATA)")
    parser.add_argument("--conference", help="which conference, where the trail holds several")
    parser.add_argument("--profile", default="convener", help="whose key signs (convener)")
    parser.add_argument("--key", type=Path, help="a key file instead of a profile's")
    return parser.parse_args(argv)


if __name__ == "__main__":
    code = asyncio.run(main(parsed(sys.argv[1:])))
    sys.stdout.flush()
    sys.stderr.flush()
    # the SDK's native threads make an ordinary interpreter exit crash now and then, after success
    os._exit(code)
