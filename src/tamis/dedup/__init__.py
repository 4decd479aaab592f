"""Duplicates: found by narrow sketches, verified against a record that is kept, removed."""

from tamis.dedup.components import connected_components
from tamis.dedup.duplicates import Duplicates
from tamis.dedup.exact import ExactDedup
from tamis.dedup.fuzzy import FuzzyDedup
from tamis.dedup.index import Index
from tamis.dedup.looking import clusters, inspect, pairs, rethreshold
from tamis.dedup.perceptual import PerceptualDedup
from tamis.dedup.radius import within_radius
from tamis.dedup.semantic import SemanticDedup
from tamis.dedup.substring import SubstringDedup
from tamis.dedup.units import LineDedup, ParagraphDedup, SentenceDedup
from tamis.dedup.urls import UrlDedup

DEDUPS = {
    "exact": ExactDedup,
    "fuzzy": FuzzyDedup,
    "semantic": SemanticDedup,
    "perceptual": PerceptualDedup,
    "lines": LineDedup,
    "paragraphs": ParagraphDedup,
    "sentences": SentenceDedup,
    "substrings": SubstringDedup,
    "url": UrlDedup,
}
"""The kinds of deduplication by their names in recipes."""

__all__ = [
    "DEDUPS",
    "Duplicates",
    "ExactDedup",
    "FuzzyDedup",
    "Index",
    "LineDedup",
    "ParagraphDedup",
    "PerceptualDedup",
    "SemanticDedup",
    "SentenceDedup",
    "SubstringDedup",
    "UrlDedup",
    "clusters",
    "connected_components",
    "inspect",
    "pairs",
    "rethreshold",
    "within_radius",
]
