"""Runs of tokens that stand twice: found by a few of their parts, told by a 128-bit hash.

Winnowing (S. Schleimer, D. Wilkerson, A. Aiken, 2003): of all runs of `gram` tokens in a window of
`length` the one with the least hash is picked. Two equal windows pick equal runs, so whatever is at
least `length` tokens long and stands twice shares a pick.
"""

from __future__ import annotations

import numpy as np

from tamis.kernels.jit import jit
from tamis.kernels.mask import multiply_fold
from tamis.kernels.mixing import K0, K1, K2, K3, K4, K5, finalise
from tamis.kernels.unicode import code_points
from tamis.kernels.unit_split import CHARACTERS, ready, split_words
from tamis.kernels.utf8 import decode, width
from tamis.kernels.word_hash import hash_long

_1 = np.uint64(1)


@jit
def winnow(
    data: np.ndarray,
    offsets: np.ndarray,
    kind: int,
    length: int,
    gram: int,
    pick_offsets: np.ndarray,
    totals: np.ndarray,
    counts: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """The picks of each text: hashes (uint64, never 0) and the tokens they start at (int32).

    Tokens are words or characters (`kind`). The picks of text `i` lie from `pick_offsets[i]`; it
    has `counts[i]` tokens, of `totals[i]` characters together.
    """
    keys, places = np.empty(1024, np.uint64), np.empty(1024, np.int32)
    spans = np.empty((64, 2), np.int32)
    grams = np.empty(64, np.uint64)
    found, wide = 0, length - gram + 1
    pick_offsets[0] = 0
    for i in range(len(offsets) - 1):
        text, start, end = ready(data, offsets[i], offsets[i + 1])
        if grams.size < end - start:
            grams = np.empty(2 * (end - start), np.uint64)
        count, spans, total = _tokens(text, start, end, kind, spans, grams)
        counts[i], totals[i] = count, total
        if count >= length:
            _roll(grams, count, gram)
            best = -1
            for k in range(wide - 1, count - gram + 1):
                before = best
                if best < k - wide + 1:
                    best = k
                    for j in range(k - 1, k - wide, -1):
                        if grams[j] < grams[best]:
                            best = j
                elif grams[k] < grams[best]:
                    best = k
                if best == before:
                    continue
                if found == keys.size:
                    keys = np.concatenate((keys, np.empty(found, np.uint64)))
                    places = np.concatenate((places, np.empty(found, np.int32)))
                keys[found], places[found] = grams[best] | _1, best
                found += 1
        pick_offsets[i + 1] = found
    return keys[:found], places[:found]


@jit
def _tokens(text, start, end, kind, spans, hashes):
    """Fill `hashes` with those of the tokens of a text: how many, their spans, all characters."""
    if kind == CHARACTERS:
        at, count = start, 0
        while at < end:
            size = min(width(text[at]), end - at)
            hashes[count] = finalise(np.uint64(decode(text, at, size)) + K0)
            count += 1
            at += size
        return count, spans, count
    count, spans, total = split_words(text, start, end, spans)
    for k in range(count):
        hashes[k] = hash_long(text, start + spans[k, 0], start + spans[k, 1])
    return count, spans, total


@jit
def _roll(hashes: np.ndarray, count: int, gram: int) -> None:
    """Replace token hashes by those of the runs of `gram` tokens, a polynomial modulo 2**64."""
    last = _1
    for _ in range(gram):
        last *= K1
    value = np.uint64(0)
    for k in range(gram):
        value = value * K1 + hashes[k]
    for k in range(count - gram + 1):
        leaving, made = hashes[k], finalise(value)
        if k + gram < count:
            value = value * K1 + hashes[k + gram] - leaving * last
        hashes[k] = made


@jit
def tokens_between(
    data: np.ndarray,
    offsets: np.ndarray,
    kind: int,
    stretches: np.ndarray,
    stretch_offsets: np.ndarray,
    hashes: np.ndarray,
    sizes: np.ndarray,
) -> None:
    """Fill in hash and characters of the tokens that lie in some stretches of each text.

    `stretches` (int64) has a row for each: first token, and the one after the last. Those of text
    `i` begin at `stretch_offsets[i]`.
    """
    spans = np.empty((64, 2), np.int32)
    own, into = np.empty(64, np.uint64), 0
    for i in range(len(offsets) - 1):
        text, start, end = ready(data, offsets[i], offsets[i + 1])
        if own.size < end - start:
            own = np.empty(2 * (end - start), np.uint64)
        _, spans, _ = _tokens(text, start, end, kind, spans, own)
        for s in range(stretch_offsets[i], stretch_offsets[i + 1]):
            for k in range(stretches[s, 0], stretches[s, 1]):
                hashes[into], sizes[into] = own[k], 1
                if kind != CHARACTERS:
                    sizes[into] = code_points(text, start + spans[k, 0], start + spans[k, 1])
                into += 1


@jit
def window_hashes(
    tokens: np.ndarray, ends: np.ndarray, length: int, low: np.ndarray, high: np.ndarray
) -> None:
    """The 128-bit hash of the `length` tokens from each place; 0 where fewer follow.

    `ends` are those of the stretches that the tokens lie in. Runs of 1, 2, 4, … tokens are hashed
    from two halves; the last step takes two that overlap.
    """
    for k in range(tokens.size):
        low[k], high[k] = finalise(tokens[k] ^ K2), finalise(tokens[k] + K3)
    start = 0
    for end in ends:
        size = 1
        while size < length:
            step = min(size, length - size)
            for k in range(start, end - size - step + 1):
                left, right, other, more = low[k], high[k], low[k + step], high[k + step]
                low[k] = multiply_fold(left ^ K1, other ^ K2) + right
                high[k] = multiply_fold(right ^ K3, more ^ K4) ^ (left + other * K5)
            size += step
        for k in range(start, end - length + 1):
            low[k] = finalise(low[k])
        for k in range(max(start, end - length + 1), end):
            low[k] = high[k] = np.uint64(0)
        start = end


@jit
def span_hashes(
    low: np.ndarray, high: np.ndarray, unit_offsets: np.ndarray, length: int,
    of_low: np.ndarray, of_high: np.ndarray,
) -> None:  # fmt: skip
    """The hash of the `length` units from each unit; 0 where fewer follow in the same text."""
    for i in range(unit_offsets.size - 1):
        start, end = unit_offsets[i], unit_offsets[i + 1]
        for k in range(start, end):
            of_low[k] = of_high[k] = np.uint64(0)
        for k in range(start, end - length + 1):
            left, right = K2, K4
            for j in range(k, k + length):
                left = finalise(multiply_fold(left ^ K1, low[j] ^ K2) + right)
                right = finalise(multiply_fold(right ^ K3, high[j] ^ K4) + left)
            of_low[k], of_high[k] = left, right
