"""A pipeline carried out durably into a folder: kept, dropped, counts, report; resumable.

The pipeline is cut into stages where all rows are looked at together: at its deduplications, and
at filters with bounds that the data gives. A stage is one independent task per partition; each task
puts its files and then its record in place, under names that carry a token of the work. A task
whose record stands is not done again. `run.json`, put in place last, lists what the run is made of;
until then the folder is not readable.
"""

from __future__ import annotations

import datetime
import os
import platform
import time
from collections.abc import Mapping
from importlib import metadata
from typing import Any

import dask
from dask.base import tokenize

from tamis import planning, processes, report
from tamis.accounting import Budget, totals
from tamis.cards import on_cards
from tamis.certifying import checked
from tamis.course import Stages, settings_of
from tamis.errors import ColumnError, DataError, MissingPackageError, SettingError
from tamis.io import commit, target
from tamis.io.store import Store
from tamis.io.writers import Writer
from tamis.named_files import contents
from tamis.passing import PASSING, SHARD
from tamis.progress import Progress
from tamis.results import Run
from tamis.scheduling import scheduler
from tamis.segments import Named, segments
from tamis.source import Source, sources
from tamis.stages import Layout, Record, write_input
from tamis.version import VERSION

_A_MOMENT = 0.2  # seconds in which tasks beside the one that failed fail for the same reason
FOLDERS = ("kept", "dropped", "ledger")


@processes.kept()
def carry_out(
    named: Named,
    frame: Any,
    out: str | os.PathLike[str],
    *,
    format: str | Writer = "parquet",
    target_size: int | str | None = None,
    partition_on: str | None = None,
    max_errors: float = 0.01,
    certificate: bool | int = True,
    stage_compression: str | None = None,
    storage_options: Mapping[str, Any] | None = None,
    evidence: bool = True,
    progress: bool | None = None,
) -> Run:
    """Carry steps out over a frame into the folder `out`, durably; run again to resume.

    `format` is how kept rows are written: parquet (zstd), jsonl, jsonl.gz, jsonl.zst or csv, in
    files of about `target_size` bytes each and, with `partition_on`, in a folder per value of
    that column; or "webdataset", `tamis.WebDataset(…)`, "clips", `tamis.Clips(…)`, or a writer
    of one's own (`tamis.io.writers`): rows that it cannot write are dropped ones of the run. The
    run stops, resumable, once more than the share `max_errors` of the records (judged after 1,000)
    could not be read. `certificate` says whether each deduplication estimates its own precision and
    recall (docs/guide/deduplication.md), and from samples of how many records: True is 200,
    False none. `stage_compression` is that of the intermediate Arrow files: None, lz4 or zstd.
    None is fastest where the machine's memory holds them for a while, and takes as much disk as
    the decoded rows, until the run is finished; lz4 about half of that for text.
    `evidence=False` does not keep, once the run is finished, what fuzzy deduplications decided
    on (8 bytes for each shingle of a record with candidates); `Run.rethreshold` needs it.
    `progress` shows a bar; by default where somebody can see it.

    Texts are measured on a card where `tamis.engine` of Dask's configuration says "gpu" or "auto"
    (docs/how-to/clusters-and-gpus.md); what is kept is the same, and either goes on with the other.

    Raises `ColumnError` and `SettingError` before anything runs, and `MissingPackageError` where a
    step needs an optional package that is not there (on a cluster: on a worker); `DataError` for
    duplicate ids and too many unreadable records, `AccountingError` if rows went missing.
    """
    started = time.time()
    writer = planning.check_settings(
        format, max_errors, target_size, partition_on, stage_compression
    )
    size = checked(certificate)
    engine = planning.engine_for(frame)
    frame = planning.as_dask(frame)
    parts = on_cards(segments(named))
    columns = planning.planned(frame, parts)
    store = Store(out, storage_options)
    known = {commit.RUN, commit.MARKER, "report.html", "thumbnails.json"}
    target.refuse_foreign(store, known, marks=(commit.RUN, commit.MARKER))
    layout = planning.layout(store, frame, columns, parts, writer, stage_compression, engine)
    if store.size(commit.RUN) is None:
        planning.check_packages(named)
    with Progress(progress) as bar:
        inputs = _inputs(frame, layout, bar)
        if not inputs:
            raise DataError("the frame has no partitions; one without rows has one that is empty")
        token = tokenize([part.token for part in inputs], named, settings_of(layout), VERSION)
        if _stands(store, token):
            return Run(store.root, store.storage_options)
        planning.check_packages(named)
        planning.check_engine()
        target.refuse_input(store, (url for source in inputs for url in source.files()))
        anew = not os.path.isdir(store.root)
        fresh = commit.begin(store)
        run = Stages(layout, Budget(max_errors), bar, size)
        try:
            run.through(parts, inputs, dict(frame._meta.dtypes))
        except (SettingError, ColumnError, MissingPackageError):  # a call that could not be right
            if fresh and not run.done + run.reused:
                time.sleep(_A_MOMENT)
                commit.abandon(store, "stages/0", anew)
            raise
    figures = totals(named, run.records, run.verdicts, run.bounds, writer.name)
    figures |= _description(named, frame, token, started, run)
    return _commit(store, run, figures, evidence)


