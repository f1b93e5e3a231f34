"""The trust file: what somebody outside was told, and judges everything by (proof layer).

`{"v":1, "origin", "genesis": <hash of the first roster>, "log": <vkey>, "policy": <tlog-policy>}`,
and `"receipt": [<public keys in hex>]` where known. It reaches its reader outside the system (paper,
another channel); inside, it would prove nothing. Keys and policy: C2SP signed-note, tlog-policy.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from lianxi.proof import canonical
from lianxi.proof.notes import NoteKey
from lianxi.proof.policies import Policy, parse_policy
from lianxi.proof.refusals import SchemaError

MAX_TRUST_BYTES = 262_144

_HEX_32 = re.compile(r"[0-9a-f]{64}")
_MAX_KEYS = 16
_FIELDS = {"v", "origin", "genesis", "log", "policy", "receipt"}


class Trust(NamedTuple):
    """A trust file. `genesis`: SHA-256 hex of the first roster; `receipt_keys`: raw 32 bytes."""

    origin: str
    genesis: str
    log_keys: tuple[NoteKey, ...]
    policy: Policy
    receipt_keys: tuple[bytes, ...] = ()


def trust_bytes(
    *, origin: str, genesis: str, log: str, policy: str, receipt: Sequence[str] = ()
) -> bytes:
    """The file's bytes; `log` is a vkey, `policy` the text of a policy, `receipt` keys in hex."""
    content = {"v": 1, "origin": origin, "genesis": genesis, "log": log, "policy": policy}
    more = {"receipt": list(receipt)} if receipt else {}
    return json.dumps({**content, **more}, indent=1, ensure_ascii=True).encode() + b"\n"


def read_trust(data: bytes) -> Trust:
    """A trust file's content.

    The policy's logs of the same name are further keys of the log. Raises the refusals of
    `canonical.parse`, `NoteKey.parse` and `parse_policy`, SchemaError.
    """
    document = canonical.parse(data, max_bytes=MAX_TRUST_BYTES)
    if not isinstance(document, dict) or document.get("v") != 1 or document.keys() - _FIELDS:
        raise SchemaError(place="", reason="trust")
    origin, genesis = _text(document, "origin"), _text(document, "genesis")
    if _HEX_32.fullmatch(genesis) is None:
        raise SchemaError(place="/genesis", reason="hex")
    log, policy = NoteKey.parse(_text(document, "log")), parse_policy(_text(document, "policy"))
    if log.name != origin:
        raise SchemaError(place="/log", reason="name")
    logs = dict.fromkeys([log, *(key for key in policy.logs if key.name == origin)])
    return Trust(origin, genesis, tuple(logs), policy, _receipt_keys(document.get("receipt", [])))


def _receipt_keys(value: Any) -> tuple[bytes, ...]:
    if not isinstance(value, list) or len(value) > _MAX_KEYS:
        raise SchemaError(place="/receipt", reason="type")
    for at, text in enumerate(value):
        if not isinstance(text, str) or _HEX_32.fullmatch(text) is None:
            raise SchemaError(place=f"/receipt/{at}", reason="hex")
    return tuple(bytes.fromhex(text) for text in value)


def _text(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str):
        raise SchemaError(place=f"/{name}", reason="type")
    return value
