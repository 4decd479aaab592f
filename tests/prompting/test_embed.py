"""Vectors of an endpoint that is slow, wrong, busy or gone; a hash of the text is the oracle."""

import base64
import hashlib
import json
import threading

import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from aiohttp import web
from endpoint import Endpoint, failed
from hypothesis import given, settings
from hypothesis import strategies as st

import tamis
from tamis import Embed, Filter, Pipeline, Prompt, SemanticDedup
from tamis.errors import ColumnError, EndpointError, SettingError
from tamis.frame import STRING
from tamis.io import download_loop
from tamis.prompting.vectors_asked import LONGEST, _shares, parts
from tamis.recipe import load, step_from

WIDTH = 4


def of(text, width=WIDTH):
    """What the model says of a text."""
    data = hashlib.sha256(text.encode()).digest()[:width]
    return (np.frombuffer(data, np.uint8).astype(np.float32) - 100) / 7


def docs(*texts):
    rows = [f"r{n}" for n in range(len(texts))]
    return pd.DataFrame({"id": rows, "text": list(texts)}).astype(STRING)


def many(count, word="text"):
    return docs(*(f"{word} {n}" for n in range(count)))


class Model:
    """Answers for all texts of a request; `change` makes of its rows what it likes."""

    def __init__(self, packed=True, change=None, bad=None, width=WIDTH):
        self.packed, self.change, self.bad, self.width = packed, change, bad, width

    def __call__(self, body):
        if self.bad is not None and any(self.bad in text for text in body["input"]):
            return failed(400, "cannot be embedded")
        if body.get("encoding_format") and self.packed == "refused":
            return failed(400, "encoding_format is not known here")
        width = body.get("dimensions", self.width)
        found = []
        for at, text in enumerate(body["input"]):
            values = of(text, width)
            coded = base64.b64encode(values.astype("<f4").tobytes()).decode()
            plain = self.packed is not True or body.get("encoding_format") != "base64"
            found.append({"index": at, "embedding": [float(v) for v in values] if plain else coded})
        if self.change is not None:
            found = self.change(found)
        spent = sum(len(text) for text in body["input"])
        usage = {"prompt_tokens": spent, "total_tokens": spent}
        return web.json_response({"data": found, "model": body["model"], "usage": usage})


@pytest.fixture
def model(endpoint):
    endpoint.says = Model()
    return endpoint


@pytest.fixture
def with_(at):
    return at | {"dimensions": WIDTH}


def same(frame, texts, column="embedding"):
    return [
        None if v is None else list(v) for v in frame[column].array.__arrow_array__().to_pylist()
    ] == [[float(v) for v in of(text)] for text in texts]


@pytest.mark.parametrize("packed", [True, False, "refused"])
def test_vectors_as_the_model_says(model, with_, packed):
    """Packed, as numbers though asked for packed, and where that is refused: asked again once."""
    model.says = Model(packed)
    frame = many(20)
    found = Embed(batch=6, concurrency=1, **with_)(frame)
    assert same(found, frame.text) and found.columns.tolist() == ["id", "text", "embedding"]
    assert str(found.embedding.dtype) == "fixed_size_list<item: float>[4][pyarrow]"
    assert model.count == 4 or (packed == "refused" and model.count <= 6)  # two were made ready
    assert sorted(len(b["input"]) for b in model.bodies[-4:]) == [2, 6, 6, 6]


def test_what_stands_in_a_request(model, with_):
    step = Embed(prefix="query: ", shorten=True, extra={"user": "u"}, **with_)
    found = step(docs("a", "b"))
    assert same(found, ["query: a", "query: b"])
    (body,) = model.bodies
    assert body == {"model": "m", "input": ["query: a", "query: b"], "dimensions": 4, "user": "u",
                    "encoding_format": "base64"}  # fmt: skip


def test_order_is_by_index(model, with_):
    model.says = Model(change=lambda rows: rows[::-1])
    assert same(Embed(**with_)(many(9)), many(9).text)
    model.says = Model(change=lambda rows: [{"embedding": row["embedding"]} for row in rows])
    assert same(Embed(**with_)(many(9, "other")), many(9, "other").text)


