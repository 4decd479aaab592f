"""The packaged recipes of synthetic data, each run against a local endpoint that at times errs."""

import json
import re
import zlib

import numpy as np
import pandas as pd
import pytest
from endpoint import last

import tamis
from tamis import Pipeline
from tamis.frame import STRING
from tamis.recipe import packaged_names, read

PROSE = (
    "Tides are the rise and fall of sea levels caused by the gravity of the moon and the sun. "
    "Most shores see two high and two low tides each lunar day. "
    "The range is largest when the earth, the moon and the sun stand in one line. "
)
LONG = PROSE * 2
WORDS = [
    "tide",
    "moon",
    "sun",
    "sea",
    "shore",
    "gravity",
    "range",
    "level",
    "harbour",
    "current",
    "wave",
    "storm",
    "earth",
    "axis",
    "orbit",
]


ODD = {
    "refuses": "I'm sorry, but I can't assist with that request.",
    "has no text": "It looks like you did not provide the text. Please share it." + " Now." * 40,
    "only thinks": "<think>" + "and so on " * 60,
    "nothing": "",
    "blank": " \n\n",
    "is taken": {"text": "No.", "refusal": "no"},
    "is cut off": {"text": "Tides are " * 40, "finish": "length"},
    "is filtered": {"text": "Tides " * 40, "finish": "content_filter"},
}


def recipes():
    """Those that ask a model."""
    return [
        name
        for name in packaged_names()
        if any("prompt" in step.to_dict() for step in Pipeline.from_yaml(name))
    ]


def fitting(schema, body):
    """An answer that fits a schema, made of the request's own words, so that rows differ."""
    rng = np.random.default_rng(zlib.crc32(json.dumps(body["messages"]).encode()))

    def value(of):
        if "enum" in of:
            if of["enum"][:2] == ["first", "second"]:  # "answer_a number 0" wins wherever it stands
                asked = last(body)
                return of["enum"][asked.index("answer_a") > asked.index("answer_b")]
            return of["enum"][0]
        kind = of["type"]
        if kind == "object":
            # what is to be taken out of a text has to stand in it
            return {
                key: "Tides" if key == "text" else value(inner)
                for key, inner in of["properties"].items()
            }
        if kind == "array":
            return [value(of["items"]) for _ in range(3)]
        if kind == "integer":
            return 5
        if kind == "boolean":
            return True
        return " ".join(rng.choice(WORDS, 40))

    return json.dumps(value(schema))


class Model:
    """Answers what is asked; to every `errs`th different request something useless, always."""

    def __init__(self, errs=0):
        self.errs, self.seen = errs, {}

    def __call__(self, body):
        asked = json.dumps(body["messages"])
        number = self.seen.setdefault(asked, len(self.seen) + 1)
        if self.errs and number % self.errs == 0:
            return {"text": "I would rather not.", "refusal": "no"}
        if "response_format" in body:
            return fitting(body["response_format"]["json_schema"]["schema"], body)
        return "Sure! Here is the rewritten text:\n\n" + " ".join(last(body).split()[:60]) + " So."


def rows(count=6):
    return pd.DataFrame(
        {
            "id": pd.array([f"r{n}" for n in range(count)], STRING),
            "text": pd.array([f"Part {n}. {LONG}" for n in range(count)], STRING),
            **{
                name: pd.array([f"{name} number {n}" for n in range(count)], STRING)
                for name in ("field", "topic", "form", "level", "language", "entity", "question",
                             "answer", "answer_a", "answer_b")
            },
        }
    )  # fmt: skip


def columns(steps):
    """What a recipe reads that its input must have: neither more nor what its steps make."""
    made, needed = set(), {"id"}
    for step in steps:
        entry = step.to_dict()
        if "prompt" in entry:
            needed |= set(step.template.columns) - made
            made |= set(step.made().columns())
        elif "cut" in entry or (entry.get("filter") == "text.word_count" and "on" not in entry):
            needed.add("text")
    return sorted(needed)


def at_local(at, **more):
    named = {"endpoint": at["endpoint"], "cache": at["cache"], "model": "m", "max_errors": 1.0}
    return {f"prompt.{key}": value for key, value in (named | more).items()}


@pytest.mark.parametrize("name", recipes())
def test_each_accounts_for_its_rows(endpoint, at, name):
    endpoint.says = Model(errs=7)
    steps = Pipeline.from_yaml(name, at_local(at))
    found = steps.explain(rows()[columns(steps)])
    kept = found[found.dropped_by.isna()]
    assert len(kept), found[["dropped_by", "dropped_why"]].value_counts()
    answers = [c for step in steps if "prompt" in step.to_dict()
               for c in step.made().columns() if c not in step.made().counted()]  # fmt: skip
    assert answers and kept[answers].notna().all().all()
    refused = found.dropped_why.str.startswith("prompt.refused").fillna(False)
    assert refused.any() == (len(endpoint.says.seen) >= 7)
    assert (found.dropped_by.isna() == found.dropped_why.isna()).all()
    assert {body["model"] for body in endpoint.bodies} == {"m"}
    for column in {"rewritten", "distilled", "translation"} & set(kept):
        assert not kept[column].str.match("Sure!").any()


