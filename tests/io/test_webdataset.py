"""read_webdataset beside tarfile and the webdataset library, and every kind of damage."""

import io
import json
import os
import subprocess
import tarfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tamis
from tamis.errors import ColumnError, DataError
from tamis.io.byte_ranges import Ranges
from tamis.io.extensions import TEXTS
from tamis.io.files import find_files
from tamis.io.frames import Types, Work, quarantine_types
from tamis.io.schema import TEXT
from tamis.io.tar_layout import layout_of, look
from tamis.io.tar_members import members
from tamis.io.tar_piece import Piece, read_work
from tamis.io.tar_samples import samples


def member(name, data, kind=tarfile.REGTYPE, **fields):
    info = tarfile.TarInfo(name)
    info.size, info.type = len(data), kind
    for field, value in fields.items():
        setattr(info, field, value)
    return info, data


def archive(path, members, format=tarfile.PAX_FORMAT):
    with tarfile.open(path, "w", format=format) as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    return str(path)


def sample(k, size=700, **meta):
    rng = np.random.default_rng(k)
    return [
        member(f"{k:04d}.jpg", rng.bytes(size + k)),
        member(f"{k:04d}.json", json.dumps({"n": k, **meta}).encode()),
        member(f"{k:04d}.txt", f"picture {k}".encode()),
    ]


def shard(path, count=20, **kwargs):
    return archive(path, [m for k in range(count) for m in sample(k)], **kwargs)


def read(path, **settings):
    return tamis.read_webdataset(path, **settings).compute()


def medium(row):
    with open(row.path, "rb") as file:
        file.seek(row.offset)
        return file.read(row["size"])


def kept(df):
    return df[df.dropped_by.isna()]


def why(df):
    return df.dropped_why.dropna().tolist()


def header_of(path, name):
    with tarfile.open(path) as tar:
        return tar.getmember(name).offset


def overwrite(path, at, data):
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(data)


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_rows_are_what_tarfile_reads(tmp_path, format):
    path = shard(tmp_path / "a.tar", format=format)
    df = read(path)
    assert df.id.tolist() == [f"a.tar:{k:04d}" for k in range(20)]
    assert df.n.tolist() == list(range(20)) and str(df.n.dtype) == "Int64"
    assert df.txt.tolist() == [f"picture {k}" for k in range(20)]
    assert (df.ext == "jpg").all() and (df.path == path).all() and not why(df)
    with tarfile.open(path) as tar:
        for _, row in df.iterrows():
            assert medium(row) == tar.extractfile(f"{row.n:04d}.jpg").read()


def test_the_webdataset_library_agrees(tmp_path):
    wds = pytest.importorskip("webdataset")
    pattern = str(tmp_path / "%02d.tar")
    with wds.ShardWriter(pattern, maxcount=7, verbose=0) as writer:
        for k in range(20):
            writer.write({"__key__": f"dir/{k:04d}", "png": os.urandom(50), "txt": f"t{k}",
                          "json": {"n": k}, "seg.png": os.urandom(9)})  # fmt: skip
    files = sorted(str(p) for p in tmp_path.glob("*.tar"))
    theirs = list(wds.WebDataset(files, shardshuffle=False))
    ours = read(str(tmp_path))
    assert len(theirs) == len(ours) == 20 and not why(ours)
    for sample_, (_, row) in zip(theirs, ours.iterrows(), strict=True):
        assert row.id.partition(":")[2] == sample_["__key__"]
        assert medium(row) == sample_["png"] and row.txt.encode() == sample_["txt"]
        assert json.loads(sample_["json"])["n"] == row.n
        with open(row.path, "rb") as file:
            file.seek(row["seg.png_offset"])
            assert file.read(row["seg.png_size"]) == sample_["seg.png"]


@pytest.mark.parametrize("format", ["ustar", "gnu", "oldgnu", "pax", "posix", "v7"])
def test_gnu_tar(tmp_path, format):
    folder = tmp_path / "in"
    long = folder / ("d" * 60) / ("e" * 60)
    (long if format not in ("v7", "ustar") else folder / "d").mkdir(parents=True)
    place = long if format not in ("v7", "ustar") else folder / "d"
    for k in range(5):
        (place / f"{k}.jpg").write_bytes(os.urandom(1000 + k))
        (place / f"{k}.txt").write_text(f"text {k}")
    path = tmp_path / "a.tar"
    subprocess.run(["tar", f"--format={format}", "-cf", path, "-C", folder, "."], check=True)
    df = read(str(path))
    assert len(df) == 5 and not why(df)
    for _, row in df.iterrows():
        name = row.id.partition(":")[2]
        assert (folder / f"{name}.jpg").read_bytes() == medium(row)
        assert row.txt == (folder / f"{name}.txt").read_text()


