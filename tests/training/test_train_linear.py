"""Linear classifiers of embeddings against scikit-learn."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tamis
from tamis import Filter, Pipeline, Score, image, text
from tamis.errors import ColumnError, DataError, SettingError
from tamis.frame import STRING
from tamis.image.head_files import write_safetensors
from tamis.regression import fit_softmax

KINDS = ("cat", "dog", "eel")


def rows(count=150, width=12, seed=0, kinds=KINDS):
    """Vectors of several kinds that overlap."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(len(kinds), width))
    truth = np.arange(count) % len(kinds)
    vectors = random.normal(size=(count, width)) + 1.3 * centres[truth]
    return pd.DataFrame(
        {
            "id": pd.array([f"r{k}" for k in range(count)], STRING),
            "embedding": list(vectors.astype(np.float32)),
            "label": pd.array([kinds[k] for k in truth], STRING),
        }
    )


@pytest.mark.parametrize("shape", [(120, 8), (40, 60)])
@pytest.mark.parametrize("penalty", [0.1, 1.0, 30.0])
def test_softmax_as_scikit_learn_has_it(shape, penalty):
    linear_model = pytest.importorskip("sklearn.linear_model")
    random = np.random.default_rng(1)
    x = random.normal(size=shape) + 2
    y = (x[:, :4] + random.normal(size=(len(x), 4))).argmax(axis=1)
    model = linear_model.LogisticRegression(C=1 / penalty, tol=1e-10, max_iter=50_000).fit(x, y)
    weight, bias = fit_softmax(x, y, 4, penalty)
    np.testing.assert_allclose(weight, model.coef_, atol=2e-4)
    scores = x @ weight.T + bias
    chance = np.exp(scores - scores.max(axis=1, keepdims=True))
    chance /= chance.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(chance, model.predict_proba(x), atol=2e-4)


@settings(max_examples=30, deadline=None)
@given(st.integers(3, 25), st.integers(1, 8), st.integers(3, 5), st.integers(0, 99))
def test_the_softmax_fit_is_a_minimum(count, width, labels, seed):
    """The slope of the loss is nothing there: the whole definition, without another library."""
    random = np.random.default_rng(seed)
    x, y = 3 * random.normal(size=(count, width)), random.integers(0, labels, count)
    weight, bias = fit_softmax(x, y, labels, 0.5)
    scores = x @ weight.T + bias
    chance = np.exp(scores - scores.max(axis=1, keepdims=True))
    error = chance / chance.sum(axis=1, keepdims=True) - np.eye(labels)[y]
    assert np.abs(error.T @ x + 0.5 * weight).max() < 1e-5 * count
    assert np.abs(error.sum(axis=0)).max() < 1e-4 * count


def test_several_labels(tmp_path):
    linear_model = pytest.importorskip("sklearn.linear_model")
    safetensors = pytest.importorskip("safetensors")
    frame, file = rows(), tmp_path / "deep" / "kinds.safetensors"
    made = tamis.train_linear(frame, output=file, precision=0.9)
    assert made.labels == KINDS and made.rows + made.held_out.rows == 150
    assert made.held_out.accuracy > 0.8
    fresh = rows(30, seed=4)
    fresh.loc[30] = ["null", None, "cat"]
    found = text.linear_label(fresh.embedding, weights=made.file)
    assert (found[:30] == fresh.label[:30]).mean() > 0.8 and pd.isna(found[30])
    scores = [text.linear_score(fresh.embedding, weights=made.file, label=one) for one in KINDS]
    np.testing.assert_allclose(np.sum(scores, axis=0)[:30], 1, atol=1e-6)
    with safetensors.safe_open(file, "numpy") as theirs:
        told = theirs.metadata()
    assert json.loads(told["held_out"])["rows"] == made.held_out.rows
    everything = tamis.train_linear(frame, output=tmp_path / "all.safetensors", share=1)
    unit = np.stack(frame.embedding.tolist()).astype(np.float64)
    unit = unit / np.linalg.norm(unit, axis=1, keepdims=True)
    model = linear_model.LogisticRegression(tol=1e-10, max_iter=10_000).fit(unit, frame.label)
    found = [text.linear_score(frame.embedding, weights=everything.file, label=k) for k in KINDS]
    np.testing.assert_allclose(np.stack(found, 1), model.predict_proba(unit), atol=1e-4)


