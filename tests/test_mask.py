"""The 64-byte masks against Python's own comparison, compiled and not."""

import os
import subprocess
import sys

import numpy as np
import pytest

from tamis.kernels import mask
from tamis.kernels.jit import jit


@jit
def masks(data, at, byte, low, high):
    return mask.equal(data, at, byte), mask.between(data, at, low, high)


@jit
def bits(value):
    return mask.trailing_zeros(value), mask.popcount(value)


def check():
    generator = np.random.default_rng(0)
    data = generator.integers(0, 256, 4096, dtype=np.uint8)
    for at in [0, 1, 63, 64, 65, 1000, 4096 - 64]:
        low, high = sorted(int(b) for b in generator.integers(0, 256, 2))
        byte = int(data[at + 7])
        equal, between = masks(data, at, byte, low, high)
        block = data[at : at + 64].tolist()
        assert int(equal) == sum(1 << k for k, b in enumerate(block) if b == byte)
        assert int(between) == sum(1 << k for k, b in enumerate(block) if low <= b <= high)
    for value in [0, 1, 1 << 63, 0b101000, 2**64 - 1]:
        zeros, count = bits(np.uint64(value))
        assert zeros == (64 if value == 0 else f"{value:064b}"[::-1].index("1"))
        assert count == f"{value:b}".count("1")


def test_masks():
    check()


@pytest.mark.parametrize("setting", ["1"])
def test_masks_without_a_compiler(setting):
    environment = os.environ | {"NUMBA_DISABLE_JIT": setting}
    done = subprocess.run(
        [sys.executable, "-c", "import test_mask; test_mask.check()"],
        cwd=os.path.dirname(__file__),
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
