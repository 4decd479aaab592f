"""Items made by threads ahead of the one that uses them."""

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamis.codes import BadRecord
from tamis.media import Decoded, ahead
from tamis.media.ahead import cores
from tamis.media.columns import Pointer
from tamis.media.pointers import Media


@given(st.lists(st.none() | st.integers()), st.integers(0, 9), st.data())
def test_in_order_whatever_the_threads_do(items, room, data):
    rows = data.draw(st.lists(st.sampled_from(range(len(items))))) if items else []
    expected = [None if items[row] is None else items[row] + 1 for row in rows]
    assert list(ahead(items, lambda item: item + 1, rows, room)) == expected


def test_no_more_wait_than_there_is_room():
    made = []
    results = ahead(range(100), made.append, range(100), room=5)
    for taken in range(1, 11):
        next(results)
        time.sleep(0.01)
        assert len(made) <= taken + 5
    results.close()
    time.sleep(0.05)
    assert len(made) <= 15


def test_as_many_at_once_as_there_are_cores():
    running, most, guard = 0, 0, threading.Lock()

    def work(item):
        nonlocal running, most
        with guard:
            running += 1
            most = max(most, running)
        time.sleep(0.002)
        with guard:
            running -= 1

    askers = [
        threading.Thread(target=lambda: list(ahead(range(20), work, range(20), 20)))
        for _ in range(4)
    ]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert most <= cores()


def test_an_error_comes_out_and_ends_it():
    def fail(item):
        if item == 3:
            raise ValueError("three")
        return item

    with pytest.raises(ValueError, match="three"):
        list(ahead(range(1000), fail, range(1000), 4))


def test_threads_read_one_archive_and_keep_what_fits(tmp_path):
    files = []
    for name in ("a", "b", "c"):  # the handle changes with every row
        (tmp_path / name).write_bytes(bytes(range(200)))
        files.append(str(tmp_path / name))
    pointers = [Pointer(files[k % 3], k % 100, 50) for k in range(300)] + [Pointer("none")]
    media = Media(pointers)

    def load(row):
        data = media[row]
        if data is None:
            raise BadRecord("media.missing", "none")
        return memoryview(data)

    decoded = Decoded(load, 301, room=50 * 100)
    found = list(ahead(decoded, bytes, range(301), 64))
    assert found[:300] == [bytes(range(k % 100, k % 100 + 50)) for k in range(300)]
    assert found[300] is None and decoded.problems == {300: "media.missing: none"}
    assert len(decoded._kept) == 100


def test_how_many_are_made_ahead_may_change_on_the_way():
    made, seen = [], []
    room = [1]

    def make(item):
        made.append(item)
        return item

    for item in ahead(list(range(20)), make, range(20), lambda: room[0]):
        seen.append(item)
        if item == 4:
            room[0] = 8
        if item == 7:
            deadline = time.monotonic() + 10
            while len(made) < 15 and time.monotonic() < deadline:
                time.sleep(0.01)
            assert len(made) >= 15
    assert seen == list(range(20))
