"""Speech found in recordings: tamis beside Silero's package, one stream at a time, and its memory.

    python benchmarks/audio/vad.py [--hours 10] [--long]

CPU seconds of the process, contenders interleaved, medians of several rounds; 64 recordings of 5 to
45 s mixed from moonshine-voice's readings, with pauses and noise, as WAV files of 16 kHz. Every
contender's segments are compared with those of the package. Before that, one recording of so many
hours (24 kHz, mono, WAV) is cut in a process of its own, whose peak memory is told.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.util
import os
import platform
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
RATE, COUNT, FEW, ROUNDS = 16_000, 64, 8, 3
PACKAGES = ("silero-vad", "onnxruntime", "torch", "soxr", "numpy")
SETTINGS = {"min_speech": 0.25, "min_silence": 0.1, "pad": 0.03}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=10)
    parser.add_argument("--long", action="store_true", help="the long recording only")
    parser.add_argument("--cut", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.cut:
        cut(chosen.cut)
        return
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        versions = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
        machine = platform.processor() or platform.machine()
        print(f"{datetime.date.today()}, {machine}, load {os.getloadavg()[0]:.1f}; {versions}")
        if chosen.hours:  # first: a child is as large as its parent for a moment
            long(Path(folder), chosen.hours)
        if not chosen.long:
            rates(Path(folder))


def mixes():
    """Float32 mono at 16 kHz: pieces of readings, pauses between them, noise under some."""
    import numpy as np
    import soundfile
    import soxr

    home = Path(importlib.util.find_spec("moonshine_voice").origin).parent / "assets"
    spoken = []
    for file in sorted(home.rglob("*.wav")):
        samples, rate = soundfile.read(file, dtype="float32", always_2d=True)
        spoken.append(soxr.resample(samples.mean(axis=1), rate, RATE, "HQ"))
    draw = np.random.default_rng(0)
    for _ in range(COUNT):
        parts, wanted = [], draw.uniform(5, 45) * RATE
        while sum(map(len, parts)) < wanted:
            whole = spoken[int(draw.integers(len(spoken)))]
            length = min(len(whole), int(draw.uniform(1, 12) * RATE))
            at = int(draw.integers(0, len(whole) - length + 1))
            parts.append(whole[at : at + length] * np.float32(draw.uniform(0.2, 1)))
            parts.append(np.zeros(int(draw.exponential(0.7) * RATE), np.float32))
        mix = np.concatenate(parts)
        noise = draw.standard_normal(len(mix)).astype(np.float32) * draw.choice([0, 0.001, 0.01])
        yield (mix + noise).clip(-1, 1).astype(np.float32)


def rates(folder: Path) -> None:
    import pandas as pd
    import soundfile
    import torch
    from silero_vad import get_speech_timestamps, load_silero_vad
    from silero_vad.sequence_vad import get_speech_timestamps_sequence

    from tamis import Cut, audio

    sounds, paths = [], []
    for number, mix in enumerate(mixes()):
        paths.append(str(folder / f"{number:03d}.wav"))
        soundfile.write(paths[-1], mix, RATE, subtype="PCM_16")
        sounds.append(soundfile.read(paths[-1], dtype="float32")[0])
    seconds = [len(sound) / RATE for sound in sounds]
    frame = pd.DataFrame({"id": [str(k) for k in range(COUNT)], "path": paths})
    step = Cut(audio.speech_segments, max_duration=1e9, **SETTINGS)
    gate = Cut(audio.energy_segments, max_duration=1e9, **SETTINGS)

    def package(model: object, function: Callable[..., list]) -> Callable[[], list]:
        def run() -> list:
            found = []
            for number in range(FEW):
                given = sounds[number]
                given = torch.from_numpy(given) if function is get_speech_timestamps else given
                found.append([(s["start"], s["end"]) for s in function(given, model)])
            return found

        return run

    def cuts(step: Cut, rows: pd.DataFrame) -> Callable[[], list]:
        def run() -> list:
            made = step(rows)
            by = dict(iter(made.groupby("parent_id")))
            return [
                [(round(a * RATE), round(b * RATE)) for a, b in by[k][["start", "end"]].to_numpy()]
                if k in by else [] for k in rows["id"]
            ]  # fmt: skip

        return run

    contenders = {
        "Silero, TorchScript": (package(load_silero_vad(), get_speech_timestamps), FEW),
        "Silero, ONNX": (package(load_silero_vad(onnx=True), get_speech_timestamps), FEW),
        "Silero, its export for many frames": (
            package(load_silero_vad(sequence=True), get_speech_timestamps_sequence), FEW,
        ),
        "tamis, one file": (cuts(step, frame.iloc[:1]), 1),
        "tamis, 8 files": (cuts(step, frame.iloc[:FEW]), FEW),
        "tamis, 64 files": (cuts(step, frame), COUNT),
        "tamis, energy, 64 files": (cuts(gate, frame), COUNT),
    }  # fmt: skip
    wanted = contenders["Silero, ONNX"][0]()
    spent: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, (run, count) in contenders.items():
            start = time.process_time()
            found = run()
            spent[name].append((time.process_time() - start) / sum(seconds[:count]))
            if "energy" not in name:
                assert found[:FEW] == wanted[: min(FEW, count)], name
    base = statistics.median(spent["Silero, ONNX"])
    print(
        f"{COUNT} recordings, {sum(seconds):.0f} s; files are read and decoded in tamis's figures"
    )
    print("| | × real time | of Silero's ONNX |\n| --- | --- | --- |")
    for name, each in spent.items():
        taken = statistics.median(each)
        print(f"| {name} | {1 / taken:,.0f} | {base / taken:.1f} |")
    same = sum(map(len, wanted))
    print(f"the same segments in all, {same} of the first {FEW}; median of {ROUNDS} rounds")


def long(folder: Path, hours: float) -> None:
    import measure
    import numpy as np
    import soundfile
    import soxr

    rate = 24_000
    sound = np.concatenate([soxr.resample(mix, RATE, rate, "HQ") for mix in mixes()])
    path, left = folder / "long.wav", round(hours * 3600 * rate)
    with soundfile.SoundFile(path, "w", rate, 1, "PCM_16", format="WAV") as out:
        while left > 0:
            out.write(sound[:left])
            left -= len(sound)
    found = measure.run([sys.executable, __file__, "--cut", path], cores=[0, 1], timeout=7200)
    print(found.output.strip().splitlines()[-1])
    print(f"{hours:g} hours in one recording: wall {found.wall:.0f} s, CPU {found.cpu:.0f} s, "
          f"{hours * 3600 / found.cpu:.0f} × real time; largest process "
          f"{found.peak_process_mb:,.0f} MB")  # fmt: skip
    if found.code:
        sys.exit(found.code)


def cut(path: str) -> None:
    import pandas as pd

    from tamis import Cut, audio

    made = Cut(audio.speech_segments)(pd.DataFrame({"id": ["long"], "path": [path]}))
    lasting = (made["end"] - made["start"]).sum() / 3600
    print(f"{len(made):,} segments, {lasting:.2f} hours of speech")


if __name__ == "__main__":
    main()
