"""Classes by trained classifiers, against plain loops of torch over the same tiny models."""

import itertools
import json
import pickle

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st

import tiny_classifiers
from tamis import Filter, Pipeline, Score, text
from tamis.errors import DataError, SettingError
from tamis.frame import STRING
from tamis.text.classified import cropped
from tamis.text.length_batches import Batches

LINES = [
    "the cat sat on the mat .",
    "stock market fell , buy now cheap free !",
    "theorem proof sum number line " * 30,
    "water",
    "The DOG ran; (1 2 3) unsafe?",
    "日本語 and 🙂",
    "click here to buy cheap stock",
    "school page of energy and water , this is it",
    "x",
    "a line that goes on and on , " * 6,
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def plain(folder):
    return folder / "plain", tiny_classifiers.sequence_classifier(folder / "plain")


PARTS = ["cat ", "theorem", " ", "\n", "z" * 30, "日本", "x" * 200 + " ", ".", " " * 90]


def docs(texts):
    ids = pd.array([f"t{k}" for k in range(len(texts))], STRING)
    return pd.DataFrame({"id": ids, "text": pd.array(texts, STRING)})


def loop(place, forward, texts, tokens=64):
    """Each text alone through a model: what every library would give of it."""
    own = transformers.AutoTokenizer.from_pretrained(place)
    found = []
    for one in texts:
        given = own(one, truncation=True, max_length=tokens, return_tensors="pt")
        with torch.no_grad():
            found.append(forward(given["input_ids"], given["attention_mask"])[0].double().numpy())
    return np.array(found)


def softmax(values):
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def test_a_sequence_classifier_of_transformers(plain):
    place, model = plain
    wanted = softmax(loop(place, lambda ids, mask: model(ids, attention_mask=mask).logits, LINES))
    found = text.class_scores(pd.Series(LINES), model=str(place), classes=3)
    np.testing.assert_allclose(np.stack(found), wanted, atol=1e-5)
    labels = np.array(["bad", "good", "odd"])[wanted.argmax(axis=1)]
    assert len(set(labels)) > 1
    assert text.class_label(pd.Series(LINES), model=str(place)).tolist() == labels.tolist()
    good = text.class_score(pd.Series(LINES), model=str(place), label="good")
    np.testing.assert_allclose(good, wanted[:, 1], atol=1e-5)
    best = text.class_score(pd.Series(LINES), model=str(place))
    np.testing.assert_allclose(best, wanted.max(axis=1), atol=1e-5)
    sure = text.class_label(pd.Series(LINES), model=str(place), threshold=0.6)
    assert sure.isna().tolist() == (wanted.max(axis=1) < 0.6).tolist()


def test_several_labels_at_once(folder):
    place = folder / "several"
    labels = ("toxic", "rude", "threat")
    kind = "multi_label_classification"
    model = tiny_classifiers.sequence_classifier(place, labels, 4, problem_type=kind)
    logits = loop(place, lambda ids, mask: model(ids, attention_mask=mask).logits, LINES)
    wanted = 1 / (1 + np.exp(-logits))
    found = text.class_scores(pd.Series(LINES), model=str(place), classes=3)
    np.testing.assert_allclose(np.stack(found), wanted, atol=1e-5)
    names = text.class_labels(pd.Series(LINES), model=str(place), threshold=0.5).tolist()
    for row, name in enumerate(names):
        over = {label for label, chance in zip(labels, wanted[row], strict=True) if chance >= 0.5}
        assert set(filter(None, name.split(", "))) == over
    assert any(", " in name for name in names)
    raw = text.class_scores(pd.Series(LINES), model=str(place), classes=3, output="raw")
    np.testing.assert_allclose(np.stack(raw), logits, atol=1e-4)


def test_a_value_and_the_presets_of_education(folder):
    place = folder / "value"
    model = tiny_classifiers.sequence_classifier(place, ("LABEL_0",), 8)
    with torch.no_grad():
        model.classifier.weight *= 4
        model.classifier.bias += 2
    model.save_pretrained(place)
    raw = loop(place, lambda ids, mask: model(ids, attention_mask=mask).logits, LINES)[:, 0]
    assert raw.min() < 2.5 < 5 < raw.max()  # or nothing is tested
    found = text.class_score(pd.Series(LINES), model=str(place))
    np.testing.assert_allclose(found, raw, atol=1e-4)
    asked = {"model": str(place), "preset": "nemocurator-fineweb-mixtral-edu-classifier"}
    found = text.class_score(pd.Series(LINES), **asked)
    np.testing.assert_allclose(found, np.clip(raw, 0, 5), atol=1e-4)
    found = text.class_score(pd.Series(LINES), whole=True, **asked)
    assert found.tolist() == [round(max(0, min(value, 5))) for value in raw]
    wanted = ["high_quality" if value >= 2.5 else "low_quality" for value in raw]
    assert text.class_label(pd.Series(LINES), **asked).tolist() == wanted
    with pytest.raises(SettingError, match="gives a number, not classes"):
        text.class_label(pd.Series(LINES), model=str(place))
    with pytest.raises(SettingError, match="is never that"):
        Filter(text.class_label, isin=["High"], **asked)


def test_a_backbone_with_a_linear_layer(folder):
    place = folder / "linear" / "model"
    backbone, fc = tiny_classifiers.linear_head(place)
    logits = loop(place, lambda ids, mask: fc(backbone(ids, mask).last_hidden_state[:, 0]), LINES)
    wanted = softmax(logits)
    found = text.class_scores(pd.Series(LINES), model=str(place), classes=3)
    np.testing.assert_allclose(np.stack(found), wanted, atol=1e-5)
    names = np.array(["Finance", "Games", "Science"])[wanted.argmax(axis=1)]
    kept = Filter(text.class_label, model=str(place), isin=["Games"], preset="domain-classifier")
    assert kept(docs(LINES)).text.tolist() == [
        line for line, name in zip(LINES, names, strict=True) if name == "Games"
    ]


def test_more_tokens_than_places_where_a_model_counts_distances(folder):
    place = folder / "far" / "model"
    backbone, fc = tiny_classifiers.linear_head(place)
    long = ["theorem proof " * 100, "cat sat " * 60 + "dog ran " * 60]
    run = lambda ids, mask: fc(backbone(ids, mask).last_hidden_state[:, 0])  # noqa: E731
    wanted = softmax(loop(place, run, long, tokens=200))
    found = text.class_scores(pd.Series(long), model=str(place), classes=3, tokens=200)
    np.testing.assert_allclose(np.stack(found), wanted, atol=1e-5)
    assert np.abs(wanted - softmax(loop(place, run, long))).max() > 1e-3


def test_a_decoder_that_classifies(folder):
    place = folder / "decoder"
    words = tiny_classifiers.tokenizer(place)
    torch.manual_seed(5)
    config = transformers.LlamaConfig(
        vocab_size=words, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=48, max_position_embeddings=64, initializer_range=0.3,
        num_labels=3, pad_token_id=0,
    )  # fmt: skip
    model = transformers.LlamaForSequenceClassification(config).eval()
    model.save_pretrained(place)
    logits = loop(place, lambda ids, mask: model(ids, attention_mask=mask).logits, LINES)
    found = text.class_scores(pd.Series(LINES), model=str(place), classes=3)
    np.testing.assert_allclose(np.stack(found), softmax(logits), atol=1e-5)


def test_windows_of_a_long_text(plain):
    place, model = plain
    own = transformers.AutoTokenizer.from_pretrained(place)
    words = own("theorem proof sum number line cat sat water " * 30, add_special_tokens=False)
    ids = words["input_ids"]
    pieces = [ids[at : at + 14] for at in range(0, len(ids), 14)]
    assert len(pieces[-1]) < 14  # a shorter one at the end counts less
    chances, lengths = [], []
    for piece in pieces:
        given = torch.tensor([[own.cls_token_id, *piece, own.sep_token_id]])
        with torch.no_grad():
            chances.append(softmax(model(given).logits[0].double().numpy()))
        lengths.append(len(piece) + 2)
    long = ["theorem proof sum number line cat sat water " * 30, "water"]
    asked = {"model": str(place), "classes": 3, "tokens": 16}
    for pool, wanted in (
        ("mean", np.average(chances, axis=0, weights=lengths)),
        ("max", np.max(chances, axis=0)),
        ("first", chances[0]),
    ):
        found = text.class_scores(pd.Series(long), pool=pool, **asked)
        np.testing.assert_allclose(found[0], wanted, atol=1e-5)
        np.testing.assert_allclose(
            found[1], text.class_scores("water", model=str(place), classes=3), atol=1e-5
        )


def test_what_is_read_of_a_text(plain, folder):
    place, _ = plain
    asked = {"model": str(place), "classes": 3}
    long = "cat sat mat dog " + "stock market " + "theorem proof sum "
    for settings_, same in (
        ({"max_chars": 16}, long[:16]),
        ({"max_chars": 12, "crop": "centre"}, long[(len(long) - 12) // 2 :][:12]),
    ):
        found = text.class_scores(long, **asked, **settings_)
        np.testing.assert_allclose(found, text.class_scores(same, **asked), atol=1e-6)
    middle = "proof " * 2000 + "market " * 1500 + "cat " * 2000
    tiny_classifiers.sequence_classifier(folder / "maths", ("LABEL_0",), 8)
    maths = {"model": str(folder / "maths"), "tokens": 64, "output": "sigmoid"}
    found = text.class_score(middle, preset="finemath-classifier", **maths)
    start = (len(middle) - 10_000) // 2
    wanted = text.class_score(middle[start : start + 10_000], **maths)
    assert found == pytest.approx(wanted, abs=1e-6)
    assert abs(found - text.class_score(middle, **maths)) > 1e-3
    assert cropped("", 3, "centre") == ""


@pytest.fixture(scope="module")
def classifier(plain):
    from tamis.text.class_models import text_classifier

    return text_classifier(str(plain[0]), None, None, "cpu", "float32", None, ())


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(PARTS),
        max_size=60,
    ),
    st.integers(3, 20),
)  # fmt: skip
def test_the_first_tokens_are_those_of_the_whole_text(classifier, parts, limit):
    whole = "".join(parts)
    wanted = classifier.tokenizer(whole, truncation=True, max_length=limit)["input_ids"]
    assert classifier._tokens([whole], limit, "first")[0][0] == wanted


def test_any_partitioning_gives_the_same(plain):
    place, _ = plain
    lines = [" ".join(LINES[k % 10 : k % 10 + 3]) + f" {k}" for k in range(40)]
    lines[7], lines[20] = "", None
    steps = Pipeline([
        Score(text.class_scores, model=str(place), classes=3, name="chances"),
        Score(text.class_label, model=str(place), name="label"),
    ])  # fmt: skip
    whole = steps(docs(lines))
    for cuts in ([0, 1, 40], [0, 13, 14, 30, 40], list(range(41))):
        parts = pd.concat([steps(docs(lines).iloc[a:b]) for a, b in itertools.pairwise(cuts)])
        assert parts.label.equals(whole.label)
        there = whole.chances.notna()
        assert parts.chances.notna().equals(there)
        np.testing.assert_allclose(
            np.stack(parts.chances[there]), np.stack(whole.chances[there]), atol=1e-5
        )


def test_bfloat16_knows_no_neighbours(plain):
    place, _ = plain
    asked = {"model": str(place), "classes": 3, "precision": "bfloat16", "batch": 512}
    whole = np.stack(text.class_scores(pd.Series(LINES), **asked))
    alone = np.stack([text.class_scores(line, **asked) for line in LINES])
    turned = np.stack(text.class_scores(pd.Series(LINES[::-1]), **asked))[::-1]
    assert (whole == alone).all() and (whole == turned).all()
    exact = np.stack(text.class_scores(pd.Series(LINES), model=str(place), classes=3))
    assert 0 < np.abs(whole - exact).max() < 0.05


def test_a_check_decides_on_bfloat16(classifier):
    from tamis.text.text_classifier import sound

    assert sound(classifier, lambda on: None)
    before, off = classifier.forward, {}

    def coarse(ids, mask):
        return before(ids, mask) + (off["on"] * np.array([1.0, -1.0, 0.0]))

    classifier.forward = coarse
    try:
        assert not sound(classifier, lambda on: off.update(on=on))
    finally:
        classifier.forward = before


def test_steps_share_one_pass(plain, classifier, monkeypatch):
    place, _ = plain
    from tamis.text import class_models

    read = []
    monkeypatch.setattr(class_models, "text_classifier", lambda *_: classifier)
    before = type(classifier).classify
    monkeypatch.setattr(
        type(classifier), "classify",
        lambda self, texts, *rest: read.extend(texts) or before(self, texts, *rest),
    )  # fmt: skip
    steps = Pipeline([
        Filter("words", min=2),
        Filter(text.class_label, model=str(place), isin=["good", "odd"]),
        Filter(text.class_score, model=str(place), min=0.4),
        Score(text.class_scores, model=str(place), classes=3),
    ])  # fmt: skip
    rows = docs([*LINES, "", None])
    rows["words"] = [len((line or "").split()) for line in rows.text.fillna("")]
    found = steps.explain(rows)
    assert found.class_label_plain.notna().sum() > found.class_score_plain.notna().sum() > 0
    assert sorted(read) == sorted(line for line in LINES if len(line.split()) > 1)


def test_batches_that_memory_has_no_room_for(caplog):
    seen = []

    def forward(ids, mask):
        if ids.size > 40:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        seen.append(ids.shape)
        return np.stack([ids.sum(axis=1), mask.sum(axis=1)], axis=1).astype(np.float32)

    rows = [[k, *range(k % 29)] for k in range(50)]
    wanted = [[sum(row), len(row)] for row in rows]
    batches = Batches(300)
    assert batches.run(rows, forward, 64).tolist() == wanted
    assert max(a * b for a, b in seen) <= 40 and batches.tokens < 300
    assert sum("out of memory" in one.message for one in caplog.records) >= 2
    with pytest.raises(DataError, match="one text of 41 tokens is too much"):
        batches.run([[1] * 41], forward, 64)
    with pytest.raises(ValueError, match="else"):
        Batches(100).run(rows, lambda *_: (_ for _ in ()).throw(ValueError("else")), 64)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=90), max_size=40),
    st.sampled_from([1, 60, 400, 512, 8192]), st.booleans(),
)  # fmt: skip
def test_batches_give_each_sequence_back(rows, tokens, left):
    shapes, asked = {}, {}

    def forward(ids, mask):
        for one, there in zip(ids, mask, strict=True):
            assert asked.setdefault(tuple(one[there == 1]), ids.shape) == ids.shape
        shapes.setdefault(ids.shape[1], set()).add(ids.shape[0])
        place = -1 if left else 0
        return np.stack([(ids * mask).sum(axis=1), ids[:, place], mask.sum(axis=1)], axis=1)

    batches = Batches(tokens, left=left)
    found = batches.run(rows, forward, 90)
    assert found.tolist() == [[sum(row), row[-1 if left else 0], len(row)] for row in rows]
    for width, counts in shapes.items():
        (count,) = counts  # a length decides on the shape, whatever the other rows
        assert count & 7 == 0 or count in (1, 2, 4)
        assert count * width <= max(tokens, width)
    for row in rows:
        Batches(tokens, left=left).run([row], forward, 90)  # alone: in the same shape