WRONG = {
    "one too few": (lambda rows: [{"embedding": row["embedding"]} for row in rows[1:]],
                    "2 embeddings of 3 texts"),
    "one too many": (lambda rows: [*rows, rows[0] | {"index": 3}], "4 embeddings of 3 texts"),
    "none": (lambda rows: [], "0 embeddings of 3 texts"),
    "an index twice": (lambda rows: [rows[0] | {"index": 1}, *rows[1:]], "indexes"),
    "an index beyond": (lambda rows: [rows[0] | {"index": 7}, *rows[1:]], "indexes"),
    "true for an index": (lambda rows: [rows[0], rows[1] | {"index": True}, rows[2]], "indexes"),
    "no list": (lambda rows: {"vectors": rows}, "no list of embeddings"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_an_answer_that_is_wrong_is_asked_for_again(model, with_, quick, wrong):
    change, told = WRONG[wrong]
    model.says = Model(change=change)
    found = Embed(retries=1, **with_).explain(many(3))
    assert found.dropped_why.str.startswith("prompt.answer: ").all() and model.count == 2
    assert found.dropped_why.str.contains(told).all() and found.embedding.isna().all()
    model.says = Model()
    assert same(Embed(retries=1, **with_)(many(3)), many(3).text)  # nothing wrong was kept


def test_one_that_is_missing_costs_its_row(model, with_):
    model.says = Model(change=lambda rows: [row for row in rows if row["index"] != 1])
    found = Embed(retries=1, **with_).explain(many(3))
    assert found.dropped_why.notna().tolist() == [False, True, False] and model.count == 1
    assert found.dropped_why[1].startswith("prompt.answer: ")
    assert same(found.iloc[[0, 2]], many(3).text.iloc[[0, 2]])


ONE = [[1.0, 2.0], [1.0, 2.0, 3.0, float("nan")], [1.0, 2.0, 3.0, 1e39], "???", None, [1, "2", 3],
       [1.0, True, 2.0, 3.0], [], base64.b64encode(b"12345").decode()]  # fmt: skip


@pytest.mark.parametrize("wrong", ONE, ids=str)
def test_one_wrong_vector_costs_one_row(model, with_, wrong):
    def change(rows):
        return [row | {"embedding": wrong} if row["index"] == 1 else row for row in rows]

    def raw(body):
        answer = json.loads(Model(change=change)(body).body)
        return web.Response(text=json.dumps(answer), content_type="application/json")

    model.says = raw
    found = Embed(null="keep", **with_)(many(3))
    assert found.embedding.notna().tolist() == [True, False, True]
    assert found.embedding_why[1].startswith("prompt.answer: ") and model.count == 1


def test_a_model_of_another_width_is_named(model, with_):
    with pytest.raises(SettingError, match=r"'m' gives 4 numbers; pass dimensions=4"):
        Embed(**with_ | {"dimensions": 8})(many(3))


def test_one_text_that_is_refused_costs_one_row(model, with_):
    model.says = Model(bad="text 5")
    frame = many(16)
    found = Embed(**with_).explain(frame)
    assert found.dropped_why.notna().tolist() == [n == 5 for n in range(16)]
    assert found.dropped_why[5] == "prompt.request: 400 Bad Request, error: cannot be embedded"
    assert model.count == 1 + 2 * 4  # halves
    assert same(found[found.dropped_why.isna()], frame.text.drop(5))
    again = Embed(**with_).explain(frame)
    pd.testing.assert_frame_equal(again, found)
    assert model.count == 1 + 2 * 4 + 1  # the one alone


def test_no_text_is_not_asked_about(model, with_):
    frame = docs("a", None, "", " \n", "b")
    found = Embed(**with_).explain(frame)
    why = [None if pd.isna(w) else w.partition(":")[0] for w in found.dropped_why]
    assert why == [None, "text.null", "text.empty", "text.empty", None]
    assert [body["input"] for body in model.bodies] == [["a", "b"]]
    kept = Embed(null="keep", name="v", **with_)(frame)
    assert kept.v.notna().tolist() == [True, False, False, False, True]
    assert kept.v_why.str.partition(":")[0].tolist()[1:4] == ["text.null", *["text.empty"] * 2]


def test_each_text_is_asked_for_once(model, with_):
    """Whatever the batches and partitions; those that are alike once."""
    frame = docs(*(f"text {n % 7}" for n in range(30)))
    found = Embed(batch=3, **with_)(frame)
    assert sorted(t for b in model.bodies for t in b["input"]) == [f"text {n}" for n in range(7)]
    asked = model.count
    parted = Embed(batch=5, **with_)(dd.from_pandas(frame, npartitions=4)).compute()
    pd.testing.assert_frame_equal(parted, found)
    assert model.count == asked
    Embed(**with_ | {"model": "other"})(frame)
    assert model.count == asked + 1


def test_storage_and_length(model, with_):
    frame = many(5)
    half = Embed(storage="float16", normalize=True, **with_)(frame)
    assert str(half.embedding.dtype) == "fixed_size_list<item: halffloat>[4][pyarrow]"
    for text, row in zip(frame.text, half.embedding, strict=True):
        wanted = of(text).astype(np.float64)
        assert np.allclose(np.array(row, np.float64), wanted / np.linalg.norm(wanted), atol=1e-3)
    model.says = Model(change=lambda rows: [r | {"embedding": [1e5, 0, 0, 0]} for r in rows])
    found = Embed(storage="float16", **with_).explain(docs("large"))
    assert found.dropped_why[0] == "prompt.answer: a number that float16 cannot hold"
    assert model.count == 2
    assert Embed(**with_)(docs("large")).embedding[0][0] == 1e5 and model.count == 2


def test_tokens_and_cost_in_the_ledger(model, with_, tmp_path):
    frame = docs("ab", "abcd", "a" * 10)
    run = Pipeline([Embed(price=2, **with_)]).run(frame, tmp_path / "out", progress=False)
    kept, ledger = run.kept().compute(), run.ledger().compute()
    assert kept.columns.tolist() == ["id", "text", "embedding"] and same(kept, frame.text)
    assert ledger.embedding_tokens_in.tolist() == [2, 4, 10]
    assert ledger.embedding_cost.tolist() == [4e-6, 8e-6, 2e-5]
    assert "embedding" not in ledger.columns


def test_a_plan_asks_nobody(model, with_, tmp_path):
    steps = Pipeline([Filter("text.word_count", min=2), Embed(batch=8, price=1, **with_),
                      SemanticDedup(threshold=0.9)])  # fmt: skip
    frame = dd.from_pandas(many(40), npartitions=4, sort=False)
    plan = steps.plan(frame)
    assert model.count == 0 and not (tmp_path / "cache").exists()
    (asking,) = plan.figures["asking"]
    assert asking["requests"] == pytest.approx(5) and asking["tokens_in"] == pytest.approx(40 * 2)
    assert "embedding: about 5 requests to m, 80 tokens in, at most 0.00 at its prices" in repr(
        plan
    )
    steps.steps[1](frame).compute()
    assert steps.plan(frame).figures["asking"][0]["tokens_in"] == pytest.approx(
        sum(map(len, many(40).text))
    )
    assert model.count == 8  # none for the plan: two for each partition


@pytest.mark.slow
def test_semantic_deduplication_of_asked_vectors(model, with_, tmp_path):
    steps = Pipeline([Embed(**with_), SemanticDedup(threshold=0.999)])
    frame = docs("a", "b", "a", "c", "b")
    run = steps.run(frame, tmp_path / "out", progress=False)
    assert sorted(run.kept().compute().id) == ["r0", "r1", "r3"]


@pytest.mark.parametrize("fault", ["500", "cut", "html", (429, "slow")], ids=str)
def test_what_passes_is_tried_again(model, with_, quick, fault):
    model.faults = [fault]
    assert same(Embed(**with_)(many(3)), many(3).text) and model.count == 2


def test_silence_and_rates(model, with_, quick, tmp_path):
    model.faults = lambda body: "silent" if "text 0" in body["input"] else None
    found = Embed(batch=2, retries=0, **with_ | {"timeout": 0.5}).explain(many(6))
    assert found.dropped_why.str.startswith("prompt.timeout").tolist()[:2] == [True, True]
    assert same(found[2:], many(6).text[2:])
    with Endpoint(Model(), rate=15) as busy:
        given = with_ | {"endpoint": busy.url, "cache": str(tmp_path / "busy"), "retries": 0}
        assert same(Embed(batch=1, **given)(many(40)), many(40).text)
    download_loop.stop()


def test_an_endpoint_that_dies_midway(with_, quick, tmp_path):
    frame = many(120)
    first = Endpoint(Model())
    given = with_ | {"batch": 4, "concurrency": 2, "retries": 0, "cache": str(tmp_path / "c")}
    with first:
        first.faults = lambda body: "cut" if first.count > 10 else None
        with pytest.raises(EndpointError, match="run again to go on"):
            Embed(**given | {"endpoint": first.url})(frame)
    with Endpoint(Model()) as nobody:
        pass
    with pytest.raises(EndpointError, match="nobody is there"):
        Embed(**given | {"endpoint": nobody.url})(frame)
    download_loop.stop()


def test_a_wrong_key_stops_at_once(model, with_, monkeypatch):
    monkeypatch.setenv("MY_KEY", "sk-Secret-1")
    model.key = "another"
    with pytest.raises(EndpointError, match="does not take the key that MY_KEY holds") as told:
        Embed(key="MY_KEY", **with_)(many(3))
    assert "Secret" not in str(told.value)


def test_reasons_do_not_quote_texts(model, with_):
    model.says = lambda body: failed(400, f"what is {body['input'][0]}")
    found = Embed(**with_).explain(docs("jane@example.org lives here"))
    assert "jane" not in found.dropped_why[0] and "not shown" in found.dropped_why[0]


@pytest.mark.parametrize("folder", ["cache", "memory://vectors"])
def test_kept_vectors_that_are_damaged_are_asked_for_again(model, with_, tmp_path, folder):
    from tamis.prompting.cache import Cache, request_key, written

    place = folder if "://" in folder else str(tmp_path / folder)
    step = Embed(**with_ | {"cache": place})
    whole = step(docs("a", "b"))
    assert step(docs("b", "a")).embedding.notna().all() and model.count == 1
    key = request_key("embeddings", model.url, written({"model": "m", "input": "a"}), 0)
    for number, odd in enumerate(["x", {"vector": "AAAA"}, {"vector": 5}, {"vector": "AADAfw=="}]):
        Cache(place).put(key, odd)
        pd.testing.assert_frame_equal(step(docs("a", "b")), whole)
        assert model.count == 2 + number


def test_threads_share_it(model, with_):
    frame, found = many(60), []
    work = [threading.Thread(target=lambda: found.append(Embed(**with_)(frame))) for _ in range(4)]
    for one in work:
        one.start()
    for one in work:
        one.join()
    assert len(found) == 4 and all(same(one, frame.text) for one in found)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, LONGEST * 2), max_size=20), st.integers(1, 5))
