"""datasketch: MinHash.generator and MinHashLSH; candidates are linked, components by scipy."""

from __future__ import annotations

import shingles
import task
from datasketch import MinHash, MinHashLSH

chosen = task.arguments()
if chosen.setting == "default":
    index = MinHashLSH(threshold=0.8, num_perm=chosen.hashes)
else:
    index = MinHashLSH(num_perm=chosen.hashes, params=(chosen.bands, chosen.rows))
ids: list[str] = []


def tokens():
    for name, text in task.texts(chosen.input):
        ids.append(name)
        yield [gram.encode() for gram in shingles.word_5grams(text)]


left, right = [], []
for row, signature in enumerate(MinHash.generator(tokens(), num_perm=chosen.hashes)):
    for other in index.query(signature):
        left.append(row)
        right.append(other)
    index.insert(row, signature, check_duplication=False)
keep = task.first_of_components(len(ids), left, right)
task.write_kept(chosen.input, chosen.output, (ids[row] for row in keep))
