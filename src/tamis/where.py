"""Which rows a step is for: those whose columns have given values. All others pass it untouched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tamis.errors import ColumnError, SettingError
from tamis.spelling import no_column
from tamis.viewing import Views


@dataclass(frozen=True, repr=False)
class Where:
    """Columns and the values wanted in each: a row has to have one of them in all columns.

    >>> Where.of({"modality": "image"}).to_dict()
    {'where': {'modality': 'image'}}
    """

    columns: tuple[tuple[str, tuple[Any, ...]], ...] = ()

    @classmethod
    def of(cls, given: Mapping[str, Any] | Where | None, label: str = "where") -> Where:
        """From a mapping of columns to a value, or a list of values; None is for every row."""
        if isinstance(given, Where):
            return given
        if given is None:
            return cls()
        if not isinstance(given, Mapping) or not given:
            raise SettingError(
                f"{label}: where maps columns to values, as {{'modality': 'image'}}; "
                f"found {given!r}"
            )
        found = []
        for column, wanted in given.items():
            many = isinstance(wanted, list | tuple | set | frozenset)
            values = tuple(sorted(wanted, key=repr)) if many else (wanted,)
            if not isinstance(column, str) or not values or not all(map(_plain, values)):
                raise SettingError(
                    f"{label}: where {column!r}: {wanted!r} is no value; give text, a whole "
                    "number, true or false, or a list of such"
                )
            found.append((column, values))
        return cls(tuple(found))

    def check(self, columns: Mapping[str, Any], label: str) -> None:
        """Raise `ColumnError` for a column that there will not be."""
        for column, _ in self.columns:
            if column not in columns:
                raise ColumnError(f"{label}: where: {no_column(column, columns)}")

    def rows(self, views: Views) -> np.ndarray | None:
        """Which rows of a partition it is for; None: all. A null is no value."""
        found: np.ndarray | None = None
        for column, values in self.columns:
            here = views.column(column).isin(values).fillna(False).to_numpy(bool)
            found = here if found is None else found & here
        return found

    def __repr__(self) -> str:
        return repr(self.to_dict().get("where"))

    def to_dict(self) -> dict[str, Any]:
        """As a recipe has it; nothing where it is for every row."""
        if not self.columns:
            return {}
        named: Sequence[tuple[str, tuple[Any, ...]]] = self.columns
        return {"where": {c: list(v) if len(v) > 1 else v[0] for c, v in named}}


def _plain(value: Any) -> bool:
    return isinstance(value, str | bool | int)
