"""Documents in tar archives as others write them: members gathered, whatever their number."""

import io
import json
import tarfile

import pytest

import tamis
from tamis import Cut, interleaved
from tamis.errors import ColumnError, SettingError


def write(path, members):
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def document(**columns):
    return json.dumps(columns).encode()


def rows_of(path, on=None, **settings):
    frame = tamis.read_webdataset(str(path), members=True, **settings)
    return Cut(interleaved.elements, on=on).explain(frame).compute(scheduler="sync")


def bytes_of(rows):
    found = {}
    for row in rows[rows["modality"] == "image"].itertuples():
        if row.offset is not None and row.offset == row.offset and row.path:
            with open(row.path, "rb") as file:
                found[row.id] = file.read()[row.offset : row.offset + row.size]
    return found


def test_members_by_name_and_by_number(tmp_path):
    write(
        tmp_path / "a.tar",
        [
            ("x/one.2.jpg", b"second"),  # members of a sample may stand anywhere
            ("x/two.0.png", b"none yet"),
            ("x/one.json", document(texts=["t", None, None, "u"],
                                    images=[None, "x/one.cover.PNG", "2.jpg", None], url="u1")),
            ("x/one.cover.png", b"first"),
            ("x/two.json", document(texts=[None, "t", None], url="u2")),
            ("x/two.2.jpg", b"last"),
            ("x/three.json", document(texts=["only"], images=[None], url=None)),
        ],
    )  # fmt: skip
    found = rows_of(tmp_path / "a.tar", id="key")
    assert found["id"].tolist() == [
        "x/one/1", "x/one/2", "x/one/3", "x/one/4", "x/two/1", "x/two/2", "x/two/3", "x/three/1"
    ]  # fmt: skip
    assert bytes_of(found) == {
        "x/one/2": b"first", "x/one/3": b"second", "x/two/1": b"none yet", "x/two/3": b"last"
    }  # fmt: skip
    assert found["url"].tolist()[:5] == ["u1"] * 4 + ["u2"]


def test_an_archive_that_ends_early_and_one_of_many_members(tmp_path):
    many = [(f"big.{k}.jpg", b"%d" % k) for k in range(300)]
    texts = [None] * 300
    write(tmp_path / "many.tar", [("big.json", document(texts=texts)), *many])
    found = rows_of(tmp_path / "many.tar", on={"images": "members"}, id="key")
    assert bytes_of(found) == {f"big/{k + 1}": b"%d" % k for k in range(300)}
    members = [("a.json", document(texts=[None])), ("a.0.jpg", b"x" * 2000)]
    write(tmp_path / "cut.tar", members)
    data = (tmp_path / "cut.tar").read_bytes()
    (tmp_path / "cut.tar").write_bytes(data[: 512 * 3 + 700])
    found = rows_of(tmp_path / "cut.tar", on={"images": "members"})
    assert found["dropped_why"].str.partition(":")[0].tolist() == ["tar.truncated"]
    assert found["modality"].isna().all()


def test_what_cannot_be_asked(tmp_path):
    write(tmp_path / "a.tar", [("a.json", document(texts=["t"])), ("a.0.jpg", b"x")])
    with pytest.raises(SettingError, match="members=True"):
        tamis.read_webdataset(str(tmp_path / "a.tar"), members=True, media="jpg")
    frame = tamis.read_webdataset(str(tmp_path / "a.tar"), members=True)
    with pytest.raises(ColumnError, match="'images'"):
        Cut(interleaved.elements)(frame)
