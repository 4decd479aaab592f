"""docs/how-to/ask-models.md: its Python runs as it stands, and its recipe is one."""

import json
import re
from pathlib import Path

import pytest
from aiohttp import web
from endpoint import Endpoint, last
from PIL import Image

from tamis import Pipeline
from tamis.codes import CODES
from tamis.io import download_loop

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "ask-models.md").read_text("utf-8")


def says(body):
    if "input" in body:
        rows = [{"index": n, "embedding": [0.5] * 1536} for n, _ in enumerate(body["input"])]
        return web.json_response({"data": rows, "usage": {"prompt_tokens": 20}})
    form = body.get("response_format", {}).get("json_schema", {}).get("schema", {})
    if "quality" in form.get("properties", {}):
        return json.dumps({"reason": "so", "quality": 5 if "tamis" in last(body) else 2})
    if "pairs" in form.get("properties", {}):
        return json.dumps({"pairs": [{"question": f"{k}?", "reply": "yes"} for k in (1, 2)]})
    return f"about {last(body)[-20:]}"


@pytest.fixture
def there(tmp_path, monkeypatch):
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (9, 9), (200, 0, 0)).save(tmp_path / "photos" / "red.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with Endpoint(says) as endpoint:
        monkeypatch.setenv("OPENAI_BASE_URL", endpoint.url)
        yield endpoint
    download_loop.stop()


def test_the_page(there, capsys):
    names = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(block, names)
    docs = names["docs"]
    assert docs.pipe(names["translated"]).id.tolist() == ["a", "b"]
    assert names["judged"](docs).id.tolist() == ["a"]
    rows = docs.pipe(names["asked"])
    assert rows.id.tolist() == ["a/1", "a/2", "b/1", "b/2"] and rows.reply.eq("yes").all()
    caption = names["photos"].pipe(names["captioned"]).compute().caption
    assert caption.str.endswith("in one sentence.").all() and len(caption) == 1
    assert (
        names["embedded"].id.tolist() == ["a", "b"] and len(names["embedded"].embedding[0]) == 1536
    )
    assert names["run"].rows["kept"] == 2 and names["ledger"].answer_cost.sum() > 0
    assert there.count == 2 + 2 + 2 + 1 + 1 + 2  # whatever was asked again
    printed = capsys.readouterr().out
    assert "answer: about 2 requests to Qwen/Qwen3-8B" in printed and "a/1" in printed


def test_the_recipe_and_the_codes():
    (recipe,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert [step.word for step in Pipeline.from_yaml(recipe)] == ["filter", "filter"]
    told = set(re.findall(r"`(prompt\.\w+)`", PAGE))
    assert told == {code for code in CODES if code.startswith("prompt.")}
