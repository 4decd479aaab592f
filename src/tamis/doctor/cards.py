"""GPUs, which libraries reach them, and what will run on them.

A library is asked to compute on a device, in a process of its own: that it can be imported, or that
it was built for CUDA, says nothing.
"""

from __future__ import annotations

import importlib.metadata as metadata
import subprocess
import sys
from typing import Any

from tamis.accelerator import accelerators

_SECONDS = 120  # a first call may compile
_ADD = {
    "torch": "import torch; assert torch.version.cuda, 'this build is without CUDA; pytorch.org "
    "has others'; assert torch.ones(3, device='cuda').sum().item() == 3",
    "cupy": "import cupy; assert int(cupy.ones(3).sum()) == 3",
    "cudf": "import cudf; assert int(cudf.Series(['a', 'bc']).str.len().sum()) == 3",
    "onnxruntime": "import onnxruntime as o; assert 'CUDAExecutionProvider' in "
    "o.get_available_providers()",
    "dask_cuda": "import dask_cuda.utils as u; assert u.get_gpu_count() > 0",
    "distributed_ucxx": "import distributed_ucxx",
}
_NAMES = {
    "torch": ("torch",),
    "cupy": ("cupy-cuda13x", "cupy-cuda12x", "cupy"),
    "cudf": ("cudf-cu13", "cudf-cu12", "cudf"),
    "onnxruntime": ("onnxruntime-gpu", "onnxruntime"),
    "dask_cuda": ("dask-cuda",),
    "distributed_ucxx": ("distributed-ucxx-cu13", "distributed-ucxx-cu12", "distributed-ucxx"),
}


def figures() -> dict[str, Any]:
    """`devices`, `driver`, `why` there are none; `libraries`: version, and `works` or what went
    wrong in `error` (not asked, `works` None, where there is no device)."""
    found = accelerators()
    libraries = {}
    for name, code in _ADD.items():
        version = next(filter(None, map(_version, _NAMES[name])), "")
        if version:
            error = _tried(code) if found.devices else None
            works = None if error is None else not error
            libraries[name] = {"version": version, "works": works, "error": error or ""}
    return {
        "driver": found.driver,
        "why": found.why,
        "devices": [device._asdict() for device in found.devices],
        "libraries": libraries,
    }


def work(gpu: dict[str, Any], machine: dict[str, Any]) -> dict[str, str]:
    """What will run where, if nothing else is asked for."""
    works = {name for name, library in gpu["libraries"].items() if library["works"]}
    here = f"CPU, {machine['cores']} threads"
    exact = ", ".join(machine["arithmetic"]) or "float32"
    return {
        "text measures and edits": here,
        "text measures with --engine gpu": "GPU where an op has a version for it" if "cupy" in works
        else "no CuPy with a device",
        "the same of cuDF frames": "GPU where an op has a version for it, else the host" if "cudf"
        in works else "no cuDF with a device",
        "decoding of pictures, sound, videos": here,
        "models in torch": "GPU" if "torch" in works else f"CPU ({exact})",
        "models in onnxruntime": "GPU" if "onnxruntime" in works else "CPU",
        "semantic deduplication": "GPU" if "torch" in works else f"CPU ({exact})",
        "MinHash of family 'curator'": "GPU" if "cudf" in works else here,
        "MinHash of family 'tamis'": here,
        "a process for each GPU": "tamis.cluster('cuda')" if "dask_cuda" in works
        else "no dask-cuda with a device",
    }  # fmt: skip


def problems(gpu: dict[str, Any]) -> list[str]:
    """Devices that are taken, and libraries that do not reach those that there are."""
    told = [
        f"GPU {device['number']}: {device['free'] / 2**30:.1f} of {device['memory'] / 2**30:.1f} "
        "GiB are free: another process has the rest"
        for device in gpu["devices"]
        if 0 <= device["free"] < 0.8 * device["memory"]
    ]
    for name, library in gpu["libraries"].items():
        if library["works"] is False:
            told.append(f"{name} {library['version']} does not reach a GPU: {library['error']}")
    return told


def _tried(code: str) -> str:
    """What went wrong, in a line; "" if nothing did."""
    try:
        made = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=_SECONDS,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"no answer in {_SECONDS} s"
    if not made.returncode:
        return ""
    lines = made.stderr.strip().splitlines()
    return lines[-1][:200] if lines else f"its process ended with {made.returncode}"


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
