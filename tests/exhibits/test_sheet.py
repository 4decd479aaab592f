"""Contact sheets in notebooks: of frames, and of clusters of duplicates."""

from __future__ import annotations

import re
from pathlib import Path

import dask.dataframe as dd
import pandas as pd
import pytest

import picture_run
import tamis
from tamis.errors import ColumnError, SettingError


@pytest.fixture(scope="module")
def frame(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    return picture_run.records(tmp_path_factory.mktemp("shown"), 24)


def images(page: str) -> list[tuple[int, int]]:
    found = re.findall(r'src="data:image/webp;base64,[^"]+" width="(\d+)" height="(\d+)"', page)
    return [(int(width), int(height)) for width, height in found]


def test_a_frame_of_pictures(frame: pd.DataFrame) -> None:
    scored = tamis.Score(picture_run.level)(frame)
    sheet = tamis.show(scored, "level", limit=12)
    page = sheet._repr_html_()
    assert len(images(page)) == 10  # of 12, one is broken and one is not there
    assert all(max(size) == 160 for size in images(page))
    assert "decode.truncated: " in page and "media.missing: " in page
    assert f"level <b>{scored['level'][0]:.4g}</b>" in page
    assert "<script" not in page and "&lt;script&gt;alert" in page and 'src="http' not in page
    assert (
        repr(sheet).splitlines()[0].startswith(f"photo0000  level {scored['level'][0]:.4g}  image ")
    )


def test_dask_reads_what_is_shown(frame: pd.DataFrame) -> None:
    lazy = dd.from_pandas(frame, npartitions=8)
    assert repr(tamis.show(lazy, limit=7)) == repr(tamis.show(frame, limit=7))


def test_sizes_and_columns(frame: pd.DataFrame) -> None:
    renamed = frame.rename(columns={"path": "file", "caption": "said"})
    page = tamis.show(renamed, on="file", text="said", side=64, limit=3)._repr_html_()
    assert all(max(size) == 64 for size in images(page)) and len(images(page)) == 3
    assert page.count("&lt;script&gt;alert") >= 3
    blobs = pd.DataFrame({"image": [Path(p).read_bytes() for p in frame["path"][:3]]})
    assert len(images(tamis.show(blobs)._repr_html_())) == 3
    ranged = blob_archive(frame)
    assert len(images(tamis.show(ranged)._repr_html_())) == 3


def blob_archive(frame: pd.DataFrame) -> pd.DataFrame:
    """Three pictures in one file, and where they begin and end."""
    parts = [Path(p).read_bytes() for p in frame["path"][:3]]
    archive = Path(frame["path"][0]).parent / "all.bin"
    archive.write_bytes(b"".join(parts))
    starts = [sum(map(len, parts[:k])) for k in range(3)]
    return pd.DataFrame({"path": str(archive), "offset": starts, "size": list(map(len, parts))})


def test_files_without_an_ending_are_opened_when_asked_for(
    frame: pd.DataFrame, tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(Path(frame["path"][0]).read_bytes())
    (tmp_path / "b").write_text("not a picture")
    page = tamis.show(pd.DataFrame({"path": [str(tmp_path / "a"), str(tmp_path / "b")]}))
    assert len(images(page._repr_html_())) == 1
    assert "decode.format" in repr(page)


def test_mistakes_are_told(frame: pd.DataFrame) -> None:
    with pytest.raises(ColumnError, match="no column 'sharp' \\(have: id, path, caption"):
        tamis.show(frame, "sharp")
    with pytest.raises(ColumnError, match="no column 'file'"):
        tamis.show(frame, on="file")
    for wrong in (0, -1, 2.5, True):
        with pytest.raises(SettingError, match="limit="):
            tamis.show(frame, limit=wrong)
    assert repr(tamis.show(frame.iloc[:0])) == "no records"


def test_clusters_of_a_frame_and_of_a_run(frame: pd.DataFrame, tmp_path: Path) -> None:
    run = picture_run.run(tmp_path, frame=frame)
    hashed = tamis.Score(picture_run.average_hash)(frame)
    step = tamis.PerceptualDedup(on="average_hash", radius=3)
    for found in (run.duplicates(), step.compare(hashed)):
        largest = found.clusters().iloc[0]
        inspected = found.inspect(largest["kept"])
        assert len(images(inspected._repr_html_())) == largest["size"] > 2
        assert "average_hash" not in inspected._repr_html_()
        assert "base64" not in repr(inspected)
        assert len(images(found._repr_html_())) > largest["size"]
        assert "<script" not in found._repr_html_()


def test_clusters_of_texts_are_as_before() -> None:
    docs = pd.DataFrame({"id": ["a", "b"], "text": ["One two.", "one two"]})
    found = tamis.FuzzyDedup().compare(docs)
    assert "<img" not in found._repr_html_() and "<img" not in found.inspect("a")._repr_html_()


def test_the_command_line_says_where_the_pictures_are(
    frame: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tamis.cli import main

    picture_run.run(tmp_path, frame=frame)
    for command, told in (("duplicates", "tamis look"), ("dropped", "min: ")):
        with pytest.raises(SystemExit) as ended:
            main([command, str(tmp_path / "out")])
        assert ended.value.code == 0
        assert told in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main(["look", str(tmp_path / "in"), "--no-browser"])
    assert ended.value.code in (1, 2)
    assert "neither a finished run nor Parquet" in capsys.readouterr().err
