"""Duplicates: found by narrow sketches, verified against a record that is kept, removed.

Each name is imported when first used: a process that needs one kind does not load the others.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tamis.dedup.components import connected_components
    from tamis.dedup.duplicates import Duplicates
    from tamis.dedup.exact import ExactDedup
    from tamis.dedup.fingerprint import FingerprintDedup
    from tamis.dedup.fuzzy import FuzzyDedup
    from tamis.dedup.index import Index
    from tamis.dedup.index_dedup import IndexDedup
    from tamis.dedup.looking import clusters, inspect, pairs, rethreshold
    from tamis.dedup.perceptual import PerceptualDedup
    from tamis.dedup.radius import within_radius
    from tamis.dedup.semantic import SemanticDedup
    from tamis.dedup.substring import SubstringDedup
    from tamis.dedup.units import LineDedup, ParagraphDedup, SentenceDedup
    from tamis.dedup.urls import UrlDedup

_HOME = {
    "Duplicates": "duplicates",
    "ExactDedup": "exact",
    "FingerprintDedup": "fingerprint",
    "FuzzyDedup": "fuzzy",
    "Index": "index",
    "IndexDedup": "index_dedup",
    "LineDedup": "units",
    "ParagraphDedup": "units",
    "PerceptualDedup": "perceptual",
    "SemanticDedup": "semantic",
    "SentenceDedup": "units",
    "SubstringDedup": "substring",
    "UrlDedup": "urls",
    "clusters": "looking",
    "connected_components": "components",
    "inspect": "looking",
    "pairs": "looking",
    "rethreshold": "looking",
    "within_radius": "radius",
}
_KINDS = {
    "exact": "ExactDedup",
    "fuzzy": "FuzzyDedup",
    "semantic": "SemanticDedup",
    "perceptual": "PerceptualDedup",
    "fingerprint": "FingerprintDedup",
    "lines": "LineDedup",
    "paragraphs": "ParagraphDedup",
    "sentences": "SentenceDedup",
    "substrings": "SubstringDedup",
    "url": "UrlDedup",
    "index": "IndexDedup",
}


class _Kinds(Mapping[str, Any]):
    def __getitem__(self, name: str) -> Any:
        return __getattr__(_KINDS[name])

    def __iter__(self) -> Iterator[str]:
        return iter(_KINDS)

    def __len__(self) -> int:
        return len(_KINDS)


DEDUPS: Mapping[str, Any] = _Kinds()
"""The kinds of deduplication by their names in recipes."""

__all__ = ["DEDUPS", *_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'tamis.dedup' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"tamis.dedup.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
