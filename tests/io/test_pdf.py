"""Text of PDF files, as another library reads it, and files that have none or are spoilt."""

import io

import numpy as np
import pandas as pd
import pytest
from pdf_files import pdf

from damage import damaged
from tamis.codes import CODES
from tamis.errors import DataError, SettingError
from tamis.io.pdf import read_pdf

pytest.importorskip("pypdfium2")
pypdf = pytest.importorskip("pypdf")

PAGES = [["Café (one)", "second line"], [], ["last \\ page"]]


def encrypted(data, owner_only=False):
    writer = pypdf.PdfWriter(clone_from=pypdf.PdfReader(io.BytesIO(data)))
    writer.encrypt("" if owner_only else "secret", "owner", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def read(path, **settings):
    lazy = read_pdf(path, **settings)
    frame = lazy.compute(scheduler="sync").reset_index(drop=True)
    assert frame.dtypes.equals(lazy.dtypes)
    return frame


def codes(frame):
    return [None if pd.isna(why) else why.partition(":")[0] for why in frame.dropped_why]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pdf")
    whole = pdf(PAGES, title="A title")
    picture = pdf([b"q 100 0 0 100 72 600 cm 0 0 1 1 re f Q"])
    files = {
        "a.pdf": whole, "b/locked.pdf": encrypted(whole), "b/open.pdf": encrypted(whole, True),
        "c.pdf": picture, "d.pdf": b"no PDF", "e.pdf": b"", "f.pdf": b"%PDF-1.4\nnothing",
        "g.pdf": pdf([["x"]] * 12), "h.pdf": whole + b" " * 100_000,
    }  # fmt: skip
    (folder / "b").mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def test_files(folder):
    frame = read(folder, max_pages=10, max_size=90_000).set_index("id")
    assert frame.loc["a.pdf", ["text", "title", "pages"]].tolist() == [
        "Café (one)\nsecond line\n\n\n\nlast \\ page", "A title", 3
    ]  # fmt: skip
    other = pypdf.PdfReader(folder / "a.pdf")
    assert frame.text["a.pdf"].split() == " ".join(p.extract_text() for p in other.pages).split()
    assert frame.text["b/open.pdf"] == frame.text["a.pdf"]
    assert frame.path["b/open.pdf"] == str(folder / "b" / "open.pdf")
    assert dict(zip(frame.index, codes(frame), strict=True)) == {
        "a.pdf": None, "b/locked.pdf": "pdf.encrypted", "b/open.pdf": None, "c.pdf": "pdf.no_text",
        "d.pdf": "decode.format", "e.pdf": "media.empty", "f.pdf": "decode.truncated",
        "g.pdf": "pdf.too_long", "h.pdf": "media.too_long",
    }  # fmt: skip
    with pytest.raises(DataError, match=r"pdf\.encrypted: locked\.pdf"):
        read(folder / "b/locked.pdf", errors="raise")


def test_pages(folder):
    frame = read([folder / "a.pdf", folder / "c.pdf"], rows="page")
    assert frame.id.tolist() == ["a.pdf/1", "a.pdf/2", "a.pdf/3", "c.pdf"]
    assert frame.parent_id.tolist()[:3] == ["a.pdf"] * 3 and frame.page.tolist()[:3] == [1, 2, 3]
    assert frame.text.tolist()[:3] == ["Café (one)\nsecond line", "", "last \\ page"]
    assert codes(frame) == [None, None, None, "pdf.no_text"]


def test_partitions_do_not_matter(folder):
    one, many = read_pdf(folder), read_pdf(folder, files_per_partition=1)
    assert (one.npartitions, many.npartitions) == (1, 9)
    whole = one.compute(scheduler="sync").reset_index(drop=True)
    assert many.compute(scheduler="sync").reset_index(drop=True).equals(whole)


def test_fuzz(tmp_path):
    whole, rng = pdf(PAGES * 5, title="t"), np.random.default_rng(4)
    for number in range(200):
        (tmp_path / f"{number}.pdf").write_bytes(damaged(whole, rng))
    frame = read(tmp_path)
    assert frame.id.tolist() == [f"{n}.pdf" for n in range(200)]
    assert all(code is None or code in CODES for code in codes(frame))
    assert (frame.text.notna() == frame.dropped_by.isna()).all()


def test_settings(folder):
    for wrong in ({"rows": "line"}, {"max_pages": 0}, {"timeout": -1}, {"separator": 1}):
        with pytest.raises(SettingError):
            read_pdf(folder, **wrong)