def test_two_labels_are_a_head_too(tmp_path):
    frame = rows(kinds=("no", "yes"))
    made = tamis.train_linear(frame, output=tmp_path / "yes.safetensors")
    score = text.linear_score(frame.embedding, weights=made.file)
    np.testing.assert_allclose(score, image.head(frame.embedding, weights=made.file), atol=1e-6)
    assert ((score > 0.5) == (frame.label == "yes")).mean() > 0.9
    steps = Pipeline([Filter(text.linear_score, weights=made.file, label="no", min=0.5)])
    kept = steps(frame)
    assert len(kept) == (score <= 0.5).sum() and Pipeline.from_yaml(steps.to_yaml()) == steps


def test_order_and_partitions_do_not_matter(tmp_path):
    frame = rows()
    written = []
    shuffled = frame.sample(frac=1, random_state=5)
    for number, given_rows in enumerate([frame, shuffled, tamis.from_pandas(frame, npartitions=4)]):
        file = tmp_path / f"{number}.safetensors"
        tamis.train_linear(given_rows, output=file)
        written.append(file.read_bytes())
    assert written[0] == written[1] == written[2]


def test_a_step_makes_the_embeddings(tmp_path):
    pytest.importorskip("wordllama", reason="needs the extra semantic")
    beasts = [f"the {one} cat sat by a mouse and purred" for one in ("old", "grey", "red")] * 10
    money = [f"the {one} bank raised its interest rates" for one in ("old", "big", "rich")] * 10
    docs = pd.DataFrame(
        {"id": range(60), "text": beasts + money, "label": [True] * 30 + [False] * 30}
    )
    docs = docs.assign(text=docs.text.astype(STRING)).sample(frac=1, random_state=1)
    step = Score(text.static_embedding, dimensions=64)
    for number, frame in enumerate([docs, tamis.from_pandas(docs, npartitions=3)]):
        file = tmp_path / f"{number}.safetensors"
        made = tamis.train_linear(frame, output=file, on=step)
        assert made.labels == ("False", "True") and made.held_out.accuracy == 1
        assert b"text.static_embedding" in file.read_bytes()
    judge = Score(text.linear_score, name="beast", on=step.name, weights=made.file)
    unseen = pd.DataFrame({"id": ["a", "b"], "text": ["my cat purrs", "rates of a bank"]})
    found = Pipeline([step, judge])(unseen.astype(STRING)).beast
    assert found[0] > 0.5 > found[1]


def test_one_group_leaves_nothing_to_judge_by(tmp_path, caplog):
    frame = rows(30).assign(site="x")
    made = tamis.train_linear(frame, output=str(tmp_path / "a.safetensors"), by="site")
    assert made.held_out is None
    assert "train_linear: no rows were held out (by='site' leaves too few groups" in caplog.text
    caplog.clear()
    made = tamis.train_linear(frame, output=str(tmp_path / "b.safetensors"), share=1)
    assert made.held_out is None and not caplog.text  # as asked for
    with pytest.raises(ColumnError, match=r"^train_linear: no column 'host'"):
        tamis.train_linear(frame, output=str(tmp_path / "c.safetensors"), by="host")


def test_mistakes_say_so(tmp_path):
    frame, file = rows(30), str(tmp_path / "a.safetensors")
    for more, error, told in [
        ({"output": "a.bin"}, SettingError, r"has to end with \.safetensors"),
        ({"penalty": 0}, SettingError, "penalty=0 is not above 0"),
        ({"on": "vector"}, ColumnError, "no column 'vector'"),
        ({"on": Score(text.static_embedding, name="embedding")}, ColumnError, "exists already"),
    ]:
        with pytest.raises(error, match=told):
            tamis.train_linear(frame, **{"output": file} | more)
    with pytest.raises(DataError, match="to learn from, all are 'cat'"):
        tamis.train_linear(frame.assign(label="cat"), output=file)
    with pytest.raises(DataError, match="none has a label and a value"):
        tamis.train_linear(frame.assign(embedding=None), output=file)
    assert not list(tmp_path.iterdir())
    tamis.train_linear(frame, output=file)
    with pytest.raises(SettingError, match=r"for embeddings of 12 numbers; .* has 2"):
        text.linear_label(pd.Series([[1.0, 0.0]], name="embedding"), weights=file)
    with pytest.raises(SettingError, match="no label 'cow' in the model"):
        text.linear_score(frame.embedding, weights=file, label="cow")
    with pytest.raises(SettingError, match="say which label=, of cat, dog, eel"):
        text.linear_score(frame.embedding, weights=file)
    with pytest.raises(SettingError, match="is no file"):
        text.linear_score(frame.embedding, weights=str(tmp_path / "none"))
    write_safetensors(tmp_path / "b.safetensors", {"weight": np.ones((1, 12))}, {})
    with pytest.raises(DataError, match=r"is no classifier with labels"):
        text.linear_label(frame.embedding, weights=str(tmp_path / "b.safetensors"))
