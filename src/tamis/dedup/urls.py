"""Deduplication by address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tamis.dedup.exact import ExactDedup
from tamis.dedup.step import required
from tamis.errors import SettingError
from tamis.frame import strings
from tamis.text.edits_url import TRACKING, normalize_url


@dataclass(frozen=True)
class UrlDedup(ExactDedup):
    """Keep one record of all whose address leads to the same page.

    Addresses are compared as `text.normalize_url` writes them, and its settings are those of this
    step; the column is left as it is. A record with no address, null or blank, duplicates nothing.
    `keep` says which record stays, as for `ExactDedup`: `"best:fetched"` keeps the latest.

    >>> pages = pd.DataFrame({"id": ["a", "b"], "url": ["http://www.x.org/a/", "https://x.org/a#b"]})
    >>> UrlDedup()(pages).id.tolist()
    ['a']
    """

    on: str | tuple[str, ...] = "url"
    keep: str = "first"
    name: str = "url_dedup"
    https: bool = True
    www: bool = False
    fragment: bool = False
    trailing_slash: bool = False
    sort_query: bool = True
    remove: tuple[str, ...] = TRACKING
    kind: ClassVar[str] = "url"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.on, str):
            raise SettingError(f"on={self.on!r} is not the name of a column")
        if self.policy.kind == "longest":
            raise SettingError(
                "keep='longest' would be the longest address; measure the text and use "
                "keep='best:<column>'"
            )
        self._put(**normalize_url.check(self.rewriting))

    @property
    def rewriting(self) -> dict[str, Any]:
        """The settings of `text.normalize_url`."""
        return {name: getattr(self, name) for name in normalize_url.settings}

    def sketch(self, frame: pd.DataFrame) -> pa.Table:
        """That of `ExactDedup` for the addresses as `text.normalize_url` writes them."""
        required(frame, self.columns(), self.name)
        (column,) = self.columns()
        written = pa.array(normalize_url(frame[column], **self.rewriting), from_pandas=True)
        written = pc.if_else(pc.equal(written, ""), None, written)
        return super().sketch(frame.assign(**{column: strings(written, frame.index)}))

    def reason(self, duplicate_of: str, similarity: float) -> str:
        return f"dedup.url: same address as {duplicate_of}"
