"""The people of the demo year: their keys, the roster, and the signing of what they say (tools).

All keys lie on this machine (demo custody). Signing takes the instant as an argument: in the demo
year it is the virtual one.
"""

import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel

from lianxi.cli.conference.founding import directory_document, new_origin, roster_entry
from lianxi.cli.conference.roster_file import RosterRow
from lianxi.cli.keyfile import Key, make_key
from lianxi.domain.calendar import Calendar
from lianxi.domain.conference.decide import REPLACEMENT_DELAY
from lianxi.domain.roster import (
    Possession,
    Roster,
    RosterChanges,
    RosterKey,
    RosterSignature,
    Threshold,
)
from lianxi.domain.rules import Rules
from lianxi.domain.values import format_instant
from lianxi.proof.commitments import SALT_BYTES, commit
from lianxi.proof.envelopes import KEY_REQUEST_TYPE, decode, seal_envelope
from lianxi.proof.hashing import ZERO_HASH
from lianxi.proof.keys import Signer
from lianxi.proof.possession import proof_of_possession
from lianxi.proof.rosters import next_roster, sign_roster
from lianxi.proof.signing import sign_command, sign_session
from tools.year.script import Text

CONFERENCE = "year"
SIDES = ("convener", "office")
AUDITOR = "auditor"
VALIDITY = timedelta(hours=24)
SESSION_VALIDITY = timedelta(hours=1)
NAMES = {"en": "Sample Joint Conference", "zh": "示例联席会议"}


class Opened(NamedTuple):
    """What is handed in for a commitment before its command."""

    commit: str
    salt: bytes
    data: bytes
    media: str = "text/plain"


