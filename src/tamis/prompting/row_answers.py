"""What a prompt makes of the answers about the rows of a partition: columns, or rows of items."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tamis.cuts import among
from tamis.prompting.asking import asked
from tamis.prompting.asking_step import AskingStep
from tamis.prompting.columns import ENDINGS, Made, array
from tamis.prompting.form import Form
from tamis.prompting.question import Told
from tamis.prompting.rows import questions
from tamis.prompting.unanswered import tell
from tamis.viewing import Views


class RowAnswers(AskingStep):
    """The part of `Prompt` that looks at rows. All that was told of a row is kept with its
    partition, so that columns beside the answer, and reasons, ask nothing again."""

    form: Form | None
    fields: tuple[tuple[str, str], ...]
    each: str | None
    prices: tuple[float, float] | None

    def made(self, name: str | None = None) -> Made:
        """The columns that it adds; where a step before has its name, `name` is another."""
        own = self.name if name is None or self.word == "cut" else name
        why = self.word == "score"
        return Made(own, self.form, self.fields, self.each, self.prices, why)

    def column(self, views: Views) -> pd.Series:
        """The answers of these rows, which are asked about now."""
        self._ask(views)
        return self._column(self.name, views)

    def told(self, column: str, views: Views) -> pd.Series:
        """A column beside the answer, of the rows that have been asked about; null elsewhere."""
        if column not in dict(self.fields).values():
            ending = next(e for e in ENDINGS if column.endswith(f"_{e}"))
            column = f"{self.name}_{ending}"
        return self._column(column, views)

    def _column(self, column: str, views: Views) -> pd.Series:
        known, rows = known_rows(self, views)
        made = self.made()
        found = [made.of_row(known[row][0] if row in known else None, column) for row in rows]
        return pd.Series(array(found, made.columns()[column]), index=views.frame.index)

    def reasons(self, values: pd.Series, views: Views, rows: np.ndarray) -> list[str]:
        """Why rows (positions) have none."""
        known, _ = known_rows(self, views)
        return [str(known[row][0].reason) for row in rows.tolist()]

    def spans(self, views: Views, rows: np.ndarray | None = None) -> dict[str, Any]:
        """The rows that answers make: positions of the rows asked about, and columns."""
        if rows is None or rows.all():
            return self._spans(views)
        return among(self._spans(views.part(rows)), rows, views.frame)

    def _spans(self, views: Views) -> dict[str, Any]:
        self._ask(views)
        known, rows = known_rows(self, views)
        told, made = [known[row] for row in rows], self.made()
        parts = [sum(len(one.items) for one in of_row) for of_row in told]
        problems: dict[int, str] = {}
        for place in np.flatnonzero(np.array(parts, np.int64) == 0).tolist():
            reasons = [one.reason for one in told[place] if one.reason]
            problems[place] = reasons[0] if reasons else "cut.empty: the list has no items"
        spans: dict[str, Any] = {"parent": np.repeat(np.arange(len(rows)), parts)}
        for column, dtype in made.columns().items():
            values = [v for of_row in told for v in made.of_items(of_row, column)]
            spans[column] = array(values, dtype)
        return spans | {"problems": problems}

    def _ask(self, views: Views) -> None:
        """Ask about these rows, unless that was done."""
        known, rows = known_rows(self, views)
        if all(row in known for row in rows):
            return
        asking = questions(self, views)
        answers = iter(asked([q for of_row in asking if isinstance(of_row, list) for q in of_row],
                             self.limits))  # fmt: skip
        made = self.made()
        for row, of_row in zip(rows, asking, strict=True):
            if isinstance(of_row, Told):
                known[row] = [of_row]
            else:
                known[row] = [made.fitted(next(answers)) for _ in of_row]
        tell(self, [told.why for row in rows for told in known[row]])


def known_rows(step: Any, views: Views) -> tuple[dict[int, Any], list[int]]:
    """What was told of the rows of a partition, by position, and the positions of these."""
    root = views if views.whole is None else views.whole
    rows = np.arange(len(views.frame)) if views.rows is None else views.rows
    return root.once((step, "told"), dict), rows.tolist()
