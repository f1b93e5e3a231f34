"""What the tests of the proof layer are made of: fixed keys, a roster, a command, an event."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lianxi.domain.roster import Roster, RosterKey, Threshold
from lianxi.domain.values import Actor, Role, format_instant, role_of
from lianxi.proof.events import Cause, EventEnvelope
from lianxi.proof.hashing import ZERO_HASH
from lianxi.proof.keys import Signer
from lianxi.proof.signing import sign_command, sign_session

ORIGIN = "conference.example/lianxi/demo/0123456789abcdef"
STREAM = "task/T-0003"
REQUEST_ID = "019a4b5c-0000-7000-8000-000000000001"
NOW = datetime(2026, 11, 2, 1, 2, 3, 456789, tzinfo=UTC)

CONVENER = Signer(bytes([1]) * 32)
UNIT = Signer(bytes([2]) * 32)
OTHER = Signer(bytes([3]) * 32)
STRANGER = Signer(bytes([9]) * 32)


def vectors(name: str) -> Any:
    """One file of tests/vectors; each names its source."""
    document = json.loads(
        (Path(__file__).parents[1] / "vectors" / name).read_text(encoding="utf-8")
    )
    assert document["source"], "a vector file says where it comes from"
    return document


def entry(signer: Signer, unit: str, **changes: Any) -> RosterKey:
    """A roster entry as it should be, but for `changes`."""
    fields = {
        "unit": unit,
        "role": role_of(unit),
        "key_id": signer.key_id,
        "public_key": signer.public_key.hex(),
    }
    return RosterKey.model_validate(fields | changes)


def roster(*entries: RosterKey, k: int = 1, keys: tuple[str, ...] | None = None) -> Roster:
    """A first roster; without entries: the convener and two units."""
    return Roster(
        version=1,
        prev_roster=ZERO_HASH,
        threshold=Threshold(k=k, keys=keys or (CONVENER.key_id,)),
        keys=entries or (entry(CONVENER, "convener"), entry(UNIT, "U01"), entry(OTHER, "U02")),
    )


def command(signer: Signer = UNIT, **changes: Any) -> bytes:
    """The envelope of a good command, but for `changes`."""
    fields: dict[str, Any] = {
        "origin": ORIGIN,
        "stream": STREAM,
        "unit": "U01",
        "action": "submit",
        "args": {"unit": "U01", "text": {"commit": "d" * 64, "size": 12}},
        "request_id": REQUEST_ID,
        "issued_at": format_instant(NOW),
        "not_after": format_instant(NOW + timedelta(hours=24)),
        "expect": "e" * 64,
    }
    return sign_command(signer, **(fields | changes))


def token(signer: Signer = UNIT, **changes: Any) -> str:
    """A good session token, but for `changes`."""
    fields = {
        "origin": ORIGIN,
        "unit": "U01",
        "issued_at": format_instant(NOW),
        "not_after": format_instant(NOW + timedelta(hours=12)),
    }
    return sign_session(signer, **(fields | changes))


def event(**changes: Any) -> EventEnvelope:
    """A good first event, but for `changes`."""
    fields: dict[str, Any] = {
        "engine": 1,
        "origin": ORIGIN,
        "stream": STREAM,
        "seq": 1,
        "kind": "AssignmentAcknowledged",
        "at": NOW,
        "actor": Actor(unit="U01", role=Role.UNIT, key_id=UNIT.key_id),
        "basis": "command",
        "cause": Cause(request_id=REQUEST_ID, payload_sha256="b" * 64, index=0, count=1),
        "roster": "c" * 64,
        "data": {"unit": "U01", "note": {"commit": "d" * 64, "size": 12}},
        "prev": ZERO_HASH,
    }
    return EventEnvelope.model_validate(fields | changes)
