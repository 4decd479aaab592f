"""What a user does wrong with models: a line that says what, nothing that looks like a value."""

import json
import random
import shutil

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

import tamis
import tiny_classifiers
from tamis import Filter, Score, text
from tamis.errors import DataError, SettingError, TamisError
from tamis.frame import STRING


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    at = tmp_path_factory.mktemp("models")
    tiny_classifiers.sequence_classifier(at / "three")
    tiny_classifiers.sequence_classifier(at / "value", ("LABEL_0",))
    return at


@pytest.mark.parametrize("device", ["gpu", "cuda:99", "npu"])
def test_devices_that_are_not_there(places, device):
    said = f"device='{device}'(: torch .* is built without CUDA| cannot be used here)"
    with pytest.raises(SettingError, match=said):
        text.class_label("cat", model=str(places / "three"), device=device)
    with pytest.raises(SettingError, match=said):
        text.embedding("cat", model=str(places / "three"), dimensions=32, device=device)
    with pytest.raises(SettingError, match=said):
        text.causal_perplexity("cat", model=str(places / "three"), device=device)


def test_one_output(places):
    """A number is no class; softmax of one number would say 1 of every text."""
    with pytest.raises(SettingError, match="gives a number, not classes"):
        text.class_labels("cat", model=str(places / "value"))
    with pytest.raises(SettingError, match="is 1 for every text"):
        text.class_score("cat", model=str(places / "value"), output="softmax")
    asked = {"model": str(places / "value"), "output": "sigmoid"}
    least = text.class_score("cat", **asked)
    assert text.class_labels("cat", threshold=least, **asked) == "LABEL_0"
    assert text.class_labels("cat", threshold=min(least + 1e-6, 1), **asked) == ""


def test_presets_of_other_models(places):
    asked = {"model": str(places / "three"), "preset": "fineweb-edu-classifier"}
    for op in (text.class_label, text.class_score):
        with pytest.raises(SettingError, match=r"for a model that gives one value.* 3 classes"):
            op("cat", **asked)
    kept = Filter(text.class_label, isin=["high_quality"], **asked)
    with pytest.raises(SettingError, match="gives one value"):  # not all rows dropped in silence
        kept(pd.DataFrame({"id": ["a"], "text": ["cat"]}, dtype=STRING))
    with pytest.raises(SettingError, match="has no head 'task_type'"):
        text.prompt_task("cat", model=str(places / "three"))


def test_settings_that_mean_nothing(places):
    for op in (text.class_label, text.class_labels):
        with pytest.raises(SettingError, match="threshold=nan"):
            op("cat", model=str(places / "three"), threshold=float("nan"))
    for op in (text.embedding, text.static_embedding):
        with pytest.raises(SettingError, match="tokens=0 has to be at least 1"):
            op("cat", tokens=0)
    for model in ("minilm", "minilm-int8", f"onnx:{places}"):
        with pytest.raises(SettingError, match="revision= is of models on the hub"):
            text.embedding("cat", model=model, revision="0" * 40)


def test_folders_that_lack_something(places, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"empty' has no config.json"):
        text.class_label("cat", model=str(tmp_path / "empty"))
    for name, harm in {
        "no mapping": lambda at: (at / "config.json").write_text("[]"),
        "cannot be loaded": lambda at: (at / "config.json").write_text("{no"),
        "SafetensorError": lambda at: (at / "model.safetensors").write_bytes(
            (places / "three" / "model.safetensors").read_bytes()[:3000]
        ),
        "no tokenizer beside it|cannot be loaded": lambda at: [
            (at / one).unlink(missing_ok=True)
            for one in ("tokenizer.json", "tokenizer_config.json", "vocab.txt")
        ],
    }.items():
        shutil.rmtree(tmp_path / "broken", ignore_errors=True)
        shutil.copytree(places / "three", tmp_path / "broken")
        harm(tmp_path / "broken")
        with pytest.raises(DataError, match=name):
            text.class_label("cat", model=str(tmp_path / "broken"))


def test_the_hub_when_it_is_not_there(monkeypatch):
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    for op in (text.class_label, text.embedding, text.causal_perplexity):
        with pytest.raises(DataError, match=r"revision 0{40}\).*HF_HUB_OFFLINE"):
            op("cat", model="nobody/nothing", revision="0" * 40)


