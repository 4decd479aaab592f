"""Duplicates: found by narrow sketches, verified against a record that is kept, removed."""

from tamis.dedup.exact import ExactDedup
from tamis.dedup.fuzzy import FuzzyDedup
from tamis.dedup.semantic import SemanticDedup

DEDUPS = {"exact": ExactDedup, "fuzzy": FuzzyDedup, "semantic": SemanticDedup}
"""The kinds of deduplication by their names in recipes."""

__all__ = ["DEDUPS", "ExactDedup", "FuzzyDedup", "SemanticDedup"]
