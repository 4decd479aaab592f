"""Workers that Slurm starts, by dask-jobqueue."""

from __future__ import annotations

from typing import Any

from tamis.clusters.asked import OURS, check_names
from tamis.clusters.cuda import on_card, worker_options
from tamis.clusters.owned import FOR_MEDIA, NO_GPU, client_of
from tamis.errors import MissingPackageError, SettingError


def start(
    workers: int | None, threads: int | None, memory: str | None, gpus: int | str | None,
    media: bool, **settings: Any,
) -> Any:  # fmt: skip
    """The client of a new `dask_jobqueue.SLURMCluster`."""
    try:
        from dask_jobqueue import SLURMCluster
        from dask_jobqueue.slurm import SLURMJob
    except ImportError as error:
        raise MissingPackageError(
            f"jobs of Slurm need dask-jobqueue: pip install 'tamis[slurm]' ({error})"
        ) from error
    others = {name: value for name, value in settings.items() if name not in OURS}
    check_names("slurm", others, SLURMCluster, SLURMJob)
    options = settings_of(threads, memory, gpus, media, **settings)
    try:
        cluster = SLURMCluster(**options)
    except (ValueError, TypeError, OSError) as error:
        raise SettingError(f"Slurm: {' '.join(str(error).split())}") from error
    cluster.scale(n=workers if workers is not None else options.get("processes", 1))
    return client_of(cluster)


def settings_of(
    threads: int | None, memory: str | None, gpus: int | str | None, media: bool, *,
    device_memory: float | str | None, pool: float | str, spill: bool, **settings: Any,
) -> dict[str, Any]:  # fmt: skip
    """What `SLURMCluster` is given. A job is one worker, or one for each GPU that it asks for.

    What is None stays what `jobqueue.yaml` says.
    """
    from dask.utils import parse_bytes

    each = count(gpus)
    made: dict[str, Any] = {"processes": each or 1}
    if threads is not None:
        made["cores"] = threads * made["processes"]
    if memory is not None:
        made["memory"] = f"{parse_bytes(memory) * made['processes']}B"
    if each:
        made["worker_command"] = "dask_cuda.cli"
        made["worker_extra_args"] = worker_options(on_card(device_memory, pool, spill))
        made["job_extra_directives"] = [f"--gres=gpu:{each}"]
    values = (FOR_MEDIA if media else {}) | ({} if each else NO_GPU)
    made["job_script_prologue"] = [f"export {name}={value}" for name, value in values.items()]
    for name in ("worker_extra_args", "job_extra_directives", "job_script_prologue"):
        if name in settings:
            made[name] = [*made.get(name, []), *settings.pop(name)]
    return made | settings


def count(gpus: int | str | None) -> int:
    """How many GPUs a job or a pod asks for."""
    if gpus is None:
        return 0
    if not str(gpus).isdigit() or int(gpus) < 1:
        raise SettingError(f"gpus={gpus!r}: how many each job asks for, 1 or more")
    return int(gpus)
