"""What a deduplication found, to be looked at: clusters, pairs, texts, another bound."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tamis.dedup import removal
from tamis.dedup.inspection import Inspection, inspected
from tamis.dedup.seeing import contacts, pictures_of, texts_of
from tamis.dedup.verdicts import SCHEMA
from tamis.errors import ColumnError, DataError, SettingError
from tamis.exhibits import Exhibit
from tamis.frame import library, strings, to_arrow

Order = Literal["least", "most"]
SHEETS = 4  # clusters shown as contact sheets


@dataclass(frozen=True, eq=False, repr=False)
class Duplicates:
    """The clusters that a deduplication found, made by `step.compare(frame)` or `run.duplicates()`.

    A cluster is a record that stays, by whose id it is called, and the records that go because of
    it. `rows` is how many records were compared; None where only what was found is known.

    Deduplications of parts of texts (lines, paragraphs, sentences, substrings; `cuts` is then True)
    have no clusters: `pairs` has the records of which something stands before, and what share.

    >>> docs = pd.DataFrame({"id": ["a", "b", "c"],
    ...     "text": ["One two three four five six.", "one two three four five SIX", "else"]})
    >>> import tamis
    >>> found = tamis.FuzzyDedup().compare(docs)
    >>> found
    <fuzzy_dedup, threshold 0.8: 3 records, 1 duplicate in 1 cluster, similarity 1.000 to 1.000>
    >>> found.pairs().values.tolist()
    [['b', 'a', 1.0]]
    """

    step: Any  # None where it is not known
    rows: int | None
    verdicts: pa.Table
    material: Callable[[], tuple[Any, Any]] | None = None  # the proposal, and the evidence
    texts: Callable[[list[str], str | None], dict[str, str]] | None = None  # of these ids
    pictures: Callable[[list[str]], Mapping[str, Exhibit]] | None = None  # of these ids
    again: Callable[[Any], pa.Table] | None = None  # the verdicts of a step, if not by `material`

    @property
    def dropped(self) -> int:
        """Records that go."""
        return self.verdicts.num_rows - (pc.sum(self.verdicts["keep"]).as_py() or 0)

    @property
    def cuts(self) -> bool:
        """Whether parts of texts were compared, not whole records."""
        return "cut" in self.verdicts.column_names

    @property
    def kept(self) -> int | None:
        """Records that stay, those without duplicates among them; None where `rows` is."""
        return None if self.rows is None else self.rows - self.dropped

    def frame(self) -> pd.DataFrame:
        """`id, cluster, keep, duplicate_of, similarity` of every record of a cluster, as `find`."""
        return removal.found(self.verdicts)

    def clusters(self) -> pd.DataFrame:
        """A row per cluster, the largest first: `cluster, size, kept, least, most`.

        `kept` is the id of the record that stays, `size` counts it; `least` and `most` are the
        similarities to it of the least and the most similar record that goes. Raises `SettingError`
        where parts of texts were compared.
        """
        self._whole("clusters()")
        grouped = self.verdicts.group_by("cluster").aggregate(
            [([], "count_all"), ("similarity", "min"), ("similarity", "max")]
        )
        grouped = grouped.sort_by([("count_all", "descending"), ("cluster", "ascending")])
        index = pd.RangeIndex(grouped.num_rows)
        names = strings(grouped["cluster"], index)
        return pd.DataFrame(
            {
                "cluster": names,
                "size": grouped["count_all"].to_numpy(),
                "kept": names,
                "least": grouped["similarity_min"].to_numpy(),
                "most": grouped["similarity_max"].to_numpy(),
            }
        )

    def pairs(self, order: Order = "least") -> pd.DataFrame:
        """A row per record that goes: `id, duplicate_of, similarity`; least or most certain first.

        Equal similarities are in order of `id`. Where parts of texts were compared, a row per
        record of which something stands before, with `keep` besides: `similarity` is the share of
        its characters, `duplicate_of` the record that most of it stands in (null: only in itself).
        """
        if order not in ("least", "most"):
            raise SettingError(f"order={order!r} is not 'least' or 'most'")
        gone = self.verdicts
        if not self.cuts:
            gone = gone.filter(pc.invert(gone["keep"]))
        way = "ascending" if order == "least" else "descending"
        gone = gone.sort_by([("similarity", way), ("id", "ascending")])
        index = pd.RangeIndex(gone.num_rows)
        made = {
            "id": strings(gone["id"], index),
            "duplicate_of": strings(gone["duplicate_of"], index),
            "similarity": gone["similarity"].to_numpy(),
        }
        return pd.DataFrame(made | ({"keep": gone["keep"].to_numpy()} if self.cuts else {}))

    def inspect(self, cluster: str, *, column: str | None = None, limit: int = 10) -> Inspection:
        """The records of a cluster with the words marked in which they differ from the kept one.

        `cluster` is the id of any record in it. At most `limit` of those that go are shown, the
        least certain first. `column` is the text to show: by default `text`, or what was compared.
        Raises `DataError` for a record that is in no cluster, `SettingError` where parts of texts
        were compared.
        """
        self._whole("inspect()")
        rows = self.verdicts.filter(pc.equal(self.verdicts["id"], pa.scalar(cluster, TEXT)))
        if not rows.num_rows:
            raise DataError(f"{cluster!r} is in no cluster: no duplicate of it was found")
        name = rows["cluster"][-1].as_py()
        members = self.verdicts.filter(pc.equal(self.verdicts["cluster"], pa.scalar(name, TEXT)))
        gone = members.filter(pc.invert(members["keep"]))
        gone = gone.sort_by([("similarity", "ascending"), ("id", "ascending")]).slice(0, limit)
        ids = [name, *gone["id"].to_pylist()]
        texts = self.texts(ids, column) if self.texts is not None else {}
        pairs = zip(gone["id"].to_pylist(), gone["similarity"].to_pylist(), strict=True)
        pictures = None if self.pictures is None else partial(self.pictures, ids)
        return inspected(name, members.num_rows, list(pairs), texts, pictures)

    def rethreshold(self, value: float) -> Duplicates:
        """What is found at another bound: the `threshold` of fuzzy, the `radius` of perceptual.

        Decided anew on what was gathered, without reading a text again, and just what the step
        finds with that bound and the same candidates (for fuzzy the same `bands` and `rows`).
        Raises `SettingError` where the candidates do not reach so far.
        """
        if self.material is None or self.step is None:
            raise DataError(
                "only what was found is here, not what it was decided on; use step.compare(frame), "
                "or the run's duplicates()"
            )
        if self.step.bound is not None and getattr(self.step, "against", None) is not None:
            raise SettingError(
                f"{self.step.name} has against={self.step.against!r}, so its {self.step.bound} "
                "cannot be moved: what that set holds was decided while the records were sketched. "
                f"Make the step anew with {self.step.bound}={value!r} and the same against=, and "
                "compare or run the records with it"
            )
        moved = self.step.at(value)
        verdicts = moved.decide(*self.material()) if self.again is None else self.again(moved)
        return dataclasses.replace(self, step=moved, verdicts=verdicts)

    def connected(self) -> tuple[pa.ChunkedArray, np.ndarray]:
        """The ids of records that were proposed as duplicates of one another, and their group.

        By whatever chain of others: two records that were candidates are in one group, verified or
        not. Where only what was found is known, the clusters.
        """
        if self.material is None or self.step is None:
            numbers = self.verdicts["cluster"].combine_chunks().dictionary_encode()
            return self.verdicts["id"], np.asarray(numbers.indices)
        found: tuple[pa.ChunkedArray, np.ndarray] = self.step.connected(self.material()[0])
        return found

    def _whole(self, asked: str) -> None:
        """Raise where there are no clusters to be asked for."""
        if self.cuts:
            raise SettingError(
                f"{self._named()} compares parts of texts, so there are no clusters of records and "
                f"{asked} has nothing to tell; pairs() lists the records of which something stands "
                "before, with the share of their characters"
            )

    def __repr__(self) -> str:
        if self.cuts:
            return self._lost()
        gone = self.verdicts.filter(pc.invert(self.verdicts["keep"]))
        groups = len(gone["cluster"].unique())
        told = f"{_counted(gone.num_rows, 'duplicate')} in {_counted(groups, 'cluster')}"
        if gone.num_rows:
            ends = pc.min_max(gone["similarity"]).as_py()
            if ends["min"] is not None:
                told += f", similarity {ends['min']:.3f} to {ends['max']:.3f}"
        if self.rows is not None:
            told = f"{_counted(self.rows, 'record')}, {told}"
        return f"<{self._named()}: {told}>"

    def _lost(self) -> str:
        """How many records something stands before of, what became of them, and what shares."""
        told = f"something stands before of {_counted(self.verdicts.num_rows, 'record')}"
        if self.verdicts.num_rows:
            ends = pc.min_max(self.verdicts["similarity"]).as_py()
            told += f" ({ends['min']:.1%} to {ends['max']:.1%} of the characters)"
            told += f", {self.dropped:,} dropped"
            cut = pc.greater(pc.list_value_length(self.verdicts["cut"]), 0)
            number = pc.sum(pc.and_(cut, self.verdicts["keep"])).as_py() or 0
            told += f", {number:,} cut" if number else ""
        if self.rows is not None:
            told = f"{_counted(self.rows, 'record')}, {told}"
        return f"<{self._named()}: {told}>"

    def _repr_html_(self) -> str:
        rows = self.pairs("most") if self.cuts else self.clusters()
        told = f"<p>{repr(self)[1:-1]}</p>" + rows.head(10).to_html()
        if self.cuts or self.pictures is None:
            return told
        return told + contacts(self.verdicts, rows["kept"].head(SHEETS), self.pictures)

    def _named(self) -> str:
        if self.step is None:
            return "duplicates"
        bound = self.step.bound
        return (
            f"{self.step.name}, {bound} {getattr(self.step, bound):g}" if bound else self.step.name
        )


TEXT = pa.large_string()


def compared(frame: Any, step: Any) -> Duplicates:
    """Compare the records of a pandas or Dask frame; a Dask frame is read twice, and not held."""
    if library(frame) == "dask":
        from tamis.dedup import lazy

        proposal, evidence = lazy.material(frame, step)
    else:
        rows = frame if library(frame) == "pandas" else frame.to_pandas()
        proposal, evidence = removal.material(removal.alive(rows), step)

    def texts(ids: list[str], column: str | None) -> dict[str, str]:
        return texts_of(frame, ids, column, step)

    verdicts = step.decide(proposal, evidence)
    return Duplicates(
        step, int(proposal.offsets[-1]), verdicts, lambda: (proposal, evidence), texts,
        partial(pictures_of, frame),
    )  # fmt: skip


def duplicates(found: Any, step: Any = None) -> Duplicates:
    """What is known of duplicates: from `found` and, where that is a frame of records, a step.

    `found` is a `Duplicates`, a finished run, a frame that `find` or `explain` made or that a run
    dropped (pandas or Dask, with `id`, `duplicate_of`, `similarity`), or, with `step`, any frame.
    """
    if isinstance(found, Duplicates):
        return found
    if hasattr(found, "duplicates") and hasattr(found, "figures"):
        return found.duplicates() if step is None else found.duplicates(step)
    if step is not None:
        return step.compare(found)
    needed = ["id", "duplicate_of", "similarity"]
    have = list(map(str, found.columns))
    lacking = [name for name in needed if name not in have]
    if lacking:
        raise ColumnError(
            f"no column {lacking[0]!r} (have: {', '.join(have)}); pass what find() gave, or the "
            "records and a step: clusters(frame, FuzzyDedup())"
        )
    rows = found[needed + [name for name in ("keep", "dropped_by") if name in have]]
    rows = rows[~rows["duplicate_of"].isna()]
    if library(found) == "dask":
        rows = rows.compute()
    elif library(found) == "cudf":
        rows = rows.to_pandas()
    if "keep" in rows and rows["keep"].any():
        raise SettingError(
            "records that stay name another here, as deduplications of parts of texts find them: "
            "there are no clusters; the frame has what there is, step.compare(frame).pairs() too"
        )
    if "dropped_by" in rows:
        rows = rows[~rows["dropped_by"].isna()]
    rows = rows[needed]

    def texts(ids: list[str], column: str | None) -> dict[str, str]:
        return texts_of(found, ids, column, None)

    return Duplicates(None, None, _verdicts(rows), None, texts, partial(pictures_of, found))


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _verdicts(gone: pd.DataFrame) -> pa.Table:
    """Verdicts from the records that went, each of which names the one that stayed."""
    table = to_arrow(gone)
    ids, of = table["id"].cast(TEXT), table["duplicate_of"].cast(TEXT)
    kept = of.unique()
    count = len(kept) + len(ids)
    cluster = pa.chunked_array([*pa.chunked_array([kept]).chunks, *of.chunks], TEXT)
    keep = pa.array([True] * len(kept) + [False] * len(ids))
    columns = [
        pa.array(range(count), pa.int64()),
        pa.chunked_array([kept, *ids.chunks], TEXT),
        cluster,
        keep,
        pc.if_else(keep, pa.scalar(None, TEXT), cluster),
        pa.chunked_array(
            [pa.nulls(len(kept), pa.float64()), *table["similarity"].cast(pa.float64()).chunks]
        ),
    ]
    return pa.table(columns, schema=SCHEMA)
