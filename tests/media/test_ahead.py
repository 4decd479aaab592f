"""Items made by threads ahead of the one that uses them."""

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamis.codes import BadRecord
from tamis.media import Decoded, ahead
from tamis.media.ahead import beside, cores, following
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


@pytest.mark.parametrize("one_ahead", [following, beside])
class TestOneAhead:
    def test_in_order(self, one_ahead):
        for count in (0, 1, 2, 50):
            assert list(one_ahead(iter(range(count)))) == list(range(count))

    def test_one_is_made_while_one_is_used_and_no_more(self, one_ahead):
        made, using = [], threading.Event()

        def make():
            for number in range(20):
                made.append(number)
                yield number
                using.wait(0.01)

        for used in one_ahead(make()):
            using.set()
            time.sleep(0.002)
            assert used in made and len(made) <= used + 2
        assert made == list(range(20))

    def test_an_error_comes_in_its_turn(self, one_ahead):
        def make():
            yield 1
            yield 2
            raise BadRecord("decode.corrupt", "the third")

        got = []
        with pytest.raises(BadRecord, match="the third"):
            for item in one_ahead(make()):
                got.append(item)
        assert got == [1, 2]

    def test_an_interrupt_waits_for_what_is_being_made_and_makes_no_more(self, one_ahead):
        made, finished = [], []

        def make():
            for number in range(100):
                made.append(number)
                time.sleep(0.02)
                finished.append(number)
                yield number

        before = threading.active_count()
        with pytest.raises(KeyboardInterrupt):
            for item in one_ahead(make()):
                if item == 2:
                    raise KeyboardInterrupt
        time.sleep(0.1)
        assert len(made) <= 4 and made == finished
        if one_ahead is beside:
            assert threading.active_count() <= before, "its thread has ended"


def test_threads_that_wait_for_one_another_do_not_wait_for_ever():
    """Each thread of the pool asks for items that are made beside it, by `ahead` again."""

    def work(item):
        return sum(beside(iter(range(item))))

    found = []
    rows = range(4 * cores())
    asking = threading.Thread(
        target=lambda: found.extend(beside(ahead(rows, work, rows, 4))), daemon=True
    )
    asking.start()
    asking.join(20)
    assert found == [sum(range(k)) for k in rows]
