"""Tests that need a CUDA device and cuDF; they say so and are skipped elsewhere."""

import importlib.util
from pathlib import Path

import pytest


def device() -> bool:
    """Whether cuDF is installed and a device answers: its import alone succeeds without one."""
    if importlib.util.find_spec("cudf") is None or importlib.util.find_spec("cupy") is None:
        return False
    import cupy

    return bool(cupy.cuda.is_available())


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    mine = [item for item in items if here in item.path.parents]
    if mine and not device():
        for item in mine:
            if item.get_closest_marker("gpu") is not None:
                item.add_marker(pytest.mark.skip(reason="no CUDA device with cuDF"))
