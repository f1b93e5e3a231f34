"""What the gateway itself refuses, and how codes of the proof layer read in the catalogue.

Gateway layer. The catalogue (`lianxi.errors`) speaks to people about what to do next; the proof
layer's codes say precisely which byte was wrong. One table leads from these to those.
"""

from collections.abc import Mapping
from typing import ClassVar

from lianxi.domain.refusal import Refusal, RefusalParam


class TooLargeError(Refusal):
    """More bytes than are taken (`size` as far as known, `limit`)."""

    code: ClassVar[str] = "TOO_LARGE"


class MalformedError(Refusal):
    """The request is not as docs/gateway.md says (`place`, `reason`)."""

    code: ClassVar[str] = "MALFORMED"


class SessionInvalidError(Refusal):
    """No session token, or one that does not hold (`reason`: the proof layer's code)."""

    code: ClassVar[str] = "SESSION_INVALID"


class NotAllowedError(Refusal):
    """Known, but not for this role or unit."""

    code: ClassVar[str] = "NOT_ALLOWED"


class NotFoundError(Refusal):
    """There is no such thing, or none that the caller may see (`what`)."""

    code: ClassVar[str] = "NOT_FOUND"


class UnknownConferenceError(Refusal):
    """The gateway serves no such conference (`conference`)."""

    code: ClassVar[str] = "UNKNOWN_CONFERENCE"


class UnknownTaskError(Refusal):
    """There is no such task, or none that the caller may see (`task`)."""

    code: ClassVar[str] = "UNKNOWN_TASK"


class WrongStreamError(Refusal):
    """No commands go to this stream (`stream`)."""

    code: ClassVar[str] = "WRONG_STREAM"


class OpeningMissingError(Refusal):
    """A command names a commitment whose opening was not handed in (`commit`)."""

    code: ClassVar[str] = "OPENING_MISSING"


class OpeningMismatchError(Refusal):
    """The bytes and the salt do not open the commitment."""

    code: ClassVar[str] = "OPENING_MISMATCH"


_TRANSLATED: dict[str, str] = {
    "JSON_TOO_LARGE": "TOO_LARGE",
    "JSON_NOT_CANONICAL": "NOT_CANONICAL",
    "PUBLIC_KEY_INVALID": "KEY_INVALID",
    "ORIGIN_MISMATCH": "WRONG_ORIGIN",
    "STREAM_MISMATCH": "WRONG_STREAM",
    "ISSUED_IN_FUTURE": "NOT_YET_VALID",
    "KEY_KNOWN": "KEY_ALREADY_REGISTERED",
    "ROSTER_SIGNER": "ROSTER_SIGNATURE_INVALID",
    "ROSTER_QUORUM": "ROSTER_SIGNATURE_INVALID",
    "ROSTER_ENTRY": "ROLE_MISMATCH",
}
"""Codes of the proof layer that the catalogue has under another name."""

_MALFORMED = (
    "JSON_",
    "SCHEMA",
    "SALT_INVALID",
    "SEED_INVALID",
    "KEY_ID_MISMATCH",
    "BASE64",
    "PAYLOAD_TYPE",
    "SIGNATURE_COUNT",
    "VALIDITY",
    "TOKEN_MALFORMED",
    "ROSTER_FULL",
    "ROSTER_GENESIS",
    "EVENT_",
    "WRONG_REGISTRATION",
)
"""Codes (or their beginnings) that all say: no client of ours sends this."""


def in_catalogue(
    code: str, params: Mapping[str, RefusalParam]
) -> tuple[str, dict[str, RefusalParam]]:
    """A refusal's code and params as the catalogue has them."""
    if code in _TRANSLATED:
        return _TRANSLATED[code], _renamed(code, params)
    if code.startswith(_MALFORMED):
        reason = code.lower().replace("_", "-")
        given = params.get("reason")
        return "MALFORMED", {
            **params,
            "reason": reason if given is None else f"{reason} ({given})",
            "place": params.get("place", "/"),
        }
    return code, dict(params)


def _renamed(code: str, params: Mapping[str, RefusalParam]) -> dict[str, RefusalParam]:
    if code == "STREAM_MISMATCH" and "expected" in params:
        return {**params, "stream": params["expected"]}
    return dict(params)
