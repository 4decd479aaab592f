"""Connected components of a graph given as edges: the lowest node of each.

Union-find where a number per node fits in memory (R. Tarjan, 1975). Otherwise alternating stars
over blocks of edges in files (R. Kiveris et al., "Connected components in MapReduce and beyond",
2014): large stars join the larger neighbours of every node to its lowest neighbour, small stars
the others, until every node that is not the lowest of its component has it for its only
neighbour. That is looked at node by node, so there is no number of rounds to set.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from tamis.dedup.equal_keys import grouped
from tamis.dedup.memory import NODE, blocks, budget
from tamis.errors import DataError
from tamis.execute import execute
from tamis.io.blocks import Numbered, blocks_of, put_blocks, read_block, read_notes
from tamis.io.store import Store
from tamis.kernels.exchange import deal, distinct, neighbourhoods, scramble

EDGES = pa.schema([("node", pa.int64()), ("low", pa.int64())])
EDGE = 96  # bytes an edge while a block of edges is worked on
_AT_ONCE = 1 << 16  # edges read before those that stand twice are left out

Done = Callable[[str], None]


def connected_components(edges: Any) -> tuple[np.ndarray, np.ndarray]:
    """The nodes that edges name, ascending, and the lowest node of the component of each.

    `edges` is an integer array of two columns, or a list of such blocks (which may be
    memory-mapped); nodes are numbers from 0 to 2**63 - 1. Within the memory that
    `tamis.dedup.memory` of Dask's configuration allows (half of the machine's by default) it is
    union-find; beyond, alternating stars over files in the temporary folder, on the scheduler or
    client that is set. Both give the same. An edge may stand twice, or join a node to itself.

    >>> nodes, lowest = connected_components(np.array([[7, 3], [9, 3], [4, 5]]))
    >>> nodes.tolist(), lowest.tolist()
    ([3, 4, 5, 7, 9], [3, 4, 4, 3, 3])
    """
    listed = [_checked(b) for b in ([edges] if hasattr(edges, "ndim") else edges)]
    count = sum(map(len, listed))
    if 2 * NODE * count <= budget():
        return _in_memory(listed)
    return by_stars(listed, blocks(EDGE * count))


def by_stars(listed: Sequence[np.ndarray], width: int) -> tuple[np.ndarray, np.ndarray]:
    """`connected_components` by alternating stars, in `width` blocks."""
    with tempfile.TemporaryDirectory(prefix="tamis-components-") as folder:
        store = Store(folder)
        names = Numbered("edges-{:05d}.arrow", len(listed))
        for name, block in zip(names, listed, strict=True):
            put_blocks(store, name, EDGES, routed(block.max(axis=1), block.min(axis=1), width))
        nodes, lowest = _of_stars(store, stars(store, names, width, "stars"), width)
    alone = np.setdiff1d(np.concatenate([np.unique(b) for b in listed]), nodes)
    nodes, lowest = np.concatenate([nodes, alone]), np.concatenate([lowest, alone])
    order = np.argsort(nodes)
    return nodes[order], lowest[order]


def lowest_rows(rows: int, edges: Callable[[], Iterable[pa.Table]]) -> np.ndarray:
    """For each of `rows` the lowest row of its component, by union-find over `edges()`."""
    return grouped("the joining of components", rows, 1, lambda keys: keys.united(rows, (
        (np.asarray(batch["node"]), np.asarray(batch["low"]))
        for table in edges() for batch in table.to_batches()
    )))  # fmt: skip


def stars(
    store: Store, edges: Sequence[str], count: int, stem: str, advance: Done | None = None
) -> Sequence[str]:
    """Files of the edges (node, lowest node of its component), in `count` blocks each, by node.

    `edges` are files of as many blocks, each edge in the block of its larger node, called `node`.
    What a round has written stands under names that begin with `stem`; a call that was cut off
    goes on from the last round that was finished.
    """
    current, done, unsettled = _resumed(store, edges, count, stem)
    while unsettled:
        small = Numbered(f"{stem}-{done:03d}-small-{{:05d}}.arrow", count)
        large = Numbered(f"{stem}-{done:03d}-large-{{:05d}}.arrow", count)
        _round(_small_star, store, current, count, small, advance)
        _round(_large_star, store, small, count, large, advance)
        unsettled = sum(int(read_notes(store, name)["unsettled"]) for name in large)
        marker = json.dumps({"rounds": done + 1, "unsettled": unsettled}).encode()
        store.put(f"{stem}-rounds.json", marker, sync=False)
        for name in [*small, *(current if done else ())]:
            store.remove(name)
        current, done = large, done + 1
    return current


def routed(node: np.ndarray, low: np.ndarray, count: int) -> list[pa.RecordBatch]:
    """Edges as blocks, by their first node; loops are left out."""
    real = node != low
    node, low = node[real].astype(np.int64), low[real].astype(np.int64)
    keys, order = np.empty(node.size, np.uint64), np.empty(node.size, np.int64)
    ends = np.empty(count + 1, np.int64)
    scramble(node, keys)
    deal(keys, count, order, ends)
    return blocks_of(pa.table([node, low], schema=EDGES), order, ends)


def pairs(store: Store, names: Sequence[str], which: int) -> tuple[np.ndarray, ...]:
    """The distinct edges of one block of several files, in memory for these and one file more."""
    found = np.empty((2, 0), np.int64)
    pending = [found]
    for name in names:
        table = read_block(store, name, which)
        pending.append(np.stack([np.asarray(table["node"]), np.asarray(table["low"])]))
        if sum(part.shape[1] for part in pending[1:]) > found.shape[1] + _AT_ONCE:
            found = _distinct(pending)
            pending = [found]
    node, low = _distinct(pending)
    return node, low


def _distinct(parts: list[np.ndarray]) -> np.ndarray:
    node, low = np.concatenate(parts, axis=1)
    first = np.empty(node.size, np.bool_)
    distinct(node, low, _table(node.size), first)
    return np.stack([node[first], low[first]])


def _round(
    function: Any, store: Store, source: Sequence[str], count: int, made: Sequence[str],
    advance: Done | None,
) -> None:  # fmt: skip
    calls = [
        (store, source, which, count, name)
        for which, name in enumerate(made)
        if store.size(name) is None
    ]
    execute(function, calls, lambda _, name: advance(name) if advance else None)


def _small_star(store: Store, names: Sequence[str], which: int, count: int, out: str) -> str:
    """Join every node, and its smaller neighbours, to the lowest of them.

    Takes each edge once, in the block of its larger node, and gives each twice.
    """
    node, other = pairs(store, names, which)
    slot, lowest = _neighbourhoods(node, other)
    heads = slot == np.arange(slot.size)
    low = lowest[slot]
    joined = np.concatenate([node[heads], other])
    to = np.concatenate([low[heads], low])
    real = joined != to
    joined, to = joined[real], to[real]
    both = routed(np.concatenate([joined, to]), np.concatenate([to, joined]), count)
    put_blocks(store, out, EDGES, both)
    return out


def _large_star(store: Store, names: Sequence[str], which: int, count: int, out: str) -> str:
    """Join every node's larger neighbours to the lowest node it knows, itself included.

    Takes each edge twice, in the block of either node, and gives it once. A node is settled if it
    has larger neighbours only (the centre of a star), or one neighbour, a smaller one.
    """
    node, other = pairs(store, names, which)
    slot, lowest = _neighbourhoods(node, other)
    low, larger = lowest[slot], other > node
    unsettled = np.count_nonzero(np.where(larger, low < node, other != low))
    put_blocks(
        store, out, EDGES, routed(other[larger], low[larger], count), {"unsettled": unsettled}
    )
    return out


def _neighbourhoods(node: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    slot, lowest = np.empty(node.size, np.int64), np.empty(node.size, np.int64)
    neighbourhoods(node, other, _table(node.size), slot, lowest)
    return slot, lowest


def _resumed(
    store: Store, edges: Sequence[str], count: int, stem: str
) -> tuple[Sequence[str], int, int]:
    """The files to go on from, the number of rounds done, and how much was unsettled then."""
    try:
        state = json.loads(store.read(f"{stem}-rounds.json"))
    except (FileNotFoundError, ValueError):
        return edges, 0, 1
    rounds = state["rounds"]
    large = Numbered(f"{stem}-{rounds - 1:03d}-large-{{:05d}}.arrow", count)
    if any(store.size(name) is None for name in large):
        return edges, 0, 1
    return large, rounds, state["unsettled"]


def _of_stars(store: Store, names: Sequence[str], count: int) -> tuple[np.ndarray, np.ndarray]:
    """The nodes of stars and their centres, in no order."""
    found = [pairs(store, names, which) for which in range(count)]
    node, low = (np.concatenate([pair[k] for pair in found]) for k in (0, 1))
    centres = np.unique(low)
    return np.concatenate([node, centres]), np.concatenate([low, centres])


def _in_memory(listed: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    nodes = np.unique(np.concatenate([np.empty(0, np.int64), *(b.reshape(-1) for b in listed)]))

    def ends() -> Iterable[tuple[np.ndarray, np.ndarray]]:
        for block in listed:
            found = np.searchsorted(nodes, block)
            yield np.ascontiguousarray(found[:, 0]), np.ascontiguousarray(found[:, 1])

    what = "the joining of components"
    parent = grouped(what, nodes.size, 2, lambda keys: keys.united(nodes.size, ends()))
    return nodes, nodes[parent]


def _checked(block: Any) -> np.ndarray:
    block = np.asarray(block)
    if block.size == 0:
        return np.empty((0, 2), np.int64)
    if block.ndim != 2 or block.shape[1] != 2 or block.dtype.kind not in "iu":
        raise DataError(
            f"edges are whole numbers in two columns, not {block.dtype} of shape {block.shape}"
        )
    if block.min() < 0 or block.max() >= 2**63:
        raise DataError("nodes are numbers from 0 to 2**63 - 1")
    return block.astype(np.int64, copy=False)


def _table(rows: int) -> np.ndarray:
    return np.empty(1 << (2 * rows + 1).bit_length(), np.int64 if rows >= 2**31 else np.int32)
