"""Word 5-grams in Python, for the peers that take ready-made token lists."""

from __future__ import annotations

import re

WORDS = re.compile(r"\w+")


def word_5grams(text: str) -> list[str]:
    words = WORDS.findall(text.lower())
    if len(words) < 5:
        return [" ".join(words)]
    return [" ".join(words[i : i + 5]) for i in range(len(words) - 4)]
