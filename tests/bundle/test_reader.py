"""How lianxi itself writes a bundle's lines and reads them back."""

from io import BytesIO
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lianxi.cli.audit.bundle import MAX_LINE_BYTES, BundledEvent, BundleWriter, OpenBundle
from lianxi.cli.faults import CliError
from lianxi.proof.hashing import event_hash
from tests.bundle.material import Made


def test_events_come_back_as_they_were_written(lived: Made, tmp_path: Path) -> None:
    """In their order, exact to the byte."""
    bundle = OpenBundle(lived.write(tmp_path))
    assert bundle.origin == lived.origin
    written = [line["event"] for line in lived.of("event")]
    assert [row.event for row in bundle.events()] == written


def test_an_envelope_is_written_once_for_the_events_it_caused_in_a_stream() -> None:
    """Again where another one came in between; every stream by itself."""
    target = BytesIO()
    bundle = BundleWriter(target)
    for stream, envelope in (
        ("a", "1"),
        ("a", "1"),
        ("b", "1"),
        ("a", None),
        ("a", "2"),
        ("a", "1"),
    ):
        bundle.event(BundledEvent(stream, 1, event_hash(b"{}"), "{}"), envelope, leaf=None)
    held = [b'"envelope"' in line for line in target.getvalue().splitlines()]
    assert held == [True, False, True, False, True, True]


def read(path: Path) -> int:
    """How many events are read."""
    return sum(1 for _ in OpenBundle(path).events())


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=200), begin=st.integers(0, 5))
def test_any_bytes_are_refused_by_code(
    data: bytes, begin: int, lived: Made, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Alone, and behind the first lines of a bundle."""
    path = tmp_path_factory.getbasetemp() / "any.bundle"
    path.write_bytes(b"".join(lived.data().splitlines(keepends=True)[:begin]) + data)
    with pytest.raises(CliError) as refused:
        read(path)
    assert refused.value.code == "BUNDLE_INVALID"


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**32 - 1))
def test_one_byte_changed_is_refused(seed: int, lived: Made, tmp_path: Path) -> None:
    """The digest at the end covers everything."""
    chance = Random(seed)  # noqa: S311 - a test's dice
    data = bytearray(lived.data())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path = tmp_path / "changed"
    path.write_bytes(data)
    with pytest.raises(CliError):
        read(path)


def test_a_line_of_no_end_is_refused(tmp_path: Path) -> None:
    """Without being read whole."""
    path = tmp_path / "long"
    path.write_bytes(b" " * (MAX_LINE_BYTES + 9))
    with pytest.raises(CliError) as refused:
        read(path)
    assert "too long" in refused.value.message
