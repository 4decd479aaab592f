"""The curator family against the published vectors and a slow reference built on mmh3."""

import hashlib
import os
import subprocess
import sys

import mmh3
import numpy as np
import pyarrow as pa
import pytest

from tamis.dedup.families import FAMILIES
from tamis.frame import text_buffers
from tamis.kernels import curator
from tamis.kernels.murmur import murmur32, murmur64

P61 = 2**61 - 1
FOX = "The quick brown fox jumpéd over the lazy brown dog."


def sign(texts, width, a, b, bits, seed=0, documented=False):
    buffers = text_buffers(pa.array(texts, pa.large_string()))
    kind = np.uint32 if bits == 32 else np.uint64
    factors, terms = np.array(a, kind), np.array(b, kind)
    found = np.zeros((len(texts), len(a)), kind)
    counts = np.zeros(len(texts), np.int64)
    given = (buffers.data, buffers.offsets, width, kind(seed), factors, terms)
    if bits == 32:
        curator.sign32(*given, documented, counts, found)
    else:
        curator.sign64(*given, counts, found)
    return found, counts


@pytest.mark.parametrize(
    ("text", "width", "a", "b", "bits", "wanted"),
    [
        ("this is my", 5, [1, 2, 3], [4, 5, 6], 32, [1305480171, 462824409, 74608232]),
        ("d", 4, [10, 11, 12], [10, 11, 12], 32, [2264583304, 2920538364, 3576493424]),
        (FOX, 4, [10, 11, 12], [10, 11, 12], 32, [253327882, 41747273, 302030804]),
        (FOX, 4, [10, 11, 12], [10, 11, 12], 64,
         [65816830624808020, 43323600380520789, 63511816333816345]),
        ("this is my", 5, [2, 3], [5, 6], 64, [172452388517576012, 316595762085180527]),
    ],
)  # fmt: skip
def test_published_vectors(text, width, a, b, bits, wanted):
    assert sign([text], width, a, b, bits)[0][0].tolist() == wanted


def reference(text, width, a, b, bits, seed, documented):
    if not text:
        return [0] * len(a)
    windows = [text[i : i + width] for i in range(max(1, len(text) - width + 1))]
    if bits == 32:
        hashes = [mmh3.hash(w, seed, signed=False) or 1 for w in windows]
        if documented:
            return [min(((h * x + y) % P61) & 0xFFFFFFFF for h in hashes)
                    for x, y in zip(a, b, strict=True)]  # fmt: skip
        return [min((h * x + y) % 2**32 for h in hashes) for x, y in zip(a, b, strict=True)]
    hashes = [mmh3.hash64(w, seed, signed=False)[0] or 1 for w in windows]
    return [min((h * x + y) % 2**64 % P61 for h in hashes) for x, y in zip(a, b, strict=True)]


def sample():
    generator = np.random.default_rng(0)
    letters = np.array([*"abcdefgh ijkl. ", "é", "日", "😀"])
    ascii_only = letters[:15]
    sizes = (1, 5, 23, 24, 25, 60, 4118, 4119, 4120, 4121, 9000)
    texts = ["".join(generator.choice(ascii_only, n)) for n in sizes]
    seldom = [*"abcdefgh ijkl. " * 9, "é", "日", "😀"]  # some windows are of bytes alone
    texts += ["".join(generator.choice(seldom, n)) for n in sizes]
    return texts + ["".join(generator.choice(letters, n)) for n in sizes] + ["", "日"]


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("documented", [False, True])
@pytest.mark.parametrize("width", [24, 5])
def test_against_mmh3(bits, documented, width):
    if bits == 64 and documented:
        pytest.skip("one formula")
    a, b = (part.tolist() for part in curator.permutations(5, 42, bits))
    texts = sample()
    found, counts = sign(texts, width, a, b, bits, seed=77, documented=documented)
    for text, row, count in zip(texts, found.tolist(), counts.tolist(), strict=True):
        assert row == reference(text, width, a, b, bits, 77, documented)
        assert count == (max(1, len(text) - width + 1) if text else 0)


