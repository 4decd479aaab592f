"""Windows of one recording put together: nothing said twice, nothing lost."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.audio.asr.heard import Heard, Word
from tamis.audio.asr.stitching import join_texts, stitch

VOCABULARY = ["it", "was", "the", "best", "of", "times", "Worst", "age", "wisdom,", "we", "had."]


def said(words):
    return [word.text.strip() for word in words]


def heard_in(truth, start, end, jitter, rng):
    """What a recogniser hears from `start` to `end`: whole words, and noise where one is cut."""
    found = []
    for word in truth:
        if word.start >= start and word.end <= end:
            by = float(rng.uniform(-jitter, jitter))
            found.append(word._replace(start=word.start + by - start, end=word.end + by - start))
        elif word.start < end and word.end > start:
            low, high = max(word.start, start) - start, min(word.end, end) - start
            found.append(Word(" zz", low, high, 0.1))
    return Heard("".join(word.text for word in found).strip(), tuple(found), "en", 0.9, -0.5, 0.1)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(VOCABULARY), st.floats(0.1, 0.6), st.floats(0, 0.8)),
             min_size=1, max_size=120),
    st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_words_of_windows_are_the_words(spoken, seed):
    rng = np.random.default_rng(seed)
    truth, at = [], 0.0
    for text, lasting, pause in spoken:
        truth.append(Word(" " + text, at, at + lasting, 0.9))
        at += lasting + pause
    size, step = 12.0, 8.0
    starts = [0.0]
    while starts[-1] + size < at:
        starts.append(starts[-1] + step)
    parts = []
    for start in starts:
        end = min(start + size, at)
        parts.append((start, end, heard_in(truth, start, end, 0.08, rng)))
    whole = stitch(parts)
    assert said(whole.words) == said(truth)
    assert whole.text == " ".join(said(truth))
    for word, true in zip(whole.words, truth, strict=True):
        assert abs(word.start - true.start) < 0.1
    assert whole.language == "en"
    assert whole.log_probability == pytest.approx(-0.5)


@settings(max_examples=150, deadline=None)
@given(st.integers(8, 80), st.integers(0, 2**32 - 1))
def test_texts_of_windows_are_the_text(count, seed):
    rng = np.random.default_rng(seed)
    truth = [f"w{number}" for number in range(count)]  # no word twice: one seam only is right
    parts, start, size, shared = [], 0, 12, 4
    while True:
        end = min(start + size, count)
        words = [w.upper() if rng.random() < 0.3 else w + "," * (rng.random() < 0.3)
                 for w in truth[start:end]]  # fmt: skip
        garbled = ["zz"] if end < count else []
        before = ["zz"] if start else []
        text = " ".join([*before, *words, *garbled])
        parts.append((float(start), float(end), Heard(text)))
        if end == count:
            break
        start = end - shared
    found = stitch(parts).text.lower().replace(",", "").split()
    assert found == truth


def test_texts_that_share_nothing_stay_whole():
    assert join_texts("one two", "three four", (5, 5)) == "one two three four"
    assert join_texts("", "three", (5, 5)) == "three"
    assert join_texts("one", "", (5, 5)) == "one"


def test_no_windows_are_silence():
    assert stitch([]) == Heard("", ())


def test_probabilities_are_means_by_seconds():
    parts = [(0, 30, Heard("a", None, None, None, -1.0, 0.2)),
             (25, 35, Heard("b", None, None, None, -3.0, None))]  # fmt: skip
    whole = stitch(parts)
    assert whole.log_probability == pytest.approx(-(30 + 30) / 40)
    assert whole.no_speech == pytest.approx(0.2)


def test_a_word_both_windows_have_is_said_once_even_at_the_seam():
    left = Heard("go on", (Word(" go", 9, 9.4), Word(" on", 9.8, 10.2)))
    right = Heard("on now", (Word(" on", 1.75, 2.2), Word(" now", 2.5, 3)))
    words = stitch([(0, 12, left), (8, 20, right)]).words
    assert said(words) == ["go", "on", "now"]
    assert all(a.end <= b.start + 0.1 for a, b in itertools.pairwise(words))
