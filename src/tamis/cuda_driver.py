"""A process of its own that asks CUDA's driver which devices there are, and answers in JSON.

Standard library only: `tamis.accelerator` starts it by its file.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from typing import Any

_WHY = {
    3: "the driver could not start (CUDA_ERROR_NOT_INITIALIZED)",
    34: "the library is a stub, not a driver",
    46: "the devices are unavailable: in use exclusively, or in a forbidden mode",
    100: "the driver is there, and no device",
    101: "CUDA_VISIBLE_DEVICES names a device that there is not",
    802: "the system is not ready: its fabric manager has not started",
    803: "the driver and its kernel module are of different versions",
    804: "the driver is too old for this card's forward compatibility",
    999: "the driver failed: its kernel module is not loaded, or a card is out of order",
}
_MAJOR, _MINOR = 75, 76  # attributes of a device: its compute capability


class _Memory(ctypes.Structure):
    """nvmlMemory_t, in bytes."""

    _fields_ = (
        ("total", ctypes.c_ulonglong),
        ("free", ctypes.c_ulonglong),
        ("used", ctypes.c_ulonglong),
    )


def found() -> dict[str, Any]:
    """`devices` (number, name, bytes, free bytes, capability), `driver`, `why` there are none."""
    if os.environ.get("CUDA_VISIBLE_DEVICES") == "":
        return _none("CUDA_VISIBLE_DEVICES is empty, which hides all devices")
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return _none("there is no NVIDIA driver (libcuda.so.1)")
    management = _management()
    driver = _driver(management)
    count = ctypes.c_int()
    code = cuda.cuInit(0) or cuda.cuDeviceGetCount(ctypes.byref(count))
    if code or not count.value:
        return _none(_WHY.get(code or 100, f"the driver says error {code}"), driver)
    devices = [_device(cuda, management, number) for number in range(count.value)]
    return {"devices": devices, "driver": driver, "why": ""}


def _none(why: str, driver: str = "") -> dict[str, Any]:
    return {"devices": [], "driver": driver, "why": why}


def _device(cuda: Any, management: Any, number: int) -> list[Any]:
    handle, name = ctypes.c_int(), ctypes.create_string_buffer(256)
    size, major, minor = ctypes.c_size_t(), ctypes.c_int(), ctypes.c_int()
    unique = (ctypes.c_ubyte * 16)()
    identify = getattr(cuda, "cuDeviceGetUuid_v2", None) or cuda.cuDeviceGetUuid  # of a part (MIG)
    cuda.cuDeviceGet(ctypes.byref(handle), number)
    cuda.cuDeviceGetName(name, len(name), handle)
    cuda.cuDeviceTotalMem_v2(ctypes.byref(size), handle)
    cuda.cuDeviceGetAttribute(ctypes.byref(major), _MAJOR, handle)
    cuda.cuDeviceGetAttribute(ctypes.byref(minor), _MINOR, handle)
    identify(unique, handle)
    told = name.value.decode("utf-8", "replace")
    free = _free(management, bytes(unique).hex())
    return [number, told, size.value, min(free, size.value), f"{major.value}.{minor.value}"]


def _management() -> Any:
    """NVIDIA's library that watches over devices; None where it is not there."""
    try:
        library = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return None
    return None if library.nvmlInit_v2() else library


def _driver(management: Any) -> str:
    text = ctypes.create_string_buffer(96)
    if management is None or management.nvmlSystemGetDriverVersion(text, len(text)):
        return ""
    return text.value.decode("ascii", "replace")


def _free(management: Any, unique: str) -> int:
    """Bytes that nobody uses of the device with this UUID; -1 where that is not told."""
    if management is None:
        return -1
    parts = [unique[a:b] for a, b in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))]
    handle, memory = ctypes.c_void_p(), _Memory()
    names = [f"{kind}-{'-'.join(parts)}".encode() for kind in ("GPU", "MIG")]
    if all(management.nvmlDeviceGetHandleByUUID(one, ctypes.byref(handle)) for one in names):
        return -1
    if management.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory)):
        return -1
    return int(memory.free)


if __name__ == "__main__":
    json.dump(found(), sys.stdout)  # the answer to the process that asks
