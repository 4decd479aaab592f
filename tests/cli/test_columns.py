"""`--on`, `--captions`, `--path-column`: data whose columns and files have names of their own."""

import contextlib
import io
import json
import os
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import tamis
from tamis.cli import main
from tamis.cli.columns import over
from tamis.cli.inputs import open_input
from tamis.errors import ColumnError, DataError, SettingError
from tamis.recipe import load


class Command:
    """What a command said, with the complaints, and its exit code."""

    def __init__(self, *words):
        said = io.StringIO()
        with (
            mock.patch.dict(os.environ, {"COLUMNS": "100", "NO_COLOR": "1"}),
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(said),
            pytest.raises(SystemExit) as ended,
        ):
            main([str(word) for word in words])
        self.output, self.exit_code = said.getvalue(), int(ended.value.code or 0)


def picture(side):
    out = io.BytesIO()
    Image.fromarray(np.full((side, 30, 3), 90, np.uint8)).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def docs(tmp_path):
    rows = [
        {"id": f"d{k}", "body": body, "title": "a b c"}
        for k, body in enumerate(["one two", "one two three", "one two", "four five six seven"])
    ]
    file = tmp_path / "docs.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


TEXTS = """
steps:
- edit: text.fix_unicode
- filter: text.word_count
  min: 2
- dedup: exact
"""


def test_a_recipe_over_another_column(docs, tmp_path):
    (tmp_path / "r.yaml").write_text(TEXTS)
    out = tmp_path / "out"
    done = Command("run", tmp_path / "r.yaml", "-i", docs, "-o", out, "--on", "body",
                   "--set", "word_count.min=3", "--certificate", "0")  # fmt: skip
    assert done.exit_code == 0, done.output
    kept = pd.read_parquet(out / "kept")
    assert kept.id.tolist() == ["d1", "d3"] and kept.title.tolist() == ["a b c"] * 2
    dropped = pd.read_parquet(out / "dropped")
    assert dropped.dropped_by.tolist() == ["word_count"] * 2  # the steps keep their names
    recipe = (
        (tmp_path / "out" / "recipe.yaml").read_text() if (out / "recipe.yaml").exists() else ""
    )
    assert "body" in recipe + (out / "run.json").read_text()
    planned = Command("plan", tmp_path / "r.yaml", "-i", docs, "--on", "text=body")
    assert planned.exit_code == 0 and "exact_dedup" in planned.output


def test_score_over_another_column(docs):
    found = Command("score", "text.word_count", "-i", docs, "--on", "title")
    assert found.exit_code == 0 and "word_count: 4 records" in found.output
    assert found.output.count("3") and "  3 " in found.output


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["no"], "no column 'no' (have: id, body, title"),
        (["text="], "--on text=: write COLUMN or NAME=COLUMN"),
        (["path=body"], "--on path=body: no step reads 'path'; they read text"),
        (["body", "text=title"], "--on text=title: 'text' is given twice"),
    ],
)
def test_columns_that_cannot_be(docs, given, told):
    found = Command(
        "score", "text.word_count", "-i", docs, *(w for g in given for w in ("--on", g))
    )
    assert found.exit_code != 0 and told in found.output


def test_steps_that_read_several_columns():
    steps = load(
        """
steps:
- score: image.width
- filter: text.word_count
  min: 1
- edit: text.fix_unicode
  to: clean
- filter: text.character_count
  on: clean
  max: 9
- score: image.perceptual_hash
  name: phash
- dedup: perceptual
- filter: lang
  isin: [en]
  where: {kind: photo}
"""
    )
    with pytest.raises(SettingError, match="read path and text and lang; say which, as path=jpg"):
        over(steps, ["jpg"])
    made = over(steps, ["path=jpg", "text=caption", "lang=language"])
    assert [step.name for step in made] == [step.name for step in steps]
    bound = [dict(s.score.binding if hasattr(s, "score") and s.score else s.binding)
             for s in made if hasattr(s, "binding") or getattr(s, "score", None)]  # fmt: skip
    assert [b.get("path", b.get("text")) for b in bound] == [
        "jpg", "caption", "caption", "clean", "jpg",
    ]  # fmt: skip
    assert made[-1].column == "language" and made[-2].on == "phash"
    assert over(steps, []) == steps


def test_captions_beside_the_pictures(tmp_path):
    for k in range(3):
        (tmp_path / f"{k}.png").write_bytes(picture(20 + k))
        (tmp_path / f"{k}.caption").write_text(f"caption {k}")
        (tmp_path / f"{k}.json").write_text("{}")
    rows = open_input([str(tmp_path)], captions=["caption", ".json"]).compute()
    assert rows.caption.tolist() == ["caption 0", "caption 1", "caption 2"]
    assert rows.json.tolist() == ["{}"] * 3
    found = Command("score", "text.word_count", "-i", tmp_path, "--captions", "caption",
                    "--on", "caption")  # fmt: skip
    assert found.exit_code == 0 and "3 records" in found.output
    with pytest.raises(
        SettingError, match="--captions is for folders of media files; this is jsonl"
    ):
        open_input([str(tmp_path / "0.json")], captions=["txt"])


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_a_list_whose_paths_have_another_name(tmp_path, ending):
    for k in range(3):
        (tmp_path / f"{k}.png").write_bytes(picture(20 + k))
    listed = pd.DataFrame({"photo": [f"{k}.png" for k in range(3)], "text": list("abc")})
    file = tmp_path / f"list.{ending}"
    if ending == "csv":
        listed.to_csv(file, index=False)
    elif ending == "parquet":
        listed.to_parquet(file)
    else:
        listed.to_json(file, orient="records", lines=True)
    rows = open_input([str(file)], path_column="photo").compute()
    assert [Path(path).name for path in rows.path] == ["0.png", "1.png", "2.png"]
    assert tamis.image.height(rows.path).tolist() == [20, 21, 22]
    with pytest.raises(ColumnError, match="path_column: no column 'phot'"):
        open_input([str(file)], path_column="phot")
    found = Command("score", "image.height", "-i", file, "--path-column", "photo")
    assert found.exit_code == 0 and "3 records" in found.output


def test_a_list_of_an_imagefolder_and_what_is_no_list(tmp_path):
    (tmp_path / "a.png").write_bytes(picture(20))
    (tmp_path / "metadata.csv").write_text("photo,text\na.png,x\n")
    assert len(open_input([str(tmp_path)], path_column="photo")) == 1
    with pytest.raises(SettingError, match="--path-column is for lists of media; this is media"):
        open_input([str(tmp_path / "a.png")], path_column="photo")
    with pytest.raises(DataError):
        open_input([str(tmp_path / "none.csv")], path_column="photo")
