"""Keeps lianxi/locale in step with the code: `python -m tools.catalogue` adds and drops messages.

Messages are those marked `_` or `N_` in lianxi, and click's own. New ones come without a
translation; tests/cli/test_catalogue.py fails until they have one.
"""

import sys
from io import BytesIO
from pathlib import Path

import click
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
CHINESE = ROOT / "lianxi" / "locale" / "zh" / "LC_MESSAGES" / "lianxi.po"

_KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}
_METHODS = [("**.py", "python")]


def messages() -> Catalog:
    """Every message of the code, without translations."""
    catalogue = Catalog(charset="utf-8")
    for folder in (ROOT / "lianxi", Path(click.__file__).parent):
        found = extract_from_dir(folder, _METHODS, keywords=_KEYWORDS, comment_tags=())
        for _file, _line, message, _comments, context in found:
            if message and message != ("", ""):
                catalogue.add(message, context=context)
    return catalogue


def chinese() -> Catalog:
    """The Chinese catalogue as it stands."""
    with CHINESE.open("rb") as source:
        return read_po(source, locale="zh")


def updated() -> Catalog:
    """The Chinese catalogue with exactly the messages of the code."""
    known = chinese() if CHINESE.exists() else Catalog(locale="zh")
    result = Catalog(
        locale="zh",
        project="lianxi-conference",
        header_comment="# Chinese texts of lianxi; written by hand, kept in step by tools/catalogue.py.",
        fuzzy=False,
    )
    for message in messages():
        if not message.id:
            continue
        translated = known.get(message.id)
        result.add(message.id, translated.string if translated else None)
    return result


def as_bytes(catalogue: Catalog) -> bytes:
    """The catalogue as its file holds it: sorted, without dates and line numbers, so that diffs are small."""
    target = BytesIO()
    write_po(target, catalogue, sort_output=True, no_location=True, width=100)
    lines = target.getvalue().splitlines(keepends=True)
    dated = (b'"POT-Creation-Date', b'"PO-Revision-Date')
    return b"".join(line for line in lines if not line.startswith(dated))


def main() -> int:
    """Write the catalogue; says what has no translation yet."""
    catalogue = updated()
    CHINESE.write_bytes(as_bytes(catalogue))
    missing = [
        message.id for message in catalogue if message.id and not _translated(message.string or "")
    ]
    for message in missing:
        print(repr(message))
    print(f"{len(catalogue)} messages, {len(missing)} without a translation", file=sys.stderr)
    return 1 if missing else 0


def _translated(string: str | tuple[str, ...] | list[str]) -> bool:
    return all(string) if isinstance(string, tuple | list) else bool(string)


if __name__ == "__main__":
    sys.exit(main())
