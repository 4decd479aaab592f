"""File to 16 kHz mono: tamis beside librosa.load, and soundfile with soxr by hand.

    python benchmarks/audio/decode.py [--repeats 5]

Speech of the package moonshine-voice (pip install --no-deps), as 100 short WAV files of 8 s at
16 kHz and as a minute in stereo at 44.1 kHz of each format. Processor seconds of this process and
its children, one thread each; what is compared takes turns, medians of the repeats. Results are
compared, too.
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import statistics
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"
if "MALLOC_MMAP_THRESHOLD_" not in os.environ:  # as `tamis.local_cluster(media=True)` sets them
    _large = dict.fromkeys(("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"), str(256 << 20))
    os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | _large)

import numpy as np  # noqa: E402  the number of threads is set before
import pandas as pd  # noqa: E402

ON = {name: name for name in ("path", "offset", "size", "start", "end")}
RATE = 16_000


def seconds() -> float:
    """Processor time of this process and of children that have ended."""
    own, ended = (resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + ended.ru_utime + ended.ru_stime


def speech() -> tuple[np.ndarray, int]:
    """44 s of English, float32 at 48 kHz."""
    import importlib.util

    import soundfile

    found = importlib.util.find_spec("moonshine_voice")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("the speech comes with moonshine-voice: pip install --no-deps it")
    file = Path(found.submodule_search_locations[0]) / "assets" / "two_cities.wav"
    return soundfile.read(file, dtype="float32")


def ffmpeg(path: Path, samples: np.ndarray, rate: int, container: str, codec: str) -> None:
    """Write by ffmpeg what libsndfile does not write."""
    import av

    out = io.BytesIO()
    with av.open(out, "w", format=container) as file:
        stream = file.add_stream(codec, rate=rate)
        stream.layout = "stereo"
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T), "fltp", "stereo")
        frame.sample_rate = rate
        for packet in (*stream.encode(frame), *stream.encode(None)):
            file.mux(packet)
    path.write_bytes(out.getvalue())


def files(folder: Path) -> dict[str, list[str]]:
    """Files by kind; their sound is the same."""
    import soundfile
    import soxr

    signal, rate = speech()
    small = soxr.resample(signal, rate, RATE)
    found: dict[str, list[str]] = {"100 WAV of 8 s, 16 kHz": []}
    for k in range(100):
        path = folder / f"{k:03d}.wav"
        start = k * 2500
        soundfile.write(path, small[start : start + 8 * RATE], RATE)
        found["100 WAV of 8 s, 16 kHz"].append(str(path))
    wide = soxr.resample(signal, rate, 44_100)
    minute = np.resize(wide, 60 * 44_100)
    stereo = np.stack([minute, np.roll(minute, 500) * 0.8], 1)
    for kind in ("wav", "flac", "mp3", "ogg"):
        path = folder / f"minute.{kind}"
        with soundfile.SoundFile(path, "w", 44_100, 2) as out:
            for start in range(0, len(stereo), 44_100):  # libsndfile 1.2.2 dies of long Vorbis
                out.write(stereo[start : start + 44_100])
        found[f"a minute of {kind}, 44.1 kHz stereo"] = [str(path)]
    at_48 = soxr.resample(stereo, 44_100, 48_000)
    ffmpeg(folder / "minute.opus", at_48, 48_000, "ogg", "libopus")
    ffmpeg(folder / "minute.m4a", stereo, 44_100, "ipod", "aac")
    found["a minute of opus, 48 kHz stereo"] = [str(folder / "minute.opus")]
    found["a minute of m4a, 44.1 kHz stereo"] = [str(folder / "minute.m4a")]
    return found


def by_tamis(paths: list[str], **settings: object) -> Iterator[np.ndarray]:
    """As a step does it: 64 rows at a time."""
    from tamis import audio  # noqa: F401  registers the views
    from tamis.viewing import Views

    for start in range(0, len(paths), 64):
        part = pd.DataFrame({"path": paths[start : start + 64]})
        yield from Views(part).get("speech", ON, settings)


def by_librosa(paths: list[str]) -> Iterator[np.ndarray]:
    import librosa

    for path in paths:
        yield librosa.load(path, sr=RATE, mono=True)[0]


def by_hand(paths: list[str]) -> Iterator[np.ndarray]:
    import soundfile
    import soxr

    for path in paths:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        mono = samples.mean(axis=1)
        yield mono if rate == RATE else soxr.resample(mono, rate, RATE)


def consumed(signals: Iterator[np.ndarray]) -> None:
    """Each is let go before the next."""
    for signal in signals:
        assert signal.dtype == np.float32


def apart() -> float:
    """Processor time of the processes that decode for this one."""
    import psutil

    others = psutil.Process().children(recursive=True)
    return sum(sum(other.cpu_times()[:2]) for other in others)


def timed(tasks: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """The median of each, in turns, after one that warms up."""
    found: dict[str, list[float]] = {name: [] for name in tasks}
    for round_ in range(repeats + 1):
        for name, task in tasks.items():
            start = seconds() + apart()
            task()
            if round_:
                found[name].append(seconds() + apart() - start)
    return {name: statistics.median(times) for name, times in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", default="", help="kinds of files that have this word")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| file to 16 kHz mono | librosa.load | soundfile, soxr | tamis | librosa / tamis |")
    print("|---|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        for kind, paths in files(Path(folder)).items():
            if given.only not in kind:
                continue
            tasks: dict[str, Callable[[], object]] = {
                "tamis": lambda p=paths: consumed(by_tamis(p, isolate=False))
            }
            if "m4a" not in kind:
                tasks |= {
                    "librosa": lambda p=paths: consumed(by_librosa(p)),
                    "hand": lambda p=paths: consumed(by_hand(p)),
                }
                for ours, theirs in zip(by_tamis(paths[:1]), by_librosa(paths[:1]), strict=True):
                    assert abs(len(ours) - len(theirs)) < 400, kind
                    both = min(len(ours), len(theirs))
                    alike = float(np.corrcoef(ours[:both], theirs[:both])[0, 1])
                    # librosa 0.11 gives something else for Opus; soundfile.read agrees with us
                    assert alike > 0.99 or "opus" in kind, (kind, alike)
            if "opus" in kind or "m4a" in kind:
                tasks["apart"] = lambda p=paths: consumed(by_tamis(p * 2))
            found = timed(tasks, given.repeats)
            total = 800.0 if "100" in kind else 60.0
            speed = {name: f"{total / spent:,.0f}" for name, spent in found.items()}
            ratio = f"{found['librosa'] / found['tamis']:.2f}" if "librosa" in found else "–"
            columns = [speed.get(name, "–") for name in ("librosa", "hand", "tamis")]
            print(f"| {kind} | {' | '.join(columns)} | {ratio} |", flush=True)
            if "apart" in found:
                share = found["tamis"] * 2 / found["apart"]
                print(f"| … by a process of its own: {share:.2f} of that speed |")
    print("\nTimes real time, per processor second.")


if __name__ == "__main__":
    main()
