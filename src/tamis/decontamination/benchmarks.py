"""Benchmarks as they lie on a disk, and the texts of their examples."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import pandas as pd
from dask.base import tokenize

from tamis.decontamination.tasks import TASKS
from tamis.errors import ColumnError, DataError, SettingError
from tamis.io.columns import arrow_column
from tamis.io.extensions import PACKED, ending
from tamis.source import sources
from tamis.spelling import meant

_READERS = {
    ".jsonl": "read_jsonl", ".ndjson": "read_jsonl", ".parquet": "read_parquet", ".csv": "read_csv",
    ".tsv": "read_csv", ".txt": "read_text", ".md": "read_text",
}  # fmt: skip
_KEYS = ("path", "task", "fields", "split", "name")


@dataclass(frozen=True)
class Benchmark:
    """A benchmark: its files, which of their fields are texts, and what it is called.

    `path` is a file or folder of JSON Lines, Parquet, CSV or text, a `.json` file that is a list of
    objects, or one (`fields=["data.paragraphs.qas.question"]`), or a folder that `save_to_disk` of
    Hugging Face's datasets wrote (of its splits `split` or all). `fields` (see `tasks.py`) default
    to those of `task`, one of `TASKS`; that to what the file or folder is called, if it is the name
    of a task, and else to the field "text".
    """

    path: str
    task: str | None = None
    fields: tuple[str, ...] | None = None
    split: str | None = None
    name: str = ""

    @classmethod
    def of(cls, given: Any) -> Benchmark:
        """From a path, or a mapping with a path; else a `SettingError`."""
        if isinstance(given, Benchmark):
            return given
        if isinstance(given, str | os.PathLike):
            given = {"path": os.fspath(given)}
        if not isinstance(given, Mapping) or not isinstance(given.get("path"), str | os.PathLike):
            raise SettingError(
                f"benchmarks: {given!r} is neither a path nor a mapping with 'path' and, if need "
                f"be, {', '.join(_KEYS[1:])}"
            )
        for key, value in given.items():
            if key not in _KEYS:
                raise SettingError(
                    f"benchmarks: {key!r} is unknown (known: {', '.join(_KEYS)}){meant(key, _KEYS)}"
                )
            if key != "fields" and value is not None and not isinstance(value, str | os.PathLike):
                raise SettingError(f"benchmarks: {key}={value!r} is not text")
        path = os.fspath(given["path"])
        task, fields = given.get("task"), given.get("fields")
        if isinstance(fields, str):
            fields = [fields]
        if fields is not None and not (fields and all(isinstance(f, str) and f for f in fields)):
            raise SettingError(f"benchmarks: fields={fields!r} are not names of fields")
        if task is not None and fields is not None:
            raise SettingError("benchmarks: a task has its fields; give task or fields, not both")
        if task is not None and task not in TASKS:
            hint = meant(task, TASKS, 3, 0.5) or "."
            raise SettingError(f"benchmarks: no task {task!r}{hint} For others say fields=…")
        own = _stem(path)
        if task is None and fields is None and own.lower() in TASKS:
            task = own.lower()
        name = given.get("name") or (task if task is not None else own)
        fields = None if fields is None else tuple(fields)
        return cls(path, task, fields, given.get("split"), str(name))

    def to_dict(self) -> Any:
        """As a recipe has it."""
        entry: dict[str, Any] = {"path": self.path}
        if self.task is not None and self.task != _stem(self.path).lower():
            entry["task"] = self.task
        if self.fields is not None:
            entry["fields"] = list(self.fields)
        if self.split is not None:
            entry["split"] = self.split
        if self.name != (self.task or _stem(self.path)):
            entry["name"] = self.name
        return self.path if len(entry) == 1 else entry

    def wanted(self, passages: bool) -> tuple[str, ...]:
        """The fields that are texts."""
        if self.fields is not None:
            return self.fields
        if self.task is None:
            return ("text",)
        task = TASKS[self.task]
        return task.fields + (task.passages if passages else ())

    def fingerprint(self) -> str:
        """What changes when its files do: names, sizes and times; of remote ones as readers see."""
        if "://" in self.path or "::" in self.path:
            frames = _frames(self).values()
            return tokenize([part.token for frame in frames for part in sources(frame) or ()])[:16]
        if not os.path.exists(self.path):
            raise DataError(f"benchmarks: {self.path} is not there")
        places = [self.path]
        if os.path.isdir(self.path):
            places = sorted(
                os.path.join(folder, file)
                for folder, _, files in os.walk(self.path)
                for file in files
            )
        stats = [(place, os.stat(place)) for place in places]
        told = [(os.path.relpath(p, self.path), s.st_size, s.st_mtime_ns) for p, s in stats]
        return str(tokenize(told))[:16]

    def texts(self, passages: bool) -> Iterator[tuple[str, str]]:
        """The texts of all examples, each with the id of its example."""
        wanted, met, rows = self.wanted(passages), set[str](), 0
        seen: dict[str, None] = {}
        for examples in _examples(self):
            for example in examples:
                rows += 1
                seen.update(dict.fromkeys(example))
                for field in wanted:
                    found = _values(example, field)
                    if found is not None:
                        met.add(field)
                    for text in found or ():
                        yield str(example["id"]), text
        lacking = [field for field in wanted if field not in met]
        if rows and lacking and (self.task is None or len(lacking) == len(wanted)):
            have = ", ".join(name for name in seen if name not in ("dropped_by", "dropped_why"))
            raise ColumnError(
                f"benchmarks: {self.path} has no texts in {lacking[0]!r} (it has: {have}); say "
                "which fields, {path: …, fields: […]}, or which task"
            )


def _stem(path: str) -> str:
    name = os.path.basename(path.rstrip("/"))
    for packed in PACKED:
        name = name.removesuffix(packed)
    return os.path.splitext(name)[0] if os.path.splitext(name)[1] in (*_READERS, ".json") else name


def _values(example: Any, field: str) -> list[str] | None:
    """The texts of a field; None where there is no such field."""
    if "+" in field:
        found = [_values(example, part) for part in field.split("+")]
        if any(part is None for part in found):
            return None
        return [" ".join(parts) for parts in product(*found)]  # type: ignore[arg-type]
    values = [example]
    for key in field.split("."):
        inner: list[Any] = []
        for value in values:
            held = value if isinstance(value, list) else [value]
            inner += [one[key] for one in held if isinstance(one, Mapping) and key in one]
        if not inner:
            return None
        values = inner
    return list(_flat(values))


def _flat(values: Sequence[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from _flat(value)


def _examples(benchmark: Benchmark) -> Iterator[list[dict[str, Any]]]:
    if ending(benchmark.path) == ".json" and os.path.isfile(benchmark.path):
        found = _json(benchmark.path)
        if found is not None:
            yield found
            return
    frames = _frames(benchmark)
    for split, frame in frames.items():
        for part in frame.partitions:
            rows: pd.DataFrame = part.compute(scheduler="sync")
            if len(frames) > 1:  # the files of all splits have the same names
                rows["id"] = f"{split}/" + rows["id"].astype("str")
            columns = {str(name): arrow_column(rows[name]).to_pylist() for name in rows}
            names = list(columns)
            yield [
                dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)
            ]


def _frames(benchmark: Benchmark) -> dict[str, Any]:
    """The lazy frames of the files, by split where there are some; unreadable rows are errors."""
    from tamis import io

    path, split = benchmark.path, benchmark.split
    if _marked(path):
        splits: list[str | None] = [split]
        if split is None and os.path.isfile(os.path.join(path, "dataset_dict.json")):
            with open(os.path.join(path, "dataset_dict.json"), encoding="utf-8") as file:
                splits = json.load(file)["splits"]
        return {
            name or "": io.read_huggingface(path, split=name, errors="raise") for name in splits
        }
    if split is not None:
        raise SettingError(
            f"benchmarks: split={split!r} is for a folder of save_to_disk, and {path} is none; "
            "name the file of the split"
        )
    reader = getattr(io, _READERS.get(ending(path), "read_jsonl"))
    return {"": reader(path, errors="raise")}


def _marked(path: str) -> bool:
    """Whether a folder is one that `save_to_disk` wrote."""
    marks = ("dataset_dict.json", "state.json")
    return any(os.path.isfile(os.path.join(path, mark)) for mark in marks)


def _json(path: str) -> list[dict[str, Any]] | None:
    """The objects of a file that is a list of them, or one, numbered where they have no ids.

    None where more follows the first: JSON Lines are called so, too.
    """
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, json.JSONDecodeError) and error.msg == "Extra data":
            return None
        raise DataError(f"benchmarks: {path} cannot be read: {error}") from None
    found = [found] if isinstance(found, dict) else found
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise DataError(f"benchmarks: {path} is neither an object nor a list of them")
    label = os.path.basename(path)
    return [{"id": f"{label}:{number}", **one} for number, one in enumerate(found)]
