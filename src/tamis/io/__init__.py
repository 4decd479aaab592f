"""Readers and writers: files to lazy frames and back, every record accounted for.

Each is imported when first used: who reads Parquet does not wait for the parsers of JSON and CSV.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tamis.io.arxiv import read_arxiv
    from tamis.io.as_webdataset import WebDataset
    from tamis.io.bitext import read_bitext
    from tamis.io.clip_folders import write_clips
    from tamis.io.clips import Clips
    from tamis.io.crawl_lists import common_crawl
    from tamis.io.csv import read_csv
    from tamis.io.dataset_rows import write_dataset
    from tamis.io.folders import write_csv, write_jsonl, write_parquet
    from tamis.io.htmlfiles import read_html
    from tamis.io.huggingface import read_huggingface
    from tamis.io.interleaved import write_interleaved
    from tamis.io.jsonl import read_jsonl
    from tamis.io.lance import read_lance, write_lance
    from tamis.io.lhotse import read_lhotse
    from tamis.io.lhotse_writing import write_lhotse
    from tamis.io.manifests import read_manifest
    from tamis.io.media_files import read_files
    from tamis.io.media_folders import write_files
    from tamis.io.media_parquet import write_huggingface
    from tamis.io.megatron import write_megatron
    from tamis.io.memory import from_arrow, from_pandas
    from tamis.io.nemo import read_nemo
    from tamis.io.nemo_writing import write_nemo
    from tamis.io.packed import write_packed
    from tamis.io.parquet import read_parquet
    from tamis.io.pdf import read_pdf
    from tamis.io.sources import read_source
    from tamis.io.tar_shards import write_webdataset
    from tamis.io.textfiles import read_text
    from tamis.io.warc import read_warc
    from tamis.io.warc_records import read_warc_records
    from tamis.io.webdataset import read_webdataset
    from tamis.io.wikipedia import read_wikipedia

_HOME = {
    "WebDataset": "as_webdataset",
    "Clips": "clips",
    "read_jsonl": "jsonl",
    "read_lance": "lance",
    "write_lance": "lance",
    "read_parquet": "parquet",
    "read_csv": "csv",
    "read_bitext": "bitext",
    "read_text": "textfiles",
    "read_huggingface": "huggingface",
    "read_webdataset": "webdataset",
    "common_crawl": "crawl_lists",
    "read_html": "htmlfiles",
    "read_warc": "warc",
    "read_warc_records": "warc_records",
    "read_wikipedia": "wikipedia",
    "read_arxiv": "arxiv",
    "read_pdf": "pdf",
    "read_source": "sources",
    "read_files": "media_files",
    "read_manifest": "manifests",
    "read_nemo": "nemo",
    "read_lhotse": "lhotse",
    "from_pandas": "memory",
    "from_arrow": "memory",
    "write_parquet": "folders",
    "write_jsonl": "folders",
    "write_clips": "clip_folders",
    "write_csv": "folders",
    "write_dataset": "dataset_rows",
    "write_webdataset": "tar_shards",
    "write_files": "media_folders",
    "write_nemo": "nemo_writing",
    "write_lhotse": "lhotse_writing",
    "write_huggingface": "media_parquet",
    "write_interleaved": "interleaved",
    "write_megatron": "megatron",
    "write_packed": "packed",
}

__all__ = [
    "Clips",
    "WebDataset",
    "common_crawl",
    "from_arrow",
    "from_pandas",
    "read_arxiv",
    "read_bitext",
    "read_csv",
    "read_files",
    "read_html",
    "read_huggingface",
    "read_jsonl",
    "read_lance",
    "read_lhotse",
    "read_manifest",
    "read_nemo",
    "read_parquet",
    "read_pdf",
    "read_source",
    "read_text",
    "read_warc",
    "read_warc_records",
    "read_webdataset",
    "read_wikipedia",
    "write_clips",
    "write_csv",
    "write_dataset",
    "write_files",
    "write_huggingface",
    "write_interleaved",
    "write_jsonl",
    "write_lance",
    "write_lhotse",
    "write_megatron",
    "write_nemo",
    "write_packed",
    "write_parquet",
    "write_webdataset",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'tamis.io' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"tamis.io.{_HOME[name]}"), name)
    globals()[name] = value
    return value
