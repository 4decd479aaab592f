"""The certificate of a deduplication within a run: what it is made of, and what comes of it.

Records are drawn by a hash of their ids and a seed, so a certificate does not depend on the
partitioning. Sketches are read once more, partition by partition; texts, vectors and hashes only
of what is sampled. What it costs is bounded by a share of the data. It stands in a file of its own,
as the verdicts do.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

from dask.base import tokenize

from tamis.certifying.case import Case
from tamis.certifying.points import Hashed, Pointing
from tamis.certifying.texts import Exact, Fuzzy
from tamis.dedup import certificate
from tamis.errors import SettingError
from tamis.stages import Layout, Record, read_table

KINDS: dict[str, type[Case]] = {
    "exact": Exact,
    "fuzzy": Fuzzy,
    "semantic": Pointing,
    "perceptual": Hashed,
}


def checked(certificate_: bool | int) -> int:
    """The setting `certificate` of a run as the size of its samples; 0 for none."""
    if isinstance(certificate_, bool):
        return certificate.SIZE if certificate_ else 0
    if not isinstance(certificate_, int) or certificate_ < 1:
        raise SettingError(
            f"certificate={certificate_!r} is neither True, False nor a number of records to sample"
        )
    return certificate_


def certify(
    number: int, step: Any, verdicts: dict[str, Any], records: Sequence[Record],
    columns: dict[str, Any], layout: Layout, size: int,
) -> dict[str, Any] | None:  # fmt: skip
    """Precision and recall of a deduplication whose verdicts stand; None for other kinds."""
    if step.kind not in KINDS or not size:
        return None
    name = f"stages/{number}/certificate.{tokenize(verdicts['token'], size)[:12]}.json"
    if layout.store.size(name) is not None:
        found: dict[str, Any] = json.loads(layout.store.read(name))
        return found
    started = time.perf_counter()
    table = read_table(layout.store, verdicts["name"])
    stored = {kind: told["name"] for kind, told in (verdicts.get("stored") or {}).items()}
    case = KINDS[step.kind](step, table, stored, records, columns, layout.store)
    told = case.made(size)
    made = {"kind": step.kind, "size": size, "removed": case.gone.size, "kept": case.kept} | told
    made["seconds"] = time.perf_counter() - started
    layout.store.put(name, json.dumps(made).encode())
    return made
