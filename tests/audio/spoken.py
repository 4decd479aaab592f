"""Real speech for tests of segments: moonshine's readings, mixed into longer recordings."""

import importlib.util
from functools import cache
from pathlib import Path

import numpy as np
import pytest


@cache
def readings():
    """Float32 mono at 16 kHz of each recording that the package moonshine-voice ships."""
    found = importlib.util.find_spec("moonshine_voice")
    if found is None or found.origin is None:
        pytest.skip("moonshine-voice is not installed")
    soundfile = pytest.importorskip("soundfile")
    soxr = pytest.importorskip("soxr")
    made = {}
    for file in sorted((Path(found.origin).parent / "assets").rglob("*.wav")):
        samples, rate = soundfile.read(file, dtype="float32", always_2d=True)
        made[file.stem] = soxr.resample(samples.mean(axis=1), rate, 16_000, "HQ")
    return made


@cache
def mixes(count=12, seed=0):
    """Synthetic recordings: readings cut, repeated, louder or softer, with pauses and noise."""
    draw, spoken = np.random.default_rng(seed), list(readings().values())
    made = []
    for _ in range(count):
        parts = []
        for _ in range(int(draw.integers(1, 7))):
            whole = spoken[int(draw.integers(len(spoken)))]
            length = min(len(whole), int(draw.uniform(0.2, 12) * 16_000))
            at = int(draw.integers(0, len(whole) - length + 1))
            parts.append(whole[at : at + length] * np.float32(draw.uniform(0.2, 1)))
            parts.append(np.zeros(int(draw.exponential(1.0) * 16_000), np.float32))
        mix = np.concatenate(parts)
        noise = draw.standard_normal(len(mix)).astype(np.float32) * draw.choice([0, 0.001, 0.02])
        made.append(mix + noise.astype(np.float32))
    return made


def blocks(samples, size):
    """The samples in pieces of `size`, as a recording gives them."""
    return (samples[at : at + size] for at in range(0, len(samples), size))
