"""Errors after which no call of a process can use its card, told from those that pass."""

import pytest

from tamis.card_faults import FAULTS, fault, out_of_memory


def torch_says(says, name):
    """As c10/cuda/CUDAException.cpp words it."""
    return (
        f"CUDA error: {says}\nSearch for `{name}' in https://docs.nvidia.com/cuda/cuda-runtime-api/"
        "group__CUDART__TYPES.html for more information.\nCUDA kernel errors might be "
        "asynchronously reported at some other API call, so the stacktrace below might be "
        "incorrect.\nFor debugging consider passing CUDA_LAUNCH_BLOCKING=1\n"
    )


class CUDARuntimeError(RuntimeError):
    """As CuPy has it."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


class CudaAPIError(Exception):
    """As numba has it."""

    def __init__(self, code, msg):
        self.code, self.msg = code, msg
        super().__init__(code, msg)

    def __str__(self):
        return f"[{self.code}] {self.msg}"


class AcceleratorError(RuntimeError):
    """torch's own, as C++ raises it: with a number."""

    def __init__(self, code, message):
        super().__init__(message)
        self.error_code = code


@pytest.mark.parametrize("one", FAULTS.values(), ids=lambda one: one.name)
def test_every_library_tells_it_in_its_way(one):
    told = [
        RuntimeError(torch_says(one.says, one.name)),
        RuntimeError(f"CUDA error: {one.says}\nCUDA kernel errors might be asynchronously …"),
        AcceleratorError(one.code, "of whatever words"),
        CUDARuntimeError(one.code, f"{one.name}: {one.says}"),
        RuntimeError(f"CUDA error encountered at: /cudf/x.cu:12: {one.code} {one.name} {one.says}"),
        RuntimeError(f"CUDA error at: /rmm/x.hpp:77: {one.name} {one.says}"),
        RuntimeError(f"Fatal CUDA error encountered at: y.cpp:4: {one.code} {one.name} {one.says}"),
        RuntimeError(f"CUDA failure {one.code}: {one.says} ; GPU=0 ; hostname=h ; expr=x"),
        RuntimeError(f"CUDA failed with error {one.says}"),  # CTranslate2
    ]
    if one.driver != "-":
        told.append(CudaAPIError(one.code, f"Call to cuMemcpyDtoH results in {one.driver}"))
        told.append(RuntimeError(f"{one.driver}: {one.says}"))
    assert [fault(error) for error in told] == [one] * len(told)
    assert not any(map(out_of_memory, told))


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError(torch_says("out of memory", "cudaErrorMemoryAllocation")),
        AcceleratorError(2, "CUDA error: out of memory"),
        AcceleratorError(1, "CUDA error: invalid argument"),
        RuntimeError(torch_says("invalid argument", "cudaErrorInvalidValue")),
        RuntimeError(torch_says("invalid device ordinal", "cudaErrorInvalidDevice")),
        RuntimeError("CUDA error: no kernel image is available for execution on the device"),
        CUDARuntimeError(2, "cudaErrorMemoryAllocation: out of memory"),
        CudaAPIError(1, "Call to cuLaunchKernel results in CUDA_ERROR_INVALID_VALUE"),
        MemoryError("std::bad_alloc: out_of_memory: CUDA error at: x.hpp:1: "
                    "cudaErrorMemoryAllocation out of memory"),
        MemoryError("std::bad_alloc: CUDA error at: x.hpp:1: cudaErrorIllegalAddress"),
        RuntimeError("CUDA failure 2: out of memory ; GPU=0"),
        RuntimeError("Torch not compiled with CUDA enabled"),
        ValueError("the text says: an illegal memory access was encountered"),
        RuntimeError("unknown error"),
        KeyError("misaligned address"),
    ],
    ids=repr,
)  # fmt: skip
def test_those_that_pass(error):
    assert fault(error) is None


def test_of_torch_itself():
    torch = pytest.importorskip("torch", reason="needs torch")
    lost = torch.AcceleratorError(torch_says(FAULTS[719].says, "cudaErrorLaunchFailure"))
    assert fault(lost) == FAULTS[719] and not out_of_memory(lost)
    full = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has …")
    assert fault(full) is None and out_of_memory(full)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("No CUDA GPUs are available", 100),
        ("CUDA unknown error - this may be due to an incorrectly set up environment", 999),
        ("NVML: GPU is lost", 999),
        ("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm`", 719),
        ("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED", 719),
    ],
)
def test_what_else_is_said(words, code):
    assert fault(RuntimeError(words)) == FAULTS[code]


def test_what_was_raised_because_of_it():
    lost = RuntimeError(torch_says(FAULTS[700].says, FAULTS[700].name))
    try:
        try:
            raise lost
        except RuntimeError as error:
            raise ValueError("the model cannot be loaded") from error
    except ValueError as error:
        assert fault(error) == FAULTS[700]
    try:
        try:
            raise lost
        except RuntimeError:
            raise ValueError("beside the point") from None
    except ValueError as error:
        assert fault(error) is None
