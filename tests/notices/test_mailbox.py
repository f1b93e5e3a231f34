"""The channel `mailbox` on a real SQLite file: the contract, and each letter once."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from lianxi.notices.mailbox import MailboxChannel
from lianxi.store.dialect import create_database, writing_engine
from lianxi.store.mailbox import StoreMailbox
from lianxi.store.tables import metadata
from lianxi.store.writer import Writer
from tests.notices.contract import Bench, ChannelContract
from tests.notices.letters import NOW, a_letter


class TestMailboxChannel(ChannelContract):
    """The contract, on the store."""

    @pytest.fixture
    def database(self, tmp_path: Path) -> Path:
        return tmp_path / "trail.db"

    @pytest.fixture
    def bench(self, database: Path) -> Iterator[Bench]:
        create_database(database)
        engine = writing_engine(f"sqlite:///{database}", busy_seconds=0.05)
        metadata.create_all(engine)
        writer = Writer(engine, database)
        locker = sqlite3.connect(database, isolation_level=None)
        yield Bench(
            MailboxChannel(StoreMailbox(writer), lambda: NOW),
            lambda: _rows(database),
            lambda: locker.execute("BEGIN IMMEDIATE").close(),
            lambda: locker.execute("ROLLBACK").close(),
        )
        locker.close()
        writer.close()
        engine.dispose()

    def test_a_repeated_letter_stands_there_once(self, bench: Bench, database: Path) -> None:
        """The notice id is the key: the first delivery stays as it was."""
        bench.channel.send([a_letter(1, subject="first")])
        bench.channel.send([a_letter(1, subject="again"), a_letter(2)])
        assert [subject for _, subject, _ in _rows(database)] == ["first", a_letter(2).subject]

    def test_the_row_says_to_whom_when_and_about_what(self, bench: Bench, database: Path) -> None:
        """What listings need stands in columns."""
        bench.channel.send([a_letter(1)])
        with sqlite3.connect(database) as connection:
            row = connection.execute(
                "SELECT origin, unit, task, kind, language, at, read_at FROM mailbox"
            ).fetchone()
        connection.close()
        letter = a_letter(1)
        expected = (letter.origin, "U07", "T-0003", "issued", "zh", "2026-11-20T08:00:00.000000Z")
        assert row == (*expected, None)


def _rows(database: Path) -> list[tuple[str, str, str]]:
    connection = sqlite3.connect(database)
    try:
        return connection.execute(
            "SELECT notice_id, subject, body FROM mailbox ORDER BY number"
        ).fetchall()
    finally:
        connection.close()
