"""fastText classifiers trained here, against fastText's own reader, NumPy and scikit-learn."""

import itertools
import json

import fasttext
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as theirs

import tamis
from tamis import Filter, Pipeline, text
from tamis.errors import ColumnError, DataError, SettingError
from tamis.frame import STRING, text_buffers
from tamis.kernels import fasttext_training as kernel
from tamis.training.metrics import auc, measured
from tamis.training.vocabulary import coded, joined

COMMON = list("abcdefghijklmnopqrstuvwxyz"[:17])
OWN = {
    "hq": ["theorem", "evidence", "résumé", "measured", "研究", "hypothesis", "sample", "analysis"],
    "spam": ["buy", "cheap", "casino", "free", "click", "winner", "€€€", "bonus"],
    "menu": ["home", "login", "contact", "next", "previous", "sitemap", "basket"],
}


def texts(count=240, own=3, seed=0):
    """Texts of common words, with some that tell their kind."""
    random = np.random.default_rng(seed)
    labels = [list(OWN)[k % 3] for k in range(count)]
    made = []
    for label in labels:
        words = [*random.choice(COMMON, 14), *random.choice(OWN[label], own)]
        random.shuffle(words)
        made.append(" ".join(words[:9]) + "\n" + "  ".join(words[9:]))
    return pd.DataFrame(
        {
            "id": pd.array([f"t{k}" for k in range(count)], STRING),
            "text": pd.array(made, STRING),
            "label": pd.array(labels, STRING),
            "site": [f"s{k // 4}" for k in range(count)],
        }
    )


FAST = {"dimensions": 16, "learning_rate": 0.5, "epochs": 10}


def as_fasttext_has_it(file, values, labels):
    """The library's probabilities of texts, [texts, labels]."""
    library = fasttext.load_model(str(file))
    found = np.zeros((len(values), len(labels)))
    for row, value in enumerate(values):
        given = library.f.predict(value.replace("\n", " ") + "\n", 99, 0.0, "strict")
        for score, label in given:
            found[row, labels.index(label.removeprefix("__label__"))] = score
    return found


@pytest.mark.parametrize(
    "more",
    [{}, {"word_ngrams": 1}, {"word_ngrams": 3, "buckets": 77}, {"min_count": 9},
     {"word_ngrams": 2, "character_ngrams": (2, 4), "buckets": 500}],
    ids=str,
)  # fmt: skip
def test_fasttext_reads_what_is_written(tmp_path, more):
    docs, file = texts(), tmp_path / "kinds.bin"
    made = tamis.train_fasttext(docs, output=file, **FAST, **more)
    assert made.labels == ("hq", "menu", "spam") and made.rows == 216
    assert made.held_out.rows == 24 and made.held_out.accuracy > 0.9
    values = [
        *docs.text[:30],
        "",
        "unknown words alone",
        "casino </s> theorem",
        "__label__x basket",
    ]
    expected = as_fasttext_has_it(file, values, made.labels)
    assert expected.sum(axis=1).min() > 0.99
    for column, label in enumerate(made.labels):
        found = text.fasttext_score(pd.Series(values, dtype=STRING), model=str(file), label=label)
        filled = np.array(values) != ""
        np.testing.assert_allclose(found[filled], expected[filled, column], atol=1e-5)


def test_the_descent_is_that_of_its_loss():
    """The same steps, written out with NumPy in float64 over rows of counts."""
    docs = texts(40)
    piece = coded(text_buffers(docs.text))
    vocabulary, tokens, offsets = joined([piece], 1)
    assert [vocabulary.names[k].decode() for k in tokens[: offsets[1]]] == docs.text[0].split()
    known, buckets, width, epochs, rate = vocabulary.known, 300, 5, 3, 0.8
    firsts, own = np.arange(known + 1), np.arange(known)
    truth = np.array([list(OWN).index(label) for label in docs.label])
    rows, output = np.zeros((known + buckets, width), np.float32), np.zeros((3, width), np.float32)
    entered = np.zeros(len(rows), np.uint8)
    shape = np.array([vocabulary.end, known, 2, buckets, 7])
    progress = np.array([0.0, epochs * float(len(tokens) + 40)])
    bags = np.zeros((40, len(rows)))
    for k in range(40):
        words = [*tokens[offsets[k] : offsets[k + 1]], vocabulary.end]
        for word in words:
            bags[k, word] += 1
        for one, other in itertools.pairwise(words):
            mixed = int(vocabulary.hashes[one]) % 2**64 * 116049371 + int(vocabulary.hashes[other])
            bags[k, known + mixed % 2**64 % buckets] += 1
    order = np.random.default_rng(0).permutation(40)
    start = np.zeros_like(rows)
    kernel.descend(  # a rate of nothing: only the beginning
        tokens, offsets, truth, order, vocabulary.hashes, firsts, own, shape, 0.0,
        np.array([0.0, 1.0]), entered.copy(), start, output.copy(),
    )  # fmt: skip
    assert np.abs(start).max() <= 1 / width and (start[bags.sum(axis=0) == 0] == 0).all()
    assert abs(start[bags.sum(axis=0) > 0].mean()) < 0.02
    losses = [
        kernel.descend(
            tokens, offsets, truth, order, vocabulary.hashes, firsts, own, shape, rate, progress,
            entered, rows, output,
        )
        for _ in range(epochs)
    ]  # fmt: skip
    inside, outside, done = start.astype(np.float64), np.zeros((3, width)), 0
    for _ in range(epochs):
        for k in order:
            now = rate * (1 - done / (epochs * (len(tokens) + 40)))
            done += offsets[k + 1] - offsets[k] + 1
            bag = bags[k] / bags[k].sum()
            hidden = bag @ inside
            chance = np.exp(outside @ hidden)
            chance /= chance.sum()
            error = np.eye(3)[truth[k]] - chance
            inside += now * np.outer(bag, error @ outside)
            outside += now * np.outer(error, hidden)
    np.testing.assert_allclose(rows, inside, atol=2e-5)
    np.testing.assert_allclose(output, outside, atol=2e-5)
    assert losses[-1] < losses[0]


