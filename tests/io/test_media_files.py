"""Folders, lists and bytes of media, read and written; other libraries read what is written."""

import glob
import io
import json
import os
import tarfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tamis
from tamis.errors import ColumnError, DataError, SettingError
from tamis.io.sample_names import safe_key, unique


def picture(k, format="PNG"):
    from PIL import Image

    pixels = np.random.default_rng(k).integers(0, 255, (9, 8 + k % 3, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, format)
    return out.getvalue()


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    for k in range(12):
        place = folder / ("sub" if k % 2 else "")
        (place / f"{k}.png").write_bytes(picture(k))
        if k % 3:
            (place / f"{k}.txt").write_text(f"café {k}")
    return folder


def bytes_of(row, folder=""):
    with open(os.path.join(folder, row.path), "rb") as file:
        if pd.isna(row.get("offset")):
            return file.read()
        file.seek(row.offset)
        return file.read(row["size"])


def test_read_files(photos):
    (photos / "empty.jpg").write_bytes(b"")
    (photos / "note.pdf").write_bytes(b"x")
    (photos / "11.wav").write_bytes(b"RIFF")
    (photos / "11.txt").write_bytes(b"\xff")
    df = tamis.read_files(str(photos), captions=".txt", files_per_partition=4)
    assert df.npartitions == 4 and str(df.offset.dtype) == "Int64"
    df = df.compute()
    assert df.id.tolist()[:3] == ["0.png", "2.png", "4.png"] and len(df) == 14
    good = df[df.dropped_by.isna()]
    assert all(
        bytes_of(r) == picture(int(os.path.basename(r.path)[:-4])) for _, r in good.iterrows()
    )
    assert good.set_index("id").txt["sub/1.png"] == "café 1" and pd.isna(good.txt.iloc[0])
    codes = df.dropped_why.dropna().str.partition(":")[0].tolist()
    assert sorted(codes) == ["media.empty", "text.utf8"]
    assert len(tamis.read_files(str(photos / "*.png"))) == 6
    with pytest.raises(DataError, match=r"media.empty: empty.jpg: there are no bytes"):
        tamis.read_files(str(photos), errors="raise").compute()


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_read_manifest(photos, kind):
    names = ["0.png", "./sub/1.png", str(photos / "2.png"), "s3://bucket/x.png", None]
    table = pd.DataFrame({"file_name": names, "caption": list("abcde")})
    path = str(photos / f"metadata.{kind}")
    if kind == "csv":
        table.to_csv(path, index=False)
    elif kind == "jsonl":
        table.to_json(path, orient="records", lines=True)
    else:
        table.to_parquet(path)
    for given_ in (path, str(photos)):
        df = tamis.read_manifest(given_)
        assert list(df.columns)[:3] == ["id", "path", "caption"]
        meta, df = df._meta, df.compute()
        assert (df.dtypes == meta.dtypes).all()
        assert (len(df) > 5) == (given_ != path)  # the files that it does not name
        df = df.iloc[:5]
        folder = str(photos)
        assert df.path.tolist() == [
            f"{folder}/0.png", f"{folder}/./sub/1.png", f"{folder}/2.png", "s3://bucket/x.png",
            pd.NA,
        ]  # fmt: skip
        codes = [None if pd.isna(why) else why.partition(":")[0] for why in df.dropped_why]
        outside = None if given_ == path else "media.outside"  # of a folder somebody else made
        assert codes == [None, None, outside, outside, "media.null"]
    df = tamis.read_manifest(path, base="/elsewhere", path_column="file_name").compute()
    assert df.path[0] == "/elsewhere/0.png"
    with pytest.raises(ColumnError, match="no column 'picture'"):
        tamis.read_manifest(path, path_column="picture")
    with pytest.raises(DataError, match=r"media\.null"):
        tamis.read_manifest(path, errors="raise").compute()


def test_files_that_their_list_does_not_name(photos, tmp_path):
    """They are accounted for; `datasets` gives the listed rows alone."""
    datasets = pytest.importorskip("datasets")
    names = sorted(str(p.relative_to(photos)) for p in photos.rglob("*.png"))
    some = names[1::2]
    table = pd.DataFrame({"file_name": [f"./{name}" for name in some], "n": range(len(some))})
    table["flag"], table["when"] = True, pd.Timestamp("2026-01-01")
    table.to_parquet(photos / "metadata.parquet")
    theirs = datasets.load_dataset(
        "imagefolder", data_dir=str(photos), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert len(theirs) == len(some)
    frame = tamis.read_manifest(str(photos))
    rows = frame.compute()
    assert (rows.dtypes == frame._meta.dtypes).all()
    kept, left = rows[rows.dropped_by.isna()], rows[rows.dropped_by.notna()]
    assert [os.path.normpath(p) for p in kept.path] == [str(photos / name) for name in some]
    assert sorted(left.id) == sorted(set(names) - set(some))
    assert left.dropped_why.str.startswith("media.unlisted: ").all() and left.n.isna().all()
    run = tamis.Pipeline([tamis.Score(tamis.image.file_size)]).run(frame, tmp_path / "out")
    assert run.figures["rows"]["in"] == len(names) and run.figures["rows"]["kept"] == len(some)
    assert run.figures["steps"][0]["reasons"] == {"media.unlisted": len(left)}
    assert len(tamis.read_manifest(photos / "metadata.parquet")) == len(some)
    with pytest.raises(DataError, match=r"media\.unlisted: .* such files"):
        tamis.read_manifest(photos, errors="raise")
    full = pd.DataFrame({"file_name": names})
    (photos / "metadata.parquet").unlink()
    full.to_csv(photos / "metadata.csv", index=False)
    assert tamis.read_manifest(photos).compute().dropped_by.isna().all()


def test_a_list_from_others_stays_in_its_folder(tmp_path):
    """What it names outside is a row with a reason, and nothing of it is read."""
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "ok.png").write_bytes(b"png")
    names = ["ok.png", "a/../ok.png", "../secret.txt", "a/../../secret.txt", "/etc/passwd",
             "file:///etc/hostname", "http://127.0.0.1:9/x", "~/x", "zip://a::b"]  # fmt: skip
    table = pd.DataFrame({"file_name": names})
    table.to_csv(folder / "metadata.csv", index=False)
    table.to_csv(folder / "list.csv", index=False)
    for df in (
        tamis.read_manifest(folder),
        tamis.read_manifest(folder / "list.csv", within=True),
        tamis.read_manifest(folder / "metadata.csv", within=True),
    ):
        rows = df.compute()
        assert rows.dropped_by.isna().tolist() == [True, True] + [False] * 7
        assert rows.dropped_why[2:].str.startswith("media.outside: ").all()
    tamis.write_webdataset(tamis.read_manifest(folder), tmp_path / "out")
    written = tmp_path / "out"
    assert b"secret" not in b"".join(p.read_bytes() for p in written.glob("*.tar"))
    assert tamis.read_manifest(folder / "list.csv").compute().dropped_by.isna().all()


def test_media_are_not_written_among_the_files_of_somebody_else(photos, tmp_path):
    for write in (tamis.write_webdataset, tamis.write_files, tamis.write_huggingface):
        with pytest.raises(DataError, match="holds files of something else"):
            write(tamis.read_files(str(photos)), photos)
        write(tamis.read_files(str(photos)), tmp_path / write.__name__)
        write(tamis.read_files(str(photos)), tmp_path / write.__name__)  # ours is replaced


def test_ranges_in_a_manifest(tmp_path):
    (tmp_path / "list.csv").write_text("path,offset,size\na.tar,512,10\nb.jpg,,\n")
    df = tamis.read_manifest(str(tmp_path / "list.csv")).compute()
    assert df.offset.tolist() == [512, pd.NA] and str(df["size"].dtype) == "Int64"


def webdatasets(folder):
    import webdataset

    files = sorted(glob.glob(f"{folder}/*.tar"))
    return list(webdataset.WebDataset(files, shardshuffle=False))


def test_write_webdataset_from_files(photos, tmp_path):
    pytest.importorskip("webdataset")
    (photos / "bad.png").write_bytes(b"")
    df = tamis.read_files(str(photos), captions="txt", files_per_partition=5)
    before = df.compute()
    out = str(tmp_path / "out")
    parts = tamis.write_webdataset(df, out, samples=3)
    theirs = webdatasets(out)
    assert len(theirs) == 12 and sum(p.rows for p in parts if p.name.endswith(".tar")) == 12
    good = before[before.dropped_by.isna()]
    for found, (_, row) in zip(theirs, good.iterrows(), strict=True):
        assert found["png"] == bytes_of(row)
        assert json.loads(found["json"]) == {"id": row.id}
        assert found.get("txt") == (None if pd.isna(row.txt) else row.txt.encode())
    assert len({f["__key__"] for f in theirs}) == 12
    ours = tamis.read_webdataset(out).compute()
    assert ours.id.tolist() == good.id.tolist() and not ours.dropped_by.notna().any()
    listed = tamis.read_manifest(out).compute()
    assert listed.id.tolist() == before.id.tolist()  # dropped ones, too
    for (_, row), (_, told) in zip(
        ours.iterrows(), listed[listed.dropped_by.isna()].iterrows(), strict=True
    ):
        assert (row.path, row.offset, row["size"], row.ext) == (
            told.path,
            told.offset,
            told["size"],
            told.ext,
        )
    lost = listed[listed.dropped_by.notna()]
    assert lost.dropped_why.tolist() == ["media.empty: bad.png: there are no bytes"]


def test_shards_are_the_same_again_and_tar_reads_them(photos, tmp_path):
    df = tamis.read_files(str(photos), captions="txt", files_per_partition=5)
    for name in ("a", "b"):
        tamis.write_webdataset(df, str(tmp_path / name), checksum=True)
    names = sorted(p for p in os.listdir(tmp_path / "a") if p.endswith((".tar", ".parquet")))
    assert names == sorted(
        p for p in os.listdir(tmp_path / "b") if p.endswith((".tar", ".parquet"))
    )
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    members = []
    for name in names:
        if name.endswith(".tar"):
            os.system(f"tar -tf {tmp_path / 'a' / name} > {tmp_path / 'list'}")
            members += (tmp_path / "list").read_text().split()
    assert len(members) == 12 * 2 + 8 and len(set(members)) == len(members)


def test_reshard_filters_without_decoding(photos, tmp_path):
    first, second = str(tmp_path / "first"), str(tmp_path / "second")
    limit = len(picture(0))  # the narrowest
    df = tamis.read_files(str(photos), captions="txt")
    tamis.write_webdataset(df, first, samples=5)
    shards = tamis.read_webdataset(first)
    tamis.write_webdataset(shards[shards["size"] > limit], second, samples=100)
    want = [f.read_bytes() for f in sorted(photos.rglob("*.png"), key=lambda f: f.stat().st_size)]
    want = sorted(data for data in want if len(data) > limit)
    got = sorted(bytes_of(row) for _, row in tamis.read_webdataset(second).compute().iterrows())
    assert got == want and 0 < len(got) < 12


def test_rows_whose_bytes_are_gone(photos, tmp_path):
    df = tamis.read_files(str(photos)).compute()
    os.remove(photos / "2.png")
    parts = tamis.write_webdataset(df, str(tmp_path / "out"))
    assert [p.rows for p in parts] == [11, 12]
    listed = tamis.read_manifest(str(tmp_path / "out")).compute()
    assert listed.dropped_by.dropna().tolist() == ["write_webdataset"]
    assert listed.dropped_why.dropna().iloc[0].endswith("2.png: no such file")
    with pytest.raises(DataError, match=r"media\.missing: 2\.png"):
        tamis.write_webdataset(df, str(tmp_path / "out"), errors="raise")


def test_members_and_names(tmp_path):
    df = pd.DataFrame({
        "id": ["../../up", "/abs", "a.b.jpg", "a.b_jpg", "x" * 300, "é" * 120, ""],
        "image": [picture(k) for k in range(7)],
        "caption": ["one", None, "three", "4", "5", "6", "7"],
        "tags": [["a"], [], None, ["b", "c"], [], [], []],
    }).convert_dtypes(dtype_backend="pyarrow")  # fmt: skip
    df = df.astype({"id": "string[pyarrow]", "caption": "string[pyarrow]"})
    out = tmp_path / "out"
    tamis.write_webdataset(
        df, str(out), on="image", key="id", text={"caption": "txt"}, json=["tags"]
    )
    (path,) = out.glob("*.tar")
    with tarfile.open(path) as tar:
        names = [m.name for m in tar.getmembers()]
        assert not any(n.startswith("/") or ".." in n for n in names)
        assert names[:3] == ["up.png", "up.json", "up.txt"] and len(set(names)) == 20
        tar.extractall(tmp_path / "there", filter="data")
    back = tamis.read_webdataset(str(out)).compute()
    assert [bytes_of(r) for _, r in back.iterrows()] == [picture(k) for k in range(7)]
    assert back.txt.tolist()[:3] == ["one", pd.NA, "three"] and back.tags[3] == ["b", "c"]
    table = pq.read_table(next(out.glob("*.parquet")))
    assert "image" not in table.column_names and table["id"].to_pylist() == df.id.tolist()


def test_settings_are_refused_at_the_call(tmp_path):
    df = pd.DataFrame({"id": ["a"], "path": ["a.jpg"], "t": ["x"]})
    for settings, told in (
        ({"on": "image"}, r"on: no column 'image' \(have: id, path, t\)"),
        ({"text": ["caption"]}, "text: no column 'caption'"),
        ({"text": {"t": "../x"}}, "text must be extensions such as"),
        ({"json": ["n"]}, "json: no column 'n'"),
        ({"key": "k"}, "key: no column 'k'"),
        ({"samples": 0}, "samples=0 is not a number"),
    ):
        with pytest.raises((ColumnError, SettingError), match=told):
            tamis.write_webdataset(df, str(tmp_path / "out"), **settings)
    assert not (tmp_path / "out").exists()
    with pytest.raises(SettingError, match="extensions must be extensions such as 'jpg'"):
        tamis.read_files(str(tmp_path), extensions=5)
    with pytest.raises(ColumnError, match="'id' is there already"):
        tamis.write_huggingface(df, str(tmp_path / "out"), column="id")


def test_rows_that_point_nowhere(photos, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    df = pd.DataFrame({
        "id": list("abcdef"),
        "path": [str(photos / "0.png"), "/dev/zero", "weird://x", str(tmp_path / "pipe"), None,
                 str(photos / "0.png")],
        "offset": pd.array([None, None, None, 0, None, 1], "Int64"),
        "size": pd.array([None, None, None, 3, None, 10**6], "Int64"),
    }).astype({"path": "string[pyarrow]"})  # fmt: skip
    tamis.write_webdataset(df, str(tmp_path / "out"))
    listed = tamis.read_manifest(str(tmp_path / "out")).compute()
    codes = listed.dropped_why.str.partition(":")[0].tolist()
    bad = "media.unreadable"
    assert listed.id.tolist() == list("abcdef") and codes[1:] == [bad, bad, bad, "media.null", bad]
    assert listed.dropped_by.isna().tolist() == [True] + [False] * 5


@given(st.lists(st.text(max_size=300), max_size=20))
def test_keys_stay_inside(names):
    keys = unique(safe_key(name) for name in names)
    assert len({key.casefold() for key in keys}) == len(names)
    for key in keys:
        assert key and not key.startswith(("/", "-")) and ".." not in key and "." not in key
        assert len(key.encode()) < 220 and os.path.normpath(key) == key


def test_other_members_are_copied(tmp_path):
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as tar:
        for name, data in (("k.jpg", b"jpg"), ("k.seg.png", b"seg"), ("k.npy", b"npy"),
                           ("l.jpg", b"only")):  # fmt: skip
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    tamis.write_webdataset(tamis.read_webdataset(str(path)), str(tmp_path / "out"))
    with tarfile.open(next((tmp_path / "out").glob("*.tar"))) as tar:
        found = {m.name.partition(".")[2]: tar.extractfile(m).read() for m in tar.getmembers()[:4]}
    assert found["jpg"] == b"jpg" and found["seg.png"] == b"seg" and found["npy"] == b"npy"
    back = tamis.read_webdataset(str(tmp_path / "out")).compute()
    assert back.npy_size.tolist() == [3, pd.NA] and len(back) == 2


def test_huggingface_reads_what_is_written(photos, tmp_path, monkeypatch):
    datasets = pytest.importorskip("datasets")
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    df = tamis.read_files(str(photos), captions="txt", files_per_partition=7)
    out = str(tmp_path / "hf")
    tamis.write_huggingface(df, out, column="image")
    back = datasets.load_dataset(out, split="train", cache_dir=str(tmp_path / "cache"))
    assert type(back.features["image"]).__name__ == "Image" and len(back) == 12
    order = {
        row.id: picture(int(os.path.basename(row.path)[:-4])) for _, row in df.compute().iterrows()
    }
    raw = back.cast_column("image", datasets.Image(decode=False))
    assert all(row["image"]["bytes"] == order[row["id"]] for row in raw)
    assert back[0]["image"].size == (8, 9)
    ours = tamis.read_parquet(out).compute()
    assert [v["bytes"] for v in ours.image] == [order[name] for name in ours.id]


def test_imagefolder(photos, tmp_path, monkeypatch):
    datasets = pytest.importorskip("datasets")
    (photos / "bad.png").write_bytes(b"")
    df = tamis.read_files(str(photos), captions="txt", files_per_partition=7)
    out = str(tmp_path / "files")
    parts = tamis.write_files(df, out, key="id")
    assert (parts[0].name, parts[0].rows) == ("metadata.jsonl", 12)
    back = datasets.load_dataset("imagefolder", data_dir=out, split="train",
                                 cache_dir=str(tmp_path / "cache"))  # fmt: skip
    assert len(back) == 12 and back[0]["image"].size == (8, 9)
    assert {row["txt"] for row in back} == {None, *(f"café {k}" for k in range(12) if k % 3)}
    ours = tamis.read_manifest(out).compute()
    first = df.compute().set_index("id")
    assert all(bytes_of(row) == bytes_of(first.loc[row.id]) for _, row in ours.iterrows())
    lost = tamis.read_parquet(os.path.join(out, "__dropped")).compute()
    assert lost.dropped_why.tolist() == ["media.empty: bad.png: there are no bytes"]
    tamis.write_files(df.partitions[0], out)  # another set in its place
    assert len(tamis.read_manifest(out)) == 6
    assert sorted(os.listdir(out))[-1].startswith("part-") and len(os.listdir(out)) == 4
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "metadata.jsonl").write_text("{}")
    with pytest.raises(DataError, match="somebody else's"):
        tamis.write_files(df, str(tmp_path / "theirs"))


def test_columns_of_bytes_survive_reading(photos, tmp_path):
    table = pa.table({
        "id": [str(k) for k in range(4)],
        "image": pa.array([{"bytes": picture(k), "path": f"{k}.png"} for k in range(4)]),
        "raw": pa.array([picture(k) for k in range(4)], pa.binary()),
        "caption": list("abcd"),
    })  # fmt: skip
    pq.write_table(table, tmp_path / "a.parquet")
    df = tamis.read_parquet(str(tmp_path / "a.parquet"))
    assert pa.types.is_struct(df.dtypes["image"].pyarrow_dtype)
    assert pa.types.is_binary(df.dtypes["raw"].pyarrow_dtype)
    found = df.compute()
    assert found.image[2]["bytes"] == found.raw[2] == picture(2)
    few = tamis.read_parquet(str(tmp_path / "a.parquet"), columns=["caption"])
    assert list(few.columns) == ["id", "caption", "dropped_by", "dropped_why"]
    for on in ("image", "raw"):
        out = str(tmp_path / on)
        tamis.write_webdataset(df.drop(columns="raw" if on == "image" else "image"), out, on=on)
        back = tamis.read_webdataset(out).compute()
        assert [bytes_of(row) for _, row in back.iterrows()] == found.raw.tolist()


def test_huggingface_on_disk(tmp_path):
    datasets = pytest.importorskip("datasets")
    features = datasets.Features({"image": datasets.Image(), "caption": datasets.Value("string")})
    rows = {
        "image": [{"bytes": picture(k), "path": None} for k in range(5)],
        "caption": list("abcde"),
    }
    datasets.Dataset.from_dict(rows, features=features).save_to_disk(str(tmp_path / "hf"))
    df = tamis.read_huggingface(str(tmp_path / "hf"))
    assert df.compute().image[3]["bytes"] == picture(3)
    tamis.write_webdataset(df, str(tmp_path / "out"), on="image")
    back = tamis.read_webdataset(str(tmp_path / "out")).compute()
    assert [bytes_of(row) for _, row in back.iterrows()] == [picture(k) for k in range(5)]
    assert back.txt.tolist() == list("abcde")


def test_the_command_line_picks_the_reader(photos, tmp_path):
    from tamis.cli.inputs import kind_of, open_input

    out = str(tmp_path / "shards")
    tamis.write_webdataset(tamis.read_files(str(photos), captions="txt"), out)
    assert kind_of([out]) == kind_of([f"{out}/*.tar"]) == "webdataset"
    assert open_input([f"{out}/*.tar"], limit=5).compute().ext.tolist() == ["png"] * 5
    assert kind_of([str(photos / "*.png")]) == "files"
    assert open_input([str(photos / "*.png")]).compute().id[1] == "2.png"
    assert kind_of([str(photos)]) == "captioned"  # texts called as the pictures beside them
    (photos / "metadata.csv").write_text("file_name,caption\n0.png,one\nsub/1.png,two\n")
    df = open_input([str(photos)]).compute()
    df = df[df.dropped_by.isna()]
    assert df.caption.tolist() == ["one", "two"] and bytes_of(df.iloc[1]) == picture(1)
    with pytest.raises(DataError, match="is compressed"):
        open_input([_packed(next((tmp_path / "shards").glob("*.tar")))])


def _packed(path):
    import gzip

    (path.parent / "a.tar.gz").write_bytes(gzip.compress(path.read_bytes()))
    return str(path.parent / "a.tar.gz")


def test_a_run_over_archives_accounts_for_every_sample(photos, tmp_path):
    shards, out = str(tmp_path / "shards"), str(tmp_path / "out")
    tamis.write_webdataset(tamis.read_files(str(photos), captions="txt"), shards, samples=6)
    for path in glob.glob(f"{shards}/*.tar"):
        with tarfile.open(path) as tar:
            at = [m.offset for m in tar.getmembers() if m.name.endswith(".txt")][1]
        with open(path, "r+b") as file:
            file.seek(at + 110)  # the name stays; not all samples have a caption
            file.write(b"\xff")
    df = tamis.read_webdataset(shards)
    tamis.Pipeline([tamis.Filter(tamis.text.word_count, on="txt", min=2)]).run(df, out)
    kept, dropped = (tamis.read_parquet(f"{out}/{name}").compute() for name in ("kept", "dropped"))
    assert len(kept) + len(dropped) == 12
    lost = dropped[dropped.dropped_by == "read_webdataset"]
    assert len(lost) == 2 and lost.dropped_why.str.startswith("tar.header").all()
    tamis.write_webdataset(tamis.read_parquet(f"{out}/kept"), str(tmp_path / "again"))
    again = tamis.read_webdataset(str(tmp_path / "again")).compute()
    assert again.id.tolist() == kept.id.tolist()
    assert {bytes_of(row) for _, row in again.iterrows()} <= {picture(k) for k in range(12)}
