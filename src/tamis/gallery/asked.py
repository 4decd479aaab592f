"""What a page of the gallery is asked for: which rows, in what order, from where on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlencode

PAGE = 60  # records on a page
_LONGEST = 1_000  # characters of a value that are looked at


@dataclass(frozen=True)
class Asked:
    """Rows by what became of them, step, reason, score and id; and the order of a score.

    Empty fields ask for nothing. `low` and `high` are bounds of `score`, both included.
    """

    fate: str = ""  # kept or dropped
    step: str = ""
    code: str = ""
    score: str = ""
    low: float | None = None
    high: float | None = None
    order: str = ""  # up or down by the score; else as they came
    id: str = ""
    page: int = 1

    @classmethod
    def of(cls, query: str) -> Asked:
        """What a query string asks for; what makes no sense in it counts as not asked."""
        try:
            found = parse_qs(query, max_num_fields=40, errors="replace")
        except ValueError:
            return cls()
        given = {name: values[-1][:_LONGEST] for name, values in found.items()}
        fate, order = given.get("fate", ""), given.get("order", "")
        return cls(
            fate=fate if fate in ("kept", "dropped") else "",
            step=given.get("step", ""),
            code=given.get("code", ""),
            score=given.get("score", ""),
            low=_number(given, "low"),
            high=_number(given, "high"),
            order=order if order in ("up", "down") else "",
            id=given.get("id", "").strip(),
            page=max(1, int(_number(given, "page") or 1)),
        )

    def rows_only(self) -> Asked:
        """The same without the page: what decides which rows there are."""
        return replace(self, page=1)

    def query(self, **changed: Any) -> str:
        """As a query string, with some fields changed."""
        other = replace(self, **changed)
        fields = {k: v for k, v in vars(other).items() if v not in ("", None)}
        if other.page == 1:
            fields.pop("page")
        return urlencode({k: f"{v:.17g}" if isinstance(v, float) else v for k, v in fields.items()})


def _number(given: Mapping[str, str], name: str) -> float | None:
    try:
        value = float(given.get(name, ""))
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) < 1e300 else None
