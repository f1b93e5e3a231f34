"""The trail over the gateway: exact bytes, page by page (cli layer)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lianxi.cli.client import PAGE, Client
from lianxi.cli.faults import CliError
from lianxi.cli.language import _
from lianxi.cli.terminal import tick


@dataclass(frozen=True, slots=True)
class Line:
    """One event of the trail as it came, and the whole line."""

    position: int
    stream: str
    seq: int
    hash: str
    event: str
    envelope: str | None
    raw: bytes
    leaf: int | None = None
    """Its place in the log's tree; None while it is not sealed."""


def trail(client: Client) -> Iterator[Line]:
    """Every event in the store's order."""
    after: str | None = None
    count = 0
    while True:
        answer = client.get("trail", after=after, limit=PAGE)
        for raw in answer.body.splitlines():
            yield line_of(raw)
            count += 1
        tick(_("{count} events").format(count=count))
        following = answer.headers.get("lianxi-next")
        if not following:
            tick("")
            return
        if following == after:
            raise CliError("ANSWER_UNREADABLE", reason="Lianxi-Next")
        after = following


def line_of(raw: bytes) -> Line:
    """A line of the trail, every value of the sort that it is said to be; CliError otherwise."""
    row: Any
    try:
        row = json.loads(raw)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict) or not all(
        type(row.get(name)) in sorts for name, sorts in _SORTS.items()
    ):
        raise CliError("ANSWER_UNREADABLE", reason="trail")
    values: dict[str, Any] = {name: row.get(name) for name in _SORTS}
    return Line(raw=raw, **values)


_SORTS: dict[str, tuple[type, ...]] = {
    "position": (int,),
    "stream": (str,),
    "seq": (int,),
    "hash": (str,),
    "event": (str,),
    "envelope": (str, type(None)),
    "leaf": (int, type(None)),
}
"""What a line says, of what type exactly: true is no number."""
