"""What may stand in a free text: NFC, no control or bidi characters, at most 64 KiB (a leaf)."""

import re
import unicodedata

from lianxi.i18n import N_

MAX_TEXT_BYTES = 65_536

_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)
"""Controls but newline and tab (ISO 6429), the bidi controls of UAX 9, halves of surrogate pairs."""


class FreeTextError(ValueError):
    """A text cannot be taken; `template` is a message id that `params` fill."""

    def __init__(self, template: str, **params: str | int) -> None:
        super().__init__(template.format(**params))
        self.template = template
        self.params = params


def clean_text(text: str) -> str:
    """The text as it is committed to: NFC, with plain newlines; raises FreeTextError."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    found = _FORBIDDEN.search(text)
    if found is not None:
        raise FreeTextError(
            N_("the character U+{code} at position {position} is not allowed"),
            code=f"{ord(found[0]):04X}",
            position=found.start() + 1,
        )
    if not text.strip():
        raise FreeTextError(N_("it is empty"))
    size = len(text.encode("utf-8"))
    if size > MAX_TEXT_BYTES:
        raise FreeTextError(
            N_("it has {size} bytes; at most {limit} are taken"), size=size, limit=MAX_TEXT_BYTES
        )
    return text


def text_of_bytes(data: bytes) -> str:
    """A text file's content: UTF-8, with or without a byte order mark; raises FreeTextError."""
    try:
        return clean_text(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise FreeTextError(N_("it is not UTF-8 at byte {place}"), place=error.start) from None
