"""Web archives and pages as the command line names them."""

import json
import shutil

import pytest

import tamis
from tamis.cli import main
from tamis.cli.inputs import kind_of, open_input
from tamis.errors import DataError, SettingError


def test_archives_and_pages_are_known_by_their_endings(tmp_path):
    for name in ("a.warc.gz", "b.warc", "c.warc.wet.gz", "d.html", "e.htm"):
        (tmp_path / name).write_bytes(b"")
    kinds = [kind_of([str(tmp_path / name)]) for name in ("a.warc.gz", "b.warc", "c.warc.wet.gz")]
    assert kinds == ["warc"] * 3
    assert kind_of([f"{tmp_path}/*.htm*"]) == "html"
    assert kind_of(["https://example.org/CC-MAIN-1.warc.gz"]) == "warc"
    with pytest.raises(DataError, match=r"several kinds: html .2, .*d.html., warc .3, "):
        kind_of([str(tmp_path)])
    with pytest.raises(SettingError, match="web archives have no columns"):
        open_input([str(tmp_path / "b.warc")], id_column="url")
    (tmp_path / "f.jsonl").write_text("{}\n")
    with pytest.raises(DataError, match="several kinds"):
        kind_of([str(tmp_path)])


def test_a_run_over_an_archive(tmp_path):
    archive = tmp_path / "in" / "pages.warc.gz"
    archive.parent.mkdir()
    shutil.copy(tamis.datasets.web_archive(), archive)
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("steps:\n- edit: text.extract_resiliparse\n  to: text\n"
                      "- filter: text.word_count\n  min: 50\n")  # fmt: skip
    out = tmp_path / "out"
    given = ["run", str(recipe), "-i", str(archive.parent), "--limit", "20", "-o", str(out)]
    with pytest.raises(SystemExit) as ended:
        main(given)
    assert not ended.value.code
    kept = tamis.read_parquet(str(out / "kept")).compute()
    assert len(kept) == 19 and kept.text.str.len().min() > 200  # one page has only links
    assert json.loads((out / "run.json").read_text())
