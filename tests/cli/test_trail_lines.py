"""Lines of the trail as a gateway may send them: each value is of its sort, or the answer is none."""

import json
from typing import Any

import pytest

from lianxi.cli.audit.trail import line_of
from lianxi.cli.faults import CliError

GOOD: dict[str, Any] = {
    "position": 1,
    "stream": "conference",
    "seq": 1,
    "hash": "0" * 64,
    "event": "{}",
    "envelope": None,
    "leaf": 0,
}


@pytest.mark.parametrize("left_out", ["envelope", "leaf", "nothing"])
def test_a_line_with_what_it_may_leave_out(left_out: str) -> None:
    line = line_of(json.dumps({n: v for n, v in GOOD.items() if n != left_out}).encode())
    assert (line.seq, line.envelope) == (1, None)
    assert line.leaf == (None if left_out == "leaf" else 0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("envelope", 5),
        ("envelope", {}),
        ("leaf", "0"),
        ("leaf", True),
        ("leaf", 1.0),
        ("seq", "1"),
        ("position", None),
        ("hash", None),
        ("event", {}),
        ("stream", []),
    ],
)
def test_a_value_of_another_sort_is_refused(name: str, value: Any) -> None:
    with pytest.raises(CliError) as refused:
        line_of(json.dumps(GOOD | {name: value}).encode())
    assert refused.value.code == "ANSWER_UNREADABLE"


@pytest.mark.parametrize("raw", [b"", b"5", b"[]", b"{", b"\xff", b"[" * 100_000, b"{}"])
def test_what_is_no_line_is_refused(raw: bytes) -> None:
    with pytest.raises(CliError) as refused:
        line_of(raw)
    assert refused.value.code == "ANSWER_UNREADABLE"
