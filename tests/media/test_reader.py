"""Readers against `io.BytesIO`."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamis.codes import BadRecord
from tamis.media.pieces import Pieces
from tamis.media.reader import Reader

CALLS = st.lists(
    st.tuples(st.just("read"), st.integers(-1, 40)) | st.tuples(st.just("seek"), st.integers(0, 90))
)


@given(st.binary(max_size=80), st.integers(1, 50), st.none() | st.integers(1, 60), CALLS,
       st.booleans())  # fmt: skip
def test_reads_as_a_file(data, block, first, calls, held):
    content = data if held else Pieces(len(data), lambda a, b: data[a:b])
    ours, theirs = Reader(content, block, first), io.BytesIO(data)
    for name, number in calls:
        assert getattr(ours, name)(number) == getattr(theirs, name)(number)
    assert ours.tell() == theirs.tell()
    assert ours.seek(-1, 1) == max(0, theirs.tell() - 1) and ours.seek(0, 2) == len(data)


def test_a_header_is_read_first_and_then_blocks():
    asked = []
    content = Pieces(1000, lambda a, b: asked.append((a, b)) or bytes(b - a))
    file = Reader(content, 100, 10)
    for start, stop in ((0, 4), (4, 8), (8, 20), (20, 24), (150, 260), (300, 320), (310, 390)):
        assert len(file.exactly(start, stop)) == stop - start
    assert asked == [(0, 10), (8, 108), (150, 260), (300, 400)]


def test_what_cannot_be_read_is_told_later():
    def read(a, b):
        raise BadRecord("media.unreadable", "gone")

    file = Reader(Pieces(10, read))
    assert file.read(4) == b""
    with pytest.raises(BadRecord, match="gone"):
        file.check()
    with pytest.raises(BadRecord, match="gone"):
        file.exactly(0, 3)