def test_order_and_partitions_do_not_matter(tmp_path):
    docs = texts(90)
    frames = [
        docs,
        docs.sample(frac=1, random_state=3),
        tamis.from_pandas(docs, npartitions=4),
        tamis.from_pandas(docs.assign(label=docs.label.astype("category")), npartitions=2),
    ]
    written = []
    for number, frame in enumerate(frames):
        file = tmp_path / f"{number}.bin"
        made = tamis.train_fasttext(frame, output=file, by="site", **FAST)
        written.append(
            (file.read_bytes(), json.loads((tmp_path / f"{number}.bin.json").read_text()))
        )
        assert made.held_out.rows == written[0][1]["held_out"]["rows"]
    assert all(one == written[0] for one in written)
    other = tamis.train_fasttext(docs, output=tmp_path / "b.bin", by="site", **FAST | {"seed": 1})
    assert (tmp_path / "b.bin").read_bytes() != written[0][0] and other.rows > 70


def test_groups_are_held_out_whole(tmp_path):
    """Sites tell the label by a word of their own: held-out sites are not known by it."""
    docs = texts(240, own=1)
    docs["text"] = [f"{value} {site}" for value, site in zip(docs.text, docs.site, strict=True)]
    made = tamis.train_fasttext(docs, output=tmp_path / "a.bin", by="site", share=0.8, **FAST)
    assert made.rows + made.held_out.rows == 240 and 36 <= made.held_out.rows <= 60
    written = (tmp_path / "a.bin").read_bytes()
    known = [k for k in range(60) if f"s{k}\0".encode() in written]
    assert len(known) == made.rows / 4  # sites of four rows each, whole


def test_a_recipe_names_the_file(tmp_path):
    docs = texts()
    made = tamis.train_fasttext(docs, output=tmp_path / "q.bin", precision=0.95, **FAST)
    figures = made.held_out.labels.loc["hq"]
    assert figures.precision_at >= 0.95 and figures.auc > 0.95
    steps = Pipeline([
        Filter(text.fasttext_score, model=made.file, label="hq", min=figures.threshold)
    ])  # fmt: skip
    fresh = texts(90, seed=5)
    run = steps.run(tamis.from_pandas(fresh, npartitions=2), tmp_path / "out", progress=False)
    kept = run.kept().compute()
    assert (kept.label == "hq").mean() > 0.9 and len(kept) > 20
    assert Pipeline.from_yaml(steps.to_yaml()) == steps


def test_what_has_no_text_or_label_is_left_out(tmp_path):
    docs = texts(60)
    odd = pd.DataFrame({"id": ["x", "y", "z"], "text": ["", None, "words"],
                        "label": ["hq", "hq", None], "site": "s"})  # fmt: skip
    one = tamis.train_fasttext(docs, output=tmp_path / "1.bin", share=1, **FAST)
    two = tamis.train_fasttext(pd.concat([odd, docs]), output=tmp_path / "2.bin", share=1, **FAST)
    assert one.held_out is two.held_out is None and one.rows == two.rows == 60
    assert (tmp_path / "1.bin").read_bytes() == (tmp_path / "2.bin").read_bytes()
    flags = docs.assign(label=docs.label == "hq")
    assert tamis.train_fasttext(flags, output=tmp_path / "3.bin", **FAST).labels == (
        "False",
        "True",
    )
    numbers = docs.assign(label=(docs.label == "hq").astype(float))
    numbers.loc[0, "label"] = None
    assert tamis.train_fasttext(numbers, output=tmp_path / "4.bin", **FAST).labels == ("0", "1")


