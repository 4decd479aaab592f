"""The loops of the processor as functions of a CUDA device: one source for both.

`carried(loop)` is a compiled loop as a device function: its own Python source, compiled once more
by `numba.cuda`, in which every other loop that it calls is carried over as well, and what the
processor has instructions for (`mask.multiply_fold`, `load64`…) has its plain form. `kernel` makes
of a function what `launch` starts for many threads. Nothing is compiled, and no device asked for,
before the first launch.

A loop can be carried over that neither makes arrays nor asks for vectors of 64 bytes: scratch is
given to it. Where there is no device, numba's simulator runs the same functions as Python
(`NUMBA_ENABLE_CUDASIM=1` before numba is imported): slow, for tests.
"""

from __future__ import annotations

import functools
import sys
import threading
import types
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from tamis.kernels import copying, mask

THREADS = 128  # of a block, where a thread has a text to itself
_COMPILING = threading.Lock()  # threads that want the same kernel wait for one of them

_LOW, _32, _1 = np.uint64(0xFFFFFFFF), np.uint64(32), np.uint64(1)
_64 = np.int64(64)
_SUM, _2, _4, _56 = np.uint64(0x0101010101010101), np.uint64(2), np.uint64(4), np.uint64(56)
_LOW7 = np.uint64(0x7F7F7F7F7F7F7F7F)


def multiply_fold(a: np.uint64, b: np.uint64) -> np.uint64:
    """As `mask.multiply_fold`, of four products of 32 bits."""
    a_low, a_high, b_low, b_high = a & _LOW, a >> _32, b & _LOW, b >> _32
    low, cross = a_low * b_low, a_high * b_low
    middle = (low >> _32) + (cross & _LOW) + a_low * b_high
    high = a_high * b_high + (cross >> _32) + (middle >> _32)
    return high ^ (a * b)


def load64(data: np.ndarray, at: int) -> np.uint64:
    """As `mask.load64`."""
    return _word(data, at)


def _word(data: np.ndarray, at: int) -> np.uint64:
    """Byte by byte; a device has `_loading()` in its place."""
    value = np.uint64(0)
    for k in range(8):
        value |= np.uint64(data[at + k]) << np.uint64(8 * k)
    return value


def equal(data: np.ndarray, at: int, byte: int) -> np.uint64:
    """As `mask.equal`, eight bytes at a time."""
    every, found = np.uint64(byte) * _SUM, np.uint64(0)
    for k in range(8):
        found |= _top(~_some(load64(data, at + 8 * k) ^ every)) << np.uint64(8 * k)
    return found


def between(data: np.ndarray, at: int, low: int, high: int) -> np.uint64:
    """As `mask.between`."""
    found = np.uint64(0)
    for k in range(8):
        found |= _top(_within(load64(data, at + 8 * k), low, high)) << np.uint64(8 * k)
    return found


def folded(data: np.ndarray, at: int, low: int, high: int) -> np.uint64:
    """As `mask.folded`."""
    found = np.uint64(0)
    for k in range(8):
        word = load64(data, at + 8 * k) | (_SUM << np.uint64(5))
        found |= _top(_within(word, low, high)) << np.uint64(8 * k)
    return found


def _some(word: np.uint64) -> np.uint64:
    """Bit 7 of every byte that is not 0; the others mean nothing."""
    return ((word & _LOW7) + _LOW7) | word


def _within(word: np.uint64, low: int, high: int) -> np.uint64:
    """Bit 7 of every byte from `low` to `high`."""
    found = _at_least(word, low)
    return found if high == 255 else found & ~_at_least(word, high + 1)


def _at_least(word: np.uint64, least: int) -> np.uint64:
    """Bit 7 of every byte of at least so much (0 to 255); the others mean nothing."""
    if least == 0:
        return ~np.uint64(0)
    if least <= 128:
        return ((word & _LOW7) + np.uint64(128 - least) * _SUM) | word
    return ((word & _LOW7) + np.uint64(256 - least) * _SUM) & word


def _top(word: np.uint64) -> np.uint64:
    """Bits 7 of eight bytes as one byte."""
    return (((word >> np.uint64(7)) & _SUM) * np.uint64(0x0102040810204080)) >> _56


def trailing_zeros(bits: np.uint64) -> int:
    """As `mask.trailing_zeros`."""
    if bits == np.uint64(0):
        return _64
    return popcount((bits & (~bits + _1)) - _1)


_M1, _M2, _M4 = (
    np.uint64(0x5555555555555555), np.uint64(0x3333333333333333), np.uint64(0x0F0F0F0F0F0F0F0F)
)  # fmt: skip


