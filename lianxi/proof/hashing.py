"""The two hashes of the trail: of an event, and plain SHA-256 (proof layer)."""

from hashlib import sha256

ZERO_HASH = "0" * 64
"""`prev` of a stream's first event, `prev_roster` of the first roster."""

_LEAF_PREFIX = b"\x00"


def event_hash(data: bytes) -> str:
    """SHA-256(0x00 || event bytes) in hex: RFC 6962 §2.1, so that stream and tree share it."""
    return sha256(_LEAF_PREFIX + data).hexdigest()


def sha256_hex(data: bytes) -> str:
    """SHA-256 in lower-case hex."""
    return sha256(data).hexdigest()
