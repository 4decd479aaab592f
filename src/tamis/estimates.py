"""A sample that was run, scaled up: rows with their ranges, time, memory, disk, warnings.

Row-wise steps scale with the rows. Duplicates do not: most partners of a sampled record are outside
the sample, so what is seen there is a lower bound, and what it would be if all duplicates came in
pairs an upper one (M. Charikar et al., "Towards estimation error guarantees for distinct values",
2000, have the geometric mean of both).
"""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from tamis.dedup.bands import probability
from tamis.frame import to_arrow
from tamis.report.wording import count as counted
from tamis.report.wording import size as sized
from tamis.segments import Segment
from tamis.stages import Record

MOST_ROWS = 2**31 - 2  # of one deduplication, on one machine
_COPIES = 4  # of a partition, at most, while it is worked on: rows, texts, what is kept, buffers
_BASE = 300_000_000  # bytes: Python, Arrow, compiled loops


class Sample(NamedTuple):
    """Some rows of some partitions."""

    parts: list[pd.DataFrame]
    lengths: list[int]  # of the whole partitions
    of: int  # partitions there are
    seconds: float  # to read the whole partitions

    @property
    def rows(self) -> int:
        """Rows taken."""
        return sum(map(len, self.parts))

    @property
    def whole(self) -> bool:
        """Whether nothing was left out."""
        return len(self.lengths) == self.of and self.rows == sum(self.lengths)

    def estimated(self) -> tuple[int, int, int]:
        """Rows of all partitions: expected, least, most."""
        known, count = sum(self.lengths), len(self.lengths)
        if count == self.of:
            return known, known, known
        mean = known / count
        spread = float(np.std(self.lengths, ddof=1)) if count > 1 else mean / 2
        off = 2 * spread / math.sqrt(count) * (self.of - count) + 0.02 * mean * (self.of - count)
        total = mean * self.of
        return round(total), max(known, round(total - off)), round(total + off)


class Rehearsed(NamedTuple):
    """A sample that went through all stages."""

    figures: dict[str, Any]  # as `totals` has them
    records: list[list[Record]]
    verdicts: list[dict[str, Any]]
    evidence: list[int]  # bytes, per deduplication
    halves: list[tuple[float, float]]  # dropped share of all and of half the rows compared
    sketching: list[float]  # seconds, per deduplication
    asking: list[dict[str, Any]]  # requests and tokens, per step that asks a service


def duplicates(share: float, half: float, sampled: int, rows: float) -> tuple[float, float, float]:
    """The share of duplicates in all rows, expected, least and most, from that in a sample.

    Twice the rows would show up to twice the share: as much as the sample shows beside its half.
    """
    scale = rows / max(1, sampled)
    if scale <= 1:
        return share, share, share
    seen = share * sampled
    # Two standard errors of the logarithm: half the rows show about a quarter as many.
    off = 2 / math.log(2) * math.sqrt(4 / max(1, seen))
    growth = 1.0 if half <= 0 else math.log2(max(1.0, share / half)) + off
    power = min(1.0, growth)
    most = min(0.99, (seen + 2 * math.sqrt(seen) + 3) / max(1, sampled) * scale**power)
    likely = min(0.99, share * scale**power)
    least = max(0.0, (seen - 2 * math.sqrt(seen)) / max(1, sampled))
    return math.sqrt(share * likely), least, max(most, share)


def figures(
    parts: list[Segment], sample: Sample, found: Rehearsed, idle: Rehearsed,
    out: str | os.PathLike[str] | None,
) -> dict[str, Any]:  # fmt: skip
    """The figures of a plan. `idle` is next to no rows run: what tasks take whatever they hold."""
    expected, least, most = sample.estimated()
    scale = expected / max(1, sample.rows)
    reading = sample.seconds * expected / max(1, sum(sample.lengths))
    steps, scales = _steps(sample, found, (expected, least, most))
    dedups = [segment.dedup for segment in parts if segment.dedup is not None]
    staging = []
    for k, records in enumerate(found.records):
        fixed = sum(record.seconds for record in idle.records[k]) / max(1, len(idle.records[k]))
        varying = sum(max(0.0, record.seconds - fixed) for record in records)
        staging.append(fixed * sample.of + varying * scales[k])
    deciding = []
    for few, verdict in zip(idle.verdicts, found.verdicts, strict=True):
        fixed = min(few["seconds"], verdict["seconds"])
        deciding.append(fixed + (verdict["seconds"] - fixed) * scales[verdict["stage"]])
    cpu = reading + sum(staging)
    spent = cpu + sum(deciding)
    for verdict, seconds in zip(found.verdicts, found.sketching, strict=True):
        row = next(row for row in steps if row["name"] == verdict["step"])
        row["seconds"] += seconds * scales[verdict["stage"]]
    own = sum(row["seconds"] for row in steps)
    work = {"reading": reading, "writing and the rest": max(0.0, spent - reading - own)}
    for row in steps:
        row["share"] = row["seconds"] / spent if spent else 0.0
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    threads = threads or 1
    decoded = sum(to_arrow(part).nbytes for part in sample.parts)
    disk = _disk(found, scales) | {"decoded": round(decoded * scale)}
    per_row = decoded / max(1, sample.rows)
    partition = per_row * max(sample.lengths, default=0)
    memory = _memory(partition, threads, steps, bool(dedups))
    last = steps[-1] if steps else {"rows_out": expected, "low": least, "high": most}
    told = {
        "sample": {"rows": sample.rows, "partitions": len(sample.lengths), "of": sample.of},
        "rows": {
            "in": expected, "in_low": least, "in_high": most,
            "kept": last["rows_out"], "low": last["low"], "high": last["high"],
            "cut": sum(step["cut"] for step in steps),
        },
        "steps": steps,
        "work": work,
        "seconds": cpu / threads + sum(deciding),
        "threads": threads,
        "memory": memory,
        "disk": disk,
        "deduplications": [_search(name, step) for name, step in dedups],
        "asking": [_asking(asked, steps, found.figures["steps"]) for asked in found.asking],
    }  # fmt: skip
    return told | {"warnings": _warnings(told, partition, out)}


