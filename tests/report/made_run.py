"""A run's folder made by hand: records, verdicts and parts written down without tamis."""

from __future__ import annotations

import gzip
import hashlib
import json
import math
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

HOSTILE = (
    '<script>alert("x")</script><img src="http://elsewhere.invalid/a.png"> '
    "\u202eright to left\u202c zero\u200bwidth &amp; nul\x00 \x1b[2J\n\nשלום world"
)
LEDGER = ("id", "dropped_by", "dropped_why", "duplicate_of", "similarity", "words", "share", "lang")
STEPS = ("read_jsonl", "words", "share", "lang", "exact_dedup", "fuzzy_dedup")


def records(count: int = 400, seed: int = 1) -> pd.DataFrame:
    """Records with scores `words`, `share`, `lang`, and what a run would have made of them."""
    chance = random.Random(seed)
    rows = []
    for i in range(count):
        words = int(chance.lognormvariate(4, 1.5)) + 1
        text = " ".join(
            chance.choice(["the", "old", "mill", "by", "a", "stream"]) for _ in range(20)
        )
        row: dict[str, Any] = {"id": f"d{i:05d}", "text": f"{text} {i}", "words": words}
        row |= {
            "share": round(chance.random(), 3),
            "lang": chance.choice(["en", "en", "en", "de", "ja"]),
        }
        row |= {
            "dropped_by": None,
            "dropped_why": None,
            "duplicate_of": None,
            "similarity": math.nan,
        }
        rows.append(row)
    rows[7]["text"] = HOSTILE
    rows[7]["words"] = 9
    for i in (11, 12):
        rows[i] |= {"text": None, "words": None, "share": math.nan, "lang": None}
        _drop(rows[i], "read_jsonl", f"json.syntax: a.jsonl, line {i}: {HOSTILE}")
    rows[13] |= {"text": "", "words": None, "share": math.nan}
    _drop(rows[13], "words", "text.empty: text is empty or blank")
    for row in rows:
        _judge(row)
    _duplicates(rows, chance)
    return pd.DataFrame(rows)


def figures(frame: pd.DataFrame) -> dict[str, Any]:
    """What the run would have counted, all but its parts."""
    entries: dict[str, dict[str, Any]] = {
        "words": {"filter": "text.word_count", "name": "words", "min": 10, "max": 2000},
        "share": {"filter": "text.url_ratio", "name": "share", "max": 0.8},
        "lang": {"filter": "lang", "isin": ["en", "de"]},
        "exact_dedup": {"dedup": "exact"},
        "fuzzy_dedup": {"dedup": "fuzzy", "threshold": 0.7},
    }
    steps, left = [], len(frame)
    for name in STEPS:
        gone = frame[frame["dropped_by"] == name]
        reasons: dict[str, int] = {}
        for why in gone["dropped_why"]:
            code = why.partition(":")[0]
            reasons[code] = reasons.get(code, 0) + 1
        kind = {"read_jsonl": "reader", "exact_dedup": "dedup", "fuzzy_dedup": "dedup"}.get(
            name, "filter"
        )
        step = {"name": name, "kind": kind, "rows_in": left, "dropped": len(gone), "cut": 0}
        left -= len(gone)
        step |= {"rows_out": left, "reasons": reasons, "seconds": 0.25, "fired": "sometimes"}
        if name in entries:
            step["entry"] = entries[name]
        if kind == "filter":
            bounds = ("min", "max", "isin")
            step["bounds"] = {k: entries[name][k] for k in bounds if k in entries[name]}
        steps.append(step)
    steps[2]["fired"] = "never" if not steps[2]["dropped"] else "sometimes"
    return {
        "format": 1, "token": "t", "started": "2026-03-01T12:30:00+00:00", "seconds": 3.5,
        "rows": {"in": len(frame), "cut": 0, "kept": left, "dropped": len(frame) - left},
        "steps": steps, "views": {"words": 0.5}, "deduplications": [],
        "recipe": {"steps": list(entries.values())},
        "versions": {"tamis": "0.1.0", "python": "3.11"},
        "input": {"partitions": 1, "columns": {"id": "string", "text": "string", "lang": "string"}},
        "output": {"format": "parquet", "partition_on": None}, "tasks": {"done": 1, "reused": 0},
    }  # fmt: skip


