"""What goes into a bundle, fetched page by page over the gateway (cli layer, no pydantic)."""

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import NamedTuple

from lianxi import __version__
from lianxi.cli import times
from lianxi.cli.audit.bundle import BundledEvent, BundleWriter
from lianxi.cli.audit.listing import texts_in
from lianxi.cli.audit.trail import trail
from lianxi.cli.client import Client, items_of
from lianxi.cli.faults import CliError
from lianxi.proof.hashing import event_hash

CHECKPOINT_PAGE = 100
"""The gateway's largest page of checkpoints."""

_NO_LOG = ("NOT_FOUND",)
_UNREADABLE = ("NOT_ALLOWED",)
_GONE = ("NOT_FOUND", "OPENING_MISSING")


class Written(NamedTuple):
    """How much a bundle holds, and how many hashes do not fit."""

    events: int
    checkpoints: int
    wrong: int


def write_bundle(client: Client, bundle: BundleWriter, *, texts: bool) -> Written:
    """The whole conference as the gateway gives it now, up to its newest checkpoint and behind.

    Leaves count up to that checkpoint only: an event that is sealed while this runs would otherwise
    be a leaf before one that was read earlier, as not yet sealed. What happens while this runs is
    left out: a busy conference never ends.
    """
    size, made_at = _newest_size(client), times.spell(times.now())
    bundle.begin(
        origin=client.place.origin,
        conference=client.place.conference,
        made_at=made_at,
        by=f"lianxi {__version__}",
        size=size,
        texts=texts,
    )
    if size:
        _put_log(client, bundle, size)
    wrong = 0
    seen: set[str] = set()
    for line in trail(client):
        leaf = line.leaf if line.leaf is not None and line.leaf < size else None
        if leaf is None and _at(line.event) > made_at:
            continue
        row = BundledEvent(line.stream, line.seq, line.hash, line.event)
        bundle.event(row, line.envelope, leaf=leaf)
        wrong += event_hash(line.event.encode("utf-8", "surrogatepass")) != line.hash
        if texts:
            for commit, length in _texts_of(line.event):
                if commit not in seen:
                    seen.add(commit)
                    _put_text(client, bundle, commit, length)
    bundle.end()
    return Written(bundle.counts["event"], bundle.counts["checkpoint"], wrong)


def _newest_size(client: Client) -> int:
    """How many leaves the newest checkpoint covers; 0 where there is none."""
    try:
        size = client.read("checkpoint").get("size")
    except CliError as error:
        if error.code in _NO_LOG:
            return 0
        raise
    if not isinstance(size, int) or size < 0:
        raise CliError("ANSWER_UNREADABLE", reason="checkpoint")
    return size


def _put_log(client: Client, bundle: BundleWriter, size: int) -> None:
    """Witnesses as they are known to the gateway, and each checkpoint with all its signatures."""
    for witness in items_of(client.read("witnesses")):
        bundle.put("witness", {name: str(witness.get(name, "")) for name in ("name", "vkey")})
    since: int | None = 0
    while since is not None:
        page = client.read("checkpoints", since=since, limit=CHECKPOINT_PAGE)
        for listed in items_of(page):
            note, of = listed.get("checkpoint"), listed.get("size")
            if not isinstance(note, str) or not isinstance(of, int):
                raise CliError("ANSWER_UNREADABLE", reason="checkpoint")
            if of <= size:
                bundle.put("checkpoint", {"note": note})
        following = page.get("next")
        if following is not None and (not isinstance(following, int) or following <= since):
            raise CliError("ANSWER_UNREADABLE", reason="next")
        since = None if following is None or following > size else following


def _at(event: str) -> str:
    """When it happened, as it stands; empty for what is no event, which the bundle then shows."""
    try:
        return str(json.loads(event)["at"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


def _texts_of(event: str) -> Iterator[tuple[str, int]]:
    try:
        data = json.loads(event)["data"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return
    yield from texts_in(data)


def _put_text(client: Client, bundle: BundleWriter, commit: str, size: int) -> None:
    """The text where the caller may read it; that it was redacted, or is missing, is said."""
    try:
        content, media, salt = client.salted_opening(commit, size)
    except CliError as error:
        if error.code == "REDACTED":
            bundle.put("redacted", {"commit": commit})
        elif error.code in _GONE:
            bundle.put("missing", {"commit": commit})
        elif error.code not in _UNREADABLE:
            raise
        return
    fields = {"commit": commit, "salt": salt.hex(), "media": media}
    bundle.put("text", {**fields, "bytes": b64encode(content).decode("ascii")})
