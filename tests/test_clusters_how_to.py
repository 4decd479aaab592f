"""What docs/how-to/clusters-and-gpus.md tells to type, as far as no cluster or card is needed."""

import json
import re
from pathlib import Path

import pytest

import tamis
from tamis.cli import commands
from tamis.registry import registered

PAGE = (Path(__file__).parents[1] / "docs/how-to/clusters-and-gpus.md").read_text("utf-8")


def blocks():
    return re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.slow
def test_the_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    Path("crawl").mkdir()
    lines = [json.dumps({"text": "one two three four five " * k}) for k in range(4)]
    Path("crawl/a.jsonl").write_text("\n".join(lines))
    names = {"__name__": "__main__"}
    where, engine, cluster, trials, own = blocks()
    exec(where, names)
    told = names["table"](names["clean"].named, "cudf")["where"].to_dict()
    assert told["word_count"] == "GPU"
    exec(engine, {"__name__": "__main__"})
    kept = tamis.read_parquet("out-by-any-engine/kept").compute()
    assert kept["text"].tolist() == ["one two three four five"]
    exec(cluster.replace("*.jsonl.gz", "*.jsonl"), names)
    exec(trials, names)
    exec(own, names)
    assert len(tamis.read_parquet("out/kept").compute()) == 3
    assert names["exclamations"].special("cudf", {}) is not None
    assert names["exclamations"]("Hello!!") == 2


def test_what_it_says_is_there():
    special = [op for op in registered().values() if op.special("cudf", {}) is not None
               and op.name.startswith("text.")]  # fmt: skip
    assert f"| {len(special)} measures of characters, words, lines, paragraphs" in PAGE
    options = {option for parameter in commands.get_command(None, "run").params
               for option in parameter.opts}  # fmt: skip
    assert {"--engine", "--cluster", "--cluster-set", "--workers", "--scheduler"} <= options
    for page in ("docs/guide/command-line.md", "README.md"):
        assert "clusters-and-gpus.md" in (Path(__file__).parents[1] / page).read_text("utf-8")
