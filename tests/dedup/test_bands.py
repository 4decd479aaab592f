"""Cuts of a signature against simulation."""

import numpy as np
import pytest

from tamis import FuzzyDedup
from tamis.dedup.bands import choose, probability


@pytest.mark.parametrize(("similarity", "bands", "rows"), [(0.8, 32, 8), (0.5, 20, 3), (0.3, 4, 2)])
def test_probability(similarity, bands, rows):
    draws = np.random.default_rng(0).random((20_000, bands, rows)) < similarity
    assert draws.all(axis=2).any(axis=1).mean() == pytest.approx(
        probability(similarity, bands, rows), abs=0.015
    )


@pytest.mark.parametrize("hashes", [16, 64, 128, 256, 260])
@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7, 0.8, 0.9, 1.0])
def test_choice(hashes, threshold):
    bands, rows = choose(hashes, threshold)
    assert bands * rows <= hashes
    fine = [r for r in range(1, hashes + 1) if probability(threshold, hashes // r, r) >= 0.99]
    assert rows == max(fine, default=1)


def test_cuts_of_steps():
    assert FuzzyDedup().cut == (32, 8)
    assert FuzzyDedup(bands=25).cut == (25, 10)
    assert FuzzyDedup(rows=10).cut == (25, 10)
    assert FuzzyDedup(family="curator").cut == (20, 13)
    assert FuzzyDedup(family="curator", bands=10, rows=5).cut == (10, 5)
