"""`lianxi audit export`: the exact events as JSON Lines, or a whole bundle for auditors (cli layer)."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from lianxi.cli.audit.trail import trail
from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.grammar import Flags, option, verb
from lianxi.cli.language import _
from lianxi.cli.private_files import taken
from lianxi.cli.terminal import put_bytes, say
from lianxi.i18n import N_
from lianxi.proof.hashing import event_hash
from lianxi.whole_files import place_new


@verb(
    "export",
    example=(
        "lianxi audit export --to trail.jsonl\n"
        "lianxi audit export --bundle joint.bundle --with-texts"
    ),
    help=N_(
        "Write the exact events to a file.\n\n"
        "--to: one line per event with the exact text that was hashed and the envelope that caused it."
        " --bundle: with checkpoints, cosignatures and witnesses too, to be checked on any machine by"
        " verify_bundle.py. A file that exists is not overwritten."
    ),
)
@option("--to", metavar="FILE", help=N_("The file; - is standard output."))
@option("--bundle", metavar="FILE", help=N_("Write a bundle to this file."))
@option(
    "--with-texts", is_flag=True, help=N_("Put the texts that you may read into the bundle too.")
)
@click.pass_obj
def export(flags: Flags, to: str | None, bundle: str | None, with_texts: bool) -> int:  # noqa: FBT001  click hands a switch over so
    """Write all, then say how many, and how many hashes do not fit."""
    if (to is None) == (bundle is None):
        raise CliError("USAGE", command="lianxi audit export", reason=_("name --to or --bundle"))
    if with_texts and bundle is None:
        reason = _("--with-texts belongs to --bundle")
        raise CliError("USAGE", command="lianxi audit export", reason=reason)
    client = Client(flags)
    wrong = _write_bundle(client, bundle, with_texts) if bundle else _write_trail(client, str(to))
    if wrong:
        raise CliError("FINDINGS", count=wrong)
    return 0


def _write_trail(client: Client, to: str) -> int:
    """The trail's own lines; answers how many hashes do not fit."""
    if to == "-":
        return _copy(client, put_bytes)
    with _new_file(to) as target:
        return _copy(client, target.write)


def _copy(client: Client, write: Callable[[bytes], object]) -> int:
    count = wrong = 0
    for line in trail(client):
        count += 1
        wrong += event_hash(line.event.encode("utf-8", "surrogatepass")) != line.hash
        write(line.raw + b"\n")
    say(_("{count} events written").format(count=count))
    return wrong


def _write_bundle(client: Client, to: str, texts: bool) -> int:  # noqa: FBT001  as above
    from lianxi.cli.audit.bundle import NOT_BY_ITSELF, BundleWriter
    from lianxi.cli.audit.bundling import write_bundle

    with _new_file(to) as target:
        written = write_bundle(client, BundleWriter(target), texts=texts)
    said = _("{events} events and {checkpoints} checkpoints written")
    say(said.format(events=written.events, checkpoints=written.checkpoints))
    say(_(NOT_BY_ITSELF).format(path=to))
    return written.wrong


@contextmanager
def _new_file(to: str) -> Iterator[BinaryIO]:
    """A file, 0600, that has its name once it is whole; never in the place of another one."""
    path = Path(to).expanduser()
    if path.exists():
        raise taken(to)
    draft = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
            yield target
            target.flush()
            os.fsync(target.fileno())
        place_new(draft, path)
    except FileExistsError:
        raise taken(to) from None
    except OSError as error:
        raise CliError("FILE_UNWRITABLE", path=to, reason=error.strerror or str(error)) from None
    finally:
        draft.unlink(missing_ok=True)
