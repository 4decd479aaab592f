"""Sound as a stream of sub-fingerprints: a word of 32 bits every 32 ms.

The scheme is Haitsma's and Kalker's (2002) with frames of 256 ms, 33 bands of 250 to 3,400 Hz (what
a telephone lets through) and words that compare frames 64 ms apart: of those tried on speech, the
one whose words survive MP3 and Opus best for their number (docs/design/audio-fingerprints.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from tamis.kernels.subfingerprints import BITS, LAG, band_energies, words_of

RATE = 8000  # Hz
FRAME = 2048  # samples
HOP = 256  # samples from word to word
BANDS = (250.0, 3400.0)  # Hz
SILENCE = 1e-3  # energy of a frame below which it says nothing: a sine of -78 dB of full scale
BATCH = 512  # frames transformed at a time

_WINDOW = np.hanning(FRAME + 1)[:-1].astype(np.float32)
_EDGES = np.geomspace(*BANDS, BITS + 2) * FRAME / RATE
_ANGLES = -2.0 * np.pi * np.arange(FRAME // 2) / FRAME
_TURNS = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1)


def subfingerprints(blocks: Iterable[np.ndarray]) -> np.ndarray:
    """The words of one channel at 8 kHz, float32, given in blocks of any length: uint32[words].

    Half a frame of silence is put before and after, so that a second of sound has 31 words. A word
    of 0 says nothing: there is silence, or a tone that does not change. What is shorter than 65 ms
    has no words. Memory is that of a block.

    >>> subfingerprints([np.zeros(8000, np.float32)]).tolist() == [0] * 30
    True
    """
    found, energies = [np.empty(0, np.uint32)], np.empty((0, BITS + 1))
    for batch in _batches(blocks):
        energies = np.concatenate([energies[-LAG:], _energies(batch)])
        words = np.zeros(max(0, len(energies) - LAG), np.uint32)
        words_of(energies, SILENCE, words)
        found.append(words)
    return np.concatenate(found)


def _batches(blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Samples of `BATCH` frames at a time, cut alike whatever the blocks."""
    silence, step = np.zeros(FRAME // 2, np.float32), BATCH * HOP
    held, waiting = [silence], silence.size
    for block in blocks:
        held.append(np.asarray(block, np.float32))
        waiting += held[-1].size
        if waiting >= step + FRAME - HOP:
            samples = np.concatenate(held)
            while samples.size >= step + FRAME - HOP:
                yield samples[: step + FRAME - HOP]
                samples = samples[step:]
            held, waiting = [samples], samples.size
    samples = np.concatenate([*held, silence])
    while samples.size >= FRAME:
        yield samples[: step + FRAME - HOP]
        samples = samples[step:]


def _energies(samples: np.ndarray) -> np.ndarray:
    """The energy of each band of each frame, float64[frames, bands]."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::HOP]
    halves = np.fft.fft((frames * _WINDOW).view(np.complex64), axis=1)
    energies = np.empty((len(frames), BITS + 1))
    band_energies(halves.astype(np.complex64, copy=False), _TURNS, _EDGES, energies)
    return energies
