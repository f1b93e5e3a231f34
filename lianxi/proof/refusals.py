"""What the proof layer refuses: one class per reason, each with a stable code (proof layer).

`place` is a JSON pointer (RFC 6901) into the document, or a byte offset where the bytes are not yet
a document. Pointer segments that are no short machine words stand as `*`, so that no text of a
user gets into a refusal.
"""

from typing import ClassVar

from lianxi.domain.refusal import Refusal

# --- bytes that are no canonical document (canonical.py) ---


class JsonTooLargeError(Refusal):
    """More bytes than the document may have (`size`, `limit`)."""

    code: ClassVar[str] = "JSON_TOO_LARGE"


class JsonBomError(Refusal):
    """The document begins with a byte order mark."""

    code: ClassVar[str] = "JSON_BOM"


class JsonNotUtf8Error(Refusal):
    """The bytes are not UTF-8 (`place`: byte offset)."""

    code: ClassVar[str] = "JSON_NOT_UTF8"


class JsonSyntaxError(Refusal):
    """Not JSON (`place`: byte offset)."""

    code: ClassVar[str] = "JSON_SYNTAX"


class JsonTrailingError(Refusal):
    """Something follows the document (`place`: byte offset)."""

    code: ClassVar[str] = "JSON_TRAILING"


class JsonDepthError(Refusal):
    """Arrays and objects are nested too deep (`place`, `limit`)."""

    code: ClassVar[str] = "JSON_DEPTH"


class JsonDuplicateKeyError(Refusal):
    """An object names a key twice (`place`)."""

    code: ClassVar[str] = "JSON_DUPLICATE_KEY"


class JsonNotFiniteError(Refusal):
    """NaN, an infinity, or a number beyond the range of a double (`place`)."""

    code: ClassVar[str] = "JSON_NOT_FINITE"


class JsonFloatError(Refusal):
    """A number with a fraction or an exponent; only integers are allowed (`place`)."""

    code: ClassVar[str] = "JSON_FLOAT"


class JsonIntegerRangeError(Refusal):
    """An integer beyond +-(2^53 - 1) (`place`)."""

    code: ClassVar[str] = "JSON_INTEGER_RANGE"


class JsonSurrogateError(Refusal):
    """A text holds half of a surrogate pair (`place`)."""

    code: ClassVar[str] = "JSON_SURROGATE"


class JsonTypeError(Refusal):
    """A value JSON does not know, or a key that is no text (`place`): a fault of our own code."""

    code: ClassVar[str] = "JSON_TYPE"


class JsonNotCanonicalError(Refusal):
    """JSON, but not in the form of RFC 8785 (`place`: the first byte that differs)."""

    code: ClassVar[str] = "JSON_NOT_CANONICAL"


class SchemaError(Refusal):
    """JSON, but not what this document must hold (`place`, `reason`)."""

    code: ClassVar[str] = "SCHEMA"


# --- keys and signatures (keys.py, envelopes.py, possession.py) ---


class SaltInvalidError(Refusal):
    """A salt is 32 bytes (`size`)."""

    code: ClassVar[str] = "SALT_INVALID"


class SeedInvalidError(Refusal):
    """A seed is 32 bytes (`size`)."""

    code: ClassVar[str] = "SEED_INVALID"


class PublicKeyInvalidError(Refusal):
    """Not a usable Ed25519 public key (`reason`: length or point)."""

    code: ClassVar[str] = "PUBLIC_KEY_INVALID"


class KeyIdMismatchError(Refusal):
    """A key id is not the one that follows from the public key, or two places differ (`place`)."""

    code: ClassVar[str] = "KEY_ID_MISMATCH"


class Base64Error(Refusal):
    """Not standard base64 with padding, in its one spelling (`place`)."""

    code: ClassVar[str] = "BASE64"


class PayloadTypeError(Refusal):
    """The envelope is of another type than the door it came to (`expected`)."""

    code: ClassVar[str] = "PAYLOAD_TYPE"


class SignatureCountError(Refusal):
    """An envelope carries exactly one signature (`count`)."""

    code: ClassVar[str] = "SIGNATURE_COUNT"


class SignatureInvalidError(Refusal):
    """The signature is not that key's over these bytes (`key_id`)."""

    code: ClassVar[str] = "SIGNATURE_INVALID"


# --- who acts, where, when (commands.py, sessions.py, possession.py) ---


class KeyUnknownError(Refusal):
    """The roster does not hold this key (`key_id`)."""

    code: ClassVar[str] = "KEY_UNKNOWN"


class KeyRetiredError(Refusal):
    """The roster holds this key, but it may act no more (`key_id`)."""

    code: ClassVar[str] = "KEY_RETIRED"


class KeyNotYetError(Refusal):
    """The key replaces a lost one and may not act before `effective` (`key_id`)."""

    code: ClassVar[str] = "KEY_NOT_YET"


class KeyReplacedError(Refusal):
    """Another key has taken the place of this one (`key_id`)."""

    code: ClassVar[str] = "KEY_REPLACED"


class AlgorithmMismatchError(Refusal):
    """The algorithm named is not the one of the key's roster entry (`key_id`)."""

    code: ClassVar[str] = "ALGORITHM_MISMATCH"


class UnitMismatchError(Refusal):
    """The unit named is not the one expected: the key's in the roster, or the caller's."""

    code: ClassVar[str] = "UNIT_MISMATCH"


class OriginMismatchError(Refusal):
    """Made for another conference or another founding of it (`expected`)."""

    code: ClassVar[str] = "ORIGIN_MISMATCH"


class StreamMismatchError(Refusal):
    """Made for another stream (`expected`)."""

    code: ClassVar[str] = "STREAM_MISMATCH"