def test_neighbours_and_places_do_not_show(plain, folder):
    """To the last digit, for every width and place in a batch."""
    place, _ = plain
    words = tiny_classifiers.WORDS[19:31]
    lines = [" ".join(words[(k + n) % 12] for n in range(1 + k * 5 % 61)) for k in range(150)]
    for precision in ("float32", "bfloat16"):
        asked = {"model": str(place), "classes": 3, "output": "raw", "precision": precision}
        whole = np.stack(text.class_scores(pd.Series(lines), **asked))
        turned = np.stack(text.class_scores(pd.Series(lines[::-1]), **asked))[::-1]
        np.testing.assert_array_equal(whole, turned)
        for row in (0, 1, 3, 20, 77, 149):
            np.testing.assert_array_equal(text.class_scores(lines[row], **asked), whole[row])


def test_what_cannot_be_loaded(folder, plain):
    place, model = plain
    headless = folder / "headless"
    tiny_classifiers.tokenizer(headless)
    model.bert.save_pretrained(headless)
    with pytest.raises(DataError, match=r"no trained classifier: it lacks .*classifier"):
        text.class_label("cat", model=str(headless))
    with pytest.raises(SettingError, match="give the commit"):
        text.class_label("cat", model="nvidia/domain-classifier")
    with pytest.raises(SettingError, match="no such folder"):
        text.class_label("cat", model="./nowhere")
    with pytest.raises(DataError, match=r"has no config.json"):
        text.class_label("cat", model=str(folder))
    with pytest.raises(SettingError, match="preset='domains' does not fit"):
        Score(text.class_label, model=str(place), preset="domains")
    with pytest.raises(SettingError, match="reads from 3 to 64"):
        text.class_label("cat", model=str(place), tokens=65)
    with pytest.raises(SettingError, match=r"no label 'goood'.*'good'"):
        text.class_score("cat", model=str(place), label="goood")
    with pytest.raises(SettingError, match="pass classes=3"):
        text.class_scores("cat", model=str(place), classes=4)


