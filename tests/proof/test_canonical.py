"""Canonical JSON and the strict parser: published vectors, laws, bad input (faults.md, part 2)."""

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from lianxi.domain.refusal import Refusal
from lianxi.proof.canonical import MAX_DEPTH, MAX_INTEGER, dumps, parse, parse_canonical
from lianxi.proof.refusals import JsonDepthError, JsonNotCanonicalError, JsonTooLargeError

from .material import vectors

RFC_8785 = vectors("rfc8785.json")
LIMIT = 65_535

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
documents = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize("case", RFC_8785["canonical"], ids=lambda case: case["name"])
def test_rfc_8785_examples_get_their_canonical_form(case: dict[str, str]) -> None:
    """Parsed from the RFC's spelling, written in the RFC's form."""
    value = parse(case["input"].encode(), max_bytes=LIMIT)
    assert dumps(value).hex() == case["output_hex"]


@pytest.mark.parametrize("case", RFC_8785["refused"], ids=lambda case: case["name"])
def test_rfc_8785_numbers_that_are_no_safe_integers_are_refused(case: dict[str, str]) -> None:
    """Lianxi takes integers only, narrower than the RFC."""
    with pytest.raises(Refusal) as refusal:
        parse(case["input"].encode(), max_bytes=LIMIT)
    assert refusal.value.code == case["code"]


@given(documents)
def test_what_is_written_is_what_the_reference_writes(value: Any) -> None:
    """Two encoders, one form: ASCII takes the fast one."""
    assert dumps(value) == rfc8785.dumps(value)


@given(documents)
def test_what_is_written_is_read_back_alike(value: Any) -> None:
    """parse(dumps(x)) == x, and dumps(x) is canonical."""
    data = dumps(value)
    assert parse(data, max_bytes=10**6) == value
    assert parse_canonical(data, max_bytes=10**6) == value


@given(documents)
def test_other_spellings_mean_the_same_but_are_not_canonical(value: Any) -> None:
    """An indented document parses alike; parse_canonical takes it only where nothing differs."""
    spelled = json.dumps(value, indent=1).encode()
    assert parse(spelled, max_bytes=10**6) == value
    if spelled != dumps(value):
        with pytest.raises(JsonNotCanonicalError):
            parse_canonical(spelled, max_bytes=10**6)


@given(
    st.binary(max_size=60)
    | texts.map(str.encode)
    | st.text('[]{}",:\\u0d8tnaN-1.e ').map(str.encode)
)
def test_parse_answers_any_bytes_with_a_value_or_a_refusal(data: bytes) -> None:
    """No other exception escapes."""
    try:
        value = parse(data, max_bytes=LIMIT)
    except Refusal:
        return
    assert parse(dumps(value), max_bytes=10**6) == value


@pytest.mark.parametrize(
    ("data", "code", "place"),
    [
        (b"\xef\xbb\xbf{}", "JSON_BOM", 0),
        (b'{"a":"\xff"}', "JSON_NOT_UTF8", 6),
        (b'"\xed\xa0\x80"', "JSON_NOT_UTF8", 1),
        ("{}".encode("utf-16-le"), "JSON_SYNTAX", 1),
        (b"", "JSON_SYNTAX", 0),
        (b"  ", "JSON_SYNTAX", 2),
        (b'{"\xe8\x81\x94":}', "JSON_SYNTAX", 7),
        (b"{'a':1}", "JSON_SYNTAX", 1),
        (b"[1,]", "JSON_SYNTAX", 3),
        (b'"a\x00b"', "JSON_SYNTAX", 2),
        (b'"a\nb"', "JSON_SYNTAX", 2),
        (b"{} {}", "JSON_TRAILING", 3),
        (b"01", "JSON_TRAILING", 1),
        (b"1\x0b", "JSON_TRAILING", 1),
        (b'{"a":1,"b":2,"a":1}', "JSON_DUPLICATE_KEY", "/a"),
        (b'[{"x":{"k":1,"k":2}}]', "JSON_DUPLICATE_KEY", "/0/x/k"),
        (b'{"a":1,"\\u0061":2}', "JSON_DUPLICATE_KEY", "/a"),
        ('{"联席 会议":NaN}'.encode(), "JSON_NOT_FINITE", "/*"),
        (b'{"a":[1,-Infinity]}', "JSON_NOT_FINITE", "/a/1"),
        (b"1e999", "JSON_NOT_FINITE", ""),
        (b'{"a":1.0}', "JSON_FLOAT", "/a"),
        (b'{"a":-0.0}', "JSON_FLOAT", "/a"),
        (b"1E2", "JSON_FLOAT", ""),
        (b'{"a":9007199254740992}', "JSON_INTEGER_RANGE", "/a"),
        (b"-9007199254740992", "JSON_INTEGER_RANGE", ""),
        (b"9" * 20_000, "JSON_INTEGER_RANGE", ""),
        (b'{"a":"\\ud800"}', "JSON_SURROGATE", "/a"),
        (b'{"a":"\\udc00\\ud800"}', "JSON_SURROGATE", "/a"),
        (b'{"\\ud800":1}', "JSON_SURROGATE", "/*"),
        (b"[" * 33 + b"]" * 33, "JSON_DEPTH", 32),
        (b"[" * 60_000, "JSON_DEPTH", 32),
        (b'{"a":' * 10_000, "JSON_DEPTH", 160),
        (b'["' + b"[" * 40 + b'\\"",' + b"[" * 33, "JSON_DEPTH", 77),
    ],
)
def test_each_fault_has_its_reason_and_place(data: bytes, code: str, place: int | str) -> None:
    """Poison (faults.md 12 and part 2): refused with code and place, never a RecursionError."""
    with pytest.raises(Refusal) as refusal:
        parse(data, max_bytes=LIMIT)
    assert (refusal.value.code, refusal.value.params["place"]) == (code, place)


