"""What a word may have been meant for that is none of a closed list: for the errors that say so."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


def nearest(word: Any, known: Iterable[Any], most: int = 1, cutoff: float = 0.6) -> list[str]:
    """At most so many of the known words, the likest first, whatever their case."""
    folded: dict[str, str] = {}
    for one in known:
        folded.setdefault(str(one).casefold(), str(one))
    found = difflib.get_close_matches(str(word).casefold(), folded, most, cutoff)
    return [folded[one] for one in found]


def meant(word: Any, known: Iterable[Any], most: int = 1, cutoff: float = 0.6) -> str:
    """The end of a message about a word that is none of the known ones; "" where none is like it.

    >>> "no setting 'treshold'" + meant("treshold", ["threshold", "family"])
    "no setting 'treshold'; did you mean 'threshold'?"
    """
    found = [repr(one) for one in nearest(word, known, most, cutoff)]
    if not found:
        return ""
    return f"; did you mean {' or '.join([', '.join(found[:-1]), found[-1]][len(found) < 2 :])}?"


def no_column(name: Any, have: Iterable[Any], then: str = "") -> str:
    """What is said of a column that is not among those there are; `then` says what else helps.

    >>> no_column("txt", ["id", "text"], "; pass on=…")
    "no column 'txt' (have: id, text); pass on=…; did you mean 'text'?"
    """
    names = list(map(str, have))
    return f"no column {name!r} (have: {', '.join(names)}){then}{meant(name, names)}"
