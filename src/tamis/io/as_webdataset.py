"""The rows that a run keeps as WebDataset archives, within the run's accounting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pandas as pd

from tamis.io.refit import fit_settings
from tamis.io.sample_rows import SampleRows
from tamis.io.store import Store
from tamis.io.tar_shards import WRITER, archives, checked, numbered, settled
from tamis.io.writers import Put


@dataclass(frozen=True)
class WebDataset:
    """Kept rows as tar archives: `pipeline.run(frame, out, format=tamis.WebDataset(samples=1000))`.

    Settings as those of `tamis.write_webdataset`. Beside each archive stands a Parquet file of its
    rows, with `path`, `offset` and `size`; `Run.kept()` and `tamis.read_manifest(out/kept)` read
    these. A row whose medium cannot be had goes to `dropped/` with `dropped_by` "write_webdataset".

    >>> WebDataset(samples=1000).samples
    1000
    """

    on: str = "path"
    samples: int = 10_000
    target_size: int | str = "1GB"
    resize: str = "no"
    size: int | None = None
    only_if_bigger: bool = False
    encode: str | None = None
    quality: int | None = None
    key: str | None = None
    text: Mapping[str, str] | Sequence[str] | None = None
    json: Sequence[str] | None = None
    checksum: bool = False
    source_options: Mapping[str, Any] = field(default_factory=dict)
    name: ClassVar[str] = WRITER
    format: ClassVar[str] = "webdataset"
    pointer: ClassVar[tuple[str, ...]] = ("path", "offset", "size")

    def __post_init__(self) -> None:
        checked(self.samples, self.target_size)
        self._fit()

    def check(self, meta: pd.DataFrame) -> None:
        """Raise `ColumnError` for columns that are not there, or cannot hold media."""
        self._rows(meta, "")

    def put(self, frame: pd.DataFrame, stem: str, store: Store) -> Put:
        """Archives `<stem>-<n>.tar` of at most `samples` samples, and their tables."""
        rows = self._rows(frame, stem)
        limit = checked(self.samples, self.target_size)
        files = archives(
            rows, stem, store, samples=self.samples, target_size=limit, checksum=self.checksum,
            told=False,
        )  # fmt: skip
        lost = {row: why[1] for row, why in enumerate(rows.why) if why is not None}
        return Put(files, lost)

    def _rows(self, frame: pd.DataFrame, stem: str) -> SampleRows:
        text, json = settled(frame, self.on, self.key, self.text, self.json)
        return SampleRows(
            frame, on=self.on, key=self.key, text=text, json=json, number=numbered(stem),
            writer=WRITER, raising=False, storage_options=self.source_options, fit=self._fit(),
        )  # fmt: skip

    def _fit(self) -> Any:
        return fit_settings(self.resize, self.size, self.only_if_bigger, self.encode, self.quality)
