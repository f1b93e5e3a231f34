r"""Commitments: what stands in commands and events for a text or a file (proof layer).

`commit = SHA-256("lianxi/commit/v1\n" || salt[32] || bytes)` (docs/event-model.md). The salt comes
from the operating system at the client and hides short texts from guessing.
"""

from hashlib import sha256
from hmac import compare_digest

from lianxi.proof.refusals import SaltInvalidError

SALT_BYTES = 32

_PREFIX = b"lianxi/commit/v1\n"


def commit(salt: bytes, data: bytes) -> str:
    """The commitment in hex; raises SaltInvalidError unless the salt is 32 bytes.

    The fixed length of the salt is what keeps (salt, data) unambiguous.
    """
    if len(salt) != SALT_BYTES:
        raise SaltInvalidError(size=len(salt))
    return sha256(_PREFIX + salt + data).hexdigest()


def opens(commitment: str, size: int, salt: bytes, data: bytes) -> bool:
    """Whether (salt, data) is the opening of a commitment to `size` bytes; never raises."""
    return (
        len(salt) == SALT_BYTES
        and len(data) == size
        and compare_digest(commit(salt, data).encode(), commitment.encode("utf-8", "replace"))
    )
