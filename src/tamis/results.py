"""A finished run, opened: what was kept, what was dropped and why."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tamis import io, revisit, rowwise
from tamis.dedup.duplicates import Duplicates
from tamis.errors import DataError, UncommittedError
from tamis.io import commit
from tamis.io.fetch import placed
from tamis.io.store import Store


class Run:
    """The folder of a finished run.

    `figures` is what `run.json` holds: recipe, versions, rows and reasons per step, timings. Raises
    `UncommittedError` for a run that was not finished, `DataError` for a folder that holds none.
    """

    def __init__(
        self, out: str | os.PathLike[str], storage_options: Mapping[str, Any] | None = None
    ) -> None:
        self.store = Store(out, storage_options)
        self.path = self.store.root
        found = commit.manifest(self.store, commit.RUN)
        if found is None:
            if self.store.size(commit.MARKER) is not None:
                raise UncommittedError(f"{self.path}: the run was not finished; run it again")
            raise DataError(f"{self.path} holds no run: there is no {commit.RUN}")
        self.figures: dict[str, Any] = found

    @property
    def rows(self) -> dict[str, int]:
        """Rows in, cut, kept and dropped: in + cut = kept + dropped."""
        return dict(self.figures["rows"])

    @property
    def report(self) -> str:
        """The path or URL of the report."""
        return self.store.path("report.html")

    def steps(self) -> pd.DataFrame:
        """Rows in, dropped and out per step, with the share kept and the seconds spent."""
        table = pd.DataFrame(self.figures["steps"], columns=list(_STEP_COLUMNS))
        table["kept_share"] = table["rows_out"] / (table["rows_in"] + table["cut"]).where(
            lambda n: n > 0
        )
        return table.set_index("name")

    def kept(self) -> Any:
        """The kept records, a Dask frame."""
        folder, kind = self.store.path("kept"), self.figures["output"]["format"]
        if not self.parts("kept"):
            return self._empty("kept")
        readers = {"parquet": "read_parquet", "csv": "read_csv"}
        readers |= dict.fromkeys(("jsonl", "jsonl.gz", "jsonl.zst"), "read_jsonl")
        read = getattr(io, readers.get(kind, "read_manifest"))
        return read(folder, errors="raise", storage_options=self.store.storage_options or None)

    def dropped(self, by: str | None = None) -> Any:
        """The dropped records with `dropped_by`, `dropped_why` and scores; of one step, or all.

        `by` is the name of the step (`"fuzzy_dedup"`), or its kind (`"fuzzy"`) where one is of it.
        """
        frame = self._parquet("dropped")
        if by is None:
            return frame
        return frame[frame["dropped_by"] == revisit.step_named(self.figures, by)]

    def ledger(self) -> Any:
        """A row per record, kept or dropped: its scores, why it was dropped, what it duplicates."""
        return self._parquet("ledger")

    def why(self, id: str) -> dict[str, Any]:
        """All that is known of one record; `KeyError` for an id the run has not seen.

        Of a record that was cut into others, `{"verdict": "cut", "id": …, "rows": […]}` names
        these; they are found under their own ids, `<id>/<n>`.
        """
        rows = []
        for part in self.parts("ledger"):
            table = pq.read_table(self.file(part), filters=[("id", "=", id)])
            if table.num_rows:
                row = table.slice(0, 1).to_pylist()[0]
                verdict = "kept" if row["dropped_by"] is None else "dropped"
                return {"verdict": verdict} | row
            if "parent_id" in pq.read_schema(self.file(part)).names:
                named = pq.read_table(
                    self.file(part), columns=["id"], filters=[("parent_id", "=", id)]
                )
                rows += named["id"].to_pylist()
        if rows:
            return {"verdict": "cut", "id": id, "rows": rows}
        raise KeyError(f"no record {id!r} in {self.path}; ids look like {self._example()!r}")

    def record(self, id: str) -> dict[str, Any] | None:
        """The record as it was kept or dropped; None if it was cut, or kept is not Parquet."""
        verdict = self.why(id)["verdict"]
        if verdict == "cut":
            return None
        folder = "kept" if verdict == "kept" else "dropped"
        for part in self.parts(folder):
            if part.endswith(".parquet"):
                table = pq.read_table(self.file(part), filters=[("id", "=", id)])
                if table.num_rows:
                    return placed(self.store, part, table).slice(0, 1).to_pylist()[0]
        return None

    def duplicates(self, step: str | None = None) -> Duplicates:
        """What a deduplication of the run found.

        `step` is its name (`"fuzzy_dedup"`), or its kind (`"fuzzy"`) where one is of that kind; it
        can be left out where the run has one deduplication. Raises `KeyError` naming those there
        are for anything else.
        """
        return revisit.duplicates(self.store, self.figures, step)

    def rethreshold(self, step: str, value: float) -> Duplicates:
        """What a deduplication would have found at another bound; no text is read, nothing written.

        The verdicts of this step alone: steps after it saw what it kept then.

        >>> import tempfile, tamis
        >>> texts = [" ".join(f"w{k}" for k in range(n)) for n in (20, 19)]
        >>> docs = pd.DataFrame({"id": ["a", "b"], "text": texts})
        >>> out = tempfile.TemporaryDirectory()
        >>> run = tamis.Pipeline([tamis.FuzzyDedup()]).run(docs, out.name, progress=False)
        >>> run.duplicates().dropped, run.rethreshold("fuzzy_dedup", 0.95).dropped
        (1, 0)
        """
        return self.duplicates(step).rethreshold(value)

    def parts(self, folder: str) -> list[str]:
        """The names of the files of `kept`, `dropped` or `ledger`."""
        names = [part["name"] for part in self.figures["parts"]]
        return [name for name in names if name.startswith(f"{folder}/")]

    def _parquet(self, folder: str) -> Any:
        if not self.parts(folder):
            return self._empty(folder)
        return io.read_parquet(
            self.store.path(folder),
            errors="raise",
            storage_options=self.store.storage_options or None,
        )

    def _empty(self, folder: str) -> Any:
        """No rows, with the columns that rows would have."""
        import dask.dataframe as dd

        output = self.figures["output"]
        hidden = output["hidden"] if folder == "kept" else ()
        columns = {name: _dtype(kind) for name, kind in output["columns"].items()}
        return dd.from_pandas(
            rowwise.empty({k: v for k, v in columns.items() if k not in hidden}), npartitions=1
        )

    def file(self, name: str) -> Any:
        """What a part is read from: its path, or its bytes where the folder is not local."""
        return self.store.path(name) if self.store.local else pa.BufferReader(self.store.read(name))

    def _example(self) -> str | None:
        for part in self.parts("ledger"):
            return pq.read_table(self.file(part), columns=["id"])["id"][0].as_py()
        return None

    def __repr__(self) -> str:
        rows = self.figures["rows"]
        return (
            f"<run {self.path}: {rows['in']:,} in, {rows['kept']:,} kept, "
            f"{rows['dropped']:,} dropped; report: {self.report}>"
        )

    def _repr_html_(self) -> str:
        return (
            f"<p>{repr(self)[1:-1]}</p>"
            + self.steps()[["rows_in", "dropped", "rows_out"]].to_html()
        )


def _dtype(name: str) -> Any:
    """A dtype by its name; nested columns, which pandas cannot name, as objects."""
    try:
        return pd.api.types.pandas_dtype(name)
    except TypeError:
        return object


_STEP_COLUMNS = ("name", "kind", "rows_in", "dropped", "cut", "rows_out", "fired", "seconds")
