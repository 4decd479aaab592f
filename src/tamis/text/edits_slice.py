"""The part of a text between two positions or two strings."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from tamis.frame import strings
from tamis.kernels.unicode import SPACES
from tamis.op import edit
from tamis.text.editing import arrow, rewritten

_SPACE = "".join(map(chr, SPACES))


@edit()
def slice(
    text: pd.Series,
    *,
    left: int | str = 0,
    right: int | str | None = None,
    include_left: bool = True,
    include_right: bool = True,
    strip: bool = True,
) -> pd.Series:
    """Keep what lies between `left` and `right`, each a position in characters or a string.

    A string on the left is looked for from the front, one on the right from the back; `include_*`
    says whether it stays. Where a string is missing the text becomes empty. `strip` takes white
    space off both ends. Source: NeMo Curator, Slicer.

    >>> slice("Title. ABSTRACT We show. REFERENCES [1]", left="ABSTRACT", right="REFERENCES",
    ...       include_left=False, include_right=False)
    'We show.'
    """
    if not isinstance(left, str) and not isinstance(right, str):
        part = pc.utf8_slice_codeunits(arrow(text), left, right)
        return strings(pc.utf8_trim(part, _SPACE) if strip else part, text.index, text.name)

    def between(value: str) -> str:
        first: int | None = left if isinstance(left, int) else value.find(left)
        last = right if not isinstance(right, str) else value.rfind(right)
        if (isinstance(left, str) and first == -1) or (isinstance(right, str) and last == -1):
            return ""
        if isinstance(left, str) and first is not None and not include_left:
            first += len(left)
        if isinstance(right, str) and last is not None and include_right:
            last += len(right)
        part = value[first:last]
        return part.strip() if strip else part

    return rewritten(text, np.ones(len(text), bool), between)
