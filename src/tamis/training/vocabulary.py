"""The words of training texts: each text as numbers of words, words the same for any partitions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from tamis.frame import Texts
from tamis.kernels import fasttext_training as kernel
from tamis.kernels.fasttext import OFFSET, hash_bytes
from tamis.text.fasttext import MARKS
from tamis.text.views import arrays

END = b"</s>"


class Coded(NamedTuple):
    """Texts as numbers of words: those of text i are `tokens[offsets[i]:offsets[i + 1]]`.

    `names`, `identities` (uint64) and `hashes` (uint32, fastText's) are of the words.
    """

    tokens: np.ndarray
    offsets: np.ndarray
    names: list[bytes]
    identities: np.ndarray
    hashes: np.ndarray


class Vocabulary(NamedTuple):
    """Words: those with a row of their own first, by falling counts, equals by their bytes.

    `end` is the number of `</s>`, which ends every text.
    """

    names: list[bytes]
    counts: np.ndarray
    hashes: np.ndarray  # int64: fastText's, as signed numbers
    known: int
    end: int


def coded(utf8: Texts) -> Coded:
    """The words of texts, cut at ASCII white space as fastText cuts them."""
    data, offsets = arrays(utf8)
    counts = np.empty(len(offsets) - 1, np.int64)
    places = np.empty((0, 2), np.int64)
    identities, hashes = np.empty(0, np.uint64), np.empty(0, np.uint32)
    for _ in range(2):
        size = kernel.words(data, offsets, MARKS, places, identities, hashes, counts)
        if size == len(identities):
            break
        places = np.empty((size, 2), np.int64)
        identities, hashes = np.empty(size, np.uint64), np.empty(size, np.uint32)
    tokens, own = pd.factorize(identities)
    first = np.empty(len(own), np.int64)
    first[tokens[::-1]] = np.arange(size)[::-1]
    names = [data[start:end].tobytes() for start, end in places[first].tolist()]
    ends = np.concatenate([[0], np.cumsum(counts)])
    return Coded(tokens.astype(np.int32), ends, names, np.asarray(own, np.uint64), hashes[first])


def joined(pieces: Sequence[Coded], min_count: int) -> tuple[Vocabulary, np.ndarray, np.ndarray]:
    """All words, and all texts in their numbers: tokens (int32) and offsets.

    Words met less than `min_count` times have no row of their own; they take part in runs.
    """
    identities = np.concatenate([piece.identities for piece in pieces])
    own, first, place = np.unique(identities, return_index=True, return_inverse=True)
    tokens = np.empty(sum(len(piece.tokens) for piece in pieces), np.int32)
    at = word = 0
    for piece in pieces:
        tokens[at : at + len(piece.tokens)] = place[word : word + len(piece.names)][piece.tokens]
        at, word = at + len(piece.tokens), word + len(piece.names)
    every = [name for piece in pieces for name in piece.names]
    names = [*(every[k] for k in first.tolist()), END]
    hashed = np.concatenate([piece.hashes for piece in pieces])[first]
    end = hash_bytes(np.frombuffer(END, np.uint8), 0, len(END), OFFSET)
    hashes = np.append(hashed, np.uint32(end)).view(np.int32).astype(np.int64)
    sizes = np.concatenate([np.diff(piece.offsets) for piece in pieces])
    counts = np.append(np.bincount(tokens, minlength=len(own)), len(sizes))
    order = np.array(sorted(range(len(names)), key=lambda k: (-counts[k], names[k])), np.int64)
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order))
    found = Vocabulary(
        [names[k] for k in order.tolist()], counts[order], hashes[order],
        int((counts >= min_count).sum()), int(rank[-1]),
    )  # fmt: skip
    return found, rank[tokens], np.concatenate([[0], np.cumsum(sizes)])