def _steps(
    sample: Sample, found: Rehearsed, rows: tuple[int, int, int]
) -> tuple[list[dict[str, Any]], list[float]]:
    """Rows of each step in the whole, and by how much each stage is larger than in the sample."""
    now, low, high = (float(value) for value in rows)
    scales = [now / max(1, sample.rows)]
    walls: dict[str, float] = {}
    for record in (record for of_stage in found.records for record in of_stage):
        for name, its in record.counts.items():
            walls[name] = walls.get(name, 0.0) + its["wall"]
    halves, made = iter(found.halves), []
    for step in found.figures["steps"]:
        came, left = step["rows_in"], step["rows_out"]
        ratio = left / came if came else 1.0
        row = {"name": step["name"], "kind": step["kind"], "rows_in": round(now)}
        row["cut"] = round(now * step["cut"] / came) if came else 0
        scale = scales[-1]
        if step["kind"] == "dedup":
            share, least, most = duplicates(*next(halves), came, now)
            now, low, high = now * (1 - share), low * (1 - most), high * (1 - least)
            scales.append(now / max(1, left))
        else:
            off = 0.0 if sample.whole else _error(step["name"], ratio, came, found.records)
            now, low, high = now * ratio, low * max(0.0, ratio - off), high * (ratio + off)
            if step.get("asked"):
                scales.append(now / max(1, left))
        high = max(high, now)
        row |= {"rows_out": round(now), "low": round(min(low, now)), "high": round(high)}
        # by the clock, as the whole is: decoding goes on in other threads and processes, too
        spent = step["seconds"] if step["kind"] == "dedup" else walls.get(step["name"], 0.0)
        made.append(row | {"seconds": spent * scale})
    return made, scales


def _error(name: str, ratio: float, came: int, records: Sequence[Sequence[Record]]) -> float:
    """Twice the standard error of a step's ratio: of its rows, or between partitions if larger."""
    chance = math.sqrt(max(ratio * (1 - ratio), 1 / max(1, came)) / max(1, came)) if came else 1.0
    stages = [[r.counts[name] for r in of_stage if name in r.counts] for of_stage in records]
    counts = next(found for found in reversed(stages) if found)  # it may have measured earlier
    ratios = [c["rows_out"] / c["rows_in"] for c in counts if c["rows_in"]]
    between = float(np.std(ratios, ddof=1)) / math.sqrt(len(ratios)) if len(ratios) > 1 else 0.0
    return 2 * max(chance, between)


def _disk(found: Rehearsed, scales: Sequence[float]) -> dict[str, int]:
    """Bytes that the run puts on disk, and that its deduplications compare."""
    kept = dropped = staged = moved = 0.0
    for k, records in enumerate(found.records):
        for record in records:
            for file in record.files:
                size = file["bytes"] * scales[k]
                kept += size if file["name"].startswith("kept/") else 0
                dropped += 0 if file["name"].startswith("kept/") else size
            for file in record.staged:
                staged += file["bytes"] * scales[k]
                moved += file["bytes"] * scales[k] if "/sketch-" in file["name"] else 0
    for verdict, size in zip(found.verdicts, found.evidence, strict=True):
        staged += size * scales[verdict["stage"]]
        moved += size * scales[verdict["stage"]]
    parts = {"kept": kept, "dropped": dropped, "staged": staged, "moved": moved}
    return {name: round(value) for name, value in parts.items()}


