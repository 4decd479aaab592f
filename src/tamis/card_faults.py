"""Which errors of a CUDA card are the end of it for this process, and which are passing.

After some errors CUDA's documentation says that "the process must be terminated and relaunched":
every later call returns the same one, whatever it is that is asked. Running out of memory, or an
argument that is wrong, leaves the card as it was. Libraries tell the same error by types of their
own (torch, CuPy, numba, RMM and cuDF, onnxruntime, CTranslate2), and by the name, the number or the
sentence that CUDA has for it. No library is imported here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple


class Fault(NamedTuple):
    """An error by its number, its names in CUDA's runtime and driver, and what CUDA says of it.

    `gone`: rather than what was computed, the card is out of order, or is not there any more.
    """

    code: int
    name: str
    driver: str
    says: str
    gone: bool = False


_TABLE = """
 46 DevicesUnavailable CUDA_ERROR_DEVICE_UNAVAILABLE gone CUDA-capable device(s) is/are busy or unavailable
100 NoDevice CUDA_ERROR_NO_DEVICE gone no CUDA-capable device is detected
127 StartupFailure - gone startup failure in cuda runtime
214 ECCUncorrectable CUDA_ERROR_ECC_UNCORRECTABLE gone uncorrectable ECC error encountered
220 NvlinkUncorrectable CUDA_ERROR_NVLINK_UNCORRECTABLE gone uncorrectable NVLink error detected during the execution
226 Contained CUDA_ERROR_CONTAINED gone Invalid access of peer GPU memory over nvlink or a hardware error
700 IllegalAddress CUDA_ERROR_ILLEGAL_ADDRESS here an illegal memory access was encountered
702 LaunchTimeout CUDA_ERROR_LAUNCH_TIMEOUT here the launch timed out and was terminated
709 ContextIsDestroyed CUDA_ERROR_CONTEXT_IS_DESTROYED here context is destroyed
710 Assert CUDA_ERROR_ASSERT here device-side assert triggered
714 HardwareStackError CUDA_ERROR_HARDWARE_STACK_ERROR here hardware stack error
715 IllegalInstruction CUDA_ERROR_ILLEGAL_INSTRUCTION here an illegal instruction was encountered
716 MisalignedAddress CUDA_ERROR_MISALIGNED_ADDRESS here misaligned address
717 InvalidAddressSpace CUDA_ERROR_INVALID_ADDRESS_SPACE here operation not supported on global/shared address space
718 InvalidPc CUDA_ERROR_INVALID_PC here invalid program counter
719 LaunchFailure CUDA_ERROR_LAUNCH_FAILED here unspecified launch failure
721 TensorMemoryLeak CUDA_ERROR_TENSOR_MEMORY_LEAK here tensor memory not completely freed
802 SystemNotReady CUDA_ERROR_SYSTEM_NOT_READY gone system not yet initialized
810 MpsClientTerminated CUDA_ERROR_MPS_CLIENT_TERMINATED here the MPS client has been terminated by the server
911 ExternalDevice CUDA_ERROR_EXTERNAL_DEVICE here an async error has occured in external entity outside of CUDA
999 Unknown CUDA_ERROR_UNKNOWN gone unknown error
"""  # noqa: E501
"""Number, name in the runtime behind `cudaError`, name in the driver, whether the card is at fault,
and what `cudaGetErrorString` says (CUDA 13; "occured" is its own)."""


def _faults() -> Iterator[Fault]:
    for line in _TABLE.strip().splitlines():
        code, name, driver, where, says = line.split(None, 4)
        yield Fault(int(code), f"cudaError{name}", driver, says, where == "gone")


FAULTS = {fault.code: fault for fault in _faults()}
_BY_NAME = {name: fault for fault in FAULTS.values() for name in (fault.name, fault.driver)}
_ALSO = {  # what else is said of a card that ceased to work
    "gpu is lost": FAULTS[999],  # NVML, after an Xid: it has fallen off the bus
    "no cuda gpus are available": FAULTS[100],  # torch
    "cublas_status_execution_failed": FAULTS[719],
    "cudnn_status_execution_failed": FAULTS[719],
}
_NAME = re.compile(r"\bcudaError[A-Z]\w*|\bCUDA_ERROR_[A-Z_]+")
_NUMBER = re.compile(r"\bCUDA failure (\d+)\b")  # onnxruntime
_OF_CUDA = re.compile(r"\bcuda|\bcublas|\bcudnn|\bnvml|\brmm\b", re.IGNORECASE)
_FULL = (
    "out of memory", "out_of_memory", "bad_alloc", "allocate memory", "error_memory_allocation",
    "errormemoryallocation",
)  # fmt: skip
_TYPES = {  # what holds a number of CUDA's, by the attribute that has it
    "AcceleratorError": "error_code",  # torch
    "CUDARuntimeError": "status",  # CuPy
    "CUDADriverError": "status",
    "CudaAPIError": "code",  # numba
}


def fault(error: BaseException) -> Fault | None:
    """What has befallen the card, if no later call of this process can use it; else None.

    An error that was raised because of one says the same.

    >>> fault(RuntimeError("CUDA error: an illegal memory access was encountered")).name
    'cudaErrorIllegalAddress'
    >>> fault(RuntimeError("CUDA error: out of memory"))
    """
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        found = _one(at)
        if found is not None:
            return found
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
    return None


def _one(error: BaseException) -> Fault | None:
    """What one error says, without those behind it."""
    if isinstance(error, MemoryError):
        return None
    for kind in type(error).__mro__:
        code = getattr(error, _TYPES.get(kind.__name__, ""), None)
        if isinstance(code, int):
            return FAULTS.get(int(code))
    told = str(error)
    names = _NAME.findall(told)
    if names:
        return next(filter(None, map(_BY_NAME.get, names)), None)
    number = _NUMBER.search(told)
    if number is not None:
        return FAULTS.get(int(number[1]))
    low = told.lower()
    for words, found in _ALSO.items():
        if words in low:
            return found
    if not _OF_CUDA.search(told) or "out of memory" in low:
        return None
    if "cuda unknown error" in low:  # torch, where the driver did not start
        return FAULTS[999]
    return next((one for one in FAULTS.values() if one.says.lower() in low), None)


def out_of_memory(error: BaseException) -> bool:
    """Whether there was no room, on a card or in the host's memory: less at a time may do.

    >>> out_of_memory(RuntimeError("std::bad_alloc: out_of_memory: CUDA error"))
    True
    """
    told = str(error).lower()
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or any(words in told for words in _FULL)
    )
