"""The window: results never lie on one another before they are read."""

from hypothesis import given
from hypothesis import strategies as st

from tamis.media.sandbox_child import _Ring

SIZE = 4 << 20


@given(st.lists(st.tuples(st.integers(0, SIZE + 9), st.integers(0, 3)), max_size=60))
def test_places_do_not_overlap(results):
    """`read` says how many of the waiting results are read before the next is put."""
    ring = _Ring(bytearray(SIZE))
    waiting = []
    for size, read in results:
        del waiting[:read]
        ring.free(ring.number - len(waiting))
        at = ring.place(size)
        if at is None:
            assert waiting or size > SIZE - 64  # an empty window takes what fits into it
            waiting.append((0, 0))
        else:
            assert at >= 0 and at + size <= SIZE
            for start, stop in waiting:
                assert at + size <= start or stop <= at or size == 0 or start == stop
            waiting.append((at, at + size))
        ring.number += 1


def test_small_results_stay_near():
    """A few in flight use the same memory again, which the caches then hold."""
    ring = _Ring(bytearray(SIZE))
    for number in range(100):
        ring.free(number - 2)
        at = ring.place(300_000)
        assert at is not None and at < 2 << 20
        ring.number += 1
