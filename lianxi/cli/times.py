"""Times as people read them: local, relative, UTC (cli layer). Inside the system: UTC texts."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lianxi.cli.language import _
from lianxi.i18n import N_
from lianxi.instants import INSTANT_FORMAT, spell

__all__ = ["machine_zone", "now", "read", "relative", "show", "spell"]

_UNITS = (
    (86_400, N_("{n}d")),
    (3_600, N_("{n}h")),
    (60, N_("{n}min")),
    (1, N_("{n}s")),
)


def now() -> datetime:
    """This machine's clock."""
    return datetime.now(UTC)


def machine_zone() -> str | None:
    """The name of this machine's zone; None where it has none that zoneinfo knows."""
    from zoneinfo import ZoneInfo

    name = os.environ.get("TZ", "").removeprefix(":")
    if not name:
        name = str(Path("/etc/localtime").resolve()).partition("/zoneinfo/")[2]
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError):  # a POSIX rule, a copied file, Windows
        return None


def read(text: str) -> datetime:
    """An instant of the gateway's; ValueError for another spelling."""
    return datetime.strptime(text, INSTANT_FORMAT).replace(tzinfo=UTC)


def show(text: str | None, how: str = "local") -> str:
    """An instant for a person; what is no instant is shown as it came."""
    if not text:
        return ""
    try:
        instant = read(text)
    except ValueError:
        return text
    match how:
        case "iso":
            return text
        case "utc":
            return instant.strftime("%Y-%m-%d %H:%M UTC")
        case "relative":
            return relative(instant)
        case _:
            return instant.astimezone().strftime("%Y-%m-%d %H:%M")


def relative(instant: datetime, seen_from: datetime | None = None) -> str:
    """`in 3d 4h`, `2h 5min ago`."""
    distance = instant - (seen_from or now())
    text = _spell_out(abs(distance))
    return (_("in {span}") if distance > timedelta(0) else _("{span} ago")).format(span=text)


def _spell_out(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    parts = []
    for size, form in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(_(form).format(n=count))
    return " ".join(parts[:2]) or _("{n}s").format(n=0)