def test_weights_that_do_not_fit(folder):
    place = folder / "short" / "model"
    tiny_classifiers.linear_head(place)
    from safetensors.torch import load_file, save_file

    state = load_file(place / "model.safetensors")
    state["other"] = state.pop("fc.bias")
    save_file(state, place / "model.safetensors")
    with pytest.raises(DataError, match=r"without fc.bias; of no use other"):
        text.class_label("cat", model=str(place))
    config = json.loads((place / "config.json").read_text())
    (place / "config.json").write_text(json.dumps(config | {"base_model": "someone/else"}))
    with pytest.raises(SettingError, match="pass base="):
        text.class_label("cat", model=str(place))


class Boom:
    def __reduce__(self):
        return print, ("code of a model was run",)


def test_pickled_code_is_not_run(folder, capfd):
    place = folder / "pickled"
    tiny_classifiers.sequence_classifier(place, seed=6)
    (place / "model.safetensors").unlink()
    with open(place / "pytorch_model.bin", "wb") as file:
        pickle.dump({"classifier.weight": Boom()}, file)
    with pytest.raises(DataError, match="cannot be loaded"):
        text.class_label("cat", model=str(place))
    assert "code of a model" not in capfd.readouterr().out


def test_a_changed_model_is_loaded_anew(folder):
    place = folder / "changed"
    tiny_classifiers.sequence_classifier(place, seed=1)
    before = text.class_score("the cat sat", model=str(place))
    tiny_classifiers.sequence_classifier(place, seed=9)
    assert text.class_score("the cat sat", model=str(place)) != before


