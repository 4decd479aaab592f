"""A Dask cluster on this machine, made only when asked for."""

from __future__ import annotations

from typing import Any


def local_cluster(
    workers: int | None = None, threads: int = 1, memory: str | None = None, **settings: Any
) -> Any:
    """Start worker processes on this machine and make them the place where frames are computed.

    Returns the `distributed.Client`; use it as a context manager, or call `.shutdown()`. `workers`
    is by default one per core, `memory` ("2GiB") a limit per worker. The dashboard and all
    connections stay on the loopback interface. On one machine threads, Dask's default, are
    faster for all that ships with tamis; processes are for measures written in Python.

    In a script, call it under `if __name__ == "__main__":`, since workers import the script.
    """
    from distributed import Client, LocalCluster

    options: dict[str, Any] = {"dashboard_address": None, "threads_per_worker": threads}
    options |= {"memory_limit": memory} if memory is not None else {}
    cluster = LocalCluster(n_workers=workers, **(options | settings))
    return Client(cluster)
