"""Items of rows: what shows only when they are worked through becomes a reason."""

import numpy as np
import pytest

from tamis.codes import BadRecord
from tamis.media.decoded import Decoded, each


def early(item):
    if item == 3:
        raise BadRecord("decode.truncated", "it ends early")
    return item


def test_what_ends_early_says_so() -> None:
    items = Decoded(lambda row: row, 5)
    np.testing.assert_array_equal(each(items, early), [0, 1, 2, np.nan, 4])
    assert items.problems == {3: "decode.truncated: it ends early"}
    np.testing.assert_array_equal(each(items, lambda item: item), range(5))  # others still see it


def test_some_rows_of_it_say_so_too() -> None:
    whole = Decoded(lambda row: row, 6)
    some = whole.take(np.array([1, 3, 5])).take(np.array([1, 2]))
    np.testing.assert_array_equal(each(some, early), [np.nan, 5])
    assert some.problems == {0: "decode.truncated: it ends early"}
    assert list(whole.problems) == [3]


def test_plain_lists_have_no_place_for_it() -> None:
    with pytest.raises(BadRecord):
        each([1, 3], early)
