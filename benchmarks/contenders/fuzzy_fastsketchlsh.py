"""FastSketchLSH: batches of sketches, one LSH; members of a bucket linked, components by scipy."""

from __future__ import annotations

from itertools import islice

import numpy as np
import shingles
import task
from FastSketchLSH import LSH, FastSimilaritySketch

chosen = task.arguments()
if chosen.setting == "default":  # as in its README: a set of single words
    tokens = lambda text: sorted(set(text.lower().split()))  # noqa: E731
else:
    tokens = shingles.word_5grams
sketcher = FastSimilaritySketch(size=chosen.hashes, seed=42)
rows = task.texts(chosen.input)
ids: list[str] = []
sketches = []
while batch := list(islice(rows, 2_000)):
    ids += [name for name, _ in batch]
    sketches.append(sketcher.batch([tokens(text) for _, text in batch], num_threads=chosen.threads))
matrix = np.concatenate(sketches)
index = LSH(num_perm=chosen.hashes, num_bands=chosen.bands, num_threads=chosen.threads)
flags = index.insert_and_query_duplicates(matrix)
left, right = [], []
for row in np.flatnonzero(flags).tolist():
    found = list(index.query(matrix[row]))
    left += [row] * len(found)
    right += found
keep = task.first_of_components(len(ids), left, right)
task.write_kept(chosen.input, chosen.output, (ids[row] for row in keep))
