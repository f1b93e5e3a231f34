"""The virtual clock's file, and ids made at a virtual instant."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from tools.year.clock import VirtualClock
from tools.year.people import request_id_at


def test_two_clocks_on_one_file_go_alike(tmp_path: Path) -> None:
    """What one process sets, the gateway's process sees at once."""
    mine, gateways = VirtualClock(tmp_path / "clock"), VirtualClock(tmp_path / "clock")
    assert abs(gateways.now() - datetime.now(UTC)) < timedelta(seconds=1)
    mine.set(timedelta(days=40, microseconds=7))
    assert gateways.ahead == timedelta(days=40, microseconds=7)
    assert abs(gateways.now() - datetime.now(UTC) - timedelta(days=40)) < timedelta(seconds=1)
    mine.set(timedelta(0))
    assert gateways.ahead == timedelta(0)


def test_a_request_id_is_made_at_its_instant() -> None:
    """UUIDv7: the first 48 bits are milliseconds; ids of one instant differ."""
    instant = datetime(2031, 5, 6, 7, 8, 9, 123_000, tzinfo=UTC)
    one, other = UUID(request_id_at(instant)), UUID(request_id_at(instant))
    assert (one.version, one.variant) == (7, "specified in RFC 4122")
    assert one.int >> 80 == int(instant.timestamp() * 1000)
    assert one != other
