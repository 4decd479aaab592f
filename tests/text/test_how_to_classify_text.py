"""docs/how-to/classify-text.md, run as it stands; the page names where each text comes from."""

import re
from pathlib import Path

import pytest
import yaml

from tamis import Pipeline
from tamis.text.class_presets import PRESETS

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "classify-text.md"
TRUTH = {"dict-devil": "wit", "gnome-user-docs": "desktop", "python3.11-doc": "programming"}


@pytest.mark.slow
def test_the_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 4
    names = {}
    for block in blocks:
        exec(block, names)
    seen, run, kept = (names[name] for name in ("seen", "run", "kept"))
    for source, topic in TRUTH.items():
        own = seen[seen.source.str.startswith(source)]
        assert len(own) > 8 and (own.topic == topic).mean() > 0.7, source
    wanted = seen[seen.topic.isin(["programming", "installing"]) & (seen.sure >= 0.3)]
    assert sorted(run.frame().compute().id) == sorted(wanted.id)
    rows = run.figures["rows"]
    assert rows["kept"] + rows["dropped"] == len(seen)
    assert set(wanted.id) - set(kept.id) != set(wanted.id) and kept.score_ensemble.min() >= 0.6


def test_its_table_and_recipes():
    page = PAGE.read_text("utf-8")
    for name, preset in PRESETS.items():
        (line,) = [line for line in page.split("\n") if line.startswith(f"| `{name}`")]
        assert f"| {preset.hub.split('/')[0]} |" in line
        if preset.max_chars:
            assert f"{preset.max_chars:,}" in line
        assert f"{preset.tokens:,}" in line
    recipes = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert len(recipes) == 2
    for recipe in recipes:
        made = Pipeline.from_yaml(recipe)
        assert [step["filter"] for step in yaml.safe_load(recipe)["steps"]] == [
            step.to_dict()["filter"] for step in made
        ]
