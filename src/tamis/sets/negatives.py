"""Hard negatives: passages near a question that do not answer it."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.errors import ColumnError, DataError, SettingError
from tamis.frame import STRING, library
from tamis.sets.keys import check_frame, check_number
from tamis.sets.partitions import call, computed, partitions
from tamis.vectors import GOOD, read_vectors

BLOCK = 1024  # questions compared at a time
Rule = Literal["percent", "absolute"]


class _Asked(NamedTuple):
    """Questions: unit vectors (float32), the row of the passage that answers each."""

    vectors: np.ndarray
    known: np.ndarray  # bool: which have a vector
    answers: np.ndarray  # ids of passages, as text
    limit: np.ndarray  # float64: a negative's cosine is below it


def hard_negatives(
    questions: Any, passages: Any, *, number: int = 4, vector: str = "question_vector",
    passage_vector: str = "passage_vector", answer: str = "parent_id",
    rule: Rule = "percent", limit: float = 0.95, column: str = "negatives",
) -> Any:  # fmt: skip
    """Add to questions the ids of the `number` nearest passages that do not answer them.

    `questions` has the vector of each and, in the column `answer`, the id of the passage that
    answers it; `passages` has `id` and the vector of each. Of all passages but that one those count
    whose cosine is below `limit` times the cosine of question and answer (`rule="percent"`: nearer
    ones may well be answers, too), or below `limit` itself (`rule="absolute"`). The column is a
    list of ids, nearest first, of equally near ones the lesser id; shorter where fewer are left,
    null where a question has no answer, or one of the two no vector. `<column>_similarity` has
    their cosines. An answer that is no passage's id is a `DataError`.

    pandas or Dask; the questions' partitions stay as they are, and every task goes through the
    passages' partitions one by one: memory is that of a partition of each.

    Source: positive-aware mining, G. de Souza P. Moreira et al. 2024, arXiv:2407.15831
    (TopK-PercPos at 0.95, TopK-Abs); exhaustive search instead of an approximate index.

    >>> vectors = [[1, 0], [0.8, 0.6], [0, 1]]
    >>> passages = pd.DataFrame({"id": ["a", "b", "c"], "passage_vector": vectors})
    >>> asked = pd.DataFrame({"id": ["q"], "parent_id": ["a"], "question_vector": [[1.0, 0.1]]})
    >>> hard_negatives(asked, passages, number=2).negatives.tolist()
    [['b', 'c']]
    """
    check_number("hard_negatives", "number", number)
    have = check_frame("hard_negatives", questions, vector, answer)
    check_frame("hard_negatives", passages, "id", passage_vector)
    if rule not in ("percent", "absolute"):
        raise SettingError(f"hard_negatives: rule={rule!r}: one of percent, absolute")
    if isinstance(limit, bool) or not isinstance(limit, int | float) or not 0 < limit <= 1:
        raise SettingError(f"hard_negatives: limit={limit!r} is not a number above 0, up to 1")
    for name in (column, f"{column}_similarity"):
        if name in have:
            raise ColumnError(f"hard_negatives: a column {name!r} exists already; pass column=…")
    how = (vector, passage_vector, answer, rule, float(limit), number, column)
    eager = library(passages) == "pandas"
    parts = [passages] if eager else partitions(passages[["id", passage_vector]])
    if library(questions) == "pandas":
        if not eager:
            import dask

            return dask.compute(call(_with_negatives, questions, parts, *how))[0]
        return _with_negatives(questions, parts, *how)
    meta = questions._meta.assign(
        **{
            column: pd.Series(dtype=pd.ArrowDtype(pa.list_(pa.string()))),
            f"{column}_similarity": pd.Series(dtype=pd.ArrowDtype(pa.list_(pa.float64()))),
        }
    )
    return questions.map_partitions(_with_negatives, parts, *how, meta=meta)


def _with_negatives(
    part: pd.DataFrame, passages: list[Any], vector: str, passage_vector: str, answer: str,
    rule: Rule, limit: float, number: int, column: str,
) -> pd.DataFrame:  # fmt: skip
    asked = _asked(part, passages, vector, passage_vector, answer, rule, limit)
    best = [(np.empty(0), np.empty(0, object)) for _ in range(len(part))]
    answers, there = pd.Index(asked.answers), set[str]()
    for source in passages:
        those = computed(source)
        names = those["id"].astype(str)
        there.update(names[names.isin(answers)])
        ids, vectors = _passages(those, passage_vector)
        for start in range(0, len(part), BLOCK):
            rows = np.arange(start, min(start + BLOCK, len(part)))
            _nearer(asked, rows[asked.known[rows]], ids, vectors, number, best)
    _check_answers(asked, there, answer)
    lists = [
        ids.tolist() if known else None for (_, ids), known in zip(best, asked.known, strict=True)
    ]
    near = [c.tolist() if known else None for (c, _), known in zip(best, asked.known, strict=True)]
    return part.assign(
        **{
            column: _lists(lists, pa.string(), part.index),
            f"{column}_similarity": _lists(near, pa.float64(), part.index),
        }
    )


def _lists(values: list[Any], kind: pa.DataType, index: pd.Index) -> pd.Series:
    array = pd.arrays.ArrowExtensionArray(pa.array(values, pa.list_(kind)))
    return pd.Series(array, index)


def _asked(
    part: pd.DataFrame, passages: list[Any], vector: str, passage_vector: str, answer: str,
    rule: Rule, limit: float,
) -> _Asked:  # fmt: skip
    """The questions of a partition, and how near a negative may be to each."""
    vectors, known = _unit(part[vector])
    answers = np.array(part[answer].astype(STRING).tolist(), object)  # NA is no text
    if rule == "absolute":
        has = np.array([isinstance(one, str) for one in answers], bool)
        return _Asked(vectors, known & has, answers, np.full(len(part), limit))
    positive = np.full(len(part), np.nan)
    rows: dict[str, list[int]] = {}
    for row, one in enumerate(answers):
        if isinstance(one, str):
            rows.setdefault(one, []).append(row)
    seen: set[str] = set()
    for source in passages:
        ids, of_passages = _passages(computed(source), passage_vector)
        for place, one in enumerate(ids):
            if one in rows:
                if one in seen:
                    raise DataError(f"hard_negatives: passage {one!r} is there twice")
                seen.add(one)
                if vectors.shape[1] not in (0, of_passages.shape[1]):
                    _widths(vectors, of_passages)
                positive[rows[one]] = _products(of_passages[place], vectors[rows[one]])
    return _Asked(vectors, known & ~np.isnan(positive), answers, limit * positive)


def _check_answers(asked: _Asked, there: set[str], answer: str) -> None:
    """Raise where an answer is the id of no passage."""
    odd = [one for one in asked.answers if isinstance(one, str) and one not in there]
    if odd:
        raise DataError(
            f"hard_negatives: no passage has the id {odd[0]!r}, which {answer!r} names as the "
            f"answer ({len(odd):,} of {len(asked.answers):,} questions of a partition have such); "
            "leave those questions out, or give all passages"
        )


def _passages(part: pd.DataFrame, vector: str) -> tuple[np.ndarray, np.ndarray]:
    """Ids and unit vectors of the passages that have one."""
    vectors, known = _unit(part[vector])
    if part["id"].isna().any():
        raise DataError("hard_negatives: a passage has no id")
    return part["id"].astype(str).to_numpy(object)[known], vectors[known]


def _unit(column: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    read = read_vectors(column)
    values = read.values.astype(np.float64)
    lengths = np.sqrt(np.einsum("ij,ij->i", values, values))
    known = read.state == GOOD
    values[known] /= lengths[known, None]
    return values.astype(np.float32), known


def _nearer(
    asked: _Asked, rows: np.ndarray, ids: np.ndarray, passages: np.ndarray, number: int,
    best: list[tuple[np.ndarray, np.ndarray]],
) -> None:  # fmt: skip
    """Put passages among the nearest of these questions."""
    if not rows.size or not ids.size:
        return
    _widths(asked.vectors, passages)
    rough = asked.vectors[rows] @ passages.T
    # rough products find candidates with room for their error; exact ones order them
    keep = min(len(ids), number)
    for place, row in enumerate(rows.tolist()):
        line = rough[place]
        allowed = np.flatnonzero(line < asked.limit[row] + 1e-4)
        allowed = allowed[ids[allowed] != asked.answers[row]]
        doubtful = line[allowed] > asked.limit[row] - 1e-4
        fits = _products(asked.vectors[row], passages[allowed[doubtful]]) < asked.limit[row]
        doubtful[np.flatnonzero(doubtful)[fits]] = False
        allowed = allowed[~doubtful]
        if allowed.size > keep:
            edge = np.partition(line[allowed], allowed.size - keep)[allowed.size - keep]
            allowed = allowed[line[allowed] >= edge - 1e-4]
        exact = _products(asked.vectors[row], passages[allowed])
        near = np.concatenate([best[row][0], exact])
        names = np.concatenate([best[row][1], ids[allowed]])
        order = np.lexsort((names.astype(str), -near))[:number]
        best[row] = (near[order], names[order])


def _products(one: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Cosines of a unit vector and others, each summed in float64 by itself."""
    return np.asarray((others.astype(np.float64) * one).sum(axis=1))


def _widths(asked: np.ndarray, passages: np.ndarray) -> None:
    if asked.shape[1] != passages.shape[1]:
        raise DataError(
            f"hard_negatives: vectors of {asked.shape[1]} numbers, and of {passages.shape[1]}"
        )
