"""Memory while a recording of many hours goes through all measures: the goal is less than 1 GB.

    python benchmarks/audio/memory.py [--hours 10] [--kinds wav flac opus]

The speech of moonshine-voice, repeated, at 16 kHz; WAV is written at once, the others in blocks.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parent)]

import measure  # noqa: E402  beside this folder

RATE = 16_000


def build(path: Path, hours: float) -> None:
    """A recording of so many hours."""
    import av
    import numpy as np
    import soundfile
    import soxr
    from decode import speech

    signal, rate = speech()
    rate_out = 48_000 if path.suffix == ".opus" else RATE
    part = signal if rate == rate_out else soxr.resample(signal, rate, rate_out)
    rounds = int(hours * 3600 * rate_out / len(part)) + 1
    if path.suffix != ".opus":
        with soundfile.SoundFile(path, "w", rate_out, 1) as out:
            for _ in range(rounds):
                out.write(part)
        return
    with av.open(str(path), "w", format="ogg") as file:
        stream = file.add_stream("libopus", rate=rate_out)
        stream.layout = "mono"
        for _ in range(rounds):
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(part[None]), "fltp", "mono")
            frame.sample_rate = rate_out
            for packet in stream.encode(frame):
                file.mux(packet)
        for packet in stream.encode(None):
            file.mux(packet)


def measures(path: str) -> None:
    """All measures of one recording, as a step does it."""
    import pandas as pd
    from measures import model_free

    from tamis import Pipeline, Score

    frame = pd.DataFrame({"id": ["long"], "path": [path]})
    found = Pipeline([Score(op) for op in model_free()])(frame).iloc[0]
    print(f"{found.duration / 3600:.2f} h, {found.loudness:.1f} LUFS, {found.wada_snr:.0f} dB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=10)
    parser.add_argument("--kinds", nargs="+", default=["wav", "flac"])
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        measures(given.measure)
        return
    for kind in given.kinds:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"long.{kind}"
            build(path, given.hours)
            command = [sys.executable, __file__, "--measure", path]
            found = measure.run(command, cores=[0, 1], timeout=7200)
            size = path.stat().st_size / 1e6
            print(found.output.strip().splitlines()[-1])
            print(
                f"{kind}, {given.hours:g} h, {size:,.0f} MB, load {found.load:.1f}: CPU "
                f"{found.cpu:.0f} s, {given.hours * 3600 / found.cpu:,.0f} times real time; "
                f"largest process {found.peak_process_mb:,.0f} MB, all {found.peak_mb:,.0f} MB",
                flush=True,
            )


if __name__ == "__main__":
    main()
