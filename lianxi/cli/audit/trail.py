"""The trail over the gateway: exact bytes, page by page (cli layer)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

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
            yield _line(raw)
            count += 1
        tick(_("{count} events").format(count=count))
        following = answer.headers.get("lianxi-next")
        if not following:
            tick("")
            return
        if following == after:
            raise CliError("ANSWER_UNREADABLE", reason="Lianxi-Next")
        after = following


def _line(raw: bytes) -> Line:
    try:
        row = json.loads(raw)
        return Line(
            int(row["position"]),
            str(row["stream"]),
            int(row["seq"]),
            str(row["hash"]),
            str(row["event"]),
            row.get("envelope"),
            raw,
            row.get("leaf"),
        )
    except (ValueError, KeyError, TypeError):
        raise CliError("ANSWER_UNREADABLE", reason="trail") from None
