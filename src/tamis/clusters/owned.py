"""Clients that end the cluster that was started for them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

# glibc's own are 128 KiB and adaptive; the trim threshold that Dask's nanny sets switches that off,
# so that every decoded picture is mapped, faulted in page by page, and unmapped again.
FOR_MEDIA = dict.fromkeys(("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"), str(256 << 20))
NO_GPU = {"CUDA_VISIBLE_DEVICES": ""}


_LOST = "distributed.deploy.lost-worker-timeout"
PATIENCE = "300s"


def patient() -> None:
    """Let a worker whose process ended, for a card that failed say, be back within five minutes.

    After Dask's own 15 seconds a cluster of this machine gives up its place for good; a process
    that loads what a GPU needs may take longer than that. What the user has configured stays.
    """
    import dask
    import distributed  # noqa: F401  (which brings its defaults)

    if dask.config.get(_LOST, None) == _default(_LOST):
        dask.config.set({_LOST: PATIENCE})


def _default(name: str) -> Any:
    """What distributed itself has for a setting."""
    import dask

    return next(
        (found for one in dask.config.defaults
         if (found := dask.config.get(name, None, config=dict(one))) is not None), None,
    )  # fmt: skip


def client_of(cluster: Any) -> Any:
    """A client that is the one reason for this cluster: leaving its block ends both.

    Dask's own client leaves the cluster alone; jobs and pods would go on until Python ends.
    """
    from distributed import Client

    class Owner(Client):
        def __exit__(self, *why: Any) -> None:
            super().__exit__(*why)
            cluster.close()

    return Owner(cluster)


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
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
