"""docs/how-to/train-a-classifier.md, run as it stands."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "train-a-classifier.md"


def test_the_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first, second = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    names = {}
    exec(first, names)
    figures = names["made"].held_out.labels.loc["manual"]
    assert figures.auc > 0.9 and figures.precision_at >= 0.9
    manuals = names["manuals"]
    assert (manuals.label == "manual").mean() > 0.9 and len(manuals) > 100
    if pytest.importorskip("wordllama", reason="needs the extra semantic"):
        exec(second, names)
    judged = names["judged"]
    assert names["made"].held_out.labels.auc["manual"] > 0.9
    column = judged.columns[-1]
    assert judged[column][judged.label == "manual"].mean() > 0.7
    assert judged[column][judged.label == "other"].mean() < 0.3
