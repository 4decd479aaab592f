"""Content hashes: equal for equal bytes only, wherever the bytes lie."""

import hashlib

import numpy as np
import pyarrow as pa

from tamis.frame import text_buffers
from tamis.kernels.characters import blank
from tamis.kernels.content import combine, hash_texts
from tamis.kernels.unicode import classes


def hashes(texts):
    buffers = text_buffers(texts if isinstance(texts, pa.Array) else pa.array(texts))
    low, high = np.empty((2, len(texts)), np.uint64)
    hash_texts(buffers.data, buffers.offsets, low, high)
    return low, high


def test_equal_where_the_texts_are():
    generator = np.random.default_rng(0)
    texts = ["".join(generator.choice(list("ab"), n)) for n in generator.integers(0, 12, 4000)]
    texts += ["x" * n for n in range(300)] + ["y" * 200 + "z" * n for n in range(200)]
    for half in hashes(texts):
        assert len(set(half.tolist())) == len(set(texts))
        assert len(set(zip(half.tolist(), texts, strict=True))) == len(set(texts))


def test_the_values_that_indexes_on_disk_hold():
    data = (np.arange(20_000) * 2654435761 >> 13).astype(np.uint8)
    offsets = np.cumsum([0, *range(190)])
    data.flags.writeable = offsets.flags.writeable = False
    low, high = np.empty((2, 190), np.uint64)
    hash_texts(data, offsets, low, high)
    told = hashlib.sha256(np.stack([low, high]).astype("<u8").tobytes()).hexdigest()
    assert told.startswith("8cf6ddbf5e06825f")


def test_what_stands_behind_a_text_does_not_count():
    texts = [b"x" * n for n in range(130)]
    whole = b"".join(text + b"\xff" * 70 for text in texts)
    starts = np.cumsum([0, *(len(text) + 70 for text in texts[:-1])])
    for text, start in zip(texts, starts.tolist(), strict=True):
        found = []
        for data in (whole, text):
            at = start if data is whole else 0
            bytes_ = np.frombuffer(data, np.uint8)
            ends = np.array([at, at + len(text)])
            ends.flags.writeable = False
            low, high = np.empty((2, 1), np.uint64)
            hash_texts(bytes_, ends, low, high)
            found.append((int(low[0]), int(high[0])))
        assert found[0] == found[1]


def test_every_bit_counts():
    base = np.frombuffer(b"0123456789abcdef" * 9, np.uint8)[:140]
    texts = [base.tobytes()]
    for bit in range(7 * len(base)):
        changed = base.copy()
        changed[bit // 7] ^= 1 << bit % 7
        texts.append(changed.tobytes())
    low, high = hashes([text.decode("ascii") for text in texts])
    assert len(set(low.tolist())) == len(set(high.tolist())) == len(texts)
    for half in (low, high):
        flipped = [(int(half[0]) ^ int(value)).bit_count() for value in half[1:]]
        assert 30.5 < np.mean(flipped) < 33.5 and min(flipped) > 5


def test_places_do_not_matter():
    texts = pa.array(["abc", "x" * 100, "", "abc", "é" * 40, "x" * 100], pa.large_string())
    whole, sliced = hashes(texts), hashes(texts.slice(3))
    for a, b in zip(whole, sliced, strict=True):
        assert (a[3:] == b).all() and a[0] == a[3] and a[1] == a[5]


def test_combined_columns_keep_their_places():
    rows = [("a", "b"), ("b", "a"), ("ab", ""), ("", "ab"), ("a", "b")]
    low, high = hashes([a for a, _ in rows])
    combine(low, high, *hashes([b for _, b in rows]))
    assert low[0] == low[4] and high[0] == high[4]
    assert len(set(low.tolist())) == len(set(high.tolist())) == 4


def test_blank():
    spaces = [chr(c) for c in range(0x11000) if chr(c).isspace() and not 0xD800 <= c < 0xE000]
    texts = ["", " \t\n", "".join(spaces), *spaces, " x ", "é", "\u200b", "   \u3000."]
    buffers = text_buffers(pa.array(texts))
    found = np.zeros(len(texts), bool)
    blank(buffers.data, buffers.offsets, classes(), found)
    assert found.tolist() == [not text.strip() for text in texts]