def _inputs(frame: Any, layout: Layout, bar: Progress) -> list[Source]:
    found = sources(frame)
    if found is not None:
        return found
    token = tokenize(frame._name)[:12]
    names = [f"stages/input/part-{i:05d}.{token}.arrow" for i in range(frame.npartitions)]
    if any(layout.store.size(name) is None for name in names):
        bar.begin("writing out the input", 1, 0)
        tasks = [
            dask.delayed(write_input)(part, name, number, layout)
            for number, (part, name) in enumerate(zip(frame.to_delayed(), names, strict=True))
        ]
        dask.compute(*tasks, scheduler=scheduler())
    columns = dict(frame._meta.dtypes)
    return [
        _staged_source(layout.store, name, columns, f"{token}-{i}") for i, name in enumerate(names)
    ]


def _staged_source(store: Store, name: str, columns: dict[str, Any], token: str) -> Source:
    from dask._task_spec import Task

    from tamis.stages import read_input

    return Source({"input": Task("input", read_input, store, name, columns)}, "input", token)


def _stands(store: Store, token: str) -> bool:
    """Whether the folder holds just this run, whole."""
    if store.size(commit.MARKER) is not None or store.size("report.html") is None:
        return False
    try:
        figures = commit.manifest(store, commit.RUN)
    except DataError:  # damaged: what it listed is looked at again, task by task
        return False
    if figures is None or figures.get("token") != token:
        return False
    return all(store.size(part["name"]) == part["bytes"] for part in figures["parts"])


def _description(
    named: Named, frame: Any, token: str, started: float, run: Stages
) -> dict[str, Any]:
    packages = ("dask", "distributed", "pandas", "pyarrow", "numpy", "numba")
    return {
        "format": 1,
        "token": token,
        "started": datetime.datetime.fromtimestamp(started, datetime.UTC).isoformat(),
        "seconds": time.time() - started,
        "recipe": {"steps": [step.to_dict() for _, step in named]},
        "named_files": contents(step for _, step in named),
        "versions": {"python": platform.python_version()}
        | {"tamis": VERSION}
        | {name: metadata.version(name) for name in packages},
        "input": {
            "partitions": frame.npartitions,
            "columns": {str(k): str(v) for k, v in frame._meta.dtypes.items()},
        },
        "output": {
            "format": run.layout.writer.format,
            "partition_on": getattr(run.layout.writer, "partition_on", None),
            "pointer": list(run.layout.writer.pointer),
            "columns": {name: str(dtype) for name, dtype in run.layout.columns.items()},
            "hidden": list(run.layout.hidden),
        },
        "tasks": {"done": sum(map(len, run.records)) - run.reused, "reused": run.reused},
    }


def _commit(store: Store, run: Stages, figures: dict[str, Any], evidence: bool) -> Run:
    files = [file for records in run.records for record in records for file in record.files]
    for file in files:
        if store.size(file["name"]) != file["bytes"]:
            raise DataError(
                f"{store.path(file['name'])} is no longer what this run wrote: another run wrote "
                "to the folder at the same time, or it was tidied; run again, alone, to complete it"
            )
    figures["parts"] = files
    for folder in FOLDERS:
        store.settle(folder)
    report.publish(store, figures)
    listed = {file["name"] for file in files}
    commit.finish(store, listed, FOLDERS)
    store.sweep("stages/input")
    tokens = {found["stage"]: found["token"] for found in run.verdicts if evidence}
    for number, records in enumerate(run.records):
        _tidy(store, number, records, tokens.get(number))
    return Run(store.root, store.storage_options)


def _tidy(store: Store, number: int, records: list[Record], decided: str | None) -> None:
    """Keep the records, sketches, verdicts and evidence `decided` on; staged rows have served."""
    tokens = {record.token for record in records}
    for name in store.names(f"stages/{number}"):
        base = name.rsplit("/", 1)[-1]
        stale = (
            base.startswith(("part-", "sketch-", "ids-", "documents-"))
            and base.split(".")[1] not in tokens
        )
        stale |= base.startswith("evidence-") and base.split(".")[1] != decided
        stale |= base.startswith(SHARD) and not base.startswith(f"{SHARD}{decided}-")
        if base.startswith(("rows-", "numbers-", PASSING)) or stale:
            store.remove(name)
    store.sweep(f"stages/{number}")
