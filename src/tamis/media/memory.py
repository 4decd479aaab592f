"""What a model on too large a batch fails with."""

from __future__ import annotations


def out_of_memory(error: BaseException) -> bool:
    """Whether a pass failed because there was no room for it, on a GPU or in the host's memory."""
    told = str(error).lower()
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or "out of memory" in told
        or "allocate memory" in told
    )
