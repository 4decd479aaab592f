"""Classes of characters, decoding, hashing and searching in UTF-8, against Python and `regex`."""

import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import regex

from tamis.kernels import search, unicode, word_hash

CODE_POINTS = [*range(0xD800), *range(0xE000, 0x110000)]


def padded(text):
    return np.frombuffer(text.encode() + bytes(128), np.uint8)


def test_alphabetic_characters_are_those_of_regex():
    alphabetic = regex.compile("[[:alpha:]]")
    wanted = [bool(alphabetic.match(chr(point))) for point in CODE_POINTS]
    assert (unicode.classes()[CODE_POINTS] & unicode.ALPHA != 0).tolist() == wanted


def test_white_space_is_that_of_split_and_strip():
    found = [p for p in CODE_POINTS if unicode.classes()[p] & unicode.SPACE]
    assert found == [p for p in CODE_POINTS if chr(p).isspace()]
    assert found == [p for p in CODE_POINTS if not chr(p).strip()]
    assert found == [p for p in CODE_POINTS if len(f"a{chr(p)}b".split()) == 2]


def test_only_two_characters_have_ascii_in_their_lower_case():
    """What lets notices and ellipses be found by folding ASCII: a Kelvin sign is k, and İ is i̇."""
    lowered = {p: chr(p).lower() for p in CODE_POINTS if p > 127}
    with_ascii = {p: low for p, low in lowered.items() if any(ord(c) < 128 for c in low)}
    assert with_ascii == {0x130: "i\u0307", 0x212A: "k"}


def test_decode():
    bounds = [0, 0x7F, 0x80, 0x7FF, 0x800, 0xFFFF, 0x10000, 0x10FFFF]
    for point in [*random.Random(0).sample(CODE_POINTS, 1000), *bounds]:
        assert unicode.decode(padded(chr(point)), 0) == point


def test_hash_depends_on_all_bytes_and_the_size_and_on_nothing_else():
    rng = random.Random(1)
    for size in [*range(70), 100, 127, 128, 129, 1000]:
        text = bytes(rng.randrange(256) for _ in range(size))
        data = np.frombuffer(text + b"z" * 64 + b"q" + text + bytes(64), np.uint8)
        one = word_hash.hash_long(data, 0, size)
        assert one == word_hash.hash_long(data, size + 65, 2 * size + 65)
        for k in range(size):
            changed = np.frombuffer(
                text[:k] + bytes([text[k] ^ 1]) + text[k + 1 :] + bytes(64), np.uint8
            )
            assert word_hash.hash_long(changed, 0, size) != one
        zeros = np.zeros(size + 80, np.uint8)
        assert word_hash.hash_long(zeros, 0, size) != word_hash.hash_long(zeros, 0, size + 1)


def check_occurrences(cases):
    rng = random.Random(2)
    for _ in range(cases):
        text = "".join(rng.choices("ab ", k=rng.randrange(300)))
        pattern = "".join(rng.choices("ab ", k=rng.randint(1, 8)))
        data, wanted = padded(text), np.frombuffer(pattern.encode(), np.uint8)
        found = search.occurrences(data, 0, len(text), wanted, len(pattern), -1)
        assert found == text.count(pattern), (text, pattern)


def test_occurrences_are_counted_as_str_count_does():
    check_occurrences(2000)


def test_without_a_compiler():
    done = subprocess.run(
        [sys.executable, "-c", "import test_unicode_kernels as t; t.check_occurrences(20)"],
        cwd=Path(__file__).parent,
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 200])
def test_code_points(size):
    text = "".join(random.Random(size).choices("aé日👍", k=size))
    data = padded(text + "é")
    assert unicode.code_points(data, 0, len(text.encode())) == size
