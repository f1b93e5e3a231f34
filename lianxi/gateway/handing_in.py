"""Judging what is handed in for a commitment: type, salt, bytes, form of texts (gateway layer)."""

import re

from pydantic import TypeAdapter, ValidationError

from lianxi.domain.values import Commitment, MediaType
from lianxi.free_text import FreeTextError, text_of_bytes
from lianxi.gateway.refusals import MalformedError, OpeningMismatchError, TooLargeError
from lianxi.gateway.services import Limits
from lianxi.ports import Opening
from lianxi.proof.commitments import SALT_BYTES, opens

_COMMIT = re.compile(r"[0-9a-f]{64}")
_MEDIA = TypeAdapter(MediaType)


def media_type(header: str | None) -> str:
    """The media type of a Content-Type header; of its parameters only charset=utf-8 may stand."""
    name, _, parameter = (header or "").partition(";")
    if parameter.strip().lower() not in ("", "charset=utf-8"):
        raise MalformedError(place="/headers/content-type", reason="parameter")
    try:
        return _MEDIA.validate_python(name.strip().lower())
    except ValidationError:
        raise MalformedError(place="/headers/content-type", reason="media-type") from None


def salt_of(text: str | None, place: str = "/headers/lianxi-salt") -> bytes:
    """The salt's 32 bytes from 64 lower-case hex digits."""
    if text is None or _COMMIT.fullmatch(text) is None or len(text) != 2 * SALT_BYTES:
        raise MalformedError(place=place, reason="salt")
    return bytes.fromhex(text)


def size_limit(media: str, limits: Limits) -> int:
    """How many bytes are taken of a media type."""
    return limits.text_bytes if is_text(media) else limits.evidence_bytes


def is_text(media: str) -> bool:
    """Whether bytes of this media type are held to the form of texts."""
    return media.startswith("text/")


def opening(commit: str, salt: bytes, media: str, data: bytes, limits: Limits) -> Opening:
    """The opening, checked from the very bytes that will be stored.

    Raises TooLargeError, MalformedError (a text that is none), OpeningMismatchError.
    """
    limit = size_limit(media, limits)
    if len(data) > limit:
        raise TooLargeError(size=len(data), limit=limit)
    if _COMMIT.fullmatch(commit) is None:
        raise MalformedError(place="/commit", reason="hex")
    if not opens(commit, len(data), salt, data):
        raise OpeningMismatchError
    if is_text(media):
        _check_text(data)
    return Opening(Commitment(commit=commit, size=len(data)), salt, data, media)


def _check_text(data: bytes) -> None:
    """Only what `clean_text` leaves as it is: UTF-8, NFC, no control or bidi characters."""
    try:
        cleaned = text_of_bytes(data)
    except FreeTextError:
        raise MalformedError(place="/body", reason="text") from None
    if cleaned.encode() != data:
        raise MalformedError(place="/body", reason="text-form")
