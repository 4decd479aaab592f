"""Duplicates: found by narrow sketches, verified against a record that is kept, removed."""

from tamis.dedup.exact import ExactDedup
from tamis.dedup.fuzzy import FuzzyDedup
from tamis.dedup.substring import SubstringDedup
from tamis.dedup.units import LineDedup, ParagraphDedup, SentenceDedup
from tamis.dedup.urls import UrlDedup

DEDUPS = {
    "exact": ExactDedup,
    "fuzzy": FuzzyDedup,
    "lines": LineDedup,
    "paragraphs": ParagraphDedup,
    "sentences": SentenceDedup,
    "substrings": SubstringDedup,
    "url": UrlDedup,
}
"""The kinds of deduplication by their names in recipes."""

__all__ = [
    "DEDUPS",
    "ExactDedup",
    "FuzzyDedup",
    "LineDedup",
    "ParagraphDedup",
    "SentenceDedup",
    "SubstringDedup",
    "UrlDedup",
]
