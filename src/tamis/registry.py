"""Ops by name: those of tamis, of installed packages, of a notebook."""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import importlib.util
import logging
from typing import Any

from tamis.errors import SettingError
from tamis.spelling import meant

MODALITIES = ("text", "media", "image", "video", "audio", "interleaved", "framewise", "levels")
GROUP = "tamis.ops"
OPS: dict[str, Any] = {}


def put(op: Any) -> Any:
    """Register an op under its name. A notebook may define one again, a package may not."""
    standing = OPS.get(op.name)
    home = op.function.__module__
    if standing is not None and standing.function.__module__ not in ("__main__", home):
        raise SettingError(f"two ops named {op.name}: in {standing.function.__module__} and {home}")
    OPS[op.name] = op
    return op


def find(name: str) -> Any:
    """The op of this name; third-party ones (entry-point group `tamis.ops`) included."""
    load_all()
    if name not in OPS:
        hint = meant(name, OPS, 3, 0.5) or "; `tamis list` shows all"
        raise SettingError(f"no op {name!r}{hint}")
    return OPS[name]


def registered() -> dict[str, Any]:
    """Every op by name, third-party ones included."""
    load_all()
    return dict(sorted(OPS.items()))


@functools.cache
def load_all() -> None:
    """Import the modality packages and the modules named by the entry-point group `tamis.ops`.

    A third-party module that cannot be imported is logged and left out.
    """
    for modality in MODALITIES:
        if importlib.util.find_spec(f"tamis.{modality}"):
            importlib.import_module(f"tamis.{modality}")
    for entry in importlib.metadata.entry_points(group=GROUP):
        try:
            entry.load()
        except Exception as error:
            log = logging.getLogger(__name__)
            log.warning("the ops of %s (%s) cannot be used: %s", entry.name, entry.value, error)
