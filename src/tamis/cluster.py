"""A Dask cluster on this machine, made only when asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

# glibc's own are 128 KiB and adaptive; the trim threshold that Dask's nanny sets switches that off,
# so that every decoded picture is mapped, faulted in page by page, and unmapped again.
FOR_MEDIA = dict.fromkeys(("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"), str(256 << 20))


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

    `media=True` lets workers keep up to 256 MiB of freed memory instead of giving it back page by
    page, which makes decoding of images up to 2.8 times as fast (`docs/design/images.md`).

    In a script, call it under `if __name__ == "__main__":`, since workers import the script.
    """
    from distributed import Client, LocalCluster

    options: dict[str, Any] = {"dashboard_address": None, "threads_per_worker": threads}
    options |= {"memory_limit": memory} if memory is not None else {}
    with _environment(FOR_MEDIA) if media else nullcontext():
        cluster = LocalCluster(n_workers=workers, **(options | settings))
    return Client(cluster)


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Seen by workers from their first instruction, as glibc needs; gone here afterwards.

    Dask's own setting for it (`distributed.nanny.pre-spawn-environ`) yields to the environment, in
    which an earlier cluster of this process leaves its values.
    """
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
