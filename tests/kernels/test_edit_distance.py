"""Distances and ways against RapidFuzz, and every way walked."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from tamis.kernels.edit_distance import DELETE, EQUAL, INSERT, SUBSTITUTE, distance, way

ENOUGH = 1 << 40


def symbols(items):
    return np.array(items, np.uint64)


def room_for(one, two):
    return np.empty((4, 129 + max(len(one), len(two))), np.uint64)


def distance_of(one, two, most=ENOUGH):
    return distance(symbols(one), symbols(two), room_for(one, two), most)


def way_of(one, two, most=ENOUGH):
    steps = np.empty(len(one) + len(two), np.uint8)
    found, count = way(symbols(one), symbols(two), room_for(one, two), most, steps)
    return found, steps[:count][::-1].tolist()


def walked(one, two, steps):
    """What the steps make of `one`, and what they cost."""
    i, made = 0, []
    for step in steps:
        if step == DELETE:
            i += 1
        elif step == INSERT:
            made.append(two[len(made)])
        else:
            assert (one[i] == two[len(made)]) == (step == EQUAL)
            made.append(two[len(made)])
            i += 1
    assert i == len(one)
    return made, sum(step != EQUAL for step in steps)


def without_ends(one, two):
    """Without what both begin and end with, which callers leave out (and RapidFuzz does)."""
    start = 0
    while start < min(len(one), len(two)) and one[start] == two[start]:
        start += 1
    one, two = one[start:], two[start:]
    while one and two and one[-1] == two[-1]:
        one, two = one[:-1], two[:-1]
    return one, two


def check(one, two):
    expected = Levenshtein.distance(one, two)
    assert distance_of(one, two) == distance_of(two, one) == expected
    one, two = without_ends(one, two)
    found, steps = way_of(one, two)
    assert found == expected
    assert walked(one, two, steps) == (two, expected)
    names = {"replace": SUBSTITUTE, "delete": DELETE, "insert": INSERT}
    wanted = [names[step.tag] for step in Levenshtein.editops(one, two)]
    assert [step for step in steps if step != EQUAL] == wanted


@st.composite
def pairs(draw):
    """Sequences of any length to 300, the second often the first with some changes."""
    letters = draw(st.sampled_from([2, 4, 40, 10_000]))
    symbol = st.integers(0, letters - 1)
    one = draw(st.lists(symbol, max_size=draw(st.sampled_from([5, 70, 140, 300]))))
    if draw(st.booleans()):
        return one, draw(st.lists(symbol, max_size=draw(st.sampled_from([5, 70, 140, 300]))))
    two = list(one)
    for _ in range(draw(st.integers(0, 50))):
        at, kind = draw(st.integers(0, len(two))), draw(st.integers(0, 2))
        two[at : at + (kind < 2)] = [draw(symbol)] if kind else []
    return one, two


@given(pairs())
@settings(max_examples=120, deadline=None)
def test_any_pair(pair):
    check(*pair)


@pytest.mark.parametrize("size", [1, 63, 64, 65, 127, 128, 129, 200])
def test_sizes_about_a_machine_word(size):
    choice = np.random.default_rng(size)
    for letters in (2, 30):
        for other in (0, 1, 31, 63, 64, 65, 128, 300):
            one, two = (choice.integers(0, letters, n).tolist() for n in (size, other))
            check(one, two)


@pytest.mark.parametrize("changes", [20, 31, 32, 33, 40, 247, 248, 300, 2500])
def test_distances_about_the_width_of_a_band(changes):
    choice = np.random.default_rng(changes)
    one = choice.integers(0, 1000, 3000)
    two = one.copy()
    two[choice.permutation(3000)[:changes]] = 5000
    check(one.tolist(), two.tolist())
    check(one.tolist(), two[changes // 2 :].tolist())


def test_many_distinct_symbols_and_ways_in_parts():
    choice = np.random.default_rng(7)
    one = choice.integers(0, 1 << 60, 20_000)
    two = np.delete(one, choice.permutation(20_000)[:3000])
    two[choice.permutation(17_000)[:3000]] = 1
    expected = Levenshtein.distance(one.tolist(), two.tolist())
    found, steps = way_of(one.tolist(), two.tolist())
    assert distance_of(one.tolist(), two.tolist()) == found == expected
    assert walked(one.tolist(), two.tolist(), steps) == (two.tolist(), expected)


def test_what_would_take_too_long_is_not_begun():
    one, two = [1] * 5000, [2] * 5000
    assert distance_of(one, two, most=100_000) == -1
    assert way_of(one, two, most=100_000)[0] == -1
    assert distance_of(one, one[:-40], most=100_000) == 40
