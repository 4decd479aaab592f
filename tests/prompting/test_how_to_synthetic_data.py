"""docs/how-to/synthetic-data.md: its table, and its code as it stands."""

import json
import re
from pathlib import Path

from endpoint import last

from tamis import Pipeline
from tamis.recipe import packaged_names

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "synthetic-data.md"


def says(body):
    """Pairs made of a text's own words, scores that differ."""
    asked = last(body)
    if "response_format" not in body:
        return f"{asked} Answer {body['seed']}."
    if "pairs" in body["response_format"]["json_schema"]["schema"]["properties"]:
        words = asked.split("Text:")[1].split()[:40]
        pairs = [{"question": f"What of {' '.join(words[k : k + 6])}?", "answer": words[k]}
                 for k in (0, 8, 16)]  # fmt: skip
        return json.dumps({"pairs": pairs})
    return json.dumps({"reason": "so", "score": 1 + int(asked.rpartition("Answer ")[2][0])})


def test_the_page(endpoint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    endpoint.says = says
    names = {"endpoint": endpoint.url}
    for code in re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL):
        exec(code, names)
    pairs, gone = names["pairs"], names["gone"]
    assert len(pairs) > 20 and pairs.notna().all().all() and gone.dropped_why.notna().all()
    chosen = names["chosen"]
    assert (
        len(chosen) == 5 and set(chosen.chosen_score) == {4} and set(chosen.rejected_score) == {1}
    )
    negatives = names["with_negatives"]
    ids = set(names["docs"]["id"])
    assert (negatives.negatives.dropna().map(len) <= 3).all() and negatives.negatives.notna().any()
    for own, others in zip(negatives.parent_id, negatives.negatives, strict=True):
        assert others is None or (own not in set(others) and set(others) <= ids)


def test_the_table_has_all_recipes_and_what_they_read():
    listed = {}
    for line in PAGE.read_text("utf-8").splitlines():
        cells = line.split("|")
        if line.startswith("| `"):
            for name in re.findall(r"`([^`]+)`", cells[1]):
                listed[name] = set(re.findall(r"`([^`]+)`", cells[2]))
    asking = {
        name
        for name in packaged_names()
        if any("prompt" in step.to_dict() for step in Pipeline.from_yaml(name))
    }
    assert set(listed) == {name for name in asking if "@" not in name}
    for name, columns in listed.items():
        first = next(s for s in Pipeline.from_yaml(name) if "prompt" in s.to_dict())
        assert columns & set(first.template.columns), name
