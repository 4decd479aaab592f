"""Bytes copied from one array to another, 64 at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from tamis.kernels.jit import COMPILED, jit

if COMPILED:
    from llvmlite import ir
    from numba import types
    from numba.extending import intrinsic

    _LANES = ir.VectorType(ir.IntType(8), 64)

    @intrinsic
    def copy_block(typingctx: Any, data: Any, at: Any, out: Any, into: Any) -> Any:
        """Copy the 64 bytes from `data[at]` to `out[into]`."""

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            kinds = signature.args
            source = context.make_array(kinds[0])(context, builder, args[0]).data
            target = context.make_array(kinds[2])(context, builder, args[2]).data
            block = builder.bitcast(builder.gep(source, [args[1]]), _LANES.as_pointer())
            place = builder.bitcast(builder.gep(target, [args[3]]), _LANES.as_pointer())
            builder.store(builder.load(block, align=1), place, align=1)
            return context.get_dummy_value()

        return types.none(data, types.int64, out, types.int64), codegen

else:

    def copy_block(data: np.ndarray, at: int, out: np.ndarray, into: int) -> None:
        """Copy the 64 bytes from `data[at]` to `out[into]`."""
        out[into : into + 64] = data[at : at + 64]


@jit
def copy(data: np.ndarray, start: int, end: int, out: np.ndarray, into: int) -> None:
    """Copy `data[start:end]` to `out[into:]`; reads and writes up to 63 bytes more."""
    for at in range(start, end, 64):
        copy_block(data, at, out, into + at - start)
