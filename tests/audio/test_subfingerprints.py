"""Words of sound: against another way to compute them, and what they should not depend on."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.audio.subfingerprints import FRAME, HOP, RATE, subfingerprints


def speechlike(seed=0, seconds=3.0):
    """Noise through resonances that wander, with pauses: float32 at 8 kHz."""
    rng = np.random.default_rng(seed)
    count = int(seconds * RATE)
    t = np.arange(count) / RATE
    found = np.zeros(count)
    for _ in range(12):
        low, depth, beat, phase = rng.uniform(250, 3000), *rng.uniform(0.2, 6, 2), rng.uniform(0, 6)
        found += np.sin(2 * np.pi * low * t + 40 * depth * np.sin(beat * t + phase)) * (
            0.5 + 0.5 * np.sin(3 * beat * t + phase)
        )
    return (0.05 * found + 0.005 * rng.standard_normal(count)).astype(np.float32)


def reference(samples):
    """The definition by numpy's transform of real numbers, in float64."""
    silence = np.zeros(FRAME // 2)
    padded = np.concatenate([silence, samples.astype(np.float64), silence])
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(FRAME + 1)[:-1])) ** 2
    bins, edges = np.arange(power.shape[1]), np.geomspace(250, 3400, 34) * FRAME / RATE
    energy = np.stack(
        [
            power @ np.clip(np.minimum(bins + 0.5, b) - np.maximum(bins - 0.5, a), 0, 1)
            for a, b in pairwise(edges)
        ],
        axis=1,
    )
    early, late = energy[:-2], energy[2:]
    change = (late[:, :-1] - late[:, 1:]) - (early[:, :-1] - early[:, 1:])
    near = late[:, :-1] + late[:, 1:] + early[:, :-1] + early[:, 1:]
    whole = early.sum(1) + late.sum(1)
    telling = (np.abs(change) > 0.05 * (near + 1e-6 * whole[:, None])).sum(1) >= 10
    telling &= (early.sum(1) >= 1e-3) & (late.sum(1) >= 1e-3)
    words = ((change > 0) @ (1 << np.arange(32, dtype=np.uint64))).astype(np.uint32)
    return np.where(telling, np.maximum(words, 1), 0)


@pytest.mark.parametrize("seed", range(4))
def test_words_are_those_of_the_definition(seed):
    samples = speechlike(seed)
    samples[6000:12000] = 0
    found, known = subfingerprints([samples]), reference(samples)
    assert found.shape == known.shape and 0.1 < np.mean(found == 0) < 0.4
    assert np.mean(found == known) > 0.99  # float32 decides a tie otherwise here and there
    assert np.bitwise_count(found ^ known).sum() <= 3


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 60_000), min_size=1, max_size=8), st.integers(0, 150_000))
def test_blocks_do_not_matter(sizes, count):
    samples = np.resize(speechlike(), count)
    ends = np.minimum(np.cumsum(sizes), count)
    blocks = np.split(samples, ends)
    whole = subfingerprints([samples])
    np.testing.assert_array_equal(subfingerprints(iter(blocks)), whole)
    assert len(whole) == max(0, count // HOP - 1)


@pytest.mark.parametrize("gain", [0.5, 2.0, 1 / 64])
def test_level_does_not_matter(gain):
    samples = speechlike(5)
    np.testing.assert_array_equal(subfingerprints([samples * gain]), subfingerprints([samples]))


def sine(*tones):
    t = np.arange(4 * RATE) / RATE
    return sum(np.sin(2 * np.pi * tone * t) for tone in tones).astype(np.float32) / len(tones) / 2


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(4 * RATE, np.float32),
        np.full(4 * RATE, 0.3, np.float32),
        sine(440), sine(350, 440), sine(*range(60, 1800, 60)), np.round(sine(1000) * 127) / 127,
        np.random.default_rng(0).normal(0, 1e-6, 4 * RATE).astype(np.float32),
    ],
    ids=["silence", "offset", "tone", "dial tone", "hum", "tone of 8 bits", "dither"],
)  # fmt: skip
def test_silence_and_tones_say_nothing(samples):
    inner = subfingerprints([samples])[8:-8]  # where they begin and end is heard
    assert len(inner) > 100 and not inner.any()


def test_noise_says_something():
    noise = np.random.default_rng(0).normal(0, 0.1, 4 * RATE).astype(np.float32)
    assert np.mean(subfingerprints([noise]) != 0) > 0.98


def test_too_short_for_a_word():
    assert [len(subfingerprints([np.ones(n, np.float32)])) for n in (0, 1, 511, 512, 768)] == [
        0, 0, 0, 1, 2,
    ]  # fmt: skip
    assert len(subfingerprints([])) == 0
