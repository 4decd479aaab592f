"""Exact near-duplicate truth of a corpus, and what a set of kept ids is worth against it.

Truth: a document is the set of its word 5-grams (as 64-bit hashes), in lower case. What a word is
differs between tools, so there are two truths. "words": runs of letters, marks and digits, every
letter by itself in scripts without spaces between words (tamis, and by and large the tools that
drop punctuation). "python": runs of `\\w`, which joins names with underscores and whole sentences
of Chinese or Japanese.

Candidate pairs are all pairs that share one of 64 bands of 4 MinHash rows (a pair at Jaccard 0.8 is
missed with probability (1 - 0.8^4)^64, about 1e-15); their Jaccard similarity is then computed
exactly. Computed once per corpus and kept beside it; `python benchmarks/quality.py h hl` does it.
"""

from __future__ import annotations

import itertools
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import regex
from numba import njit, uint64
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

BANDS, ROWS = 64, 4
UNSPACED = r"[\u0E00-\u0EFF\u1000-\u109F\u1780-\u17FF\u3005-\u303C\u3040-\u30FF\u31F0-\u31FF"
UNSPACED += r"\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFAFF\uFF66-\uFF9F\U00020000-\U0003FFFF]"
ANY_WORD = regex.compile(
    rf"(?V1)[{UNSPACED}&&[\p{{L}}\p{{M}}]]|[[\p{{L}}\p{{M}}\p{{N}}]--[{UNSPACED}&&[\p{{L}}\p{{M}}]]]+"
)
ASCII_WORD = re.compile("[a-z0-9]+")
PYTHON_WORD = re.compile(r"\w+")


def words_of(text: str) -> list[str]:
    text = text.lower()
    return ASCII_WORD.findall(text) if text.isascii() else ANY_WORD.findall(text)


def python_words_of(text: str) -> list[str]:
    return PYTHON_WORD.findall(text.lower())


DEFINITIONS = {"words": words_of, "python": python_words_of}


def truth(folder: Path, kind: str = "words", threshold: float = 0.8) -> dict[str, np.ndarray]:
    """`left`, `right`, `jaccard` of all pairs at or above the threshold, by row number."""
    path = _path(folder, kind, threshold)
    if not path.exists():
        start = time.perf_counter()
        data, offsets = shingle_sets(folder, DEFINITIONS[kind])
        left, right, jaccard = similar_pairs(data, offsets, threshold)
        scratch = path.with_suffix(".part.npz")
        np.savez_compressed(scratch, left=left, right=right, jaccard=jaccard)
        scratch.rename(path)
        print(f"{kind}: {len(left):,} pairs, {time.perf_counter() - start:.0f} s", flush=True)
    return dict(np.load(path))


def known(folder: Path, kind: str = "words", threshold: float = 0.8) -> bool:
    """Whether the truth has been computed."""
    return _path(folder, kind, threshold).exists()


def _path(folder: Path, kind: str, threshold: float) -> Path:
    return folder / f"pairs-{kind}-{threshold}.npz"


def score(folder: Path, kept: np.ndarray, kind: str = "words") -> dict[str, float]:
    """How good a set of kept row numbers is.

    recall: of the rows rightly removed and the rows still to remove, the share that is removed;
    still to remove are kept rows that have an earlier kept row at the threshold.
    precision: of the rows removed, the share that has a partner at the threshold at all.
    verified: of the rows removed, the share that has such a partner *among the kept*.
    lost: true clusters (single documents included) of which nothing is left.
    clustered: of the rows that are surplus if every connected component of the truth keeps one row,
    the share removed; chains (A like B like C, A unlike C) count against it.
    """
    pairs = truth(folder, kind)
    count = pq.ParquetFile(folder / "truth.parquet").metadata.num_rows
    left, right = pairs["left"], pairs["right"]
    is_kept = np.zeros(count, bool)
    is_kept[kept] = True
    edges = coo_array((np.ones(len(left), np.int8), (left, right)), shape=(count, count))
    clusters, label = connected_components(edges, directed=False)
    size = np.bincount(label, minlength=clusters)
    left_over = np.bincount(label[is_kept], minlength=clusters)
    surplus = (size - 1).sum()
    removed = np.minimum(size - left_over, size - 1).sum()
    has_partner, has_kept = np.zeros(count, bool), np.zeros(count, bool)
    has_partner[left] = has_partner[right] = True
    has_kept[left[is_kept[right]]] = True
    has_kept[right[is_kept[left]]] = True
    both = is_kept[left] & is_kept[right]
    missed = len(np.unique(np.maximum(left[both], right[both])))
    gone = ~is_kept
    total, right_ones = max(1, gone.sum()), int((gone & has_partner).sum())
    return {
        "kept": int(is_kept.sum()),
        "recall": round(right_ones / max(1, right_ones + missed), 4),
        "precision": round(float(right_ones / total), 4),
        "verified": round(float((gone & has_kept).sum() / total), 4),
        "lost": int((left_over == 0).sum()),
        "clustered": round(float(removed / max(1, surplus)), 4),
    }


def wrongly_removed(folder: Path, kept: np.ndarray, kind: str = "words") -> dict[str, int]:
    """Per kind of document in the corpus: rows removed that have no partner at the threshold."""
    pairs = truth(folder, kind)
    kinds = pq.read_table(folder / "truth.parquet", columns=["kind"])["kind"].to_numpy()
    wrong = np.ones(len(kinds), bool)
    wrong[kept] = False
    wrong[pairs["left"]] = wrong[pairs["right"]] = False
    names, counts = np.unique(kinds[wrong].astype(str), return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))


