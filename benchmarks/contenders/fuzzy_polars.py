"""Polars, a recipe of ours in expressions: words, hashed 5-grams, minima of multiply-add hashes."""

from __future__ import annotations

import numpy as np
import polars as pl
import task

chosen = task.arguments()
chance = np.random.default_rng(42)
factors = chance.integers(1, 2**63, chosen.hashes, dtype=np.uint64) | np.uint64(1)
shifts = chance.integers(0, 2**63, chosen.hashes, dtype=np.uint64)


def signatures(batch: pl.DataFrame) -> pl.DataFrame:
    """One row per document with `hashes` columns of minima."""
    words = batch.lazy().select(
        "row", pl.col("text").str.to_lowercase().str.extract_all(r"\w+").alias("word")
    )
    grams = (
        words.explode("word")
        .with_columns(pl.col("word").hash(1))
        .with_columns(
            gram=sum(
                pl.col("word").shift(-k) * pl.lit(int(f), pl.UInt64)
                for k, f in enumerate([0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB,
                                       0xD6E8FEB86659FD93, 0xA0761D6478BD642F])
            ),
            inside=pl.col("row") == pl.col("row").shift(-4),
        )
        .filter("inside")
        .select("row", "gram")
    )  # fmt: skip
    return (
        grams.group_by("row")
        .agg(
            ((pl.col("gram") * pl.lit(int(f), pl.UInt64) + pl.lit(int(s), pl.UInt64)).min()).alias(
                f"h{i}"
            )
            for i, (f, s) in enumerate(zip(factors, shifts, strict=True))
        )
        .collect()
    )


edges, ids, count = [], [], 0
keys = []
for file in task.files(chosen.input):
    frame = pl.read_parquet(file, columns=["id", "text"]).with_row_index("row", count)
    ids.append(frame["id"])
    count += len(frame)
    for batch in frame.iter_slices(2_000):
        signed = signatures(batch)
        keys.append(
            signed.select(
                "row",
                *(
                    pl.struct([f"h{b * chosen.rows + r}" for r in range(chosen.rows)])
                    .hash()
                    .alias(f"b{b}")
                    for b in range(chosen.bands)
                ),
            )
        )
keyed = pl.concat(keys)
for b in range(chosen.bands):
    pairs = keyed.select("row", first=pl.col("row").min().over(f"b{b}"))
    edges.append(pairs.filter(pl.col("row") != pl.col("first")))
linked = pl.concat(edges)
keep = task.first_of_components(count, linked["row"].to_numpy(), linked["first"].to_numpy())
wanted = pl.concat(ids).gather(keep).implode()
(
    pl.scan_parquet(f"{chosen.input}/*.parquet")
    .filter(pl.col("id").is_in(wanted))
    .sink_parquet(f"{chosen.output}/kept.parquet", compression="zstd")
)
