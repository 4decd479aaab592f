"""Duplicates: found by narrow sketches, verified against a record that is kept, removed."""

from tamis.dedup.duplicates import Duplicates
from tamis.dedup.exact import ExactDedup
from tamis.dedup.fuzzy import FuzzyDedup
from tamis.dedup.index import Index
from tamis.dedup.looking import clusters, inspect, pairs, rethreshold
from tamis.dedup.perceptual import PerceptualDedup
from tamis.dedup.radius import within_radius

DEDUPS = {"exact": ExactDedup, "fuzzy": FuzzyDedup, "perceptual": PerceptualDedup}
"""The kinds of deduplication by their names in recipes."""

__all__ = [
    "DEDUPS",
    "Duplicates",
    "ExactDedup",
    "FuzzyDedup",
    "Index",
    "PerceptualDedup",
    "clusters",
    "inspect",
    "pairs",
    "rethreshold",
    "within_radius",
]
