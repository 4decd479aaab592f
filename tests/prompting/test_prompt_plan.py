"""A plan asks nobody: it tells how much would be asked, and what that costs at most."""

import json

import dask.dataframe as dd
import pandas as pd
import pytest
from click.testing import CliRunner
from endpoint import Endpoint

from tamis import Filter, Pipeline, Prompt
from tamis.cli import commands
from tamis.frame import STRING

RATED = {"type": "object", "properties": {"score": {"type": "number"}}, "required": ["score"]}
LISTED = {"type": "object", "properties": {"list": {"type": "array"}}, "required": ["list"]}


def docs(count):
    rows = [f"row {n} " + "x" * 400 for n in range(count)]
    table = pd.DataFrame({"id": [f"r{n}" for n in range(count)], "text": rows}).astype(STRING)
    return dd.from_pandas(table, npartitions=4, sort=False)


@pytest.fixture
def steps(endpoint, at):
    asked = Prompt("Rate {text}", schema=RATED, fields=["score"], prices=(2, 10), max_tokens=50,
                   name="rating", **at)  # fmt: skip
    return Pipeline([
        Filter("text.word_count", min=2), asked, Filter("score", min=3),
        Filter("text.word_count", on="rating", min=1, name="said"),
        Prompt("Ask about {text}", schema=LISTED, each="list", name="made", **at),
    ])  # fmt: skip


def test_nobody_is_asked(endpoint, steps, tmp_path):
    found = steps.plan(docs(80), rows=40)
    assert endpoint.count == 0 and not (tmp_path / "cache").exists()
    rating, made = found.figures["asking"]
    assert (rating["step"], rating["model"], made["step"]) == ("rating", "m", "made")
    assert rating["requests"] == pytest.approx(80) and "cost" not in made
    assert rating["tokens_in"] == pytest.approx(80 * 103, rel=0.05)
    assert rating["tokens_out"] == pytest.approx(80 * 50)
    cost = (2 * rating["tokens_in"] + 10 * rating["tokens_out"]) / 1e6
    assert rating["cost"] == pytest.approx(cost)
    assert found.figures["rows"]["kept"] == 80  # what its answers drop is not known
    assert "rating: about 80 requests to m, " in repr(found) and "nothing was asked" in repr(found)
    assert "tokens in, at most 4,000 out" in found._repr_html_()
    assert "waiting for answers of models" in dict(found.summary())["not in it"]


def test_what_is_known_is_used(endpoint, steps):
    endpoint.says = lambda body: json.dumps({"score": 5, "list": [1, 2]})
    steps.steps[1].explain(docs(80).compute())
    asked = endpoint.count
    found = steps.plan(docs(80), rows=40)
    assert endpoint.count == asked == 80
    rating, _ = found.figures["asking"]
    assert rating["tokens_out"] < 80 * 10  # as the endpoint counted them


def test_a_plan_needs_no_endpoint(steps, monkeypatch):
    with Endpoint() as gone:
        pass
    plan = Pipeline([Prompt("{text}", model="m", endpoint=gone.url)]).plan(docs(4))
    assert plan.figures["asking"][0]["requests"] == 4


def test_the_command_says_what_is_asked(at, tmp_path):
    given = tmp_path / "in.jsonl"
    asked = docs(40).compute().rename(columns={"text": "question"})
    asked.assign(answer="yes").to_json(given, orient="records", lines=True)
    command = ["plan", "judge", "-i", str(given), "-o", str(tmp_path / "q")]
    settings = [f"endpoint={at['endpoint']}", "model=m", f"cache={at['cache']}", "prices=[1,2]"]
    command += [word for one in settings for word in ("--set", f"prompt.{one}")]
    told = CliRunner().invoke(commands, command)
    assert told.exit_code == 0, told.output
    words = " ".join(told.output.split())
    assert "judged: about 40 requests to m, " in words and "at most 81,920 out" in words
    assert "at its prices" in words and "waiting for answers" in words


def test_prompts_behind_others_have_a_bound(endpoint, at):
    """Four answers to each of 60 rows are judged, 240 in all: as many as a run asks about."""
    answer = Prompt("{text}", n=4, max_tokens=50, name="said", **at)
    judged = Prompt("Judge {said}", schema=RATED, fields=["score"], name="judged",
                    where={"said": ["said: x"]}, max_tokens=9, **at)  # fmt: skip
    plan = Pipeline([answer, Filter("text.word_count", on="said", min=1), judged]).plan(docs(60))
    first, second = plan.figures["asking"]
    assert (first["requests"], second["requests"]) == (240, 240)
    assert 240 * 50 <= second["tokens_in"] <= 240 * 60 and second["tokens_out"] == 240 * 9
    assert "said: about 240 requests" in repr(plan)
    assert "judged: at most about 240 requests to m, for these at most" in repr(plan)
    assert endpoint.count == 0


@pytest.mark.parametrize("most", [None, 7])
def test_a_list_of_any_length_is_unknown(endpoint, at, most):
    items = {"type": "array", "items": {"type": "string"}} | ({"maxItems": most} if most else {})
    form = {"type": "object", "properties": {"list": items}, "required": ["list"]}
    listed = Prompt("{text}", schema=form, each="list", name="item", **at)
    steps = Pipeline([listed, Prompt("Say {item}", name="said", **at)])
    plan = steps.plan(docs(20))
    assert plan.figures["asking"][1]["requests"] == 20 * (most or 1)
    told = "at most about 140" if most else "unknown, at least about 20"
    assert f"said: {told} requests" in repr(plan)
    endpoint.says = lambda body: json.dumps({"list": ["a", "b", "c"]})
    listed.explain(docs(20).compute())  # lists that are known have as many items as they have
    assert steps.plan(docs(20)).figures["asking"][1]["requests"] == 60
