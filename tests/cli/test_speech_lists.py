"""Manifests of speech on the command line, told by the keys of their lines."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

import tamis
from tamis.cli import commands
from tamis.cli.inputs import open_input

soundfile = pytest.importorskip("soundfile")


@pytest.fixture
def manifest(tmp_path):
    samples = np.random.default_rng(0).normal(0, 0.1, 16_000).astype("float32")
    soundfile.write(tmp_path / "a.wav", samples, 16_000)
    lines = [
        {"audio_filepath": "a.wav", "offset": 0.1 * k, "duration": 0.1, "text": "word " * k}
        for k in range(8)
    ]
    path = tmp_path / "train.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + "broken\n")
    return path


def test_a_line_without_a_path_is_a_row_of_a_nemo_manifest(tmp_path):
    (tmp_path / "a.jsonl").write_text(
        '{"text": "no path"}\n{"audio_filename": "a.wav", "duration": 1}\n'
    )
    found = open_input([str(tmp_path / "a.jsonl")]).compute()
    assert found.dropped_why.iloc[0].startswith("media.null") and found.dropped_why.isna().iloc[1]
    assert found.path.iloc[1] == str(tmp_path / "a.wav")


def test_a_recipe_over_a_nemo_manifest(manifest, tmp_path):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("steps:\n- filter: text.word_count\n  min: 3\n")
    out = tmp_path / "out"
    given = ["run", str(recipe), "--input", str(manifest), "--output", str(out)]
    done = CliRunner().invoke(commands, [*given, "--max-errors", "0.5"])
    assert done.exit_code == 0, done.output
    kept = tamis.read_parquet(str(out / "kept")).compute()
    assert kept.start.round(1).tolist() == [0.3, 0.4, 0.5, 0.6, 0.7]
    assert (kept.path == str(tmp_path / "a.wav")).all()
    dropped = tamis.read_parquet(str(out / "dropped")).compute()
    assert len(kept) + len(dropped) == 9
    tamis.write_nemo(tamis.read_parquet(str(out / "kept")), str(tmp_path / "clean"))
    lines = (tmp_path / "clean" / "manifest.jsonl").read_text().splitlines()
    assert [json.loads(line)["offset"] for line in lines] == pytest.approx(kept.start.tolist())


@pytest.mark.parametrize("write, settings", [
    ("write_nemo", {"store": "pointers"}), ("write_nemo", {"store": "files"}),
    ("write_nemo", {"store": "tar"}), ("write_lhotse", {"store": "pointers"}),
    ("write_lhotse", {"store": "files"}), ("write_files", {}), ("write_webdataset", {}),
])  # fmt: skip
def test_what_was_written_is_input(manifest, tmp_path, write, settings):
    frame = tamis.read_nemo(str(manifest))
    getattr(tamis, write)(frame, str(tmp_path / "out"), **settings)
    rows = open_input([str(tmp_path / "out")]).compute()
    said = rows["txt" if write == "write_webdataset" else "text"]
    assert len(rows) == 8 and rows.dropped_by.isna().all() and said[2].strip() == "word word"
    assert rows.path.notna().all()
