"""What somebody with the database does to it: ten acts, by attackers of growing skill.

Skill 0 touches the one place. 1 also makes the row fit itself (hash, columns). 2 also numbers and
links the rest of the stream again. 3 also makes the tree anew from what then stands, without the
log's key. What no skill gives: signatures of units, the log's key, and what is kept elsewhere.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from sqlite3 import Connection, Row
from typing import Any

from lianxi.proof.canonical import dumps
from lianxi.proof.checkpoints import read_checkpoint, sign_checkpoint
from lianxi.proof.events import open_event
from lianxi.proof.hashing import ZERO_HASH, event_hash
from lianxi.proof.keys import Signer
from lianxi.proof.notes import Note, note_bytes
from lianxi.proof.tree import Range
from lianxi.store.projection import event_row

SKILLS = 4


@dataclass(frozen=True, slots=True)
class Target:
    """One event, and how skilled its attacker is; `luck` decides what is left to chance."""

    position: int
    origin: str
    stream: str
    seq: int
    skill: int
    luck: random.Random


Act = Callable[[Connection, Target], None]


def edit(database: Connection, target: Target) -> None:
    """The event says something else."""
    event = json.loads(_row(database, target)["data"])
    _change(event, target.luck)
    data = dumps(event)
    database.execute("UPDATE events SET data=? WHERE position=?", (data, target.position))
    _cover(database, target)


def delete(database: Connection, target: Target) -> None:
    """The event is gone."""
    database.execute("DELETE FROM events WHERE position=?", (target.position,))
    _cover(database, target)


def insert(database: Connection, target: Target) -> None:
    """One more event of the same kind stands behind it."""
    row = dict(_row(database, target))
    event = json.loads(row["data"])
    last = database.execute("SELECT max(position) FROM events").fetchone()[0]
    database.execute(
        "UPDATE events SET seq=-seq-1 WHERE origin=? AND stream=? AND seq>?",
        (target.origin, target.stream, target.seq),
    )
    database.execute("UPDATE events SET seq=-seq WHERE seq<0")
    event["seq"] += 1
    event["prev"] = row["hash"]
    data = dumps(event)
    row |= {"position": last + 1, "seq": event["seq"], "data": data, "hash": event_hash(data)}
    marks = ",".join("?" * len(row))
    database.execute(
        f"INSERT INTO events ({','.join(row)}) VALUES ({marks})",  # noqa: S608 - our own columns
        list(row.values()),
    )
    _cover(database, target)


def swap(database: Connection, target: Target) -> None:
    """It changes places with its neighbour in the stream (alone in a stream: with the next event)."""
    other = database.execute(
        "SELECT position FROM events WHERE origin=? AND position<>?"
        " ORDER BY stream<>?, abs(seq-?), position LIMIT 1",
        (target.origin, target.position, target.stream, target.seq + 1),
    ).fetchone()[0]
    rows = [
        database.execute("SELECT data, hash FROM events WHERE position=?", (at,)).fetchone()
        for at in (target.position, other)
    ]
    for at, (data, digest) in zip((other, target.position), rows, strict=True):
        database.execute("UPDATE events SET data=?, hash=? WHERE position=?", (data, digest, at))
    _cover(database, target)


def cut_tail(database: Connection, target: Target) -> None:
    """The stream ends before it; with skill everything that came later is gone as well."""
    if target.skill < 2:  # noqa: PLR2004 - see SKILLS
        database.execute(
            "DELETE FROM events WHERE origin=? AND stream=? AND seq>=?",
            (target.origin, target.stream, target.seq),
        )
    else:
        database.execute("DELETE FROM events WHERE position>=?", (target.position,))
    if target.skill:
        database.execute(_ORPHANED_LEAVES)
    _cover(database, target)


def old_copy(database: Connection, target: Target) -> None:
    """The whole trail as it was before this event: a restored backup, with nothing left over."""
    database.execute("DELETE FROM events WHERE position>=?", (target.position,))
    for statement in (_ORPHANED_LEAVES, _UNUSED_COMMANDS, _LATER_CHECKPOINTS, _LATER_NODES):
        database.execute(statement)


def change_column(database: Connection, target: Target) -> None:
    """A column of the row repeats something else than its bytes say."""
    name = target.luck.choice(
        ("kind", "at", "actor", "role", "basis", "unit", "task", "request_id", "roster", "hash")
    )
    database.execute(
        f"UPDATE events SET {name}=coalesce({name}, '') || 'x' WHERE position=?",  # noqa: S608
        (target.position,),
    )


def no_text(database: Connection, target: Target) -> None:
    """A column of the row holds bytes that are no text."""
    name = target.luck.choice(("kind", "at", "actor", "unit", "roster", "hash", "stream"))
    database.execute(
        f"UPDATE events SET {name}=CAST(x'61ff62' AS TEXT) WHERE position=?",  # noqa: S608
        (target.position,),
    )


def sign(database: Connection, target: Target) -> None:
    """The checkpoint over the event bears no signature of the log, or another's."""
    size, note = database.execute(
        "SELECT c.size, c.note FROM leaves l JOIN checkpoints c ON c.origin=l.origin AND c.size>l.leaf"
        " WHERE l.position=? ORDER BY c.size LIMIT 1",
        (target.position,),
    ).fetchone()
    checkpoint, parsed = read_checkpoint(note.encode())
    stranger = sign_checkpoint(checkpoint, Signer(target.luck.randbytes(32)))
    forged = parsed.signatures[0]._replace(signature=stranger.signature)
    newest = database.execute("SELECT max(size) FROM checkpoints").fetchone()[0]
    notes = [
        note_bytes(Note(checkpoint.text, (signature,))).decode() for signature in (stranger, forged)
    ]
    # without a clock beside it, the newest may be one that is just being signed
    change = target.luck.choice([*notes, f"{note}x", *([] if size == newest else [None])])
    database.execute(
        "UPDATE checkpoints SET note=? WHERE origin=? AND size=?", (change, target.origin, size)
    )


