"""Values pass between processes unchanged; hostile bytes are refused and do nothing."""

import contextlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tamis.codes import BadRecord
from tamis.media.sandbox_wire import Nonsense, pack, unpack

plain = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
    | st.binary()
)  # fmt: skip
keys = st.text() | st.integers() | st.none()
values = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(keys, inner)
        | st.lists(inner).map(tuple)
        | st.lists(inner).map(tuple).map(lambda t: (t,))
    ),
    max_leaves=20,
)


def trusted(module):
    return module.startswith("tamis.")


@given(values)
def test_plain_values_round_trip(value):
    assert unpack(*pack(value), trusted) == value
    assert repr(unpack(*pack(value), trusted)) == repr(value)  # True is not 1


@given(arrays.arrays(
    arrays.boolean_dtypes() | arrays.integer_dtypes(endianness="?")
    | arrays.floating_dtypes(endianness="?") | arrays.complex_number_dtypes(),
    arrays.array_shapes(min_dims=0, min_side=0),
))  # fmt: skip
def test_arrays_round_trip(array):
    for given_array in (array, array.T, array[..., ::-1] if array.ndim else array):
        back = unpack(*pack(given_array), trusted)
        np.testing.assert_array_equal(back, given_array)
        assert back.dtype == given_array.dtype and back.shape == given_array.shape


@given(st.binary() | st.recursive(
    plain.filter(lambda v: not isinstance(v, bytes)) | st.sampled_from(["abdgtlnvks", "<f8", "O"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(list("abdgtlnvks")), inner),
).map(lambda v: json.dumps(v).encode()))  # fmt: skip
def test_hostile_text_is_refused_or_plain(text):
    with contextlib.suppress(Nonsense):
        unpack(text, [b"12345678", b""], trusted)


@pytest.mark.parametrize(
    "part",
    [
        {"n": ["os", "stat_result"], "v": []},
        {"n": ["tamis.codes", "reason"], "v": ["a", "b", "c"]},
        {"n": ["tamis.codes", "BadRecord"], "v": ["a", "b"]},
        {"n": ["tamis.io.store", "os.system"], "v": ["true"]},
        {"a": 0, "k": "|O", "s": [1]},
        {"a": 0, "k": "<f8", "s": [-1]},
        {"a": 0, "k": "<f8", "s": [1 << 70, 0]},
        {"a": 0, "k": "<f8", "s": [2]},
        {"a": 5, "k": "<f8", "s": [1]},
        {},
        [],
    ],
)
def test_what_is_refused(part):
    with pytest.raises(Nonsense):
        unpack(json.dumps(part).encode(), [b"12345678"], trusted)
    with pytest.raises(Nonsense):
        unpack(b'{"l":[' * 100_000, [], trusted)


def test_objects_are_refused():
    for value in (object(), {1, 2}, np.array([None]), BadRecord("decode.bomb", "")):
        with pytest.raises(TypeError, match="plain values and arrays only"):
            pack(value)
