"""What was heard in overlapping windows of one recording, put together.

In an overlap both windows have heard the same, the earlier one with its end cut off and the later
one with its beginning. So the seam is laid where both agree, as near to the middle as they do.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

from tamis.audio.asr.heard import Heard, Word

Placed = tuple[float, float, Heard]  # start and end of the window in seconds, what was heard
AGREE = 0.4  # seconds between two windows' times of one word; Whisper's differ by 0.1 to 0.3


def stitch(parts: Sequence[Placed]) -> Heard:
    """One result of the windows of a recording, in their order; times from its beginning."""
    if not parts:
        return Heard("", ())
    start, _, first = parts[0]
    timed = all(part.words is not None for _, _, part in parts)
    words = _shifted(first, start)
    text = first.text
    for one, other in itertools.pairwise(parts):
        if timed:
            seam = (other[0] + one[1]) / 2
            words = join_words(words, _shifted(other[2], other[0]), seam)
        else:
            text = join_texts(
                text,
                other[2].text,
                (_shared(one, one[1] - other[0]), _shared(other, one[1] - other[0])),
            )
    if timed and len(parts) > 1:
        text = "".join(word.text for word in words).strip()
    seconds = [end - start for start, end, _ in parts]
    return Heard(
        text,
        tuple(words) if timed else None,
        first.language,
        first.language_probability,
        _mean(parts, seconds, lambda heard: heard.log_probability),
        _mean(parts, seconds, lambda heard: heard.no_speech),
    )


def join_words(left: Sequence[Word], right: Sequence[Word], seam: float) -> list[Word]:
    """Words of two windows in order of time, those of the overlap once.

    Where both windows have one word at one time, the seam is laid there, as near to `seam` as
    possible; where they agree on nothing, at `seam` itself.
    """
    best: tuple[float, int, int] | None = None
    for j, other in enumerate(right):
        for i in range(len(left) - 1, -1, -1):
            word = left[i]
            if word.start < other.start - AGREE:
                break
            apart = max(abs(word.start - other.start), abs(word.end - other.end))
            if apart <= AGREE and plain(word.text) == plain(other.text):
                far = abs((word.start + word.end) / 2 - seam)
                if best is None or far < best[0]:
                    best = far, i, j
    if best is not None:
        return [*left[: best[1] + 1], *right[best[2] + 1 :]]
    before = [word for word in left if (word.start + word.end) / 2 < seam]
    return before + [word for word in right if (word.start + word.end) / 2 >= seam]


def join_texts(left: str, right: str, shared: tuple[int, int]) -> str:
    """Two texts of which the end of the one and the beginning of the other may be the same.

    `shared` says how many words at most the overlap holds on either side. The longest run of equal
    words there is the seam; what is after it on the left and before it on the right was cut off by
    a window, and goes. Without any, all words stay.

    >>> join_texts("we were all going dire", "all going direct to Heaven", (3, 3))
    'we were all going direct to Heaven'
    """
    ahead, after = left.split(), right.split()
    skip = max(0, len(ahead) - shared[0])
    ours, theirs = [plain(w) for w in ahead[skip:]], [plain(w) for w in after[: shared[1]]]
    length, i, j = _longest_run(ours, theirs)
    if not length:
        return " ".join([*ahead, *after])
    return " ".join([*ahead[: skip + i + length], *after[j + length :]])


def plain(word: str) -> str:
    """A word without case and punctuation: windows differ in these."""
    kept = "".join(c for c in word.casefold() if c.isalnum())
    return kept or word.strip()


def _longest_run(left: list[str], right: list[str]) -> tuple[int, int, int]:
    """Length and places of the longest run of words that both have; the latest on the left."""
    best = (0, 0, 0)
    before = [0] * (len(right) + 1)
    for i, word in enumerate(left, start=1):
        lengths = [0] * (len(right) + 1)
        for j, other in enumerate(right, start=1):
            if word == other:
                run = lengths[j] = before[j - 1] + 1
                if run >= best[0]:
                    best = (run, i - run, j - run)
        before = lengths
    return best


def _shifted(heard: Heard, by: float) -> list[Word]:
    return [word._replace(start=word.start + by, end=word.end + by) for word in heard.words or ()]


def _shared(part: Placed, overlap: float) -> int:
    """How many words of a window can lie in an overlap, if people speak unevenly."""
    start, end, heard = part
    return math.ceil(1.5 * len(heard.text.split()) * overlap / max(end - start, 1e-9)) + 2


def _mean(
    parts: Sequence[Placed], seconds: Sequence[float], value: Callable[[Heard], float | None]
) -> float | None:
    """The mean over windows, by their seconds; None where no window has one."""
    pairs = [
        (length, found)
        for length, (_, _, heard) in zip(seconds, parts, strict=True)
        if (found := value(heard)) is not None and math.isfinite(found)
    ]
    whole = sum(length for length, _ in pairs)
    return sum(length * found for length, found in pairs) / whole if whole else None
