"""The clocks of the demo year: one virtual clock for people and gateway, one for each workflow (tools).

Temporal skips time for each workflow by itself. The virtual clock runs on like the wall clock, some
way ahead of it; a workflow that is brought to it runs on beside it.
"""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from temporalio.client import Client, WorkflowHandle
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from lianxi.ids import stream_workflow_id
from lianxi.messages import STATE_QUERY

APART = timedelta(seconds=20)
"""How far a workflow's clock may be from where it was to be brought, on a busy machine."""

BESIDE = timedelta(seconds=2)
"""Not worth a skip."""

PATIENCE = 60.0
"""Seconds until a skip, or the recording of what it brought, counts as stuck."""

AT_ONCE = 8
"""Skips at the same time; more only wait for each other."""

_MICROSECOND = timedelta(microseconds=1)


class VirtualClock:
    """The present of the demo year, shared with other processes through a file.

    The file holds how far it is ahead of the wall clock, in microseconds.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    @property
    def ahead(self) -> timedelta:
        """How far it is ahead of the wall clock; nothing before it was ever set."""
        try:
            return timedelta(microseconds=int(self._file.read_text("ascii")))
        except FileNotFoundError:
            return timedelta(0)

    def now(self) -> datetime:
        """The virtual present, in UTC."""
        return datetime.now(UTC) + self.ahead

    def set(self, ahead: timedelta) -> None:
        """Move it; readers see the old or the new value, nothing between."""
        partial = self._file.with_suffix(".new")
        partial.write_text(str(ahead // _MICROSECOND), "ascii")
        partial.replace(self._file)


class StuckError(Exception):
    """A workflow's clock did not come where it was to come."""


class Skips:
    """Brings the workflows of one conference to the virtual present."""

    def __init__(self, client: Client, conference: str, clock: VirtualClock) -> None:
        self._client = client
        self._skipper = TimeSkipper(client, config=TimeSkippingConfig(enabled=False))
        self._conference = conference
        self._clock = clock
        self._ended: set[str] = set()
        self._room = asyncio.Semaphore(AT_ONCE)
        self.skips = 0

    def handle(self, stream: str) -> WorkflowHandle[object, object]:
        """The workflow of a stream."""
        workflow_id = stream_workflow_id(self._conference, stream)
        if workflow_id is None:
            raise LookupError(f"{stream} has no workflow")
        return self._client.get_workflow_handle(workflow_id)

    async def reach(self, streams: Iterable[str], instant: datetime) -> None:
        """Let the virtual clock, and these workflows, come to `instant`, which may have passed.

        When it returns the rungs on the way have fired and stand in the trail. Raises StuckError.
        """
        ahead = max(instant - datetime.now(UTC), self._clock.ahead)
        self._clock.set(ahead)
        await self.bring(streams)

    async def bring(self, streams: Iterable[str]) -> None:
        """These workflows come to the virtual present."""
        async with asyncio.TaskGroup() as group:
            for stream in dict.fromkeys(streams):
                if stream not in self._ended:
                    group.create_task(self._bring(stream))

    async def _bring(self, stream: str) -> None:
        async with self._room:
            missing = self._clock.now() - await self._stands(stream)
            if missing > BESIDE:
                self.skips += 1
                if not await self.forward(stream, missing):
                    await self._check_end(stream)
                    return
                apart = self._clock.now() - await self._stands(stream)
                if abs(apart) > APART:
                    raise StuckError(f"{stream}: came to stand {apart} away")
            await self._until_recorded(stream)

    async def _stands(self, stream: str) -> datetime:
        """The workflow's present; its own clock is asked, a skip may have given up on the way."""
        return await self._skipper.get_current_time(self.handle(stream))

    async def forward(self, stream: str, duration: timedelta, patience: float = PATIENCE) -> bool:
        """Skip one workflow forward; False when it ended on the way, or gave up after 200 timers."""
        try:
            return await asyncio.wait_for(
                self._skipper.fast_forward(self.handle(stream), duration), patience
            )
        except TimeoutError:
            raise StuckError(f"{stream}: not there after {patience:g} s") from None

    async def _check_end(self, stream: str) -> None:
        """A skip that did not arrive is right only where the workflow has ended in order."""
        description = await self.handle(stream).describe()
        if description.status is None or description.status.name != "COMPLETED":
            raise StuckError(f"{stream}: did not arrive, and is {description.status}")
        self._ended.add(stream)

    async def _until_recorded(self, stream: str) -> None:
        """Until the store has all; recording takes wall time, whatever the workflow's clock says."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while " 0 unrecorded" not in str(await self.handle(stream).query(STATE_QUERY)):
            if asyncio.get_running_loop().time() > deadline:
                raise StuckError(f"{stream}: not recorded after {PATIENCE:g} s")
            await asyncio.sleep(0.02)