def test_large_numbers_and_pax_sizes(tmp_path):
    path = archive(
        tmp_path / "a.tar",
        [
            member("a.jpg", b"x" * 10, uid=2**40),  # base 256
            member("b.jpg", b"y" * 600, pax_headers={"size": "600", "mtime": "1.5"}),
            member("b.txt", b"", pax_headers={"comment": "é"}),
        ],
        format=tarfile.GNU_FORMAT,
    )
    df = read(path)
    assert df["size"].tolist() == [10, 600] and not why(df)
    assert df.txt.tolist() == [pd.NA, ""]
    path = archive(tmp_path / "b.tar", [member("b.jpg", b"y" * 600, mtime=1.5),
                                        member("é" * 90 + ".jpg", b"z")])  # fmt: skip
    df = read(path)
    assert df["size"].tolist() == [600, 1] and df.id[1] == "b.tar:" + "é" * 90


def test_damaged_header_in_the_middle(tmp_path):
    for lost in ("0009.jpg", "0009.json", "0009.txt", "0000.jpg", "0019.txt"):
        path = shard(tmp_path / "a.tar")
        overwrite(path, header_of(path, lost) + 3, b"\xff")
        df = read(path)
        assert len(df) == 20 and len(kept(df)) == 19, lost
        assert df.id[df.dropped_by == "read_webdataset"].tolist() == [f"a.tar:{lost[:4]}"]
        at = df.loc[df.dropped_by.notna(), "dropped_why"].iloc[0]
        assert at.startswith("tar.header: a.tar, byte ")


def test_a_sample_of_one_member_is_a_row_of_its_own_when_it_is_lost(tmp_path):
    path = archive(tmp_path / "a.tar", [member(f"{k}.jpg", b"x" * 999) for k in range(20)])
    at = header_of(path, "7.jpg")
    overwrite(path, at + 150, b"9")
    df = read(path)
    assert len(df) == 20 and len(kept(df)) == 19
    assert df.id[7] == f"a.tar@{at}" and df.path.isna().sum() == 1
    assert "no valid header; 1536 bytes are lost" in why(df)[0]


def test_interleaved_and_in_any_order(tmp_path):
    every = [m for k in range(20) for m in sample(k)]
    expected = read(archive(tmp_path / "a.tar", every)).set_index("n")
    for order in (
        sorted(every, key=lambda m: m[0].name[5:]),  # all jpg, all json, all txt
        [every[k] for k in np.random.default_rng(1).permutation(60)],
    ):
        df = read(archive(tmp_path / "a.tar", order))
        assert len(df) == 20 and not why(df)
        for _, row in df.iterrows():
            told = expected.loc[row.n]
            assert (row.id, row.txt, row["size"]) == (told.id, told.txt, told["size"])


def test_damage_among_interleaved_members(tmp_path):
    order = sorted((m for k in range(20) for m in sample(k)), key=lambda m: m[0].name[5:])
    path = archive(tmp_path / "a.tar", order)
    overwrite(path, header_of(path, "0011.json"), b"\xff")
    df = read(path)
    assert len(df) == 20 and len(kept(df)) == 19
    assert df[df.dropped_by.notna()].id.tolist() == ["a.tar:0011"]


def test_duplicates(tmp_path):
    path = archive(tmp_path / "a.tar", [*sample(0), *sample(1), sample(0)[0], *sample(2)])
    df = read(path)
    assert kept(df).n.tolist() == [1, 2]
    assert all(reason.startswith("tar.duplicate: ") for reason in why(df)) and df.id.is_unique
    assert len(df) == 4 and "'0000.jpg' at byte 0" in why(df)[0]


