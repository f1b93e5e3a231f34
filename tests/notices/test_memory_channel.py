"""The fake channel keeps the channels' contract, so what is tested with it holds for real ones."""

import pytest

from tests.notices.contract import Bench, ChannelContract
from tests.notices.fakes import MemoryChannel


class TestMemoryChannel(ChannelContract):
    """The contract, on the fake."""

    @pytest.fixture
    def bench(self) -> Bench:
        channel = MemoryChannel()
        return Bench(
            channel,
            lambda: [(one.notice_id, one.subject, one.body) for one in channel.letters],
            lambda: setattr(channel, "away", True),
            lambda: setattr(channel, "away", False),
        )
