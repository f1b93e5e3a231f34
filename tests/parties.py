"""The people of a test conference: keys, signed commands, roster, issue arguments."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

from uuid6 import uuid7

from lianxi.domain.calendar import Calendar, OffsetSince
from lianxi.domain.conference.commands import ChangeRoster, ReplaceKey
from lianxi.domain.roster import (
    Possession,
    Roster,
    RosterChanges,
    RosterKey,
    RosterSignature,
    Threshold,
)
from lianxi.domain.rules import DEFAULT_RULES, FIRST_RULES, Rules
from lianxi.domain.values import Commitment, format_instant, role_of
from lianxi.proof.commitments import commit
from lianxi.proof.envelopes import KEY_REQUEST_TYPE, decode, seal_envelope
from lianxi.proof.hashing import ZERO_HASH
from lianxi.proof.keys import Signer
from lianxi.proof.possession import proof_of_possession
from lianxi.proof.rosters import next_roster, roster_hash, sign_roster
from lianxi.proof.signing import sign_command

DAY = 86_400


def text_commitment(text: str) -> dict[str, Any]:
    """A commitment to a text under a salt that is the same in every run."""
    data = text.encode()
    return {"commit": commit(salt_for(text), data), "size": len(data)}


def request_id_at(instant: datetime, number: int | None = None) -> str:
    """A UUIDv7 made at `instant`, which may lie anywhere in a test's time; fresh, or the number-th."""
    milliseconds = int(instant.timestamp() * 1000)
    tail = uuid7().hex[12:] if number is None else f"70008000{number:012x}"
    digits = f"{milliseconds:012x}{tail}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def salt_for(text: str) -> bytes:
    """A test's salt: derived, so that histories and vectors are repeatable."""
    return sha256(b"salt" + text.encode()).digest()


CALENDAR = Calendar(
    version=1,
    zone="Asia/Shanghai",
    offsets=(OffsetSince(since=datetime(2000, 1, 1, tzinfo=UTC), seconds=8 * 3_600),),
    known_until=date(2099, 12, 31),
)
"""Monday to Friday, 09:00 to 17:00 in Shanghai, no holidays: what tests count by on any day."""


