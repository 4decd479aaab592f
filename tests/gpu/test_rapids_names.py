"""What tamis calls of RAPIDS exists there, with these parameters; no device is asked for.

Runs wherever the extra `gpu` is installed: its packages can be imported without a device.
"""

import inspect
import re
from pathlib import Path

import numpy as np
import pytest

import tamis

cudf = pytest.importorskip("cudf")
cupy = pytest.importorskip("cupy")
SOURCE = Path(tamis.__file__).parent


def names(pattern, *files):
    return {name for file in files for name in re.findall(pattern, (SOURCE / file).read_text())}


def test_minhash():
    text = cudf.core.accessors.string.StringMethods
    for name in ("minhash", "minhash64"):
        assert list(inspect.signature(getattr(text, name)).parameters) == [
            "self", "seed", "a", "b", "width"
        ]  # fmt: skip
    assert callable(text.len)


def test_frames():
    for name in ("to_pandas", "drop", "reset_index", "iloc", "insert", "index"):
        assert hasattr(cudf.DataFrame, name)
    for name in ("to_pylibcudf", "isna", "values", "to_arrow", "to_pandas", "iloc"):
        assert hasattr(cudf.Series, name)
    assert callable(cudf.from_pandas)


def test_buffers():
    import pylibcudf

    for name in ("size", "offset", "num_children", "child", "data", "type"):
        assert hasattr(pylibcudf.Column, name)
    assert pylibcudf.TypeId.INT64 != pylibcudf.TypeId.INT32
    assert hasattr(pylibcudf.gpumemoryview, "__cuda_array_interface__")


def test_arrays_of_cupy():
    used = names(r"\bxp\.(\w+)", "text/array_counts.py", "text/card_views.py")
    used |= names(r"\bcupy\.(\w+)", "device_columns.py")
    assert {"cumsum", "concatenate", "asnumpy", "flatnonzero", "full", "empty_like"} <= used
    assert not {name for name in used if not hasattr(cupy, name)}
    assert "dtype" in inspect.signature(cupy.cumsum).parameters
    assert np.dtype(cupy.int64) == np.int64


def test_clusters_of_gpus():
    dask_cuda = pytest.importorskip("dask_cuda")
    from tamis.clusters import cuda

    known = inspect.signature(dask_cuda.LocalCUDACluster.__init__).parameters
    assert set(cuda.on_card(None, 0.3, True)) < set(known)
    assert callable(dask_cuda.utils.get_gpu_count)


def test_devices_are_asked_for_not_imports():
    from tamis.accelerator import accelerators
    from tamis.dedup import on_card

    if not accelerators().devices:
        assert not cupy.cuda.is_available() and on_card.cudf_package() is None
