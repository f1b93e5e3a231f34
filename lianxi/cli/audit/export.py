"""`lianxi audit export`: the exact events as JSON Lines (cli layer)."""

import os
from pathlib import Path
from typing import BinaryIO

import click

from lianxi.cli.audit.trail import trail
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.language import _
from lianxi.cli.terminal import put_bytes, say
from lianxi.i18n import N_
from lianxi.proof.hashing import event_hash


def _new_private(path: Path) -> BinaryIO:
    """A new file, 0600, to be written piece by piece."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


@verb(
    "export",
    example="lianxi audit export --to trail.jsonl",
    help=N_(
        "Write the exact events to a file.\n\n"
        "One line per event with the exact text that was hashed and the envelope that caused it. A"
        " file that exists is not overwritten."
    ),
)
@option("--to", required=True, metavar="FILE", help=N_("The file; - is standard output."))
@click.pass_obj
def export(flags: Flags, to: str) -> int:
    """Write all, then say how many, and how many hashes do not fit."""
    client = Client(flags)
    count = wrong = 0
    path = Path(to).expanduser()
    if to != "-" and path.exists():
        raise CliError("FILE_UNWRITABLE", path=to, reason=_("it exists already"))
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        target = None if to == "-" else _new_private(draft)
        try:
            for line in trail(client):
                count += 1
                wrong += event_hash(line.event.encode("utf-8", "surrogatepass")) != line.hash
                if target is None:
                    put_bytes(line.raw + b"\n")
                else:
                    target.write(line.raw + b"\n")
        finally:
            if target is not None:
                target.close()
        if target is not None:
            draft.rename(path)
    except OSError as error:
        raise CliError("FILE_UNWRITABLE", path=to, reason=error.strerror or str(error)) from None
    finally:
        if to != "-":
            draft.unlink(missing_ok=True)
    say(_("{count} events written").format(count=count))
    if wrong:
        raise CliError("FINDINGS", count=wrong)
    return 0
