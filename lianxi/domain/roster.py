"""The roster: which key may act for which unit, in which version (domain layer)."""

from functools import cached_property
from typing import Literal

from pydantic import Field

from lianxi.domain.values import Frozen, Role, Sha256Hex, SignatureHex, UnitId

KeyState = Literal["active", "retired"]


class RosterKey(Frozen):
    """One key of one unit. A key is registered once, ever."""

    unit: UnitId
    role: Role
    use: Literal["command"] = "command"
    alg: Literal["ed25519"] = "ed25519"
    key_id: Sha256Hex
    public_key: Sha256Hex = Field(description="the raw 32 bytes in hex")
    state: KeyState = "active"


class Threshold(Frozen):
    """How many of which keys must sign the next roster."""

    k: int = Field(ge=1, le=16)
    keys: tuple[Sha256Hex, ...] = Field(min_length=1, max_length=16)


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


class RosterSignature(Frozen):
    """One roster key's signature over a roster."""

    key_id: Sha256Hex
    signature: SignatureHex
