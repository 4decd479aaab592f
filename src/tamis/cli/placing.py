"""`--cluster`, `--engine`, `--workers`: who does the work of a command."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import click

from tamis.engines import ENGINES, KEY
from tamis.errors import SettingError, TamisError


def placing_options(function: Any) -> Any:
    """The options that say where work is done."""
    options = [
        click.option(
            "--workers", type=click.IntRange(min=1),
            help="Work in so many processes instead of threads; jobs or pods of a cluster.",
        ),
        click.option(
            "--cluster", "--scheduler", "cluster", metavar="KIND",
            help="Work on a cluster: cpu, cuda, slurm, kubernetes, or the address of one that "
            "runs (tcp://host:8786).",
        ),
        click.option(
            "--cluster-set", multiple=True, metavar="KEY=VALUE",
            help="A setting of the cluster that is started: threads=8, memory=32GiB, gpus=1, "
            "queue=long, image=lab/tamis:1.",
        ),
        click.option(
            "--engine", type=click.Choice(ENGINES),
            help="gpu: measure texts on one, stop where there is none; auto: take GPUs where there "
            "are, and say which; cpu: use none.",
        ),
    ]  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


@contextlib.contextmanager
def placed(
    workers: int | None = None, cluster: str | None = None, cluster_set: tuple[str, ...] = (),
    engine: str | None = None,
) -> Iterator[None]:  # fmt: skip
    """Work within is done there."""
    from tamis.cli.inputs import pairs

    settings = dict(pairs(cluster_set, "--cluster-set"))
    if "workers" in settings:
        if workers is not None:
            raise SettingError("--workers and --cluster-set workers=…: give one of them")
        workers = settings.pop("workers")
    running = cluster is not None and (":" in cluster or cluster.endswith(".json"))
    if workers is not None and running:
        raise SettingError("--workers starts a cluster, --cluster names one: give one of them")
    kind = "cpu" if cluster is None and workers is not None else cluster
    kind, told = _settled(engine, kind, settings)
    if kind is None and settings:
        raise SettingError("--cluster-set is for a cluster: say which with --cluster")
    if told:
        click.echo(told, err=True)
    with (
        taken(engine or ("auto" if kind == "cuda" else None)),
        _cluster(kind, workers, settings, running) as client,
    ):
        if running and engine in ("cpu", "gpu"):
            _ask(client, engine)
        yield


@contextlib.contextmanager
def taken(engine: str | None) -> Iterator[None]:
    """Work within takes this engine; with "cpu" nothing of it sees a GPU."""
    import dask

    from tamis.clusters.owned import NO_GPU, environment

    if engine is None:
        yield
        return
    with environment(NO_GPU if engine == "cpu" else {}), dask.config.set({KEY: engine}):
        yield


def _settled(
    engine: str | None, kind: str | None, settings: dict[str, Any]
) -> tuple[str | None, str]:
    """The kind of cluster for an engine, or None for threads here, and what to tell of it."""
    from tamis.accelerator import accelerators

    farther = ("slurm", "kubernetes")
    if (engine, kind) in (("gpu", "cpu"), ("cpu", "cuda")):
        raise SettingError(f"--engine {engine} and a cluster of kind {kind!r}: give one of them")
    if engine == "cpu" and settings.get("gpus"):
        raise SettingError("--engine cpu and --cluster-set gpus=…: give one of them")
    if engine == "gpu" and kind in farther:
        settings.setdefault("gpus", 1)
    if engine not in ("gpu", "auto") or kind not in (None, "auto", "cuda"):
        return kind, ""
    found = accelerators()
    if not found.devices:
        if engine == "gpu":
            raise SettingError(f"--engine gpu: no GPU: {found.why}; --engine auto takes the CPU")
        kind = "cpu" if kind == "auto" else kind
        return kind, f"engine: CPU, no GPU: {found.why}"
    names = ", ".join(dict.fromkeys(device.name for device in found.devices))
    count = len(found.devices)
    if kind is None and count > 1:
        kind = "cuda"  # one process would use one of them
    return kind, f"engine: {count} GPU{'s' if count > 1 else ''} ({names})"


@contextlib.contextmanager
def _cluster(
    kind: str | None, workers: int | None, settings: dict[str, Any], running: bool
) -> Iterator[Any]:
    if kind is None:
        yield None
        return
    from tamis import cluster

    try:
        with _silent():
            client = cluster(kind, workers, **settings)
    except TamisError as error:
        if isinstance(error, SettingError) and settings:
            raise SettingError(f"--cluster-set: {error}") from error
        raise
    except Exception as error:  # whatever its makers raise
        first: BaseException = error
        while first.__cause__ is not None:  # Dask says what would not start; why, its cause
            first = first.__cause__
        told = " ".join(str(first).split())[:300] or type(first).__name__
        raise SettingError(f"--cluster {kind} could not be started: {told}") from error
    try:
        yield client
    finally:
        client.close() if running else client.shutdown()


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """What keeps a cluster from starting is told once, not by the tracebacks that Dask logs."""
    import logging

    import distributed  # noqa: F401  (which makes the handlers of its log)

    handlers = list(logging.getLogger("distributed").handlers)
    for handler in handlers:
        handler.addFilter(_nothing)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(_nothing)


def _nothing(record: Any) -> bool:
    return False


def _ask(client: Any, engine: str) -> None:
    """Refuse a cluster that runs, and whose workers are not what the engine needs."""
    from tamis.accelerator import accelerators

    found = client.run(accelerators)
    without = [place for place, there in found.items() if not there.devices]
    if engine == "gpu" and (without or not found):
        place = without[0] if without else "the cluster"
        why = f": {found[without[0]].why}" if without else " has no workers"
        raise SettingError(f"--engine gpu: no GPU on {place}{why}")
    if engine == "cpu" and len(without) < len(found):
        raise SettingError(
            "--engine cpu: workers of this cluster see GPUs; start them with CUDA_VISIBLE_DEVICES="
        )
