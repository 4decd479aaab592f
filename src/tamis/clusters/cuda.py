"""A process for each GPU of this machine, by dask-cuda."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from typing import Any

from tamis.accelerator import Accelerators, accelerators
from tamis.clusters.asked import OURS, check_names
from tamis.clusters.owned import FOR_MEDIA, client_of, environment, patient
from tamis.errors import MissingPackageError, SettingError

_BY = {"enable_cudf_spill": "cudf", "rmm_async": "rmm", "rmm_release_threshold": "rmm"}


def start(
    workers: int | None, threads: int | None, memory: str | None, gpus: int | str | None,
    media: bool, **settings: Any,
) -> Any:  # fmt: skip
    """The client of a new `dask_cuda.LocalCUDACluster`."""
    found = accelerators()
    if not found.devices:
        raise SettingError(f"no GPU: {found.why}; kind='auto' takes what is there")
    from distributed import Nanny, Worker

    try:
        from dask_cuda import LocalCUDACluster
    except ImportError as error:
        raise MissingPackageError(
            f"a process for each GPU needs dask-cuda: pip install 'tamis[gpu]' ({error})"
        ) from error
    check_names("cuda", {k: v for k, v in settings.items() if k not in OURS}, LocalCUDACluster,
                Nanny, Worker)  # fmt: skip
    options = settings_of(found, workers, threads, memory, gpus, **settings)
    patient()
    with environment(FOR_MEDIA if media else {}):
        cluster = LocalCUDACluster(**options)
    return client_of(cluster)


def settings_of(
    found: Accelerators, workers: int | None, threads: int | None, memory: str | None,
    gpus: int | str | None, *, device_memory: float | str | None, pool: float | str, spill: bool,
    **settings: Any,
) -> dict[str, Any]:  # fmt: skip
    """What `LocalCUDACluster` is given."""
    which = _devices(gpus, workers, len(found.devices))
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = visible.split(",") if visible else [str(k) for k in range(len(found.devices))]
    made: dict[str, Any] = {
        "CUDA_VISIBLE_DEVICES": ",".join(names[k] for k in which),
        "n_workers": len(which),
        "threads_per_worker": threads or max(1, len(os.sched_getaffinity(0)) // len(which)),
        "memory_limit": "auto" if memory is None else memory,
        "dashboard_address": None,
    } | {
        name: value
        for name, value in on_card(device_memory, pool, spill).items()
        if there(_BY.get(name, "dask_cuda"))
    }
    if len(which) > 1 and there("distributed_ucxx"):
        made["protocol"] = "ucx"
    return made | settings


def on_card(device_memory: float | str | None, pool: float | str, spill: bool) -> dict[str, Any]:
    """How memory of a device is shared out, as `LocalCUDACluster` has it."""
    return {
        "device_memory_limit": "default" if device_memory is None else device_memory,
        "enable_cudf_spill": spill,
        "rmm_async": True,
        "rmm_release_threshold": pool,
    }


def worker_options(made: Mapping[str, Any]) -> list[str]:
    """The same for the command `dask cuda worker`, whose options are named alike."""
    told: list[str] = []
    for name, value in made.items():
        option = "--" + name.replace("_", "-")
        if value is True:
            told.append(option)
        elif value is not False:
            told += [option, str(value)]
    return told


def there(package: str) -> bool:
    """Whether a package is installed here; it is not imported."""
    return importlib.util.find_spec(package) is not None


def _devices(gpus: int | str | None, workers: int | None, count: int) -> list[int]:
    """Which of the devices that are seen, by their places."""
    if isinstance(gpus, str):
        wanted = gpus.split(",")
        if not all(part.strip().isdigit() for part in wanted):
            raise SettingError(f"gpus={gpus!r}: write how many, or numbers such as '0,2'")
        which = [int(part) for part in wanted]
    else:
        which = list(range(count if gpus is None else gpus))
    which = which if workers is None else which[:workers]
    if not which or len(set(which)) < len(which) or max(which) >= count:
        raise SettingError(f"gpus={gpus!r}, workers={workers!r}: there are {count} GPUs, from 0 on")
    if workers is not None and workers > len(which):
        raise SettingError(f"workers={workers}: one to a GPU, and there are {len(which)}")
    return which
