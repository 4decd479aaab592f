"""The step that takes benchmarks out of training data."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from tamis.bounds import listed
from tamis.decontamination.benchmarks import Benchmark
from tamis.decontamination.found import Found
from tamis.decontamination.known import Known, Words, ignored, known
from tamis.decontamination.pieces import pieces
from tamis.errors import ColumnError, SettingError
from tamis.frame import STRING
from tamis.kernels.contamination import LONGEST
from tamis.spelling import no_column
from tamis.steps import Columns, Step, add_column
from tamis.viewing import Views
from tamis.where import Where

Action = Literal["drop", "cut", "score"]
Punctuation = Literal["drop", "separate"]
_WORDS: dict[str, str] = {"drop": "filter", "cut": "cut", "score": "score"}


@dataclass(frozen=True, init=False)
class Decontaminate(Step):
    """Find n-grams of benchmarks in texts: drop the texts, cut them, or say what there is.

    `benchmarks` are paths, or mappings with `path` and, if need be, `task`, `fields`, `split` and
    `name` (`Benchmark`): JSON Lines, Parquet, CSV, text, a JSON list, or what Hugging Face's
    `save_to_disk` wrote. Nothing is downloaded.

    Words are compared in lower case, without punctuation ("drop": `don't` is `dont`; "separate":
    two words), each letter a word in scripts without spaces. Known are all runs of `ngram` words of
    a benchmark's text, and a text of `shortest` words or more that is shorter than that as a whole.
    `ignore` (n-grams, or a file with one in a line) are left out: what `matches` finds too often.
    Passages that questions are asked about count with `passages=True`.

    `action` "drop" drops a text of whose words more than `max` (a share) stand in such n-grams;
    `dropped_why` says how many, of which benchmarks, and where the first stands. "score" adds that
    share as the column `name`, and `<name>_evidence`: benchmarks with counts of n-grams, and spans
    (characters of the text) with benchmark, example and wording, as JSON. Both stand in the ledger
    of a run for either action. "cut" makes rows of what is left between the spans: whole sentences
    at least `side` characters away from them, of more than `min_length` characters, with `start`
    and `end` in the text; texts without a hit stay as they are, those that come to no piece or to
    more than `max_pieces` are dropped. With `where={"source": "web"}` all others pass as they are.

    Source of the defaults of `ngram`, `shortest`, `side`, `min_length` and `max_pieces`: NeMo
    Curator 0.9, TaskDecontamination. Its offsets are those of the text without punctuation, which
    these are not; and words that n-grams cover without a gap are cut out as one.

    >>> import tempfile
    >>> words = "one two three four five six seven eight"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "riddles.txt")
    ...     with open(path, "w") as file:
    ...         _ = file.write(words)
    ...     docs = pd.DataFrame({"id": ["a", "b"], "text": [f"So: {words.upper()}!", "nine ten"]})
    ...     docs.pipe(Decontaminate([path])).id.tolist()
    ['b']
    """

    benchmarks: tuple[Benchmark, ...]
    action: Action
    on: str
    ngram: int
    shortest: int
    max: float
    punctuation: Punctuation
    passages: bool
    ignore: str | tuple[str, ...]
    side: int
    min_length: int
    max_pieces: int
    name: str
    where: Where

    def __init__(
        self,
        benchmarks: str | os.PathLike[str] | Mapping[str, Any] | Sequence[Any],
        *,
        action: Action = "drop",
        on: str = "text",
        ngram: int = 13,
        shortest: int = 8,
        max: float = 0.0,
        punctuation: Punctuation = "drop",
        passages: bool = False,
        ignore: str | os.PathLike[str] | Sequence[str] = (),
        side: int = 200,
        min_length: int = 200,
        max_pieces: int = 10,
        name: str | None = None,
        where: Mapping[str, Any] | None = None,
    ) -> None:
        one = isinstance(benchmarks, str | os.PathLike | Mapping | Benchmark)
        given = [benchmarks] if one else benchmarks
        if not isinstance(given, Sequence) or not given:
            raise SettingError("Decontaminate takes a list of benchmarks, one at least")
        _choice("action", action, get_args(Action))
        _choice("punctuation", punctuation, get_args(Punctuation))
        for key, value, least in (
            ("ngram", ngram, 2), ("shortest", shortest, 2), ("side", side, 0),
            ("min_length", min_length, 0), ("max_pieces", max_pieces, 1),
        ):  # fmt: skip
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise SettingError(f"Decontaminate: {key}={value!r} is no whole number >= {least}")
        if ngram > LONGEST:
            raise SettingError(f"Decontaminate: ngram={ngram} is above {LONGEST}")
        if isinstance(max, bool) or not isinstance(max, int | float) or not 0 <= max < 1:
            raise SettingError(f"Decontaminate: max={max!r} is no share from 0 to below 1")
        if not isinstance(passages, bool):
            raise SettingError(f"Decontaminate: passages={passages!r} is not true or false")
        if not isinstance(ignore, str | os.PathLike) and not all(
            isinstance(one, str) for one in ignore
        ):
            raise SettingError("Decontaminate: ignore= are n-grams as texts, or a file of them")
        put = object.__setattr__
        put(self, "benchmarks", tuple(Benchmark.of(one) for one in given))
        put(self, "action", action)
        put(self, "on", on)
        put(self, "ngram", ngram)
        put(self, "shortest", min(shortest, ngram))
        put(self, "max", float(max))
        put(self, "punctuation", punctuation)
        put(self, "passages", passages)
        path = isinstance(ignore, str | os.PathLike)
        put(self, "ignore", os.fspath(ignore) if path else tuple(ignore))  # type: ignore[arg-type]
        put(self, "side", side)
        put(self, "min_length", min_length)
        put(self, "max_pieces", max_pieces)
        put(self, "name", name or "decontaminate")
        put(self, "where", Where.of(where, self.name))

    @property
    def word(self) -> str:  # type: ignore[override]
        """What kind of step it is: it drops as a filter does, cuts, or scores."""
        return _WORDS[self.action]

    @property
    def score(self) -> Decontaminate:
        """What measures, where it is a filter: itself."""
        return self

    def beside(self, name: str) -> tuple[str, ...]:
        return (f"{name}_evidence",)

    def hides(self, name: str) -> tuple[str, ...]:
        return (name, *self.beside(name)) if self.word == "filter" else ()

    def plan(self, columns: Columns, name: str) -> None:
        if self.on not in columns:
            raise ColumnError(f"{name}: {no_column(self.on, columns, '; pass on=…')}")
        if not pd.api.types.is_string_dtype(columns[self.on]):
            raise ColumnError(f"{name}: column {self.on!r} holds {columns[self.on]}, not text")
        self.where.check(columns, name)
        self._fingerprints()
        if self.action != "cut":
            add_column(columns, name, np.dtype("float64"))
            for column in self.beside(name):
                add_column(columns, column, STRING)
            return
        if "id" not in columns:
            raise ColumnError(f"{name}: a cut needs a column 'id' (have: {', '.join(columns)})")
        columns["parent_id"] = STRING
        for column in ("start", "end"):
            if columns.setdefault(column, pd.Int64Dtype()) != pd.Int64Dtype():
                raise ColumnError(
                    f"{name}: column {column!r} holds {columns[column]}; rename it: where a piece "
                    f"begins and ends goes there"
                )

    def column(self, views: Views) -> pd.Series:
        """The share of words in n-grams of benchmarks."""
        return pd.Series(self._found(views).ratio(), index=views.frame.index)

    def told(self, column: str, views: Views) -> pd.Series:
        """The evidence of each text; null where there is none."""
        found = self._found(views)
        made = np.full(len(views.frame), None, object)
        for row in found.rows.tolist():
            made[row] = found.evidence(row)
        return pd.Series(pd.array(made, STRING), index=views.frame.index)

    def passes(self, values: pd.Series) -> np.ndarray:
        """Which texts may stay; one that is null has nothing in it."""
        return ~(values.to_numpy(np.float64, na_value=np.nan) > self.max)

    def reasons(self, values: pd.Series, views: Views, rows: np.ndarray) -> list[str]:
        """Why texts (positions) were dropped."""
        found = self._found(views)
        return [f"contaminated.text: {found.reason(row)}" for row in rows.tolist()]

    def spans(self, views: Views, rows: np.ndarray | None = None) -> dict[str, Any]:
        """What is left of each text: positions of rows, pieces, and which rows stay as they are."""
        found, texts = self._found(views), views.column(self.on)
        whole = np.ones(len(texts), bool)
        whole[found.rows] = False
        changed: dict[int, list[tuple[int, int]]] = {}
        problems: dict[int, str] = {}
        for row in found.rows.tolist():
            left = pieces(
                found.text(row), [span[:2] for span in found.spans(row)], side=self.side,
                min_length=self.min_length,
            )  # fmt: skip
            changed[row] = left if len(left) <= self.max_pieces else []
            if not left:
                problems[row] = f"contaminated.nothing_left: {found.reason(row)}"
            elif len(left) > self.max_pieces:
                told = f"{len(left)} pieces, above max_pieces={self.max_pieces}"
                problems[row] = f"contaminated.pieces: {told}; {found.reason(row)}"
        parts = np.ones(len(texts), np.int64)
        parts[found.rows] = [len(changed[row]) for row in found.rows.tolist()]
        parent = np.repeat(np.arange(len(texts)), parts)
        cut = ~whole[parent]
        spans = [span for row in found.rows.tolist() for span in changed[row]]
        words = [found.text(row)[a:b] for row in found.rows.tolist() for a, b in changed[row]]
        made: dict[str, list[Any]] = {
            "start": [a for a, _ in spans],
            "end": [b for _, b in spans],
            self.on: words,
        }
        columns = {}
        for name, values in made.items():
            before = pd.Series([None] * len(texts), dtype=pd.Int64Dtype())
            if name in views.frame.columns:
                before = views.column(name)
            column = before.iloc[parent].reset_index(drop=True)
            own: Any = column.dtype
            column[cut] = pd.array(values, dtype=own)
            columns[name] = column.array
        return {"parent": parent, "problems": problems, "whole": whole, **columns}

    def to_dict(self) -> dict[str, Any]:
        entry: dict[str, Any] = {"decontaminate": [one.to_dict() for one in self.benchmarks]}
        for field in fields(self):
            if field.name in _DEFAULTS:
                value = getattr(self, field.name)
                if value != _DEFAULTS[field.name] or (field.name, self.action) == ("max", "drop"):
                    entry[field.name] = listed(value)
        return entry | self.where.to_dict()

    def known(self) -> Known:
        """The n-grams that it looks for."""
        words = Words(self.ngram, self.shortest, self.punctuation)
        left_out = ignored(self.ignore)
        return known(self.benchmarks, self._fingerprints(), words, self.passages, left_out)

    def _fingerprints(self) -> tuple[str, ...]:
        return tuple(one.fingerprint() for one in self.benchmarks)

    def _found(self, views: Views) -> Found:
        return views.once(self, lambda: Found(self._texts(views), self.known()))

    def _texts(self, views: Views) -> pd.Series:
        """The texts, null in rows that it is not for."""
        texts, rows = views.column(self.on), self.where.rows(views)
        return texts if rows is None else texts.where(rows, None)

    def __dask_tokenize__(self) -> Any:
        own = tuple(getattr(self, field.name) for field in fields(self))
        return ("decontaminate", own, self._fingerprints(), ignored(self.ignore))


_DEFAULTS: dict[str, Any] = {
    "action": "drop", "on": "text", "ngram": 13, "shortest": 8, "max": 0.0, "punctuation": "drop",
    "passages": False, "ignore": (), "side": 200, "min_length": 200, "max_pieces": 10,
    "name": "decontaminate",
}  # fmt: skip


def _choice(key: str, value: Any, known: tuple[str, ...]) -> None:
    if value not in known:
        raise SettingError(f"Decontaminate: {key}={value!r} is unknown (known: {', '.join(known)})")
