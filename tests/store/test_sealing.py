"""Sealing: which events become leaves, which are left, and what is signed."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from lianxi.ports import SealTurn, StoreUnavailableError
from lianxi.proof.checkpoints import log_key, open_checkpoint
from lianxi.proof.hashing import event_hash
from lianxi.proof.keys import Signer
from lianxi.proof.tree import Range, verify_consistency, verify_inclusion
from lianxi.service_keys import ServiceKeyError
from lianxi.store.sealing import HELD_BACK, WHOLE_LOOK, SqlSealer
from lianxi.store.store import Store, open_store
from lianxi.store.tables import checkpoints, events, leaves
from lianxi.store.tree_reads import (
    checkpoint_at,
    consistency,
    inclusion,
    newest_checkpoint,
    tree_size,
)
from tests.store.contract import record
from tests.store.scenario import Scenario, whole_life

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
KEY = Signer(bytes(range(32)))
ROOT = Path(__file__).resolve().parents[2]


class Clock:
    """A monotonic clock that moves by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The sealer's clock."""
    return Clock()


@pytest.fixture
def life() -> Scenario:
    """A conference's life, not recorded yet."""
    return whole_life()


@pytest.fixture
def recorded(store: Store, life: Scenario) -> Store:
    """The life recorded."""
    record(store, life)
    return store


def sealer_of(store: Store, clock: Clock | None = None, **changes: object) -> SqlSealer:
    """A sealer with the key of these tests."""
    assert store.writer is not None
    given = {"monotonic": clock} if clock else {}
    return SqlSealer(store.writer, store.engine, lambda: (KEY,), store.anchors, **given, **changes)  # type: ignore[arg-type]


def sealed_all(sealer: SqlSealer) -> SealTurn:
    """Turns until nothing waits; the last one's result with all leaves counted."""
    total = 0
    while True:
        turn = sealer.seal(NOW)
        total += turn.sealed
        if not turn.more:
            return SealTurn(total, turn.signed, False, turn.left, turn.unsigned, turn.unkept)


def count(store: Store) -> int:
    """How many events are recorded."""
    with store.engine.connect() as connection:
        return len(connection.execute(select(events.c.position)).all())


