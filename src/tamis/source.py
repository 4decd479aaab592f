"""One partition of a Dask frame as a value: what to run to have it, and a token of that work.

A source goes into a task as plain data and is recomputed wherever and as often as it is needed, so
that no pass over a data set holds its partitions for the next pass.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import dask
import numpy as np
from dask._task_spec import Alias, DataNode, GraphNode, Task, TaskRef, convert_legacy_graph
from dask.base import tokenize

from tamis.engines import Said
from tamis.io.frames import BATCH, PIECEWISE, Work

_TO_STRING = ("dask.dataframe._pyarrow", "_to_string_dtype")  # stands behind every reader


class Source:
    """How to compute one partition. `token` changes when the work or what it reads changes.

    Not a dataclass: Dask would look into one and take the keys of its graph for its own.
    """

    def __init__(self, graph: dict[Any, Any], key: Any, token: str) -> None:
        self.graph, self.key, self.token = graph, key, token

    def __call__(self) -> Any:
        """Compute the partition here and now, in this thread."""
        return dask.get(self.graph, self.key)

    def split(self, most: int) -> list[Source]:
        """Sources of the same rows, one after another, up to `most` of about as many rows each.

        They decode in batches, so that memory is used again while it is in the processor's caches.
        One source where it has one piece, or is not known to give the rows of its pieces in turn.
        """
        reader = self._reader()
        if reader is None:
            return [self]
        work = reader.args[0]
        ends = np.cumsum([piece.stop - piece.start for piece in work.pieces])
        goals = ends[-1] * np.arange(1, most) / most
        cuts = np.unique([0, *(np.searchsorted(ends, goals) + 1), len(work.pieces)])
        made = []
        for number, (a, b) in enumerate(pairwise(cuts.tolist())):
            node = Task(
                reader.key, reader.func, Work(work.pieces[a:b]), **reader.kwargs, batch=BATCH
            )
            token = tokenize(self.token, number, most)
            made.append(Source({**self.graph, reader.key: node}, self.key, token))
        return made

    def _reader(self) -> Task | None:
        """The task that reads, where all others take its rows one by one."""
        found = None
        for node in self.graph.values():
            function = getattr(node, "func", None)
            inner = function.func if isinstance(function, functools.partial) else function
            module, name = getattr(inner, "__module__", ""), getattr(inner, "__name__", "")
            if isinstance(node, Alias) or (module, name) == _TO_STRING:
                continue
            if function is operator.getitem and _is_names(node.args[1]):
                continue
            known = isinstance(node, Task) and any(function is reader for reader in PIECEWISE)
            if found is not None or not known or not isinstance(node.args[0], Work):
                return None
            found = node
        return found if found is not None and found.args[0].pieces else None

    def files(self) -> set[str]:
        """The files that the readers behind this partition open."""
        return {file.url for file in self._read()}

    def names(self) -> set[str]:
        """What those files are called in the ids of rows that have none of their own."""
        return {file.name for file in self._read()}

    def _read(self) -> list[Any]:
        return [
            getattr(piece, "file", piece)
            for node in self.graph.values()
            for value in _values(node)
            if isinstance(value, Work)
            for piece in value.pieces
        ]

    def __dask_tokenize__(self) -> str:
        return self.token


def sources(frame: Any) -> list[Source] | None:
    """The partitions of a Dask frame as sources; None where they cannot be computed one by one.

    That is so after a shuffle or a join (partitions share work) and for a persisted frame on a
    cluster (the data is there already): such a frame is written out first.
    """
    optimized = frame.optimize(fuse=False)
    graph = convert_legacy_graph(optimized.__dask_graph__())
    keys = [(optimized._name, i) for i in range(optimized.npartitions)]
    tokens: dict[Any, str] = {}
    found, used = [], 0
    for key in keys:
        part = _closure(graph, key)
        used += len(part)
        if any(_is_remote(node) for node in part.values()):
            return None
        found.append(Source(part, key, _token(part, key, tokens)))
    shared = used - len(set().union(*(source.graph for source in found))) if found else 0
    return None if shared > len(found) else found


def _closure(graph: dict[Any, GraphNode], key: Any) -> dict[Any, GraphNode]:
    part: dict[Any, GraphNode] = {}
    todo = [key]
    while todo:
        name = todo.pop()
        if name not in part:
            part[name] = graph[name]
            todo.extend(graph[name].dependencies)
    return part


def _token(graph: dict[Any, GraphNode], key: Any, tokens: dict[Any, str]) -> str:
    """A token of the work behind a key that does not depend on the names of keys."""
    if key not in tokens:
        node = graph[key]
        parts = sorted(node.dependencies, key=str)
        inner = [_token(graph, name, tokens) for name in parts]
        if isinstance(node, DataNode):
            tokens[key] = tokenize("data", node.value)
        elif isinstance(node, Alias):
            tokens[key] = inner[0]
        else:
            names = dict(zip(parts, inner, strict=True))
            args = _named(getattr(node, "args", ()), names)
            settings = _named(getattr(node, "kwargs", None) or {}, names)
            tokens[key] = tokenize(getattr(node, "func", type(node)), args, settings)
    return tokens[key]


def _named(value: Any, names: dict[Any, str]) -> Any:
    """The arguments of a task with references replaced by the tokens of what they stand for."""
    if isinstance(value, TaskRef):
        return ("ref", names.get(value.key, str(value.key)))
    if isinstance(value, Alias):
        return ("ref", names.get(value.target, str(value.target)))
    if isinstance(value, GraphNode):
        return (
            _named(getattr(value, "value", None), names),
            getattr(value, "func", None),
            _named(getattr(value, "args", ()), names),
            _named(getattr(value, "kwargs", None) or {}, names),
        )
    if isinstance(value, dict):
        return {k: _named(v, names) for k, v in value.items() if not isinstance(v, Said)}
    if isinstance(value, list | tuple):
        return [_named(item, names) for item in value]
    return value


def _values(node: Any) -> Iterator[Any]:
    """Everything that stands in a task, however deep."""
    if isinstance(node, GraphNode):
        for part in ("value", "args", "kwargs"):
            yield from _values(getattr(node, part, None))
    elif isinstance(node, dict):
        for value in node.values():
            yield from _values(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from _values(value)
    else:
        yield node


def _is_names(value: Any) -> bool:
    """Whether columns are asked for: by the names in a list."""
    found = list(_values(value))
    return isinstance(value, GraphNode | list) and all(isinstance(v, str) for v in found)


def _is_remote(node: GraphNode) -> bool:
    value = getattr(node, "value", None)
    return type(value).__module__.startswith("distributed")
