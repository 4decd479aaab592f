"""tamis: the main job, filters and fuzzy deduplication, on threads or on a local cluster."""

from __future__ import annotations

import dask
import task

import tamis
from tamis import Filter, FuzzyDedup, Pipeline, text


def main() -> None:
    chosen = task.arguments()
    pipeline = Pipeline(
        [
            Filter(text.word_count, min=50, max=100_000),
            Filter(text.mean_word_length, min=3, max=10),
            Filter(text.top_ngram_ratio, n=2, max=0.2),
            Filter(text.duplicate_ngram_ratio, n=5, max=0.15),
            FuzzyDedup(ngram=5, hashes=chosen.hashes, bands=chosen.bands, rows=chosen.rows),
        ]
    )
    docs = tamis.read_parquet(task.files(chosen.input))
    if chosen.setting == "cluster":
        from distributed import Client, LocalCluster

        with (
            LocalCluster(
                n_workers=chosen.threads,
                threads_per_worker=1,
                memory_limit="2GB",
                dashboard_address=None,
            ) as cluster,
            Client(cluster),
        ):
            pipeline.run(docs, chosen.output)
        return
    with dask.config.set(scheduler="threads", num_workers=chosen.threads):
        pipeline.run(docs, chosen.output)


if __name__ == "__main__":
    main()
