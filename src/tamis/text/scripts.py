"""Which script a text is written in."""

from __future__ import annotations

import numpy as np

from tamis.errors import SettingError
from tamis.frame import Texts
from tamis.kernels import scripts as kernel
from tamis.op import measure
from tamis.spelling import meant
from tamis.text.views import arrays, share


@measure(dtype="string", null_where="blank", values=tuple(sorted(kernel.CODES)))
def script(utf8: Texts) -> np.ndarray:
    """The script that most letters of a text are written in, by its ISO 15924 code.

    "Latn", "Cyrl", "Arab", "Hani", … Digits, punctuation and symbols are of no script; a text
    without anything else has none. Japanese is "Hani", "Hira" or "Kana", whichever prevails.

    >>> script("Привет, world!!")
    'Cyrl'
    """
    found = _counts(utf8, -1)
    names = np.array([*kernel.CODES, None], object)
    return names[found[:, 0]]


@measure(dtype="float64", range=(0, 1), null_where="blank")
def script_ratio(utf8: Texts, *, script: str | None = None) -> np.ndarray:
    """Share of the characters that are of any script, that are of `script`.

    An ISO 15924 code such as "Latn"; None: of the script that prevails. Null where a text has no
    letters.

    >>> script_ratio("Привет, world!!")
    0.5454545454545454
    """
    if script is not None and script not in kernel.CODES:
        known = ", ".join(sorted(kernel.CODES))
        hint = meant(script, kernel.CODES)
        raise SettingError(f"script_ratio: no script {script!r} (has: {known}){hint}")
    found = _counts(utf8, -1 if script is None else kernel.CODES.index(script))
    return share(found[:, 1], found[:, 2])


def _counts(utf8: Texts, wanted: int) -> np.ndarray:
    found = np.empty((len(utf8.valid), 3), np.int64)
    kernel.count(*arrays(utf8), kernel.scripts(), wanted, found)
    return found
