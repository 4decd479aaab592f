"""Fetch what a list of URLs names into archives: politely, durably, every row accounted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from dask.utils import parse_bytes

from tamis.errors import AccountingError, ColumnError, DataError, SettingError
from tamis.execute import execute
from tamis.frame import library
from tamis.io.commit import MANIFEST, MARKER, Folder, Part, manifest
from tamis.io.download_http import OPT_OUT, Manners
from tamis.io.download_loop import stop
from tamis.io.download_settings import agent, seconds, whole
from tamis.io.download_shard import DONE, WRITERS, Done, Fetching, fetch_shard
from tamis.io.folders import Target
from tamis.io.target import refuse_foreign
from tamis.progress import Progress
from tamis.spelling import no_column

HASHES = ("md5", "sha1", "sha256", "sha512")


@dataclass(frozen=True)
class Fetched:
    """What became of a list: `rows` are `kept` and the rows of `reasons`, code by code."""

    folder: str
    rows: int
    kept: int
    reasons: dict[str, int]
    bytes: int
    shards: int
    resumed: int
    """Shards that an earlier call had done."""


def fetch(
    df: Any,
    folder: Target,
    *,
    on: str = "url",
    format: str = "webdataset",
    shard: int = 1000,
    resize: str = "no",
    size: int | None = None,
    only_if_bigger: bool = False,
    encode: str = "jpg",
    quality: int | None = None,
    verify: str | tuple[str, str] | None = None,
    connections: int = 64,
    per_host: int = 8,
    delay: float = 0.0,
    retries: int = 2,
    timeout: float = 10.0,
    total_timeout: float = 60.0,
    max_wait: float = 60.0,
    max_bytes: int | str = "50MiB",
    max_redirects: int = 5,
    opt_out: Sequence[str] = OPT_OUT,
    allow_private: bool = False,
    user_agent: str | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> Fetched:
    """Fetch the URLs in a column of a frame (Dask or pandas) into a folder; what became of them.

    Each `shard` of rows becomes a tar archive and a Parquet table of all its rows
    (`format="webdataset"`, read by `read_manifest`), or a Parquet file with a column `image` of
    bytes (`"parquet"`). Every row is there, in order, with `http_status`, `tries`,
    `redirected_to`, `content_type`, `sha256`; one without bytes has `dropped_by="fetch"` and
    `dropped_why` with a code `fetch.…` or `decode.…`. Call it again to go on after a kill: shards
    that stand are not fetched again. A shard's bytes are in memory until it is written.

    `resize` is one of `tamis.image.fit.MODES` with `size` in pixels, written as `encode` (jpg, png,
    webp) of `quality`; `"no"` keeps the bytes as they came, undecoded. `verify` names a column of
    hex digests, `"md5"` or `("column", "md5")`; a null is not checked.

    Per process at most `connections` at once, `per_host` to one host, and `delay` seconds between
    two requests to it. Failures that may pass (no connection, silence, 408, 425, 429, 5xx) are
    tried again `retries` times after 0.5 s, 1 s, …, or when `Retry-After` says, up to `max_wait`.
    `timeout` bounds connecting and each silence (img2dataset's 10 s), `total_timeout` the whole.
    Only http and https; never an address of a private network, after any redirect or trick with
    names, unless `allow_private`. `opt_out` lists directives of `X-Robots-Tag` that are honoured
    (img2dataset's). Needs `tamis[fetch]`.
    """
    manners = Manners(
        connections=whole("connections", connections, 1), per_host=whole("per_host", per_host, 1),
        delay=seconds("delay", delay, 0), retries=whole("retries", retries, 0),
        timeout=seconds("timeout", timeout),
        total_timeout=seconds("total_timeout", total_timeout),
        max_wait=seconds("max_wait", max_wait, 0), max_bytes=parse_bytes(max_bytes),
        max_redirects=whole("max_redirects", max_redirects, 0), allow_private=bool(allow_private),
        opt_out=tuple(opt_out), user_agent=agent(user_agent),
    )  # fmt: skip
    if format not in WRITERS:
        raise SettingError(f"format must be one of {', '.join(WRITERS)}, found {format!r}")
    given = Fetching(
        on, manners, format, whole("shard", shard, 1), _verify(df, verify),
        _resize(resize, size, only_if_bigger, encode, quality),
    )  # fmt: skip
    _check_column(df, on, "on")
    from tamis.io.download_http import _aiohttp

    _aiohttp()
    target = Folder(folder, storage_options)
    refuse_foreign(target.store, (), marks=(MANIFEST, MARKER), folders=True)
    same = {"format": given.format, "shard": given.shard, "resize": given.resize}
    _refuse_other_settings(target.store, same)
    target.writing()
    calls = _calls(df, target, given)
    found: dict[int, list[Done]] = {}
    with Progress() as progress:
        progress.begin("fetch", len(calls), 0)

        def note(number: int, shards: list[Done]) -> None:
            found[number] = shards
            progress.advance(sum(done.rows for done in shards))

        try:
            execute(_shards, calls, note)
        finally:
            stop()
        progress.end()
    done = [one for number in sorted(found) for one in found[number]]
    return _commit(df, target, done, same)


def _refuse_other_settings(store: Any, same: dict[str, Any]) -> None:
    """What was fetched in another form is not replaced: it may be the originals."""
    stands = (manifest(store, MANIFEST) or {}).get("fetched", {}).get("settings")
    differing = [key for key in same if stands is not None and stands.get(key) != same[key]]
    if differing:
        key = differing[0]
        raise DataError(
            f"{store.root} holds what was fetched with {key}={stands.get(key)!r}, now it is "
            f"{same[key]!r}; give another folder, or remove that one"
        )


class _Partition:
    """A partition of a Dask frame that is computed where it is used."""

    def __init__(self, delayed: Any) -> None:
        self._delayed = delayed

    def frame(self) -> pd.DataFrame:
        frame: pd.DataFrame = self._delayed.compute(scheduler="synchronous")
        return frame


def _calls(df: Any, target: Folder, given: Fetching) -> list[tuple[Any, ...]]:
    """Tasks: a partition of a Dask frame, or a shard of a pandas one; shards numbered through."""
    if library(df) == "pandas":
        starts = range(0, len(df), given.shard)
        return [
            (df.iloc[s : s + given.shard], n, target.store, given) for n, s in enumerate(starts)
        ]
    if library(df) != "dask":
        raise SettingError("fetch a pandas or Dask frame; bring a cuDF one to the host first")
    lengths = df.map_partitions(len).compute()
    calls, number = [], 0
    for part, length in zip(df.to_delayed(), lengths, strict=True):
        calls.append((_Partition(part), number, target.store, given))
        number += -(-int(length) // given.shard)
    return calls


def _shards(part: Any, number: int, store: Any, given: Fetching) -> list[Done]:
    frame = part.frame() if isinstance(part, _Partition) else part
    starts = range(0, len(frame), given.shard)
    return [
        fetch_shard(frame.iloc[start : start + given.shard], number + place, store, given)
        for place, start in enumerate(starts)
    ]


def _commit(df: Any, target: Folder, shards: list[Done], same: dict[str, Any]) -> Fetched:
    reasons: Counter[str] = Counter()
    for done in shards:
        reasons.update(done.reasons)
        if done.rows != done.kept + sum(done.reasons.values()):
            raise AccountingError(f"{done.rows} rows came, {done.kept} kept, {done.reasons}")
    result = Fetched(
        target.store.root, sum(d.rows for d in shards), sum(d.kept for d in shards),
        dict(sorted(reasons.items())), sum(d.bytes for d in shards), len(shards),
        sum(d.resumed for d in shards),
    )  # fmt: skip
    target.add([Part(**file) for done in shards for file in done.files])
    target.store.settle(DONE)
    target.commit(
        fetched={"rows": result.rows, "kept": result.kept, "reasons": result.reasons,
                 "bytes": result.bytes, "settings": same}
    )  # fmt: skip
    return result


def _verify(df: Any, verify: str | tuple[str, str] | None) -> tuple[str, str] | None:
    if verify is None:
        return None
    column, kind = (verify, verify) if isinstance(verify, str) else verify
    if kind not in HASHES:
        raise SettingError(f"verify: a hash is one of {', '.join(HASHES)}, found {kind!r}")
    _check_column(df, column, "verify")
    return column, kind


def _resize(
    resize: str, size: int | None, only_if_bigger: bool, encode: str, quality: int | None
) -> dict[str, Any] | None:
    from tamis.image.fit import check

    check(resize, size, encode, quality)
    if resize == "no":
        if size is not None or quality is not None:
            raise SettingError('size and quality have no effect with resize="no"')
        return None
    return {"mode": resize, "size": size, "only_if_bigger": only_if_bigger, "format": encode,
            "quality": quality}  # fmt: skip


def _check_column(df: Any, name: str, what: str) -> None:
    if name not in df.columns:
        raise ColumnError(f"{what}: {no_column(name, df.columns)}")
