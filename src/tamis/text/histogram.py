"""Whether the characters of a text are those that its language is written with."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tamis.errors import SettingError
from tamis.frame import Texts
from tamis.kernels import code as kernel
from tamis.op import measure
from tamis.resources import resource
from tamis.text.entries import Stamp, read, stamped
from tamis.text.views import Characters, arrays, share


class Known(NamedTuple):
    """1 for each code point that a list has; 2^21 entries."""

    table: np.ndarray


@measure(dtype="float64", range=(0, 1), null_where="blank")
def known_character_ratio(
    utf8: Texts, characters: Characters, *, histogram: str, stop: str | None = "]", most: int = 0
) -> np.ndarray:
    """Share of a text's characters that a histogram of characters lists; spaces always count.

    `histogram` is a file with a character at the start of each line, the commonest first, as those
    of NLLB and fairseq have it, up to the line that begins with `stop` (None: all lines; the
    published files end what is common so). `most` takes the first so many only. One of one's own:
    `collections.Counter` over texts of the language. More than 0.8 wanted in NLLB and in NeMo
    Curator's HistogramFilter, which downloads the lists, and counts white space around the text in
    the length but not among the known.
    """
    known = known_characters(stamped((histogram,), "histogram"), stop, most)
    counts = np.empty(len(utf8.valid), np.int64)
    kernel.alphabetic(*arrays(utf8), known.table, counts)
    return share(counts, characters.length)


@resource
def known_characters(file: Stamp, stop: str | None, most: int) -> Known:
    """The characters of a histogram's file."""
    table = np.zeros(1 << 21, np.uint8)
    found = 0
    for line in read(file[0][0]):
        if stop is not None and line.startswith(stop):
            break
        table[ord(line[0])] = 1
        found += 1
        if found == most:
            break
    if not found:
        raise SettingError(f"the histogram {file[0][0]!r} lists no characters before {stop!r}")
    table[[*range(9, 14), 0x20, 0xA0, 0x3000]] = 1
    return Known(table)