@dataclass
class Parties:
    """Everybody's keys, and the roster as the conference will see it.

    By default with the rules of release 0.1; `today` founds as `lianxi conference init` does now.
    """

    conference: str = "demo"
    units: tuple[str, ...] = tuple(f"U{number:02d}" for number in range(1, 29))
    origin: str = ""
    rules: Rules = FIRST_RULES
    calendar: Calendar | None = None
    custody: str = "own"
    service: tuple[RosterKey, ...] = ()
    """The service's own keys that the genesis roster lists."""
    signers: dict[str, Signer] = field(default_factory=dict)

    @classmethod
    def today(cls, **changes: Any) -> "Parties":
        """With the rules of a conference founded today, and a calendar."""
        return cls(**{"rules": DEFAULT_RULES, "calendar": CALENDAR} | changes)

    def __post_init__(self) -> None:
        self.origin = self.origin or f"lianxi.example/lianxi/{self.conference}/0123456789abcdef"
        for unit in ("convener", "office", "auditor", *self.units):
            seed = sha256(f"{self.conference}/{unit}".encode()).digest()
            self.signers[unit] = Signer(seed)
        convener = self.signers["convener"]
        self.roster = Roster(
            version=1,
            prev_roster=ZERO_HASH,
            threshold=Threshold(k=1, keys=(convener.key_id,)),
            keys=(self.entry("convener"), self.entry("office"), *self.service),
        )

    def entry(self, unit: str) -> RosterKey:
        """The roster entry of a unit's key."""
        signer = self.signers[unit]
        return RosterKey(
            unit=unit,
            role=role_of(unit),
            key_id=signer.key_id,
            public_key=signer.public_key.hex(),
        )

    def sign(
        self,
        unit: str,
        stream: str,
        action: str,
        args: dict[str, Any],
        *,
        now: datetime | None = None,
        request_id: str | None = None,
        expect: str | None = None,
        valid: timedelta = timedelta(hours=12),
        origin: str | None = None,
    ) -> str:
        """A signed command of `unit`; `now` defaults to the wall clock."""
        issued = now or datetime.now(UTC)
        return sign_command(
            self.signers[unit],
            origin=origin or self.origin,
            stream=stream,
            unit=unit,
            action=action,
            args=args,
            request_id=request_id or request_id_at(issued),
            issued_at=format_instant(issued),
            not_after=format_instant(issued + valid),
            expect=expect,
        ).decode()

    def founding(self, **kwargs: Any) -> str:
        """The founding command with the genesis roster."""
        args = {
            "conference": self.conference,
            "zone": "Asia/Shanghai",
            "custody": self.custody,
            "directory": text_commitment("directory"),
            "members": [{"unit": unit} for unit in self.units],
            "roster": self.roster.model_dump(mode="json", exclude_none=True),
            "roster_signatures": [
                sign_roster(self.roster, self.signers["convener"]).model_dump(mode="json")
            ],
            "rules": self.rules.model_dump(mode="json", exclude_none=True),
        }
        if self.calendar is not None:
            args["calendar"] = self.calendar.model_dump(mode="json", exclude_none=True)
        return self.sign("convener", "conference", "found", args, **kwargs)

    def registering(self, unit: str, **kwargs: Any) -> str:
        """The convener takes a unit's key into the roster; this object's roster follows."""
        entry = self.entry(unit)
        derived = next_roster(self.roster, entry)
        request = proof_of_possession(self.signers[unit], origin=self.origin, unit=unit)
        possession = decode(request, payload_type=KEY_REQUEST_TYPE).signature
        args = {
            "entry": entry.model_dump(mode="json", exclude_none=True),
            "possession": possession.hex(),
            "roster_signatures": [
                sign_roster(derived, self.signers["convener"]).model_dump(mode="json")
            ],
        }
        self.roster = derived
        return self.sign("convener", "conference", "register-key", args, **kwargs)

    def changing(
        self,
        *,
        add: tuple[RosterKey, ...] = (),
        retire: tuple[str, ...] = (),
        threshold: Threshold | None = None,
        possessions: tuple[Possession, ...] = (),
        by: tuple[str, ...] = ("convener",),
        **kwargs: Any,
    ) -> str:
        """The signed command `change-roster`; this object's roster follows."""
        changes = RosterChanges(add=add or None, retire=retire or None, threshold=threshold)
        derived = next_roster(self.roster, changes)
        command = ChangeRoster(
            changes=changes,
            possessions=possessions or None,
            roster_signatures=tuple(sign_roster(derived, self.signers[unit]) for unit in by),
        )
        self.roster = derived
        args = command.model_dump(mode="json", exclude_none=True)
        return self.sign("convener", "conference", "change-roster", args, **kwargs)

    def replacing(
        self, unit: str, effective: datetime, *, by: tuple[str, ...] = ("convener",), **kwargs: Any
    ) -> str:
        """A unit's key is said to be lost, another acts from `effective` on; until then it signs on."""
        old = self.signers[unit]
        new = Signer(sha256(old.public_key).digest())
        entry = self.entry(unit).model_copy(
            update={
                "key_id": new.key_id,
                "public_key": new.public_key.hex(),
                "effective": effective,
                "replaces": old.key_id,
            }
        )
        derived = next_roster(self.roster, entry)
        request = proof_of_possession(new, origin=self.origin, unit=unit)
        command = ReplaceKey(
            prev_roster=roster_hash(self.roster),
            entry=entry,
            possession=decode(request, payload_type=KEY_REQUEST_TYPE).signature.hex(),
            roster_signatures=tuple(sign_roster(derived, self.signers[signer]) for signer in by),
            reason=Commitment.model_validate(text_commitment("The card was lost.")),
        )
        self.roster = derived
        args = command.model_dump(mode="json", exclude_none=True)
        return self.sign("convener", "conference", "replace-key", args, **kwargs)

    def rotating(self, unit: str, **kwargs: Any) -> str:
        """A unit's key gives way to its next one, which it signs with from here on."""
        old = self.signers[unit]
        self.signers[unit] = Signer(sha256(old.public_key).digest())
        request = proof_of_possession(self.signers[unit], origin=self.origin, unit=unit)
        envelope = decode(request, payload_type=KEY_REQUEST_TYPE)
        by_old = seal_envelope(KEY_REQUEST_TYPE, envelope.payload, old).signature.hex()
        possession = Possession(
            key_id=self.signers[unit].key_id,
            signature=envelope.signature.hex(),
            rotated=RosterSignature(key_id=old.key_id, signature=by_old),
        )
        return self.changing(
            add=(self.entry(unit),), retire=(old.key_id,), possessions=(possession,), **kwargs
        )

    def issue_args(self, ref: str = "task-1", **changes: Any) -> dict[str, Any]:
        """Arguments of `issue`: every unit for itself, due in ten days."""
        args: dict[str, Any] = {
            "ref": ref,
            "mode": "each",
            "title": text_commitment(f"title of {ref}"),
            "units": list(self.units),
            "due": {"rule": "duration", "seconds": 10 * DAY},
        }
        args.update(changes)
        return {name: value for name, value in args.items() if value is not None}

    def issuing(self, ref: str = "task-1", *, by: str = "office", **changes: Any) -> str:
        """The signed command `issue`."""
        return self.sign(by, "conference", "issue", self.issue_args(ref, **changes))
