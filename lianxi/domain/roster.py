"""The roster: which key may act for which unit, in which version (domain layer)."""

from datetime import datetime
from functools import cached_property
from typing import Literal, Self

from pydantic import Field, model_validator

from lianxi.domain.values import Frozen, Instant, Role, Sha256Hex, SignatureHex, UnitId

KeyState = Literal["active", "retired"]
KeyUse = Literal["command", "log", "receipt"]
Standing = Literal["active", "unknown", "retired", "waiting", "replaced"]
"""How a key stands at an instant. `waiting`: it replaces another and is not effective yet;
`replaced`: another one has taken its place."""


class RosterKey(Frozen):
    """One key of one unit. A key is registered once, ever.

    `use`: what it may sign: commands and sessions, checkpoints of the log, or receipts.
    `effective` and `replaces` belong together: a key that takes a lost one's place, and when.
    """

    unit: UnitId
    role: Role
    use: KeyUse = "command"
    alg: Literal["ed25519"] = "ed25519"
    key_id: Sha256Hex
    public_key: Sha256Hex = Field(description="the raw 32 bytes in hex")
    state: KeyState = "active"
    effective: Instant | None = None
    replaces: Sha256Hex | None = None


class Threshold(Frozen):
    """How many of which keys must sign the next roster."""

    k: int = Field(ge=1, le=16)
    keys: tuple[Sha256Hex, ...] = Field(min_length=1, max_length=16)


class RosterChanges(Frozen):
    """What one version does besides adding a single key: at least one of the three."""

    add: tuple[RosterKey, ...] | None = Field(default=None, min_length=1, max_length=64)
    retire: tuple[Sha256Hex, ...] | None = Field(default=None, min_length=1, max_length=64)
    threshold: Threshold | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.add is None and self.retire is None and self.threshold is None:
            raise ValueError("a change of the roster adds, retires, or sets the threshold")
        return self


class Roster(Frozen):
    """All keys at one version; `prev_roster` is the hash of the version before (zeros for the first)."""

    version: int = Field(ge=1)
    prev_roster: Sha256Hex
    threshold: Threshold
    keys: tuple[RosterKey, ...] = Field(max_length=512)

    @cached_property
    def by_key_id(self) -> dict[str, RosterKey]:
        """Every key, retired ones too, by its id."""
        return {key.key_id: key for key in self.keys}

    @cached_property
    def replacements(self) -> dict[str, RosterKey]:
        """The key that takes or took a lost key's place, by the lost key's id."""
        return {key.replaces: key for key in self.keys if key.replaces and key.state == "active"}

    def standing(self, key_id: str, at: datetime) -> Standing:
        """How a key stands at an instant."""
        key = self.by_key_id.get(key_id)
        if key is None:
            return "unknown"
        if key.state != "active":
            return "retired"
        if key.effective is not None and at < key.effective:
            return "waiting"
        successor = self.replacements.get(key_id)
        if successor is not None and successor.effective is not None and successor.effective <= at:
            return "replaced"
        return "active"

    def after(
        self, prev_roster: str, version: int, change: "RosterKey | RosterChanges"
    ) -> "Roster":
        """The roster with a key added, or changed; nothing is checked (see `proof.rosters`).

        Invariant: no key ever leaves; a retired one stays, as retired.
        """
        if isinstance(change, RosterKey):
            change = RosterChanges(add=(change,))
        gone = frozenset(change.retire or ())
        kept = (
            key.model_copy(update={"state": "retired"}) if key.key_id in gone else key
            for key in self.keys
        )
        return Roster(
            version=version,
            prev_roster=prev_roster,
            threshold=change.threshold or self.threshold,
            keys=(*kept, *(change.add or ())),
        )


class RosterSignature(Frozen):
    """One roster key's signature over a roster."""

    key_id: Sha256Hex
    signature: SignatureHex


class Possession(Frozen):
    """That a unit holds the key to be added: its signature over its own key request.

    `rotated`: the key it takes the place of signed the very same request (a rotation).
    """

    key_id: Sha256Hex
    signature: SignatureHex
    rotated: RosterSignature | None = None