def test_a_run(plain, tmp_path):
    place, _ = plain
    frame = dd.from_pandas(docs(LINES), npartitions=3)
    steps = Pipeline([Filter(text.class_label, model=str(place), isin=["good"])])
    run = steps.run(frame, tmp_path / "out")
    rows = run.figures["rows"]
    assert rows["kept"] + rows["dropped"] == len(LINES) and rows["kept"] > 0


def test_prompts(folder):
    place = folder / "prompts" / "model"
    backbone, heads, maps = tiny_classifiers.prompt_heads(place)

    def forward(ids, mask):
        states = backbone(ids, mask).last_hidden_state
        return torch.cat(
            [head(states.mean(dim=1)) for head in heads], dim=1
        )  # one text: no padding

    logits = loop(place, forward, LINES)
    ends = np.cumsum([0, *tiny_classifiers.SIZES.values()])
    chance = {
        name: softmax(logits[:, a:b])
        for name, (a, b) in zip(tiny_classifiers.SIZES, itertools.pairwise(ends), strict=True)
    }
    column, asked = pd.Series(LINES), {"model": str(place)}
    score = {}
    for name in list(tiny_classifiers.SIZES)[1:]:
        values = chance[name] @ np.array(maps["weights_map"][name]) / maps["divisor_map"][name]
        values = [round(value, 4) for value in values]
        if name == "number_of_few_shots":
            values = [value if value >= 0.05 else 0 for value in values]
        score[name] = np.array(values)
        found = text.prompt_complexity(column, dimension=name, **asked)
        np.testing.assert_allclose(found, values, atol=1.1e-4)
    wanted = (
        0.35 * score["creativity_scope"] + 0.25 * score["reasoning"] + 0.15 * score["constraint_ct"]
        + 0.15 * score["domain_knowledge"] + 0.05 * score["contextual_knowledge"]
        + 0.05 * score["number_of_few_shots"]
    )  # fmt: skip
    np.testing.assert_allclose(text.prompt_complexity(column, **asked), wanted, atol=2e-4)
    tasks = chance["task_type"]
    order = np.argsort(-tasks, axis=1)
    first = [tiny_classifiers.TASKS[k] for k in order[:, 0]]
    assert text.prompt_task(column, **asked).tolist() == first
    assert text.class_label(column, head="task_type", **asked).tolist() == first
    second = [
        tiny_classifiers.TASKS[k] if tasks[row, k] >= 0.1 else "NA"
        for row, k in enumerate(order[:, 1])
    ]
    assert text.prompt_task(column, place=2, **asked).tolist() == second
    assert "NA" in second and set(second) != {"NA"}
    found = text.class_score(column, head="task_type", **asked)
    np.testing.assert_allclose(found, tasks.max(axis=1), atol=1e-5)
    with pytest.raises(SettingError, match=r"8 heads; pass head= \(one of task_type, "):
        text.class_label("cat", **asked)
    with pytest.raises(SettingError, match="no head 'task'"):
        text.class_label("cat", head="task", **asked)
