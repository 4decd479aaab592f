"""One shard of a list of URLs: fetched, checked, brought to size, and put; or standing already."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from tamis.codes import BadRecord
from tamis.frame import STRING
from tamis.io.download_http import Answer, Manners
from tamis.io.download_loop import answers
from tamis.io.refit import SIZES, refitted
from tamis.io.store import Store
from tamis.io.write import WrittenFile, arrow_table, write_part

IMAGE = "image"  # the column of bytes
DONE = "done"  # the folder of what is done, a file for each shard
ADDED = ("http_status", "tries", "redirected_to", "content_type", "sha256", *SIZES)


@dataclass(frozen=True)
class Fetching:
    """The settings of `tamis.fetch`."""

    on: str
    manners: Manners
    format: str
    shard: int
    verify: tuple[str, str] | None  # column and kind of hash
    resize: dict[str, Any] | None  # of `tamis.image.fit.fitted`

    def token(self) -> str:
        """What of the settings decides what is written; not how fast it is fetched."""
        manners = {
            name: getattr(self.manners, name)
            for name in ("max_bytes", "max_redirects", "allow_private", "opt_out")
        }
        return repr((1, self.on, self.format, self.verify, self.resize, manners))


@dataclass
class Done:
    """What one shard became: rows in are `kept` and those of `reasons`."""

    rows: int
    kept: int
    reasons: dict[str, int]
    bytes: int
    files: list[dict[str, Any]] = field(default_factory=list)
    resumed: bool = False
    seconds: float = 0.0


def fetch_shard(frame: pd.DataFrame, number: int, store: Store, given: Fetching) -> Done:
    """Fetch the rows of a frame into the store, unless just these stand there already."""
    stem = f"part-{number:05d}.{_token(frame, given)}"
    record = f"{DONE}/{stem}.json"
    standing = _standing(store, record)
    if standing is not None:
        return standing
    start = time.time()
    table, done = _fetched(frame, given)
    done.files = [asdict(file) for file in WRITERS[given.format](table, stem, store)]
    done.seconds = round(time.time() - start, 3)
    store.put(record, json.dumps(asdict(done)).encode())
    return done


def _token(frame: pd.DataFrame, given: Fetching) -> str:
    table = arrow_table(frame)
    digest = hashlib.sha256(given.token().encode())
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema.remove_metadata()) as stream:
        stream.write_table(table.combine_chunks())
    digest.update(sink.getvalue())
    return digest.hexdigest()[:12]


def _standing(store: Store, record: str) -> Done | None:
    """What an earlier run has done of this shard, if all its files are there."""
    try:
        done = Done(**json.loads(store.read(record)))
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError):
        return None
    if any(store.size(file["name"]) != file["bytes"] for file in done.files):
        return None
    done.resumed = True
    return done


def _fetched(frame: pd.DataFrame, given: Fetching) -> tuple[pd.DataFrame, Done]:
    """The rows with bytes or a reason each."""
    count = len(frame)
    by, why = _dropped_before(frame)
    urls = [None if pd.isna(url) else str(url) for url in frame[given.on]]
    hashes: list[str | None] = [None] * count
    if given.verify is not None:
        hashes = [None if pd.isna(h) else str(h) for h in frame[given.verify[0]]]
    wanted = [row for row in range(count) if by[row] is None]
    columns: dict[str, list[Any]] = {name: [None] * count for name in ADDED}
    images: list[bytes | None] = [None] * count
    for place, answer in answers([urls[row] for row in wanted], given.manners):
        row = wanted[place]
        bad = answer.why
        columns["http_status"][row] = answer.status
        columns["tries"][row] = answer.tries
        columns["redirected_to"][row] = answer.url
        columns["content_type"][row] = answer.content_type
        if answer.data is not None:
            try:
                images[row] = _used(answer, hashes[row], given, columns, row)
            except BadRecord as error:
                bad = error
        if bad is not None:
            by[row], why[row] = "fetch", f"{bad.code}: {urls[row]}: {bad.detail}"[:1000]
    reasons = Counter(str(told).partition(":")[0] for told in why if told is not None)
    kept = sum(image is not None for image in images)
    size = sum(len(image) for image in images if image is not None)
    made = _with(frame, columns, images, by, why)
    return made, Done(count, kept, dict(sorted(reasons.items())), size)


def _used(
    answer: Answer, expected: str | None, given: Fetching, columns: dict[str, list[Any]], row: int
) -> bytes:
    """The bytes as they are kept."""
    data = answer.data
    assert data is not None
    if given.verify is not None and expected is not None:
        found = hashlib.new(given.verify[1], data).hexdigest()
        if found != expected.strip().lower():
            raise BadRecord("fetch.hash", f"{given.verify[1]} {found}, the list says {expected}")
    if given.resize is not None:
        data, *sizes = refitted(data, given.resize)
        for name, number in zip(SIZES, sizes, strict=True):
            columns[name][row] = number
    columns["sha256"][row] = hashlib.sha256(data).hexdigest()
    return data


def _dropped_before(frame: pd.DataFrame) -> tuple[list[Any], list[Any]]:
    if "dropped_by" not in frame.columns:
        return [None] * len(frame), [None] * len(frame)
    lost = frame["dropped_by"].notna().to_numpy()
    whys = frame["dropped_why"] if "dropped_why" in frame.columns else frame["dropped_by"]
    pick = lambda column: [str(v) if gone else None for v, gone in zip(column, lost, strict=True)]  # noqa: E731
    return pick(frame["dropped_by"]), pick(whys)


def _with(
    frame: pd.DataFrame, columns: dict[str, list[Any]], images: list[bytes | None],
    by: list[Any], why: list[Any],
) -> pd.DataFrame:  # fmt: skip
    """The rows with what is known of them now; a column of the same name as one of ours yields."""
    texts = ("redirected_to", "content_type", "sha256")
    made: dict[str, Any] = {
        name: pd.array(values, dtype=STRING if name in texts else "Int64")
        for name, values in columns.items()
        if name not in SIZES or any(v is not None for v in values)
    }
    binary: Any = pd.ArrowDtype(pa.large_binary())
    made[IMAGE] = pd.array(np.array(images, object), dtype=binary)
    made |= {"dropped_by": pd.array(by, dtype=STRING), "dropped_why": pd.array(why, dtype=STRING)}
    kept = frame.drop(columns=[name for name in made if name in frame.columns])
    return kept.assign(**made)


def _archives(frame: pd.DataFrame, stem: str, store: Store) -> list[WrittenFile]:
    from tamis.io.tar_shards import put_archives

    return put_archives(
        frame, stem, store, samples=1 << 40, target_size=1 << 60, checksum=False,
        source_options={}, on=IMAGE, key=None, text=None, json=None, raising=False, empty=True,
    )  # fmt: skip


def _parquet(frame: pd.DataFrame, stem: str, store: Store) -> list[WrittenFile]:
    return write_part(frame, stem, store, empty=True)


Writer = Callable[[pd.DataFrame, str, Store], list[WrittenFile]]
WRITERS: dict[str, Writer] = {"webdataset": _archives, "parquet": _parquet}
