"""Dask clusters, made only when asked for: of this machine, its GPUs, Slurm, Kubernetes."""

from __future__ import annotations

import logging
import os
from typing import Any

from tamis.accelerator import accelerators
from tamis.clusters import asked, cuda, kubernetes, slurm
from tamis.clusters.local import local_cluster
from tamis.errors import SettingError

KINDS = ("cpu", "cuda", "auto", "slurm", "kubernetes")

log = logging.getLogger(__name__)

__all__ = ["KINDS", "check_kind", "cluster", "local_cluster"]


def cluster(
    kind: str = "cpu",
    workers: int | None = None,
    threads: int | None = None,
    memory: str | None = None,
    *,
    gpus: int | str | None = None,
    device_memory: float | str | None = None,
    pool: float | str = 0.3,
    spill: bool = True,
    media: bool | None = None,
    **settings: Any,
) -> Any:
    """Start a cluster, or connect to one, and make it the place where frames are computed.

    `kind`:

    - "cpu": `workers` processes on this machine, one per core unless told; they see no GPU.
    - "cuda": a process for each GPU of this machine (dask-cuda), each with its share of the cores
      as threads, so that decoding keeps up.
    - "auto": "cuda" where CUDA's driver names a device, else "cpu"; the log says which.
    - "slurm": jobs that Slurm starts (dask-jobqueue). `queue`, `account`, `walltime` and all else
      that `SLURMCluster` takes are `settings`, or stand in Dask's `jobqueue.yaml`.
    - "kubernetes": pods of Dask's operator (dask-kubernetes). `image` is needed; `namespace`,
      `name`, `env` and all else that `KubeCluster` takes are `settings`.
    - the address of a scheduler ("tcp://host:8786"), or its file ("scheduler.json"): one that runs.

    `threads` and `memory` ("16GiB") are those of one worker. `gpus` is which devices to take
    ("0,2", or how many) on this machine, and how many a Slurm job or a pod asks for.

    On GPUs: `device_memory` (a share, or "60GB") is what Dask's own data may take before it moves
    to the host's memory, 0.8 by default; `spill` lets cuDF move out of a full device what it does
    not need at the moment; RMM allocates asynchronously, and gives back what it does not use beyond
    `pool` of the device, so that models find room beside frames. Workers talk by UCX where
    distributed-ucxx is installed and there is more than one.

    `media` lets workers keep freed memory, for decoding (`local_cluster`); by default on GPUs.

    Returns the `distributed.Client`. As a context manager it ends what it has started.
    """
    check_kind(kind)
    asked.check(kind, workers=workers, threads=threads, memory=memory, spill=spill, media=media,
                device_memory=device_memory, pool=pool)  # fmt: skip
    if kind == "auto":
        kind = "cuda" if accelerators().devices else "cpu"
        found = accelerators()
        told = f"{len(found.devices)} GPUs" if found.devices else f"no GPU: {found.why}"
        log.info("kind='auto' is %r here: %s", kind, told)
    on_card: dict[str, Any] = {"device_memory": device_memory, "pool": pool, "spill": spill}
    if kind == "cpu":
        if gpus is not None:
            raise SettingError("gpus=…: a cluster of kind 'cpu' has none; use 'cuda'")
        return local_cluster(workers, threads or 1, memory, media=bool(media), **settings)
    if kind == "cuda":
        media = media is None or media
        return cuda.start(workers, threads, memory, gpus, media, **on_card, **settings)
    if kind == "slurm":
        return slurm.start(workers, threads, memory, gpus, bool(media), **on_card, **settings)
    if kind == "kubernetes":
        return kubernetes.start(workers, threads, memory, gpus, bool(media), **on_card, **settings)
    sizes = {"workers": workers, "threads": threads, "memory": memory, "gpus": gpus}
    given = [name for name, value in sizes.items() if value is not None]
    if given:
        raise SettingError(f"{given[0]}=…: the cluster at {kind} runs already, as it is")
    return connect(kind, **settings)


def check_kind(kind: str) -> None:
    """Refuse what is no kind of cluster and no address."""
    if not isinstance(kind, str) or not (kind in KINDS or ":" in kind or kind.endswith(".json")):
        raise SettingError(
            f"kind={kind!r} is none of {', '.join(map(repr, KINDS))}, nor a scheduler's address "
            "('tcp://host:8786') or file ('scheduler.json')"
        )


def connect(place: str, **settings: Any) -> Any:
    """A client of the scheduler at an address, or whose address is in a file."""
    from distributed import Client

    asked.check_names(place, settings, Client)
    settings = {"timeout": 10} | settings
    if place.endswith(".json"):
        if not os.path.isfile(place):  # Dask would wait for it without an end
            raise SettingError(
                f"no file {place}: a scheduler started with --scheduler-file has one"
            )
        settings["scheduler_file"] = place
    else:
        settings["address"] = place
    try:
        return Client(**settings)
    except (OSError, ValueError) as error:
        raise SettingError(f"no Dask scheduler at {place}: {error}") from error
