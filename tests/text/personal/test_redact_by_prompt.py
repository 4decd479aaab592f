"""The packaged recipe in which a model at an endpoint finds personal data."""

import json
import sys
from pathlib import Path

import pandas as pd
import pytest

pytest.importorskip("aiohttp")
pytest.importorskip("phonenumbers")
sys.path.append(str(Path(__file__).parents[2] / "prompting"))

from endpoint import Endpoint, last

from tamis import Pipeline
from tamis.frame import STRING
from tamis.io import download_loop

NAMES = {"Jane Roe": "name", "Springfield": "location"}


def says(body):
    """What stands in the text of the names that it knows; nonsense where it is told so."""
    text = last(body).split("Text:\n")[1]
    if "refuse" in text:
        return {"text": None, "refusal": "I cannot."}
    found = [{"entity": kind, "text": name} for name, kind in NAMES.items() if name in text]
    return json.dumps({"found": found})


def test_what_a_model_names_is_taken_out(tmp_path):
    texts = [
        "Jane Roe of Springfield, jane@corp.com. Jane Roe again.",
        "Nothing.",
        "refuse",
        None,
        ".",
    ]
    frame = pd.DataFrame({"id": pd.array(list("abcde"), STRING), "text": pd.array(texts, STRING)})
    with Endpoint(says) as endpoint:
        steps = Pipeline.from_yaml("redact-llm", {
            "prompt.endpoint": endpoint.url, "prompt.model": "m", "prompt.max_errors": 1.0,
            "prompt.cache": str(tmp_path / "cache"),
        })  # fmt: skip
        found = steps.explain(frame)
    download_loop.stop()
    assert found.text.tolist()[:2] == [
        "<name> of <location>, <EMAIL_ADDRESS>. <name> again.", "Nothing.",
    ]  # fmt: skip
    assert found.dropped_by.notna().tolist() == [False, False, True, True, False]
    assert found.dropped_why.str.split(":").str[0].tolist()[2:4] == ["prompt.refused", "text.null"]
    sent = json.dumps(endpoint.bodies)
    assert "corp.com" not in sent and "Jane Roe" in sent  # patterns go first
