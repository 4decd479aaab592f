"""Repetition, beginnings and ends of lines and paragraphs.

Lines are split at `\\n`, blank ones left out; paragraphs at `\\n\\n`, blank ones kept, so a text
with `\\r\\n` is one paragraph.
"""

from __future__ import annotations

import numpy as np

from tamis.op import measure
from tamis.text.views import Parts, share


@measure(dtype="float64", range=(0, 1), null_where="blank")
def distinct_line_ratio(lines: Parts) -> np.ndarray:
    """Distinct lines over lines.

    Bound 0.7 (at least) in `curator-en`. Source: Gopher as in NeMo Curator, RepeatedLinesFilter.

    >>> distinct_line_ratio("one\\ntwo\\none\\none")
    0.5
    """
    return share(lines.tallies[:, 0], lines.counts)


@measure(dtype="float64", range=(0, 1), null_where="blank")
def distinct_paragraph_ratio(paragraphs: Parts) -> np.ndarray:
    """Distinct paragraphs over paragraphs.

    Bound 0.7 (at least) in `curator-en`. Source: NeMo Curator, RepeatedParagraphsFilter.

    >>> distinct_paragraph_ratio("one\\n\\none")
    0.5
    """
    return share(paragraphs.tallies[:, 0], paragraphs.counts)


@measure(dtype="float64", range=(0, 1), null_where="blank")
def distinct_line_char_ratio(lines: Parts) -> np.ndarray:
    """Characters in distinct lines over characters in all lines.

    Bound 0.8 (at least) in `curator-en`. Source: NeMo Curator, RepeatedLinesByCharFilter.

    >>> distinct_line_char_ratio("one\\ntwo\\none")
    0.6666666666666666
    """
    return share(lines.tallies[:, 1], lines.tallies[:, 2])


@measure(dtype="float64", range=(0, 1), null_where="blank")
def distinct_paragraph_char_ratio(paragraphs: Parts) -> np.ndarray:
    """Characters in distinct paragraphs over characters in all paragraphs.

    Bound 0.8 (at least) in `curator-en`. Source: NeMo Curator, RepeatedParagraphsByCharFilter.

    >>> distinct_paragraph_char_ratio("one\\n\\nthree\\n\\none")
    0.7272727272727273
    """
    return share(paragraphs.tallies[:, 1], paragraphs.tallies[:, 2])


@measure(dtype="float64", range=(0, 1), null_where="blank")
def bullet_line_ratio(lines: Parts) -> np.ndarray:
    """Share of lines that begin with a bullet: one of • ‣ ⁃ ⁌ ⁍ ∙ ○ ● ◘ ◦ ⦾ ⦿ (no `-` or `*`).

    Bound 0.9 in `curator-en`. Source: Gopher as in NeMo Curator, BulletsFilter.

    >>> bullet_line_ratio("List:\\n • one")
    0.5
    """
    return share(lines.tallies[:, 3], lines.counts)


@measure(dtype="float64", range=(0, 1), null_where="blank")
def unpunctuated_line_ratio(lines: Parts) -> np.ndarray:
    """Share of lines that do not end with `.`, `?`, `!`, `"` or `'`.

    Bound 0.85 in `curator-en`. Source: C4 as in NeMo Curator, PunctuationFilter.

    >>> unpunctuated_line_ratio("Done.\\nNot done")
    0.5
    """
    return share(lines.counts - lines.tallies[:, 4], lines.counts)


@measure(dtype="float64", range=(0, 1), null_where="blank")
def ellipsis_line_ratio(lines: Parts) -> np.ndarray:
    """Share of lines that end with `...`, `[...]`, `…`, `(...)`, `[…]`, `-»` or "read more".

    In either case; "read more.." too. Bound 0.3 in `curator-en`.
    Source: C4 as in NeMo Curator, EllipsisFilter.

    >>> ellipsis_line_ratio("To be continued…\\nThe end.")
    0.5
    """
    return share(lines.tallies[:, 5], lines.counts)


@measure(dtype="float64", range=(0, 1), null_where="blank")
def boilerplate_ratio(notices: np.ndarray, paragraphs: Parts) -> np.ndarray:
    """Share of paragraphs with a policy notice ("terms of use", "uses cookies", …) in either case.

    A text with "lorem ipsum" in it has 1. Bound 0.4 in `curator-en`.
    Source: C4 as in NeMo Curator, BoilerPlateStringFilter.

    >>> boilerplate_ratio("A page.\\n\\nThis site uses cookies.")
    0.5
    """
    return np.where(notices[:, 1] > 0, 1.0, share(notices[:, 0], paragraphs.counts))
