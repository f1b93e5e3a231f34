"""The SQLite store and the fake in memory do the same."""

from collections.abc import Iterator

import pytest

from lianxi.ports import StoreUnavailableError
from lianxi.store.store import Store
from lianxi.store.verify import verify_trail
from tests.store.contract import OpeningsContract, OutboxContract, TrailContract
from tests.store.fakes import FakeStore
from tests.store.scenario import whole_life


class TestSqliteStore(TrailContract, OpeningsContract, OutboxContract):
    """On a real file; whatever a test did, what it leaves behind verifies."""

    @pytest.fixture(autouse=True)
    def _verified(self, store: Store) -> Iterator[None]:
        yield
        codes = {finding.code for finding in verify_trail(store.engine, store.evidence).findings}
        # many tests hand in no openings; one records a past in which a rung had not fired yet
        assert codes <= {"OPENING_MISSING", "RUNG_MISSING"}


class TestFakeStore(TrailContract, OpeningsContract, OutboxContract):
    """In memory."""

    @pytest.fixture
    def store(self) -> FakeStore:
        """Empty."""
        return FakeStore()

    def test_injected_faults_are_used_up(self, store: FakeStore) -> None:
        """Before: nothing recorded. After: recorded, and the answer lost. Then all is well."""
        conference = whole_life().drain()[0]
        store.faults = ["before", "after"]
        with pytest.raises(StoreUnavailableError):
            store.append(conference)
        assert store.event_at(conference.origin, "conference", 1) is None
        with pytest.raises(StoreUnavailableError):
            store.append(conference)
        assert store.event_at(conference.origin, "conference", 1) is not None
        assert store.append(conference).seq == len(conference.events)
