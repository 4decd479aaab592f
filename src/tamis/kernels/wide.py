"""Vector operations that numba's loops do not become by themselves.

`lower_block` puts 64 bytes in lower case, `lower_minima` and `lower_few` are the inner loop of
MinHash with its running minima held in vector registers, and `words_at` is an array over memory
that somebody else keeps alive (a memory-mapped Arrow buffer).
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from tamis.kernels.jit import COMPILED, jit

LANES = 32  # hash functions per pass: four AVX2 registers of minima, two of AVX-512
FEW = 8  # as many for what is left of a number of hash functions that is no multiple of those

if COMPILED:
    import numba
    from llvmlite import ir
    from numba import types
    from numba.core import cgutils
    from numba.extending import intrinsic

    _I32 = ir.IntType(32)

    def _pointer(context: Any, builder: Any, kind: Any, array: Any, at: Any) -> Any:
        return builder.gep(context.make_array(kind)(context, builder, array).data, [at])

    @intrinsic
    def lower_block(typingctx: Any, data: Any, at: Any, text: Any, into: Any) -> Any:
        """Copy 64 bytes from `data[at:]` to `text[into:]` with A to Z in lower case."""

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            kinds, lanes = signature.args, ir.VectorType(ir.IntType(8), 64)
            source = _pointer(context, builder, kinds[0], args[0], args[1])
            target = _pointer(context, builder, kinds[2], args[2], args[3])
            block = builder.load(builder.bitcast(source, lanes.as_pointer()), align=1)
            shifted = builder.sub(block, ir.Constant(lanes, [ord("A")] * 64))
            upper = builder.icmp_unsigned("<", shifted, ir.Constant(lanes, [26] * 64))
            bit = builder.select(
                upper, ir.Constant(lanes, [0x20] * 64), ir.Constant(lanes, [0] * 64)
            )
            place = builder.bitcast(target, lanes.as_pointer())
            builder.store(builder.or_(block, bit), place, align=1)
            return context.get_dummy_value()

        return types.none(data, types.int64, text, types.int64), codegen

    def _lowering(lanes: int) -> Any:
        """The inner loop of MinHash for so many hash functions at once."""
        vector = ir.VectorType(_I32, lanes)

        def lower(
            typingctx: Any, hashes: Any, count: Any, factors: Any, terms: Any, at: Any, minima: Any
        ) -> Any:
            def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
                kinds = signature.args

                def place(which: int) -> Any:
                    start = _pointer(context, builder, kinds[which], args[which], args[4])
                    return builder.bitcast(start, vector.as_pointer())

                factor = builder.load(place(2), align=4)
                term = builder.load(place(3), align=4)
                lowest = cgutils.alloca_once_value(builder, builder.load(place(5), align=4))
                undefined = ir.Constant(vector, ir.Undefined)
                zeros = ir.Constant(vector, [0] * lanes)
                with cgutils.for_range(builder, args[1]) as loop:
                    value = builder.load(_pointer(context, builder, kinds[0], args[0], loop.index))
                    first = builder.insert_element(undefined, value, ir.Constant(_I32, 0))
                    spread = builder.shuffle_vector(first, undefined, zeros)
                    moved = builder.add(builder.mul(spread, factor), term)
                    held = builder.load(lowest)
                    smaller = builder.icmp_unsigned("<", moved, held)
                    builder.store(builder.select(smaller, moved, held), lowest)
                builder.store(builder.load(lowest), place(5), align=4)
                return context.get_dummy_value()

            return types.none(hashes, types.int64, factors, terms, types.int64, minima), codegen

        return intrinsic(lower)

    @intrinsic
    def _address(typingctx: Any, number: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.inttoptr(args[0], cgutils.voidptr_t)

        return types.voidptr(types.uint64), codegen

    @jit
    def words_at(address: np.uint64, count: int) -> np.ndarray:
        """The `count` 64-bit words at a memory address."""
        return numba.carray(_address(address), (count,), np.uint64)

else:

    def lower_block(data: np.ndarray, at: int, text: np.ndarray, into: int) -> None:
        """Copy 64 bytes from `data[at:]` to `text[into:]` with A to Z in lower case."""
        block = data[at : at + 64]
        text[into : into + 64] = block | ((block >= 65) & (block <= 90)).astype(np.uint8) << 5

    def _lowering(lanes: int) -> Any:
        """The inner loop of MinHash for so many hash functions at once."""

        def lower(
            hashes: np.ndarray,
            count: int,
            factors: np.ndarray,
            terms: np.ndarray,
            at: int,
            minima: np.ndarray,
        ) -> None:
            if count == 0:
                return
            some = slice(at, at + lanes)
            moved = hashes[:count, None] * factors[some] + terms[some]
            minima[some] = np.minimum(minima[some], moved.min(axis=0))

        return lower

    def words_at(address: np.uint64, count: int) -> np.ndarray:
        """The `count` 64-bit words at a memory address."""
        return np.ctypeslib.as_array((ctypes.c_uint64 * int(count)).from_address(int(address)))


lower_minima = _lowering(LANES)
"""`minima[at + k] = min(minima[at + k], hashes[i] * factors[at + k] + terms[at + k])`.

For k below `LANES` and every i below `count`, in 32-bit arithmetic that wraps.
"""
lower_few = _lowering(FEW)
"""The same for k below `FEW`."""
