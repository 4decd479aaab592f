"""Readers and writers: files to lazy frames and back, every record accounted for."""

from tamis.io.jsonl import read_jsonl
from tamis.io.parquet import read_parquet

__all__ = ["read_jsonl", "read_parquet"]
