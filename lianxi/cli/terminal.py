"""What goes to the terminal: users' texts made visible, colour, poor encodings (cli layer)."""

import os
import re
import sys
import unicodedata
from typing import IO

BIDI_CONTROLS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_INVISIBLE = re.compile(
    rf"[\x00-\x08\x0b-\x1f\x7f-\x9f{BIDI_CONTROLS}\u2028\u2029\ud800-\udfff\ufeff]"
)
_LAST_BYTE = 0xFF
_COLOURS = {"red": "31", "yellow": "33", "green": "32", "dim": "2", "bold": "1"}


def visible(text: str) -> str:
    """A user's text with control and bidi characters shown as escapes; newlines and tabs stay."""
    return _INVISIBLE.sub(lambda match: _escape(match[0]), text)


def visible_line(text: str) -> str:
    """`visible`, on one line."""
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code <= _LAST_BYTE else f"\\u{code:04x}"


def can_show(text: str, stream: IO[str] | None = None) -> bool:
    """Whether the stream's encoding has these characters."""
    encoding = getattr(stream or sys.stdout, "encoding", None) or "ascii"
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def dot() -> str:
    """Between the parts of a line."""
    return " · " if can_show("·") else " - "


def coloured(stream: IO[str] | None = None) -> bool:
    """Whether to colour: NO_COLOR, then FORCE_COLOR, then a terminal (no-color.org)."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return is_terminal(stream or sys.stdout) and os.environ.get("TERM") != "dumb"


def paint(text: str, colour: str) -> str:
    """The text in a colour, where there are colours; it must say the same without."""
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if coloured() else text


def is_terminal(stream: IO[str] | None) -> bool:
    """Whether somebody sits at this stream."""
    return stream is not None and not stream.closed and stream.isatty()


def width(text: str) -> int:
    """How many cells a line takes: East Asian wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_cells(character) for character in text)


def cut(text: str, cells: int) -> str:
    """The beginning of a line that takes at most so many cells, with a mark where it was cut."""
    if width(text) <= cells:
        return text
    mark = "…" if can_show("…") else "~"
    taken = 0
    for at, character in enumerate(text):
        taken += _cells(character)
        if taken > cells - 1:
            return text[:at] + mark
    return text


def _cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def say(text: str = "") -> None:
    """Talk: to stderr, so that stdout holds data only."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201  the one way to stderr


def put(text: str = "") -> None:
    """Data: to stdout."""
    print(text, flush=True)  # noqa: T201  the one way to stdout


def tick(text: str) -> None:
    """How far long work is: one line that is written over, on a terminal only; empty: none."""
    if is_terminal(sys.stderr):
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()


class _Paging:
    """Whether long output may go through the pager; a screen that is drawn anew may not."""

    allowed = True


def draw_anew() -> None:
    """Begin the screen again (a watched listing)."""
    _Paging.allowed = False
    if is_terminal(sys.stdout):
        import click

        click.clear()


def put_long(text: str) -> None:
    """Data that may not fit the screen: through the pager on a terminal."""
    import shutil

    lines = text.count("\n") + 1
    if (
        not _Paging.allowed
        or not is_terminal(sys.stdout)
        or lines < shutil.get_terminal_size().lines
    ):
        put(text)
        return
    import click

    click.echo_via_pager(text + "\n", color=coloured())


def put_bytes(data: bytes) -> None:
    """Exact bytes to stdout."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
