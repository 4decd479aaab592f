"""Copies of bytes for another process."""

import gc
from pathlib import Path

import pandas as pd

from tamis.media import places
from tamis.media.places import placed, reader
from tamis.media.pointers import media


def test_a_copy_is_kept_and_goes_with_the_rows(monkeypatch):
    rows = media(pd.Series([b"abc", b"defgh"]))
    with placed(rows, 0) as first:
        assert reader(**first).read() == b"abc"
    with placed(rows, 0) as again:
        assert again == first
    monkeypatch.setattr(places, "KEPT", 7)
    with placed(rows, 1) as second:
        assert reader(**second).read() == b"defgh"
    assert Path(first["path"]).exists() and not Path(second["path"]).exists()
    del rows
    gc.collect()
    assert not Path(first["path"]).exists()


def test_a_local_file_stays_where_it_is(tmp_path):
    (tmp_path / "x").write_bytes(b"0123456789")
    whole = media(pd.Series([str(tmp_path / "x")], dtype="str"))
    with placed(whole, 0) as place:
        assert place["path"] == str(tmp_path / "x") and reader(**place).read() == b"0123456789"
    part = media(whole_path(tmp_path), pd.Series([2]), pd.Series([3]))
    with placed(part, 0) as place:
        assert reader(**place).read() == b"234"


def whole_path(folder):
    return pd.Series([str(folder / "x")], dtype="str")
