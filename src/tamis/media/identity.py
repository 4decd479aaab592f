"""What a medium's bytes are: how many, and a hash of them."""

from __future__ import annotations

import pandas as pd

from tamis.media.decoded import each
from tamis.media.hashing import bytes_hash
from tamis.media.pointers import Media
from tamis.op import measure


@measure(dtype="Int64", range=(0, float("inf")), heavy=True)
def file_size(media: Media) -> pd.api.extensions.ExtensionArray:
    """How many bytes the file, or the member of an archive, has."""
    return pd.array(each(media, len), dtype="Int64")


@measure(dtype="string", heavy=True)
def file_hash(media: Media) -> list[str | None]:
    """A hash of the bytes, 128 bits in hexadecimal: equal for copies, `ExactDedup(on="file_hash")`.

    It is for finding copies, not for adversaries: two files with one hash can be made by design.
    """
    return [None if data is None else bytes_hash(data) for data in media]
