"""What steps that ask an endpoint have in common, whatever they ask for."""

from __future__ import annotations

from copy import copy
from dataclasses import fields, replace
from typing import Any, Literal, Self

import numpy as np
import pandas as pd

from tamis.errors import SettingError
from tamis.prompting.limits import Limits
from tamis.steps import Step
from tamis.viewing import Views
from tamis.where import Where

Null = Literal["drop", "keep"]


class AskingStep(Step):
    """A filter that drops the rows without an answer, or a score that keeps them (`null`)."""

    model: str
    null: Null
    limits: Limits
    where: Where

    @property
    def word(self) -> str:  # type: ignore[override]
        """What kind of step it is: it drops as a filter does, or scores."""
        return "score" if self.null == "keep" else "filter"

    @property
    def score(self) -> Self:
        """What measures, where it is a filter: itself."""
        return self

    @property
    def heavy(self) -> bool:
        return True

    @property
    def asks(self) -> bool:
        return True

    @property
    def together_asked(self) -> int:
        """How many rows a request is about."""
        return 1

    def rehearsed(self, unknown: int) -> Self:
        made = copy(self)
        object.__setattr__(made, "limits", replace(self.limits, asks=False, supposed=unknown))
        if unknown:  # what is not known may be what it asks about
            object.__setattr__(made, "where", Where())
        return made

    def passes(self, values: pd.Series) -> np.ndarray:
        """Which rows have an answer; in a plan those, too, of which there is no knowing."""
        answered: np.ndarray = values.notna().to_numpy(bool)
        return answered if self.limits.asks else np.ones(len(values), bool)

    def problems(self, views: Views) -> dict[int, str]:
        """Nothing that is not said in the column `<name>_why`."""
        return {}

    def __dask_tokenize__(self) -> Any:
        """What decides about the answers; not how fast they come."""
        own = tuple(getattr(self, one.name) for one in fields(self) if one.name != "limits")  # type: ignore[arg-type]
        return (type(self).__name__.lower(), own, self.limits.endpoint)


def check_names(kind: str, **given: Any) -> None:
    """Raise `SettingError` for what is no text, or an empty one."""
    for what, value in given.items():
        if not isinstance(value, str) or not value:
            raise SettingError(f"{kind}: {what}={value!r} is no name")


def check_choice(kind: str, what: str, value: Any, known: tuple[str, ...]) -> None:
    """Raise `SettingError` for what is none of these."""
    if value not in known:
        raise SettingError(f"{kind}: {what}={value!r}: one of {', '.join(known)}")
