"""How a command comes to its stream: rosters that the stream lacks, then the command (engine layer)."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self
from uuid import uuid4

from lianxi.engine.outcomes import Refused
from lianxi.engine.owed_rosters import portions
from lianxi.messages import ROSTERS_ID, CommandMessage, RostersMessage
from lianxi.proof.commands import SignedCommand
from lianxi.proof.rosters import RosterStep


def _fresh_id() -> str:
    return f"{ROSTERS_ID}{uuid4()}"


@dataclass(frozen=True, slots=True)
class Portion:
    """Steps that a stream takes in at once, and the id under which every attempt brings them.

    Whoever brings the same later brings them under another id: the answer to this one is what the
    stream had heard then, and Temporal repeats it even where a thaw has taken the stream back.
    """

    steps: tuple[RosterStep, ...]
    update_id: str = field(default_factory=_fresh_id)

    @property
    def message(self) -> RostersMessage:
        """What is sent."""
        return RostersMessage(roster_steps=self.steps)

    @property
    def leads_to(self) -> int:
        """The least version of the roster behind these steps; one that adds a key names none."""
        version = 0
        for step in self.steps:
            version = version + 1 if step.version is None else step.version
        return version


@dataclass(frozen=True, slots=True)
class Way:
    """Updates that are sent one after the other: each of `before`, then the command."""

    command: CommandMessage
    before: tuple[Portion, ...] = ()
    untaken: Refused | None = None
    """Why its stream took no more rosters."""

    @classmethod
    def bringing(cls, signed: SignedCommand, steps: Sequence[RosterStep]) -> Self:
        """The command with the last of the steps; those that do not go along, before it."""
        *before, last = portions(steps) or [()]
        command = CommandMessage(envelope=signed.text, roster_steps=last)
        return cls(command, tuple(map(Portion, before)))

    def heard(self, version: int) -> Self:
        """The rest, once the stream is at `version`: without its first portion, if that is behind it."""
        first, *rest = self.before
        if version < first.leads_to:
            return replace(self, before=(Portion(first.steps), *rest))
        return replace(self, before=tuple(rest))

    def cut(self, untaken: Refused) -> Self:
        """The command with what its stream did not take before it, and no more."""
        command = self.command.model_copy(update={"roster_steps": self.before[0].steps})
        return replace(self, command=command, before=(), untaken=untaken)
