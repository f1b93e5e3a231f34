"""The benchmark's arithmetic: what the ratios and percentiles of docs/bench.md are made of."""

import pytest

from bench.figures import Aim, Cell, History, Round, Usage, percentile, ratio


def _round(lifecycles: int, seconds: float, *, latencies: tuple[float, ...] = (0.1,)) -> Round:
    usage = Usage(server=2.0, worker=4.0)
    return Round(lifecycles, seconds, 0.5, latencies, (), usage, History(10, 1_000))


def _cell(side: str, *rounds: Round) -> Cell:
    return Cell(side, "in turn", 4, list(rounds))


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [0.5, 0.1, 0.4, 0.2, 0.3]
    assert [percentile(values, each) for each in (0, 50, 100)] == [0.1, 0.3, 0.5]
    assert percentile([0.7], 99) == 0.7


def test_no_values_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


def test_the_ratio_is_taken_within_each_round() -> None:
    """A slow phase of the machine that meets both sides of a round changes nothing."""
    ours = _cell("engine", _round(4, 8.0), _round(4, 80.0), _round(4, 8.0))
    bare = _cell("bare", _round(4, 4.0), _round(4, 40.0), _round(4, 4.0))
    assert ratio(ours, bare) == 0.5


def test_sides_with_other_rounds_are_not_compared() -> None:
    with pytest.raises(ValueError, match="zip"):
        ratio(_cell("engine", _round(4, 8.0)), _cell("bare"))


def test_latencies_count_over_all_rounds() -> None:
    cell = _cell("engine", _round(1, 1.0, latencies=(0.1, 0.2)), _round(1, 1.0, latencies=(0.9,)))
    assert cell.latency(100) == 0.9


def test_cpu_is_of_one_lifecycle() -> None:
    assert _cell("engine", _round(4, 8.0), _round(4, 8.0)).usage() == Usage(server=0.5, worker=1.0)


def test_a_side_without_a_trail_has_no_lag() -> None:
    assert _cell("bare", _round(4, 8.0)).lag(99) is None


@pytest.mark.parametrize(
    ("measured", "at_least", "met"),
    [(0.8, True, True), (0.7, True, False), (0.8, False, False), (0.7, False, True)],
)
def test_an_aim_is_a_floor_or_a_ceiling(measured: float, at_least: bool, met: bool) -> None:
    assert Aim("it", 0.75, at_least=at_least, measured=measured).met is met


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    assert Aim("it", 0.75, at_least=True).met is None
