"""Quantiles of numbers that come in parts: numpy's, exactly, however they are cut and held."""

import itertools
import math
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis import quantiles
from tamis.errors import SettingError
from tamis.quantiles import Quantile, ranked

NUMBERS = st.lists(
    st.one_of(
        st.floats(allow_nan=False, width=32),
        st.floats(allow_nan=False),
        st.integers(-3, 3).map(float),
        st.sampled_from([0.0, -0.0, math.inf, -math.inf, 5e-324, -5e-324]),
    ),
    min_size=1,
    max_size=60,
)
FINITE = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60)


def parts_of(numbers, cuts):
    """The numbers cut into parts, some of them empty."""
    edges = [0, *sorted(min(cut, len(numbers)) for cut in cuts), len(numbers)]
    whole = np.array(numbers, np.float64)
    return lambda: [whole[a:b] for a, b in itertools.pairwise(edges)]


@pytest.fixture(params=[2**23, 4, 1])
def held(request, monkeypatch):
    """How many numbers are sorted in memory: few enough that all passes are gone through."""
    monkeypatch.setattr(quantiles, "_HELD", request.param)


@pytest.mark.usefixtures("held")
@settings(deadline=None)
@given(NUMBERS, st.lists(st.integers(0, 60), max_size=4), st.data())
def test_a_rank_is_that_of_the_sorted_numbers(numbers, cuts, data):
    rank = data.draw(st.integers(0, len(numbers) - 1))
    assert ranked(parts_of(numbers, cuts), rank) == sorted(numbers)[rank]


@settings(deadline=None)
@given(FINITE, st.lists(st.integers(0, 60), max_size=4), st.integers(0, 1000))
def test_percentiles_are_numpys(numbers, cuts, thousandth):
    found = Quantile(thousandth / 10).of(parts_of(numbers, cuts))
    expected = np.quantile(numbers, thousandth / 1000)
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-9)


@settings(deadline=None)
@given(NUMBERS, st.integers(0, 100))
def test_a_percentile_lies_between_its_neighbours(numbers, percent):
    place = Fraction(percent, 100) * (len(numbers) - 1)
    low, high = sorted(numbers)[math.floor(place)], sorted(numbers)[math.ceil(place)]
    found = Quantile(percent).of(parts_of(numbers, []))
    assert low <= found <= high
    if place == math.floor(place):
        assert found == low


@settings(deadline=None)
@given(FINITE, st.sampled_from([-3, -1.5, 1.5, 3]))
def test_fences_are_those_of_numpys_quartiles(numbers, ranges):
    first, third = np.percentile(numbers, [25, 75])
    quartile = first if ranges < 0 else third
    found = Quantile(25 if ranges < 0 else 75, ranges).of(parts_of(numbers, [3]))
    assert found == pytest.approx(quartile + ranges * (third - first), rel=1e-9, abs=1e-6)


@pytest.mark.parametrize(
    ("numbers", "bound", "expected"),
    [
        ([], "70%", None),
        ([7], "70%", 7.0),
        ([7], "q3 + 3 iqr", 7.0),
        ([2, 2, 2], "q1 - 3 iqr", 2.0),
        ([0.0, -0.0], "50%", 0.0),
        ([-math.inf, 1], "25%", -math.inf),
        ([-math.inf, 1], "75%", 1.0),
        ([math.inf] * 3, "q3 + 3 iqr", math.inf),
        ([-math.inf, 0, 0, math.inf], "q1 + 3 iqr", 0.0),
        (range(101), "55%", 55.0),  # a float's 0.55 x 100 is above 55
    ],
)
def test_corner_cases(numbers, bound, expected):
    numbers = np.array(numbers, np.float64)
    assert Quantile.parse(bound).of(lambda: [numbers]) == expected


@given(st.integers(0, 1000), st.integers(0, 99).map(lambda n: n / 10), st.sampled_from("+-"))
def test_what_is_written_is_read_again(thousandth, ranges, sign):
    for made in (Quantile(thousandth / 10), Quantile(75, float(f"{sign}{ranges}"))):
        assert Quantile.parse(str(made)) == made


@pytest.mark.parametrize(
    "text", ["", "%", "median", "101%", "-5%", "q4", "q1 - iqr", "0.7", "70 % of it"]
)
def test_what_is_no_quantile_is_refused(text):
    with pytest.raises(SettingError, match="such as '70%'"):
        Quantile.parse(text)


def test_more_numbers_than_are_held_take_bounded_memory():
    """Twenty million numbers, equal in their leading bits: 160 MB if they were put together."""
    drawn = np.random.default_rng(0).random(500_000) * 1e-9 + 1.0

    def parts():
        return (drawn + k * 1e-9 for k in range(40))

    tracemalloc.start()
    try:
        found = Quantile(70).of(parts)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 100e6
    assert found == pytest.approx(np.quantile(np.concatenate(list(parts())), 0.7), abs=1e-15)
