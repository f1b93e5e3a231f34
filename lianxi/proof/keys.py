"""Ed25519 keys: ids, signing, the one verifier (proof layer).

All verification in the system goes through `verify`, so through one library: implementations judge
edge cases differently, which would break replay. Verification alone lets keys of mixed order pass
(tests/proof/vectors/cctv-ed25519.json), so `check_public_key` stands at registration.
"""

from hashlib import sha256
from typing import NoReturn

from nacl.bindings import (
    crypto_core_ed25519_is_valid_point,
    crypto_sign,
    crypto_sign_BYTES,
    crypto_sign_open,
    crypto_sign_PUBLICKEYBYTES,
    crypto_sign_seed_keypair,
    crypto_sign_SEEDBYTES,
)
from nacl.exceptions import BadSignatureError

from lianxi.proof.refusals import PublicKeyInvalidError, SeedInvalidError

ED25519 = "ed25519"
"""The one algorithm (RFC 8032 §5.1). It belongs to a key's roster entry."""

SEED_BYTES = crypto_sign_SEEDBYTES
PUBLIC_KEY_BYTES = crypto_sign_PUBLICKEYBYTES
SIGNATURE_BYTES = crypto_sign_BYTES


def key_id(alg: str, public_key: bytes) -> str:
    r"""SHA-256("lianxi/key/v1\n" || alg || "\n" || public key) in hex (docs/event-model.md)."""
    return sha256(b"lianxi/key/v1\n" + alg.encode("ascii") + b"\n" + public_key).hexdigest()


def public_key_of(seed: bytes) -> bytes:
    """The 32 bytes of the public key; raises SeedInvalidError unless the seed is 32 bytes."""
    return _key_pair(seed)[0]


def sign(seed: bytes, message: bytes) -> bytes:
    """The 64 bytes of the signature (RFC 8032 §5.1.6); raises SeedInvalidError."""
    return crypto_sign(message, _key_pair(seed)[1])[:SIGNATURE_BYTES]


def verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` is that key's over `message` (libsodium's judgement); never raises."""
    # the binding hands pointers to C without a look at their lengths
    if len(public_key) != PUBLIC_KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    try:
        crypto_sign_open(signature + message, public_key)
    except BadSignatureError:
        return False
    return True


def check_public_key(public_key: bytes) -> None:
    """Raises PublicKeyInvalidError unless this is a point of the prime-order subgroup, 32 bytes."""
    if len(public_key) != PUBLIC_KEY_BYTES:
        raise PublicKeyInvalidError(reason="length")
    if not crypto_core_ed25519_is_valid_point(public_key):
        raise PublicKeyInvalidError(reason="point")


class Signer:
    """A private key that signs and does not show itself: no repr, no pickle holds the seed."""

    __slots__ = ("_secret", "alg", "key_id", "public_key")

    def __init__(self, seed: bytes) -> None:
        """`seed`: 32 random bytes; else SeedInvalidError."""
        self.public_key, self._secret = _key_pair(seed)
        self.alg = ED25519
        self.key_id = key_id(self.alg, self.public_key)

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of the signature."""
        return crypto_sign(message, self._secret)[:SIGNATURE_BYTES]

    def __repr__(self) -> str:
        """The key id alone."""
        return f"Signer(key_id={self.key_id!r})"

    def __reduce__(self) -> NoReturn:
        """Refuses (TypeError): a copy would carry the seed away."""
        raise TypeError("a signer is neither copied nor pickled")


def _key_pair(seed: bytes) -> tuple[bytes, bytes]:
    if len(seed) != SEED_BYTES:
        raise SeedInvalidError(size=len(seed))
    return crypto_sign_seed_keypair(seed)
