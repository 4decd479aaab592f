"""Long texts in pieces that a model can take, cut where a sentence or a word ends."""

from __future__ import annotations

from collections.abc import Iterator

_ENDS = ("\n\n", "\n", ". ", "。", "! ", "? ", "; ", " ")


def pieces(text: str, size: int) -> Iterator[tuple[int, str]]:
    """Parts of at most `size` characters, each with the place where it begins.

    A part ends after the last blank line in its second half, or else a line, a sentence, a word.

    >>> list(pieces("One two. Three four.", 12))
    [(0, 'One two. '), (9, 'Three four.')]
    """
    start = 0
    while len(text) - start > size:
        low, high = start + size // 2, start + size
        cut = high
        for end in _ENDS:
            at = text.rfind(end, low, high)
            if at >= 0:
                cut = at + len(end)
                break
        yield start, text[start:cut]
        start = cut
    if start < len(text):
        yield start, text[start:]
