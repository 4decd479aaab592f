"""Duplicates: found by narrow sketches, verified against a record that is kept, removed."""

from tamis.dedup.exact import ExactDedup
from tamis.dedup.fuzzy import FuzzyDedup
from tamis.dedup.perceptual import PerceptualDedup
from tamis.dedup.radius import within_radius

DEDUPS = {"exact": ExactDedup, "fuzzy": FuzzyDedup, "perceptual": PerceptualDedup}
"""The kinds of deduplication by their names in recipes."""

__all__ = ["DEDUPS", "ExactDedup", "FuzzyDedup", "PerceptualDedup", "within_radius"]
