"""Every kernel is translated to PTX for a card that need not be there.

Runs wherever numba-cuda and NVVM are installed (the extra `gpu` brings both) and no simulator was
asked for (NUMBA_ENABLE_CUDASIM=0).
"""

import importlib
import pkgutil
from types import SimpleNamespace

import pytest

import tamis
from tamis.kernels import cuda

pytest.importorskip("numba_cuda")
nvvm = pytest.importorskip("numba.cuda.cudadrv.nvvm")
if cuda.simulated():
    pytest.skip("numba simulates devices", allow_module_level=True)


def modules():
    """Those that hold kernels: where the name stands in the source."""
    for found in pkgutil.walk_packages(tamis.__path__, "tamis."):
        spec = found.module_finder.find_spec(found.name, None)
        source = spec.loader.get_source(found.name) or ""
        if "@kernel(" in source or "@cuda.kernel(" in source:
            yield found.name


def test_all_are_translated(monkeypatch):
    from numba import cuda as numba_cuda
    from numba.core import sigutils
    from numba.cuda import dispatcher

    card = SimpleNamespace(compute_capability=(9, 0))
    monkeypatch.setattr(dispatcher, "get_current_device", lambda: card)
    for name in modules():
        importlib.import_module(name)
    for kernel in cuda.KERNELS:
        args, _ = sigutils.normalize_signature(kernel.signature)
        ptx, _ = numba_cuda.compile_ptx(kernel.plain, args, cc=card.compute_capability)
        assert ".visible .entry" in ptx, kernel
        assert "f64" not in ptx, f"{kernel}: whole numbers became floats"
        if kernel.function.__name__.startswith("lower"):
            assert "__local_depot" not in ptx, f"{kernel}: its minima are not in registers"
