"""What the user hands in: ids, texts, files, each checked before anything is sent (cli layer)."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lianxi.cli.faults import CliError
from lianxi.cli.kept import Shelf
from lianxi.cli.language import _
from lianxi.free_text import MAX_TEXT_BYTES, FreeTextError, clean_text, text_of_bytes

if TYPE_CHECKING:
    from lianxi.strict_yaml import YamlFileError

MAX_FILE_BYTES = 32 << 20
OCTETS = "application/octet-stream"
PLAIN = "text/plain"

_TASK = re.compile(r"T-[0-9]{4,8}")
_UNIT = re.compile(r"[A-Za-z0-9-]{1,32}")
_NEARLY_A_TASK = re.compile(r"[Tt]?-?0*([0-9]{1,8})")
_REQUEST = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_ZEROS = re.compile(r"(?<![0-9])0+")
_MEDIA = re.compile(r"[a-z0-9.+-]{1,63}/[a-z0-9.+-]{1,63}")


class Sealed(NamedTuple):
    """A text or file that goes into a command as a commitment. Read once: these are the bytes.

    `salt`: one to use again, for a task that is registered already.
    """

    data: bytes
    media: str = PLAIN
    salt: bytes | None = None


def task_id(given: str, shelf: Shelf) -> str:
    """A task's id; a number stands for a row of the last list shown."""
    if _TASK.fullmatch(given):
        return given
    if given.isascii() and given.isdigit():
        task = shelf.listed_task(int(given))
        if task is None:
            raise CliError("NO_SUCH_NUMBER", number=given)
        return task
    near = _NEARLY_A_TASK.fullmatch(given)
    nearest = f"T-{int(near[1]):04d}" if near else _nearest(given, shelf.known("tasks"))
    raise CliError("ID_INVALID", given=given, what=_("a task's id"), suggestion=_mean(nearest))


def unit_id(given: str, shelf: Shelf) -> str:
    """A unit's id."""
    if _UNIT.fullmatch(given):
        return given
    nearest = _nearest(given, shelf.known("units"))
    raise CliError("ID_INVALID", given=given, what=_("a unit's id"), suggestion=_mean(nearest))


def unit_ids(given: str | None, shelf: Shelf) -> list[str]:
    """Units separated by commas."""
    return [unit_id(part.strip(), shelf) for part in given.split(",")] if given else []


def request_id(given: str) -> str:
    """A request id."""
    if not _REQUEST.fullmatch(given):
        raise CliError("REQUEST_ID_INVALID", request_id=given)
    return given


def suggestion(given: str, known: list[str]) -> str:
    """`; did you mean …?`, or nothing."""
    return _mean(_nearest(given, known))


def _nearest(given: str, known: list[str]) -> str | None:
    from difflib import get_close_matches

    upper = {name.upper(): name for name in known}
    for name in known:
        # U7 for U07, T-3 for T-0003
        if _ZEROS.sub("", name.upper()) == _ZEROS.sub("", given.upper()):
            return name
    close = get_close_matches(given.upper(), upper, n=1, cutoff=0.6)
    return upper[close[0]] if close else None


def _mean(nearest: str | None) -> str:
    return _("; did you mean {nearest}?").format(nearest=nearest) if nearest else ""


def text(given: str, place: str) -> Sealed:
    """A text of the command line; `-` reads standard input."""
    try:
        if given == "-":
            return Sealed(text_of_bytes(sys.stdin.buffer.read(MAX_TEXT_BYTES + 4)).encode())
        return Sealed(clean_text(given).encode())
    except FreeTextError as error:
        reason = _(error.template).format(**error.params)
        raise CliError("TEXT_INVALID", place=place, reason=reason) from None


def text_file(path: str, place: str) -> Sealed:
    """A text from a file."""
    try:
        return Sealed(text_of_bytes(read_bytes(path, MAX_TEXT_BYTES)).encode())
    except FreeTextError as error:
        reason = _(error.template).format(**error.params)
        raise CliError("TEXT_INVALID", place=place, reason=reason) from None


def file(path: str) -> Sealed:
    """A file of any kind, with the media type its name suggests."""
    import mimetypes

    data = read_bytes(path, MAX_FILE_BYTES)
    if not data:
        raise CliError("FILE_EMPTY", path=path)
    media = (mimetypes.guess_type(path)[0] or OCTETS).lower()
    if not _MEDIA.fullmatch(media) or (media.startswith("text/") and not _is_text(data)):
        media = OCTETS
    return Sealed(data, media)


def read_bytes(path: str, limit: int) -> bytes:
    """A file's bytes, read once; `-` is standard input. Refused beyond `limit`."""
    try:
        if path == "-":
            data = sys.stdin.buffer.read(limit + 1)
        else:
            with Path(path).expanduser().open("rb") as source:
                data = source.read(limit + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CliError("FILE_UNREADABLE", path=path, reason=reason) from None
    if len(data) > limit:
        size = Path(path).stat().st_size if path != "-" else len(data)
        raise CliError("TOO_LARGE", size=size, limit=limit)
    return data


def problems_in(error: "YamlFileError") -> str:
    """Every problem of a file, each on a line of its own with its place."""
    return "\n".join(
        _("  line {line}, column {column}: {reason}").format(
            line=problem.line,
            column=problem.column,
            reason=_(problem.template).format(**problem.params),
        )
        for problem in error.problems
    )


def _is_text(data: bytes) -> bool:
    # what is declared as text is shown as text; anything doubtful stays a file
    if len(data) > MAX_TEXT_BYTES:
        return False
    try:
        return clean_text(data.decode("utf-8")).encode() == data
    except ValueError:
        return False
