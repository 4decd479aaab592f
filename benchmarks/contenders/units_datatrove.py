"""datatrove: its three stages of sentence deduplication, two workers; settings as it ships them."""

from __future__ import annotations

import task
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import (
    SentenceDedupFilter,
    SentenceDedupSignature,
    SentenceFindDedups,
)
from datatrove.pipeline.dedup.sentence_dedup import SentDedupConfig
from datatrove.pipeline.readers import ParquetReader
from datatrove.pipeline.writers import ParquetWriter
from datatrove.utils.hashing import HashConfig


def main() -> None:
    chosen = task.arguments()
    config = SentDedupConfig(
        hash_config=HashConfig(precision=64),
        only_dedup_in_index=False,
        min_doc_words=0,
        min_num_sentences=0,
    )
    work, tasks = f"{chosen.output}/work", chosen.threads

    def reader() -> ParquetReader:
        return ParquetReader(chosen.input, glob_pattern="*.parquet", text_key="text", id_key="id")

    def run(pipeline: list, count: int, name: str) -> None:
        LocalPipelineExecutor(
            pipeline, tasks=count, workers=chosen.threads, logging_dir=f"{work}/logs/{name}"
        ).run()

    run([reader(), SentenceDedupSignature(f"{work}/sig", config=config)], tasks, "signature")
    run([SentenceFindDedups(f"{work}/sig", f"{work}/dups", config=config)], 1, "find")
    run(
        [
            reader(),
            SentenceDedupFilter(f"{work}/dups", config=config),
            ParquetWriter(f"{chosen.output}/kept"),
        ],
        tasks,
        "filter",
    )


if __name__ == "__main__":
    main()
