"""A bundle as a file: lines written with a digest behind them, and read back (cli layer, no pydantic).

JSON Lines, each line in its canonical form. The first says what this is, the last how many lines
of each type there are and the SHA-256 of all before it (shared with verify_bundle.py, which takes
nothing from here): header · witness, checkpoint · event, text, redacted, missing · footer. What
rosters, rules and calendars say stands in the events themselves.
"""

from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from lianxi.cli.faults import CliError
from lianxi.cli.language import _
from lianxi.domain.refusal import Refusal
from lianxi.i18n import N_
from lianxi.proof.canonical import dumps, parse_canonical
from lianxi.proof.hashing import event_hash

FORMAT = 1
MAX_LINE_BYTES = 1 << 20
"""An event has at most 65,535 bytes and its envelope 16 KiB; inside a line their quotes are escaped."""


class BundleWriter:
    """Writes the lines of a bundle, from `begin` to `end`, and keeps no more than its counts."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target
        self._digest = sha256()
        self._envelopes: dict[str, str] = {}
        self.counts: Counter[str] = Counter()

    def begin(self, **header: Any) -> None:
        """The first line: origin, conference, made_at, by, size (leaves of the newest checkpoint), texts."""
        self._write("header", {"bundle": FORMAT, **header})

    def put(self, kind: str, fields: Mapping[str, Any]) -> None:
        """One more line."""
        self.counts[kind] += 1
        self._write(kind, fields)

    def event(self, row: "BundledEvent", envelope: str | None, *, leaf: int | None) -> None:
        """An event; an envelope that caused the one before it in its stream too is not repeated."""
        fields: dict[str, Any] = {
            "stream": row.stream,
            "seq": row.seq,
            "hash": row.hash,
            "event": row.event,
        }
        if leaf is not None:
            fields["leaf"] = leaf
        if envelope is not None:
            digest = sha256(envelope.encode("utf-8", "surrogatepass")).hexdigest()
            if self._envelopes.get(row.stream) != digest:
                fields["envelope"] = envelope
            self._envelopes[row.stream] = digest
        self.put("event", fields)

    def end(self) -> None:
        """The last line: without it the bundle is cut off."""
        counts = dict(self.counts)
        self._write("footer", {"counts": counts, "sha256": self._digest.hexdigest()})

    def _write(self, kind: str, fields: Mapping[str, Any]) -> None:
        data = dumps({"type": kind, **fields}) + b"\n"
        self._digest.update(data)
        self._target.write(data)


class BundledEvent(NamedTuple):
    """One event of a bundle."""

    stream: str
    seq: int
    hash: str
    event: str


class OpenBundle:
    """A bundle's events, read one after another. Raises BUNDLE_INVALID with line and reason.

    Checked: form, digest and counts, each event's hash. Whether it proves anything is another
    matter: verify_bundle.py.
    """

    def __init__(self, path: Path) -> None:
        """Reads the header."""
        self._path = path
        self._digest = ""
        """Over all lines before the one read last."""
        lines = self._lines()
        _number, kind, self.header = next(lines)
        lines.close()
        if kind != "header" or self.header.get("bundle") != FORMAT:
            raise self._invalid(1, _("it is not a bundle"))
        self.origin = str(self.header.get("origin", ""))

    def events(self) -> Iterator[BundledEvent]:
        """Every event in its order; the footer is judged behind the last one."""
        counts: Counter[str] = Counter()
        number = 0
        for number, kind, fields in self._lines():
            if kind == "footer":
                if fields.get("sha256") != self._digest or fields.get("counts") != dict(counts):
                    raise self._invalid(number, _("its digest or its counts do not fit"))
                return
            if kind != "header":
                counts[kind] += 1
            if kind == "event":
                yield self._event(number, fields)
        raise self._invalid(number, _("it is cut off"))

    def _event(self, number: int, fields: Mapping[str, Any]) -> BundledEvent:
        try:
            row = BundledEvent(
                str(fields["stream"]), int(fields["seq"]), fields["hash"], fields["event"]
            )
            right = event_hash(row.event.encode()) == row.hash
        except (KeyError, TypeError, ValueError, AttributeError):
            right = False
        if not right:
            raise self._invalid(number, _("the hash of the event does not fit"))
        return row

    def _lines(self) -> Generator[tuple[int, str, dict[str, Any]]]:
        with self._open() as file:
            yield from self._lines_of(file)

    def _lines_of(self, file: BinaryIO) -> Iterator[tuple[int, str, dict[str, Any]]]:
        digest = sha256()
        number = 0
        while data := file.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(data) > MAX_LINE_BYTES or not data.endswith(b"\n"):
                raise self._invalid(number, _("the line is too long or cut off"))
            try:
                fields = parse_canonical(data[:-1], max_bytes=MAX_LINE_BYTES)
                kind = fields.pop("type")
            except (Refusal, AttributeError, KeyError, TypeError):
                raise self._invalid(number, _("it is no line of a bundle")) from None
            self._digest = digest.hexdigest()
            digest.update(data)
            yield number, str(kind), fields
        if number == 0:
            raise self._invalid(1, _("it is not a bundle"))

    def _open(self) -> BinaryIO:
        try:
            return self._path.open("rb")
        except OSError as error:
            reason = error.strerror or str(error)
            raise CliError("FILE_UNREADABLE", path=str(self._path), reason=reason) from None

    def _invalid(self, line: int, reason: str) -> CliError:
        return CliError("BUNDLE_INVALID", path=str(self._path), line=line, reason=reason)


NOT_BY_ITSELF = N_(
    "A bundle proves nothing by itself: python3 verify_bundle.py {path} --trust FILE checks it."
)
