"""Sessions of onnxruntime: the one place that opens them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tamis.errors import DataError, MissingPackageError
from tamis.media.ahead import cores


def session_of(model: Path | bytes, extra: str, name: str = "", arena: bool = True) -> Any:
    """A session over a file of ONNX, or over its bytes; on a GPU where onnxruntime has one.

    Without `arena` what inputs of many sizes took is given back.
    """
    file = model if isinstance(model, Path) else Path(name)
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingPackageError(f"{file.name} needs onnxruntime: {extra}") from error
    if isinstance(model, Path) and not file.is_file():
        raise DataError(f"no file {file}")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads()
    options.enable_cpu_mem_arena = arena
    # threads that wait for the next batch would keep cores from tasks beside them
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    wanted = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    able = [one for one in wanted if one in onnxruntime.get_available_providers()]
    try:
        return onnxruntime.InferenceSession(
            str(file) if isinstance(model, Path) else model, options, providers=able
        )
    except Exception as error:  # whatever its parser raises
        raise DataError(f"{file} cannot be loaded: {' '.join(str(error).split())[:300]}") from error


def threads() -> int:
    """The cores that one batch may take: all, or what OMP_NUM_THREADS says, as torch has it."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    return int(told) if told.isdigit() and int(told) else cores()
