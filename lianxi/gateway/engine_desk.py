"""The desk as it is in operation: the engine, over Temporal and the trail (gateway layer)."""

from collections.abc import Callable

import anyio

from lianxi.engine.engine import Engine
from lianxi.engine.outcomes import Outcome
from lianxi.gateway.services import StoreSource
from lianxi.messages import ReconcileResult
from lianxi.ports import Trail


class EngineDesk:
    """A `Desk`. The engine is made once the store is there, since it needs the trail."""

    def __init__(self, make_engine: Callable[[Trail], Engine], store: StoreSource) -> None:
        self._make_engine = make_engine
        self._store = store
        self._engine: Engine | None = None

    async def submit(self, envelope: str) -> Outcome:
        """See `Desk`."""
        return await (await self._ready()).submit(envelope)

    async def found(self, envelope: str) -> Outcome:
        """See `Desk`."""
        return await (await self._ready()).found(envelope)

    async def reconcile(self) -> ReconcileResult | None:
        """See `Desk`."""
        return await (await self._ready()).reconcile()

    async def _ready(self) -> Engine:
        if self._engine is None:
            store = await anyio.to_thread.run_sync(self._store)
            self._engine = self._make_engine(store.trail)
        return self._engine
