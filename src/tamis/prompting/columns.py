"""What an answer becomes: the columns of a row, or rows of its items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tamis.codes import BadRecord
from tamis.frame import STRING
from tamis.prompting.form import Form, column_value
from tamis.prompting.question import Told
from tamis.viewing import series_dtype

COUNTED = ("tokens_in", "tokens_out", "cost")
ENDINGS = ("why", *COUNTED)


@dataclass(frozen=True)
class Made:
    """The columns that answers become, under the name of their step."""

    name: str
    form: Form | None
    fields: tuple[tuple[str, str], ...]  # properties, and the column that each becomes
    each: str | None
    prices: tuple[float, float] | None
    why: bool  # whether a column says why there is no answer

    def columns(self) -> dict[str, Any]:
        """All of them, name to dtype; the answer first."""
        found: dict[str, Any] = {self.name: STRING}
        for field, column in self.fields:
            assert self.form is not None
            found[column] = series_dtype(self.form.dtype(field, self.each))
        if self.why:
            found[f"{self.name}_why"] = STRING
        found |= {f"{self.name}_{what}": pd.Int64Dtype() for what in COUNTED[:2]}
        if self.prices is not None:
            found[f"{self.name}_cost"] = np.dtype("float64")
        return found

    def spending(self) -> dict[str, str]:
        """What is counted of the asking, and the column that says it."""
        named = {what: f"{self.name}_{what}" for what in COUNTED}
        return {what: named[what] for what in COUNTED[: 2 if self.prices is None else 3]}

    def counted(self) -> tuple[str, ...]:
        """The columns that say what the asking took."""
        return tuple(self.spending().values())

    def fitted(self, told: Told) -> Told:
        """An answer whose columns can be made of it; otherwise it says why they cannot."""
        if told.guessed:
            told.items = [None]
        elif told.reason is None:
            try:
                told.items = self._items(told)
                for item in told.items:
                    for _, column in self.fields:
                        self.cell(told, column, item)
            except BadRecord as bad:
                told.why, told.text, told.items = bad, None, []
        return told

    def _items(self, told: Told) -> list[Any]:
        if self.each is None:
            return [told.data]
        found = told.data
        if self.each:
            found = found.get(self.each) if isinstance(found, dict) else None
        if not isinstance(found, list):
            raise BadRecord("prompt.schema", f"there is no list {self.each!r}".replace(" ''", ""))
        return found

    def cell(self, told: Told, column: str, item: Any) -> Any:
        """What stands in a column for an answer, or for an item of it."""
        if told.guessed and column not in self.counted():
            return None
        if column == self.name:
            return told.text if self.each is None else column_value(item, "string")
        for field, name in self.fields:
            if name == column:
                if not isinstance(item, dict):
                    raise BadRecord("prompt.schema", "the answer, or an item of it, is no object")
                assert self.form is not None
                return column_value(item.get(field), self.form.dtype(field, self.each))
        ending = column.removeprefix(f"{self.name}_")
        if ending == "why":
            return told.reason
        if ending != "cost":
            return getattr(told, ending)
        if self.prices is None or (told.tokens_in is None and told.tokens_out is None):
            return None
        counts = (told.tokens_in or 0, told.tokens_out or 0)
        return sum(n * price for n, price in zip(counts, self.prices, strict=True)) / 1e6

    def of_row(self, told: Told | None, column: str) -> Any:
        """What stands in a column of a row; nothing where it was not asked about."""
        beyond = told is None or (told.reason is not None and column not in self._always())
        if told is None or beyond:
            return None
        return self.cell(told, column, told.items[0] if told.items else None)

    def _always(self) -> set[str]:
        """The columns that say something of rows without an answer, too."""
        return {f"{self.name}_{ending}" for ending in ENDINGS}

    def of_items(self, told: list[Told], column: str) -> list[Any]:
        """What stands in a column of the rows that answers make; tokens count for the first."""
        counted = column in self.counted()
        return [
            None if counted and number else self.cell(one, column, item)
            for one in told
            for number, item in enumerate(one.items)
        ]


def array(values: list[Any], dtype: Any) -> Any:
    """Values as an array of this dtype."""
    if dtype == np.float64:
        return np.array([np.nan if v is None else v for v in values], np.float64)
    return pd.array(values, dtype=dtype)
