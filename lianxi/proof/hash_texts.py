"""Hashes of the tree as they travel: standard base64 with padding, as in C2SP's formats (proof layer)."""

from base64 import b64decode, b64encode
from binascii import Error as BinasciiError
from collections.abc import Sequence
from typing import Any

from lianxi.proof.refusals import Base64Error, SchemaError

MAX_HASHES = 63
"""A proof in a tree of at most 2^63 leaves is no longer (RFC 9162 §2.1.3)."""

_HASH_BYTES = 32


def hash_texts(hashes: Sequence[bytes]) -> list[str]:
    """Each hash in base64."""
    return [b64encode(each).decode("ascii") for each in hashes]


def hashes_of(texts: Sequence[Any], place: str) -> list[bytes]:
    """The hashes of at most 63 texts; raises SchemaError, Base64Error at `place`."""
    if len(texts) > MAX_HASHES:
        raise SchemaError(place=place, reason="length")
    return [_hash_of(text, f"{place}/{at}") for at, text in enumerate(texts)]


def _hash_of(text: Any, place: str) -> bytes:
    if not isinstance(text, str):
        raise SchemaError(place=place, reason="type")
    try:
        data = b64decode(text, validate=True)
    except (BinasciiError, ValueError):
        raise Base64Error(place=place) from None
    if len(data) != _HASH_BYTES or b64encode(data).decode("ascii") != text:
        raise Base64Error(place=place)
    return data
