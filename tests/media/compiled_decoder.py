"""A decoder with a compiled loop, which would be kept on disk."""

import numba


@numba.njit(cache=True)
def _same(number):
    return number


def compiled(data):
    return int(_same(len(data)))
