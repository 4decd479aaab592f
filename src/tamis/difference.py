"""Two texts side by side: their words compared, what they share folded up."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

LONGEST = 1500  # words of a text that are compared
CONTEXT = 8  # words shown around a difference
SHOWN = 220  # words shown in all
SAME, GONE, NEW, FOLDED = "same", "gone", "new", "folded"
# A word with the space after it; scripts written without spaces character by character.
_WORDS = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff\u0e00-\u0eff]|[^\s\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff\u0e00-\u0eff]+"
)

Piece = tuple[str, str]


def words(text: str) -> list[str]:
    """The words of a text; where a script has no spaces, its characters."""
    return _WORDS.findall(text)


def differences(kept: str, dropped: str) -> list[Piece]:
    """What turns one text into the other: (`same` | `gone` | `new` | `folded`, words).

    `gone` stands only in the first, `new` only in the second; `folded` tells how many words both
    share there. Texts are compared over their first 1,500 words.

    >>> differences("the cat sat", "the dog sat")
    [('same', 'the'), ('gone', 'cat'), ('new', 'dog'), ('same', 'sat')]
    """
    left, right = words(kept)[:LONGEST], words(dropped)[:LONGEST]
    pieces: list[Piece] = []
    changes = SequenceMatcher(None, left, right, autojunk=False).get_opcodes()
    for number, (kind, a, b, c, d) in enumerate(changes):
        if kind == "equal":
            pieces += _folded(left[a:b], number > 0, number + 1 < len(changes))
            continue
        if b > a:
            pieces.append((GONE, _joined(left[a:b])))
        if d > c:
            pieces.append((NEW, _joined(right[c:d])))
    return _cut(pieces)


def _folded(same: list[str], before: bool, after: bool) -> list[Piece]:
    """Shared words: those next to a difference shown, the rest counted."""
    head = CONTEXT if before else 0
    tail = CONTEXT if after else 0
    if not before and not after:
        head = 4 * CONTEXT
    if len(same) <= head + tail + 3:
        return [(SAME, _joined(same))]
    pieces = [(SAME, _joined(same[:head]))] if head else []
    pieces.append((FOLDED, f"{len(same) - head - tail:,} words alike"))
    if tail:
        pieces.append((SAME, _joined(same[-tail:])))
    return pieces


def _joined(found: list[str]) -> str:
    """Words with spaces between them, unless their script has none."""
    line = ""
    for word in found:
        spaced = line and not (_WORDS.match(word) and len(word) == 1 and ord(word) > 0xE00)
        line += f" {word}" if spaced else word
    return line


def _cut(pieces: list[Piece]) -> list[Piece]:
    """The first pieces that fit; a single long one is shortened."""
    kept: list[Piece] = []
    room = SHOWN
    for kind, text in pieces:
        if room <= 0:
            return [*kept, (FOLDED, "…")]
        found = text.split(" ")
        if kind != FOLDED and len(text) > 8 * room:
            text = text[: 8 * room] + " …"
        elif kind != FOLDED and len(found) > room:
            text = " ".join(found[:room]) + " …"
        room -= 0 if kind == FOLDED else max(len(found), len(text) // 8)
        kept.append((kind, text))
    return kept
