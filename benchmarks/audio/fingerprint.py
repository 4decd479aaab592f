"""Recordings that are the same sound among 100,000: recall, precision, time, memory.

    python benchmarks/audio/fingerprint.py FOLDER … [--clips 100000] [--planted 1000] [--fpcalc F]

The folders hold real speech (WAV, OGG, FLAC). It is put end to end, equal files once, and cut into
clips of 4 to 8 s. `--planted` of the clips are copied: from 2 s after their beginning, 6 dB louder
or softer (clipped at full scale), as MP3 at 64 kbit/s; and, in runs of their own, as Opus at 24 and
12 kbit/s and with white noise 20 dB below. To come to so many clips, the same speech is taken at
two other speeds, and each fingerprint once more mirrored in time, in frequency, and in both, and
each of these with its bits turned by 8, 16 and 24 places, as sound moved up by so many bands gives.
All that is found beyond what was planted is judged twice: by the cross-correlation of 0.4 s of
waveform at a time, and by the correlation of log-mel spectra of a second at a time, at the offset
at which most of them agree.
"""

from __future__ import annotations

import argparse
import base64
import io
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
import pandas as pd
import soundfile
import soxr

from tamis import FingerprintDedup
from tamis.audio.subfingerprints import HOP, RATE, subfingerprints

SPEECH = 16_000  # Hz of the waveforms
SPEEDS = [1.0, 0.8, 1.25]
WORD = HOP / RATE
CODED = {"mp3": ("libmp3lame", "mp3", 64_000), "opus": ("libopus", "ogg", 24_000),
         "opus 12": ("libopus", "ogg", 12_000)}  # fmt: skip
COPIES = ["mp3", "opus", "opus 12", "noise", "mp3, no offset"]


class Clip(NamedTuple):
    """Where a clip was cut from: seconds of the speech at a speed, and how it was mirrored."""

    speed: int
    start: float
    seconds: float
    mirrored: int


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--clips", type=int, default=100_000)
    parser.add_argument("--planted", type=int, default=1000)
    parser.add_argument("--fpcalc")
    parser.add_argument("--copies", nargs="+", choices=COPIES, default=COPIES)
    chosen = parser.parse_args()
    rng = np.random.default_rng(0)
    speech = pool([Path(folder) for folder in chosen.folders])
    print(f"{len(speech) / SPEECH / 3600:.2f} hours of real speech")
    began = time.process_time()
    streams = [subfingerprints(at_speed(speech, speed)) for speed in SPEEDS]
    spent = time.process_time() - began
    hours = sum(map(len, streams)) * WORD / 3600
    print(
        f"fingerprints of {hours:.1f} h: {spent:.1f} CPU s, {hours * 3600 / spent:.0f}x real time"
    )
    clips, words = cut(streams, rng, chosen.clips - chosen.planted)
    real = [n for n, clip in enumerate(clips) if clip.speed == 0 and clip.mirrored == 0]
    real = [n for n in real if clips[n].seconds > 5]  # a copy of 4 s shares half
    sources = rng.permutation(real)[: chosen.planted]
    for name in chosen.copies:
        copies = [
            subfingerprints([resampled(spoilt(wave(speech, clips[n]), name, rng))]) for n in sources
        ]
        table = frame([*words, *copies])
        began, wall = time.process_time(), time.perf_counter()
        step = FingerprintDedup(min_survivors=0.0)
        verdicts = step.find(table)
        took = time.process_time() - began, time.perf_counter() - wall
        report(name, len(table), verdicts, clips, sources, speech, took)
        if chosen.fpcalc and name == "mp3":
            peer(chosen.fpcalc, speech, [clips[n] for n in sources], name)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def pool(folders: list[Path]) -> np.ndarray:
    """All speech at 16 kHz, one after another, equal recordings once."""
    seen, parts = set(), []
    for path in sorted(p for folder in folders for p in folder.rglob("*") if p.is_file()):
        if path.suffix not in (".wav", ".ogg", ".flac") or path.is_symlink():
            continue
        try:
            samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError:
            continue
        key = hash(samples.tobytes())
        if key not in seen and len(samples) > rate // 2:
            seen.add(key)
            parts.append(soxr.resample(samples.mean(axis=1), rate, SPEECH))
    return np.concatenate(parts)


def at_speed(speech: np.ndarray, speed: float) -> Iterator[np.ndarray]:
    """The speech so many times as fast, at 8 kHz, in blocks."""
    stream = soxr.ResampleStream(SPEECH * speed, RATE, 1, dtype="float32")
    step = 30 * SPEECH
    for start in range(0, len(speech), step):
        yield stream.resample_chunk(speech[start : start + step], start + step >= len(speech))


