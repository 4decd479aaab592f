"""Cores, memory, and folders that have to be written."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

_LEAST = 2 << 30  # bytes of memory, or of room for what is put down in between


def figures() -> dict[str, Any]:
    """Cores and memory as the container limits them; caches and scratch, and whether they can be
    written. Sizes in bytes."""
    from dask.system import CPU_COUNT
    from distributed.system import MEMORY_LIMIT

    from tamis.kernels.jit import COMPILED
    from tamis.processor import has_bfloat16, has_int8

    scratch = tempfile.gettempdir()
    return {
        "python": sys.version.split()[0],
        "system": f"{platform.system()} {platform.machine()}",
        "cores": int(CPU_COUNT),
        "memory": int(MEMORY_LIMIT),
        "arithmetic": [name for name, there in (("bfloat16", has_bfloat16()), ("int8", has_int8()))
                       if there],
        "compiled": COMPILED,
        "scratch": scratch,
        "room": shutil.disk_usage(scratch).free,
        "caches": [{"what": what, "folder": str(folder), "writable": writable(folder)}
                   for what, folder in caches()],
    }  # fmt: skip


def caches() -> list[tuple[str, Path]]:
    """Folders that save time if they can be written: what was compiled, models of the hub."""
    import tamis

    home = Path(os.path.expanduser("~"))
    shared = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    told = os.environ.get("NUMBA_CACHE_DIR")
    compiled = Path(told) if told else Path(tamis.__file__).parent / "kernels" / "__pycache__"
    if not told and not writable(compiled):
        compiled = shared / "numba"  # where numba goes then
    models = os.environ.get("HF_HOME") or shared / "huggingface"
    return [("compiled loops", compiled), ("models", Path(models))]


def writable(folder: Path) -> bool:
    """Whether files can be put there, the folder made first if need be; nothing is made."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def problems(found: dict[str, Any]) -> list[str]:
    """What is wrong with the machine."""
    told = [
        f"{cache['folder']} cannot be written: {cost}"
        for cache, cost in zip(
            found["caches"],
            ("every process compiles its loops anew (set NUMBA_CACHE_DIR)",
             "models of the hub cannot be kept (set HF_HOME)"),
            strict=True,
        )
        if not cache["writable"]
    ]  # fmt: skip
    if not found["compiled"]:
        told.append(
            "loops are not compiled (no numba, or NUMBA_DISABLE_JIT): a hundred times slower"
        )
    if found["memory"] < _LEAST:
        told.append(f"{found['memory'] / 2**30:.1f} GiB of memory are less than a worker wants (2)")
    if found["room"] < _LEAST:
        told.append(f"{found['scratch']} has {found['room'] / 2**30:.1f} GiB left (set TMPDIR)")
    return told
