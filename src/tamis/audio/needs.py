"""The packages that decode, imported when first needed."""

from __future__ import annotations

import importlib
from typing import Any

from tamis.errors import MissingPackageError

NAMES = {"soundfile": "soundfile", "av": "PyAV", "soxr": "soxr"}


def needed(name: str) -> Any:
    """The module, or a `MissingPackageError` that says how to install it."""
    try:
        return importlib.import_module(name)
    except (ImportError, OSError) as error:  # soundfile raises the latter without its library
        raise MissingPackageError(
            f"decoding audio needs {NAMES[name]}: pip install 'tamis[audio]' ({error})"
        ) from None
