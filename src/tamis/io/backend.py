"""Frames of the library that Dask's `dataframe.backend` names: "pandas", or "cudf" on a GPU.

Files are read by the processor. Where cuDF is wanted each partition is then copied to the card.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable
from typing import Any

from tamis.accelerator import accelerators
from tamis.errors import MissingPackageError, SettingError
from tamis.frame import library

READERS = frozenset({
    "read_jsonl", "read_lance", "read_parquet", "read_csv", "read_bitext", "read_text",
    "read_huggingface", "common_crawl", "read_html", "read_warc", "read_wikipedia", "read_arxiv",
    "read_pdf", "read_source", "from_pandas", "from_arrow",
})  # fmt: skip
"""Those that read text; rows that point to media stay pandas'."""


def on_backend(reader: Callable[..., Any]) -> Callable[..., Any]:
    """A reader that gives frames of the backend that is set when it is called."""

    @functools.wraps(reader)
    def read(*args: Any, **settings: Any) -> Any:
        return moved(reader(*args, **settings))

    return read


def moved(frame: Any) -> Any:
    """A Dask frame of pandas partitions as one of the backend that is set.

    Raises `SettingError` where that is cuDF and there is no GPU, `MissingPackageError` where
    dask-cudf is not installed.
    """
    import dask

    if dask.config.get("dataframe.backend", "pandas") != "cudf":
        return frame
    if library(frame) != "dask" or library(frame._meta) == "cudf":
        return frame
    found = accelerators()
    if not found.devices:
        raise SettingError(
            f"Dask's dataframe.backend is 'cudf', and there is no GPU: {found.why}; "
            "dask.config.set({'dataframe.backend': 'pandas'}) reads without"
        )
    if importlib.util.find_spec("dask_cudf") is None:
        raise MissingPackageError(
            "Dask's dataframe.backend is 'cudf', and dask-cudf is not installed: "
            "pip install 'tamis[gpu]'"
        )
    return frame.to_backend("cudf")
