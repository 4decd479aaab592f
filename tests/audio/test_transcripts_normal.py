"""Normalised transcripts: a table by hand, and a slow rendering of the rule."""

import time
import unicodedata

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tamis import audio
from tamis.audio.transcripts_normal import LANGUAGES, normalised
from tamis.errors import MissingPackageError
from tamis.frame import text_buffers
from tamis.kernels.letters import UNSPACED

CHARACTERS = st.sampled_from(
    "aÄßéİ\u0301\u0300 \t\u00a0'’‘.,!?-—…\"«»$+€_0１٣५½①ﬁ日本かなカﾀไทยក한\u200b\u200d\u00ad🙂😀Ωμµ"
)


def plain(text, normalise="basic", words=True):
    made = normalised(text_buffers(pd.Series([text], dtype="str")), normalise, words)
    return bytes(made.data[made.offsets[0] : made.offsets[1]]).decode()


def slowly(text, words):
    """The documented rule, a character at a time."""
    out = []
    for character in unicodedata.normalize("NFKC", text):
        kind = unicodedata.category(character)
        own = any(low <= ord(character) <= high for low, high in UNSPACED)
        if character in "'’‘ʼ＇`´" or kind == "Cf":
            continue
        if kind == "Nd":
            out.append(str(int(character)))
        elif kind[0] in "LM":
            folded = character.casefold()
            out.append(f" {folded} " if own and words else folded)
        elif kind[0] == "N":
            out.append(character.casefold())
        else:
            out.append(" ")
    return " ".join("".join(out).split())


@given(st.text(CHARACTERS, max_size=30), st.booleans())
@examples(max_examples=300, deadline=None)
def test_basic_is_the_rule(text, words):
    assert plain(text, words=words) == slowly(text, words)


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("Twenty-three, please!", "twenty three please"),
        ("Don’t", "dont"),
        ("  A\n b\u00a0c ", "a b c"),
        ("Straße ﬁn ＡＢＣ", "strasse fin abc"),
        ("٣ and ५", "3 and 5"),
        ("cafe\u0301", "café"),
        ("می\u200cخواهم", "میخواهم"),
        ("...", ""),
    ],
)
def test_basic(written, same):
    assert plain(written) == same


def test_scripts_without_spaces_are_counted_by_the_character():
    assert plain("今天天气 很好。") == "今 天 天 气 很 好"
    assert plain("今天天气 很好。", words=False) == "今天天气 很好"
    assert audio.wer("今天天气很好", "今天天气真好", normalise="basic") == pytest.approx(1 / 6)
    assert audio.wer("今天天气很好", "今天天气真好") == 1
    assert audio.cer("สวัสดี", "สวัสด", normalise="basic") == pytest.approx(1 / 6)


def test_nothing_but_punctuation_is_an_empty_reference():
    assert audio.wer("…!", "a", normalise="basic") is None
    assert audio.wer("a b", "…!", normalise="basic") == 1


NUMBERS = [
    ("en", "I have twenty-three apples", "i have 23 apples"),
    ("en", "The second, uh, of 1,000", "the 2nd of 1000"),
    ("en", "I won't, can't and didn't", "i will not can not and did not"),
    ("en", "We're, they'll, I've, I'm, he'd", "we are they will i have i am he would"),
    ("en", "three point five", "3 5"),
    ("en", "John's cat's", "johns cats"),
    ("de", "Dreiundzwanzig Äpfel für 1.000 €", "23 äpfel für 1000"),
    ("fr", "Quatre-vingt-dix pommes", "90 pommes"),
    ("es", "veintitrés manzanas", "23 manzanas"),
    ("it", "ventitré mele", "23 mele"),
    ("nl", "drieëntwintig appels", "23 appels"),
    ("pt", "vinte e três maçãs", "23 maçãs"),
    ("da", "treogtyve æbler", "23 æbler"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "written", "same"), NUMBERS)
def test_languages(language, written, same):
    pytest.importorskip("text_to_num")
    assert plain(written, language) == same


def test_long_texts_are_cut_beside_numbers_and_take_no_longer_by_the_square():
    pytest.importorskip("text_to_num")
    sentence = "there were twenty one of them and one hundred and five of us "
    for count in (30, 31, 200, 1000):
        assert plain(sentence * count, "en") == " ".join(
            ["there were 21 of them and 105 of us"] * count
        )
    start = time.process_time()
    assert plain("one " * 50_000, "en") == " ".join(["1"] * 50_000)
    assert time.process_time() - start < 20


def test_languages_keep_nulls_and_slices():
    pytest.importorskip("text_to_num")
    texts = pd.Series(["zero", None, "two", "", "twenty two"], dtype="str")
    for part in (texts, texts.iloc[1:4], texts.iloc[5:]):
        for language in ("none", "basic", *LANGUAGES):
            made = normalised(text_buffers(part), language, True)
            assert made.valid.tolist() == part.notna().tolist()
            assert len(made.offsets) == len(part) + 1
    assert audio.wer("twenty two", "22", normalise="en") == 0


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "text_to_num", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'tamis\[audio\]'"):
        audio.wer("a", "b", normalise="en")
