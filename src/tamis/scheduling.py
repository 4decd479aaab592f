"""Which of Dask's schedulers is set, told without importing what nobody asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import dask
import dask.local
import dask.multiprocessing
import dask.threaded

from tamis import processes
from tamis.extras import absent


def scheduler() -> Any:
    """The `get` function of the scheduler that is set: of a client, of the configuration, threads.

    Within `tamis.processes.kept` the one of processes uses the processes that are kept.
    """
    found = _set()
    return processes.with_kept(found) if found is dask.multiprocessing.get else found


def _set() -> Any:
    """The one that is set.

    Dask itself imports `distributed` to look for a client, half a second; where nobody has imported
    it there is none.
    """
    if "distributed" in sys.modules:
        return dask.base.get_scheduler() or dask.threaded.get
    named = dask.config.get("scheduler", None)
    if named is None and dask.config.get("get", None) is None:
        return dask.threaded.get
    known = dask.base.named_schedulers.get(named.lower()) if isinstance(named, str) else None
    return known or dask.base.get_scheduler() or dask.threaded.get


def in_one_process() -> bool:
    """Whether the scheduler that is set runs tasks in this process: threads, or one by one."""
    return scheduler() in (dask.threaded.get, dask.local.get_sync)


def absent_from(modules: Sequence[str]) -> dict[str, list[str]]:
    """Where work will be done, and which of the modules are not there; "" is this machine."""
    return asked(absent, list(modules)) if modules else {"": []}


def asked(question: Callable[..., Any], *values: Any) -> dict[str, Any]:
    """What a function says wherever work will be done; "" is this machine.

    Of a cluster its workers are asked, which may have other packages than the one who asks.
    """
    client: Any = getattr(scheduler(), "__self__", None)
    if hasattr(client, "run"):
        return dict(client.run(question, *values))
    return {"": question(*values)}


def declared(resource: str) -> bool:
    """Whether a worker of the cluster that is set declares a resource, such as "GPU"."""
    client: Any = getattr(scheduler(), "__self__", None)
    if not hasattr(client, "scheduler_info"):
        return False
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    return any((one.get("resources") or {}).get(resource) for one in workers)
