"""Hand-written fakes of the ports that notices use; the channel passes the channels' contract."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from lianxi.ports import (
    DueNotice,
    Letter,
    Outcome,
    PermanentRefusalError,
    StoreUnavailableError,
    TransientRefusalError,
)


class MemoryChannel:
    """Keeps letters in memory; answers a unit as `answers` says, everybody while `away`."""

    def __init__(self, name: str = "memory", batch: int = 4) -> None:
        self.name = name
        self.batch = batch
        self.letters: list[Letter] = []
        self.answers: dict[str, Exception] = {}
        self.away = False

    def send(self, letters: Sequence[Letter]) -> Sequence[Exception | None]:
        return [self._take(letter) for letter in letters]

    def _take(self, letter: Letter) -> Exception | None:
        if self.away:
            return TransientRefusalError("away")
        if "\n" in letter.subject:
            return PermanentRefusalError("bad-letter")
        answer = self.answers.get(letter.unit)
        if answer is None:
            self.letters.append(letter)
        return answer


class MemoryOutbox:
    """Rows in memory with leases and fences; the next `outages` calls find it away.

    With `forgetful` set, the next call of `settle` does its work and then says it could not.
    """

    def __init__(self, rows: Sequence[DueNotice] = ()) -> None:
        self._rows = {row.notice_id: row for row in rows}
        self._not_before: dict[str, datetime] = {}
        self._leases: dict[str, int] = {}
        self._attempts: dict[str, int] = {}
        self.outcomes: list[Outcome] = []
        self.outages = 0
        self.forgetful = False
        self.takes = 0

    def add(self, row: DueNotice) -> None:
        self._rows[row.notice_id] = row

    def take(
        self, channel: str, now: datetime, limit: int, lease_seconds: float
    ) -> Sequence[DueNotice]:
        self.takes += 1
        self._maybe_away()
        due = [
            row
            for row in list(self._rows.values())
            if row.channel == channel and self._not_before.get(row.notice_id, now) <= now
        ]
        return [self._lease(row, now + timedelta(seconds=lease_seconds)) for row in due[:limit]]

    def settle(self, outcomes: Sequence[Outcome], now: datetime) -> int:  # noqa: ARG002
        self._maybe_away()
        counted = [o for o in outcomes if self._leases.get(o.notice_id) == o.lease]
        for outcome in counted:
            self.outcomes.append(outcome)
            if outcome.result == "retry" and outcome.not_before is not None:
                self._not_before[outcome.notice_id] = outcome.not_before
                self._attempts[outcome.notice_id] = self._attempts.get(outcome.notice_id, 0) + 1
            else:
                del self._rows[outcome.notice_id]
                del self._leases[outcome.notice_id]
        if self.forgetful:
            self.forgetful = False
            raise StoreUnavailableError("committed, then away")
        return len(counted)

    def _maybe_away(self) -> None:
        if self.outages > 0:
            self.outages -= 1
            raise StoreUnavailableError("away")

    def _lease(self, row: DueNotice, until: datetime) -> DueNotice:
        lease = self._leases.get(row.notice_id, 0) + 1
        self._leases[row.notice_id] = lease
        self._not_before[row.notice_id] = until
        return replace(row, lease=lease, attempts=self._attempts.get(row.notice_id, 0))
