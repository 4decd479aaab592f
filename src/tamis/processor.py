"""What the processor can do."""

from __future__ import annotations

import functools
from pathlib import Path


@functools.cache
def has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 by itself (Linux tells; elsewhere: no)."""
    try:
        flags = Path("/proc/cpuinfo").read_text().partition("flags")[2].partition("\n")[0].split()
    except OSError:
        return False
    return bool({"avx512_bf16", "amx_bf16"} & set(flags))