def test_mistakes_say_so(tmp_path):
    docs, file = texts(30), tmp_path / "a.bin"
    for more, error, told in [
        ({"output": "a.model"}, SettingError, r"has to end with \.bin"),
        ({"on": "body"}, ColumnError, "no column 'body'"),
        ({"label": "kind"}, ColumnError, "no column 'kind'"),
        ({"by": "host"}, ColumnError, "no column 'host'"),
        ({"share": 0}, SettingError, "share=0 is not above 0"),
        ({"precision": 2}, SettingError, "precision=2 is not above 0"),
        ({"epochs": 0}, SettingError, "epochs=0 is not a whole number"),
        ({"learning_rate": 0}, SettingError, "learning_rate=0"),
        ({"character_ngrams": (6, 3)}, SettingError, "the shortest and the longest"),
        ({"seed": -1}, SettingError, "seed=-1"),
    ]:
        with pytest.raises(error, match=told):
            tamis.train_fasttext(docs, **{"output": file} | more)
    with pytest.raises(ColumnError, match="no column 'id'"):
        tamis.train_fasttext(docs.drop(columns="id"), output=file)
    with pytest.raises(SettingError, match="one word; 'label' has 'very good'"):
        tamis.train_fasttext(docs.assign(label=["very good", "bad"] * 15), output=file)
    with pytest.raises(DataError, match="27 rows to learn from, all are 'hq'"):
        tamis.train_fasttext(docs.assign(label="hq"), output=file)
    with pytest.raises(DataError, match="numbers with fractions"):
        tamis.train_fasttext(docs.assign(label=0.5), output=file)
    assert not list(tmp_path.iterdir())


SCORES = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 5), st.integers(0, 5), st.integers(0, 5)),
    min_size=1, max_size=30,
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(SCORES, st.none() | st.floats(0.05, 1))
def test_figures_as_scikit_learn_has_them(rows, precision):
    table = np.array(rows)
    truth, scores = table[:, 0], table[:, 1:] / 5
    found = measured(truth, scores, ["a", "b", "c"], precision)
    given_labels = scores.argmax(axis=1)
    expected = theirs.precision_recall_fscore_support(
        truth, given_labels, labels=[0, 1, 2], zero_division=np.nan
    )
    np.testing.assert_array_equal(found.labels.rows, expected[3])
    for name, values in zip(("precision", "recall"), expected, strict=False):
        np.testing.assert_allclose(found.labels[name], values)
    assert found.accuracy == pytest.approx((truth == given_labels).mean())
    np.testing.assert_array_equal(
        found.confusion, theirs.confusion_matrix(truth, given_labels, labels=[0, 1, 2])
    )
    for k, name in enumerate("abc"):
        own, line = truth == k, found.labels.loc[name]
        if own.any() and not own.all():
            assert line.auc == pytest.approx(theirs.roc_auc_score(own, scores[:, k]))
        else:
            assert np.isnan(auc(own, scores[:, k]))
        best = {}
        for bound in np.unique(scores[:, k]):
            taken = scores[:, k] >= bound
            right = (taken & own).sum()
            best[bound] = right / taken.sum(), right / max(own.sum(), 1), taken.sum()
        if not own.any():
            assert np.isnan(line.threshold)
        elif precision is not None:
            fit = [b for b, (p, _, _) in best.items() if p >= precision]
            assert (line.threshold == min(fit)) if fit else np.isnan(line.threshold)
        else:
            f1 = {b: 2 * p * r / (p + r) if p + r else 0 for b, (p, r, _) in best.items()}
            assert f1[line.threshold] == pytest.approx(max(f1.values()))


def test_the_command(tmp_path, capsys):
    from tamis.cli import main

    tamis.write_jsonl(tamis.from_pandas(texts(), npartitions=2), tmp_path / "docs")

    def run(*words):
        with pytest.raises(SystemExit) as ended:
            main(["train", "--input", str(tmp_path / "docs"), *words])
        return ended.value.code, capsys.readouterr()

    file = tmp_path / "q.bin"
    code, said = run("--output", str(file), "--precision", "0.9", "--by", "site",
                     *(f"--set={k}={v}" for k, v in FAST.items()))  # fmt: skip
    assert code == 0 and "3 labels" in said.out and "rows held out" in said.out, said
    again = tmp_path / "again.bin"
    tamis.train_fasttext(texts(), output=again, by="site", precision=0.9, **FAST)
    assert again.read_bytes() == file.read_bytes()
    code, said = run("--output", str(file), "--set", "epoch=3")
    assert code == 2 and "no such setting (share, seed, epochs" in said.err
    code, said = run("--output", "a.model")
    assert code == 2 and "ends with .bin or .safetensors" in said.err
    code, said = run("--output", str(file), "--embed", "text.static_embedding")
    assert code == 2 and "--embed is for .safetensors" in said.err
