"""Letters and due notices for tests, whole by default, one field changed at a time."""

# ruff: noqa: RUF001 - Chinese text has full-width punctuation

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from lianxi.domain.task.react import Notice
from lianxi.ports import DueNotice, Letter

ORIGIN = "lianxi.example/lianxi/demo/0123456789abcdef"
NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
DUE = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)


def notice_id(number: int) -> str:
    """The id of the test's notice with this number."""
    return sha256(f"notice {number}".encode()).hexdigest()


def a_letter(number: int = 1, **changed: Any) -> Letter:
    """A letter to U07."""
    fields: dict[str, Any] = {
        "notice_id": notice_id(number),
        "origin": ORIGIN,
        "unit": "U07",
        "kind": "issued",
        "task": "T-0003",
        "address": f"u{number:02d}@units.example",
        "language": "zh",
        "subject": "[T-0003] 新交办事项: 修复水文站",
        "body": "督办事项 T-0003：修复水文站\n\n  lianxi ack T-0003\n",
    }
    return Letter(**{**fields, **changed})


def a_notice(kind: str = "issued", **changed: Any) -> Notice:
    """A notice about U07's assignment on T-0003, due on 30 November at 17:00 in Shanghai."""
    fields: dict[str, Any] = {
        "task": "T-0003",
        "addressee": "U07",
        "kind": kind,
        "about": "U07",
        "cycle": 1,
        "revision": 1,
        "due": DUE,
    }
    return Notice(**{**fields, **changed})


def a_due_notice(number: int = 1, notice: Notice | None = None, **changed: Any) -> DueNotice:
    """A leased outbox row that holds."""
    fields: dict[str, Any] = {
        "notice_id": notice_id(number),
        "origin": ORIGIN,
        "channel": "mailbox",
        "notice": notice or a_notice(),
        "holds": True,
        "language": "en",
        "address": f"u{number:02d}@units.example",
        "title": "Repair the gauges",
        "lease": 1,
        "attempts": 0,
    }
    return DueNotice(**{**fields, **changed})
