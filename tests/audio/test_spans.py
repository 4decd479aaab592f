"""Rules for spans of time, beside brute force on a fine grid."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamis.audio.spans import divided, joined, widened, windowed, without

EDGES = st.lists(st.integers(0, 400), unique=True, max_size=24).map(sorted)
SPANS = EDGES.map(lambda e: [(a / 4, b / 4) for a, b in zip(e[::2], e[1::2], strict=False)])
SECONDS = st.integers(0, 40).map(lambda n: n / 4)


def in_order(spans):
    return all(a < b for a, b in spans) and all(
        one[1] <= other[0] for one, other in itertools.pairwise(spans)
    )


@given(SPANS, SECONDS, SECONDS.filter(bool))
def test_joined(spans, gap, longest):
    found = joined(spans, gap, longest)
    assert in_order(found)
    assert joined(found, gap, longest) == found
    assert {a for a, _ in found} <= {a for a, _ in spans}
    for a, b in found:
        inside = [s for s in spans if a <= s[0] and s[1] <= b]
        assert inside[0][0] == a and inside[-1][1] == b
        assert all(y[0] - x[1] <= gap for x, y in itertools.pairwise(inside))
        assert len(inside) == 1 or b - a <= longest
    for x, y in itertools.pairwise(found):
        own = next(s for s in spans if s[0] == y[0])  # the first that was not taken in any more
        assert y[0] - x[1] > gap or own[1] - x[0] > longest
    assert sum(sum(a <= s[0] and s[1] <= b for s in spans) for a, b in found) == len(spans)


@given(SPANS, SECONDS)
def test_widened(spans, pad):
    found = widened(spans, pad, 0, 101)
    assert in_order(found) and len(found) == len(spans)
    assert all(a >= 0 and b <= 101 for a, b in found)
    for number, ((a, b), (was, ended)) in enumerate(zip(found, spans, strict=True)):
        assert was - pad <= a <= was and ended <= b <= ended + pad
        if number and spans[number][0] - spans[number - 1][1] >= 2 * pad:
            assert a == was - pad


@given(SPANS, SECONDS.filter(bool))
def test_divided(spans, longest):
    found = divided(spans, longest)
    assert in_order(found)
    assert all(b - a <= longest + 1e-9 for a, b in found)
    np.testing.assert_allclose(
        np.reshape(joined(found, 0), (-1, 2)), np.reshape(joined(spans, 0), (-1, 2))
    )


@given(
    st.tuples(st.integers(0, 60), st.integers(1, 60)),
    st.lists(st.tuples(st.integers(0, 99), st.integers(0, 40))),
)
def test_without(span, others):
    start, end = span[0], span[0] + span[1]
    taken = [(a, a + n) for a, n in others]
    found = without((start, end), taken)
    left = {k for k in range(start, end) if not any(a <= k < b for a, b in taken)}
    assert {k for a, b in found for k in range(a, b)} == left
    assert all(a < b for a, b in found) and in_order(found)


@pytest.mark.parametrize(("duration", "length"), [(10, 3), (9, 3), (0.5, 3), (61.3, 7.25), (3, 3)])
def test_windows_without_overlap_are_those_of_lhotse(duration, length):
    lhotse = pytest.importorskip("lhotse")
    recording = lhotse.Recording("r", [], 16_000, round(duration * 16_000), duration)
    theirs = recording.to_cut().cut_into_windows(length)
    found = windowed(duration, length, 0, 0)
    np.testing.assert_allclose(found, [(cut.start, cut.end) for cut in theirs], atol=1e-4)


@given(st.integers(1, 400), st.integers(1, 60), st.integers(0, 59), st.integers(0, 40))
def test_windows_with_overlap(duration, length, overlap, minimum):
    if overlap >= length:
        return
    found = windowed(duration / 4, length / 4, overlap / 4, minimum / 4)
    starts = [k * (length - overlap) for k in range(duration)]
    last = next(k for k, start in enumerate(starts) if start + length >= duration)
    wanted = [(s / 4, min(s + length, duration) / 4) for s in starts[: last + 1]]
    assert found == [(a, b) for a, b in wanted if b - a >= minimum / 4]
    if not minimum:
        covered = np.zeros(duration, bool)
        for a, b in found:
            covered[round(a * 4) : round(b * 4)] = True
        assert covered.all()
