"""Windows over a stream, beside slices of the whole."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tamis.audio.overlapping import windows


@given(st.lists(st.integers(0, 30), max_size=12), st.integers(1, 25), st.data())
def test_windows_are_slices(blocks, size, data):
    step = data.draw(st.integers(1, size))
    whole = np.arange(sum(blocks))
    parts = np.split(whole, np.cumsum(blocks)[:-1]) if blocks else []
    expected = []
    at = 0
    while at == 0 or at - step + size < len(whole):
        if len(whole):
            expected.append((at, whole[at : at + size].tolist()))
        at += step
    assert [(at, part.tolist()) for at, part in windows(parts, size, step)] == expected
