"""Whether what is spoken and what is written are of one language."""

from __future__ import annotations

import pandas as pd

from tamis.language_tags import base
from tamis.op import measure


@measure(dtype="boolean")
def language_agreement(language: pd.Series, spoken_language: pd.Series) -> pd.Series:
    """Whether two columns of language codes, of the text and of the sound, name the same language.

    Codes are BCP 47 tags (`en`, `en-US`, `zh_Hans`) or ISO 639 codes of three letters (`eng`);
    case, script and region do not count. A null in either gives null. `text.language` makes a
    column `language`; other columns by `on={"language": …, "spoken_language": …}`.

    >>> language_agreement("en-GB", "EN")
    True
    """
    one, two = base(language), base(spoken_language)
    return (one == two).astype("boolean").mask(one.isna() | two.isna())
