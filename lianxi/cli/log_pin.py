"""What this machine has seen of a conference's log, kept so that it cannot be taken back (cli layer).

log/<16 hex of SHA-256(origin)>/pin.json      the last checkpoint verified, the keys that may sign
log/<…>/roster.json                           the roster verified last: its exact text
log/<…>/rosters.txt                           hashes of verified rosters that an event has named
evidence/<instant>-<what>-<16 hex>.json       what showed that a log contradicts itself

One folder per profile and conference. A pin only ever moves forward: `settle` merges what another
run of the same profile has kept meanwhile.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from lianxi.cli import times
from lianxi.cli.private_files import private_folder, write_private


class Pin(NamedTuple):
    """One conference's log as seen so far.

    `root` is hex; `log_keys` are vkeys that may sign now, `old_log_keys` those that did before,
    `receipt_keys` and `old_receipt_keys` likewise, in hex. `genesis`: the hash of the first roster,
    where everything was verified from it. `unit_keys`: the keys that the roster lists for `unit`;
    `replaced`: those that were lost, as "<instant> <key id>", and act no more from then on;
    `trusted_keys`: those of them its holder knows, besides their own. `tried`: the size at which
    open receipts were last asked for. `since` and `cosigned_at` are instants. `unsigned`: the
    checkpoint was kept while nobody had named the log's key, or another than the trust file does
    now, so that its signature is unverified.
    """

    origin: str
    since: str
    size: int = 0
    root: str = ""
    note: str = ""
    log_keys: tuple[str, ...] = ()
    old_log_keys: tuple[str, ...] = ()
    receipt_keys: tuple[str, ...] = ()
    old_receipt_keys: tuple[str, ...] = ()
    roster_version: int = 0
    roster_hash: str = ""
    genesis: str = ""
    unit: str = ""
    unit_keys: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    trusted_keys: tuple[str, ...] = ()
    tried: int = 0
    cosigned: int = 0
    cosigned_at: str = ""
    unsigned: bool = False

    @property
    def all_log_keys(self) -> tuple[str, ...]:
        """Also those that sign no more: older checkpoints carry their signatures."""
        return (*self.log_keys, *self.old_log_keys)

    @property
    def all_receipt_keys(self) -> tuple[str, ...]:
        """Also those that sign no more: older receipts carry their signatures."""
        return (*self.receipt_keys, *self.old_receipt_keys)

    @property
    def roster(self) -> tuple[int, str]:
        """Version and hash of the roster verified last; (0, "") where none was."""
        return self.roster_version, self.roster_hash


class PinFolder:
    """Where one conference's pin lies."""

    def __init__(self, state: Path, origin: str) -> None:
        self.origin = origin
        self.state = state
        self._folder = state / "log" / sha256(origin.encode()).hexdigest()[:16]

    @property
    def path(self) -> Path:
        """The pin's file."""
        return self._folder / "pin.json"

    def read(self) -> Pin | None:
        """What is kept; None where nothing is, or nothing that can be read."""
        return pin_in(self.path, self.origin)

    def write(self, pin: Pin) -> None:
        """Keep it, durably."""
        write_private(self.path, json.dumps({"v": 1, **pin._asdict()}, indent=1).encode() + b"\n")

    def change(self, **changes: Any) -> Pin:
        """Change some fields of what is kept by now; the pin as it then is."""
        with self.held():
            pin = self.read() or Pin(self.origin, times.spell(times.now()))
            pin = pin._replace(**changes)
            self.write(pin)
        return pin

    def roster(self, pin: Pin) -> str | None:
        """The text of the roster that the pin names; None where it is not kept, or another one is."""
        try:
            data = (self._folder / "roster.json").read_bytes()
        except OSError:
            return None
        return data.decode() if sha256(data).hexdigest() == pin.roster_hash else None

    def keep_roster(self, text: str, before: tuple[int, str], **fields: Any) -> Pin | None:
        """Keep a verified roster's text and the pin that names it, in one go; the pin as it then is.

        `before`: the roster it was verified from. None, and nothing is kept, where another run has
        kept another roster meanwhile: from that one it is to be verified too.
        """
        reached = (fields["roster_version"], fields["roster_hash"])
        with self.held():
            kept = self.read()
            if kept is not None and kept.roster not in (before, reached):
                return None
            write_private(self._folder / "roster.json", text.encode())
            pin = (kept or Pin(self.origin, times.spell(times.now())))._replace(**fields)
            self.write(pin)
        return pin

    def past_rosters(self) -> frozenset[str]:
        """Hashes of rosters that are verified, as far as they were needed."""
        try:
            return frozenset((self._folder / "rosters.txt").read_text("ascii").split())
        except (OSError, UnicodeDecodeError):
            return frozenset()

    def keep_past_rosters(self, hashes: Iterable[str]) -> None:
        """Keep the hashes of a verified chain of rosters."""
        write_private(self._folder / "rosters.txt", "\n".join(hashes).encode("ascii"))

    def keep_evidence(self, what: str, content: Mapping[str, Any], about: object = None) -> Path:
        """Keep what shows a contradiction; its path.

        Of one thing once: `about` says what that is, else the content itself does. A gateway that
        goes on lying, or a command that is repeated, fills no disk.
        """
        same = json.dumps([self.origin, about or content], sort_keys=True)
        name = f"{what}-{sha256(same.encode()).hexdigest()[:16]}.json"
        folder = self.state / "evidence"
        known = next(iter(sorted(folder.glob(f"*-{name}"))), None)
        if known is not None:
            return known
        now = times.spell(times.now())
        path = folder / f"{now.replace(':', '').replace('.', '')}-{name}"
        document = {"v": 1, "what": what, "at": now, "origin": self.origin, **content}
        write_private(path, json.dumps(document, indent=1).encode() + b"\n")
        return path

    @contextmanager
    def held(self) -> Iterator[None]:
        """Alone among the runs of this profile, for the moment of a write."""
        private_folder(self._folder)
        handle = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if os.name == "posix":  # elsewhere two runs at once may ask twice, no more
                import fcntl

                fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def pin_in(path: Path, origin: str) -> Pin | None:
    """The pin of a file, if it is one, and of this conference."""
    try:
        content = json.loads(path.read_bytes())
        if content.pop("v") != 1 or content["origin"] != origin:
            return None
        lists = {name: tuple(value) for name, value in content.items() if isinstance(value, list)}
        pin = Pin(**{**content, **lists})
        bytes.fromhex(pin.root)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return pin if isinstance(pin.size, int) and isinstance(pin.note, str) else None
