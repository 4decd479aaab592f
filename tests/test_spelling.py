"""What a mistyped word may have been meant for, said wherever there is a closed list."""

import re
import typing
from typing import Literal

import pandas as pd
import pytest

from tamis import Edit, Embed, Filter, Pipeline, Prompt, Score, text
from tamis.errors import ColumnError, SettingError
from tamis.registry import registered
from tamis.settings import check_settings, parameters, spelled
from tamis.spelling import meant, nearest


@pytest.mark.parametrize(
    ("word", "known", "most", "told"),
    [
        ("treshold", ["family", "threshold"], 1, "; did you mean 'threshold'?"),
        ("ipv4", ["IPV4", "IPV6"], 1, "; did you mean 'IPV4'?"),
        ("ipv4", ["IPV4", "IPV6"], 2, "; did you mean 'IPV4' or 'IPV6'?"),
        ("abc", ["abd", "abe", "abf"], 3, "; did you mean 'abf', 'abe' or 'abd'?"),
        ("x", ["family"], 1, ""),
        ("x", [], 1, ""),
        (7, [70, 71], 1, "; did you mean '71'?"),
    ],
)
def test_what_was_meant(word, known, most, told):
    assert meant(word, known, most) == told


def test_nearest_keeps_the_known_spelling():
    assert nearest("EMAIL", ["Email", "Phone"]) == ["Email"]
    assert nearest("email", ["Email"], cutoff=1.0) == ["Email"]


MISTYPED = [
    (lambda: Filter("text.word_cuont", min=1), "did you mean 'text.word_count'"),
    (lambda: Filter(text.language, isin=["eng"]), "did you mean 'en'"),
    (lambda: Score(text.top_ngram_ratio, m=3), "has no setting 'm'"),
    (lambda: Score(text.top_ngram_ratio, lang="en"), "; did you mean 'language'?"),
    (lambda: text.personal_count("a", entities=["EMAIL_ADDRES"]), "did you mean 'EMAIL_ADDRESS'"),
    (lambda: Edit(text.redact, action="mas"), "did you mean 'mask'"),
    (lambda: text.redact("a", actions=[["EMAIL_ADDRESS", "hsh"]]), "did you mean 'hash'"),
    (lambda: Filter("wrd_count", min=1)(FRAME), "no op .wrd_count.*.word_count."),
    (lambda: Score(text.word_count, on="txt")(FRAME), "pass on=…; did you mean 'text'"),
    (lambda: Score(text.word_count, where={"txet": "a"})(FRAME), "did you mean 'text'"),
    (lambda: Prompt("{tex}", model="m")(FRAME), "did you mean 'text'"),
    (lambda: Embed("tex", model="m", dimensions=2)(FRAME), "did you mean 'text'"),
    (lambda: Pipeline.from_yaml("steps:\n- filtr: text.word_count"), "did you mean 'filter'"),
    (lambda: Pipeline.from_yaml("step:\n- filter: a.b"), "did you mean 'steps'"),
    (lambda: Pipeline.from_yaml("steps: [{dedup: fuzy}]"), "did you mean 'fuzzy'"),
    (lambda: Pipeline.from_yaml("steps: [{recipe: goper}]"), "did you mean 'gopher'"),
    (lambda: Pipeline.from_yaml("curater-en"), "did you mean 'curator-en'"),
    (lambda: text.script_ratio("a", script="Latin"), "did you mean 'Latn'"),
]  # fmt: skip
FRAME = pd.DataFrame({"text": ["a b"], "word_count": [2]})


@pytest.mark.parametrize(("call", "told"), MISTYPED)
def test_who_mistypes_is_told_what_was_meant(call, told):
    with pytest.raises((SettingError, ColumnError), match=told):
        call()


def test_types_are_told_in_the_words_of_recipes():
    """No name of a type of Python's is what somebody who writes YAML is told to give."""
    pythonic = re.compile(
        r"\b(str|int|float|bool|tuple|dict|NoneType|None|Literal|Optional)\b|[|\[]"
    )
    for op in registered().values():
        for function in op._functions():
            hints = typing.get_type_hints(function)
            for hint in (hints[name] for name in parameters(function)[1] if name in hints):
                found = spelled(hint)
                assert not pythonic.search(re.sub("'[^']*'", "", found)), (op.name, found)


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ({"low": "x"}, "low='x' does not fit; expected a number or null"),
        ({"marks": 3}, "marks=3 does not fit; expected a list of texts"),
        ({"marks": ["a", 3]}, "expected a list of texts"),
        ({"pairs": [["a"]]}, "expected a list of lists of 2 texts"),
        ({"many": 2.5}, "expected a whole number"),
        ({"deep": 1}, "expected true or false"),
        ({"how": "wrods"}, "expected one of 'words', 'lines' or null; did you mean 'words'?"),
        ({"code": 2.5}, "expected true or false or text or a list of texts"),
    ],
)
def test_what_was_expected(setting, told):
    def function(
        text, *, low: float | None = None, marks: tuple[str, ...] = (), many: int = 1,
        pairs: tuple[tuple[str, str], ...] = (), deep: bool = False,
        how: Literal["words", "lines"] | None = None, code: bool | str | tuple[str, ...] = False,
    ):  # fmt: skip
        """Nothing."""

    with pytest.raises(SettingError) as error:
        check_settings("op", [function], setting)
    assert str(error.value).endswith(told)
