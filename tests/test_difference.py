"""The marked words put back together give both texts."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from tamis.difference import differences, words

eight = ["one", "two", "three", "four", "five", "six", "seven", "eight"]
some = st.lists(st.sampled_from(eight), max_size=10)  # short enough that nothing is folded


@given(some, some)
def test_pieces_rebuild_both_texts(left: list[str], right: list[str]) -> None:
    pieces = differences(" ".join(left), " ".join(right))
    kept = [w for kind, text in pieces if kind in ("same", "gone") for w in text.split()]
    dropped = [w for kind, text in pieces if kind in ("same", "new") for w in text.split()]
    assert kept == left
    assert dropped == right


def test_what_is_alike_is_folded() -> None:
    shared = " ".join(f"w{i}" for i in range(400))
    pieces = differences(f"{shared} old end", f"{shared} new end")
    assert ("gone", "old") in pieces
    assert ("new", "new") in pieces
    folded = [text for kind, text in pieces if kind == "folded"]
    shown = sum(len(text.split()) for kind, text in pieces if kind == "same")
    assert int(re.sub(r"\D", "", folded[0])) + shown == 401


def test_scripts_without_spaces_are_compared_by_character() -> None:
    assert words("日本語 text") == ["日", "本", "語", "text"]
    assert differences("日本語", "日本人") == [("same", "日本"), ("gone", "語"), ("new", "人")]


def test_long_texts_stay_short() -> None:
    left, right = " ".join(map(str, range(0, 6000, 2))), " ".join(map(str, range(1, 6001, 2)))
    assert sum(len(text) for _, text in differences(left, right)) < 4000
    assert sum(len(text) for _, text in differences("x" * 100_000, "y" * 100_000)) < 5000