def test_too_many_bytes_are_refused_unread() -> None:
    """2 MiB and one byte of poison; one byte below the limit is read."""
    with pytest.raises(JsonTooLargeError):
        parse(b'"' + b"a" * (2 * 1024 * 1024 - 1) + b'"', max_bytes=2 * 1024 * 1024)
    assert parse(b'"ab"', max_bytes=4) == "ab"


def test_brackets_in_strings_are_no_depth() -> None:
    """The scan for depth knows strings and escapes."""
    text = "[{" * 100 + '\\"['
    assert parse(json.dumps([text]).encode(), max_bytes=LIMIT) == [text]


def test_a_hostile_run_of_quotes_is_scanned_once() -> None:
    """Linear time: an unterminated string of escaped quotes in front of the depth scan."""
    with pytest.raises(Refusal):
        parse(b"[" * 33 + b'"' + b'\\"' * 500_000, max_bytes=2 * 1024 * 1024)
    with pytest.raises(Refusal):
        parse(b'"' + b'\\"' * 500_000 + b"[" * 33, max_bytes=2 * 1024 * 1024)


def test_as_many_levels_as_allowed_pass_both_ways() -> None:
    """Writing and reading share one limit, so nothing sealed is unreadable."""
    data = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    value = parse_canonical(data, max_bytes=LIMIT)
    assert dumps(value) == data
    with pytest.raises(JsonDepthError):
        dumps([value])


@pytest.mark.parametrize(
    ("value", "code", "place"),
    [
        (1.0, "JSON_FLOAT", ""),
        ({"a": [float("nan")]}, "JSON_NOT_FINITE", "/a/0"),
        (2**53, "JSON_INTEGER_RANGE", ""),
        ({"a": "\ud800"}, "JSON_SURROGATE", "/a"),
        ({"\udfff": 1}, "JSON_SURROGATE", "/*"),
        ({1: 2}, "JSON_TYPE", ""),
        ([b"bytes"], "JSON_TYPE", "/0"),
        ({"a": {1, 2}}, "JSON_TYPE", "/a"),
    ],
)
def test_dumps_refuses_what_parse_would(value: Any, code: str, place: str) -> None:
    """What could not be read back is not written."""
    with pytest.raises(Refusal) as refusal:
        dumps(value)
    assert (refusal.value.code, refusal.value.params["place"]) == (code, place)


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b'{"b":1,"a":2}', 2),
        (b'{"a": 1}', 5),
        (b'["\\u0041"]', 2),
        (b"[-0]", 1),
        (b"[]\n", 2),
        (b'["\\/"]', 2),
    ],
)
def test_another_spelling_is_not_canonical(data: bytes, place: int) -> None:
    """Refused at the first byte that differs."""
    with pytest.raises(JsonNotCanonicalError) as refusal:
        parse_canonical(data, max_bytes=LIMIT)
    assert refusal.value.params["place"] == place
