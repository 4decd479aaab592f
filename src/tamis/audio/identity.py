"""Which recordings are the same recording, sample for sample, and which the same sound."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tamis.audio.recording import Recording
from tamis.audio.subfingerprints import RATE, subfingerprints
from tamis.codes import BadRecord
from tamis.media.decoded import Decoded
from tamis.media.pointers import ROWS
from tamis.op import measure, view


@view(rows=ROWS)
def sample_digest(recording: Decoded[Recording]) -> Decoded[str]:
    """A hash of rate, channels and samples, read block by block."""
    return _of_each(recording, digest)


@view(rows=ROWS)
def acoustic_words(recording: Decoded[Recording]) -> Decoded[np.ndarray]:
    """Sub-fingerprints, uint32 of [words], see `tamis.audio.subfingerprints`."""
    return _of_each(recording, lambda one: subfingerprints(one.mono(RATE)))


@measure(dtype="string", heavy=True)
def sample_hash(sample_digest: Sequence[str | None]) -> list[str | None]:
    """A hash of rate, channels and samples, 128 bits in hexadecimal: equal whatever the format.

    `ExactDedup(on="sample_hash")` drops recordings that differ in nothing that is heard: a WAV
    packed as FLAC, in an archive, as 24 bits or as floating point where the values are the same.
    Samples are compared as float32, so of 32-bit integers the last 8 bits do not count. What was
    coded with loss has other samples: see `fingerprint`.
    """
    return list(sample_digest)


@measure(dtype="string", heavy=True)
def fingerprint(acoustic_words: Sequence[np.ndarray | None]) -> list[str | None]:
    """An acoustic fingerprint: much the same after MP3, Opus, another level, another beginning.

    32 bits for every 32 ms, base64 of the words, the lowest byte first: 600 characters for 3.6 s.
    It is for `tamis.FingerprintDedup`, which drops recordings that are the same sound. Source of
    the scheme: J. Haitsma and A. Kalker, "A Highly Robust Audio Fingerprinting System", 2002.
    """
    return [
        None if words is None else base64.b64encode(words.astype("<u4").tobytes()).decode()
        for words in acoustic_words
    ]


def digest(recording: Recording) -> str:
    """A hash of what is heard of a recording, 128 bits in hexadecimal; a block in memory."""
    found = hashlib.blake2b(f"{recording.rate} {recording.channels}\n".encode(), digest_size=16)
    for block in recording.blocks():
        samples = np.ascontiguousarray(block, "<f4") + np.float32(0)  # -0 is 0
        samples[np.isnan(samples)] = np.nan  # whatever bits it had
        found.update(samples.data)
    return found.hexdigest()


def _of_each(recording: Decoded[Recording], function: Callable[[Recording], Any]) -> Decoded[Any]:
    def load(row: int) -> Any:
        one = recording[row]
        if one is None:
            code, _, detail = recording.problems[row].partition(": ")
            raise BadRecord(code, detail)
        return function(one)

    return Decoded(load, len(recording))
