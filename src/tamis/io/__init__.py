"""Readers and writers: files to lazy frames and back, every record accounted for.

Each is imported when first used: who reads Parquet does not wait for the parsers of JSON and CSV.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tamis.io.csv import read_csv
    from tamis.io.folders import write_csv, write_jsonl, write_parquet
    from tamis.io.huggingface import read_huggingface
    from tamis.io.interleaved import write_interleaved
    from tamis.io.jsonl import read_jsonl
    from tamis.io.memory import from_arrow, from_pandas
    from tamis.io.parquet import read_parquet
    from tamis.io.textfiles import read_text

_HOME = {
    "read_jsonl": "jsonl",
    "read_parquet": "parquet",
    "read_csv": "csv",
    "read_text": "textfiles",
    "read_huggingface": "huggingface",
    "from_pandas": "memory",
    "from_arrow": "memory",
    "write_parquet": "folders",
    "write_jsonl": "folders",
    "write_csv": "folders",
    "write_interleaved": "interleaved",
}

__all__ = [
    "from_arrow",
    "from_pandas",
    "read_csv",
    "read_huggingface",
    "read_jsonl",
    "read_parquet",
    "read_text",
    "write_csv",
    "write_interleaved",
    "write_jsonl",
    "write_parquet",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'tamis.io' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"tamis.io.{_HOME[name]}"), name)
    globals()[name] = value
    return value
