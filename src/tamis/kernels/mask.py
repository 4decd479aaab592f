"""64 bytes compared at once: each function gives a 64-bit mask, bit k speaking of byte `at + k`.

LLVM turns them into two AVX2 or one AVX-512 compare; elsewhere into what the processor has.
The caller sees to it that `at + 64 <= len(data)`: use `tail` for the last, shorter block.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tamis.kernels.jit import COMPILED, jit
from tamis.kernels.move import move

_ZEROS = np.zeros(64, np.uint8)

if COMPILED:
    from llvmlite import ir
    from numba import types
    from numba.core.imputils import impl_ret_borrowed
    from numba.extending import intrinsic

    _LANES = ir.VectorType(ir.IntType(8), 64)

    def _block(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        """The 64 bytes of `data` from `at`, as one vector."""
        array = context.make_array(signature.args[0])(context, builder, args[0])
        start = builder.gep(array.data, [args[1]])
        return builder.load(builder.bitcast(start, _LANES.as_pointer()), align=1)

    def _splat(builder: Any, byte: Any) -> Any:
        vector = builder.insert_element(
            ir.Constant(_LANES, ir.Undefined), byte, ir.Constant(ir.IntType(32), 0)
        )
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), 64), [0] * 64)
        return builder.shuffle_vector(vector, ir.Constant(_LANES, ir.Undefined), zeros)

    def _bits(builder: Any, lanes: Any) -> Any:
        return builder.bitcast(lanes, ir.IntType(64))

    def _byte(builder: Any, value: Any) -> Any:
        return builder.trunc(value, ir.IntType(8)) if value.type.width > 8 else value

    @intrinsic
    def equal(typingctx: Any, data: Any, at: Any, byte: Any) -> Any:
        """Bytes equal to `byte`."""

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            lanes = _block(context, builder, signature, args)
            return _bits(
                builder,
                builder.icmp_unsigned("==", lanes, _splat(builder, _byte(builder, args[2]))),
            )

        return types.uint64(data, types.int64, types.uint8), codegen

    @intrinsic
    def between(typingctx: Any, data: Any, at: Any, low: Any, high: Any) -> Any:
        """Bytes from `low` to `high`, both included."""

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            lanes = _block(context, builder, signature, args)
            low, high = _byte(builder, args[2]), _byte(builder, args[3])
            shifted = builder.sub(lanes, _splat(builder, low))
            width = _splat(builder, builder.sub(high, low))
            return _bits(builder, builder.icmp_unsigned("<=", shifted, width))

        return types.uint64(data, types.int64, types.uint8, types.uint8), codegen

    @intrinsic
    def folded(typingctx: Any, data: Any, at: Any, low: Any, high: Any) -> Any:
        """Bytes that, with bit 0x20 set, lie from `low` to `high`: letters of either case."""

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            low, high = _byte(builder, args[2]), _byte(builder, args[3])
            bit = ir.Constant(_LANES, [0x20] * 64)
            lanes = builder.or_(_block(context, builder, signature, args), bit)
            shifted = builder.sub(lanes, _splat(builder, low))
            width = _splat(builder, builder.sub(high, low))
            return _bits(builder, builder.icmp_unsigned("<=", shifted, width))

        return types.uint64(data, types.int64, types.uint8, types.uint8), codegen

    @intrinsic
    def load64(typingctx: Any, data: Any, at: Any) -> Any:
        """The eight bytes from `at`, as they stand in memory (little-endian)."""

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            array = context.make_array(signature.args[0])(context, builder, args[0])
            start = builder.gep(array.data, [args[1]])
            return builder.load(builder.bitcast(start, ir.IntType(64).as_pointer()), align=1)

        return types.uint64(data, types.int64), codegen

    @intrinsic
    def multiply_fold(typingctx: Any, a: Any, b: Any) -> Any:
        """Both halves of the 128-bit product, one xor the other: one step of a wyhash-like mix."""

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            wide = ir.IntType(128)
            product = builder.mul(builder.zext(args[0], wide), builder.zext(args[1], wide))
            high = builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), ir.IntType(64))
            return builder.xor(high, builder.trunc(product, ir.IntType(64)))

        return types.uint64(types.uint64, types.uint64), codegen

    @intrinsic
    def frozen(typingctx: Any, array: Any) -> Any:
        """The array as a read-only one, so that a loop over Arrow's bytes also takes a copy."""

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return impl_ret_borrowed(context, builder, signature.return_type, args[0])

        return types.Array(array.dtype, array.ndim, array.layout, readonly=True)(array), codegen

    @intrinsic
    def trailing_zeros(typingctx: Any, mask: Any) -> Any:
        """Index of the lowest set bit; 64 for an empty mask."""

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

        return types.int64(types.uint64), codegen

    @intrinsic
    def popcount(typingctx: Any, mask: Any) -> Any:
        """Number of set bits."""

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.ctpop(args[0])

        return types.int64(types.uint64), codegen

else:

    def equal(data: np.ndarray, at: int, byte: int) -> np.uint64:
        """Bytes equal to `byte`."""
        return _pack(data[at : at + 64] == byte)

    def between(data: np.ndarray, at: int, low: int, high: int) -> np.uint64:
        """Bytes from `low` to `high`, both included."""
        block = data[at : at + 64]
        return _pack((block >= low) & (block <= high))

    def folded(data: np.ndarray, at: int, low: int, high: int) -> np.uint64:
        """Bytes that, with bit 0x20 set, lie from `low` to `high`: letters of either case."""
        block = data[at : at + 64] | np.uint8(0x20)
        return _pack((block >= low) & (block <= high))

    def load64(data: np.ndarray, at: int) -> np.uint64:
        """The eight bytes from `at`, as they stand in memory (little-endian)."""
        return np.uint64(int.from_bytes(data[at : at + 8].tobytes(), "little"))

    def multiply_fold(a: np.uint64, b: np.uint64) -> np.uint64:
        """Both halves of the 128-bit product, one xor the other: one step of a wyhash-like mix."""
        product = int(a) * int(b)
        return np.uint64((product >> 64) ^ (product & 0xFFFFFFFFFFFFFFFF))

    def frozen(array: np.ndarray) -> np.ndarray:
        """The array as a read-only one, so that a loop over Arrow's bytes also takes a copy."""
        array.flags.writeable = False
        return array

    def trailing_zeros(mask: np.uint64) -> int:
        """Index of the lowest set bit; 64 for an empty mask."""
        value = int(mask)
        return (value & -value).bit_length() - 1 if value else 64

    def popcount(mask: np.uint64) -> int:
        """Number of set bits."""
        return int(mask).bit_count()

    def _pack(lanes: np.ndarray) -> np.uint64:
        return np.packbits(lanes, bitorder="little").view(np.uint64)[0]


@jit
def tail(data: np.ndarray, at: int, end: int, scratch: np.ndarray) -> None:
    """Copy the last bytes `data[at:end]`, fewer than 64, into `scratch` (128 bytes), 64 with zeros.

    Past the end of the text too where there is more: two copies of 64 bytes are no loop to guess.
    """
    count = end - at
    if at + 64 <= data.size:
        move(data, at, scratch, 0)
        move(_ZEROS, 0, scratch, count)
        return
    for k in range(count):
        scratch[k] = data[at + k]
    for k in range(count, 64):
        scratch[k] = 0
