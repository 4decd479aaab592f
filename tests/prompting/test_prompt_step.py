"""The step that asks a model, in frames, pipelines, recipes and runs, against a real endpoint."""

import base64
import io
import itertools
import json
import pickle

import cloudpickle
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from dask.base import tokenize
from endpoint import last
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import tamis
from tamis import Filter, Pipeline, Prompt, Score
from tamis.errors import ColumnError, SettingError
from tamis.frame import STRING
from tamis.recipe import step_from

PAIRS = {
    "type": "object",
    "properties": {
        "pairs": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "question": {"type": "string"},
                    "score": {"type": ["integer", "null"]},
                    "sure": {"type": "boolean"},
                    "tags": {"type": "array"},
                },
                "required": ["question", "score", "sure", "tags"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["pairs"],
    "additionalProperties": False,
}
JUDGE = {
    "type": "object",
    "properties": {"score": {"type": "number", "maximum": 5}, "reason": {"type": "string"}},
    "required": ["score", "reason"],
}


def docs(*texts, **more):
    ids = [f"r{n}" for n in range(len(texts))]
    texts = pd.array(texts, STRING)
    return pd.DataFrame({"id": pd.array(ids, STRING), "text": texts} | more)


def test_one_answer_for_every_row(endpoint, at):
    frame = docs("one", "two", None, n=[1.5, 2.0, 3.0], tags=[["a"], ["b", "c"], []])
    step = Prompt("{text}, {n} of {tags} {{sic}}", **at)
    found = step.explain(frame)
    assert found.answer.tolist()[:2] == [
        'said: one, 1.5 of ["a"] {sic}',
        'said: two, 2.0 of ["b", "c"] {sic}',
    ]
    assert found.dropped_why.tolist()[2] == "text.null: text is null"
    assert step(frame).columns.tolist() == ["id", "text", "n", "tags", "answer"]
    assert endpoint.count == 2
    sent = endpoint.bodies[0]
    assert (sent["model"], sent["temperature"], sent["max_tokens"], sent["seed"]) == (
        "m",
        0,
        2048,
        0,
    )
    spent = [len(json.dumps(body)) // 4 for body in endpoint.bodies]
    assert sorted(found.answer_tokens_in[:2]) == sorted(spent)


def test_null_keep_says_why(endpoint, at):
    step = Prompt("{text}", null="keep", name="summary", **at)
    found = step(docs("one", None))
    assert found.columns.tolist() == ["id", "text", "summary", "summary_why"]
    assert found.summary.isna().tolist() == [False, True]
    assert found.summary_why.tolist()[1] == "text.null: text is null"


def test_messages_examples_and_system(endpoint, at):
    shown = [{"text": "{a}", "answer": {"b": 1}}]
    step = Prompt("Of {text}", system="As {who}.", examples=shown, **at)
    step(docs("one", who=["Ada"]))
    assert endpoint.bodies[0]["messages"] == [
        {"role": "system", "content": "As Ada."},
        {"role": "user", "content": "Of {a}"},
        {"role": "assistant", "content": '{"b": 1}'},
        {"role": "user", "content": "Of one"},
    ]
    same = Prompt([{"role": r, "content": c} for r, c in step.template.messages], **at)
    assert same == step
    endpoint.bodies.clear()
    Prompt("Once {text}", api="completions", stop="\n", extra={"top_k": 5}, top_p=0.5, **at)(
        docs("one")
    )
    (sent,) = endpoint.bodies
    assert sent["prompt"] == "Once one" and "messages" not in sent
    assert (sent["stop"], sent["top_k"], sent["top_p"]) == (["\n"], 5, 0.5)


def test_fields_of_a_schema(endpoint, at):
    endpoint.says = lambda body: json.dumps({"score": len(last(body)), "reason": "it is"})
    step = Prompt("{text}", schema=JUDGE, fields={"score": "quality", "reason": "why"}, **at)
    kept = Pipeline([step, Filter("quality", min=4)])(docs("one", "four"))
    assert kept.quality.tolist() == [4.0] and kept.why.tolist() == ["it is"]
    assert json.loads(kept.answer.iloc[0]) == {"score": 4, "reason": "it is"}
    asked = endpoint.bodies[0]["response_format"]
    assert asked["json_schema"]["schema"] == JUDGE and asked["json_schema"]["strict"] is False


def test_rows_of_a_list(endpoint, at):
    def says(body):
        one = {"question": f"{last(body)}?", "score": None, "sure": True, "tags": ["x", 1]}
        return json.dumps({"pairs": [one] * (len(last(body)) - 1)})

    endpoint.says = says
    fields = ["question", "score", "sure", "tags"]
    step = Prompt("{text}", schema=PAIRS, each="pairs", fields=fields, **at)
    found = step.explain(docs("abc", "d", "ef"))
    assert found.id.tolist() == ["r0/1", "r0/2", "r1", "r2/1"]
    assert found.parent_id.tolist()[0] == "r0"
    assert found.question.tolist()[0] == "abc?" and found.tags.tolist()[0] == '["x", 1]'
    assert found.sure.tolist()[0] is True and found.score.isna().all()
    assert found.dropped_why.tolist()[2] == "cut.empty: the list has no items"
    assert found.answer_tokens_in.notna().tolist() == [True, False, False, True]
    assert endpoint.bodies[0]["response_format"]["json_schema"]["strict"] is True


@pytest.mark.parametrize("seed", [7, None])
def test_samples_become_rows(endpoint, at, seed):
    counted = itertools.count()
    endpoint.says = lambda body: f"{body.get('seed')} {next(counted)}"
    step = Prompt("{text}", n=3, seed=seed, temperature=1.0, concurrency=1, **at)
    found = step(docs("one", "two"))
    assert found.id.tolist() == [f"r{r}/{k}" for r in (0, 1) for k in (1, 2, 3)]
    seeds = [str(seed + k) for k in range(3)] * 2 if seed is not None else ["None"] * 6
    assert [a.split()[0] for a in found.answer] == seeds
    assert len(set(found.answer)) == 6
    assert step(docs("one", "two")).answer.tolist() == found.answer.tolist()
    assert endpoint.count == 6


def test_where_leaves_other_rows_alone(endpoint, at):
    frame = docs("one", "two", kind=["a", "b"])
    for more in ({}, {"null": "keep"}, {"n": 2}):
        found = Prompt("{text}", where={"kind": "b"}, **at, **more)(frame)
        assert found.id.tolist()[0] == "r0" and pd.isna(found.answer.iloc[0])
        assert found.answer.iloc[-1] == "said: two"
    assert {last(body) for body in endpoint.bodies} == {"two"}


def test_rows_that_a_filter_drops_are_not_asked_about(endpoint, at):
    steps = Pipeline([Score("text.word_count"), Filter("text.character_count", min=4),
                      Prompt("{text} {word_count}", **at)])  # fmt: skip
    assert steps(docs("one", "four four")).answer.tolist() == ["said: four four 2"]
    assert endpoint.count == 1


def picture(kind, colour=(10, 20, 30)):
    out = io.BytesIO()
    Image.new("RGB", (8, 6), colour).save(out, kind)
    return out.getvalue()


def test_pictures_go_with_the_prompt(endpoint, at, tmp_path):
    png, webp = picture("PNG"), picture("WEBP")
    (tmp_path / "a.png").write_bytes(png)
    paths = [str(tmp_path / "a.png"), str(tmp_path / "gone.png"), None]
    step = Prompt("What of {text}?", images="path", detail="low", **at)
    found = step.explain(docs("a", "b", "c", path=pd.array(paths, STRING)))
    (sent,) = endpoint.bodies
    part, said = sent["messages"][0]["content"]
    url = part["image_url"]["url"]
    assert base64.b64decode(url.removeprefix("data:image/png;base64,")) == png
    assert part["image_url"]["detail"] == "low" and said == {"type": "text", "text": "What of a?"}
    codes = [None if pd.isna(w) else w.partition(":")[0] for w in found.dropped_why]
    assert codes == [None, "media.missing", "media.null"]
    held = pd.array([webp, b"II*\0 a TIFF", webp], pd.ArrowDtype(pa.large_binary()))
    found = Prompt("{text}", images="bytes", null="keep", **at)(docs("a", "b", "c", bytes=held))
    assert found.answer_why.tolist()[1].startswith("decode.format: ")
    assert found.answer_why.isna().tolist() == [True, False, True]


@tamis.view(rows=2)
def two_pictures(text, *, colour: int = 0):
    """The hook: bytes of encoded pictures for each row."""
    from tamis.media.decoded import Decoded

    def load(row):
        return [picture("PNG", (colour, row, k)) for k in range(2)]

    return Decoded(load, len(text))


def test_a_view_gives_pictures(endpoint, at):
    step = Prompt("{text}", images="two_pictures", view_settings={"colour": 9}, **at)
    frame = docs("a", "b", "c", "d", "e")
    assert step(frame).answer.tolist() == [f"said: [picture][picture]{t}" for t in "abcde"]
    assert step.rows == 2
    with pytest.raises(SettingError, match="view_settings"):
        Prompt("{text}", images="path", view_settings={"colour": 9}, **at)


def test_a_run_accounts_for_all(endpoint, at, tmp_path):
    endpoint.says = lambda body: (
        {"text": "no", "refusal": "I will not"} if "bad" in last(body) else "x"
    )
    frame = docs(*(f"bad {n}" if n % 5 == 0 else f"good {n}" for n in range(20)))
    steps = Pipeline([Prompt("{text}", prices=[2, 8], max_errors=1, **at)])
    run = steps.run(dd.from_pandas(frame, npartitions=4), tmp_path / "out", progress=False)
    assert run.rows == {"in": 20, "cut": 0, "kept": 16, "dropped": 4}
    assert run.figures["steps"][0]["reasons"] == {"prompt.refused": 4}
    assert run.kept().compute().columns.tolist() == ["id", "text", "answer"]
    ledger = run.ledger().compute()
    spent = ledger.answer_tokens_in.sum() * 2e-6 + ledger.answer_tokens_out.sum() * 8e-6
    assert ledger.answer_cost.sum() == pytest.approx(float(spent)) and spent > 0
    rows = Pipeline([Prompt("{text}", n=2, **at)]).run(frame, tmp_path / "rows", progress=False)
    assert rows.rows == {"in": 20, "cut": 16, "kept": 32, "dropped": 4}
    assert (tmp_path / "out" / "report.html").stat().st_size > 1000


WORDS = st.text(max_size=8).map(lambda text: text.encode("utf-8", "replace").decode())
TEXTS = st.lists(st.none() | WORDS, max_size=7)


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(texts=TEXTS, data=st.data())
def test_partitions_do_not_matter(endpoint, at, texts, data):
    frame = docs(*texts)
    cut = data.draw(st.integers(0, len(texts)))
    for more in ({}, {"null": "keep"}, {"n": 2}):
        step = Prompt("<{text}>", **at, **more)
        whole = step.explain(frame)
        pieces = pd.concat([step.explain(frame.iloc[:cut]), step.explain(frame.iloc[cut:])])
        pd.testing.assert_frame_equal(pieces, whole)
        lazy = step.explain(dd.from_pandas(frame, npartitions=2, sort=False))
        assert (lazy._meta.dtypes == whole.dtypes).all()
        pd.testing.assert_frame_equal(lazy.compute(scheduler="sync"), whole)


STEPS = [
    {"template": "{text}"},
    {"template": "{text}", "n": 2, "seed": None, "temperature": None, "max_tokens": None},
    {"template": "{text}", "schema": PAIRS, "each": "pairs", "fields": ["question"]},
    {"template": "{text}", "schema": json.dumps(JUDGE), "structured": "object", "repairs": 0},
    {"template": "{text}", "system": "Be {kind}", "examples": [{"text": "a", "answer": "b"}]},
    {"template": "{text}", "images": "two_pictures", "view_settings": {"colour": 3}},
    {"template": "{text}", "images": "path", "detail": "low"},
    {"template": "{text}", "stop": "x", "extra": {"a": [1, {"b": None}]}, "prices": (1, 2.5)},
    {"template": "{text}", "rpm": 60, "cache": False, "key": "SOME_KEY", "endpoint": "http://h/v1/",
     "where": {"kind": "a"}, "null": "keep", "truncated": "keep", "max_errors": 1},
]  # fmt: skip


@pytest.mark.parametrize("made", STEPS, ids=str)
def test_pickles_tokenises_and_writes_to_yaml(made):
    step = Prompt(made["template"], model="m", **{k: v for k, v in made.items() if k != "template"})
    for library in (pickle, cloudpickle):
        assert library.loads(library.dumps(step)) == step
    again = step_from(step.to_dict())
    assert again == step and hash(again) == hash(step) and tokenize(again) == tokenize(step)
    assert Pipeline.from_yaml(Pipeline([step]).to_yaml()) == Pipeline([step])


def test_how_fast_it_asks_is_no_other_work():
    fast, slow = (Prompt("{text}", model="m", concurrency=n, timeout=n) for n in (1, 9))
    assert tokenize(fast) == tokenize(slow)
    assert tokenize(fast) != tokenize(Prompt("{text}", model="m", seed=1))


WRONG = {
    "no such column": ({"template": "{nobody}"}, ColumnError, r"'nobody' \(have: id, text\)"),
    "spec": ({"template": "{text!r}"}, SettingError, "no place for a column"),
    "attribute": ({"template": "{text.x}"}, ColumnError, "text.x"),
    "brace": ({"template": "{text"}, SettingError, "write {{ and }}"),
    "empty": ({"template": " "}, SettingError, "has a text"),
    "no messages": ({"template": []}, SettingError, "a prompt is a text"),
    "role": ({"template": [{"role": "boss", "content": "x"}]}, SettingError, "'boss' is unknown"),
    "last": ({"template": [{"role": "assistant", "content": "x"}]}, SettingError, "ends with"),
    "example": ({"examples": [{"answer": "x"}]}, SettingError, "needs answer, text"),
    "schema": ({"schema": {"type": "thing"}}, SettingError, "no JSON schema"),
    "not JSON": ({"schema": "{"}, SettingError, "not JSON"),
    "fields": ({"fields": ["a"]}, SettingError, "take a schema"),
    "twice": ({"schema": JUDGE, "fields": {"score": "answer"}}, SettingError, "stand twice"),
    "keep rows": ({"n": 2, "null": "keep"}, SettingError, "none to keep"),
    "exists": ({"name": "text"}, ColumnError, "exists already"),
    "rpm": ({"rpm": 0}, SettingError, "rpm=0"),
    "extra": ({"extra": {"stream": True}}, SettingError, "extra="),
    "endpoint": ({"endpoint": "localhost:8000"}, SettingError, "no address"),
    "query": ({"endpoint": "http://h/v1?key=1"}, SettingError, "no place for a key"),
    "prices": ({"prices": [1]}, SettingError, "two numbers"),
    "images": ({"images": "nothing"}, ColumnError, "'nothing'"),
    "numbers": ({"images": "n"}, ColumnError, "no media"),
    "null": ({"null": "maybe"}, SettingError, "one of drop, keep"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_mistakes_are_told_before_anything_is_asked(wrong):
    given, kind, told = WRONG[wrong]
    frame = docs("one") if wrong != "numbers" else docs("one", n=[1])
    with pytest.raises(kind, match=told):
        Prompt(**({"template": "{text}", "model": "m"} | given)).explain(frame)


def test_a_recipe_names_the_line():
    with pytest.raises(SettingError, match="line 3") as told:
        Pipeline.from_yaml("steps:\n- prompt: 'Of {text}'\n  modl: m\n")
    assert "did you mean 'model'" in str(told.value)


def test_named_twice(endpoint, at):
    steps = Pipeline([Prompt("1 {text}", **at), Prompt("2 {answer}", **at, null="keep")])
    found = steps(docs("one"))
    assert found.answer_2.tolist() == ["said: 2 said: 1 one"]
    assert found.columns.tolist() == ["id", "text", "answer", "answer_2", "answer_2_why"]


def test_values_no_column_holds(endpoint, at):
    wide = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    said = {"a": '{"n": 1e30}', "b": '{"n": 3.0}', "c": '{"n": "\\ud800"}', "d": '"\\ud800"'}
    endpoint.says = lambda body: said[last(body)[:1]]
    step = Prompt("{text}", schema=wide, fields=["n"], repairs=0, null="keep", concurrency=1, **at)
    found = step(docs("a", "b", "c"))
    assert found.n.tolist()[1] == 3 and found.n.isna().tolist() == [True, False, True]
    assert found.answer_why.str.startswith("prompt.schema").tolist()[::2] == [True, True]
    loose = Prompt("{text}", schema={"type": "string"}, null="keep", **at)(docs("d"))
    assert loose.answer.tolist() == ['"?"']
    assert np.isnan(Prompt("{text}", prices=(1, 1), **at).explain(docs(None)).answer_cost.iloc[0])
