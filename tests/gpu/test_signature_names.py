"""What signing on a card calls is there under that name, with a card or without one."""

import inspect

import numpy as np
import pytest

cupy = pytest.importorskip("cupy")


def test_names_of_cupy():
    import cupyx

    assert issubclass(cupy.cuda.memory.OutOfMemoryError, MemoryError)
    assert "shape" in inspect.signature(cupyx.empty_pinned).parameters
    for name in ("free_bytes", "free_all_blocks", "set_limit", "get_limit"):
        assert callable(getattr(cupy.cuda.MemoryPool, name))
    assert callable(cupy.cuda.runtime.memGetInfo) and callable(cupy.cuda.get_current_stream)
    assert callable(cupy.ndarray.set) and callable(cupy.ndarray.view)
    assert {"__enter__", "__exit__", "synchronize"} <= set(dir(cupy.cuda.Stream))
    wanted = {
        "searchsorted": {"side"}, "stack": {"axis"}, "full": {"fill_value"}, "cumsum": {"a"},
        "diff": {"a"}, "ascontiguousarray": {"a"}, "zeros": {"dtype"}, "empty": {"dtype"},
        "arange": {"start"}, "asarray": {"a"}, "flatnonzero": {"a"},
    }  # fmt: skip
    for name, settings in wanted.items():
        assert settings <= set(inspect.signature(getattr(cupy, name)).parameters), name
    for name in ("where", "minimum", "maximum"):
        assert callable(getattr(cupy, name))
    assert cupy.__name__ == "cupy" and np.dtype(cupy.uint64) == np.uint64


def test_names_of_numba():
    from numba import cuda

    from tamis.kernels.cuda import simulated

    if simulated():
        pytest.skip("the simulator has neither streams nor arrays of others")
    assert {"obj", "sync"} <= set(inspect.signature(cuda.as_cuda_array).parameters)
    assert "ptr" in inspect.signature(cuda.external_stream).parameters
