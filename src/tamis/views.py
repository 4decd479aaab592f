"""Views that every modality can use."""

from __future__ import annotations

import pandas as pd

from tamis.frame import Texts, text_buffers
from tamis.op import view


@view
def utf8(text: pd.Series) -> Texts:
    """The UTF-8 bytes and offsets of a text column, uncopied."""
    return text_buffers(text)
