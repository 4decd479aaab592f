"""Aligned files as rows, however they are cut, and what is wrong with them."""

import gzip

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tamis
from tamis.errors import DataError, SettingError

LINES = st.lists(st.text(alphabet="ab é中\r", max_size=9), max_size=30)
END = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def lines_of(content):
    lines = content.split("\n")
    lines = lines[:-1] if lines[-1] == "" else lines
    return [line.removesuffix("\r") for line in lines]


@END
@given(LINES, st.data(), st.sampled_from(["", "\n"]), st.integers(1, 200))
def test_lines_stay_side_by_side(tmp_path_factory, lines, data, end, block):
    others = [data.draw(st.text(alphabet="xy\u0301 ", max_size=9)) for _ in lines]
    folder = tmp_path_factory.mktemp("pair")
    texts = ["\n".join(lines) + end * bool(lines), "\n".join(others) + end * bool(lines)]
    wanted = [lines_of(text) for text in texts]
    if len(wanted[0]) != len(wanted[1]):  # a last line of nothing
        return
    for name, text in zip(("en", "de"), texts, strict=True):
        (folder / name).write_bytes(text.encode())
    frame = tamis.read_bitext(str(folder / "en"), str(folder / "de"), block_size=block)
    rows = frame.compute(scheduler="sync")
    assert rows["source"].tolist() == wanted[0] and rows["target"].tolist() == wanted[1]
    assert rows["id"].tolist() == [f"en:{k}" for k in range(len(rows))]
    assert rows["dropped_by"].isna().all()


def test_many_partitions_and_packed_files(tmp_path):
    lines = [f"line {k} é" for k in range(5000)]
    content = "\n".join(lines).encode()
    for name in ("a.en", "a.de"):
        (tmp_path / name).write_bytes(content)
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content))
    plain = tamis.read_bitext(str(tmp_path / "a.en"), str(tmp_path / "a.de"), block_size="10KB")
    assert plain.npartitions > 10
    assert plain.compute(scheduler="sync")["target"].tolist() == lines
    packed = tamis.read_bitext(str(tmp_path / "a.en.gz"), str(tmp_path / "a.de"))
    assert packed.npartitions == 1 and packed.compute()["source"].tolist() == lines


def test_what_is_wrong(tmp_path):
    (tmp_path / "a").write_bytes(b"one\n\xff\xfe\nthree\n")
    (tmp_path / "b").write_bytes(b"eins\nzwei\ndrei\n")
    (tmp_path / "c").write_bytes(b"eins\nzwei\n")
    (tmp_path / "c.gz").write_bytes(gzip.compress(b"eins\nzwei\n"))
    a, b, c = (str(tmp_path / name) for name in "abc")
    rows = tamis.read_bitext(a, b).compute()
    assert rows["dropped_by"].notna().tolist() == [False, True, False]
    assert rows["dropped_why"][1].startswith("text.utf8") and rows["target"][1] == "zwei"
    with pytest.raises(DataError, match=r"text\.utf8"):
        tamis.read_bitext(a, b, errors="raise").compute()
    with pytest.raises(DataError, match="a has 3 lines and c 2"):
        tamis.read_bitext(a, c)
    with pytest.raises(DataError, match=r"a has 3 lines and c\.gz 2"):
        tamis.read_bitext(a, c + ".gz").compute()
    with pytest.raises(SettingError, match="needs its other side"):
        tamis.read_bitext([a, b], c)
    (tmp_path / "d.gz").write_bytes(gzip.compress(b"eins\nzwei\n")[:-9])
    cut = r"d\.gz cannot be read: file\.truncated: the compressed data end early$"
    with pytest.raises(DataError, match=cut):
        tamis.read_bitext(str(tmp_path / "d.gz"), c).compute()
    with pytest.raises(DataError, match="is a folder: name its files"):
        tamis.read_bitext(str(tmp_path), c)