@pytest.mark.parametrize("hashes", [1, 8, 31, 32, 37, 72])
def test_any_number_of_hashes(hashes):
    a, b = (part.tolist() for part in curator.permutations(hashes, 1, 32))
    found, _ = sign([FOX], 5, a, b, 32)
    assert found[0].tolist() == reference(FOX, 5, a, b, 32, 0, False)


@pytest.mark.parametrize("rest", [*range(9)])
@pytest.mark.parametrize("times", [1, 3, 7])
def test_values_that_need_the_last_step(rest, times):
    """Multiples of p and a little more: folded once they are p to p + 7, or just no longer."""
    value = times * P61 + rest - 1
    hashes = np.array([P61 - 3, value], np.uint64)
    for some in (hashes, hashes[:1], hashes[1:], hashes[::-1].copy()):
        found = curator.lowest64(some, np.uint64(1), np.uint64(0), np.uint64(P61))
        assert found == min(int(h) % P61 for h in some)
    assert curator.lowest64(hashes, np.uint64(1), np.uint64(0), np.uint64(2)) == min(2, value % P61)


@pytest.mark.parametrize("rest", [*range(9)])
def test_values_that_need_the_last_step_as_documented(rest):
    term = P61 - 1 + rest  # of no 32-bit permutation, but it takes `h * 1 + b` past p
    hashes, minima = np.array([3, 1, 2], np.uint32), np.array([2**32 - 1], np.uint32)
    curator._lower_documented(
        hashes, 3, np.array([1], np.uint32), np.array([term], np.uint64), minima
    )
    assert minima[0] == min((int(h) + term) % P61 & 0xFFFFFFFF for h in hashes)


def test_parameters_are_numpy_random_states():
    state = np.random.RandomState(42)
    pairs = [
        (state.randint(1, 2**31 - 1, dtype=np.uint32), state.randint(0, 2**31 - 1, dtype=np.uint32))
        for _ in range(260)
    ]
    factors, terms = curator.permutations(260, 42, 32)
    assert list(zip(factors.tolist(), terms.tolist(), strict=True)) == [
        (int(a), int(b)) for a, b in pairs
    ]


def test_family_settings():
    family = FAMILIES["curator"].settle(None, None, None, 42)
    assert (family.hashes, family.ngram, family.cut) == (260, 24, (20, 13))
    texts = text_buffers(pa.array([FOX, None, ""], pa.large_string()))
    found = family.signatures(texts, np.zeros(3, np.int64))
    a, b = (part.tolist() for part in curator.permutations(260, 42, 32))
    assert found[0].tolist() == reference(FOX, 24, a, b, 32, a[0], False)
    assert not found[1:].any()


@pytest.mark.parametrize("size", [*range(40), 63, 64, 65])
def test_murmur(size):
    data = np.random.default_rng(size).integers(0, 256, size + 7, dtype=np.uint8)
    part = data[3 : 3 + size].tobytes()
    seed = 12345
    assert int(murmur32(data, 3, 3 + size, np.uint32(seed))) == (mmh3.hash(part, seed, False) or 1)
    first = mmh3.hash64(part, seed, signed=False)[0] or 1
    assert int(murmur64(data, 3, 3 + size, np.uint64(seed))) == first


def digest():
    texts = [text[:300] for text in sample()]
    a, b = curator.permutations(5, 42, 32)
    parts = [sign(texts, 24, a, b, bits, 7, documented)[0] for bits, documented in
             ((32, False), (32, True), (64, False))]  # fmt: skip
    keys = np.zeros((2, len(texts)), np.uint64)
    curator.band_keys(parts[0], 2, keys)
    return hashlib.sha256(b"".join(p.tobytes() for p in [*parts, keys])).hexdigest()


def test_the_same_without_a_compiler():
    done = subprocess.run(
        [sys.executable, "-c", "import test_curator_minhash as t; print(t.digest())"],
        cwd=os.path.dirname(__file__),
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == digest()