def change_read_table(database: Connection, target: Target) -> None:
    """A row that people are shown because of this event shows something else."""
    table, where, values = _shown(database, target)
    names = [
        row[1]
        for row in database.execute(f"PRAGMA table_info({table})")
        if row[2] == "TEXT" and not row[5]
    ]
    name = target.luck.choice(names)
    database.execute(
        f"UPDATE {table} SET {name}=coalesce({name}, '') || 'x'"  # noqa: S608 - our own tables
        f" WHERE rowid=(SELECT rowid FROM {table} WHERE {where} LIMIT 1)",
        values,
    )


ACTS: dict[str, Act] = {
    "edit": edit,
    "delete": delete,
    "insert": insert,
    "swap": swap,
    "cut tail": cut_tail,
    "old copy": old_copy,
    "changed column": change_column,
    "changed read table": change_read_table,
    "no text": no_text,
    "signature": sign,
}

_ORPHANED_LEAVES = "DELETE FROM leaves WHERE position NOT IN (SELECT position FROM events)"
_UNUSED_COMMANDS = (
    "DELETE FROM commands WHERE payload_sha256 NOT IN"
    " (SELECT payload_sha256 FROM events WHERE payload_sha256 NOT NULL)"
)
_LATER_CHECKPOINTS = "DELETE FROM checkpoints WHERE size>(SELECT count(*) FROM leaves)"
_LATER_NODES = "DELETE FROM nodes WHERE (idx+1)<<level>(SELECT count(*) FROM leaves)"


# --- covering up ---


def _cover(database: Connection, target: Target) -> None:
    """What the attacker's skill makes fit again."""
    if target.skill == 1:
        rows = database.execute("SELECT * FROM events WHERE position=?", (target.position,))
        for row in rows.fetchall():
            place = {"stream": row["stream"], "seq": row["seq"]}
            _write(database, row, json.loads(row["data"]) | place)
    if target.skill >= 2:  # noqa: PLR2004 - see SKILLS
        _link_again(database, target)
    if target.skill >= 3:  # noqa: PLR2004 - see SKILLS
        _tree_again(database, target.origin)


def _link_again(database: Connection, target: Target) -> None:
    """Every event of the stream numbered, linked and hashed anew; columns and leaves follow."""
    rows = database.execute(
        "SELECT * FROM events WHERE origin=? AND stream=? ORDER BY seq, position",
        (target.origin, target.stream),
    ).fetchall()
    database.execute(
        "UPDATE events SET seq=-1000000-seq WHERE origin=? AND stream=?",
        (target.origin, target.stream),
    )
    prev = ZERO_HASH
    for number, row in enumerate(rows, 1):
        event = json.loads(row["data"])
        event |= {"seq": number, "prev": prev, "stream": target.stream}
        prev = _write(database, row, event)


