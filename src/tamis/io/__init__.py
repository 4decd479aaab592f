"""Readers and writers: files to lazy frames and back, every record accounted for."""

from tamis.io.csv import read_csv
from tamis.io.folders import write_csv, write_jsonl, write_parquet
from tamis.io.huggingface import read_huggingface
from tamis.io.jsonl import read_jsonl
from tamis.io.memory import from_arrow, from_pandas
from tamis.io.parquet import read_parquet
from tamis.io.textfiles import read_text

__all__ = [
    "from_arrow",
    "from_pandas",
    "read_csv",
    "read_huggingface",
    "read_jsonl",
    "read_parquet",
    "read_text",
    "write_csv",
    "write_jsonl",
    "write_parquet",
]
