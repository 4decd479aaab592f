"""Which recordings are the same sound as one that was entered, and which go because of one.

The words of a fingerprint are entered under hashes of their values, the first few of each. A word
of another recording that is found there proposes whose it is and at which offset; the window around
it decides whether that is looked into, and all words at that offset how much is the same. So a
value that a million recordings share (a jingle, a hum) costs a million times as many.

What is entered at a time is a block of recordings; `first` is the number of its first one among
all. A recording that was asked about in several blocks keeps the best answer, the earliest of
equal ones: whoever asks goes through the blocks in order.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tamis.kernels.alignment import same_words, share, window_agrees
from tamis.kernels.jit import jit
from tamis.kernels.links import join

PLACES = 16  # that a hash is entered with, at most
SHORT = 320  # words (10 s): of fewer, values with any one bit flipped are looked under, too
LONGEST = 1 << 24  # words of a recording: 6 days
_MIX = np.uint64(0x9E3779B97F4A7C15)
_0, _1 = np.uint32(0), np.uint32(1)


class Sounds(NamedTuple):
    """Fingerprints one after another: recording n is `words[starts[n]:starts[n + 1]]`."""

    words: np.ndarray  # uint32
    starts: np.ndarray  # int64[recordings + 1]
    telling: np.ndarray  # int64[recordings]: words that are not 0


class Places(NamedTuple):
    """Which words were entered: of which recording, and which in it."""

    bits: int  # of a hash
    starts: np.ndarray  # uint32[2**bits + 1]: where the places of each hash begin
    filled: np.ndarray  # uint8[2**bits]
    recording: np.ndarray  # int32
    word: np.ndarray  # uint32: number of the word, and 8 more bits of its hash


class Nearest(NamedTuple):
    """The recording most of which is the same sound (-1: none), how much, from which word on."""

    recording: int
    share: float
    offset: int


@jit
def hashed(word: np.uint32) -> np.uint64:
    """A hash of 64 bits, the upper ones of which are good."""
    mixed = (np.uint64(word) + np.uint64(1)) * _MIX
    return (mixed ^ (mixed >> np.uint64(29))) * _MIX


@jit
def count_hashes(words: np.ndarray, bits: int, counts: np.ndarray) -> None:
    """How many words have each hash, up to `PLACES`; `counts` is uint32[2**bits + 1], from 1 on."""
    before = _0
    for word in words:
        if word != _0 and word != before:
            place = np.int64(hashed(word) >> np.uint64(64 - bits)) + 1
            if counts[place] < PLACES:
                counts[place] += _1
        before = word


@jit
def enter(places: Places, words: np.ndarray, recording: int) -> None:
    """Enter the words of a recording, one of each run of equal ones."""
    before = _0
    for k in range(words.size):
        word = words[k]
        if word != _0 and word != before:
            mixed = hashed(word)
            slot = np.int64(mixed >> np.uint64(64 - places.bits))
            at = np.int64(places.starts[slot]) + np.int64(places.filled[slot])
            if at < np.int64(places.starts[slot + 1]):
                places.recording[at] = recording
                places.word[at] = np.uint32((k << 8) | np.int64(mixed & np.uint64(255)))
                places.filled[slot] += np.uint8(1)
        before = word


@jit
def enter_staying(places: Places, sounds: Sounds, witness: np.ndarray) -> None:
    """Enter the recordings that stay: those without a witness (below 0)."""
    for n in range(sounds.telling.size):
        if witness[n] < 0:
            enter(places, sounds.words[sounds.starts[n] : sounds.starts[n + 1]], n)


@jit
def nearest(
    places: Places, sounds: Sounds, asked: np.ndarray, own: int, contained: bool, floor: float,
    question: int, seen: np.ndarray, parent: np.ndarray, first: int,
) -> Nearest:  # fmt: skip
    """Of the recordings entered the one most of which is the same sound, from `floor` on.

    `own` of the words that are `asked` about say something. `seen` (int64[recordings, 4], -1 at
    first) holds the last two questions for which a recording was looked into, and the offsets.
    With `parent` (union-find of all recordings, or empty) all that reach the floor are joined to
    recording number `question`; the first one entered is number `first` there. Of those alike the
    earliest, of its offsets the smallest.
    """
    best, best_share, best_offset = -1, 0.0, 0
    flips = 33 if asked.size < SHORT else 1
    before = _0
    for k in range(asked.size):
        word = asked[k]
        repeated = word == before
        before = word
        if word == _0 or repeated:
            continue
        for flip in range(flips):
            probe = word
            if flip > 0:
                probe = np.uint32(word ^ (_1 << np.uint32(flip - 1)))
            mixed = hashed(probe)
            slot = np.int64(mixed >> np.uint64(64 - places.bits))
            start = np.int64(places.starts[slot])
            for at in range(start, start + np.int64(places.filled[slot])):
                found = np.int64(places.word[at])
                if (found & 255) != np.int64(mixed & np.uint64(255)):
                    continue
                other, offset = np.int64(places.recording[at]), k - (found >> 8)
                if seen[other, 0] == question and seen[other, 1] == offset:
                    continue
                if seen[other, 2] == question and seen[other, 3] == offset:
                    continue
                its = sounds.telling[other]
                if share(min(own, its), own, its, contained) < floor:
                    continue
                beside = sounds.words[sounds.starts[other] : sounds.starts[other + 1]]
                if not window_agrees(asked, beside, offset, k):
                    continue
                seen[other, 2], seen[other, 3] = seen[other, 0], seen[other, 1]
                seen[other, 0], seen[other, 1] = question, offset
                value = share(same_words(asked, beside, offset), own, its, contained)
                if value < floor or value <= 0.0:
                    continue
                if parent.size > 0:
                    join(parent, question, first + other)
                same = value == best_share
                sooner = other == best and (
                    abs(offset) < abs(best_offset)
                    or (abs(offset) == abs(best_offset) and offset > best_offset)
                )
                if value > best_share or (same and (other < best or sooner)):
                    best, best_share, best_offset = other, value, offset
    return Nearest(best, best_share, best_offset)


@jit
def settle(
    places: Places, sounds: Sounds, contained: bool, threshold: float, first: int,
    witness: np.ndarray, similarity: np.ndarray, offsets: np.ndarray,
) -> None:  # fmt: skip
    """Let each recording of a block go that is the same sound as one before it that stays.

    `witness` (int32, -1: stays), `similarity` and `offsets` (words) have what blocks before gave,
    and are given what is better. Afterwards those that stay are entered.
    """
    seen = np.full((sounds.telling.size, 4), -1, np.int64)
    nobody = np.empty(0, np.int32)
    for n in range(sounds.telling.size):
        asked = sounds.words[sounds.starts[n] : sounds.starts[n + 1]]
        floor = max(threshold, similarity[n])
        found = nearest(
            places, sounds, asked, sounds.telling[n], contained, floor, n, seen, nobody, first
        )
        if found.recording >= 0 and found.share > similarity[n]:
            witness[n] = first + found.recording
            similarity[n], offsets[n] = found.share, found.offset
        if witness[n] < 0:
            enter(places, asked, n)


@jit
def ask(
    places: Places, sounds: Sounds, asked: Sounds, contained: bool, threshold: float, first: int,
    witness: np.ndarray, similarity: np.ndarray, offsets: np.ndarray,
) -> None:  # fmt: skip
    """For each recording asked about the most similar of those entered, if better, as `settle`."""
    seen = np.full((sounds.telling.size, 4), -1, np.int64)
    nobody = np.empty(0, np.int32)
    for n in range(asked.telling.size):
        words = asked.words[asked.starts[n] : asked.starts[n + 1]]
        floor = max(threshold, similarity[n])
        found = nearest(
            places, sounds, words, asked.telling[n], contained, floor, n, seen, nobody, first
        )
        if found.recording >= 0 and found.share > similarity[n]:
            witness[n] = first + found.recording
            similarity[n], offsets[n] = found.share, found.offset


@jit
def connect(
    places: Places, sounds: Sounds, asked: Sounds, contained: bool, threshold: float, first: int,
    number: int, parent: np.ndarray,
) -> None:  # fmt: skip
    """Join recordings asked about, the first of which is `number`, to all that they are alike.

    `parent` (int32) is of all recordings, see `links.join`. Those of the block itself
    (`number == first`) are entered as they are asked about.
    """
    seen = np.full((sounds.telling.size, 4), -1, np.int64)
    for n in range(asked.telling.size):
        words = asked.words[asked.starts[n] : asked.starts[n + 1]]
        nearest(
            places, sounds, words, asked.telling[n], contained, threshold, number + n, seen, parent,
            first,
        )  # fmt: skip
        if number == first:
            enter(places, words, n)
