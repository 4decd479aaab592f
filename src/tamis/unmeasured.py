"""A score that media have no value of drops nothing: so why it is null is logged."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pandas as pd

from tamis.viewing import Views

log = logging.getLogger(__name__)
_TOLD: set[tuple[str, str, str]] = set()  # what was said by this process, of many partitions


def tell(name: str, step: Any, views: Views, values: pd.Series, rows: np.ndarray) -> None:
    """Log once for each reason why a measure of media has no value, with the first row of it.

    Of those `rows` (bool) that it had to measure: what was dropped before has a reason of its own.
    """
    if step.rows is None or not (null := values.isna().to_numpy() & rows).any():
        return
    found = step.problems(views)
    codes: dict[str, list[str]] = {}
    for row, why in sorted(found.items()):
        if null[row]:
            codes.setdefault(why.partition(":")[0], []).append(why)
    for code, reasons in codes.items():
        said = (name, step.op.name, code)
        if said not in _TOLD:
            _TOLD.add(said)
            log.warning(
                "%s has no value in %d of %d rows: %s (a Filter drops such rows; said once)",
                name, len(reasons), np.count_nonzero(rows), reasons[0],
            )  # fmt: skip
