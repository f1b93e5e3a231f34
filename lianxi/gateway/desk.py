"""Where the gateway hands commands in: the engine, or a fake in tests (gateway layer, port)."""

from typing import Protocol

from lianxi.engine.outcomes import Outcome
from lianxi.messages import ReconcileResult


class Desk(Protocol):
    """Takes signed commands. `lianxi.engine.engine.Engine` is one.

    An exception says nothing about the command: it may have been done.
    """

    async def submit(self, envelope: str) -> Outcome:
        """Hand a command to the workflow of its stream and say what became of it."""
        ...

    async def found(self, envelope: str) -> Outcome:
        """Found a conference."""
        ...

    async def reconcile(self) -> ReconcileResult | None:
        """Compare trail and Temporal now; None when no result came in time."""
        ...
