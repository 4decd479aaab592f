"""Guards against wipe-outs: what a deduplication may drop before somebody should look.

A published run kept 2 of 859,092 records of a source and nobody was told. Here such a result stops
the run with figures; what is decided stands, and the run goes on from there once it is allowed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tamis.errors import DataError, SettingError
from tamis.frame import text_buffers
from tamis.kernels.content import hash_texts
from tamis.kernels.links import first_equal

JUDGED_FROM = 1000  # records of a source before its survivors are judged
ALL = "all records"  # the source of records that name none
Tally = Mapping[str, tuple[int, int]]  # source: records, and how many of them go
Self = TypeVar("Self", bound="Guarded")


@dataclass(frozen=True, kw_only=True)
class Guarded:
    """The two guards as settings of every deduplication.

    `max_cluster` is how many records one record may replace (None: any number). `min_survivors` is
    the share of a source's records that must stay, judged for sources of 1,000 records or more; 0
    allows a source that goes altogether, such as a mirror. A record's source is its column
    `source`, if there is one of text, else the part of its id before the last colon (the file it
    was read from), else there is one source.
    """

    max_cluster: int | None = 1_000_000
    min_survivors: float = 0.01

    def check_guards(self) -> None:
        """Raise `SettingError` for guards that cannot be meant."""
        most, share = self.max_cluster, self.min_survivors
        if most is not None and (isinstance(most, bool) or not isinstance(most, int) or most < 1):
            raise SettingError(f"max_cluster={most!r} is not a whole number from 1, or None")
        number = isinstance(share, int | float) and not isinstance(share, bool)
        if not number or not 0 <= share <= 1:
            raise SettingError(f"min_survivors={share!r} is not a share between 0 and 1")

    def unguarded(self: Self) -> Self:
        """The same work with no guard: what its outcome depends on."""
        return dataclasses.replace(self, max_cluster=None, min_survivors=0.0)

    def judge_cluster(self, name: str, largest: tuple[str, int] | list[Any]) -> None:
        """Raise `DataError` if the largest cluster drops more than is allowed."""
        kept, dropped = largest
        if self.max_cluster is not None and dropped > self.max_cluster:
            raise DataError(
                f"{name}: {dropped:,} records would go as duplicates of {kept!r} alone, more than "
                f"max_cluster={self.max_cluster:,}; look at that record, then pass a larger "
                "max_cluster (None for no limit) to allow it"
            )

    def may_wipe_out(self, dropped: int) -> bool:
        """Whether a source can have lost too much, when so many records go in all."""
        return self.min_survivors > 0 and dropped > (1 - self.min_survivors) * JUDGED_FROM

    def judge_sources(self, name: str, tallies: Iterable[Tally]) -> None:
        """Raise `DataError` if too little is left of a source, over the tallies of partitions."""
        total: dict[str, list[int]] = {}
        for tally in tallies:
            for source, (rows, gone) in tally.items():
                counts = total.setdefault(source, [0, 0])
                counts[0] += rows
                counts[1] += gone
        bad = [
            (rows - gone, rows, source)
            for source, (rows, gone) in total.items()
            if rows >= JUDGED_FROM and rows - gone < self.min_survivors * rows
        ]
        if not bad:
            return
        bad.sort(key=lambda entry: (entry[0] / entry[1], -entry[1], entry[2]))
        left, rows, source = bad[0]
        more = f" (and {len(bad) - 1} more sources like it)" if len(bad) > 1 else ""
        what = "in all" if source == ALL else f"of the source {source!r}"
        raise DataError(
            f"{name}: {left:,} of {rows:,} records {what} would be left{more}, less than "
            f"min_survivors={self.min_survivors:g}; look at what they duplicate, then pass a "
            "smaller min_survivors (0 where a whole source may go, as a mirror does) to allow it"
        )


def largest_cluster(verdicts: pa.Table) -> tuple[str, int]:
    """The id of the record that most others go for, and how many; ("", 0) where none go."""
    cluster = verdicts["cluster"].filter(pc.invert(verdicts["keep"]))
    count = len(cluster)
    if not count:
        return "", 0
    texts = text_buffers(cluster)
    low, high = np.empty((2, count), np.uint64)
    hash_texts(texts.data, texts.offsets, low, high)
    first = np.empty(count, np.int32)
    table = np.empty(1 << (2 * count + 1).bit_length(), np.int32)
    first_equal(low, high, np.ones(count, np.bool_), table, first)
    sizes = np.bincount(first)
    where = int(sizes.argmax())
    return cluster[where].as_py(), int(sizes[where])


def origins(frame: pd.DataFrame) -> pa.Table:
    """What tells the sources of a partition's records: `id`, and `source` where that is text."""
    made = {"id": pa.array(frame["id"], from_pandas=True).cast(pa.large_string())}
    if "source" in frame.columns and pd.api.types.is_string_dtype(frame["source"].dtype):
        texts = pa.array(frame["source"], from_pandas=True).cast(pa.large_string())
        made["source"] = texts.dictionary_encode()
    return pa.table(made)


def tally(sketch: pa.Table, gone: np.ndarray) -> Tally:
    """Records per source of a partition, and how many of them go; `gone` are their positions."""
    if "source" in sketch.schema.names:
        sources = sketch["source"].cast(pa.large_string())
        sources = pc.coalesce(sources, _files(sketch["id"]))
    else:
        sources = _files(sketch["id"])
    rows = _counts(sources)
    dropped = _counts(sources.take(pa.array(gone)))
    return {source: (count, dropped.get(source, 0)) for source, count in rows.items()}


def _files(ids: pa.ChunkedArray) -> pa.ChunkedArray:
    """The part of each id before its last colon."""
    found = pc.extract_regex(ids.cast(pa.large_string()), r"(?s)^(?P<file>.*):[^:]*$")
    return pc.fill_null(pc.struct_field(found, "file"), ALL)


def _counts(sources: pa.ChunkedArray) -> dict[str, int]:
    counted = pc.value_counts(sources.combine_chunks())
    return dict(
        zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True)
    )
