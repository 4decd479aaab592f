"""Optional packages: which of them ops need, and which extra of tamis brings them."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tamis.errors import MissingPackageError

Modules = Mapping[str, tuple[str, ...]]
"""Names of extras, and of the modules that are imported of what they bring."""
Needs = Modules | Callable[[Mapping[str, Any]], Modules] | None
"""What an op or a view needs, or a function from its settings to that."""

_CALLED = {
    "PIL": "Pillow",
    "cv2": "OpenCV",
    "av": "PyAV",
    "fasttext": "fasttext-predict",
    "re2": "google-re2",
}


def needed(needs: Needs, settings: Mapping[str, Any]) -> dict[str, str]:
    """The modules, each with the extra that brings it."""
    found = (needs(settings) if callable(needs) else needs) or {}
    return {module: extra for extra, modules in found.items() for module in modules}


def absent(modules: Iterable[str]) -> list[str]:
    """Those of the modules that this process could not import; none of them is imported."""
    return [module for module in modules if importlib.util.find_spec(module) is None]


def missing(lacking: Mapping[str, Mapping[str, str]], where: str = "") -> MissingPackageError:
    """One line for steps by name, and the modules that each lacks with the extra of each.

    >>> print(missing({"brightness": {"cv2": "image"}}))
    brightness needs OpenCV: pip install 'tamis[image]'
    """
    told = [
        f"{step} needs {' and '.join(_CALLED.get(m, m.replace('_', '-')) for m in modules)}"
        for step, modules in lacking.items()
    ]
    extras = sorted({extra for modules in lacking.values() for extra in modules.values()})
    return MissingPackageError(f"{', '.join(told)}{where}: pip install 'tamis[{','.join(extras)}]'")
