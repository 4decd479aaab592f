"""An index of what was seen before: deduplication of one delivery against all earlier ones."""

from tamis.dedup.index.index import Index
from tamis.dedup.index.results import Addition, Removal

__all__ = ["Addition", "Index", "Removal"]
