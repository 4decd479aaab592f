"""All measures of audio without a model beside decoding alone, and beside librosa one by one.

    python benchmarks/audio/measures.py [--repeats 5]

The files of `decode.py`. Processor seconds, one thread; what is compared takes turns, medians of
the repeats. librosa and pyloudnorm are given each file once per measure, as one calls them, and
once in all, as one could.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import decode as decoding  # first: it sets the number of threads
import numpy as np
import pandas as pd


def by_librosa(path: str, once: bool) -> None:
    """What librosa and pyloudnorm have of our measures."""
    import librosa
    import pyloudnorm

    def load() -> tuple[np.ndarray, int]:
        samples, rate = librosa.load(path, sr=None, mono=False)
        return np.atleast_2d(samples), int(rate)

    held = load() if once else None
    tasks: list[Callable[[np.ndarray, int], object]] = [
        lambda y, _: 20 * np.log10(np.sqrt(np.mean(y**2))),
        lambda y, _: np.abs(y).max(),
        lambda y, _: np.mean(np.abs(y) >= 0.999),
        lambda y, _: y.mean(axis=1),
        lambda y, _: np.isfinite(y).all(),
        lambda y, _: np.corrcoef(y) if len(y) > 1 else None,
        lambda y, _: librosa.effects.split(y, top_db=40),
        lambda y, _: librosa.feature.zero_crossing_rate(y.mean(axis=0)).mean(),
        lambda y, r: librosa.feature.spectral_flatness(
            y=y.mean(axis=0), n_fft=512, hop_length=r // 100
        ).mean(),
        lambda y, r: np.mean(
            np.abs(librosa.stft(y.mean(axis=0), n_fft=512, hop_length=r // 100)) ** 2, axis=1
        ),
        lambda y, r: pyloudnorm.Meter(r).integrated_loudness(y.T),
        lambda y, r: pyloudnorm.Meter(r).loudness_range(y.T),
        lambda y, _: np.percentile(librosa.feature.rms(y=y.mean(axis=0), hop_length=512), 10),
        lambda y, _: np.log(np.maximum(np.abs(y.mean(axis=0)), 1e-10)).mean(),
    ]
    for task in tasks:
        task(*(held or load()))


def model_free() -> list[Any]:
    """All measures of `tamis.audio` that need no model."""
    from tamis import audio
    from tamis.op import Op

    modules = ("about", "levels", "loudness", "noise", "spectrum")
    found = map(vars(audio).get, audio.__all__)
    return [
        op for op in found
        if isinstance(op, Op) and op.function.__module__.rpartition(".")[2] in modules
    ]  # fmt: skip


def by_measures(paths: list[str]) -> None:
    """All of them, as a step does it."""
    from tamis import Pipeline, Score

    frame = pd.DataFrame({"id": [str(k) for k in range(len(paths))], "path": paths})
    scored = Pipeline([Score(op) for op in model_free()])(frame)
    assert len(scored) == len(paths) and scored["rms_level"].notna().all()


def native(paths: list[str]) -> None:
    """Decode alone, at each file's own rate."""
    from tamis import audio  # noqa: F401
    from tamis.viewing import Views

    view = Views(pd.DataFrame({"path": paths})).get("recording", decoding.ON, {"isolate": False})
    for one in view:
        for _ in one.blocks():
            pass


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--without-librosa", action="store_true")
    parser.add_argument("--only", default="", help="kinds of files that have this word")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| | decode | to 16 kHz mono | all measures | / to 16 kHz mono | librosa, a load each / "
          "ours | one load / ours |\n|---|---:|---:|---:|---:|---:|---:|")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        for kind, paths in decoding.files(Path(folder)).items():
            if given.only not in kind:
                continue
            if "opus" in kind or "m4a" in kind:
                continue
            tasks: dict[str, Callable[[], object]] = {
                "decode": lambda p=paths: native(p),
                "mono": lambda p=paths: decoding.consumed(decoding.by_tamis(p, isolate=False)),
                "measures": lambda p=paths: by_measures(p),
                "each": lambda p=paths: [by_librosa(path, False) for path in p],
                "once": lambda p=paths: [by_librosa(path, True) for path in p],
            }
            if given.without_librosa:
                del tasks["each"], tasks["once"]
            times: dict[str, list[float]] = {name: [] for name in tasks}
            for round_ in range(given.repeats + 1):
                for name, task in tasks.items():
                    start = decoding.seconds()
                    task()
                    if round_:
                        times[name].append(decoding.seconds() - start)
            found = {name: statistics.median(spent) for name, spent in times.items()}
            total = 800.0 if "100" in kind else 60.0
            ours = found["measures"]
            speeds = " | ".join(f"{total / found[n]:,.0f}" for n in ("decode", "mono", "measures"))
            ratios = [ours / found["mono"]]
            ratios += [found[name] / ours for name in ("each", "once") if name in found]
            print(f"| {kind} | {speeds} | {' | '.join(f'{r:.2f}' for r in ratios)} |", flush=True)
    print("\nSpeeds are times real time, per processor second.")


if __name__ == "__main__":
    main()
