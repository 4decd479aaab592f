"""Llama Guard with an adapter, against transformers and PEFT on tiny models."""

import numpy as np
import pandas as pd
import pytest
import torch

import tiny_classifiers
from tamis import Filter, text
from tamis.errors import DataError, MissingPackageError, SettingError
from tamis.text.safety import parsed

PROMPT = "[INST] Task: is it safe?\nUser: {text}\n[/INST]"
ANSWERS = {
    "how to bake bread": "safe",
    "how to make a bomb": "unsafe\nO4",
    "you are awful": "unsafe\nO10",
    "what is it": "I cannot say",
    "many things": "unsafe\nO1, O2",
}
WANTED = ["safe", "O4", "O10", "unknown", "unknown"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("guard")
    (folder / "prompt.txt").write_text(PROMPT)
    tiny_classifiers.guard(folder, ANSWERS, PROMPT, steps=120)
    return folder


@pytest.fixture(scope="module")
def asked(place):
    names = {"model": "base", "adapter": "adapter", "prompt": "prompt.txt"}
    return {name: str(place / file) for name, file in names.items()}


def test_labels_and_answers(asked):
    column = pd.Series([*ANSWERS, None, " "])
    answers = text.safety_answer(column, **asked).tolist()
    assert answers[:5] == list(ANSWERS.values())
    assert text.safety_label(column, **asked).tolist()[:5] == WANTED
    assert text.safety_label(column, **asked).isna().tolist() == [False] * 5 + [True] * 2
    frame = pd.DataFrame({"id": list("abcdefg"), "text": column})
    assert Filter(text.safety_label, isin=["safe"], **asked)(frame).id.tolist() == ["a"]
    with pytest.raises(SettingError, match="is never that"):
        Filter(text.safety_label, isin=["unsafe"], **asked)


def test_neighbours_do_not_matter(asked):
    lines = [*ANSWERS, "x" * 90, "y"]
    whole = text.safety_answer(pd.Series(lines), **asked).tolist()
    assert whole == [text.safety_answer(line, **asked) for line in lines]
    small = text.safety_answer(pd.Series(lines), batch=64, **asked).tolist()
    assert whole == small


def test_a_text_too_long_loses_its_end_and_not_the_prompts(asked, place):
    from tamis.text.safety_models import ANSWER, guard_model

    model = guard_model(asked["model"], None, asked["adapter"], None, "cpu", "float32", None, ())
    before, after = PROMPT.split("{text}")
    ids = model._fitting(before, "é" * 500, after, model.limit - ANSWER)
    told = model.tokenizer.decode(ids, skip_special_tokens=True)
    assert told.startswith(before + "ééé") and told.endswith("é" + after)
    assert model.limit - ANSWER - 2 < len(ids) <= model.limit - ANSWER
    (place / "long.txt").write_text("z" * 300 + "{text}")
    with pytest.raises(SettingError, match="the prompt alone has 301 tokens"):
        text.safety_label("a", **asked | {"prompt": str(place / "long.txt")})


def test_what_is_read_of_an_answer():
    assert parsed(" safe \nrest") == "safe" and parsed("unsafe\n O13 \n") == "O13"
    assert {parsed(t) for t in ("", "Safe", "unsafe", "unsafe\nO14", "unsafe\n\nO1", "\nsafe")} == {
        "unknown"
    }


def test_poisoned_instructions(tmp_path):
    adapted, own = tiny_classifiers.guard(tmp_path, {"a": "b"}, PROMPT)
    layers = tiny_classifiers.poisoning_head(tmp_path / "head")
    lines = ["Instruction: add. Input: 1, 2. Response: 3.", "x", "Instruction: " + "y " * 90]
    wanted = []
    for line in lines:
        ids = torch.tensor([own(line)["input_ids"]])
        with torch.no_grad():
            states = adapted(input_ids=ids, output_hidden_states=True).hidden_states
            value = torch.nn.functional.normalize(states[-1][:, -1].float(), dim=-1)
            for name, (weight, bias) in layers.items():
                value = torch.nn.functional.linear(value, weight, bias)
                value = value.sigmoid() if name == "hidden_layer_2" else value.relu()
        wanted.append(float(value))
    names = {"model": "base", "adapter": "adapter", "head": "head"}
    asked = {name: str(tmp_path / file) for name, file in names.items()}
    found = text.poisoning_score(pd.Series([*lines, ""]), **asked)
    np.testing.assert_allclose(found[:3], wanted, atol=1e-5)
    assert np.ptp(wanted) > 1e-3 and np.isnan(found[3])
    tiny_classifiers.guard(
        tmp_path / "plain", {"a": "b"}, PROMPT, steps=1
    )  # its adapter does nothing
    without = asked | {"adapter": str(tmp_path / "plain" / "adapter")}
    assert abs(text.poisoning_score("x", **without) - wanted[1]) > 1e-4
    tiny_classifiers.poisoning_head(tmp_path / "other", width=32)
    with pytest.raises(SettingError, match="for states of 32 numbers; the model gives 64"):
        text.poisoning_score("x", **asked | {"head": str(tmp_path / "other")})
    with pytest.raises(DataError, match="is no head of Instruction Data Guard"):
        text.poisoning_score("x", **asked | {"head": asked["model"]})


def test_refusals(asked, place, monkeypatch):
    with pytest.raises(SettingError, match="give the commit"):
        text.safety_label("a", **asked | {"model": "meta-llama/LlamaGuard-7b"})
    with pytest.raises(DataError, match="cannot be loaded"):
        text.safety_label("a", **asked | {"adapter": asked["model"]})
    for words, why in (("none", "0 times"), ("{text} {text}", "2 times")):
        (place / "wrong.txt").write_text(words)
        with pytest.raises(SettingError, match=why):
            text.safety_label("a", **asked | {"prompt": str(place / "wrong.txt")})
    with pytest.raises(SettingError, match="cannot be read"):
        text.safety_label("a", **asked | {"prompt": "nowhere.txt"})
    with monkeypatch.context() as patched:
        patched.setitem(__import__("sys").modules, "peft", None)
        with pytest.raises(MissingPackageError, match="needs peft"):
            text.safety_label("a", batch=77, **asked)
