"""A deployment whose tasks' clocks can be moved: time skipping on the real server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from temporalio.client import Client
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from tests.deployment import Deployment


class Skipping:
    """A deployment whose workflows' clocks can be moved."""

    def __init__(self, deployment: Deployment, skipper: TimeSkipper) -> None:
        self.deployment = deployment
        self._skipper = skipper
        self._skipped = timedelta(0)

    @classmethod
    @asynccontextmanager
    async def prepared(
        cls,
        client: Client,
        folder: Path,
        *,
        units: tuple[str, ...] = ("U01", "U02"),
        **parties: Any,
    ) -> AsyncIterator["Skipping"]:
        """Everything but the worker; nobody's clock is moved yet."""
        skipper = TimeSkipper(client, config=TimeSkippingConfig(enabled=False))
        deployment = Deployment.prepared(skipper.client, folder, units=units, **parties)
        try:
            yield cls(deployment, skipper)
        finally:
            deployment.store.close()

    @property
    def now(self) -> datetime:
        """The task's present, as far as it was skipped."""
        return datetime.now(UTC) + self._skipped

    async def skip(self, task: str, duration: timedelta, *, ends: bool = False) -> None:
        """Move the task's clock; arrives there unless the workflow ends on the way.

        A timer that fired on the way may still wait for its worker, which would find the clock
        moved once more; so the next move waits until nothing does.
        """
        handle = self.deployment.handle(task)
        arrived = await asyncio.wait_for(self._skipper.fast_forward(handle, duration), 30)
        assert arrived is not ends
        self._skipped += duration
        for _ in range(300):
            description = (await handle.describe()).raw_description
            # one that no worker polls for (a test's worker that is down) waits longer than this
            if not description.HasField("pending_workflow_task"):
                return
            await asyncio.sleep(0.01)

    async def skip_to(self, task: str, instant: datetime) -> None:
        """Move the task's clock to `instant`, which lies ahead of it."""
        await self.skip(task, instant - self.now)
