"""Components of an index settled anew: after a removal, or where new records may come first.

A component is closed: its records share keys and contents with one another only. So comparing the
records of a few components gives the verdicts that comparing everything would.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.dedup.index import embeddings, hashes
from tamis.dedup.index.records import BANDS, bands, to_sketch
from tamis.dedup.index.segment import STAYS
from tamis.dedup.index.view import CHANGE, View


def closed(view: View, positions: np.ndarray, step: Any) -> np.ndarray:
    """The positions of all records in the components of the given ones, ascending."""
    known = np.zeros(len(view), np.bool_)
    known[positions] = True
    fresh = np.unique(positions)
    while len(fresh):
        near = np.unique(np.concatenate([_near(view, part, step) for part in _pieces(fresh)]))
        fresh = view.alive(near[~known[near]])
        known[fresh] = True
    return np.flatnonzero(known)


def settled(view: View, positions: np.ndarray, step: Any) -> np.ndarray:
    """The verdicts on whole components, as an array of `CHANGE`; `step` decides them."""
    records, ids = view.records(positions), _told_apart(view.ids(positions))
    proposal = step.propose([_sketch(view, records, ids, step)])
    wanted = step.wanted(proposal)[0]
    table = step.decide(proposal, [_evidence(view, records[wanted])])
    serials = view.serials(positions)
    made = np.zeros(len(positions), CHANGE)
    made["serial"] = serials
    made["witness"] = STAYS
    gone = table.filter(pc.invert(table["keep"]))
    rows = gone["row"].to_numpy()
    other = pc.index_in(gone["duplicate_of"], value_set=ids)
    made["witness"][rows] = serials[other.to_numpy()]
    made["similarity"][rows] = gone["similarity"].to_numpy()
    return made


def changed(view: View, verdicts: np.ndarray) -> np.ndarray:
    """Those of the verdicts that are not what the view says already."""
    before = view.verdicts(view.positions(verdicts["serial"]))
    other = before["witness"] != verdicts["witness"]
    other |= before["similarity"] != verdicts["similarity"]
    return verdicts[other]


def _told_apart(ids: pa.Array) -> pa.Array:
    """Ids of which none stands twice, in the same order; who asks may name one that is held."""
    if pc.count_distinct(ids).as_py() == len(ids):
        return ids
    number = pc.utf8_lpad(pa.array(np.arange(len(ids))).cast(pa.large_string()), 20, "0")
    return pc.binary_join_element_wise(ids, number, pa.scalar("\0", pa.large_string()))


def _sketch(view: View, records: np.ndarray, ids: pa.Array, step: Any) -> pa.Table:
    """The sketch that records were made of."""
    if step.kind == "semantic":
        return embeddings.sketch_of(view, records, ids)
    return hashes.plain(step, to_sketch(records, ids))


def _near(view: View, positions: np.ndarray, step: Any) -> np.ndarray:
    """The positions of all that share a content or the key of a band with the given ones.

    Of hashes those within the radius, of vectors those that reach the threshold.
    """
    records = view.records(positions)
    found = [view.same_content(records)[1]]
    if step.kind == "perceptual":
        found.append(hashes.near(view, records, step.radius, None))
    elif step.kind == "semantic":
        found.append(embeddings.near(view, records, step.threshold))
    elif bands(records.dtype):
        keys = records["keys"][records["valid"] & (records["shingles"] > 0)]
        for band in range(keys.shape[1]):
            found.append(np.unique(view.lookup(BANDS + band, np.unique(keys[:, band]))[1]))
    return np.unique(np.concatenate(found))


def _pieces(positions: np.ndarray, size: int = 100_000) -> list[np.ndarray]:
    return [positions[k : k + size] for k in range(0, len(positions), size)]


def _evidence(view: View, records: np.ndarray) -> pa.Table:
    """The sets of these records where they lie, as the table that a deduplication gathers."""
    kind = pa.large_list(pa.uint64())
    mapped: dict[int, pa.Array] = {}
    chunks = []
    for file, at, size in zip(
        records["set_file"].tolist(),
        records["set_at"].tolist(),
        records["set_size"].tolist(),
        strict=True,
    ):
        if file < 0:  # nothing to compare: exact, or by signatures
            return pa.table({"shingles": pa.chunked_array([], kind)})
        if file not in mapped:
            values = view.sets(file)
            mapped[file] = pa.Array.from_buffers(
                pa.uint64(), len(values), [None, pa.py_buffer(values)]
            )
        ends = pa.array(np.array([at, at + size], np.int64))
        chunks.append(pa.LargeListArray.from_arrays(ends, mapped[file]))
    return pa.table({"shingles": pa.chunked_array(chunks, kind)})
