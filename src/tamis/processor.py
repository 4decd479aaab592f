"""What the processor can do."""

from __future__ import annotations

import functools
from pathlib import Path


@functools.cache
def _flags() -> frozenset[str]:
    """The instruction sets that Linux names; none elsewhere."""
    try:
        listed = Path("/proc/cpuinfo").read_text().partition("flags")[2].partition("\n")[0]
    except OSError:
        return frozenset()
    return frozenset(listed.split())


def has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 by itself."""
    return bool({"avx512_bf16", "amx_bf16"} & _flags())


def has_int8() -> bool:
    """Whether it adds products of bytes up in 32 bits, without saturating in between."""
    return bool({"avx512_vnni", "avx_vnni", "amx_int8"} & _flags())
