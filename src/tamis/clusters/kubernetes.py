"""Workers in pods of Kubernetes, by the operator of dask-kubernetes."""

from __future__ import annotations

import uuid
from typing import Any

from tamis.clusters.asked import check_names
from tamis.clusters.cuda import on_card, worker_options
from tamis.clusters.owned import FOR_MEDIA, client_of
from tamis.clusters.slurm import count
from tamis.errors import MissingPackageError, SettingError

GPU = "nvidia.com/gpu"


def start(
    workers: int | None, threads: int | None, memory: str | None, gpus: int | str | None,
    media: bool, *, image: str | None = None, **settings: Any,
) -> Any:  # fmt: skip
    """The client of a new `dask_kubernetes.operator.KubeCluster`."""
    if image is None:
        raise SettingError("image=…: which container image has tamis and all that the steps need?")
    try:
        from dask_kubernetes.operator import KubeCluster
    except ImportError as error:
        raise MissingPackageError(
            f"pods of Kubernetes need dask-kubernetes: pip install 'tamis[kubernetes]' ({error})"
        ) from error
    own = ("device_memory", "pool", "spill", "name", "env")
    asked = {name: settings.pop(name) for name in own if name in settings}
    check_names("kubernetes", settings, KubeCluster)
    spec = spec_of(workers, threads, memory, gpus, media, image=image, **asked)
    return client_of(KubeCluster(custom_cluster_spec=spec, **settings))


def spec_of(
    workers: int | None, threads: int | None, memory: str | None, gpus: int | str | None,
    media: bool, *, image: str, device_memory: float | str | None, pool: float | str, spill: bool,
    name: str | None = None, env: dict[str, str] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The resource that the operator is given. A pod is one worker; with GPUs, one for each.

    Only workers ask for GPUs. What they are given of cores and memory they ask for, too, so that a
    pod is not ended for what another takes.
    """
    from dask.utils import parse_bytes
    from dask_kubernetes.operator import make_cluster_spec

    each = count(gpus)
    command = ["dask", "cuda", "worker"] if each else ["dask", "worker"]
    amounts: dict[str, str] = {}
    if threads is not None:
        command += ["--nthreads", str(threads)]
        amounts["cpu"] = str(threads * max(1, each))
    if memory is not None:
        command += ["--memory-limit", str(parse_bytes(memory))]
        amounts["memory"] = str(parse_bytes(memory) * max(1, each))
    if each:
        command += worker_options(on_card(device_memory, pool, spill))
    spec: dict[str, Any] = make_cluster_spec(
        name=name or f"tamis-{uuid.uuid4().hex[:10]}", image=image, n_workers=workers or 1,
        env=(FOR_MEDIA if media else {}) | (env or {}), worker_command=command,
        resources={"requests": dict(amounts), "limits": dict(amounts)},
    )  # fmt: skip
    if each:
        container = spec["spec"]["worker"]["spec"]["containers"][0]
        container["resources"] = {
            kind: amounts | {GPU: str(each)} for kind in ("requests", "limits")
        }
    return spec
