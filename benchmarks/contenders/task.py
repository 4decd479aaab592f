"""What all contenders share: the command line, reading and writing rows, components. Only pyarrow
and, where edges are linked, scipy; a peer that brings its own reader or writer uses that."""

from __future__ import annotations

import argparse
import glob
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--input", required=True, help="folder of Parquet files: id, text, source")
    parser.add_argument("--output", required=True, help="folder for kept rows, as Parquet")
    parser.add_argument("--hashes", type=int, default=128)
    parser.add_argument("--bands", type=int, default=16)
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--setting", default="eq")
    chosen = parser.parse_args()
    Path(chosen.output).mkdir(parents=True, exist_ok=True)
    return chosen


def files(folder: str) -> list[str]:
    return sorted(glob.glob(f"{folder}/*.parquet"))


def texts(folder: str) -> Iterable[tuple[str, str]]:
    """(id, text) of every row, in order, one row group in memory at a time."""
    for file in files(folder):
        parquet = pq.ParquetFile(file)
        for group in range(parquet.num_row_groups):
            table = parquet.read_row_group(group, columns=["id", "text"])
            yield from zip(table["id"].to_pylist(), table["text"].to_pylist(), strict=True)


def write_kept(folder: str, output: str, kept: Iterable[str]) -> None:
    """Second pass: the rows whose id is in `kept`, one row group in memory at a time."""
    wanted = pa.array(sorted(kept), pa.string())
    schema = pq.read_schema(files(folder)[0])
    with pq.ParquetWriter(f"{output}/kept.parquet", schema, compression="zstd") as out:
        for file in files(folder):
            parquet = pq.ParquetFile(file)
            for group in range(parquet.num_row_groups):
                table = parquet.read_row_group(group)
                out.write_table(table.filter(pc.is_in(table["id"], wanted)))


def first_of_components(count: int, left: list[int], right: list[int]) -> list[int]:
    """Row numbers to keep: the first of every connected component."""
    import numpy as np
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = (np.ones(len(left), dtype=np.int8), (left, right))
    _, label = connected_components(coo_array(edges, shape=(count, count)), directed=False)
    return np.unique(label, return_index=True)[1].tolist()
