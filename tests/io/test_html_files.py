"""Folders of web pages."""

import gzip

import pytest

import tamis


def test_a_folder_of_pages_in_several_encodings(tmp_path):
    said = "Съешь же ещё этих мягких французских булок. " * 9
    (tmp_path / "sub").mkdir()
    pages = {
        "a.html": b"<p>plain</p>",
        "b.htm": f"<meta charset=koi8-r><p>{said}".encode("koi8-r"),
        "c.html": f"<p>{said}".encode("cp1251"),
        "sub/d.xhtml": "<p>日本</p>".encode("utf-16"),
        "sub/e.html.gz": gzip.compress("<p>é</p>".encode()),
        "f.txt": b"no page",
    }
    for name, data in pages.items():
        (tmp_path / name).write_bytes(data)
    found = tamis.read_html(str(tmp_path)).compute(scheduler="sync")
    assert found.id.tolist() == ["a.html", "b.htm", "c.html", "sub/d.xhtml", "sub/e.html.gz"]
    assert found.encoding.tolist() == ["utf-8", "koi8-r", "cp1251", "utf-16-le", "utf-8"]
    assert found.html.tolist() == [
        "<p>plain</p>", f"<meta charset=koi8-r><p>{said}", f"<p>{said}", "<p>日本</p>", "<p>é</p>",
    ]  # fmt: skip
    assert found.path.tolist() == [str(tmp_path / name) for name in found.id]
    assert found.dropped_why.isna().all()


def test_pages_that_cannot_be_read_say_why(tmp_path):
    (tmp_path / "a.html").write_bytes(b"x" * 2000)
    (tmp_path / "b.html").write_bytes(b"<p>good</p>")
    (tmp_path / "c.html").write_bytes(gzip.compress(b"packed, and not named so"))
    (tmp_path / "d.html.gz").write_bytes(gzip.compress(b"<p>cut off</p>")[:-9])
    found = tamis.read_html(str(tmp_path), max_size=1000).compute(scheduler="sync")
    codes = found.dropped_why.str.partition(":")[0]
    assert codes.fillna("").tolist() == ["text.too_long", "", "file.corrupt", "file.truncated"]
    assert found.html.notna().tolist() == [False, True, False, False]
    with pytest.raises(tamis.TamisError, match=r"text\.too_long: a\.html"):
        tamis.read_html(str(tmp_path), max_size=1000, errors="raise").compute(scheduler="sync")
