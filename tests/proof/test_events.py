"""Events: bytes, hash, links."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lianxi.domain.refusal import Refusal
from lianxi.domain.values import SYSTEM
from lianxi.proof import canonical
from lianxi.proof.events import (
    MAX_EVENT_BYTES,
    Cause,
    check_link,
    head_after,
    open_event,
    seal,
)

from .material import NOW, ORIGIN, REQUEST_ID, event, vectors

GOLDEN = vectors("golden.json")


def code_of(refusal: pytest.ExceptionInfo[Refusal]) -> str:
    """The stable code."""
    return refusal.value.code


def test_the_golden_event_stands() -> None:
    """Bytes and hash cannot drift unseen; what is absent is left out."""
    sealed = seal(event())
    assert sealed.text == GOLDEN["event"]
    assert sealed.hash == GOLDEN["event_text_hash"]
    assert "null" not in sealed.text
    assert "happened_at" not in sealed.text


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"happened_at": NOW - timedelta(days=2)},
        {
            "basis": "rule",
            "actor": SYSTEM,
            "cause": Cause(timer="ladder/U01/2", index=1, count=3),
        },
        {"basis": "observation", "actor": SYSTEM, "cause": Cause(index=0, count=1)},
        {"data": {}},
        {"data": {"a": [True, -1, "联席", {"b": []}]}},
    ],
)
def test_an_event_comes_back_from_its_bytes(changes: dict[str, Any]) -> None:
    """open_event(seal(x)) == x on each basis."""
    made = event(**changes)
    assert open_event(seal(made).text.encode()) == made


@given(st.integers(0, len(GOLDEN["event"]) * 8 - 1))
def test_a_flipped_bit_changes_the_hash_or_is_refused(position: int) -> None:
    """Either the bytes are no event, or they are another one."""
    data = bytearray(GOLDEN["event"].encode())
    data[position // 8] ^= 1 << position % 8
    try:
        changed = open_event(bytes(data))
    except Refusal:
        return
    assert seal(changed).hash != GOLDEN["event_text_hash"]


@pytest.mark.parametrize(
    ("changes", "code", "place"),
    [
        ({"v": 2}, "SCHEMA", "/v"),
        ({"seq": 0}, "SCHEMA", "/seq"),
        ({"seq": "1"}, "JSON_NOT_CANONICAL", None),
        ({"happened_at": None}, "JSON_NOT_CANONICAL", None),
        ({"kind": "lower"}, "SCHEMA", "/kind"),
        ({"more": 1}, "SCHEMA", "/more"),
        ({"prev": "x"}, "SCHEMA", "/prev"),
        ({"data": {"a": None}}, "SCHEMA", "/data"),
        ({"cause": {"index": 1, "count": 1}}, "SCHEMA", "/cause"),
        ({"cause": {"index": 0, "count": 1}}, "SCHEMA", ""),
        ({"basis": "rule"}, "SCHEMA", ""),
        ({"actor": {"unit": "U01", "role": "unit"}}, "SCHEMA", ""),
    ],
)
def test_bytes_that_are_no_event_are_refused(
    changes: dict[str, Any], code: str, place: str | None
) -> None:
    """Schema, coercion, null, a cause that does not fit the basis."""
    document = canonical.parse(GOLDEN["event"].encode(), max_bytes=MAX_EVENT_BYTES)
    with pytest.raises(Refusal) as refusal:
        open_event(canonical.dumps(document | changes))
    assert code_of(refusal) == code
    if place is not None:
        assert refusal.value.params["place"] == place


@pytest.mark.parametrize("value", [None, 1.5, NOW, b"x", {"a": None}, [None], {1: 2}, SYSTEM])
def test_data_that_is_not_json_is_refused_when_the_event_is_made(value: Any) -> None:
    """Pydantic would write a datetime in a spelling of its own."""
    with pytest.raises(ValidationError):
        event(data={"a": value})


def test_an_event_has_a_largest_size() -> None:
    """65,535 bytes pass, one more does not."""
    room = MAX_EVENT_BYTES - len(seal(event(data={"a": ""})).text)
    assert len(seal(event(data={"a": "x" * room})).text) == MAX_EVENT_BYTES
    with pytest.raises(Refusal) as refusal:
        seal(event(data={"a": "x" * (room + 1)}))
    assert code_of(refusal) == "EVENT_TOO_LARGE"


def test_events_link_into_a_stream() -> None:
    """From one on, each naming the hash before; the same instant twice is fine."""
    first = event()
    check_link(None, first)
    head = head_after(first, seal(first).hash)
    check_link(head, event(seq=2, prev=head.hash))


HEAD = head_after(event(), seal(event()).hash)


@pytest.mark.parametrize(
    ("head", "changes", "code"),
    [
        (None, {"seq": 2}, "EVENT_SEQUENCE"),
        (None, {"prev": "a" * 64}, "EVENT_PREV"),
        (HEAD, {"seq": 1, "prev": HEAD.hash}, "EVENT_SEQUENCE"),
        (HEAD, {"seq": 3, "prev": HEAD.hash}, "EVENT_SEQUENCE"),
        (HEAD, {"seq": 2}, "EVENT_PREV"),
        (HEAD, {"seq": 2, "prev": HEAD.hash, "at": NOW - timedelta(microseconds=1)}, "EVENT_TIME"),
        (HEAD, {"seq": 2, "prev": HEAD.hash, "stream": "task/T-0004"}, "EVENT_STREAM"),
        (HEAD, {"seq": 2, "prev": HEAD.hash, "origin": ORIGIN[:-1] + "0"}, "EVENT_STREAM"),
    ],
)
def test_a_broken_link_is_refused(head: Any, changes: dict[str, Any], code: str) -> None:
    """Gap, repeat, other history, time going back, another stream."""
    with pytest.raises(Refusal) as refusal:
        check_link(head, event(**changes))
    assert code_of(refusal) == code


@pytest.mark.parametrize("basis", ["command", "rule"])
def test_an_event_has_one_cause(basis: str) -> None:
    """A command or a timer, not both."""
    cause = Cause(request_id=REQUEST_ID, payload_sha256="b" * 64, timer="t", index=0, count=1)
    with pytest.raises(ValidationError):
        event(basis=basis, cause=cause)
