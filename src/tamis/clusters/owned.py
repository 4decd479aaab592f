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
