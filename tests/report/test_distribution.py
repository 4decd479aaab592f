"""Tallies against numpy over the values themselves."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from tamis.report.chart import chart
from tamis.report.distribution import Tally

numbers = st.floats(-1e12, 1e12, allow_nan=False) | st.floats(-1e299, 1e299, allow_nan=False)
rows = st.lists(st.tuples(numbers, st.integers(0, 2)), min_size=1, max_size=300)


def tally(values: np.ndarray, classes: np.ndarray, fractional: bool, parts: int = 1) -> Tally:
    made = Tally(fractional=fractional)
    for some, which in zip(
        np.array_split(values, parts), np.array_split(classes, parts), strict=True
    ):
        made = made.merge(Tally.of(some, which, fractional))
    return made


@given(rows, st.integers(1, 7), st.booleans())
def test_nothing_is_lost_and_parts_do_not_matter(found: list, parts: int, bounded: bool) -> None:
    values = np.array([value for value, _ in found])
    classes = np.array([which for _, which in found])
    one, many = tally(values, classes, True), tally(values, classes, True, parts)
    bounds = {"min": 3.5} if bounded else {}
    histogram = one.histogram(bounds)
    assert histogram == many.histogram(bounds)
    assert all(a < b for a, b in pairwise(histogram["edges"]))
    assert one.quantiles() == many.quantiles()
    for which, name in enumerate(("kept", "dropped", "elsewhere")):
        assert sum(histogram[name]) == int((classes == which).sum())
    assert (one.low, one.high) == (values.min(), values.max())
    assert len(histogram["kept"]) == len(histogram["edges"]) - 1 <= 130


@given(rows)
def test_quantiles_are_within_a_thousandth(found: list) -> None:
    values = np.array([value for value, _ in found])
    quantiles = tally(values, np.zeros(len(values), int), True).quantiles()
    for share, value in quantiles.items():
        exact = np.quantile(values, float(share), method="inverted_cdf")
        assert abs(value - exact) <= abs(exact) / 1000 + 1e-300


@given(
    st.lists(st.integers(0, 2000), min_size=1, max_size=200),
    st.integers(0, 2000),
    st.integers(0, 400),
)
def test_whole_numbers_are_binned_exactly(found: list, low: int, width: int) -> None:
    values, high = np.array(found, float), low + width
    dropped = (values < low) | (values > high)
    made = tally(values, dropped.astype(int), False).histogram({"min": low, "max": high})
    edges = np.array(made["edges"])
    low_end = (
        np.concatenate([[-0.5], edges[1:]]) if made["scale"] == "log" and edges[0] == 0 else edges
    )
    assert np.histogram(values[~dropped], low_end)[0].tolist() == made["kept"]
    assert np.histogram(values[dropped], low_end)[0].tolist() == made["dropped"]
    # no bin has both: every bound is an edge
    assert not any(kept and gone for kept, gone in zip(made["kept"], made["dropped"], strict=True))


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=200), st.sampled_from([0.1, 0.25, 1 / 3, 0.8])
)
def test_no_bin_straddles_a_bound(found: list, bound: float) -> None:
    values = np.array(found)
    for name, gone in (("min", values < bound), ("max", values > bound)):
        made = tally(values, gone.astype(int), True).histogram({name: bound})
        assert not any(
            kept and lost for kept, lost in zip(made["kept"], made["dropped"], strict=True)
        )
        turned = tally(values, 1 - gone.astype(int), True).histogram({name: bound, "invert": True})
        assert not any(
            k and lost for k, lost in zip(turned["kept"], turned["dropped"], strict=True)
        )


def test_the_axis_is_logarithmic_where_values_span_decades() -> None:
    values = np.array([1, 10, 100, 5000] * 10, float)
    none = np.zeros(len(values), int)
    assert tally(values, none, False).histogram({})["scale"] == "log"
    assert tally(values[values < 20], none[:20], False).histogram({})["scale"] == "linear"
    assert tally(-values, none, False).histogram({})["scale"] == "linear"
    ratios = np.linspace(0, 1, 50)
    assert tally(ratios, np.zeros(50, int), True).histogram({"max": 0.3})["scale"] == "linear"
    # a bound far beyond the data belongs on the same axis
    assert (
        tally(values[values < 20], none[:20], False).histogram({"max": 100_000})["scale"] == "log"
    )


def test_infinite_values_are_counted_apart() -> None:
    made = tally(np.array([1.0, np.inf, -np.inf, 2.0]), np.zeros(4, int), True)
    assert made.infinite == 2
    assert (made.low, made.high) == (1.0, 2.0)
    assert sum(made.histogram({})["kept"]) == 2


@example([(1.0, 0), (2.225073858507203e-309, 0)], {}, False)
@example([(2.225073858507203e-309, 0)], {"min": 3.5}, False)
@given(
    rows, st.sampled_from([{}, {"min": 3.5}, {"max": 1e-7}, {"min": -2, "max": 1e6}]), st.booleans()
)
def test_any_histogram_can_be_drawn(found: list, bounds: dict, whole: bool) -> None:
    values = np.array([np.floor(value) if whole else value for value, _ in found])
    classes = np.array([which for _, which in found])
    histogram = tally(values, classes, not whole).histogram(bounds)
    drawn = chart({"histogram": histogram, "bounds": bounds, "whole": whole})
    assert drawn is not None
    for mark in (*drawn.ticks, *drawn.bounds, *drawn.levels):
        assert -1e-6 <= mark.at <= 100 + 1e-6
    assert sum(height for bar in drawn.bars for _, _, height in bar.pieces) > 0
    assert all(-1e-6 <= bar.x <= bar.x + bar.width <= 100 + 1e-6 for bar in drawn.bars)