def test_parts_have_all_texts_and_are_not_too_long(sizes, batch):
    texts = ["x" * size for size in sizes]
    found = list(parts(texts, batch))
    assert [text for part in found for text in part] == texts
    for part in found:
        assert 1 <= len(part) <= batch
        assert len(part) == 1 or sum(map(len, part)) <= LONGEST


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**7), st.lists(st.integers(1, 2000), min_size=1, max_size=30))
def test_shares_sum_up(total, sizes):
    shares = _shares(total, ["x" * size for size in sizes])
    assert sum(shares) == total and min(shares) >= 0
    for share, size in zip(shares, sizes, strict=True):
        assert abs(share - total * size / sum(sizes)) <= 1


RECIPE = """
steps:
- embed: text
  model: text-embedding-3-small
  dimensions: 1536
  shorten: true
  storage: float16
  price: 0.02
  where: {lang: en}
- embed: title
  model: m
  dimensions: 8
  name: of_title
  "null": keep
"""


def test_a_recipe():
    steps = load(RECIPE, {"embed.model": "other", "of_title.batch": 9})
    assert [s.model for s in steps] == ["other", "other"] and steps[1].batch == 9
    written = Pipeline(steps)
    assert Pipeline.from_yaml(written.to_yaml()) == written
    assert steps[0].to_dict() == {
        "embed": "text", "model": "other", "dimensions": 1536, "storage": "float16",
        "shorten": True, "price": 0.02, "where": {"lang": "en"},
    } | ({"name": steps[0].to_dict()["name"]} if "name" in steps[0].to_dict() else {})  # fmt: skip
    with pytest.raises(SettingError, match="embed has no setting 'dims'"):
        step_from({"embed": "text", "model": "m", "dims": 4})