def cut(
    streams: list[np.ndarray], rng: np.random.Generator, count: int
) -> tuple[list[Clip], list[np.ndarray]]:
    """So many clips of 4 to 8 s that do not overlap, and their words."""
    clips: list[Clip] = []
    words: list[np.ndarray] = []
    for mirrored in range(16):
        for speed, stream in enumerate(streams):
            at = 0
            while len(clips) < count:
                size = int(rng.integers(125, 250))
                if at + size > len(stream):
                    break
                clips.append(Clip(speed, at * WORD, size * WORD, mirrored))
                words.append(mirror(stream[at : at + size], mirrored))
                at += size
    if len(clips) < count:
        print(f"the speech is enough for {len(clips):,} clips")
    return clips, words


def mirror(words: np.ndarray, how: int) -> np.ndarray:
    """Words backwards (1), with high for low (2), their bits turned by 8 places (4), 16 (8)."""
    found = words
    if how & 1:
        found = np.where(found == 0, found, ~found)[::-1]
    if how & 2:
        octets = np.ascontiguousarray(found).view(np.uint8).reshape(-1, 4)
        bits = np.unpackbits(octets, axis=1, bitorder="little")
        turned = np.packbits(bits[:, ::-1], axis=1, bitorder="little").view(np.uint32)[:, 0]
        found = np.where(found == 0, found, ~turned)
    places = np.uint32(8 * (how >> 2))
    if places:
        found = (found << places) | (found >> (np.uint32(32) - places))
    return np.ascontiguousarray(found)


def wave(speech: np.ndarray, clip: Clip) -> np.ndarray:
    """The waveform that a clip was cut from, at the speed of the speech."""
    speed = SPEEDS[clip.speed]
    start = round(clip.start * speed * SPEECH)
    return speech[start : start + round(clip.seconds * speed * SPEECH)]


def spoilt(samples: np.ndarray, name: str, rng: np.random.Generator) -> np.ndarray:
    """A copy that begins 2 s later, louder or softer, and coded anew."""
    late = 0 if "no offset" in name else 2 * SPEECH + int(rng.integers(0, 512))
    found = np.clip(samples[late:] * 10 ** (rng.choice([-6, 6]) / 20), -1, 1)
    if name == "noise":
        level = 0.1 * np.sqrt(np.mean(found**2))
        return (found + rng.normal(0, level, found.size)).astype(np.float32)
    return coded(found, *CODED[name.split(",")[0]])


def coded(samples: np.ndarray, codec: str, container: str, bit_rate: int) -> np.ndarray:
    """Samples through an encoder and a decoder."""
    held, rate = io.BytesIO(), 48_000 if codec == "libopus" else SPEECH
    with av.open(held, "w", format=container) as file:
        stream = file.add_stream(codec, rate=rate, layout="mono")
        stream.bit_rate = bit_rate
        frame = av.AudioFrame.from_ndarray(samples[None].astype(np.float32), "fltp", "mono")
        frame.sample_rate = SPEECH
        for packet in (*stream.encode(frame), *stream.encode(None)):
            file.mux(packet)
    held.seek(0)
    with av.open(held) as file:
        turned = av.AudioResampler(format="fltp", layout="mono", rate=SPEECH)
        parts = [p for frame in file.decode(audio=0) for p in turned.resample(frame)]
        parts += turned.resample(None)
    return np.concatenate([part.to_ndarray()[0] for part in parts])


def resampled(samples: np.ndarray) -> np.ndarray:
    """Samples at the rate of fingerprints."""
    return soxr.resample(samples.astype(np.float32), SPEECH, RATE)


def frame(words: list[np.ndarray]) -> pd.DataFrame:
    """A row for each fingerprint."""
    cells = [base64.b64encode(found.astype("<u4").tobytes()).decode() for found in words]
    ids = pd.array([str(k) for k in range(len(cells))], "string")
    return pd.DataFrame({"id": ids, "fingerprint": cells})


def report(
    name: str, rows: int, verdicts: pd.DataFrame, clips: list[Clip], sources: np.ndarray,
    speech: np.ndarray, took: tuple[float, float],
) -> None:  # fmt: skip
    """Recall of what was planted, and what else was found."""
    gone = verdicts[~verdicts.keep]
    of = {int(a): int(b) for a, b in zip(gone.id, gone.duplicate_of, strict=True)}
    copies = {len(clips) + k: int(n) for k, n in enumerate(sources)}
    right, more, wrong, unlike = 0, 0, [], 0
    for copy, witness in of.items():
        source = copies.get(copy, copy)
        if source == witness or (copy in copies and of.get(source) == witness):
            right += copy in copies
            continue
        pair = clips[source], clips[copies.get(witness, witness)]
        unlike += not same_spectra(speech, *pair)
        if alike(speech, *pair):
            more += 1
            right += copy in copies
        else:
            wrong.append((copy, witness))
    precision = [1 - bad / max(len(of), 1) for bad in (len(wrong), unlike)]
    print(
        f"{name:16} of {rows:,} clips: recall {right / len(sources):.4f}, precision "
        f"{precision[0]:.4f} by waveforms, {precision[1]:.4f} by spectra "
        f"({len(of):,} dropped, {len(wrong)} and {unlike} wrongly, {more} more alike), "
        f"{took[0]:.1f} CPU s, {took[1]:.1f} s",
        flush=True,
    )
    for copy, witness in wrong[:5]:
        print("   ", clips[copies.get(copy, copy)], clips[copies.get(witness, witness)])


