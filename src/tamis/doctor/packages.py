"""Which extras of tamis are installed, and what decodes media."""

from __future__ import annotations

import importlib.metadata as metadata
import shutil
from typing import Any

_NOT_OF_USE = ("dev", "docs", "all")  # to a user


def extras() -> dict[str, dict[str, Any]]:
    """Each extra with the distributions that it lacks, or has in a version that does not do.

    Empty where tamis was not installed but is run from its sources.
    """
    try:
        own = metadata.metadata("tamis")
        wanted = metadata.requires("tamis") or []
    except metadata.PackageNotFoundError:
        return {}
    found: dict[str, dict[str, Any]] = {}
    for extra in own.get_all("Provides-Extra") or []:
        if extra not in _NOT_OF_USE:
            lacking = sorted(set(_lacking(wanted, extra)))
            found[extra] = {"installed": not lacking, "lacking": lacking}
    return found


def _lacking(wanted: list[str], extra: str) -> list[str]:
    from packaging.requirements import Requirement

    found: list[str] = []
    for line in wanted:
        asked = Requirement(line)
        if asked.marker is None or not asked.marker.evaluate({"extra": extra}):
            continue
        if asked.marker.evaluate({"extra": ""}):
            continue  # of tamis itself
        if asked.name == "tamis":
            found += [name for other in asked.extras for name in _lacking(wanted, other)]
        elif not _there(asked):
            found.append(f"{asked.name}{asked.specifier}")
    return found


def _there(asked: Any) -> bool:
    try:
        version = metadata.version(asked.name)
    except metadata.PackageNotFoundError:
        return False
    return bool(asked.specifier.contains(version, prereleases=True))


def media() -> dict[str, str]:
    """What decodes, by name: the version, or "" where it is not there."""
    found = {name: _version(name) for name in ("Pillow", "simplejpeg", "av", "soundfile")}
    try:
        from av import library_versions
    except ImportError:
        codec = ""
    else:
        codec = ".".join(map(str, library_versions.get("libavcodec", ())))
    return found | {"libavcodec": codec, "ffmpeg": shutil.which("ffmpeg") or ""}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