def test_a_run_of_one_keeps_its_answers(endpoint, at, tmp_path):
    endpoint.says = Model()
    steps = Pipeline.from_yaml("question-answer", at_local(at))
    frame = rows()[["id", "text"]]
    run = steps.run(tamis.from_pandas(frame, npartitions=2), tmp_path / "out")
    asked = endpoint.count
    kept = run.kept().compute()
    assert kept.id.tolist() == [f"r{n}/1/{k}" for n in range(6) for k in (1, 2, 3)]
    assert kept.parent_id.tolist() == [f"r{n}/1" for n in range(6) for _ in range(3)]
    assert steps(frame).answer.tolist() == kept.answer.tolist()  # whatever the partitions
    assert endpoint.count == asked


def test_prompts_name_no_column_twice_and_end_alike():
    for name in recipes():
        text, _ = read(name)
        assert "tamis's own" in re.sub(r"\s+", " ", text), name
        for step in Pipeline.from_yaml(name).steps:
            if "prompt" in step.to_dict() and step.form is not None:
                asked = step.form.asked()["json_schema"]
                assert asked["strict"] is True  # what endpoints take for a promise


def test_answers_that_no_rule_allows_are_dropped(endpoint, at):
    def explained(name, *given):
        return Pipeline.from_yaml(name, at_local(at, repairs=0)).explain(rows(1)[["id", *given]])

    endpoint.says = lambda body: {"text": '{"useful": false, "passage": ""}'}
    assert explained("extract-knowledge", "text").dropped_by.tolist() == ["useful"]
    endpoint.says = lambda body: {"text": '{"score": 9, "reason": "wow"}'}
    found = explained("judge", "question", "answer")
    assert found.dropped_why[0].startswith("prompt.schema: ")
    endpoint.says = lambda body: {"text": '{"better": "first", "reason": "it is the first"}'}
    found = explained("judge-pairs", "question", "answer_a", "answer_b")
    assert found.winner.tolist() == ["unsure"] and found.dropped_by.tolist() == ["winner"]


def test_a_copied_or_badly_judged_translation_is_dropped(endpoint, at):
    frame = rows(1)[["id", "text", "language"]]
    steps = Pipeline.from_yaml("translate", at_local(at))
    endpoint.says = lambda body: {"text": last(body).split("translation alone.")[1].strip()}
    assert steps.explain(frame).dropped_by.tolist() == ["copied"]
    endpoint.says = lambda body: (
        {"text": '{"reason": "wrong", "score": 2}'}
        if "response_format" in body
        else {"text": "Etwas anderes. " * 30}
    )
    endpoint.bodies.clear()
    steps = Pipeline.from_yaml("translate", at_local(at, cache=False))
    found = steps.explain(frame)
    assert found.dropped_by.tolist() == ["translation_score"]
    assert found.translation_reason.tolist() == ["wrong"]


def test_from_a_field_to_dialogues(endpoint, at):
    """Recipes one after another, as a user would have them."""
    endpoint.says = Model()
    topics = Pipeline.from_yaml("topics", at_local(at))(rows(1)[["id", "field"]])
    assert topics.topic.notna().all() and len(topics) == 3
    talks = Pipeline.from_yaml("topic-dialogues", at_local(at))(topics[["id", "topic"]])
    assert len(talks) == 27 and talks.parent_id.nunique() == 9
    for told in map(json.loads, talks.messages):
        assert [turn["role"] for turn in told] == ["user", "assistant"] * 3
    two = Pipeline.from_yaml("dialogues@two-turns", at_local(at))(rows(2)[["id", "question"]])
    assert two[["answer", "question_2"]].notna().all().all() and "answer_2" not in two


@pytest.mark.parametrize("name", ["distil", "translate"])
@pytest.mark.parametrize("said", ODD, ids=str)
def test_odd_answers_cost_rows_and_nothing_else(endpoint, at, name, said):
    """What a model says that will not, cannot, or thinks aloud: no traceback, no row lost or taken
    for an answer."""

    def says(body):
        return fitting(schema, body) if (schema := _schema(body)) else ODD[said]

    endpoint.says = says
    steps = Pipeline.from_yaml(name, at_local(at, repairs=0, retries=0))
    frame = rows(2)[columns(steps)]
    found = steps.explain(frame)
    assert found.dropped_by.notna().all(), found.T
    assert found.dropped_why.notna().all()
    top = found.id.str.partition("/")[0]
    assert set(top) == {*frame.id}


def _schema(body):
    return body.get("response_format", {}).get("json_schema", {}).get("schema")


def test_pairs_in_another_language_are_dropped(endpoint, at):
    answers = ["Das Steigen des Meeres, zweimal am Tag.", "It is the falling of the sea, each day."]
    pairs = [{"question": f"Was ist Nummer {k}?", "answer": a} for k, a in enumerate(answers)]
    endpoint.says = lambda body: json.dumps({"pairs": pairs})
    frame = rows(1)[["id", "topic"]].assign(language=pd.array(["German"], STRING))
    found = Pipeline.from_yaml("multilingual-questions", at_local(at)).explain(frame)
    assert found.dropped_by.fillna("").tolist() == ["", "in_language"]