def write(
    folder: Path, frame: pd.DataFrame, parts: int = 1, form: str = "parquet"
) -> dict[str, Any]:
    """Put the records into `folder` as so many parts; the figures with these parts."""
    found = figures(frame)
    found["parts"], found["input"]["partitions"] = [], parts
    found["output"]["format"] = form
    cuts = [len(frame) * k // parts for k in range(parts + 1)]
    for number, (start, stop) in enumerate(pairwise(cuts)):
        rows = frame.iloc[start:stop]
        stem = f"part-{number:05d}-0.{number:012x}"
        gone = rows["dropped_by"].notna()
        _put(folder, f"ledger/{stem}.parquet", rows[list(LEDGER)], found["parts"])
        _put(folder, f"dropped/{stem}.parquet", rows[gone], found["parts"])
        _put(folder, f"kept/{stem}.{form}", rows[~gone][["id", "text", "lang"]], found["parts"])
    return found


def _judge(row: dict[str, Any]) -> None:
    if row["dropped_by"] is not None:
        return
    if row["words"] < 10:
        _drop(row, "words", f"min: {row['words']} < 10")
    elif row["words"] > 2000:
        _drop(row, "words", f"max: {row['words']} > 2000")
    elif row["share"] > 0.8:
        _drop(row, "share", f"max: {row['share']} > 0.8")
    elif row["lang"] not in ("en", "de"):
        _drop(row, "lang", f"isin: {row['lang']} is not one of en, de")


def _duplicates(rows: list[dict[str, Any]], chance: random.Random) -> None:
    alive = [row for row in rows if row["dropped_by"] is None]
    for kept, sizes in ((alive[0], 6), (alive[10], 3), (alive[20], 1)):
        start = alive.index(kept)
        for copy in alive[start + 1 : start + 1 + sizes]:
            copy["text"] = kept["text"]
            _drop(copy, "exact_dedup", f"dedup.exact: same text as {kept['id']}")
            copy |= {"duplicate_of": kept["id"], "similarity": 1.0}
    for at in range(30, 60, 3):
        kept, copy = alive[at], alive[at + 1]
        words = kept["text"].split()
        words[3], value = "WHEEL", round(0.7 + 0.3 * chance.random(), 4)
        copy["text"] = " ".join(words)
        _drop(copy, "fuzzy_dedup", f"dedup.fuzzy: {value} like {kept['id']}")
        copy |= {"duplicate_of": kept["id"], "similarity": value}


def _drop(row: dict[str, Any], by: str, why: str) -> None:
    row |= {"dropped_by": by, "dropped_why": why}


def _put(folder: Path, name: str, rows: pd.DataFrame, parts: list[dict[str, Any]]) -> None:
    if not len(rows):
        return
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if name.endswith(".parquet"):
        rows = rows.astype({"words": "Int64"}) if "words" in rows else rows
        pq.write_table(pa.Table.from_pandas(rows, preserve_index=False), path, row_group_size=50)
    elif name.endswith(".csv"):
        rows.to_csv(path, index=False)
    else:
        lines = "".join(
            json.dumps(row, ensure_ascii=False) + "\n" for row in rows.to_dict("records")
        )
        if name.endswith(".zst"):
            with pa.CompressedOutputStream(str(path), "zstd") as stream:
                stream.write(lines.encode())
        elif name.endswith(".gz"):
            path.write_bytes(gzip.compress(lines.encode()))
        else:
            path.write_text(lines, "utf-8")
    data = path.read_bytes()
    part = {"name": name, "rows": len(rows), "bytes": len(data)}
    parts.append(part | {"sha256": hashlib.sha256(data).hexdigest()})