def _write(database: Connection, row: Row, event: dict[str, Any]) -> str:
    data = dumps(event)
    digest = event_hash(data)
    columns: dict[str, Any] = {"data": data, "hash": digest, "seq": event["seq"]}
    try:
        columns |= event_row(open_event(data), digest)
    except Exception:  # noqa: BLE001 - what is no event any more has no columns to be made from
        columns["at"] = str(event.get("at"))
    names = ",".join(f"{name}=?" for name in columns)
    database.execute(
        f"UPDATE events SET {names} WHERE position=?",  # noqa: S608 - our own columns
        (*columns.values(), row["position"]),
    )
    database.execute("UPDATE leaves SET hash=? WHERE position=?", (digest, row["position"]))
    return digest


def _tree_again(database: Connection, origin: str) -> None:
    """Leaves, nodes and checkpoints of what now stands; nobody but the log could sign them."""
    sizes = [size for (size,) in database.execute("SELECT size FROM checkpoints ORDER BY size")]
    at = database.execute("SELECT max(at) FROM checkpoints").fetchone()[0]
    for table in ("leaves", "nodes", "checkpoints"):
        database.execute(f"DELETE FROM {table}")  # noqa: S608 - our own tables
    tree = Range()
    rows = database.execute(
        "SELECT position, stream, seq, hash FROM events WHERE origin=? ORDER BY position", (origin,)
    ).fetchall()
    for leaf, row in enumerate(rows):
        database.execute(
            "INSERT INTO leaves VALUES (?,?,?,?,?,?)",
            (origin, leaf, row["position"], row["stream"], row["seq"], row["hash"]),
        )
        done = tree.append(bytes.fromhex(row["hash"]))
        database.executemany(
            "INSERT INTO nodes VALUES (?,?,?,?)", [(origin, *node) for node in done]
        )
        if tree.size in sizes or tree.size == len(rows):
            database.execute(
                "INSERT INTO checkpoints (origin, size, root, at) VALUES (?,?,?,?)",
                (origin, tree.size, tree.root().hex(), at),
            )


# --- what is changed ---


def _change(event: dict[str, Any], luck: random.Random) -> None:
    """One thing in the event: when, who, or what."""
    strings = [name for name, value in event["data"].items() if isinstance(value, str)]
    numbers = [name for name, value in event["data"].items() if type(value) is int]
    what = luck.choice(("at", "actor", *(["data"] * 4 if strings or numbers else [])))
    if what == "at":
        event["at"] = luck.choice((_later(event["at"]), _years_later(event["at"], luck)))
    elif what == "actor":
        event["actor"]["unit"] = "U02" if event["actor"]["unit"] != "U02" else "U03"
    else:
        name = luck.choice([*strings, *numbers])
        value = event["data"][name]
        event["data"][name] = value + 1 if type(value) is int else _other(value)


def _later(at: str) -> str:
    return f"{at[:19]}.{(int(at[20:26].rstrip('Z') or 0) + 1) % 1_000_000:06d}Z"


def _years_later(at: str, luck: random.Random) -> str:
    """Up to the end of the calendar: nobody who counts days may count all of them."""
    return f"{luck.choice((2100, 2400, 9000, 9999))}{at[4:]}"


def _other(text: str) -> str:
    """Of the same form, so that only what it says is wrong."""
    swapped = {"0": "1", "1": "0", "a": "b", "b": "a", "e": "a"}
    for place in range(len(text) - 1, -1, -1):
        if text[place] in swapped:
            return text[:place] + swapped[text[place]] + text[place + 1 :]
    return f"{text}x"


def _shown(database: Connection, target: Target) -> tuple[str, str, tuple[Any, ...]]:
    """A row of a read table that the event gave rise to."""
    found: list[tuple[str, str, tuple[Any, ...]]] = [
        ("conferences", "origin=?", (target.origin,)),
        ("units", "origin=?", (target.origin,)),
        ("keys", "origin=?", (target.origin,)),
        ("rulebooks", "origin=?", (target.origin,)),
    ]
    task = target.stream.partition("/")[2]
    if target.stream.startswith("task/"):
        found += [
            (table, "origin=? AND task=?", (target.origin, task))
            for table in ("tasks", "assignments", "registrations")
        ]
    found += [(table, "position=?", (target.position,)) for table in ("notices", "commitments")]
    there = [
        choice
        for choice in found
        if database.execute(f"SELECT 1 FROM {choice[0]} WHERE {choice[1]}", choice[2]).fetchone()  # noqa: S608
    ]
    return target.luck.choice(there)


def _row(database: Connection, target: Target) -> Row:
    row: Row = database.execute(
        "SELECT * FROM events WHERE position=?", (target.position,)
    ).fetchone()
    return row