def popcount(bits: np.uint64) -> int:
    """As `mask.popcount`."""
    bits = bits - ((bits >> _1) & _M1)
    bits = (bits & _M2) + ((bits >> _2) & _M2)
    bits = (bits + (bits >> _4)) & _M4
    return np.int64((bits * _SUM) >> _56)


def tail(data: np.ndarray, at: int, end: int, scratch: np.ndarray) -> None:
    """As `mask.tail`, a byte after the other."""
    for k in range(64):
        scratch[k] = data[at + k] if at + k < end else np.uint8(0)


def copy(data: np.ndarray, start: int, end: int, out: np.ndarray, into: int) -> None:
    """As `copying.copy`, and not a byte more."""
    for k in range(end - start):
        out[into + k] = data[start + k]


INSTEAD: dict[Any, Callable[..., Any]] = {
    mask.multiply_fold: multiply_fold,
    mask.load64: load64,
    mask.equal: equal,
    mask.between: between,
    mask.folded: folded,
    copying.copy: copy,
    mask.trailing_zeros: trailing_zeros,
    mask.popcount: popcount,
    mask.tail: tail,
}
"""What stands on a device in the place of a loop that has instructions of the processor's."""

_TYPED = {
    equal: "uint64(uint8[::1], int64, int64)",
    between: "uint64(uint8[::1], int64, int64, int64)",
    folded: "uint64(uint8[::1], int64, int64, int64)",
}
"""Those that are compiled once, not for each constant that they are called with."""


@functools.cache
def numba_cuda() -> Any:
    """`numba.cuda`: there wherever numba is, so it says nothing of devices."""
    from numba import cuda

    warnings.filterwarnings("ignore", "Grid size .* under-utilization")  # the last of many batches
    return cuda


def simulated() -> bool:
    """Whether numba runs kernels as Python instead of on a device."""
    from numba import config

    return bool(config.ENABLE_CUDASIM)


def carried(loop: Any) -> Any:
    """A loop of the processor, or a plain function, as a device function."""
    return _carried(INSTEAD.get(loop, loop))


@functools.cache
def _carried(function: Any) -> Any:
    plain = _rebound(function)
    if not simulated():
        if function in _TYPED:
            return numba_cuda().jit(_TYPED[function], device=True, forceinline=True)(plain)
        return numba_cuda().jit(device=True)(plain)
    asking = [name for name, value in plain.__globals__.items() if value is numba_cuda()]
    if not asking:
        return plain  # the simulator would look for `cuda` among its globals at every call
    plain.__globals__.update(dict.fromkeys(asking, _Simulated()))
    return numba_cuda().jit(device=True)(plain)


class Kernel:
    """What `launch` starts; `signature` (numba's, as "uint8[::1], int64") types its arguments."""

    def __init__(self, function: Callable[..., None], signature: str) -> None:
        self.function, self.signature = function, f"void({signature})"
        self.__doc__ = function.__doc__
        self._made: Any = None
        KERNELS.append(self)

    def __repr__(self) -> str:
        return f"<kernel {self.function.__module__}.{self.function.__qualname__}>"

    @property
    def made(self) -> Any:
        """The kernel as numba has it, compiled once for the device that is there."""
        if self._made is None:
            with _COMPILING:
                if self._made is None:
                    self._made = self._compiled()
        return self._made

    def _compiled(self) -> Any:
        if simulated():
            return numba_cuda().jit(_wrapping(self.plain))
        return numba_cuda().jit(self.signature)(self.plain)

    @property
    def plain(self) -> Any:
        """Its Python function, with all loops that it calls carried over."""
        return _rebound(self.function)


KERNELS: list[Kernel] = []
"""All that have been defined: a test compiles each as far as that needs no device."""


def kernel(signature: str) -> Callable[[Callable[..., None]], Kernel]:
    """Make a kernel of a function without a result.

    It may use `cuda` (a global of that name: `from tamis.kernels.cuda import Threads as cuda`) for
    `grid`, `shared`, `syncthreads` and whatever else `numba.cuda` has.
    """
    return lambda function: Kernel(function, signature)


class _Later:
    """Stands for `numba.cuda` in a module of kernels, which are rebound to the real one."""

    def __getattr__(self, name: str) -> Any:
        return getattr(numba_cuda(), name)


class _Simulated:
    """Stands for `numba.cuda` in device functions that are simulated.

    The simulator itself exchanges that name while a thread is in such a function, and so takes it
    from the other threads that are.
    """

    def __getattr__(self, name: str) -> Any:
        from numba.cuda.simulator import kernel as running

        return getattr(running._get_kernel_context(), name)


Threads: Any = _Later()


