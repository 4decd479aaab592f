"""A contact sheet: records beside one another, in a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from tamis.errors import ColumnError, SettingError
from tamis.exhibits.form import Exhibit
from tamis.exhibits.making import MOST, SIDE, exhibits
from tamis.exhibits.subject import Subject, pointing, subject
from tamis.frame import host, library
from tamis.showing import safe, shown
from tamis.spelling import no_column

EXCERPT = 200  # characters of a text
_SHEET = "display:flex;flex-wrap:wrap;gap:12px;align-items:flex-start"
_CARD = "width:{}px;font-size:12px;overflow-wrap:anywhere;overflow:hidden"


@dataclass(frozen=True)
class Card:
    """One record: its id, what shows it, values by name, the beginning of its text."""

    id: str
    exhibit: Exhibit | None = None
    values: tuple[tuple[str, str], ...] = ()
    text: str | None = None
    marked: bool = False

    def html(self, width: int) -> Markup:
        """The card as an element of a notebook's output."""
        frame = ";outline:3px solid #2f8573;outline-offset:2px" if self.marked else ""
        found = [Markup('<div style="{}">').format(_CARD.format(width) + frame)]
        if self.exhibit is not None:
            found.append(self.exhibit.html())
        found.append(Markup("<div><code>{}</code></div>").format(shown(self.id)))
        for name, value in self.values:
            found.append(Markup("<div>{} <b>{}</b></div>").format(shown(name), shown(value)))
        if self.text is not None:
            found.append(Markup('<div dir="auto">{}</div>').format(shown(self.text)))
        return Markup("").join([*found, Markup("</div>")])


@dataclass(frozen=True, repr=False)
class Sheet:
    """Records as cards: HTML in a notebook, lines elsewhere."""

    cards: tuple[Card, ...]
    width: int = SIDE

    def __repr__(self) -> str:
        lines = []
        for card in self.cards:
            told = [safe(card.id), *(f"{safe(k)} {safe(v)}" for k, v in card.values)]
            if card.exhibit is not None:
                size = f"{card.exhibit.medium} {card.exhibit.width}x{card.exhibit.height}"
                told.append(safe(card.exhibit.why) or size)
            told += [] if card.text is None else [safe(card.text)]
            lines.append("  ".join(told))
        return "\n".join(lines) or "no records"

    def _repr_html_(self) -> str:
        return str(sheet(self.cards, self.width))


def sheet(cards: Iterable[Card], width: int = SIDE) -> Markup:
    """Cards beside one another, as many as the page is wide."""
    inner = Markup("").join(card.html(width) for card in cards)
    return Markup('<div style="{}">{}</div>').format(_SHEET, inner)


def show(
    frame: Any, scores: str | Sequence[str] = (), *, on: str | None = None,
    text: str | None = None, limit: int = 24, side: int = SIDE,
) -> Sheet:  # fmt: skip
    """The first rows of a frame (pandas, cuDF or Dask) as a contact sheet: pictures in a notebook.

    Each has its id, the `scores` (columns) asked for and the beginning of its text. `on` names the
    column of paths, URLs or bytes (by default one that holds bytes, or `path`; `offset` and `size`,
    `start` and `end` beside it are heeded), `text` that of texts (by default `text` or a caption).
    At most `limit` rows are read and shown, thumbnails at most `side` pixels wide; what cannot be
    read says why.
    Sort or filter the frame first: `tamis.show(frame.nlargest(24, "sharpness"), "sharpness")`.

    >>> import tamis
    >>> tamis.show(pd.DataFrame({"id": ["a"], "text": ["Some words."], "words": [2]}), "words")
    a  words 2  Some words.
    """
    for name, value, least in (("limit", limit, 1), ("side", side, 16)):
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise SettingError(f"{name}={value!r} must be a whole number of at least {least}")
    asked = [scores] if isinstance(scores, str) else list(scores)
    kind = library(frame)
    have = {str(name): str(dtype) for name, dtype in frame.dtypes.items()}
    for name in [*asked, *(n for n in (on, text) if n is not None)]:
        if name not in have:
            raise ColumnError(no_column(name, have))
    few = frame.head(limit, npartitions=-1) if kind == "dask" else frame.head(limit)
    rows = host(few)
    of = subject(have)
    if on is not None:
        of = Subject(of.text if of.text != on else None, pointing(have, on))
    of = of._replace(text=of.text if text is None else text)
    ids = names(rows)
    cells = _cells(rows, of.columns)
    made = exhibits(
        dict(zip(map(str, range(len(rows))), cells, strict=True)), of, side, MOST,
        opened=on is not None or of.text is None,
    )  # fmt: skip
    columns = [(name, rows[name].tolist()) for name in asked]
    texts = rows[of.text].tolist() if of.text is not None else [None] * len(rows)
    cards = [
        Card(
            ids[k],
            made.get(str(k)),
            tuple((name, told(values[k])) for name, values in columns),
            cut(texts[k]),
        )
        for k in range(len(rows))
    ]
    return Sheet(tuple(cards), max(side, 120))


def names(rows: pd.DataFrame) -> list[str]:
    """The ids of rows; their index where they have none."""
    return [str(name) for name in (rows["id"] if "id" in rows.columns else rows.index)]


def _cells(rows: pd.DataFrame, columns: Sequence[str]) -> list[Mapping[str, Any]]:
    """The cells of each row, null as None."""
    taken = [[None if _null(value) else value for value in rows[name].tolist()] for name in columns]
    return [dict(zip(columns, row, strict=True)) for row in zip(*taken, strict=True)] or [
        {} for _ in range(len(rows))
    ]


def told(value: Any) -> str:
    """A score as a person reads it."""
    if _null(value):
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def cut(text: Any) -> str | None:
    """The beginning of a text; None where there is none."""
    if _null(text):
        return None
    text = str(text)
    return text if len(text) <= EXCERPT else f"{text[:EXCERPT]} …"


def _null(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and value != value)
