"""A hash of a function as it was compiled, so that a changed op is a different op on resume."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from types import CodeType
from typing import Any


def code_hash(function: Callable[..., Any]) -> str:
    """Of its code and constants, the docstring left out."""
    digest = hashlib.sha256()

    def feed(code: CodeType) -> None:
        digest.update(code.co_code)
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                feed(constant)
            elif not isinstance(constant, str) or constant != function.__doc__:
                digest.update(repr(constant).encode("utf-8", "surrogatepass"))
        digest.update(repr(code.co_names).encode())

    feed(inspect.unwrap(function).__code__)
    return digest.hexdigest()[:16]