@functools.cache
def _loading() -> Any:
    """Eight bytes from any address: a device loads words from addresses that are multiples of 8.

    Of the one or two words that hold them; bytes beside them in those words are read as well.
    """
    from llvmlite import ir
    from numba.cuda import types
    from numba.cuda.extending import intrinsic

    @intrinsic
    def word(typingctx: Any, data: Any, at: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            i64 = ir.IntType(64)
            array = context.make_array(signature.args[0])(context, builder, args[0])
            first = builder.ptrtoint(builder.gep(array.data, [args[1]]), i64)
            high = builder.and_(builder.add(first, i64(7)), i64(~7))
            low = builder.and_(first, i64(~7))
            words = [
                builder.load(builder.inttoptr(place, i64.as_pointer()), align=8)
                for place in (low, high)
            ]
            bits = builder.shl(builder.and_(first, i64(7)), i64(3))
            left = builder.and_(builder.sub(i64(64), bits), i64(63))
            return builder.or_(builder.lshr(words[0], bits), builder.shl(words[1], left))

        return types.uint64(data, types.int64), codegen

    return word


def launch(kernel: Kernel, blocks: int, threads: int, *args: Any) -> None:
    """Run a kernel in `blocks` of `threads` each; arrays are of the device (CuPy's), or NumPy's.

    With arrays of a device it returns before the kernel ends, as all of CUDA does; it runs in the
    stream that is CuPy's at present.
    """
    if blocks <= 0:
        return
    if simulated():  # it writes to all arrays that it is given
        args = tuple(a.copy() if _read_only(a) else a for a in args)
    else:  # what wrote to them is in the same stream: nobody need wait
        share = numba_cuda().as_cuda_array
        args = tuple(share(a, sync=False) if _of_device(a) else a for a in args)
    kernel.made[int(blocks), int(threads), _stream()](*args)


def _of_device(value: Any) -> bool:
    return hasattr(value, "__cuda_array_interface__")


def _stream() -> Any:
    """CuPy's current stream as one of numba's; the device's own where CuPy is not in use."""
    if "cupy" not in sys.modules or simulated():
        return 0
    current = sys.modules["cupy"].cuda.get_current_stream().ptr
    return numba_cuda().external_stream(current) if current else 0


def _read_only(value: Any) -> bool:
    return isinstance(value, np.ndarray) and not value.flags.writeable


def per_item(kernel: Kernel, count: int, *args: Any, threads: int = THREADS) -> None:
    """Run a kernel with a thread for each of `count` items; it looks at its own bound."""
    if simulated():
        threads = min(threads, 8)
    launch(kernel, -(-count // threads), threads, *args)


def _rebound(function: Any) -> Any:
    """The Python function of a loop, whose globals have device functions for loops."""
    plain = getattr(function, "py_func", None) or getattr(function, "__wrapped__", function)
    own = dict(plain.__globals__)
    for name in _named(plain.__code__):
        value = own.get(name)
        if isinstance(value, _Later):
            own[name] = numba_cuda()
        elif value is _word:
            own[name] = _word if simulated() else _loading()
        elif _is_loop(value):
            own[name] = carried(value)
        elif isinstance(value, types.ModuleType) and value.__name__.startswith(_KERNELS):
            own[name] = _module(value, plain.__code__)
    return types.FunctionType(
        plain.__code__, own, plain.__name__, plain.__defaults__, plain.__closure__
    )


_KERNELS = "tamis.kernels."


def _wrapping(plain: Any) -> Any:
    """For the simulator, whose scalars are NumPy's: arithmetic wraps without a warning.

    Its threads have settings of their own, and it looks for `cuda` among the function's globals.
    """
    plain.__globals__.update(__plain__=plain, __quiet__=np.errstate)
    return types.FunctionType(_quietly.__code__, plain.__globals__, plain.__name__)


def _quietly(*args: Any) -> None:
    with __quiet__(over="ignore"):  # type: ignore[name-defined]  # noqa: F821
        __plain__(*args)  # type: ignore[name-defined]  # noqa: F821


def _module(module: types.ModuleType, code: Any) -> Any:
    """A module of loops with those carried over that the code asks it for."""
    found = types.ModuleType(module.__name__)
    for name in code.co_names:
        value = getattr(module, name, None)
        if value is not None:
            setattr(found, name, carried(value) if _is_loop(value) else value)
    return found


def _is_loop(value: Any) -> bool:
    """Whether it is a function of the kernels: compiled, or as Python where nothing compiles."""
    try:
        if value in INSTEAD:
            return True
    except TypeError:  # an array, which has no hash
        return False
    plain = getattr(value, "py_func", None) or getattr(value, "__wrapped__", value)
    inside = str(getattr(plain, "__module__", "")).startswith(_KERNELS)
    return inside and isinstance(plain, types.FunctionType)


def _named(code: Any) -> set[str]:
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _named(constant)
    return names
