"""SemHash on vectors that are there: CPU seconds of index and deduplication, and who stays.

python semantic_semhash.py VECTORS.npy THRESHOLD OUT.npy      # OUT: the numbers of the rows kept
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
from semhash import SemHash

vectors, threshold = np.load(sys.argv[1]), float(sys.argv[2])


class Ready:
    """Stands for the model: the vectors are made already, and nothing else is asked for."""

    def encode(self, inputs: Any, **_: Any) -> np.ndarray:
        raise RuntimeError("nothing is left to be encoded")


records = [str(k) for k in range(len(vectors))]
start, wall = time.process_time(), time.perf_counter()
found = SemHash.from_embeddings(vectors, records, Ready()).self_deduplicate(threshold)
spent, waited = time.process_time() - start, time.perf_counter() - wall
np.save(sys.argv[3], np.array(sorted(map(int, found.selected)), np.int64))
print(spent, waited)
