"""Whisper's tokens as words, and when they are said: from the attention its decoder pays."""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence

import numpy as np

from tamis.audio.asr.heard import Word
from tamis.kernels.warping import warp

FRAME = 0.02  # seconds between positions of Whisper's encoder
MEDIAN = 7  # positions; OpenAI's timing.py
UNSPACED = frozenset({"zh", "ja", "th", "lo", "my", "yue"})  # languages without spaces, as there
BEFORE = frozenset("\"'“¿([{-")  # punctuation that belongs to the word after it, as there
AFTER = frozenset("\"'.。,，!！?？:：”)]}、")  # … to the word before it


def grouped(
    tokens: Sequence[int], decode: Callable[[Sequence[int]], str], language: str | None
) -> list[tuple[str, int]]:
    """Words and how many of the tokens each has, as OpenAI's tokenizer.py groups them."""
    pieces: list[tuple[str, int]] = []
    held: list[int] = []
    for token in tokens:
        held.append(token)
        text = decode(held)
        if not text.endswith("�"):  # a character is whole
            pieces.append((text, len(held)))
            held = []
    if held:
        pieces.append((decode(held), len(held)))
    if language in UNSPACED:
        return pieces
    words: list[tuple[str, int]] = []
    for text, count in pieces:
        alone = text.strip() in string.punctuation
        if words and not text.startswith(" ") and not alone:
            words[-1] = (words[-1][0] + text, words[-1][1] + count)
        else:
            words.append((text, count))
    return words


def timed(
    words: Sequence[tuple[str, int]], first: np.ndarray, chance: np.ndarray, seconds: float
) -> tuple[Word, ...]:
    """Words with their times. `first` is the frame of each token and of the end, `chance` theirs.

    Punctuation joins the word that it belongs to, and does not move its times.
    """
    bounds = np.cumsum([0, *(count for _, count in words)])
    made = [
        Word(
            text,
            min(float(first[a]) * FRAME, seconds),
            min(float(first[b]) * FRAME, seconds),
            float(chance[a:b].mean()),
        )
        for (text, _), a, b in zip(words, bounds, bounds[1:], strict=False)
    ]
    joined: list[Word] = []
    opening = ""
    for word in made:
        bare = word.text.strip()
        if bare and bare in AFTER and not word.text.startswith(" ") and joined and not opening:
            joined[-1] = joined[-1]._replace(text=joined[-1].text + word.text)
        elif bare in BEFORE and word.text.startswith(" "):
            opening += word.text
        elif bare or not joined:
            joined.append(word._replace(text=opening + (word.text if not opening else bare)))
            opening = ""
    if opening and joined:
        joined[-1] = joined[-1]._replace(text=joined[-1].text + opening)
    return tuple(word for word in joined if word.text.strip())


def frames_of(attention: np.ndarray, skip: int) -> np.ndarray:
    """The first frame of each token and of the end, from attention: [heads, tokens, frames].

    The tokens are the prompt (of which `skip` are left out), what was said, and the end. As
    OpenAI's timing.py has it: each head's weights standardised over the tokens, smoothed by a
    median, their mean warped to a monotone path.
    """
    spread = attention.std(axis=1, keepdims=True)
    weights = (attention - attention.mean(axis=1, keepdims=True)) / np.where(spread, spread, 1)
    cost = -_median(weights).mean(axis=0)[skip:-1]
    first = np.zeros(cost.shape[0], np.int64)
    warp(np.ascontiguousarray(cost, np.float32), first)
    return first


def _median(weights: np.ndarray) -> np.ndarray:
    """The median over `MEDIAN` neighbours along the last axis, mirrored at its ends."""
    half = MEDIAN // 2
    if weights.shape[-1] <= half:
        return weights
    padded = np.pad(weights, [(0, 0)] * (weights.ndim - 1) + [(half, half)], mode="reflect")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, MEDIAN, axis=-1), axis=-1)
