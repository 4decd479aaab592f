"""Dumps and documents as the command line is given them."""

import bz2
import json

import pytest

from tamis.cli.inputs import kind_of, open_input
from tamis.errors import DataError, SettingError

DUMP = (
    "<mediawiki><page><title>A</title><ns>0</ns><id>1</id><revision><text>One [[two]].</text>"
    "</revision></page></mediawiki>"
)


def test_kinds(tmp_path):
    names = {
        "d/enwiki-pages-articles1.xml-p1p9.bz2": "wikipedia", "e/x.xml": "wikipedia",
        "f/x.xml.gz": "wikipedia", "g/paper.PDF": "pdf",
    }  # fmt: skip
    for name, kind in names.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"")
        assert kind_of([str(tmp_path / name)]) == kind
        assert kind_of([str((tmp_path / name).parent)]) == kind
    (tmp_path / "g/rows.jsonl").write_text(json.dumps({"text": "x"}))
    (tmp_path / "g/notes.xml").write_text("<x/>")
    several = r"several kinds: jsonl .1, .*rows.jsonl., pdf .1, .*PDF., wikipedia .1, .*notes.xml."
    with pytest.raises(DataError, match=several):
        kind_of([str(tmp_path / "g")])
    (tmp_path / "d/enwiki-multistream-index1.txt-p1p9.bz2").write_bytes(b"")
    assert kind_of([str(tmp_path / "d")]) == "wikipedia"
    (tmp_path / "d/sha1sums.txt").write_bytes(b"")
    with pytest.raises(DataError, match=r"several kinds: text .1, .*wikipedia"):
        kind_of([str(tmp_path / "d")])
    with pytest.raises(DataError, match="one kind of input at a time"):
        kind_of([str(tmp_path / "g/paper.PDF"), str(tmp_path / "g/rows.jsonl")])


@pytest.mark.parametrize(
    "names",
    [
        ("a.pdf", "b.html"), ("a.pdf", "b.jsonl"), ("a.pdf", "b.txt"), ("a.xml", "b.pdf"),
        ("a.xml", "b.jsonl"), ("a.warc.gz", "b.html"), ("a.jpg", "b.html"), ("a.jpg", "b.xml"),
        ("a.jpg", "a.pdf"),
    ],
)  # fmt: skip
def test_no_kind_in_a_folder_is_left_out(tmp_path, names):
    for name in names:
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(DataError, match="several kinds") as told:
        kind_of([str(tmp_path)])
    assert all(name in str(told.value) for name in names)


def test_annotations_of_pictures_are_no_dumps(tmp_path):
    for name in ("JPEGImages/1.jpg", "JPEGImages/2.jpg", "Annotations/1.xml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert kind_of([str(tmp_path)]) == "files"


def test_a_dump_is_opened(tmp_path):
    pytest.importorskip("mwparserfromhell")
    (tmp_path / "enwiki-1-pages.xml.bz2").write_bytes(bz2.compress(DUMP.encode()))
    frame = open_input([str(tmp_path)]).compute(scheduler="sync")
    assert (frame.id[0], frame.text[0]) == ("enwiki:1", "One two.")
    with pytest.raises(SettingError, match="dumps of wikis have no columns"):
        open_input([str(tmp_path)], "title")
