"""Exact-radius search against comparing everything with everything."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.dedup import radius as search
from tamis.dedup import within_radius
from tamis.dedup.hashes import hash_bytes
from tamis.dedup.radius import as_words, index_of
from tamis.errors import ColumnError, DataError, SettingError
from tamis.kernels.radius import settle


def clustered(rng, count, width, centres, most=6):
    """Hashes (uint8[count, width]) a few bits away from some centres."""
    table = rng.integers(0, 256, (centres, width), np.uint8)[rng.integers(0, centres, count)]
    for row, flips in enumerate(rng.integers(0, most + 1, count)):
        for bit in rng.integers(0, 8 * width, flips):
            table[row, bit // 8] ^= np.uint8(1 << (bit % 8))
    return table


def brute(table, radius):
    """Every pair (left < right, distance) within the radius."""
    words = np.ascontiguousarray(np.pad(table, ((0, 0), (0, -table.shape[1] % 8)))).view(np.uint64)
    found = []
    for row in range(len(words)):
        apart = np.bitwise_count(words[row + 1 :] ^ words[row]).sum(axis=1)
        near = np.flatnonzero(apart <= radius)
        found += [(row, row + 1 + int(k), int(apart[k])) for k in near]
    return found


def pairs(found):
    return list(found.itertuples(index=False, name=None))


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([1, 3, 8, 16, 32]), st.integers(0, 12), st.integers(0, 400),
    st.integers(1, 40), st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_brute_force(width, radius, count, centres, seed):
    table = clustered(np.random.default_rng(seed), count, width, centres)
    if width < 8:
        radius = radius % 4
    assert pairs(within_radius(table, radius)) == brute(table, radius)


@pytest.mark.parametrize(
    ("width", "count"),
    [(8, 8000), (16, 4000), (32, 4000)] + [pytest.param(w, 20_000, marks=pytest.mark.slow)
                                           for w in (8, 16, 32)],
)  # fmt: skip
def test_thousands(width, count):
    rng = np.random.default_rng(width)
    spread = rng.integers(0, 256, (count // 2, width), np.uint8)
    table = np.concatenate([spread, clustered(rng, count // 2, width, count // 6)])
    rng.shuffle(table)
    expected = brute(table, 12)
    assert len(expected) > count // 2
    for radius in (0, 1, 2, 3, 4, 5, 8, 12):
        assert pairs(within_radius(table, radius)) == [p for p in expected if p[2] <= radius]


def test_common_values_become_indexes(monkeypatch):
    """Hashes about one centre, whose bits are nearly all the same: indexes within indexes."""
    monkeypatch.setattr(search, "LONGEST", 8)
    rng = np.random.default_rng(5)
    table = clustered(rng, 1500, 8, 1, most=12)
    for radius in (0, 1, 3, 4, 7):
        words = as_words(np.unique(table, axis=0))
        assert radius == 0 or index_of(words, radius).node.size > 10
        assert pairs(within_radius(table, radius)) == brute(table, radius)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 6), st.integers(1, 300), st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_who_stays(radius, count, centres, seed):
    """In order, each goes if one that stays is near, and names the nearest, the first of them."""
    table = np.unique(clustered(np.random.default_rng(seed), count, 8, centres), axis=0)
    words = as_words(np.random.default_rng(seed).permutation(table))
    witness, apart = np.empty(len(words), np.int32), np.empty(len(words), np.int16)
    settle(index_of(words, radius), words, radius, witness, apart)
    staying = []
    for row in range(len(words)):
        away = [(int(np.bitwise_count(words[row] ^ words[k]).sum()), k) for k in staying]
        least = min(away, default=(radius + 1, -1))
        if least[0] > radius:
            staying.append(row)
            assert witness[row] == -1
        else:
            assert (apart[row], witness[row]) == least


def test_forms_of_a_hash():
    numbers = np.array([0, 1, 2**63, 2**64 - 1], np.uint64)
    texts = [f"{int(n):016x}" for n in numbers]
    raw = [bytes.fromhex(t) for t in texts]
    for values in (
        texts, [t.upper() for t in texts], raw, numbers, pd.Series(numbers), pd.Series(texts),
        pd.Series(numbers.astype(np.int64)), pa.array(raw, pa.binary(8)), pa.array(raw[:4]),
        pa.chunked_array([pa.array(raw[:1]), pa.array(raw[1:])]), pa.array([None, *raw])[1:],
        np.frombuffer(b"".join(raw), np.uint8).reshape(4, 8),
    ):  # fmt: skip
        table, valid = hash_bytes(values)
        assert [bytes(row) for row in table] == raw and valid.all()
    table, valid = hash_bytes(pd.Series([None, "00ff", None, "ff00"]))
    assert valid.tolist() == [False, True, False, True] and table[1].tolist() == [0, 255]
    assert len(within_radius([None, None, None], 3)) == 0
    assert len(within_radius([], 3)) == 0
    assert pairs(within_radius(["00", None, "00", "01"], 1)) == [(0, 2, 0), (0, 3, 1), (2, 3, 1)]


def test_wrong_hashes():
    with pytest.raises(DataError, match="'xy' in row 1 is not hexadecimal"):
        within_radius(["00", "xy"], 1)
    with pytest.raises(DataError, match="not hexadecimal bytes"):
        within_radius(["000", "001"], 1)
    with pytest.raises(DataError, match=r"of 2 digits \(row 0\) and of 4 \(row 1\)"):
        within_radius(["00", "0000"], 1)
    with pytest.raises(DataError, match="of 33 bytes"):
        within_radius([b"x" * 33], 1)
    with pytest.raises(DataError, match="empty hashes"):
        within_radius(["", ""], 1)
    with pytest.raises(ColumnError, match="column 'h' holds double"):
        within_radius(pd.Series([0.5], name="h"), 1)
    for radius in (-1, 1.5, True, 300):
        with pytest.raises(SettingError, match="whole number of bits"):
            within_radius(["00"], radius)


def test_too_many_pairs():
    with pytest.raises(DataError, match=r"more than 1,000 pairs \(4,950,?.*at least|more than"):
        within_radius(["00"] * 100, 0, most=1000)
    rng = np.random.default_rng(0)
    with pytest.raises(DataError, match="more than 50 pairs"):
        within_radius(clustered(rng, 2000, 8, 2), 12, most=50)
