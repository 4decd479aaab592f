"""Sets of records arranged: ids, order, samples, blends, splits, buckets, chunks put
together again, hard negatives, preference pairs.

What is drawn or ordered follows from ids and a seed: not from the order of the records, nor from
their partitions.
"""

from tamis.sets.blending import blend
from tamis.sets.buckets import buckets
from tamis.sets.ids import add_id
from tamis.sets.negatives import hard_negatives
from tamis.sets.preferring import preferences
from tamis.sets.reassembling import reassemble
from tamis.sets.repartitioning import repartition
from tamis.sets.sampling import sample
from tamis.sets.shuffling import shuffle
from tamis.sets.splitting import SHARES, split

__all__ = [
    "SHARES",
    "add_id",
    "blend",
    "buckets",
    "hard_negatives",
    "preferences",
    "reassemble",
    "repartition",
    "sample",
    "shuffle",
    "split",
]
