"""Measures whose card fails, as workers import them: the errors are those of real libraries."""

import os
import time
from pathlib import Path

from tamis import measure

ILLEGAL = (
    "CUDA error: an illegal memory access was encountered\n"
    "Search for `cudaErrorIllegalAddress' in https://docs.nvidia.com/cuda/ for more information.\n"
    "CUDA kernel errors might be asynchronously reported at some other API call, so the stacktrace "
    "below might be incorrect.\n"
)
LOST = "CUDA error encountered at: x.cu:12: 214 cudaErrorECCUncorrectable uncorrectable ECC error"
_POISONED = []  # as a CUDA context is, once it has failed


def first(folder, name):
    """Whether nobody has asked for this name before."""
    try:
        os.close(os.open(Path(folder) / name, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError:
        return False
    return True


@measure(heavy=True, dtype="Int64")
def failing_once(text, *, folder: str, torch: bool = False, when: str = "doc-12"):
    """Lengths; the first process that sees `when` loses its card, for good."""
    if _POISONED or (text.str.contains(when).any() and first(folder, "failed")):
        _POISONED.append(True)
        if torch:
            import torch as library

            raise library.AcceleratorError(ILLEGAL)
        raise RuntimeError(ILLEGAL)
    Path(folder, f"seen-{os.getpid()}").touch()
    time.sleep(0.02)
    return text.str.len()


@measure(heavy=True, dtype="Int64")
def failing_always(text, *, when: str = "doc-12"):
    """Lengths, where nobody sees `when`."""
    if text.str.contains(when).any():
        raise RuntimeError(ILLEGAL)
    return text.str.len()


@measure(heavy=True, dtype="Int64")
def failing_worker(text, *, whose: str):
    """Lengths; on the worker of this name the card is out of order."""
    import distributed

    if str(distributed.get_worker().name) == whose:
        raise RuntimeError(LOST)
    time.sleep(0.3)
    return text.str.len()
