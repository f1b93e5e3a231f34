"""What every command on a task has, and the parts several of them share (domain layer)."""

from enum import StrEnum
from typing import ClassVar, Literal

from lianxi.domain.values import CONVENERS_SIDE, Frozen, GivenText, Instant, MediaType, Role

MAX_UNITS = 256
"""Units of one task; keeps the issue event far below 65,535 bytes."""


class Mode(StrEnum):
    """`lead`: one lead and its supports; `each`: every unit for itself."""

    LEAD = "lead"
    EACH = "each"


class Verdict(StrEnum):
    """With what a task is closed."""

    IMPLEMENTED = "implemented"
    NOT_IMPLEMENTED = "not-implemented"


class Basis(Frozen):
    """What a task rests on."""

    kind: Literal["meeting", "decision", "document", "duty"]
    text: GivenText


class Evidence(Frozen):
    """One file handed in with a report: its commitment and what kind of file it is."""

    file: GivenText
    media: MediaType


RequestKind = Literal["extension", "stop", "objection"]
"""What a unit may ask the office to decide."""


class TaskCommand(Frozen):
    """What every command says of itself, as data: its action, who may give it, staleness."""

    action: ClassVar[str]
    roles: ClassVar[frozenset[Role]]
    refused_when_stale: ClassVar[bool] = False


class UnitCommand(TaskCommand):
    """A command of a unit about its own assignment; it may state when the thing happened."""

    roles: ClassVar[frozenset[Role]] = frozenset({Role.UNIT})
    happened_at: Instant | None = None


class ConvenerCommand(TaskCommand):
    """A command of the convener's side."""

    roles: ClassVar[frozenset[Role]] = CONVENERS_SIDE