def test_float16_is_stored_and_read_back(tmp_path):
    frame = pd.DataFrame({"id": list("abc"), "text": ["one two", "", None]}, dtype=STRING)
    step = Score(text.static_embedding, storage="float16", name="v")
    wanted = np.asarray(step(frame).v[0])
    run = tamis.Pipeline([step]).run(tamis.from_pandas(frame, npartitions=1), tmp_path / "out")
    found = run.kept().compute()
    assert "halffloat" in str(found.v.dtype) and found.v.isna().tolist() == [False, True, True]
    assert (np.asarray(found.v[0], np.float16) == np.asarray(wanted, np.float16)).all()
    whole = np.asarray(text.static_embedding("one two"))
    np.testing.assert_allclose(np.asarray(found.v[0], np.float32), whole, atol=1e-3)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    place = tmp_path_factory.mktemp("trained") / "q.bin"
    rows = {"id": range(40), "text": ["good text", "buy now"] * 20, "label": ["hq", "lq"] * 20}
    tamis.train_fasttext(pd.DataFrame(rows), output=place, dimensions=4, buckets=16)
    return place.read_bytes()


def test_damaged_files_of_fasttext(trained, tmp_path):
    """Cut off anywhere, or bytes changed in what says how long things are."""
    file, draw = tmp_path / "m.bin", random.Random(5)
    for end in [*range(0, 120, 7), len(trained) // 2, len(trained) - 1]:
        file.write_bytes(trained[:end])
        with pytest.raises(DataError, match=r"no model of fastText|damaged"):
            text.fasttext_score("good", model=str(file), label="hq")
    refused = 0
    for _ in range(150):
        harmed = bytearray(trained)
        for _ in range(2):
            harmed[draw.randrange(0, 120)] = draw.randrange(256)
        file.write_bytes(harmed)
        try:
            text.fasttext_label("good text", model=str(file))
        except TamisError:
            refused += 1
    assert 20 < refused <= 150
    harmed = bytearray(trained)
    harmed[-4:] = np.float32(np.nan).tobytes()
    file.write_bytes(harmed)
    with pytest.raises(DataError, match="no number"):
        text.fasttext_score("good", model=str(file), label="hq")


@pytest.mark.parametrize(
    ("weight", "told", "said"),
    [
        ((1, 2), {"labels": '["a", "b"]', "kind": "forest"}, "kind 'forest'"),
        ((1, 2), {}, "no classifier with labels"),
        ((2, 2), {"labels": '["a", "b"]'}, "no classifier with labels"),
        ((1, 2), {"labels": "[1, 2]"}, "no classifier with labels"),
        ((1, 3), {"labels": '["a", "b"]'}, "for embeddings of 3 numbers"),
        (None, {"labels": '["a", "b"]'}, "no numbers"),
    ],
)
def test_linear_files_of_another_making(tmp_path, weight, told, said):
    numbers = np.full((1, 2), np.nan, np.float32) if weight is None else np.ones(weight, np.float32)
    tensors = {"weight": numbers, "bias": np.zeros(len(numbers), np.float32)}
    file = tmp_path / "l.safetensors"
    save_file(tensors, file, told)
    rows = pd.DataFrame({"id": ["a"], "embedding": [[1.0, 0.0]]})
    with pytest.raises(TamisError, match=said):
        Score(text.linear_score, weights=str(file), label="b")(rows)


def test_truncated_linear_files(tmp_path):
    rows = pd.DataFrame({"id": range(40), "embedding": [[1.0, 0.0], [0.0, 1.0]] * 20,
                         "label": ["a", "b"] * 20})  # fmt: skip
    file = tmp_path / "l.safetensors"
    tamis.train_linear(rows, output=file)
    whole = file.read_bytes()
    for end in (0, 4, 50, len(whole) - 1):
        file.write_bytes(whole[:end])
        with pytest.raises(DataError):
            Score(text.linear_score, weights=str(file))(rows)
    assert json.loads(whole[8 : 8 + int.from_bytes(whole[:8], "little")])["__metadata__"]["labels"]
