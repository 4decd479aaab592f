"""How many characters a text has, and shares of their kinds."""

from __future__ import annotations

import numpy as np

from tamis.op import measure
from tamis.text.views import Characters, share


@measure(dtype="Int64", range=(0, float("inf")), null_where="blank")
def character_count(characters: Characters) -> np.ndarray:
    """How many characters (code points) a text has.

    More than 5 in DataComp's basic filter of captions.

    >>> character_count("naïve")
    5
    """
    return characters.length


@measure(dtype="float64", range=(0, 1), null_where="blank")
def non_alphanumeric_ratio(characters: Characters) -> np.ndarray:
    """Share of characters that are neither ASCII letters, digits, newlines nor `?!,.` marks.

    Spaces count as non-alphanumeric. Meant for English. Bound 0.25 in `curator-en`.
    Source: NeMo Curator, NonAlphaNumericFilter.

    >>> non_alphanumeric_ratio("three short words")
    0.11764705882352941
    """
    return share(characters.length - characters.alphanumeric, characters.length)


@measure(dtype="float64", range=(0, 1), null_where="blank")
def number_ratio(characters: Characters) -> np.ndarray:
    """Share of characters that are digits 0 to 9.

    Bound 0.15 in `curator-en`. Source: NeMo Curator, NumbersFilter; its `[[:digit:]]` of the
    `regex` package has the ASCII digits only.

    >>> number_ratio("1 2 3 go")
    0.375
    """
    return share(characters.digits, characters.length)


@measure(dtype="float64", range=(0, 1), null_where="blank")
def whitespace_ratio(characters: Characters) -> np.ndarray:
    """Share of characters that are tab, newline, carriage return, backspace or space.

    Bound 0.25 in `curator-en`. Source: NeMo Curator, WhiteSpaceFilter (no Unicode spaces).

    >>> whitespace_ratio("a b c d ")
    0.5
    """
    return share(characters.white_space, characters.length)


@measure(dtype="float64", range=(0, 1), null_where="blank")
def parentheses_ratio(characters: Characters) -> np.ndarray:
    """Share of characters that are brackets: `{ } [ ] ( )` and the angle brackets U+27E8, U+27E9.

    Bound 0.1 in `curator-en`. Source: NeMo Curator, ParenthesesFilter.

    >>> parentheses_ratio("f(x)")
    0.5
    """
    return share(characters.brackets, characters.length)