def removed_by_kind(folder: Path, kept: np.ndarray) -> dict[str, int]:
    """Rows removed per kind of document in the corpus, whether rightly or not."""
    kinds = pq.read_table(folder / "truth.parquet", columns=["kind"])["kind"].to_numpy()
    gone = np.ones(len(kinds), bool)
    gone[kept] = False
    names, counts = np.unique(kinds[gone].astype(str), return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))


def survivors(folder: Path, kept: np.ndarray, least: int = 1000) -> dict[str, tuple[int, int]]:
    """Of every source of `least` rows or more: how many rows it has, how many of them are kept."""
    files = sorted((folder / "parquet").iterdir())
    columns = [pq.read_table(f, columns=["source"])["source"].to_pylist() for f in files]
    names, source = np.unique([name for part in columns for name in part], return_inverse=True)
    rows, stay = np.bincount(source), np.bincount(source[kept], minlength=len(names))
    return {
        str(name): (int(n), int(k))
        for name, n, k in zip(names, rows, stay, strict=True)
        if n >= least
    }


def kept_rows(output: Path) -> np.ndarray:
    """Row numbers of the ids in the Parquet files of an output folder (in its kept/, if any)."""
    kept = output / "kept"
    files = sorted((kept if kept.is_dir() else output).rglob("*.parquet"))
    if not files:
        raise SystemExit(f"no Parquet file in {output}")
    ids = [pq.read_table(f, columns=["id"])["id"].cast("string").to_pylist() for f in files]
    return np.array(sorted(int(i) for part in ids for i in part), dtype=np.int64)


def shingle_sets(folder: Path, words: Callable[[str], list[str]]) -> tuple[np.ndarray, np.ndarray]:
    """Sorted distinct shingle hashes of every row, one after another, and where each row starts."""
    numbers: dict[str, int] = {}
    sets = []
    for file in sorted((folder / "parquet").iterdir()):
        for text in pq.read_table(file, columns=["text"])["text"].to_pylist():
            coded = [numbers.setdefault(w, len(numbers)) for w in words(text)]
            sets.append(np.unique(_five_grams(np.array(coded, np.uint64))))
    offsets = np.zeros(len(sets) + 1, np.int64)
    np.cumsum([len(s) for s in sets], out=offsets[1:])
    return np.concatenate(sets), offsets


@njit(cache=True)
def _mix(x: Any) -> Any:
    x = uint64(x)
    x = (x ^ (x >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> uint64(27))) * uint64(0x94D049BB133111EB)
    return x ^ (x >> uint64(31))


@njit(cache=True)
def _five_grams(words: np.ndarray) -> np.ndarray:
    width = min(5, len(words))
    count = max(1, len(words) - 4)
    out = np.empty(count, np.uint64)
    for i in range(count):
        h = uint64(width)
        for j in range(width):
            h = _mix(h * uint64(0x9E3779B97F4A7C15) + words[i + j])
        out[i] = h
    return out


@njit(cache=True)
def _band_keys(data: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    rows = len(offsets) - 1
    keys = np.empty((BANDS, rows), np.uint64)
    for band in range(BANDS):
        for row in range(rows):
            key = uint64(0)
            for r in range(ROWS):
                seed = _mix(uint64(band * ROWS + r + 1))
                least = uint64(0xFFFFFFFFFFFFFFFF)
                for k in range(offsets[row], offsets[row + 1]):
                    h = (data[k] ^ seed) * uint64(0x9FB21C651E98DF25)
                    h ^= h >> uint64(29)
                    least = min(least, h * uint64(0xD6E8FEB86659FD93))
                key = _mix(key + least)
            keys[band, row] = key
    return keys


@njit(cache=True)
def _jaccard(data: np.ndarray, a: int, a_end: int, b: int, b_end: int) -> float:
    total = (a_end - a) + (b_end - b)
    both = 0
    while a < a_end and b < b_end:
        if data[a] == data[b]:
            both += 1
            a += 1
            b += 1
        elif data[a] < data[b]:
            a += 1
        else:
            b += 1
    return both / (total - both)


@njit(cache=True)
def _check(data: np.ndarray, offsets: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    out = np.empty(len(pairs), np.float64)
    for i in range(len(pairs)):
        x, y = pairs[i, 0], pairs[i, 1]
        short = min(offsets[x + 1] - offsets[x], offsets[y + 1] - offsets[y])
        long = max(offsets[x + 1] - offsets[x], offsets[y + 1] - offsets[y])
        out[i] = 0.0
        if short >= 0.5 * long:
            out[i] = _jaccard(data, offsets[x], offsets[x + 1], offsets[y], offsets[y + 1])
    return out


def similar_pairs(
    data: np.ndarray, offsets: np.ndarray, threshold: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Band by band, so that only the pairs found so far are in memory."""
    keys = _band_keys(data, offsets)
    count = len(offsets) - 1
    seen = np.empty(0, np.int64)
    for band in range(BANDS):
        order = np.argsort(keys[band], kind="stable")
        starts = np.flatnonzero(np.r_[True, np.diff(keys[band][order]) != 0, True])
        found = []
        for start, stop in itertools.pairwise(starts.tolist()):
            if stop - start > 1:
                members = np.sort(order[start:stop])
                x, y = np.triu_indices(len(members), 1)
                found.append(members[x] * count + members[y])
        if found:
            fresh = np.setdiff1d(np.unique(np.concatenate(found)), seen, assume_unique=True)
            seen = np.union1d(seen, fresh)
    pairs = np.stack([seen // count, seen % count], axis=1)
    jaccard = _check(data, offsets, pairs)
    good = jaccard >= threshold
    return pairs[good, 0], pairs[good, 1], jaccard[good]


if __name__ == "__main__":
    for size in sys.argv[1:]:
        truth(Path(__file__).parent / "data" / size)