def test_missing_media_links_names_and_devices(tmp_path):
    path = archive(
        tmp_path / "a.tar",
        [
            *sample(0),
            member("0001.txt", b"alone"),
            member("0002.jpg", b"", tarfile.SYMTYPE, linkname="/etc/passwd"),
            member("0002.txt", b"link"),
            member("0003.jpg", b"", tarfile.LNKTYPE, linkname="0000.jpg"),
            member("0004.jpg", b"", tarfile.CHRTYPE),
            member("../../0005.jpg", b"up"),
            member("/0006.jpg", b"root"),
            member(".hidden", b"h"),
            member("no_extension", b"n"),
            member("folder", b"", tarfile.DIRTYPE),
            member("__index__/x.json", b"meta"),
            *sample(7),
        ],
    )
    df = read(path)
    assert kept(df).n.tolist() == [0, 7]
    codes = [reason.partition(":")[0] for reason in why(df)]
    assert codes == ["tar.member", *["tar.link"] * 3, *["tar.name"] * 4]
    assert len(df) == 10 and df.id.is_unique
    assert medium(df[df.id == "a.tar:../../0005"].iloc[0]) == b"up"  # flagged, and there


def test_sparse(tmp_path):
    file = tmp_path / "0.jpg"
    with open(file, "wb") as out:
        out.truncate(1 << 20)
        out.write(b"head")
    (tmp_path / "1.jpg").write_bytes(b"plain")
    for format in ("gnu", "pax"):
        path = tmp_path / "a.tar"
        subprocess.run(["tar", f"--format={format}", "-S", "-cf", path, "-C", tmp_path,
                        "0.jpg", "1.jpg"], check=True)  # fmt: skip
        df = read(str(path))
        assert len(df) == 2 and kept(df).ext.tolist() == ["jpg"]
        assert why(df)[0].startswith("tar.sparse")


