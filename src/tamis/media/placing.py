"""Where torch computes a model, and how batches get there and answers come back.

Nothing here imports torch: it is given.
"""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from tamis.accelerator import accelerators
from tamis.card_faults import out_of_memory
from tamis.errors import CardError, SettingError
from tamis.lost_cards import nannied

log = logging.getLogger(__name__)


def place(torch: Any, device: str | None) -> str:
    """The device for a model: what is asked for; with None a GPU where torch reaches one, else "cpu".

    Raises `SettingError` for what is no device, and for one that torch does not reach. The processor takes over in silence
    where there is no GPU, and with a line in the log where there is one that torch cannot use. A
    worker that was started for a GPU and has none left is a `CardError`: its tasks are tried by
    others.
    """  # noqa: E501
    asked = device is not None and str(device).partition(":")[0] == "cuda"
    if device is not None and (not asked or torch.cuda.is_available()):
        return _usable(torch, device)
    if torch.cuda.is_available():
        return "cuda"
    which = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    if torch.version.cuda is not None and which not in ("", "-1") and nannied() is not None:
        raise CardError(
            f"this worker was given the GPU {which}, which is not there any more "
            "(CUDA: no CUDA-capable device is detected)"
        )
    if asked:
        raise SettingError(
            f"device={device!r}: {_why(torch)}; device=None takes the CPU where there is no GPU"
        )
    _tell(torch)
    return "cpu"


def _usable(torch: Any, device: str) -> str:
    try:
        torch.empty(1, device=torch.device(device))
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        told = str(error).split("\n")[0][:120]
        raise SettingError(
            f"device={device!r} cannot be used here ({told}); cpu, cuda, cuda:1, … or none"
        ) from None
    return device


def sent(torch: Any, values: Any, device: Any, dtype: Any = None) -> Any:
    """An array, or a tensor of the host, on a device.

    To a GPU it goes from pinned memory, and the call comes back while it is copied.
    """
    tensor = torch.from_numpy(values) if isinstance(values, np.ndarray) else values
    where = torch.device(device)
    more = {} if dtype is None else {"dtype": dtype}
    if where.type != "cuda":
        return tensor.to(where, **more)
    try:
        tensor = tensor.pin_memory()
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
    return tensor.to(where, non_blocking=True, **more)


def fetched(torch: Any, tensor: Any) -> Callable[[], np.ndarray]:
    """A function that gives a tensor as an array; from a GPU it is copied while others compute."""
    if tensor.device.type != "cuda":
        here: np.ndarray = tensor.numpy()
        return lambda: here
    host = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
    host.copy_(tensor, non_blocking=True)
    done = torch.cuda.Event()
    done.record()

    def values() -> np.ndarray:
        done.synchronize()
        return np.array(host.numpy())  # pinned memory is for what comes next

    return values


def _why(torch: Any) -> str:
    """Why torch reaches no GPU."""
    found = accelerators()
    if torch.version.cuda is None:
        there = f", and there is {found.devices[0].name}" if found.devices else ""
        return f"torch {torch.__version__} is built without CUDA{there}"
    if not found.devices:
        return f"no GPU: {found.why}"
    return (
        f"torch {torch.__version__} (CUDA {torch.version.cuda}) does not reach "
        f"{found.devices[0].name} with the driver {found.driver}; tamis doctor says more"
    )


def _tell(torch: Any) -> None:
    if accelerators().devices:
        _told(f"models in torch are computed on the CPU: {_why(torch)}")


@functools.cache
def _told(line: str) -> None:
    """Once in a process."""
    log.warning("%s", line)
