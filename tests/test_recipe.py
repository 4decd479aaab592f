"""Recipes: mistakes are found before anything runs, and the line is quoted."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamis import Filter, FuzzyDedup, Pipeline
from tamis.errors import SettingError
from tamis.recipe import LARGEST, load, override, packaged_names, parse

GOOD = """\
name: news
steps:
- edit: text.normalize_newlines
- filter: text.word_count
  min: 50
  max: 100000
- filter: text.top_ngram_ratio
  n: 3
  max: 0.18
- score: text.mean_word_length
  name: length
- dedup: fuzzy
  threshold: 0.7
"""


def test_a_good_recipe():
    steps = load(GOOD)
    assert [step.name for step in steps] == [
        "normalize_newlines", "word_count", "top_ngram_ratio_n3", "length", "fuzzy_dedup",
    ]  # fmt: skip
    assert steps[1] == Filter("text.word_count", min=50, max=100_000)
    assert steps[4] == FuzzyDedup(threshold=0.7)
    assert Pipeline.from_yaml(Pipeline(steps).to_yaml()) == Pipeline(steps)


@pytest.mark.parametrize(
    ("wrong", "right", "line", "said"),
    [
        ("  min: 50", "  mim: 50", 5, "no setting 'mim'"),
        ("text.word_count", "text.word_cont", 4, "did you mean 'text.word_count'"),
        ("  max: 100000", "  max: 10", 6, "min 50 is above max 10"),
        ("  max: 0.18", "  max: -1", 9, "max -1 is impossible"),
        ("  max: 0.18", "  max: none", 9, "max='none' is not a number"),
        ("  n: 3", "  n: three", 8, "n='three' does not fit; expected a whole number"),
        ("- dedup: fuzzy", "- dedup: fussy", 12, "'fussy' is unknown (known: exact, fuzzy"),
        ("  threshold: 0.7", "  threshold: 7", 13, "threshold"),
        ("  threshold: 0.7", "  treshold: 0.7", 13, "treshold"),
        ("  threshold: 0.7", "  treshold: 0.7", 13, "did you mean 'threshold'?"),
        ("fuzzy\n", "exact\n", 13, "dedup exact has no setting 'threshold' (has: on, keep, "),
        ("- edit: text", "- edith: text", 3, "'edith' is no kind of step"),
        ("- edit: text.normalize_newlines", "- edit: text.word_count", 3, "is a measure"),
        ("name: news", "nome: news", 1, "unknown key 'nome'"),
        ("  min: 50", "  min: 50\n  min: 60", 6, "'min' is given twice"),
        ("  min: 50", "  min: &a 50", 5, "anchors, aliases and tags"),
        ("  min: 50", "  min: !!python/object:os.system 1", 5, "anchors, aliases and tags"),
        ("  min: 50", "  min: [50", 6, ""),
    ],
)
def test_mistakes_are_shown_with_their_line(wrong, right, line, said):
    assert wrong in GOOD
    with pytest.raises(SettingError) as error:
        list(parse(GOOD.replace(wrong, right, 1), "news.yaml"))
    message = str(error.value)
    assert message.startswith(f"news.yaml, line {line}: "), message
    assert said in message
    assert message.splitlines()[-1].startswith(f"  {line} | ")


@pytest.mark.parametrize(
    "text",
    ["", "steps:", "steps: []", "steps: 3", "- filter: a", "[" * 900_000, "a: \x00", "steps: [3]"],
)
def test_what_is_no_recipe_is_a_clear_error(text):
    with pytest.raises(SettingError):
        list(parse(text))


def test_hostile_recipes_name_nothing_but_the_registry(tmp_path):
    for hostile in ("os.system", "tamis.op.find", "__import__", "text.word_count.__class__"):
        with pytest.raises(SettingError, match="no op"):
            list(parse(f"steps: [{{score: {hostile}}}]"))
    with pytest.raises(SettingError, match="not a recipe"):
        list(parse("#" * (LARGEST + 1)))
    large = tmp_path / "large.yaml"
    large.write_text("#" * (LARGEST + 1))
    with pytest.raises(SettingError, match="not a recipe"):
        load(large)


@given(st.integers(0, len(GOOD)), st.integers(0, 12), st.text(max_size=12))
def test_a_changed_recipe_gives_its_steps_or_says_where_it_is_wrong(at, length, put):
    text = GOOD[:at] + put + GOOD[at + length :]
    try:
        steps = list(parse(text, "news.yaml"))
    except SettingError as error:
        assert re.match(r"news\.yaml(, line \d+:| is empty)", str(error)), str(error)
        return
    again = list(parse(Pipeline(steps).to_yaml()))
    assert again == steps and steps


@pytest.mark.parametrize("key", ["? [1, 2]\n  : 3", "? {a: 1}\n  : 3", "1: 2", "null: 2"])
def test_keys_that_are_no_text(key):
    with pytest.raises(SettingError, match=r"line \d: .* names are text"):
        list(parse(f"steps:\n- filter: text.word_count\n  min: 1\n  {key}\n"))


def test_a_file_that_is_no_text(tmp_path):
    path = tmp_path / "binary.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingError, match="is not UTF-8"):
        load(path)


def test_override():
    steps = override(load(GOOD), "word_count", "min", 5)
    assert steps[1].bounds.min == 5 and steps[1].name == "word_count"
    with pytest.raises(SettingError, match="did you mean 'word_count'"):
        override(steps, "wordcount", "min", 5)
    with pytest.raises(SettingError, match="no setting 'minimum'"):
        override(steps, "word_count", "minimum", 5)


def test_packaged_recipes_include_one_another():
    assert {"curator-en", "gopher", "c4", "fineweb", "refinedweb"} <= set(packaged_names())
    assert len(load("steps: [{recipe: curator-en}, {dedup: exact}]")) == len(load("curator-en")) + 1
    with pytest.raises(SettingError, match="gopher"):
        load("goper")


def test_override_with_a_setting_of_another_kind():
    steps = load("steps: [{dedup: exact}]")
    with pytest.raises(
        SettingError, match=r"dedup exact has no setting 'threshold' \(has: .*against"
    ):
        override(steps, "exact_dedup", "threshold", 0.8)
    with pytest.raises(SettingError, match=r"did you mean 'keep'\?"):
        override(steps, "exact_dedup", "kep", "first")