BAD = [
    {"model": ""}, {"dimensions": 0}, {"dimensions": True}, {"storage": "int8"}, {"null": "no"},
    {"price": -1}, {"batch": 0}, {"prefix": 5}, {"shorten": "yes"}, {"extra": {"input": "x"}},
    {"extra": {"a": {1}}}, {"key": "sk-secret"}, {"rpm": 0}, {"name": 4},
]  # fmt: skip


@pytest.mark.parametrize("wrong", BAD, ids=str)
def test_settings_that_cannot_be(wrong):
    with pytest.raises(SettingError):
        Embed(**{"model": "m", "dimensions": 4} | wrong)


def test_columns_that_cannot_be():
    step = Embed("body", model="m", dimensions=4)
    with pytest.raises(ColumnError, match=r"no column 'body' \(have: id, text\)"):
        step(docs("a"))
    numbers = pd.DataFrame({"id": ["a"], "body": [5]})
    with pytest.raises(ColumnError, match="holds int64, no text"):
        step(numbers)
    assert tamis.Embed is Embed and Embed(model="m", dimensions=4, concurrency=3) != step
    fast, slow = (Embed(model="m", dimensions=4, concurrency=n) for n in (1, 9))
    assert fast.__dask_tokenize__() == slow.__dask_tokenize__()
    assert Prompt("{text}", model="m").__dask_tokenize__()[0] == "prompt"
