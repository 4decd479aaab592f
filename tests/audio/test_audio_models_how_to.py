"""The steps of the how-to are steps that there are; no model is loaded."""

import re
from pathlib import Path

import dask.dataframe as dd
import pandas as pd

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "audio-models.md"


def test_steps_of_the_how_to(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = pd.DataFrame({"id": ["a"], "path": ["a.wav"], "sentence": ["One."]})
    rows.to_parquet("calls.parquet")
    names = {"books": dd.from_pandas(rows, npartitions=1)}
    names["songs"] = names["books"]
    blocks = re.findall(r"```python\n(.*?)```", HOW_TO.read_text(), re.DOTALL)
    assert len(blocks) == 6
    for block in blocks:
        exec(block, names)
    planned = names["calls"]
    for step in names["steps"]:
        planned = step(planned)
    columns = set(planned.columns)
    assert {"transcript", "text", "transcript_words", "embedding", "turns"} <= columns
    assert "voice" in names["songs"].columns and "aligned_words_sentence" in names["books"].columns