class Sealed(NamedTuple):
    """A signed command, and the texts it commits to."""

    envelope: str
    openings: tuple[Opened, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """A command before it is signed: who says what on which stream; texts stand as `Text`."""

    who: str
    stream: str
    action: str
    args: Mapping[str, Any]
    expect: str | None = None


class People:
    """Everybody's keys. The roster follows each key that is registered."""

    def __init__(
        self, folder: Path, units: Iterable[RosterRow], service: Iterable[RosterKey] = ()
    ) -> None:
        """`service`: the keys that log and receipts are signed with; the first roster lists them."""
        self.folder = folder
        self.rows = tuple(units)
        self.origin = new_origin(CONFERENCE)
        self.keys: dict[str, Key] = {}
        self._coming: dict[str, tuple[datetime, Key]] = {}
        for unit in (*SIDES, AUDITOR, *(row.unit for row in self.rows)):
            self.renew(unit)
        convener = self.keys["convener"].signer
        self.roster = Roster(
            version=1,
            prev_roster=ZERO_HASH,
            threshold=Threshold(k=1, keys=(convener.key_id,)),
            keys=(*(roster_entry(self.keys[side]) for side in SIDES), *service),
        )

    @property
    def units(self) -> tuple[str, ...]:
        """The member units, in the order of the roster file."""
        return tuple(row.unit for row in self.rows)

    def renew(self, unit: str) -> None:
        """A new key of the unit, which it uses from now on: the first one, or a new liaison's."""
        path = self.folder / f"{unit}-{secrets.token_hex(4)}.key"
        self.keys[unit] = make_key(path, unit=unit, conference=CONFERENCE, origin=self.origin)

    def seal(self, said: Said, now: datetime) -> Sealed:
        """Commit to the texts and sign."""
        openings: list[Opened] = []
        args = _committed(dict(said.args), openings)
        signer = self._present(said.who, now)
        envelope = sign_command(
            signer,
            origin=self.origin,
            stream=said.stream,
            unit=said.who,
            action=said.action,
            args=args,
            request_id=request_id_at(now),
            issued_at=format_instant(now),
            not_after=format_instant(now + VALIDITY),
            expect=said.expect,
        )
        return Sealed(envelope.decode("ascii"), tuple(openings))

    def session(self, who: str, now: datetime) -> str:
        """A token for reads, good for an hour."""
        return sign_session(
            self._present(who, now),
            origin=self.origin,
            unit=who,
            issued_at=format_instant(now),
            not_after=format_instant(now + SESSION_VALIDITY),
        )

    # --- what the convener says about the conference ---

    def founding(self, rules: Rules, calendar: Calendar) -> Said:
        """The founding of the conference, with the genesis roster."""
        signature = sign_roster(self.roster, self.keys["convener"].signer)
        directory = directory_document(NAMES, self.rows).decode()
        args = {
            "conference": CONFERENCE,
            "zone": calendar.zone,
            "custody": "demo",
            "directory": Text(directory, "application/json"),
            "members": [{"unit": unit} for unit in self.units],
            "roster": wire(self.roster),
            "roster_signatures": [wire(signature)],
            "rules": wire(rules),
            "calendar": wire(calendar),
        }
        return Said("convener", "conference", "found", args)

    def renewed(self, unit: str, action: str, now: datetime) -> Said:
        """The unit has a new key, and the convener takes it into the roster by this act.

        register-key: one more key. change-roster: a rotation, which the old key signs too.
        replace-key: the old key is lost; the new one acts in 72 hours, until then the old one does.
        """
        old = self.keys[unit]
        self.renew(unit)
        if action == "register-key":
            return self.registering(unit)
        if action == "change-roster":
            return self._rotating(unit, old)
        # some time passes until the conference has the command
        effective = now + REPLACEMENT_DELAY + timedelta(minutes=10)
        said = self._replacing(unit, old, effective)
        self._coming[unit] = (effective, self.keys[unit])
        self.keys[unit] = old  # the lost one acts meanwhile: somebody has found it
        return said

    def _present(self, who: str, now: datetime) -> Signer:
        """The key that somebody uses at an instant."""
        effective, coming = self._coming.get(who, (None, None))
        if effective is not None and coming is not None and effective <= now:
            self.keys[who] = coming
            del self._coming[who]
        return self.keys[who].signer

    def _rotating(self, unit: str, old: Key) -> Said:
        request, possession = self._request(unit)
        by_old = seal_envelope(KEY_REQUEST_TYPE, request, old.signer).signature.hex()
        changes = RosterChanges(add=(roster_entry(self.keys[unit]),), retire=(old.signer.key_id,))
        handed_over = RosterSignature(key_id=old.signer.key_id, signature=by_old)
        proof = Possession(
            key_id=self.keys[unit].signer.key_id, signature=possession, rotated=handed_over
        )
        args = {
            "changes": wire(changes),
            "possessions": [wire(proof)],
            "roster_signatures": self._signed(changes),
        }
        return Said("convener", "conference", "change-roster", args)

    def _replacing(self, unit: str, old: Key, effective: datetime) -> Said:
        _request, possession = self._request(unit)
        entry = roster_entry(self.keys[unit]).model_copy(
            update={"effective": effective, "replaces": old.signer.key_id}
        )
        args = {
            "entry": wire(entry),
            "possession": possession,
            "roster_signatures": self._signed(entry),
            "reason": Text("密钥卡遗失 (the card was lost)"),
        }
        return Said("convener", "conference", "replace-key", args)

    def _request(self, unit: str) -> tuple[bytes, str]:
        """What a unit signs to show that it holds its key, and the signature."""
        request = proof_of_possession(self.keys[unit].signer, origin=self.origin, unit=unit)
        envelope = decode(request, payload_type=KEY_REQUEST_TYPE)
        return envelope.payload, envelope.signature.hex()

    def _signed(self, change: RosterKey | RosterChanges) -> list[dict[str, Any]]:
        """The convener's signature over the next roster; the roster here follows at once."""
        self.roster = next_roster(self.roster, change)
        return [wire(sign_roster(self.roster, self.keys["convener"].signer))]

    def registering(self, unit: str) -> Said:
        """The unit's present key joins the roster; the roster here follows at once."""
        key = self.keys[unit]
        entry = roster_entry(key)
        derived = next_roster(self.roster, entry)
        request = proof_of_possession(key.signer, origin=self.origin, unit=unit)
        possession = decode(request, payload_type=KEY_REQUEST_TYPE).signature
        args = {
            "entry": wire(entry),
            "possession": possession.hex(),
            "roster_signatures": [wire(sign_roster(derived, self.keys["convener"].signer))],
        }
        self.roster = derived
        return Said("convener", "conference", "register-key", args)


def wire(model: BaseModel) -> dict[str, Any]:
    """A model as it stands in a command."""
    return model.model_dump(mode="json", exclude_none=True)


def request_id_at(instant: datetime) -> str:
    """A UUIDv7 (RFC 9562 §5.7) made at an instant, which need not be now."""
    milliseconds = int(instant.timestamp() * 1_000)
    random = os.urandom(10).hex()
    digits = f"{milliseconds:012x}7{random[:3]}8{random[3:18]}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _committed(value: Any, openings: list[Opened]) -> Any:
    """The arguments with a commitment in the place of every text."""
    match value:
        case Text(text, media):
            opened = _opened(text.encode(), media)
            openings.append(opened)
            return {"commit": opened.commit, "size": len(opened.data)}
        case dict():
            return {name: _committed(each, openings) for name, each in value.items()}
        case list() | tuple():
            return [_committed(each, openings) for each in value]
        case _:
            return value


def _opened(data: bytes, media: str) -> Opened:
    salt = os.urandom(SALT_BYTES)
    return Opened(commit(salt, data), salt, data, media)
