"""Duplicates: found by narrow sketches, verified against a record that is kept, removed."""

from tamis.dedup.components import connected_components
from tamis.dedup.exact import ExactDedup
from tamis.dedup.fuzzy import FuzzyDedup

DEDUPS = {"exact": ExactDedup, "fuzzy": FuzzyDedup}
"""The kinds of deduplication by their names in recipes."""

__all__ = ["DEDUPS", "ExactDedup", "FuzzyDedup", "connected_components"]
