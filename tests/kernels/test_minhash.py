"""MinHash signatures against numpy over the sets, and as estimates against exact similarity."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pyarrow as pa

from tamis.frame import text_buffers
from tamis.kernels.letters import letters
from tamis.kernels.minhash import permutations, sign_texts
from tamis.kernels.sets import shingle_sets
from tamis.kernels.shingle import WORDS


def signed(texts, hashes=64, rows=4, ngram=5, seed=1, unit=WORDS):
    buffers = text_buffers(pa.array(texts, pa.large_string()))
    n = len(texts)
    keys = np.zeros((hashes // rows, n), np.uint64)
    content, counts = np.zeros((2, n), np.uint64), np.zeros(n, np.int64)
    signatures = np.zeros((n, hashes), np.uint8)
    sign_texts(
        buffers.data, buffers.offsets, unit, ngram, *letters(), *permutations(hashes, seed), rows,
        keys, content[0], content[1], counts, signatures,
    )  # fmt: skip
    return keys, content, counts, signatures


def sample():
    generator = np.random.default_rng(0)
    words = np.array([f"word{k}" for k in range(400)])
    texts = [" ".join(generator.choice(words, n)) for n in (1, 3, 5, 6, 40, 900, 3000)]
    texts += [texts[5] + " more", texts[5].upper() + "!", "日本語" * 50, ""]
    return texts


def digest():
    found = signed(sample())
    return hashlib.sha256(b"".join(part.tobytes() for part in found)).hexdigest()


def test_signature_is_the_minimum_over_the_set():
    texts, hashes = sample(), 64
    _, _, counts, signatures = signed(texts, hashes)
    factors, terms = permutations(hashes, 1)
    buffers = text_buffers(pa.array(texts, pa.large_string()))
    ends = np.zeros(len(texts) + 1, np.int64)
    rows = np.arange(len(texts))
    values = shingle_sets(buffers.data, buffers.offsets, rows, WORDS, 5, *letters(), ends)
    for i in range(len(texts) - 1):
        low = (values[ends[i] : ends[i + 1]] & np.uint64(0xFFFFFFFF)).astype(object)
        wanted = [min((h * int(a) + int(b)) % 2**32 for h in low) & 0xFF for a, b in
                  zip(factors[:hashes], terms[:hashes], strict=True)]  # fmt: skip
        assert signatures[i].tolist() == wanted
    assert counts.tolist() == [1, 1, 1, 2, 36, 896, 2996, 897, 896, 146, 0]


def test_content_and_keys_of_the_same_words():
    texts = sample()
    keys, content, _, _ = signed(texts)
    assert (keys[:, 5] == keys[:, 8]).all() and (content[:, 5] == content[:, 8]).all()
    assert len({tuple(pair) for pair in content.T[:-1].tolist()}) == len(texts) - 2
    assert (keys[:, 5] != keys[:, 6]).all()
    assert (keys[:, 5] == keys[:, 7]).any()


def test_estimates():
    """The error is that of ideal MinHash: sqrt(J (1 - J) / hashes)."""
    generator = np.random.default_rng(5)
    words = [f"w{k}" for k in range(10_000)]
    deviations = []
    for seed in range(300):
        size, share = int(generator.choice([30, 300, 1000])), generator.uniform(0.1, 0.95)
        base, same = generator.choice(10_000, 2 * size, replace=False), int(share * size)
        left, right = base[:size], np.concatenate([base[:same], base[size : 2 * size - same]])
        texts = [" ".join(words[k] for k in part) for part in (left, right)]
        *_, signatures = signed(texts, hashes=256, ngram=1, seed=seed)
        true = same / (2 * size - same)
        chance = true + (1 - true) / 256
        error = (signatures[0] == signatures[1]).mean() - chance
        deviations.append(error / np.sqrt(chance * (1 - chance) / 256))
    assert 0.87 < np.sqrt(np.mean(np.square(deviations))) < 1.13
    assert abs(np.mean(deviations)) < 0.2


def test_the_same_without_a_compiler():
    done = subprocess.run(
        [sys.executable, "-c", "import test_minhash; print(test_minhash.digest())"],
        cwd=os.path.dirname(__file__),
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == digest()