def _memory(partition: float, threads: int, steps: list[dict[str, Any]], dedup: bool) -> int:
    """Peak memory: what is loaded, partitions in work, 48 bytes a row of a deduplication."""
    rows = max((row["rows_in"] for row in steps if row["kind"] == "dedup"), default=0)
    return round(_BASE + _COPIES * threads * partition + (48 * rows if dedup else 0))


def _asking(
    asked: dict[str, Any], steps: list[dict[str, Any]], sampled: list[dict[str, Any]]
) -> dict[str, Any]:
    """What a step asks about all rows: as much for each as about those of the sample."""
    rows, few = (
        next(row["rows_in"] for row in found if row["name"] == asked["step"])
        for found in (steps, sampled)
    )
    scale = rows / max(1, few)
    return {k: v if isinstance(v, str) else v * scale for k, v in asked.items()}


def _search(name: str, step: Any) -> dict[str, Any]:
    """How a deduplication proposes: its settings and S-curve."""
    found: dict[str, Any] = {"step": name, "kind": step.kind, "settings": step.to_dict()}
    if step.kind != "fuzzy":
        return found | {"curve": None, "how": _how(step)}
    bands, rows = step.cut
    scheme = step.scheme
    found |= {"unit": scheme.unit, "ngram": scheme.ngram, "hashes": scheme.hashes}
    found |= {"bands": bands, "rows": rows, "threshold": step.threshold, "sought": step.sought}
    found["measure"] = step.measure
    points = [k / 100 for k in range(50, 101, 5)]
    found["curve"] = [[s, probability(s, bands, rows)] for s in points]
    return found | {"missed": 1 - probability(step.sought, bands, rows)}


def _how(step: Any) -> str:
    """What a deduplication without bands takes for a duplicate, and how that is told."""
    if step.kind == "perceptual":
        return f"hashes that differ in at most {step.radius} bits; every such pair is found"
    if step.kind == "fingerprint":
        over = "the shorter one" if step.contained else "both"
        return f"recordings that are the same sound for {step.threshold:.0%} of the time of {over}"
    if step.kind == "semantic":
        told = f"vectors of cosine {step.threshold:g} or more"
        if step.clusters == 1:
            return f"{told}; every such pair is found"
        return f"{told}, all with all up to 100,000, then in the {step.probe} nearest clusters"
    if step.kind == "index":
        return f"compared with what the index {step.path} holds, as that compares"
    if step.kind == "substrings":
        parts = f"runs of {step.length} {step.unit} or more"
    elif step.kind == "sentences":
        parts = f"runs of {step.n} sentences"
    else:
        parts = {"exact": "equal", "url": "equal addresses"}.get(step.kind, step.kind)
    told = "by a hash of 128 bits; none is missed"
    if step.whole:
        return f"{parts}, {told}"
    acts = {"unit": "cut out", "record": "counted to drop records", "score": "counted"}
    return f"{parts} that stand before, {told}; they are {acts[step.action]}"


def _warnings(
    figures: dict[str, Any], partition: float, out: str | os.PathLike[str] | None
) -> list[str]:
    found, disk = [], figures["disk"]
    needed = disk["kept"] + disk["dropped"] + disk["staged"]
    room = _room(out)
    if room is not None and needed > room:
        found.append(
            f"the run would put {sized(needed)} into {os.fspath(out or '.')}, where {sized(room)} "
            "are free; stage_compression='lz4' halves what is staged, or take another disk"
        )
    free = _free_memory()
    if free is not None and figures["memory"] > free:
        found.append(
            f"about {sized(figures['memory'])} of memory are needed, {sized(free)} are free; "
            f"smaller partitions ({sized(round(partition))} now) or fewer threads take less"
        )
    for row in figures["steps"]:
        if row["kind"] == "dedup" and row["rows_in"] > MOST_ROWS:
            found.append(
                f"{row['name']}: {counted(row['rows_in'])} rows are more than one machine takes"
            )
        if row["rows_in"] and not row["rows_out"]:
            found.append(f"{row['name']} drops everything in the sample; look at its bounds")
    for told in figures["deduplications"]:
        if told["curve"] and told["missed"] > 0.05:
            found.append(
                f"{told['step']}: of pairs at the threshold {told['missed']:.0%} would be missed; "
                "more bands, or none given, find more"
            )
    return found


def _room(out: str | os.PathLike[str] | None) -> int | None:
    """Bytes free where a run would go; None where that cannot be told."""
    if out is None or "://" in os.fspath(out):
        return None
    place = Path(out).expanduser().absolute()
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free


def _free_memory() -> int | None:
    """Bytes of memory that can be had: of the machine, or of the container if less."""
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
        free = [1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable")]
    except OSError:
        return None
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text("ascii").strip()
        used = Path("/sys/fs/cgroup/memory.current").read_text("ascii").strip()
        free += [max(0, int(limit) - int(used))] if limit != "max" else []
    except (OSError, ValueError):
        pass
    return min(free) if free else None
