"""Recordings of a test, as the view gives them; and steps over files."""

import io

import numpy as np
import pandas as pd
import soundfile


class Held:
    """Samples at 16 kHz that stand for an open recording."""

    def __init__(self, samples, block=50_000):
        self.samples, self.block = np.asarray(samples, np.float32), block
        self.duration = len(self.samples) / 16_000

    def mono(self, rate=16_000, seconds=30):
        assert rate == 16_000
        for start in range(0, len(self.samples), self.block):
            yield self.samples[start : start + self.block]


def wav(samples, rate=16_000):
    """A file's bytes."""
    data = io.BytesIO()
    soundfile.write(data, samples, rate, format="WAV", subtype="FLOAT")
    return data.getvalue()


def frame(*recordings):
    """Rows that hold recordings, None for null, bytes as they are."""
    held = [one if one is None or isinstance(one, bytes) else wav(one) for one in recordings]
    return pd.DataFrame({"id": [f"r{k}" for k in range(len(held))], "path": held})
