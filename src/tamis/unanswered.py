"""Models that answer with nothing: no value then, why where a filter drops it, a line in the log.

As `Prompt` has it: an answer of nothing, or of nothing but white space, is none.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import pandas as pd

log = logging.getLogger(__name__)
WHY = "prompt.empty: the model answered with nothing"
_TOLD: set[tuple[str, str]] = set()  # what was said by this process, of many partitions


def answers(what: str, model: str, said: Sequence[str]) -> list[str | None]:
    """The answers, None for those that say nothing, of which the first are told in the log.

    >>> answers("rewrite", "m", ["so", " "])
    ['so', None]
    """
    found = [one if one.strip() else None for one in said]
    if None in found and (what, model) not in _TOLD:
        _TOLD.add((what, model))
        log.warning(
            "%s has no value in %d of %d rows: %s (%r; said once)",
            what, found.count(None), len(found), WHY, model,
        )  # fmt: skip
    return found


def why(values: pd.Series, asked: pd.Series, *more: Any, **settings: Any) -> list[str | None]:
    """Why there is no value where there was something to ask about; None elsewhere."""
    return [
        None if not pd.isna(value) or pd.isna(one) or not str(one).strip() else WHY
        for value, one in zip(values, asked, strict=True)
    ]
