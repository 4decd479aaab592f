"""Pictures re-encoded as they are written: sizes, formats, reasons, the same bytes again."""

import glob
import io
import os
import pathlib
import tarfile

import numpy as np
import pandas as pd
import pytest

import tamis
from tamis.errors import DataError, SettingError

PIL = pytest.importorskip("PIL.Image")
SHAPES = [(300, 200), (90, 120), (64, 64), (500, 40)]  # width, height


def picture(size, format="JPEG"):
    width, height = size
    across, down = np.meshgrid(np.linspace(0, 200, width), np.linspace(0, 200, height))
    pixels = np.stack([across, down, across / 2 + down / 2], axis=2).astype(np.uint8)
    out = io.BytesIO()
    PIL.fromarray(pixels).save(out, format)
    return out.getvalue()


@pytest.fixture
def frame(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for k, size in enumerate(SHAPES):
        format = ["JPEG", "PNG", "TIFF", "WEBP"][k]
        (folder / f"{k}.{format.lower()}").write_bytes(picture(size, format))
    whole = picture((50, 50))
    (folder / "4.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "5.jpg").write_bytes(b"not a picture")
    (folder / "6.jpg").write_bytes(b"")
    return tamis.read_files(str(folder), extensions=["jpeg", "png", "tiff", "webp", "jpg"])


def opened(row):
    with open(row.path, "rb") as file:
        file.seek(0 if pd.isna(row.get("offset")) else row.offset)
        data = file.read(-1 if pd.isna(row.get("offset")) else row["size"])
    with PIL.open(io.BytesIO(data)) as image:
        image.load()
        return image


def expected(size, mode, side, only_if_bigger):
    """img2dataset's rules, in a few lines."""
    width, height = size
    of = min if mode in ("keep_ratio", "center_crop") else max
    if only_if_bigger and of(size) <= side:
        return size
    if mode in ("center_crop", "border"):
        return side, side
    return tuple(int(n * side / of(size) + 0.5) for n in (width, height))


@pytest.mark.parametrize("mode", ["keep_ratio", "keep_ratio_largest", "center_crop", "border"])
@pytest.mark.parametrize("only_if_bigger", [False, True])
def test_sizes_are_as_asked_for_and_told(tmp_path, frame, mode, only_if_bigger):
    out = str(tmp_path / "out")
    tamis.write_webdataset(frame, out, resize=mode, size=100, only_if_bigger=only_if_bigger)
    rows = tamis.read_manifest(out).compute()
    assert rows.id.tolist() == frame.compute().id.tolist()
    kept = rows[rows.dropped_by.isna()]
    assert kept.ext.tolist() == ["jpg"] * 4
    for size, (_, row) in zip(SHAPES, kept.iterrows(), strict=True):
        image = opened(row)
        assert image.format == "JPEG"
        assert image.size == (row.width, row.height) == expected(size, mode, 100, only_if_bigger)
        assert (row.original_width, row.original_height) == size
    lost = rows[rows.dropped_by.notna()]
    codes = lost.dropped_why.str.partition(":")[0].tolist()
    assert codes == ["decode.truncated", "decode.format", "media.empty"]
    assert set(lost.dropped_by) == {"write_webdataset", "read_files"}
    assert lost.width.isna().all()
    with tarfile.open(glob.glob(f"{out}/*.tar")[0]) as tar:
        assert [m.name.partition(".")[2] for m in tar.getmembers()] == ["jpg", "json"] * 4


@pytest.mark.parametrize("writer", [tamis.write_files, tamis.write_huggingface])
def test_folders_and_parquet(tmp_path, frame, writer):
    out = str(tmp_path / "out")
    writer(frame, out, resize="keep_ratio", size=32, encode="png")
    if writer is tamis.write_files:
        rows = tamis.read_manifest(out).compute()
        images = [opened(row) for _, row in rows.iterrows()]
    else:
        rows = tamis.read_parquet(out).compute()
        rows = rows[rows.dropped_by.isna()]
        images = [PIL.open(io.BytesIO(cell["bytes"])) for cell in rows.image]
    assert [image.format for image in images] == ["PNG"] * 4
    assert [image.size for image in images] == [
        expected(s, "keep_ratio", 32, False) for s in SHAPES
    ]
    assert [image.size for image in images] == list(zip(rows.width, rows.height, strict=True))
    lost = tamis.read_parquet(os.path.join(out, "__dropped")).compute()
    codes = lost.dropped_why.str.partition(":")[0].tolist()
    assert codes == ["decode.truncated", "decode.format", "media.empty"]
    with pytest.raises(DataError, match=r"decode\.truncated: 4\.jpg"):
        writer(frame, out, resize="keep_ratio", size=32, errors="raise")


def test_another_format_at_the_same_size(tmp_path, frame):
    out = str(tmp_path / "out")
    tamis.write_webdataset(frame, out, encode="webp", quality=80)
    rows = tamis.read_manifest(out).compute()
    kept = rows[rows.dropped_by.isna()]
    assert [opened(row).size for _, row in kept.iterrows()] == SHAPES
    assert [opened(row).format for _, row in kept.iterrows()] == ["WEBP"] * 4
    source = frame.compute().path[3]  # a WebP already: byte by byte
    last = kept.iloc[3]
    with open(last.path, "rb") as file, open(source, "rb") as before:
        file.seek(last.offset)
        assert file.read(last["size"]) == before.read()


def test_the_same_rows_give_the_same_bytes(tmp_path, frame):
    rows = frame.compute()
    found = []
    for count, name in ((1, "a"), (1, "b"), (3, "c")):
        out = str(tmp_path / name)
        tamis.write_webdataset(
            tamis.from_pandas(rows, npartitions=count), out, resize="border", size=48, key="id",
            samples=100,
        )  # fmt: skip
        tars = sorted(glob.glob(f"{out}/*.tar"))
        whole = [pathlib.Path(path).read_bytes() for path in tars]
        members = {}
        for path in tars:
            with tarfile.open(path) as tar:
                members |= {m.name: tar.extractfile(m).read() for m in tar}
        found.append((whole, list(members.items())))
    assert found[0] == found[1]
    assert found[0][1] == found[2][1]  # other partitions: the same members in the same order


def test_columns_of_sizes_that_were_there(tmp_path, frame):
    rows = frame.compute().assign(width=1, height=[0.5] * 7, caption="x")
    out = str(tmp_path / "out")
    tamis.write_webdataset(rows, out, resize="keep_ratio", size=10)
    listed = tamis.read_manifest(out).compute()
    sizes = [expected(size, "keep_ratio", 10, False) for size in SHAPES]
    assert list(zip(listed.width, listed.height, strict=True))[:4] == sizes
    assert listed.width.tolist()[4:] == [1, 1, 1]  # as they came
    with tarfile.open(glob.glob(f"{out}/*.tar")[0]) as tar:
        members = [m for m in tar if m.name.endswith(".json")]
        assert b"width" not in tar.extractfile(members[0]).read()


def test_settings_are_refused_at_the_call(tmp_path, frame):
    for settings, told in (
        ({"resize": "stretch"}, "resize must be one of"),
        ({"resize": "border"}, "needs size="),
        ({"size": 5}, "have no effect"),
        ({"quality": 5}, "no effect where nothing is encoded"),
        ({"encode": "gif"}, "encode must be one of"),
        ({"encode": "png", "quality": 50}, "quality of png is 0 to 9"),
    ):
        for writer in (tamis.write_webdataset, tamis.write_files, tamis.write_huggingface):
            with pytest.raises(SettingError, match=told):
                writer(frame, str(tmp_path / "out"), **settings)
    assert not (tmp_path / "out").exists()


def test_a_decoder_that_dies_costs_a_row(tmp_path, frame, monkeypatch):
    """TIFF goes through the sandbox: what it says of one file is that file's reason."""
    from tamis.codes import BadRecord
    from tamis.media import sandbox

    asked = []

    def dying(function, items, **settings):
        asked.append((function, [data[:2] for data, _ in items]))
        return iter([BadRecord("sandbox.crash", "the decoder died of signal 11")])

    monkeypatch.setattr(sandbox, "isolated", dying)
    out = str(tmp_path / "out")
    tamis.write_webdataset(frame, out, resize="keep_ratio", size=10)
    assert asked == [("tamis.image.fit:fitted", [b"II"])]
    rows = tamis.read_manifest(out).compute().set_index("id")
    assert rows.dropped_why["2.tiff"].startswith("sandbox.crash: 2.tiff: ")
