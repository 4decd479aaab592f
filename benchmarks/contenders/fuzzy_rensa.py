"""rensa: R-MinHash and its deduplicator, which checks candidates by signature at 0.8."""

from __future__ import annotations

import rensa
import shingles
import task

chosen = task.arguments()
if chosen.setting == "default":  # as in its README: a set of single words
    dedup = rensa.RMinHashDeduplicator(threshold=0.8, num_perm=128, use_lsh=True)
    tokens = str.split
else:
    dedup = rensa.RMinHashDeduplicator(
        threshold=0.8, num_perm=chosen.hashes, use_lsh=True, num_bands=chosen.bands
    )
    tokens = shingles.word_5grams

ids: list[str] = []


def entries():
    for name, text in task.texts(chosen.input):
        ids.append(name)
        yield name, tokens(text)


flags = dedup.add_pairs(entries())
task.write_kept(
    chosen.input, chosen.output, (i for i, keep in zip(ids, flags, strict=True) if keep)
)
