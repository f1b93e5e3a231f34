"""What somebody with the database file does is named: event, finding, notice."""

# ruff: noqa: S608 - the tests play somebody with the database file

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import func, select

from lianxi import ids
from lianxi.messages import RecordBatch
from lianxi.ports import BatchInvalidError
from lianxi.proof.events import SealedEvent
from lianxi.store.tables import leaves
from tests.deployment import eventually
from tests.reconcile.ground import Ground

Act = Callable[[Ground], Awaitable[None]]


async def busy(ground: Ground) -> str:
    """A task with some events that are recorded and sealed; nothing to find."""
    task = await ground.issue()
    for percent in (10, 20, 30):
        receipt = await ground.deployment.done("U01", task, "progress", percent=percent)
    await ground.deployment.recorded(receipt)
    await ground.finds_nothing()
    await sealed(ground, ids.task_stream(task), receipt.events[-1].seq)
    return task


async def sealed(ground: Ground, stream: str, seq: int) -> None:
    """Wait until an event has its leaf."""

    def look() -> int:
        wanted = select(func.count()).where(leaves.c.stream == stream, leaves.c.seq == seq)
        with ground.deployment.store.engine.connect() as connection:
            return connection.scalar(wanted) or 0

    await eventually(look)


async def edited(ground: Ground) -> None:
    """The bytes of one event."""
    ground.sql(
        "UPDATE events SET data = CAST(replace(CAST(data AS TEXT), '\"percent\":20', '\"percent\":21')"
        " AS BLOB) WHERE seq = 4 AND stream LIKE 'task/%'"
    )


async def swapped(ground: Ground) -> None:
    """Two events change places."""
    where = "stream LIKE 'task/%' AND seq"
    ground.sql(f"UPDATE events SET seq = 99 WHERE {where} = 3")
    ground.sql(f"UPDATE events SET seq = 3 WHERE {where} = 4")
    ground.sql(f"UPDATE events SET seq = 4 WHERE {where} = 99")


async def inserted(ground: Ground) -> None:
    """One event more than were ever decided."""
    ground.sql(
        "INSERT INTO events (origin, stream, seq, kind, at, actor, role, basis, roster, data, hash)"
        " SELECT origin, stream, 9, kind, at, actor, role, basis, roster, data, 'f' || substr(hash, 2)"
        " FROM events WHERE stream LIKE 'task/%' AND seq = 3"
    )


async def deleted(ground: Ground) -> None:
    """One event in the middle."""
    ground.sql("DELETE FROM events WHERE stream LIKE 'task/%' AND seq = 3")


async def cut(ground: Ground) -> None:
    """The last event."""
    ground.sql("DELETE FROM events WHERE stream LIKE 'task/%' AND seq = 5")


async def column(ground: Ground) -> None:
    """A column that repeats what the bytes say."""
    ground.sql("UPDATE events SET actor = 'U03' WHERE stream LIKE 'task/%' AND seq = 3")


async def read_table(ground: Ground) -> None:
    """A row that people are shown."""
    ground.sql("UPDATE assignments SET state = 'completed' WHERE unit = 'U01'")


async def conference_row(ground: Ground) -> None:
    """The row that everything is shown through."""
    ground.sql("UPDATE conferences SET zone = 'Europe/Berlin'")


async def conference_row_gone(ground: Ground) -> None:
    """The same, taken away."""
    ground.sql("DELETE FROM conferences")


async def opening(ground: Ground) -> None:
    """A text that an event names."""
    ground.sql("DELETE FROM openings WHERE rowid = (SELECT max(rowid) FROM openings)")


@pytest.mark.parametrize(
    ("act", "codes"),
    [
        (edited, {"HASH_MISMATCH"}),
        (swapped, {"ADDRESS_MISMATCH", "GAP", "LINK_BROKEN"}),
        (inserted, {"HASH_MISMATCH", "ADDRESS_MISMATCH", "GAP"}),
        (deleted, {"GAP", "LEAF_WITHOUT_EVENT"}),
        (cut, {"LEAF_WITHOUT_EVENT"}),
        (column, {"COLUMN_DIFFERS"}),
        (read_table, {"ROW_DIFFERS"}),
        (conference_row, {"ROW_DIFFERS"}),
        (conference_row_gone, {"ROW_MISSING"}),
        (opening, {"OPENING_MISSING"}),
    ],
    ids=lambda given: getattr(given, "__name__", ""),
)
async def test_what_is_done_to_the_database_is_named(
    ground: Ground, act: Act, codes: set[str]
) -> None:
    """Each act by one of the codes that say what it was."""
    await busy(ground)
    await act(ground)

    async def named() -> bool:
        await ground.reconcile()
        return bool({code for code, _ in ground.standing()} & codes)

    await eventually(named)
    raised = {data["code"] for data in ground.events("FindingRaised")}
    assert raised & codes
    await eventually(lambda: "finding" in ground.letters("auditor"))


async def test_a_batch_that_was_refused_for_good_leaves_an_event(ground: Ground) -> None:
    """Once, however often it is offered; the stream counts as frozen until a thaw."""
    task = await busy(ground)
    deployment, stream = ground.deployment, ids.task_stream(task)
    lie = SealedEvent(text="{}", hash="0" * 64)
    batch = RecordBatch(origin=deployment.parties.origin, stream=stream, events=(lie,))
    for _ in range(2):
        with pytest.raises(BatchInvalidError):
            deployment.store.trail.append(batch)
    assert [data["stream"] for data in ground.events("BatchRefused")] == [stream]
    await ground.finds("STREAM_FROZEN", f"{deployment.parties.conference}/{stream}")


async def test_an_answer_that_the_trail_lost_again_is_seen(ground: Ground) -> None:
    """An old copy, with the tree of then: only Temporal still knows the answer; it counts later."""
    task = await busy(ground)
    receipt = await ground.deployment.done("U02", task, "acknowledge")
    await ground.deployment.recorded(receipt)
    await ground.finds_nothing()
    await sealed(ground, receipt.stream, receipt.events[-1].seq)
    for table in ("leaves", "nodes", "checkpoints"):
        ground.sql(f"DELETE FROM {table}")
    ground.sql(f"DELETE FROM events WHERE hash = '{receipt.events[-1].hash}'")
    await ground.finds("UNRECORDED", ground.workflow(task))
