"""The mailbox of the store: letters as rows, delivered by the one writer (store layer, shell)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from lianxi.domain.values import format_instant
from lianxi.ports import Letter
from lianxi.store.dialect import insert_if_absent
from lianxi.store.tables import mailbox
from lianxi.store.writer import Writer


class StoreMailbox:
    """`lianxi.ports.Mailbox` on the trail's database; content beside the record, not part of it."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def deliver(self, letters: Sequence[Letter], now: datetime) -> None:
        """Keep letters durably; see `lianxi.ports.Mailbox`."""
        rows = [_row(letter, format_instant(now)) for letter in letters]

        def insert_all(connection: Connection) -> None:
            connection.execute(insert_if_absent(connection.dialect, mailbox), rows)

        if rows:
            self._writer.run(insert_all)


def _row(letter: Letter, at: str) -> dict[str, str | None]:
    return {
        "notice_id": letter.notice_id,
        "origin": letter.origin,
        "unit": letter.unit,
        "task": letter.task,
        "kind": letter.kind,
        "language": letter.language,
        "subject": letter.subject,
        "body": letter.body,
        "at": at,
    }
