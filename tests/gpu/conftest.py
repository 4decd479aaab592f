"""Tests that need a CUDA device and cuDF; they say so and are skipped elsewhere."""

import importlib.util

import pytest


def device() -> bool:
    """Whether cuDF is installed and a device answers: its import alone succeeds without one."""
    if importlib.util.find_spec("cudf") is None or importlib.util.find_spec("cupy") is None:
        return False
    import cupy

    return bool(cupy.cuda.is_available())


def pytest_collection_modifyitems(items):
    if not device():
        for item in items:
            if item.get_closest_marker("gpu") is not None:
                item.add_marker(pytest.mark.skip(reason="no CUDA device with cuDF"))