def test_truncated_at_every_block(tmp_path):
    path = shard(tmp_path / "a.tar", count=4)
    whole = Path(path).read_bytes()
    with tarfile.open(path) as tar:
        ends = [m.offset_data + m.size for m in tar.getmembers()]
    end = -(-ends[-1] // 512) * 512
    for cut in [*range(1, end, 256), *ends, end]:
        (tmp_path / "a.tar").write_bytes(whole[:cut])
        try:
            df = read(path)
        except DataError as error:  # not even one picture
            assert "no member with a known image" in str(error)
            continue
        complete = sum(cut >= ends[k] for k in (2, 5, 8, 11))
        assert complete - 1 <= len(kept(df)) <= complete + 1
        assert why(df) and all(reason.startswith(("tar.", "file.")) for reason in why(df)), cut
        assert set(kept(df).id) >= {f"a.tar:{k:04d}" for k in range(complete)}, cut


def test_truncated_samples_are_not_kept(tmp_path):
    path = shard(tmp_path / "a.tar")
    for name in ("0013.jpg", "0013.json", "0013.txt"):
        shard(tmp_path / "a.tar")
        at = header_of(path, name)
        os.truncate(path, at + 513)  # within the content
        df = read(path)
        assert kept(df).n.tolist() == list(range(13)) and len(df) == 14
        assert why(df)[0].startswith("tar.truncated: a.tar, byte ")
        shard(tmp_path / "a.tar")
        os.truncate(path, at)  # before the header: the sample lacks it
        df = read(path)
        assert len(kept(df)) == 13 and why(df)[-1].startswith("tar.truncated")


def test_end_marker(tmp_path):
    path = shard(tmp_path / "a.tar", count=3)
    whole = Path(path).read_bytes()
    other = shard(tmp_path / "b.tar", count=3)
    with open(path, "wb") as out:
        out.write(whole)
        out.write(Path(other).read_bytes().replace(b"000", b"100"))
    # The names changed, so headers behind the marker do not add up: all that is told.
    assert len(kept(read(path))) == 3 and why(read(path))
    archive(other, [m for k in range(3, 6) for m in sample(k)])
    with open(path, "wb") as out:
        out.write(whole + Path(other).read_bytes())
    df = read(path)
    assert df.n.tolist() == list(range(6)) and not why(df)
    with open(path, "wb") as out:
        out.write(whole + b"junk" * 300)
    df = read(path)
    assert len(kept(df)) == 3 and "no valid header; 1200 bytes" in why(df)[0]


def test_a_hole_between_members_is_told(tmp_path):
    path = shard(tmp_path / "a.tar")
    start, stop = header_of(path, "0005.json"), header_of(path, "0008.json")
    overwrite(path, start, bytes(stop - start))
    df = read(path)
    assert set(kept(df).n) == set(range(20)) - {5, 6, 7, 8}
    assert all(reason.startswith("tar.header") for reason in why(df)) and len(why(df)) == 2


def test_no_archives(tmp_path):
    shard(tmp_path / "good.tar", count=2)
    (tmp_path / "empty.tar").write_bytes(b"")
    (tmp_path / "zeros.tar").write_bytes(bytes(10240))
    (tmp_path / "html.tar").write_text("<html>404</html>" * 100)
    (tmp_path / "gzip.tar").write_bytes(b"\x1f\x8b\x08" + bytes(100))
    (tmp_path / "random.tar").write_bytes(np.random.default_rng(0).bytes(100_000))
    df = read(str(tmp_path))
    assert len(kept(df)) == 2 and len(df) == 6
    named, told = df.id.str.partition(".")[0], df.dropped_why.fillna("").str.partition(":")[0]
    codes = dict(zip(named, told, strict=True))
    assert codes == {"empty": "tar.truncated", "html": "file.corrupt", "gzip": "file.corrupt",
                     "random": "file.corrupt", "good": ""}  # fmt: skip
    with pytest.raises(DataError, match=r"tar\.truncated: empty\.tar"):
        read(str(tmp_path), errors="raise")


def test_compressed_archives_are_refused(tmp_path):
    path = shard(tmp_path / "a.tar", count=2)
    subprocess.run(["gzip", path], check=True)
    with pytest.raises(DataError, match="compressed, and nothing can point into it; unpack"):
        tamis.read_webdataset(path + ".gz")


def test_json_members(tmp_path):
    path = archive(
        tmp_path / "a.tar",
        [
            member("0.jpg", b"x"),
            member("0.json", b'{\n "n": 1,\r\n "s": "a\\nb", "path": "p"}\n'),
            member("1.jpg", b"x"), member("1.json", b'{"n": 2, "s": "bro\nken"}'),
            member("2.jpg", b"x"), member("2.json", b""),
            member("3.jpg", b"x"), member("3.json", b'{"n": "three"}'),
            member("4.jpg", b"x"), member("4.json", b"[1]"),
            member("5.jpg", b"x"),
            member("6.jpg", b"x"), member("6.json", b'{"n": 7, "s": null, "path": "\xc3\xa9"}'),
        ],
    )  # fmt: skip
    df = read(path)
    assert df.n.tolist() == [1, pd.NA, pd.NA, pd.NA, pd.NA, pd.NA, 7]
    assert df.s[0] == "a\nb" and df.json_path[6] == "é" and (df.path == path).all()
    codes = [None if pd.isna(w) else w.partition(":")[0] for w in df.dropped_why]
    assert codes == [
        None,
        "json.syntax",
        "json.syntax",
        "schema.type",
        "json.not_object",
        None,
        None,
    ]


def test_text_that_is_not_utf8_or_too_long(tmp_path):
    path = archive(
        tmp_path / "a.tar",
        [
            member("0.jpg", b"x"), member("0.txt", b"\xff\xfe"),
            member("1.jpg", b"x"), member("1.txt", b"y" * 5000),
            member("2.jpg", b"x"), member("2.txt", b"fine"),
        ],
    )  # fmt: skip
    df = read(path, max_size=1000)
    assert df.txt.tolist() == [pd.NA, pd.NA, "fine"] and df.offset.notna().all()
    assert [w.partition(":")[0] for w in why(df)] == ["text.utf8", "text.too_long"]


def test_several_media(tmp_path):
    path = archive(
        tmp_path / "a.tar",
        [
            member("0.png", b"png0"), member("0.jpg", b"jpg0"), member("0.cls", b"3"),
            member("1.png", b"png1"), member("1.cls", b"4"), member("1.npy", b"array"),
            member("2.JPG", b"jpg2"), member("2.pickle", b"cos\nsystem\n(S'false'\ntR."),
        ],
    )  # fmt: skip
    df = read(path)
    assert df.ext.tolist() == ["jpg", "png", "jpg"] and df.cls.tolist() == ["3", "4", pd.NA]
    assert [medium(row) for _, row in df.iterrows()] == [b"jpg0", b"png1", b"jpg2"]
    assert df.png_size.tolist() == [4, pd.NA, pd.NA] and df.npy_size.tolist() == [pd.NA, 5, pd.NA]
    assert df.pickle_offset.notna().tolist() == [False, False, True]  # a pointer, never run
    only = read(path, media="png")
    assert kept(only).ext.tolist() == ["png", "png"] and only.jpg_size.tolist() == [4, pd.NA, 4]
    texts = read(path, media=())
    assert "path" not in texts and texts.jpg_size.tolist() == [4, pd.NA, 4] and not why(texts)


def test_columns_and_ids(tmp_path):
    path = archive(tmp_path / "a.tar", [m for k in range(3) for m in sample(k, id=100 + k)])
    assert read(path).id.tolist() == ["100", "101", "102"]
    assert read(path, id="key").id.tolist() == ["0000", "0001", "0002"]
    assert read(path, id="key").json_id.tolist() == [100, 101, 102]
    plain = shard(tmp_path / "b.tar", count=2)
    assert read(plain, id="txt").id.tolist() == ["picture 0", "picture 1"]
    assert read(plain, id="n").id.tolist() == ["0", "1"]
    df = tamis.read_webdataset(path, columns=["offset", "txt"])
    assert list(df.columns) == ["id", "offset", "txt", "dropped_by", "dropped_why"]
    assert list(df.compute().columns) == list(df.columns)
    with pytest.raises(ColumnError, match="no column 'title' \\(have: path, offset"):
        tamis.read_webdataset(path, columns=["title"])


def test_members_that_come_late(tmp_path):
    for k in range(3):
        archive(tmp_path / f"{k}.tar", sample(k))
    archive(tmp_path / "3.tar", [*sample(3), member("0003.npy", b"")])
    df = read(str(tmp_path), sample_files=1)
    assert len(kept(df)) == 3 and "the member .npy has no column" in why(df)[0]
    assert not why(read(str(tmp_path), sample_files=1, unknown="ignore"))
    assert not why(read(str(tmp_path)))


def test_partitions_do_not_matter(tmp_path):
    rng = np.random.default_rng(3)
    every = [m for k in range(60) for m in sample(k)]
    for name, order in (("a", every), ("b", [every[k] for k in rng.permutation(180)])):
        archive(tmp_path / f"{name}.tar", order)
    whole = tamis.read_webdataset(str(tmp_path))
    cut = tamis.read_webdataset(str(tmp_path), block_size=20_000)
    assert whole.npartitions == 1 and cut.npartitions > 8
    pd.testing.assert_frame_equal(whole.compute().reset_index(drop=True),
                                  cut.compute().reset_index(drop=True))  # fmt: skip
    assert [len(p) for p in cut.partitions].count(0) == 0


def test_remote(tmp_path):
    fsspec = pytest.importorskip("fsspec")
    path = shard(tmp_path / "a.tar", count=30)
    overwrite(path, header_of(path, "0009.json"), b"\xff")
    memory = fsspec.filesystem("memory")
    memory.pipe("/tars/a.tar", Path(path).read_bytes())
    here, there = read(path), read("memory://tars/a.tar")
    assert (there.path.dropna() == "memory:///tars/a.tar").all()
    pd.testing.assert_frame_equal(here.drop(columns="path"), there.drop(columns="path"))


def test_small_windows(tmp_path, monkeypatch):
    """What a remote archive goes through: headers and damage across the ends of windows."""

    path = shard(tmp_path / "a.tar", count=9)
    overwrite(path, header_of(path, "0003.json"), b"\xff" * 512)
    file = find_files(path, (".tar",))[0]
    whole = members(Ranges(file))
    for size in (512, 700, 1024, 5000):
        source = Ranges(file)
        real = source.window
        monkeypatch.setattr(source, "window", lambda at, n=size, real=real: real(at)[:n])
        found = members(source)
        for name in ("header", "offset", "size", "names", "ends"):
            assert np.array_equal(getattr(found, name), getattr(whole, name)), (size, name)
        assert found.damages == whole.damages


names = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "dir/a", "ü", "x" * 120, "a b", "dir.with.dots/k"]),
        st.sampled_from(["jpg", "JPG", "png", "txt", "json", "seg.png", "x.y.z"]),
    ),
    unique_by=lambda pair: (pair[0], pair[1].lower()),
    max_size=20,
)


