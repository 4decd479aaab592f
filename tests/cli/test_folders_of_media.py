"""What a folder of pictures and other files is taken for."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import tamis
from tamis.cli.inputs import kind_of, open_input
from tamis.errors import DataError


def picture(k):
    out = io.BytesIO()
    Image.fromarray(np.full((20, 30, 3), 9 * k, np.uint8)).save(out, "JPEG")
    return out.getvalue()


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for k in range(6):
        (folder / f"{k}.jpg").write_bytes(picture(k))
    return folder


def test_pictures_with_captions_beside_them(photos):
    for k in range(5):
        (photos / f"{k}.txt").write_text(f"caption {k}")
    (photos / "README.txt").write_text("see licence")
    rows = open_input([str(photos)]).compute()
    assert rows.ext.tolist() == ["jpg"] * 6
    assert rows.txt.tolist()[:5] == [f"caption {k}" for k in range(5)] and pd.isna(rows.txt[5])


@pytest.mark.parametrize("name", ["README.txt", "list.csv", "0.json"])
def test_a_stray_file_does_not_hide_the_pictures(photos, name):
    (photos / name).write_text("a,b\n")
    with pytest.raises(DataError, match=r"several kinds: .*files \(6"):
        kind_of([str(photos)])
    assert kind_of([f"{photos}/*.jpg"]) == "files"


def test_what_tamis_wrote_is_its_parts(photos, tmp_path):
    images = tamis.read_files(str(photos))
    tamis.write_webdataset(images, tmp_path / "tars")
    assert kind_of([str(tmp_path / "tars")]) == "webdataset"
    tamis.write_huggingface(images, tmp_path / "parquet")
    (tmp_path / "parquet" / "done").mkdir()
    (tmp_path / "parquet" / "done" / "part.jsonl").write_text("{}\n")  # as fetching notes it
    assert kind_of([str(tmp_path / "parquet")]) == "parquet"
