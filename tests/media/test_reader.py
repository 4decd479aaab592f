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


@given(st.binary(max_size=80), st.integers(1, 50), CALLS, st.booleans())
def test_reads_as_a_file(data, block, calls, held):
    content = data if held else Pieces(len(data), lambda a, b: data[a:b])
    ours, theirs = Reader(content, block), io.BytesIO(data)
    for name, number in calls:
        assert getattr(ours, name)(number) == getattr(theirs, name)(number)
    assert ours.tell() == theirs.tell()
    assert ours.seek(-1, 1) == max(0, theirs.tell() - 1) and ours.seek(0, 2) == len(data)


def test_what_cannot_be_read_is_told_later():
    def read(a, b):
        raise BadRecord("media.unreadable", "gone")

    file = Reader(Pieces(10, read))
    assert file.read(4) == b""
    with pytest.raises(BadRecord, match="gone"):
        file.check()
    with pytest.raises(BadRecord, match="gone"):
        file.exactly(0, 3)
