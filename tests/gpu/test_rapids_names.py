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


def test_comparisons():
    files = [f"dedup/{name}.py" for name in ("equal_keys", "content", "card", "sets_there",
                                             "radius_there", "shared")]  # fmt: skip
    used = names(r"\bxp\.(\w+)", *files, "kernels/cuda_sets.py")
    assert {"bincount", "argsort", "empty_like", "ascontiguousarray", "cuda"} <= used
    assert not {name for name in used if not hasattr(cupy, name)}
    assert "minlength" in inspect.signature(cupy.bincount).parameters
    assert "kind" in inspect.signature(cupy.argsort).parameters
    assert callable(cupy.cuda.runtime.memGetInfo) and hasattr(cupy.cuda.MemoryPool, "free_bytes")
    for name in ("assign", "columns", "index", "iloc", "to_pandas"):
        assert hasattr(cudf.DataFrame, name)
    for name in ("str", "fillna", "values", "isna", "all", "dtype"):
        assert hasattr(cudf.Series, name)


def test_what_texts_are_lent_by():
    import cupyx
    from dask_cudf._expr.expr import ToCudfBackend

    used = names(r"\bxp\.(\w+)", "array_device.py")
    assert {"asarray", "empty", "cuda", "get_default_memory_pool"} <= used
    assert not {name for name in used if not hasattr(cupy, name)}
    assert list(inspect.signature(cupyx.empty_pinned).parameters)[:2] == ["shape", "dtype"]
    assert "disable_timing" in (cupy.cuda.Event.__init__.__doc__ or "disable_timing")
    for name in ("record", "synchronize"):
        assert hasattr(cupy.cuda.Event, name)
    assert callable(cupy.cuda.get_current_stream) and hasattr(cupy.ndarray, "set")
    assert issubclass(cupy.cuda.memory.OutOfMemoryError, MemoryError)
    assert "frame" in ToCudfBackend._parameters  # `tamis.planning` looks behind it


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
        assert not cupy.cuda.is_available() and on_card.arrays() is None


def test_numbers_names_and_sentences_of_faults_are_cudas():
    """Of the runtime library that the extra brings, which needs no device to tell them."""
    import ctypes

    from cuda.bindings import driver

    from tamis.card_faults import FAULTS

    files = sorted(Path(cupy.__file__).parents[1].glob("nvidia/**/libcudart.so*"))
    library = ctypes.CDLL(str(files[0]))
    for name in ("cudaGetErrorString", "cudaGetErrorName"):
        getattr(library, name).restype = ctypes.c_char_p
    names = {int(one): one.name for one in driver.CUresult}
    for code, one in FAULTS.items():
        assert library.cudaGetErrorString(code).decode() == one.says
        assert library.cudaGetErrorName(code).decode() == one.name
        assert one.driver == names.get(code, "-")


def test_faults_are_those_that_end_a_process():
    """By CUDA's own words of each error, where they are given."""
    told = pytest.importorskip("cuda.core._utils.driver_cu_result_explanations")
    from cuda.bindings import driver

    from tamis.card_faults import FAULTS

    ending = {
        int(one)
        for one in driver.CUresult
        if "inconsistent state" in (told.DRIVER_CU_RESULT_EXPLANATIONS.get(int(one)) or "")
    }
    assert ending - {918} <= set(FAULTS)  # that of graphs is of the graph


def test_faults_as_cupy_and_numba_raise_them():
    from numba.cuda.cudadrv.driver import CudaAPIError

    from tamis.card_faults import FAULTS, fault, out_of_memory

    for code, one in FAULTS.items():
        assert fault(cupy.cuda.runtime.CUDARuntimeError(code)) == one
        assert fault(CudaAPIError(code, "Call to cuMemcpy results in …")) == one
    assert fault(cupy.cuda.runtime.CUDARuntimeError(2)) is None
    assert fault(cupy.cuda.runtime.CUDARuntimeError(1)) is None
    full = cupy.cuda.memory.OutOfMemoryError(10, 20)
    assert fault(full) is None and out_of_memory(full)
