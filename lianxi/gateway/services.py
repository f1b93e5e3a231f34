"""What the routes need of the world, built once by `main` (gateway layer)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import anyio
from starlette.requests import Request

from lianxi.gateway.desk import Desk
from lianxi.gateway.known import Known
from lianxi.gateway.log_heads import LogHeads
from lianxi.gateway.receipts import ReceiptSigning
from lianxi.service_keys import PublicKeys
from lianxi.store.store import Store

StoreSource = Callable[[], Store]
"""Gives the store, or raises StoreUnavailableError; called in a thread."""


def wall_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is taken. Sizes in bytes, times in seconds."""

    command_bytes: int = 16_384
    text_bytes: int = 65_536
    evidence_bytes: int = 32 << 20
    founding_bytes: int = 160 << 10
    """An envelope and a directory of 64 KiB in base64."""
    question_bytes: int = 160 << 10
    """Rules and a calendar of some hundred entries, as a question carries them."""
    command_seconds: float = 10.0
    upload_seconds: float = 120.0
    threads: int = 16
    """Reads at once; the store keeps as many connections."""
    uploads: int = 4
    """Files at once: each lies in memory until it is stored."""


@dataclass(frozen=True, slots=True)
class Services:
    """Desk, store, clock, limits, and what the gateway remembers between requests."""

    desk: Desk
    store: StoreSource
    founding_token: str
    limits: Limits = Limits()
    now: Callable[[], datetime] = wall_clock
    known: Known = field(default_factory=Known)
    signing: ReceiptSigning = field(default_factory=ReceiptSigning)
    public_keys: Callable[[], PublicKeys] = lambda: PublicKeys(None, None)
    """The public halves of the service's own keys, as they lie on this machine now."""
    heads: LogHeads = field(init=False)
    threads: anyio.CapacityLimiter = field(init=False)
    uploads: anyio.CapacityLimiter = field(init=False)

    def __post_init__(self) -> None:
        """Make the limiters, and what remembers the logs."""
        object.__setattr__(self, "heads", LogHeads(self.known))
        object.__setattr__(self, "threads", anyio.CapacityLimiter(self.limits.threads))
        object.__setattr__(self, "uploads", anyio.CapacityLimiter(self.limits.uploads))

    @staticmethod
    def of(request: Request) -> "Services":
        """The services of the application that serves a request."""
        services: Services = request.app.state.services
        return services
