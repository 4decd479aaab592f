"""A plan asks nobody: it tells how much would be asked, and what that costs at most."""

import json

import dask.dataframe as dd
import pandas as pd
import pytest
from endpoint import Endpoint

from tamis import Filter, Pipeline, Prompt
from tamis.frame import STRING

RATED = {"type": "object", "properties": {"score": {"type": "number"}}, "required": ["score"]}


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
        Prompt("Ask about {text}", schema=RATED, each="list", name="made", **at),
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
