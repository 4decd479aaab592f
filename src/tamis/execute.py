"""Many independent tasks on the scheduler that is set: threads, processes, or a cluster."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dask._task_spec import Task
from dask.callbacks import Callback

from tamis.lost_cards import explained, guarded
from tamis.scheduling import scheduler

Done = Callable[[int, Any], None]


def execute(
    function: Callable[..., Any], calls: Sequence[tuple[Any, ...]], done: Done,
    resources: Mapping[str, float] | None = None,
) -> None:  # fmt: skip
    """Call `function(*call)` for every call, in any order; `done(number, result)` as each ends.

    `done` runs in the calling process; an exception from a task or from `done` ends the whole. A
    distributed client is used where one is active, else the scheduler of Dask's configuration,
    else threads. A task whose card failed is tried again by a new process where there may be one
    (`tamis.lost_cards`), else it is a `CardError`. `resources` are what a worker must have declared
    (`{"GPU": 1}`) to be given one.
    """
    if not calls:
        return
    client = _client()
    if client is not None:
        _on_cluster(client, function, calls, done, dict(resources or {}))
        return
    name = f"tamis-{function.__name__}"
    graph = {(name, i): Task((name, i), guarded, function, *call) for i, call in enumerate(calls)}

    def after(key: Any, result: Any, graph: Any, state: Any, worker: Any) -> None:
        if isinstance(key, tuple) and key[0] == name:
            done(key[1], result)

    with Callback(posttask=after):
        scheduler()(graph, list(graph))


def _client() -> Any:
    """The active distributed client; none unless somebody has made one."""
    if "distributed" not in sys.modules:
        return None
    from distributed.client import _get_global_client

    client = _get_global_client()
    return client if client is not None and client.status == "running" else None


def _on_cluster(
    client: Any, function: Any, calls: Sequence[tuple[Any, ...]], done: Done,
    resources: dict[str, float],
) -> None:  # fmt: skip
    from distributed import KilledWorker, as_completed

    futures = {
        client.submit(
            guarded,
            function,
            *call,
            pure=False,
            resources=resources or None,
            key=f"tamis-{function.__name__}-{i}-{_unique()}",
        ): i
        for i, call in enumerate(calls)
    }
    try:
        for future, result in as_completed(futures, with_results=True):
            done(futures[future], result)
            future.release()
    except KilledWorker as killed:
        told = explained(client, killed)
        if told is None:
            raise
        raise told from killed
    finally:
        client.cancel([future for future in futures if not future.done()])


def _unique() -> str:
    import uuid

    return uuid.uuid4().hex[:8]
