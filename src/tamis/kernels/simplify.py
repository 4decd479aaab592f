"""A text rewritten character by character: replaced, dropped, or set apart by spaces.

The table says for each code point what becomes of it: `pages[code >> 8]` chooses a page of 256
`entries`, an entry is `replacement << 3 | action`. Replacement 0 means the character itself.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tamis.kernels.jit import jit
from tamis.kernels.ordered import place
from tamis.kernels.utf8 import decode, encode, width

KEEP, OWN, SPACE, DROP, LONGER = range(5)
"""Actions: part of a word; a word by itself; becomes a space, runs of which are one; left out;
several characters, looked up in `longer` (int64[k, n]: the code point, then its replacements)."""

_GROWTH = 3  # bytes that a byte can become: case folding of U+0390 writes six for two
_SCANNED = (*range(0x340), 0xE00, 0xE01)  # the pages of code points that are assigned


def tables(
    becomes: Callable[[str], tuple[int, str]],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The `pages`, `entries` and `longer` of `simplify` for a rule.

    The rule gives an action for a character and what stands in its place, three characters at most.
    What is said of U+E000 holds for all code points that nothing is assigned to.
    """
    action, made = becomes("\ue000")
    elsewhere = (0 if made in ("", "\ue000") else ord(made)) << 3 | action
    entries, longer = [elsewhere] * 256, []
    for page in _SCANNED:
        for code in range(page << 8, (page + 1) << 8):
            action, made = becomes(chr(code))
            if len(made) > 1:
                longer.append([code, *map(ord, made.ljust(3, "\0"))])
                entries.append(LONGER)
            else:
                other = ord(made) if made else 0
                entries.append(other << 3 | action)
    pages = np.zeros(0x110000 >> 8, np.int32)
    pages[list(_SCANNED)] = np.arange(1, len(_SCANNED) + 1)
    return pages, np.array(entries, np.uint32), np.array(longer, np.int64).reshape(-1, 4)


@jit
def simplify(
    data: np.ndarray,
    offsets: np.ndarray,
    rows: np.ndarray,
    pages: np.ndarray,
    entries: np.ndarray,
    longer: np.ndarray,
    apart: bool,
    ends: np.ndarray,
) -> np.ndarray:
    """The texts at `rows` rewritten, one after another; text i ends at `ends[i + 1]`.

    `apart`: words by themselves get spaces around them. No text begins or ends with a space that an
    action made.
    """
    made = np.empty(4096, np.uint8)
    into = np.int64(0)
    for i in range(rows.size):
        at, end = offsets[rows[i]], offsets[rows[i] + 1]
        wanted = into + _GROWTH * (end - at) + 64
        if wanted > made.size:
            larger = np.empty(2 * wanted, np.uint8)
            for k in range(into):
                larger[k] = made[k]
            made = larger
        begun, gap = into, False
        while at < end:
            count = min(width(data[at]), end - at)
            code = decode(data, at, count)
            entry = np.int64(entries[(np.int64(pages[code >> 8]) << 8) + (code & 0xFF)])
            action, other = entry & 7, entry >> 3
            at += count
            if action == DROP:
                continue
            gap = gap or action == SPACE or (apart and action == OWN)
            if action == SPACE:
                continue
            if gap and into > begun:
                made[into] = 32
                into += 1
            gap = apart and action == OWN
            if action == LONGER:
                row = place(longer[:, 0], code)
                for k in range(1, longer.shape[1]):
                    if longer[row, k] != 0:
                        into += encode(longer[row, k], made, into)
            else:
                into += encode(other if other != 0 else code, made, into)
        ends[i + 1] = into
    return made[:into]
