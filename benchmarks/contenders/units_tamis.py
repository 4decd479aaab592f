"""tamis: read_parquet, one deduplication by unit, kept rows written; nothing else of a run."""

from __future__ import annotations

import dask
import task

import tamis

STEPS = {
    "lines": tamis.LineDedup(
        min_length=1, ignore=("case", "digits", "punctuation", "accents"), name="units"
    ),
    "sentences": tamis.SentenceDedup(
        min_length=1, ignore=("case", "digits", "punctuation", "accents"), name="units"
    ),
    "substrings": tamis.SubstringDedup(length=50, name="units"),
}

chosen = task.arguments()
with dask.config.set(scheduler="threads", num_workers=chosen.threads):
    docs = tamis.read_parquet(task.files(chosen.input), errors="raise")
    tamis.write_parquet(STEPS[chosen.setting](docs), chosen.output)
