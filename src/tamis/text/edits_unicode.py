"""Broken encodings, entities and control characters set right."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pandas as pd

from tamis.errors import MissingPackageError
from tamis.frame import Texts
from tamis.kernels import mojibake
from tamis.op import edit
from tamis.text.editing import holding, rewritten
from tamis.text.views import arrays

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_ODD = r"[\x00-\x08\x0b\x0e-\x1f\x7f&]"
"""What ftfy may change in a line of ASCII: control characters, and where an entity may begin."""


@edit(needs={"text": ("ftfy",)})
def fix_unicode(
    text: pd.Series,
    utf8: Texts,
    *,
    unescape_html: Literal["auto", "always", "never"] = "auto",
    fix_encoding: bool = True,
    fix_latin_ligatures: bool = False,
    fix_character_width: bool = False,
    uncurl_quotes: bool = False,
    fix_line_breaks: bool = False,
    normalization: Literal["NFC", "NFD", "NFKC", "NFKD"] | None = None,
) -> pd.Series:
    """Undo wrong decodings ("schÃ¶n" for "schön"), HTML entities, control characters, by ftfy.

    The defaults are those NeMo Curator's UnicodeReformatter gives to ftfy; the settings are
    ftfy's (`unescape_html="auto"` leaves entities alone from the first line on that has a `<`).
    So `\\r\\n` and U+2028 stay, U+0085 becomes "…", and U+000B goes. Texts in which nothing can
    be wrong, all but a few of clean data, are told by their bytes and not sent through ftfy.
    Needs ftfy: `pip install 'tamis[text]'`.

    >>> fix_unicode("schÃ¶n &amp; gut")
    'schön & gut'
    """
    fixer = _fixer(
        unescape_html={"auto": "auto", "always": True, "never": False}[unescape_html],
        fix_encoding=fix_encoding,
        fix_latin_ligatures=fix_latin_ligatures,
        fix_character_width=fix_character_width,
        uncurl_quotes=uncurl_quotes,
        fix_line_breaks=fix_line_breaks,
        normalization=normalization,
    )
    any_wide = (
        fix_latin_ligatures
        or fix_character_width
        or uncurl_quotes
        or fix_line_breaks
        or normalization is not None
    )
    found = np.zeros(len(utf8.valid), bool)
    mojibake.suspects(*arrays(utf8), *mojibake.pairs(), any_wide, found)
    if fix_line_breaks:
        found |= holding(text, "\r")
    return rewritten(text, found, fixer)


@functools.cache
def _fixer(**settings: Any) -> Callable[[str], str]:
    try:
        import ftfy
    except ImportError as error:
        raise MissingPackageError("fix_unicode needs ftfy: pip install 'tamis[text]'") from error
    # explain=True as published: without it ftfy forgets the settings of its encoding step
    config = ftfy.TextFixerConfig(explain=True, max_decode_length=1_000_000, **settings)
    literal = config._replace(unescape_html=False)
    odd = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f&\r]" if config.fix_line_breaks else _ODD)

    def fix(text: str) -> str:
        """As ftfy goes through a text: line by line, entities no longer after a `<`."""
        now, fixed = config, []
        for line in _LINE.findall(text):
            if config.unescape_html == "auto" and "<" in line:
                now = literal
            plain = line.isascii() and not odd.search(line)
            fixed.append(line if plain else ftfy.fix_text(line, now))
        return "".join(fixed)

    return fix