@settings(max_examples=60)
@given(
    pairs=names,
    sizes=st.lists(st.integers(0, 1500), min_size=20, max_size=20),
    format=st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
)
def test_any_members(tmp_path_factory, pairs, sizes, format):
    path = tmp_path_factory.mktemp("any") / "a.tar"
    contents = {}
    for (key, end), size in zip(pairs, sizes, strict=False):
        data = b'{"n": 1}' if end == "json" else b"t" * size
        contents.setdefault(key, {})[end.lower()] = data
    archive(path, [member(f"{k}.{e}", contents[k][e.lower()]) for k, e in pairs], format)
    try:
        df = read(str(path))
    except DataError as error:
        assert "no member with a known image" in str(error)
        assert not any(e.endswith(("jpg", "png")) for c in contents.values() for e in c)
        return
    assert sorted(df.id) == sorted(f"a.tar:{key}" for key in contents)
    for _, row in df.iterrows():
        found = contents[row.id.partition(":")[2]]
        first = next((e for e in ("jpg", "png", "seg.png") if e in found), None)
        assert pd.isna(row.dropped_by) == (first is not None)
        if first:
            assert row.ext == first and medium(row) == found[first]
        if "txt" in found:
            assert row.txt.encode() == found["txt"]


def test_three_thousand_flips(tmp_path):
    """Nothing but the sample whose header was hit is lost, and never without a word."""
    path = shard(tmp_path / "a.tar", count=12)
    clean = Path(path).read_bytes()
    with tarfile.open(path) as tar:
        spans = [(m.offset, m.offset_data, m.name) for m in tar.getmembers()]
    marker = spans[-1][1] + 512
    source = Ranges(find_files(path, (".tar",))[0])
    good = placed(samples(members(source)))
    rng = np.random.default_rng(7)
    for _ in range(3000):
        raw = bytearray(clean)
        at = int(rng.integers(marker))
        if rng.random() < 0.7:  # mostly headers
            at = spans[rng.integers(len(spans))][0] + int(rng.integers(512))
        raw[at] ^= int(rng.integers(1, 256))
        source._data = np.frombuffer(bytes(raw), np.uint8)
        found = samples(members(source))
        rows = placed(found)
        hit = {n[:4] for start, data, n in spans if start <= at < data}
        sums = any(start + 148 <= at < start + 156 for start, _, _ in spans)
        lost = {rows[row][0] for row in found.problems}
        assert lost == hit or (sums and not lost), (at, found.problems)
        assert len(found) == 12 and all(bad.code == "tar.header" for bad in found.problems.values())
        fine = [row for k, row in enumerate(rows) if k not in found.problems]
        assert all(row in good for row in fine)