def alike(speech: np.ndarray, left: Clip, right: Clip) -> bool:
    """Whether a third of the one stands in the other: of its 0.4 s, by waveforms that correlate."""
    if left.speed != right.speed or left.mirrored != right.mirrored:
        return False
    one, other = wave(speech, left), wave(speech, right)
    piece, found = SPEECH * 2 // 5, []
    size = 1 << (len(other) + piece).bit_length()
    spectrum = np.fft.rfft(other, size)
    level = np.sqrt(np.maximum(np.convolve(other**2, np.ones(piece), "valid"), 1e-9))
    for start in range(0, len(one) - piece + 1, piece):
        part = one[start : start + piece]
        if part @ part < 1e-3:
            continue
        both = np.fft.irfft(spectrum * np.conj(np.fft.rfft(part, size)), size)[: level.size]
        found.append(np.max(np.abs(both) / level) / np.sqrt(part @ part) > 0.9)
    return bool(np.mean(found) > 1 / 3) if found else False


def same_spectra(speech: np.ndarray, left: Clip, right: Clip) -> bool:
    """Whether two clips agree over a third of both, at one offset: 1 s of log-mel at a time."""
    if left.speed != right.speed or left.mirrored != right.mirrored:
        return False
    one, other = spectra(wave(speech, left)), spectra(wave(speech, right))
    if len(one) > len(other):
        one, other = other, one
    window, best = 100, 0
    for offset in range(window - len(one), len(other) - window + 1):  # of `one` in `other`
        first, last = max(0, offset), min(len(other), len(one) + offset)
        a, b = one[first - offset : last - offset], other[first:last]
        sums = [np.convolve((x * y).sum(axis=1), np.ones(window), "valid")
                for x, y in ((a, b), (a, a), (b, b))]  # fmt: skip
        good = sums[0] > 0.75 * np.sqrt(sums[1] * sums[2])
        best = max(best, int((np.convolve(good, np.ones(window)) > 0).sum()))
    return best / (len(one) + len(other) - best) > 1 / 3


def spectra(samples: np.ndarray) -> np.ndarray:
    """Log-mel energies of 40 bands each 10 ms, down to 60 dB below the loudest, without means."""
    import librosa

    mel = librosa.feature.melspectrogram(
        y=samples, sr=SPEECH, n_fft=400, hop_length=160, n_mels=40, fmax=4000
    )
    found = librosa.power_to_db(mel, ref=np.max, top_db=60).T
    return found - found.mean(axis=0)


def peer(fpcalc: str, speech: np.ndarray, sources: list[Clip], name: str) -> None:
    """Chromaprint on the planted clips: each copy and the original with most equal words."""
    rng, spent = np.random.default_rng(1), 0.0
    found: list[list[np.ndarray]] = [[], []]
    with tempfile.TemporaryDirectory() as folder:
        for clip in sources:
            samples = wave(speech, clip)
            for side, made in enumerate((samples, spoilt(samples, name, rng))):
                path = Path(folder, "clip.wav")
                soundfile.write(path, made, SPEECH, subtype="FLOAT")
                began = time.perf_counter()
                told = subprocess.run(
                    [fpcalc, "-raw", "-plain", path], capture_output=True, text=True, check=False
                ).stdout.strip()
                spent += time.perf_counter() - began
                words = [int(word) % 2**32 for word in told.split(",") if word]
                found[side].append(np.array(words, np.uint32))
    hit, share = 0, []
    for k, copy in enumerate(found[1]):
        rates = np.array([aligned(original, copy) for original in found[0]])
        hit += int(rates.argmin()) == k
        share.append((rates[k], np.delete(rates, k).min()))
    own, others = np.array(share).T
    for bound in (0.15, 0.2, 0.25, 0.3, 0.35):
        reach, false = np.mean(own <= bound), np.mean(others <= bound)
        print(f"    Chromaprint, bits that differ up to {bound}: recall {reach:.3f}, "
              f"copies with a false one as near {false:.3f}")  # fmt: skip
    print(f"    Chromaprint: the nearest is the right one for {hit / len(sources):.4f}; "
          f"{spent / len(sources) / 2 * 1000:.1f} ms a clip, its process included")  # fmt: skip


def aligned(left: np.ndarray, right: np.ndarray) -> float:
    """The share of bits that differ at the best offset of at least half the shorter one."""
    least, best = max(4, min(len(left), len(right)) // 2), 0.5
    for offset in range(least - len(right), len(left) - least + 1):
        first, last = max(0, offset), min(len(left), len(right) + offset)
        ones: Any = np.bitwise_count(left[first:last] ^ right[first - offset : last - offset])
        best = min(best, float(ones.mean()) / 32)
    return best


if __name__ == "__main__":
    main()
