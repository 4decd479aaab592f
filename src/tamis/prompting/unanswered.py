"""Rows that a model gave nothing for: why is logged, since a frame shows only what it has."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from tamis.codes import BadRecord

log = logging.getLogger(__name__)
_TOLD: set[tuple[str, str]] = set()  # steps and codes of this process: a run has many partitions


def tell(step: Any, whys: Sequence[BadRecord | None]) -> None:
    """Log once for each reason why a step got nothing for what it asked about, with the first."""
    found: dict[str, list[BadRecord]] = {}
    for why in whys:
        if why is not None and why.code.startswith("prompt."):
            found.setdefault(why.code, []).append(why)
    for code, reasons in found.items():
        if (step.name, code) in _TOLD:
            continue
        _TOLD.add((step.name, code))
        fate = f"{step.name}_why" if step.word == "score" else "explain, or a run,"
        log.warning(
            "%s: nothing came of %d of %d requests: %s: %s (%s says it of each row; logged once)",
            step.name, len(reasons), len(whys), code, reasons[0].detail, fate,
        )  # fmt: skip
