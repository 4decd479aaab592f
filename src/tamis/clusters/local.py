"""A Dask cluster of processes on this machine."""

from __future__ import annotations

from typing import Any

from tamis.clusters import asked
from tamis.clusters.owned import FOR_MEDIA, NO_GPU, client_of, environment, patient


def local_cluster(
    workers: int | None = None,
    threads: int = 1,
    memory: str | None = None,
    *,
    media: bool = False,
    **settings: Any,
) -> Any:
    """Start worker processes on this machine and make them the place where frames are computed.

    Returns the `distributed.Client`; use it as a context manager, or call `.shutdown()`. `workers`
    is by default one per core, `memory` ("2GiB") a limit per worker. The dashboard and all
    connections stay on the loopback interface. On one machine threads, Dask's default, are
    faster for all that ships with tamis; processes are for measures written in Python.

    The workers see no GPU, of which each would want all: `tamis.cluster("cuda")` has a process for
    each of them.

    `media=True` lets workers keep up to 256 MiB of freed memory instead of giving it back page by
    page, which makes decoding of images up to 2.8 times as fast (`docs/design/images.md`).

    In a script, call it under `if __name__ == "__main__":`, since workers import the script.
    """
    from distributed import LocalCluster, Nanny, Worker

    patient()
    asked.check("cpu", workers=workers, threads=threads, memory=memory, media=media)
    asked.check_names("cpu", settings, LocalCluster, Nanny, Worker)
    options: dict[str, Any] = {"dashboard_address": None, "threads_per_worker": threads}
    options |= {"memory_limit": memory} if memory is not None else {}
    with environment(NO_GPU | (FOR_MEDIA if media else {})):
        cluster = LocalCluster(n_workers=workers, **(options | settings))
    return client_of(cluster)
