"""How much of two fingerprints is the same sound: against the definition in numpy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.dedup import reference_sound as reference
from tamis.kernels import alignment


def words(rng, count, silent=0.1):
    made = rng.integers(1, 2**32, count, np.uint32)
    made[rng.random(count) < silent] = 0
    return made


def noisy(rng, made, share):
    """So large a share of the bits flipped; what says nothing stays so."""
    bits = (rng.random((made.size, 32)) < share) @ (1 << np.arange(32, dtype=np.uint64))
    changed = made ^ bits.astype(np.uint32)
    return np.where((made == 0) | (changed == 0), made, changed)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1), st.integers(0, 120), st.integers(0, 120), st.integers(0, 40),
    st.sampled_from([0.0, 0.1, 0.2, 0.24, 0.5]), st.booleans(),
)  # fmt: skip
def test_same_words_at_any_offset(seed, left, right, at, share, contained):
    rng = np.random.default_rng(seed)
    one = words(rng, left)
    other = np.concatenate([noisy(rng, one[at:], share), words(rng, right)])
    for offset in {at, 0, -3, left - 8, 8 - other.size}:
        same = alignment.same_words(one, other, offset)
        own, its = (alignment.telling_words(side) for side in (one, other))
        assert own == np.count_nonzero(one)
        value = alignment.share(same, own, its, contained)
        assert value == reference.at_offset(one, other, offset, contained)


def test_the_errors_that_a_window_may_have():
    assert alignment.most_errors(7) < 0
    for telling, share in reference.ERRORS.items():
        assert alignment.most_errors(telling) == pytest.approx(share * telling * 32)
    assert alignment.most_errors(40) == pytest.approx(0.24 * 40 * 32)
    assert [alignment.ones(np.uint32(k)) for k in (0, 1, 2**32 - 1, 0x80000001)] == [0, 1, 32, 2]


@pytest.mark.parametrize("at", [0, 5, 31, 32, 70, 199])
def test_a_window_lies_within_the_overlap(at):
    rng = np.random.default_rng(1)
    one = words(rng, 200, 0)
    other = np.concatenate([words(rng, 10, 0), one[:100], words(rng, 90, 0)])
    assert alignment.window_agrees(one, other, -10, at) == (at < 85)
