"""datatrove: its four MinHash stages on one machine, two workers; words as it ships them."""

from __future__ import annotations

import task
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupBuckets
from datatrove.pipeline.readers import ParquetReader
from datatrove.pipeline.writers import ParquetWriter
from datatrove.utils.hashing import HashConfig


def main() -> None:
    chosen = task.arguments()
    default = chosen.setting == "default"
    config = MinhashConfig(
        hash_config=HashConfig(precision=64),
        num_buckets=14 if default else chosen.bands,
        hashes_per_bucket=8 if default else chosen.rows,
        n_grams=5,
    )
    work, tasks = f"{chosen.output}/work", chosen.threads

    def reader() -> ParquetReader:
        return ParquetReader(chosen.input, glob_pattern="*.parquet", text_key="text", id_key="id")

    def run(pipeline: list, count: int, name: str) -> None:
        LocalPipelineExecutor(
            pipeline, tasks=count, workers=chosen.threads, logging_dir=f"{work}/logs/{name}"
        ).run()

    run([reader(), MinhashDedupSignature(f"{work}/sig", config=config)], tasks, "signature")
    run(
        [MinhashDedupBuckets(f"{work}/sig", f"{work}/buckets", config=config)],
        config.num_buckets,
        "buckets",
    )
    run([MinhashDedupCluster(f"{work}/buckets", f"{work}/remove", config=config)], 1, "cluster")
    run(
        [reader(), MinhashDedupFilter(f"{work}/remove"), ParquetWriter(f"{chosen.output}/kept")],
        tasks,
        "filter",
    )


if __name__ == "__main__":
    main()
