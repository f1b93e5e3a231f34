"""Checkpoints as people name them: a size, or a file that holds a signed note (cli layer)."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lianxi.cli.client import Client
from lianxi.cli.faults import CliError
from lianxi.cli.language import _
from lianxi.cli.log_watch import Head
from lianxi.domain.refusal import Refusal
from lianxi.proof.notes import MAX_NOTE_BYTES

if TYPE_CHECKING:
    from lianxi.proof.checkpoints import Checkpoint
    from lianxi.proof.notes import Note, NoteKey

_MAX_DIGITS = 16


def head_of(client: Client, given: str) -> Head:
    """A checkpoint of this conference's log by size or file, its log's signature verified."""
    if given.isascii() and given.isdigit() and len(given) <= _MAX_DIGITS:
        text = str(fetched(client, int(given)).get("checkpoint"))
        return Head(opened(client, text)[0], text)
    path = Path(given).expanduser()
    try:
        with path.open("rb") as file:
            data = file.read(MAX_NOTE_BYTES + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CliError("FILE_UNREADABLE", path=given, reason=reason) from None
    try:
        return Head(_open(client, data)[0], data.decode())
    except Refusal as refusal:
        if refusal.code in ("FOREIGN_CHECKPOINT", "CHECKPOINT_SIGNATURE"):
            raise
        raise CliError("CHECKPOINT_FILE_INVALID", path=given, reason=refusal.code) from None


def fetched(client: Client, size: int | None = None) -> dict[str, Any]:
    """What the gateway shows of a checkpoint, the newest where no size is named."""
    try:
        return client.read("checkpoint", size=size)
    except CliError as error:
        if error.code == "INVALID_ARGS" and size is not None:
            raise _none_of(size, client.log.pin.size) from None  # larger than any log can be
        if error.code != "NOT_FOUND":
            raise
        newest = client.log.pin.size
        if size is None or not newest:
            raise CliError("NO_CHECKPOINT") from None
        raise _none_of(size, newest) from None


def _none_of(size: int, newest: int) -> CliError:
    """Not every size is sealed: one checkpoint covers what came since the one before."""
    said = _(
        "The conference's log has no checkpoint of size {size}; its newest is of size {newest}."
    )
    return CliError(
        "NO_CHECKPOINT",
        message=said.format(size=size, newest=newest),
        hint=_("Not every size has one; see the newest: lianxi audit checkpoint."),
        size=size,
        newest=newest,
    )


def opened(client: Client, note: str) -> "tuple[Checkpoint, Note]":
    """A note that the gateway gave."""
    return _open(client, note.encode("utf-8", "surrogatepass"))


def _open(client: Client, data: bytes) -> "tuple[Checkpoint, Note]":
    from lianxi.proof.checkpoints import open_checkpoint

    return open_checkpoint(data, origin=client.place.origin, log_keys=known_log_keys(client))


def known_log_keys(client: Client) -> "list[NoteKey]":
    """Every key of the log that this machine knows, those that sign no more included."""
    from lianxi.proof.notes import NoteKey

    keys = client.log.pin.all_log_keys
    if not keys:
        client.read("me")  # any answer brings the keys along
        keys = client.log.pin.all_log_keys
    if not keys:
        raise CliError("NO_LOG_KEY")
    return [NoteKey.parse(vkey) for vkey in keys]