def placed(found):
    """Key, and offset and size of each member by extension, of each row."""
    rows = []
    for row in range(len(found)):
        start = found.id_start[row]
        key = found.names[start : start + found.id_length[row]].tobytes().decode()
        where = {
            end: (int(found.members.offset[k]), int(found.members.size[k]))
            for end, k in zip(found.extensions, found.table[:, row], strict=True)
            if k >= 0
        }
        rows.append((key, where))
    return rows


def _layout_of(path):

    files = find_files(path, (".tar",))
    seen = look(files, None, TEXTS, (), 8, 10**6, None)
    layout, known = layout_of(seen, None, TEXTS, (), None, False, 10**6)
    types = quarantine_types({"id": TEXT, **known}, "quarantine")
    return layout.keeping(list(known), None, keys=False), Types(tuple(types.items()))


@settings(max_examples=40)
@given(flips=st.lists(st.tuples(st.integers(0, 40_000), st.integers(1, 255)), max_size=40))
def test_many_flips_never_fail(tmp_path_factory, flips):
    path = shard(tmp_path_factory.mktemp("flips") / "a.tar", count=8)
    layout, types = _layout_of(path)

    raw = bytearray(Path(path).read_bytes())
    for at, bits in flips:
        raw[at % len(raw)] ^= bits
    Path(path).write_bytes(raw)
    file = find_files(path, (".tar",))[0]
    df = read_work(Work((Piece(file, 0, 1),)), types=types, layout=layout, raising=False,
                   storage_options={})  # fmt: skip
    assert len(df) and df.id.is_unique
    rows = df[df.offset.notna() & df.dropped_by.isna()]
    assert (rows.offset + rows["size"] <= len(raw)).all()


def test_names_with_dots_are_told(tmp_path):
    path = archive(tmp_path / "a.tar", [member(f"run.{k}.jpg", b"x") for k in range(300)])
    with pytest.raises(DataError, match="ends at the first dot of a name"):
        tamis.read_webdataset(path)


def test_damage_among_samples_of_many_kinds(tmp_path):
    rng = np.random.default_rng(2)
    ends = ["jpg", *(f"e{k}" for k in range(12))]
    every = [
        member(f"{k:04d}.{end}", b"")
        for k in range(400)
        for end in ends
        if end == "jpg" or rng.random() < 0.5
    ]
    path = archive(tmp_path / "a.tar", every)
    overwrite(path, header_of(path, "0200.jpg"), b"\xff")
    df = read(path)
    assert {reason.partition(":")[0] for reason in why(df)} == {"tar.header", "tar.member"}
    assert len(kept(df)) == 399
