"""DNSMOS of recordings beside the loop of the package speechmos, the same scores.

    python benchmarks/audio/mos.py [--repeats 2]

Recordings are parts of the speech in moonshine-voice (installed --no-deps), of 1 to 44 seconds, and
200 seconds of it one after another. Both compute P.835 and P.808. All figures are seconds of
processor time; what is compared takes turns, the best of the repeats counts.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import os
import sys
import time
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np  # noqa: E402  the number of threads is set before
import pandas as pd  # noqa: E402

RATE = 16_000
SINGLE = (1.5, 3, 4.7, 6, 8, 10, 12, 15, 20, 30, 44, 200)
MIXES = {"every length from 1 to 20 s": range(1, 21), "5 to 20 s (TTS)": range(5, 21)}


def speech() -> np.ndarray:
    """Samples at 16 kHz, 200 seconds."""
    import soundfile
    import soxr

    found = importlib.util.find_spec("moonshine_voice")
    if found is None or not found.submodule_search_locations:
        sys.exit("the speech comes with moonshine-voice: pip install --no-deps moonshine-voice")
    parts = []
    for name in ("two_cities", "beckett", "endgame_nagg_nell"):
        file = Path(found.submodule_search_locations[0], "assets", f"{name}.wav")
        samples, rate = soundfile.read(file, dtype="float32")
        parts.append(np.clip(soxr.resample(samples, rate, RATE), -1, 1).astype(np.float32))
    whole = np.concatenate(parts)
    return np.tile(whole, 3)[: 200 * RATE]


def ours(piece: np.ndarray) -> tuple[float, list[float]]:
    """Seconds and scores: a file's bytes through the measures."""
    import soundfile

    from tamis import Pipeline, Score, audio

    data = io.BytesIO()
    soundfile.write(data, piece, RATE, format="WAV", subtype="FLOAT")
    rows = pd.DataFrame({"id": ["a"], "path": [data.getvalue()]})
    ops = (audio.dnsmos_signal, audio.dnsmos_background, audio.dnsmos, audio.dnsmos_p808)
    pipeline = Pipeline([Score(op) for op in ops])
    start = time.process_time()
    found = pipeline(rows)
    return time.process_time() - start, found.iloc[0, 2:6].tolist()


def package(piece: np.ndarray) -> tuple[float, list[float]]:
    """Seconds and scores of the package's own loop."""
    from speechmos import dnsmos

    start = time.process_time()
    told = dnsmos.run(piece, RATE)
    spent = time.process_time() - start
    return spent, [float(told[k]) for k in ("sig_mos", "bak_mos", "ovrl_mos", "p808_mos")]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--repeats", type=int, default=2)
    repeats = options.parse_args().repeats
    whole = speech()
    ours(whole[:RATE]), package(whole[:RATE])  # both load their networks
    spent: dict[float, tuple[float, float]] = {}
    apart = 0.0
    for seconds in sorted({*SINGLE, *(float(s) for mix in MIXES.values() for s in mix)}):
        piece = whole[: int(seconds * RATE)]
        runs = [(ours(piece), package(piece)) for _ in range(repeats if seconds < 100 else 1)]
        spent[seconds] = min(a for (a, _), _ in runs), min(b for _, (b, _) in runs)
        (_, found), (_, expected) = runs[0]
        apart = max(apart, float(np.abs(np.subtract(found, expected)).max()))
    print("| recording | tamis, CPU-s | speechmos, CPU-s | ratio |\n|---|---:|---:|---:|")
    for seconds in SINGLE:
        one, other = spent[seconds]
        print(f"| {seconds:g} s | {one:.2f} | {other:.2f} | {other / one:.1f} |")
    for name, lengths in MIXES.items():
        one, other = (sum(spent[float(s)][k] for s in lengths) for k in (0, 1))
        print(f"| {name} | {one:.1f} | {other:.1f} | {other / one:.1f} |")
    print(f"\nlargest difference of a score: {apart:.1e}")


if __name__ == "__main__":
    main()
