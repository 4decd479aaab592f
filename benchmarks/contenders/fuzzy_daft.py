"""Daft: normalise, minhash, bands by chunk and explode, group-by, components by scipy."""

from __future__ import annotations

import daft
import numpy as np
import task
from daft import col

chosen = task.arguments()
bands, rows = (8, 8) if chosen.setting == "default" else (chosen.bands, chosen.rows)
hashes = 64 if chosen.setting == "default" else chosen.hashes

docs = daft.read_parquet(f"{chosen.input}/*.parquet")
normal = col("text").normalize(remove_punct=True, lowercase=True, white_space=True)
signed = docs.select(
    col("id").cast(daft.DataType.int64()),
    normal.minhash(num_hashes=hashes, ngram_size=5, seed=42, hash_function="xxhash").alias("sig"),
).collect()
ids = signed.select("id").to_arrow()["id"].to_numpy()
banded = (
    signed.with_column("key", col("sig").chunk(rows))
    .with_column("band", daft.lit(list(range(bands))))
    .explode("band", "key")
)
buckets = (
    banded.groupby("band", "key")
    .agg(col("id").list_agg().alias("ids"))
    .where(col("ids").list_count() > 1)
    .select("ids")
    .to_arrow()["ids"]
    .combine_chunks()
)
members = buckets.flatten().to_numpy()
sizes = np.diff(buckets.offsets.to_numpy())
first = np.repeat(members[np.cumsum(sizes) - sizes], sizes)
order = np.argsort(ids)
number = lambda which: order[np.searchsorted(ids, which, sorter=order)]  # noqa: E731
keep = task.first_of_components(len(ids), number(first), number(members))
kept = daft.from_pydict({"key": ids[keep]})
(
    docs.with_column("key", col("id").cast(daft.DataType.int64()))
    .join(kept, on="key", how="semi")
    .exclude("key")
    .write_parquet(chosen.output, compression="zstd")
)
