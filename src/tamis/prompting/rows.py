"""What is asked about rows: the prompt with the values of each, and its pictures."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.codes import BadRecord
from tamis.prompting.pictures import Pictures
from tamis.prompting.question import Question, Told
from tamis.viewing import Views


def questions(step: Any, views: Views) -> list[list[Question] | Told]:
    """For each row a question for each sample; or why nothing is asked about it."""
    words = {name: _plain(views.column(name)) for name in step.template.columns}
    images = None
    if step.images is not None:
        images = Pictures(views, step.images, dict(step.view_settings))
    samples = list(enumerate(_bodies(step)))
    found: list[list[Question] | Told] = []
    for place in range(len(views.frame)):
        try:
            values = {name: _supposed(column[place], step) for name, column in words.items()}
            messages = _messages(step, values, images, place)
        except _Null as null:
            found.append(Told(skipped=f"text.null: {null} is null"))
        except BadRecord as bad:
            found.append(Told(why=bad))
        else:
            found.append([
                Question(step.api, body, messages, 0 if "seed" in body else sample, step.form,
                         step.repairs, step.truncated, step.empty, step.thoughts)
                for sample, body in samples
            ])  # fmt: skip
    return found


def _supposed(value: Any, step: Any) -> Any:
    """A value; in a plan as long a text as a step before could have had written."""
    return "x" * 4 * step.limits.supposed or None if value is None else value


class _Null(Exception):
    """A column that has no value in a row."""


def _messages(
    step: Any, values: dict[str, Any], images: Pictures | None, place: int
) -> list[dict[str, Any]]:
    for name, value in values.items():
        if value is None:
            raise _Null(name)
    filled = step.template.filled(values)
    messages: list[dict[str, Any]] = [{"role": role, "content": text} for role, text in filled]
    if images is not None:
        said = {"type": "text", "text": messages[-1]["content"]}
        messages[-1]["content"] = [*images.parts(place, step.detail), said]
    return messages


def _bodies(step: Any) -> list[dict[str, Any]]:
    """What requests have beside messages, for each sample: seeds in order."""
    given = json.loads(step.sampling)
    extra, stop, seed = (given.pop(key) for key in ("extra", "stop", "seed"))
    body = {"model": step.model} | {k: v for k, v in given.items() if v is not None}
    body |= ({"stop": stop} if stop else {}) | (extra or {})
    return [body | ({} if seed is None else {"seed": seed + k}) for k in range(step.n)]


def _plain(column: pd.Series) -> list[Any]:
    """The values of a column as Python's, None where it is null."""
    try:
        found: list[Any] = pa.array(column, from_pandas=True).to_pylist()
    except (pa.ArrowException, TypeError):
        found = [None if np.ndim(v) == 0 and pd.isna(v) else v for v in column]
    return found
