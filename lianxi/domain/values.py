"""The small values everything else is made of: ids, instants, commitments (domain layer)."""

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer


class Frozen(BaseModel):
    """A value: immutable, no unknown fields, compared by content."""

    model_config = ConfigDict(frozen=True, extra="forbid")


_SPELLED = re.compile(r"\d{4}-\d\d-\d\dT(?!24)\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)


def format_instant(instant: datetime) -> str:
    """The one spelling, `YYYY-MM-DDTHH:MM:SS.ffffffZ`; ValueError for an instant without a zone."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs a zone")
    # strftime takes three times as long, and an event has several instants
    return f"{instant.astimezone(UTC).isoformat(timespec='microseconds')[:-6]}Z"


def parse_instant(text: str) -> datetime:
    """The inverse of `format_instant`; every other spelling is a ValueError."""
    # a pattern and fromisoformat: strptime takes six times as long, writing it again half as much more
    if _SPELLED.fullmatch(text) is None:
        raise ValueError("not in the form YYYY-MM-DDTHH:MM:SS.ffffffZ")
    return datetime.fromisoformat(text)


def _read_instant(value: Any) -> datetime:
    if isinstance(value, str):
        return parse_instant(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    raise ValueError("an instant is a text YYYY-MM-DDTHH:MM:SS.ffffffZ")


Instant = Annotated[
    datetime, BeforeValidator(_read_instant), PlainSerializer(format_instant, return_type=str)
]


def _whole_match(pattern: str, max_length: int) -> Any:
    # pydantic's `$` would let a trailing newline pass; \A…\z does not
    return Field(pattern=rf"\A{pattern}\z", max_length=max_length)


UnitId = Annotated[str, _whole_match("[A-Za-z0-9-]{1,32}", 32)]
ConferenceId = Annotated[str, _whole_match("[a-z0-9][a-z0-9-]{0,31}", 32)]
TaskId = Annotated[str, _whole_match("T-[0-9]{4,8}", 10)]
SourceId = Annotated[str, _whole_match("[A-Za-z0-9][A-Za-z0-9._-]{0,63}", 64)]
"""The `id` a task file gives itself: its identity across repeats."""
Sha256Hex = Annotated[str, _whole_match("[0-9a-f]{64}", 64)]
SignatureHex = Annotated[str, _whole_match("[0-9a-f]{128}", 128)]
RequestId = Annotated[
    str, _whole_match("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", 36)
]
"""A UUID version 7 in lower case (RFC 9562 §5.7)."""
Origin = Annotated[str, _whole_match("[a-z0-9.-]{1,100}/lianxi/[a-z0-9-]{1,32}/[0-9a-f]{16}", 160)]
"""`<domain>/lianxi/<conference>/<16 hex random>`, made when a conference is founded."""
MediaType = Annotated[str, _whole_match("[a-z0-9.+-]{1,63}/[a-z0-9.+-]{1,63}", 127)]
StreamName = Annotated[
    str, _whole_match("(conference|task/T-[0-9]{4,8}|mail/[a-z]{1,16}|audit)", 32)
]
ClockTime = Annotated[str, _whole_match("([01][0-9]|2[0-3]):[0-5][0-9]", 5)]
"""A local time of day, `HH:MM`."""
ZoneName = Annotated[str, _whole_match("[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}", 64)]
"""A zone's name in the tz database; what it means is never looked up in the domain."""


class OfficeHours(Frozen):
    """Local times; the last day of a limit ends at `closes`."""

    opens: ClockTime = "09:00"
    closes: ClockTime = "17:00"


class Commitment(Frozen):
    """Stands for a text or file: a salted digest and the size in bytes, never the content."""

    commit: Sha256Hex
    size: int = Field(ge=0, le=2**40)


def _not_empty(commitment: Commitment) -> Commitment:
    if commitment.size == 0:
        raise ValueError("an empty text or file says nothing")
    return commitment


GivenText = Annotated[Commitment, AfterValidator(_not_empty)]
"""A commitment to something: an empty text gives no reason, an empty file is no evidence."""


class Role(StrEnum):
    """On whose side somebody acts."""

    CONVENER = "convener"
    OFFICE = "office"
    UNIT = "unit"
    AUDITOR = "auditor"
    SYSTEM = "system"


RESERVED_UNITS = {
    "convener": Role.CONVENER,
    "office": Role.OFFICE,
    "auditor": Role.AUDITOR,
    "system": Role.SYSTEM,
}
"""Ids that are not member units; every other unit id acts in the role `unit`."""

CONVENERS_SIDE = frozenset({Role.CONVENER, Role.OFFICE})


def role_of(unit: str) -> Role:
    """The role that goes with a unit id."""
    return RESERVED_UNITS.get(unit.lower(), Role.UNIT)


class Actor(Frozen):
    """Who caused an event: a unit in a role, by a key (none for the system)."""

    unit: UnitId
    role: Role
    key_id: Sha256Hex | None = None


SYSTEM = Actor(unit="system", role=Role.SYSTEM)


def _unique(units: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(units)) != len(units):
        raise ValueError("a unit is named twice")
    return units


UnitIds = Annotated[tuple[UnitId, ...], AfterValidator(_unique)]