@pytest.fixture
def edit(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """SQL behind the store's back, as somebody with the file can do it."""
    with closing(sqlite3.connect(tmp_path / "trail" / "trail.db", timeout=5)) as database:

        def run(sql: str, *values: object) -> None:
            with database:
                database.execute(sql, values)

        yield run


def test_every_event_becomes_one_leaf_in_order(recorded: Store, life: Scenario) -> None:
    """Leaf 0 is the founding; leaves follow positions; the root is that of RFC 6962."""
    turn = sealed_all(sealer_of(recorded))
    assert (turn.sealed, turn.left, turn.unsigned) == (count(recorded), (), {})
    with recorded.engine.connect() as connection:
        rows = connection.execute(select(leaves).order_by(leaves.c.leaf)).all()
        newest = newest_checkpoint(connection, life.origin)
    assert (rows[0].stream, rows[0].seq) == ("conference", 1)
    assert [row.position for row in rows] == sorted(row.position for row in rows)
    tree = Range()
    tree.extend(bytes.fromhex(row.hash) for row in rows)
    assert newest is not None
    assert (newest.size, newest.root) == (len(rows), tree.root())


def test_a_checkpoint_is_signed_by_the_log_under_its_origin(
    recorded: Store, life: Scenario
) -> None:
    """By the key of the log alone, as C2SP says."""
    sealed_all(sealer_of(recorded))
    with recorded.engine.connect() as connection:
        newest = newest_checkpoint(connection, life.origin)
    assert newest is not None
    assert newest.note is not None
    found, _ = open_checkpoint(
        newest.note.encode(), origin=life.origin, log_keys=[log_key(life.origin, KEY.public_key)]
    )
    assert (found.size, found.root) == (newest.size, newest.root)


def test_nothing_new_makes_no_checkpoint(recorded: Store) -> None:
    """A second look at the same events changes nothing."""
    sealer = sealer_of(recorded)
    sealed_all(sealer)
    again = sealer.seal(NOW)
    assert (again.sealed, again.signed, again.more) == (0, 0, False)


def test_small_turns_make_the_same_tree(recorded: Store, life: Scenario) -> None:
    """Each with its own checkpoint, each a beginning of the next; every event is proven in each."""
    sealed_all(sealer_of(recorded, max_leaves=7))
    with recorded.engine.connect() as connection:
        rows = connection.execute(select(checkpoints).order_by(checkpoints.c.size)).all()
        assert [row.size for row in rows][:3] == [7, 14, 21]
        assert all(row.note for row in rows)
        for old, new in pairwise(rows):
            verify_consistency(
                old.size,
                new.size,
                bytes.fromhex(old.root),
                bytes.fromhex(new.root),
                consistency(connection, life.origin, old.size, new.size),
            )
        hashes = connection.execute(select(leaves.c.hash, leaves.c.leaf)).all()
        for event_hash, leaf in hashes:
            for row in rows:
                proof = inclusion(connection, life.origin, event_hash, row.size)
                assert (proof is None) == (leaf >= row.size)
                if proof is not None:
                    verify_inclusion(
                        bytes.fromhex(event_hash),
                        proof.index,
                        proof.size,
                        proof.hashes,
                        bytes.fromhex(row.root),
                    )


def test_conferences_have_trees_of_their_own(store: Store) -> None:
    """Two conferences recorded one among the other: each its own leaves from 0."""
    one, other = Scenario(name="one"), Scenario(name="other").register_all()
    record(store, one)
    record(store, other)
    one.register_all()
    record(store, one)
    sealed_all(sealer_of(store, max_leaves=3))
    with store.engine.connect() as connection:
        sizes = [tree_size(connection, each.origin) for each in (one, other)]
        last = [newest_checkpoint(connection, each.origin) for each in (one, other)]
    assert sizes == [6, 6]
    assert [each.size for each in last if each] == sizes


# --- what does not fit ---


def left_of(turn: SealTurn) -> dict[str, tuple[int, str, int]]:
    """By stream: the first event left, why, and how many."""
    return {each.stream: (each.seq, each.reason, each.events) for each in turn.left}


EDITS = [
    (
        "edited bytes",
        (
            "UPDATE events SET data = CAST(replace(CAST(data AS TEXT), '\"v\":1', '\"v\":2') AS BLOB)"
            " WHERE stream='task/T-0001' AND seq=3"
        ),
        "hash",
    ),
    (
        "no event at all",
        "UPDATE events SET data = x'5b5d' WHERE stream='task/T-0001' AND seq=3",
        "hash",
    ),
    (
        "a column that says otherwise",
        "UPDATE events SET kind='TaskClosed' WHERE stream='task/T-0001' AND seq=3",
        "columns",
    ),
    ("a row cut out", "DELETE FROM events WHERE stream='task/T-0001' AND seq=3", "gap"),
]


@pytest.mark.parametrize(("what", "sql", "reason"), EDITS, ids=[each[0] for each in EDITS])
def test_what_was_changed_before_it_was_sealed_is_left(
    recorded: Store, edit: Callable[..., None], what: str, sql: str, reason: str
) -> None:
    """With all that follows in its stream; other streams are sealed."""
    assert what
    edit(sql)
    turn = sealed_all(sealer_of(recorded))
    seq, why, stuck = left_of(turn)["task/T-0001"]
    assert (seq, why) == ((4, "gap") if reason == "gap" else (3, reason))
    assert turn.sealed == count(recorded) - stuck
    assert set(left_of(turn)) == {"task/T-0001"}
    assert unsealed_count(recorded) == stuck


@pytest.mark.parametrize(
    ("column", "reason"),
    [("kind", "columns"), ("stream", "columns"), ("origin", "columns"), ("hash", "hash")],
)
def test_a_row_whose_text_is_none_is_left_and_named(
    recorded: Store, edit: Callable[..., None], column: str, reason: str
) -> None:
    """Bytes that are no UTF-8 in a text column are one row's fault: the store is not away."""
    with recorded.engine.connect() as connection:
        of_task = select(func.max(events.c.seq)).where(events.c.stream == "task/T-0001")
        last = connection.scalar(of_task)
    edit(
        f"UPDATE events SET {column} = CAST(x'FF' || CAST({column} AS BLOB) AS TEXT)"  # noqa: S608
        " WHERE stream = 'task/T-0001' AND seq = ?",
        last,
    )
    turn = sealed_all(sealer_of(recorded))
    assert turn.sealed == count(recorded) - 1
    (left,) = turn.left
    assert (left.seq, left.reason, left.events) == (last, reason, 1)
    said = {"origin": left.origin, "stream": left.stream}
    if column in said:
        assert said[column].startswith("\\xff")


def test_who_reads_after_the_sealer_takes_no_text_that_is_none(
    recorded: Store, edit: Callable[..., None]
) -> None:
    """Judging rows is not using them: the connection goes back as it came."""
    sealed_all(sealer_of(recorded))
    edit("UPDATE events SET kind = CAST(x'FF' AS TEXT) WHERE stream = 'task/T-0001'")
    with pytest.raises(OperationalError), recorded.engine.connect() as connection:
        connection.execute(select(events.c.kind)).all()


def test_an_event_that_does_not_follow_its_leaf_is_left(
    recorded: Store, life: Scenario, tmp_path: Path, edit: Callable[..., None]
) -> None:
    """Whole in itself, but its `prev` is not the last sealed hash: the stream was forked."""
    sealer = sealer_of(recorded)
    sealed_all(sealer)
    life.issue("one-more")
    record(recorded, life)
    with closing(sqlite3.connect(tmp_path / "trail" / "trail.db")) as database:
        position, data, prev = database.execute(
            "SELECT position, data, data->>'prev' FROM events WHERE stream='conference'"
            " ORDER BY seq DESC LIMIT 1"
        ).fetchone()
    forked = data.replace(prev.encode(), b"ab" * 32)
    edit("UPDATE events SET data=?, hash=? WHERE position=?", forked, event_hash(forked), position)
    turn = sealed_all(sealer)
    assert left_of(turn)["conference"][1] == "prev"
    assert turn.sealed == 1


def test_a_row_exchanged_after_sealing_is_not_sealed_again(
    recorded: Store, edit: Callable[..., None]
) -> None:
    """Deleted and put in anew, its position is another: the place has its leaf already."""
    sealer = sealer_of(recorded)
    before = sealed_all(sealer).sealed
    edit("UPDATE events SET position = position + 100000 WHERE stream='task/T-0001' AND seq=2")
    turn = sealed_all(sealer)
    assert turn.sealed == 0
    assert left_of(turn) == {"task/T-0001": (2, "replaced", 1)}
    with recorded.engine.connect() as connection:
        assert len(connection.execute(select(leaves)).all()) == before


def test_a_tree_begins_with_the_founding(recorded: Store, edit: Callable[..., None]) -> None:
    """Without it nothing of the conference is sealed."""
    edit("DELETE FROM events WHERE stream='conference' AND seq=1")
    turn = sealed_all(sealer_of(recorded))
    assert turn.sealed == 0
    assert {each.reason for each in turn.left} == {"first"}


def test_changed_nodes_stop_the_tree(
    recorded: Store, life: Scenario, edit: Callable[..., None]
) -> None:
    """A tree that no longer gives its last checkpoint does not grow and is not signed."""
    sealer = sealer_of(recorded)
    sealed_all(sealer)
    edit("UPDATE nodes SET hash = zeroblob(32) WHERE level = (SELECT max(level) FROM nodes)")
    life.issue("one-more")
    record(recorded, life)
    turn = sealed_all(sealer)
    assert turn.sealed == 0
    assert {each.reason for each in turn.left} == {"tree"}


STRAY = {
    "a node": (
        """INSERT INTO nodes SELECT origin, level, idx + 1, hash FROM nodes
        WHERE level = 1 AND origin LIKE '%/one/%' ORDER BY idx DESC LIMIT 1""",
        "tree",
    ),
    "a checkpoint signed for more than there is": (
        """INSERT INTO checkpoints SELECT origin, size + 1, root, at, note FROM checkpoints
        WHERE origin LIKE '%/one/%' ORDER BY size DESC LIMIT 1""",
        "tree",
    ),
    "a root that is none": (
        "UPDATE checkpoints SET root = 'none' WHERE origin LIKE '%/one/%'",
        "tree",
    ),
    "leaves that are none": (
        "UPDATE leaves SET hash = 'none' WHERE origin LIKE '%/one/%'",
        "prev",
    ),
}


@pytest.mark.parametrize(("sql", "reason"), STRAY.values(), ids=STRAY)
def test_a_row_that_somebody_wrote_stops_its_own_tree_and_no_other(
    store: Store, edit: Callable[..., None], sql: str, reason: str
) -> None:
    """Named, without a turn that asks for another at once; the other conference goes on."""
    one, other = Scenario(name="one").register_all(), Scenario(name="other").register_all()
    for each in (one, other):
        each.issue("first")
        record(store, each)
    sealer = sealer_of(store)
    sealed_all(sealer)
    edit(sql)
    for each in (one, other):
        each.issue("one-more")
        record(store, each)
    turn = sealer.seal(NOW)
    assert not turn.more
    assert {(each.origin, each.reason) for each in turn.left} == {(one.origin, reason)}
    assert turn.sealed > 0
    with store.engine.connect() as connection:
        newest = newest_checkpoint(connection, other.origin)
        assert newest is not None
        assert newest.size == tree_size(connection, other.origin)


# --- order of commits ---


def late(edit: Callable[..., None], tmp_path: Path, stream: str) -> Callable[[], None]:
    """Take a stream's rows away, as if not committed yet; the answer commits them."""
    with closing(sqlite3.connect(tmp_path / "trail" / "trail.db")) as database:
        rows = database.execute("SELECT * FROM events WHERE stream=?", (stream,)).fetchall()
    edit("DELETE FROM events WHERE stream=?", stream)

    def commit() -> None:
        for row in rows:
            edit(f"INSERT INTO events VALUES ({','.join('?' * len(row))})", *row)  # noqa: S608

    return commit


def test_events_that_commit_late_with_lower_positions_are_sealed(
    recorded: Store, edit: Callable[..., None], tmp_path: Path, clock: Clock
) -> None:
    """Within a minute; "position beyond the last" would skip them for ever."""
    commit = late(edit, tmp_path, "task/T-0001")
    sealer = sealer_of(recorded, clock)
    first = sealed_all(sealer).sealed
    clock.now += HELD_BACK - 1
    sealer.seal(NOW)
    commit()
    second = sealed_all(sealer)
    assert second.sealed > 0
    assert first + second.sealed == count(recorded)
    assert second.left == ()


def test_rows_that_appear_below_the_mark_are_found_within_the_hour(
    recorded: Store, edit: Callable[..., None], tmp_path: Path, clock: Clock
) -> None:
    """No transaction takes a minute, but a file can be edited; the whole look finds them."""
    commit = late(edit, tmp_path, "task/T-0001")
    sealer = sealer_of(recorded, clock)
    sealed_all(sealer)
    clock.now += HELD_BACK + 1
    sealer.seal(NOW)
    commit()
    assert sealer.seal(NOW).sealed == 0
    clock.now += WHOLE_LOOK
    assert sealed_all(sealer).sealed > 0


def test_what_was_mended_is_sealed_and_no_longer_left(
    recorded: Store, edit: Callable[..., None], clock: Clock
) -> None:
    """An event whose column was set right again, with all that waited behind it."""
    edit("UPDATE events SET kind=kind || 'X' WHERE stream='task/T-0001' AND seq=3")
    sealer = sealer_of(recorded, clock)
    assert sealed_all(sealer).left != ()
    edit("UPDATE events SET kind=rtrim(kind, 'X') WHERE stream='task/T-0001' AND seq=3")
    clock.now += WHOLE_LOOK
    assert sealed_all(sealer).left == ()
    assert unsealed_count(recorded) == 0


def unsealed_count(store: Store) -> int:
    """Events without a leaf."""
    with store.engine.connect() as connection:
        sealed = select(leaves.c.position)
        waiting = select(events.c.position).where(events.c.position.not_in(sealed))
        return len(connection.execute(waiting).all())


def test_a_transaction_rolled_back_leaves_no_leaf(
    store: Store, life: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Leaves, nodes and checkpoint stand together or not at all."""
    record(store, life)
    sealer = sealer_of(store)
    monkeypatch.setattr("lianxi.store.growing._INSERT_NODES", _Failing())
    with pytest.raises(RuntimeError, match="power cut"):
        sealer.seal(NOW)
    monkeypatch.undo()
    with store.engine.connect() as connection:
        assert tree_size(connection, life.origin) == 0
        assert connection.execute(select(checkpoints)).all() == []
    assert sealed_all(sealer_of(store)).sealed == count(store)


class _Failing:
    def run_many(self, *_: object) -> None:
        raise RuntimeError("power cut")


# --- signing ---


def test_a_crash_between_sealing_and_signing_is_made_good(
    recorded: Store, life: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row is committed without a note; the next turn signs it."""
    sealer = sealer_of(recorded)
    with monkeypatch.context() as patch:
        patch.setattr(SqlSealer, "_sign", lambda _self: (0, {}))
        sealer.seal(NOW)
    with recorded.engine.connect() as connection:
        assert newest_checkpoint(connection, life.origin) is None
    assert sealer_of(recorded).seal(NOW).signed == 1
    with recorded.engine.connect() as connection:
        assert newest_checkpoint(connection, life.origin) is not None


def test_without_its_key_the_log_seals_and_does_not_sign(recorded: Store, life: Scenario) -> None:
    """And says so; once the key is there all waiting checkpoints are signed."""
    assert recorded.writer is not None

    def missing() -> tuple[Signer, ...]:
        raise ServiceKeyError(Path("log.key"), "missing")

    sealer = SqlSealer(recorded.writer, recorded.engine, missing, recorded.anchors, max_leaves=5)
    turn = sealed_all(sealer)
    assert (turn.sealed, turn.unsigned) == (count(recorded), {life.origin: "no_key"})
    waiting = -(-count(recorded) // 5)
    assert sealer_of(recorded).seal(NOW).signed == waiting


def test_a_row_that_somebody_wrote_is_not_signed(
    recorded: Store, life: Scenario, edit: Callable[..., None]
) -> None:
    """The log's key signs what the stored tree gives, whatever the table asks for."""
    sealer = sealer_of(recorded)
    size = sealed_all(sealer).sealed
    for made_up in (size - 3, size + 3):
        edit(
            "INSERT INTO checkpoints VALUES (?, ?, ?, '2026-03-02T01:00:00.000000Z', NULL)",
            life.origin, made_up, "ab" * 32,
        )  # fmt: skip
        assert sealer_of(recorded).seal(NOW).unsigned == {life.origin: "root"}
        with recorded.engine.connect() as connection:
            stands = checkpoint_at(connection, life.origin, made_up)
        assert stands is not None
        assert stands.note is None
        edit("DELETE FROM checkpoints WHERE size = ?", made_up)


def test_a_row_that_somebody_wrote_does_not_keep_others_from_being_signed(
    recorded: Store, life: Scenario, edit: Callable[..., None]
) -> None:
    """It stays unsigned and named; the tree grows past it, and what is honest is signed."""
    sealer = sealer_of(recorded)
    size = sealed_all(sealer).sealed
    for made_up in (-1, size - 3, size + 1):
        edit(
            "INSERT INTO checkpoints VALUES (?, ?, ?, '2026-03-02T01:00:00.000000Z', NULL)",
            life.origin, made_up, "ab" * 32,
        )  # fmt: skip
    life.issue("one-more")
    record(recorded, life)
    turn = sealer.seal(NOW)
    assert (turn.left, turn.signed, turn.unsigned) == ((), 1, {life.origin: "root"})
    with recorded.engine.connect() as connection:
        newest = newest_checkpoint(connection, life.origin)
    assert newest is not None
    assert newest.size == size + turn.sealed


def test_a_tree_made_anew_is_not_signed_beside_the_old_one(
    recorded: Store, life: Scenario, edit: Callable[..., None]
) -> None:
    """All leaves, nodes and checkpoints exchanged while the sealer runs: it remembers what it signed."""
    sealer = sealer_of(recorded)
    sealed_all(sealer)
    for table in ("leaves", "nodes", "checkpoints"):
        edit(f"DELETE FROM {table}")  # noqa: S608
    edit("DELETE FROM events WHERE stream='task/T-0001'")
    with recorded.engine.connect() as connection:
        assert tree_size(connection, life.origin) == 0
    assert recorded.writer is not None
    sealed_all(SqlSealer(recorded.writer, recorded.engine, tuple, recorded.anchors))
    assert sealed_all(sealer).unsigned[life.origin] in ("fork", "root")


def test_a_roster_that_lists_another_log_key_forbids_signing(
    recorded: Store, life: Scenario, edit: Callable[..., None]
) -> None:
    """Where the roster names log keys, only an active one of them signs."""
    edit(
        "INSERT INTO keys VALUES (?, ?, 'system', 'system', 'ed25519', ?, 'active', 1, 'log', NULL,"
        " NULL)",
        life.origin, "ff" * 32, "ff" * 32,
    )  # fmt: skip
    assert sealed_all(sealer_of(recorded)).unsigned == {life.origin: "unlisted"}
    edit(
        "INSERT INTO keys VALUES (?, ?, 'system', 'system', 'ed25519', ?, 'revoked', 1, 'log',"
        " NULL, NULL)",
        life.origin, KEY.key_id, KEY.public_key.hex(),
    )  # fmt: skip
    assert sealer_of(recorded).seal(NOW).unsigned == {life.origin: "unlisted"}
    edit("UPDATE keys SET state='active' WHERE key_id=?", KEY.key_id)
    assert sealer_of(recorded).seal(NOW).unsigned == {}


def test_while_the_log_key_is_replaced_both_sign(recorded: Store, life: Scenario) -> None:
    """A client that knows either of them accepts the checkpoint."""
    assert recorded.writer is not None
    following = Signer(bytes(range(1, 33)))
    sealer = SqlSealer(recorded.writer, recorded.engine, lambda: (KEY, following), recorded.anchors)
    sealed_all(sealer)
    with recorded.engine.connect() as connection:
        newest = newest_checkpoint(connection, life.origin)
    assert newest is not None
    for key in (KEY, following):
        open_checkpoint(
            (newest.note or "").encode(),
            origin=life.origin,
            log_keys=[log_key(life.origin, key.public_key)],
        )


# --- several sealers ---


def test_two_sealers_at_a_time_make_one_tree(
    recorded: Store, url: str, evidence: Path, life: Scenario
) -> None:
    """Two writers, small turns, both at once: every event one leaf, every checkpoint one tree."""
    with open_store(url, evidence, writable=True) as second:
        pair = [sealer_of(recorded, max_leaves=2), sealer_of(second, max_leaves=3)]
        threads = [threading.Thread(target=sealed_all, args=(sealer,)) for sealer in pair]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    one_tree(recorded, life.origin)


def test_a_sealer_woken_in_the_middle_of_a_turn_adds_nothing(
    recorded: Store, url: str, evidence: Path, life: Scenario
) -> None:
    """It read what waits, was stopped, and writes after another one has sealed the same."""
    old = sealer_of(recorded)
    waiting, _ = old._read()
    with open_store(url, evidence, writable=True) as second:
        sealed_all(sealer_of(second))
    grown = old._add(waiting, NOW)
    assert (grown.fresh, grown.misfits) == (0, {})
    one_tree(recorded, life.origin)


PROCESS = """
import sys
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from lianxi.proof.keys import Signer
from lianxi.store.sealing import SqlSealer
from lianxi.store.store import open_store
url, evidence = sys.argv[1:]
key = Signer(bytes(range(32)))
with open_store(url, Path(evidence), writable=True) as store:
    sealer = SqlSealer(store.writer, store.engine, lambda: (key,), store.anchors, max_leaves=1)
    print("ready", flush=True)
    while sealer.seal(datetime.now(UTC)).more:
        pass
"""


def test_a_stopped_and_woken_process_and_its_successor_make_one_tree(
    recorded: Store, url: str, evidence: Path, life: Scenario
) -> None:
    """SIGSTOP somewhere between two leaves, a successor that seals all, SIGCONT."""
    # opened first: opening waits for a lock too, and the stopped one may hold it
    with open_store(url, evidence, writable=True, busy_seconds=0.2) as second:
        old = subprocess.Popen(
            [sys.executable, "-c", PROCESS, url, str(evidence)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            env={**os.environ},
        )
        assert old.stdout is not None
        assert old.stdout.readline() == b"ready\n"
        os.kill(old.pid, signal.SIGSTOP)
        try:
            _seal_beside(second, old.pid)
        finally:
            os.kill(old.pid, signal.SIGCONT)
    assert old.wait(30) == 0
    old.stdout.close()
    one_tree(recorded, life.origin)


def _seal_beside(second: Store, stopped: int) -> None:
    for _ in range(100):
        try:
            sealed_all(sealer_of(second, max_leaves=4))
        except StoreUnavailableError:  # it was stopped with the lock in its hands: a moment more
            os.kill(stopped, signal.SIGCONT)
            time.sleep(0.002)
            os.kill(stopped, signal.SIGSTOP)
        else:
            return
    pytest.fail("the stopped process always held the lock")


def one_tree(store: Store, origin: str) -> None:
    """Every event has one leaf, and every checkpoint is that of so many leaves, signed."""
    assert unsealed_count(store) == 0
    with store.engine.connect() as connection:
        hashes = connection.scalars(select(leaves.c.hash).order_by(leaves.c.leaf)).all()
        numbers = connection.scalars(select(leaves.c.leaf).order_by(leaves.c.leaf)).all()
        rows = connection.execute(select(checkpoints).where(checkpoints.c.origin == origin)).all()
    assert list(numbers) == list(range(count(store)))
    for row in rows:
        tree = Range()
        tree.extend(bytes.fromhex(each) for each in hashes[: row.size])
        assert (row.root, row.note is not None) == (tree.root().hex(), True)
