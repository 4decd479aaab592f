"""Dask's own drop_duplicates: threads with the tasks shuffle, or two processes with P2P."""

from __future__ import annotations

import dask
import dask.dataframe as dd
import task

WRITE = {"compression": "zstd", "write_index": False}


def main() -> None:
    chosen = task.arguments()
    frame = dd.read_parquet(
        f"{chosen.input}/*.parquet", split_row_groups=1, dtype_backend="pyarrow"
    )
    if chosen.setting == "processes":
        from distributed import Client, LocalCluster

        with (
            LocalCluster(
                n_workers=chosen.threads, threads_per_worker=1, dashboard_address=None
            ) as cluster,
            Client(cluster),
        ):
            frame.drop_duplicates(subset="text", split_out=frame.npartitions).to_parquet(
                chosen.output, **WRITE
            )
        return
    with dask.config.set(scheduler="threads", num_workers=chosen.threads):
        kept = frame.drop_duplicates(
            subset="text", split_out=frame.npartitions, shuffle_method="tasks"
        )
        kept.to_parquet(chosen.output, **WRITE)


if __name__ == "__main__":
    main()