class ValidityError(Refusal):
    """`not_after` is not after `issued_at`, or further from it than allowed (`limit_seconds`)."""

    code: ClassVar[str] = "VALIDITY"


class ExpiredError(Refusal):
    """`not_after` has passed (`not_after`, `now`)."""

    code: ClassVar[str] = "EXPIRED"


class IssuedInFutureError(Refusal):
    """Issued more than five minutes after now: a clock is wrong (`issued_at`, `now`)."""

    code: ClassVar[str] = "ISSUED_IN_FUTURE"


class TokenMalformedError(Refusal):
    """A session token is unpadded base64url in its one spelling."""

    code: ClassVar[str] = "TOKEN_MALFORMED"


# --- rosters (rosters.py) ---


class RosterEntryError(Refusal):
    """A roster entry contradicts itself or the rules.

    `reason`: role, unit, system (it has no command key), use, state, effective.
    """

    code: ClassVar[str] = "ROSTER_ENTRY"


class RosterProposalError(Refusal):
    """The next roster, proposed or to be made, does not lead on from the one known.

    `version`: the one known. `reason`: stale (the roster has changed since), ahead (of the one
    known), roster (it says that it leads to another roster than it does).
    """

    code: ClassVar[str] = "ROSTER_PROPOSAL"


class RosterChangeError(Refusal):
    """A step that no roster may take (`reason`, and `key_id` where it is about one).

    `reason`: unknown, retired (the key to be retired), threshold (a key that cannot sign), convener
    (no active key left), version (changes of another roster than this one's next), lost, replaced,
    signs (the key to be replaced is none of the unit's, is replaced already, signs the roster),
    rotation (a unit's key is changed for another without the signature of an old one that may act),
    possession (proofs that do not fit the keys).
    """

    code: ClassVar[str] = "ROSTER_CHANGE"


class KeyKnownError(Refusal):
    """A key is registered once, ever (`key_id`)."""

    code: ClassVar[str] = "KEY_KNOWN"


class RosterFullError(Refusal):
    """The roster holds as many keys as it may (`limit`)."""

    code: ClassVar[str] = "ROSTER_FULL"


class RosterGenesisError(Refusal):
    """The first roster does not stand by itself (`reason`: version, prev, threshold)."""

    code: ClassVar[str] = "ROSTER_GENESIS"


class RosterSignerError(Refusal):
    """A signature over a roster by a key outside its threshold, or twice by one key (`key_id`)."""

    code: ClassVar[str] = "ROSTER_SIGNER"


class RosterQuorumError(Refusal):
    """Fewer signatures over a roster than its threshold wants (`have`, `need`)."""

    code: ClassVar[str] = "ROSTER_QUORUM"


# --- events (events.py) ---


class EventTooLargeError(Refusal):
    """An event is at most 65,535 bytes (`size`, `limit`)."""

    code: ClassVar[str] = "EVENT_TOO_LARGE"


class EventSequenceError(Refusal):
    """A gap or a repeat in a stream's sequence (`expected`, `found`)."""

    code: ClassVar[str] = "EVENT_SEQUENCE"


class EventPrevError(Refusal):
    """`prev` is not the hash of the event before (`seq`)."""

    code: ClassVar[str] = "EVENT_PREV"


class EventTimeError(Refusal):
    """`at` lies before the event before (`seq`)."""

    code: ClassVar[str] = "EVENT_TIME"


class EventStreamError(Refusal):
    """The event belongs to another origin or stream than the one before (`seq`)."""

    code: ClassVar[str] = "EVENT_STREAM"


# --- tree, notes, checkpoints, proofs, policies ---


class TreeRangeError(Refusal):
    """No such leaf or size in this tree (`reason`: index, size or order)."""

    code: ClassVar[str] = "TREE_RANGE"


class TreeNodeMissingError(Refusal):
    """The store lacks a complete node of the tree (`level`, `index`)."""

    code: ClassVar[str] = "TREE_NODE_MISSING"


class ProofInvalidError(Refusal):
    """A proof does not lead to the root (`reason`: index, size, order, length, hash, root)."""

    code: ClassVar[str] = "PROOF_INVALID"


class NoteMalformedError(Refusal):
    """Not a signed note (`reason`, `place`: the line, counted from 1, or a byte offset)."""

    code: ClassVar[str] = "NOTE_MALFORMED"


class NoteTooLargeError(Refusal):
    """A note of more bytes than are taken (`size`, `limit`)."""

    code: ClassVar[str] = "NOTE_TOO_LARGE"


class NoteKeyError(Refusal):
    """Not a verifier key we know how to use (`reason`: form, name, base64, algorithm, point, id)."""

    code: ClassVar[str] = "NOTE_KEY_INVALID"


class CheckpointMalformedError(Refusal):
    """A note, but not the three lines of a checkpoint (`reason`: lines, origin, size, root)."""

    code: ClassVar[str] = "CHECKPOINT_MALFORMED"


class CheckpointSignatureError(Refusal):
    """Not signed by a known key of this log (`reason`: unknown or invalid)."""

    code: ClassVar[str] = "CHECKPOINT_SIGNATURE"


class ForeignCheckpointError(Refusal):
    """A checkpoint of another conference, or of another founding of it (`expected`)."""

    code: ClassVar[str] = "FOREIGN_CHECKPOINT"


class TlogProofMalformedError(Refusal):
    """Not a proof of the form c2sp.org/tlog-proof@v1 (`reason`, `place`: the line)."""

    code: ClassVar[str] = "TLOG_PROOF_MALFORMED"


class PolicyMalformedError(Refusal):
    """Not a witness policy (`reason`, `place`: the line, 0 for the whole text)."""

    code: ClassVar[str] = "POLICY_MALFORMED"
