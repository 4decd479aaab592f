"""Download files into a folder: politely, on from where it broke off, every one accounted for."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import urllib.parse
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tamis.errors import DataError, SettingError
from tamis.io.download_file import CannotWrite, Saved, Saving, Wanted
from tamis.io.download_http import Manners, _aiohttp
from tamis.io.download_loop import answers, stop
from tamis.io.download_settings import agent, seconds, whole
from tamis.io.sizes import size
from tamis.io.store import Store, writing
from tamis.progress import Progress

STATE = "_downloads"  # readers leave out what begins so
STATUS = f"{STATE}/status.parquet"
OPT_OUT = ("noai",)
_KINDS = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
_HEX = re.compile(r"^[0-9a-f]+$")
_SUMS = re.compile(r"^\\?([0-9a-fA-F]{32,128}) [ *](.+)$")
_TYPES = pa.schema([
    ("id", pa.string()), ("url", pa.string()), ("path", pa.string()), ("bytes", pa.int64()),
    ("sha256", pa.string()), ("verified", pa.string()), ("http_status", pa.int64()),
    ("tries", pa.int64()), ("redirected_to", pa.string()), ("content_type", pa.string()),
    ("etag", pa.string()), ("last_modified", pa.string()), ("seconds", pa.float64()),
    ("standing", pa.bool_()), ("dropped_by", pa.string()), ("dropped_why", pa.string()),
])  # fmt: skip


@dataclass(frozen=True)
class Downloaded:
    """What became of a list of addresses: files, `kept`, and those of `reasons`, code by code."""

    folder: str
    kept: int
    reasons: dict[str, int]
    bytes: int
    standing: int
    """Files that an earlier call had downloaded."""
    paths: tuple[str, ...]
    """Where the files are, in the order of their addresses."""

    @property
    def table(self) -> pd.DataFrame:
        """A row for each address: file, size, hash, tries, what the server said, or why not."""
        return pq.read_table(os.path.join(self.folder, STATUS)).to_pandas()


def download(
    urls: str | Iterable[str],
    folder: str | os.PathLike[str],
    *,
    names: str | Mapping[str, str] = "name",
    checksums: str | os.PathLike[str] | Mapping[str, str] | None = None,
    connections: int = 8,
    per_host: int = 2,
    delay: float = 0.0,
    retries: int = 5,
    timeout: float = 30.0,
    total_timeout: float = 3600.0,
    max_wait: float = 600.0,
    max_bytes: int | str = "1TB",
    max_redirects: int = 5,
    opt_out: Sequence[str] = OPT_OUT,
    allow_private: bool = False,
    user_agent: str | None = None,
) -> Downloaded:
    """Download the files that `urls` name into a local folder; what became of each.

    Call it again to go on: files that stand are not asked for again, and a part that a killed call
    or a broken connection left is continued (`Range`, with `If-Range`), from the start where the
    server has another file by now, names no version of it, or knows no ranges. A file appears under
    its name when it is whole: as long as announced and, with `checksums`, of that hash (md5, sha1,
    sha256 or sha512 in hex, by address or file name, or a file of such lines as `sha1sum` writes;
    a file that they do not name is not checked). `_downloads/status.parquet` has a row for each
    address: `path`, `bytes`, `sha256`, `verified` (the kind of hash, "length", or null where the
    server did not say how long the file is), or `dropped_why` with a code `fetch.…`.

    Files are called as the last part of their address; `names="path"` keeps host and folders, a
    mapping names some of them. At most `connections` at once, `per_host` to one host (Wikimedia
    asks for no more than 2), `delay` seconds between two requests to it. What may pass is tried
    again `retries` times after 0.5 s, 1 s, …, or when `Retry-After` says, up to `max_wait`; a try
    that brought the file further by a megabyte does not count. `timeout` bounds connecting and
    each silence, `total_timeout` each try. Only http and https, never an address of a private
    network, unless `allow_private`. `opt_out` lists directives of `X-Robots-Tag` that are honoured.
    Needs `tamis[fetch]`.
    """
    manners = Manners(
        connections=whole("connections", connections, 1), per_host=whole("per_host", per_host, 1),
        delay=seconds("delay", delay, 0), retries=whole("retries", retries, 0),
        timeout=seconds("timeout", timeout),
        total_timeout=seconds("total_timeout", total_timeout),
        max_wait=seconds("max_wait", max_wait, 0), max_bytes=size("max_bytes", max_bytes),
        max_redirects=whole("max_redirects", max_redirects, 0), allow_private=bool(allow_private),
        opt_out=tuple(opt_out), user_agent=agent(user_agent),
    )  # fmt: skip
    _aiohttp()
    store = Store(folder)
    if not store.local:
        raise SettingError(f"files are downloaded into a local folder, not to {store.root}")
    wanted = _wanted(urls, names, _sums(checksums), store)
    with _alone(store):
        rows = _downloaded(wanted, manners, store)
        table = pa.Table.from_pylist(rows, _TYPES)
        store.put(STATUS, lambda file: pq.write_table(table, pa.PythonFile(file, "w")))
    reasons = Counter(r["dropped_why"].partition(":")[0] for r in rows if r["dropped_why"])
    kept = [row for row in rows if row["dropped_why"] is None]
    return Downloaded(
        store.root, len(kept), dict(sorted(reasons.items())), sum(row["bytes"] for row in kept),
        sum(row["standing"] for row in rows), tuple(row["path"] for row in kept),
    )  # fmt: skip


def _wanted(
    urls: str | Iterable[str], names: str | Mapping[str, str], sums: Mapping[str, str], store: Store
) -> list[Wanted]:
    given = [urls] if isinstance(urls, str) else list(urls)
    wrong = next((url for url in given if not isinstance(url, str) or not url.strip()), None)
    if wrong is not None:
        raise SettingError(f"an address is text, found {wrong!r}")
    wanted: list[Wanted] = []
    taken: dict[str, str] = {}
    for url in dict.fromkeys(text.strip() for text in given):
        name = _name(url, names)
        if name in taken:
            raise SettingError(
                f'{taken[name]} and {url} would both be {name!r}; pass names="path", or a mapping'
            )
        taken[name] = url
        key = hashlib.sha256(url.encode("utf-8", "backslashreplace")).hexdigest()[:24]
        hash = _hash(url, sums.get(url, sums.get(name)))
        wanted.append(Wanted(url, store, name, f"{STATE}/{key}.part", f"{STATE}/{key}.json", hash))
    return wanted


def _name(url: str, names: str | Mapping[str, str]) -> str:
    """What the file of an address is called in the folder, which it never leaves."""
    if isinstance(names, str) and names not in ("name", "path"):
        raise SettingError(f'names must be "name", "path" or a mapping, found {names!r}')
    given = names.get(url) if isinstance(names, Mapping) else None
    if given is None:
        try:
            parts = urllib.parse.urlsplit(url)
            host, path = parts.netloc.rpartition("@")[2], urllib.parse.unquote(parts.path)
        except ValueError:
            host, path = "", "unreadable"
        kept = [part for part in path.split("/") if part.strip(".")] or ["index"]
        kept = [host.replace(":", "_"), *kept] if names == "path" and host else kept[-1:]
        given = "/".join(re.sub(r"[\x00-\x1f\\]", "_", part) for part in kept)
    steps = given.split("/")
    if not all(step.strip(".") and "\0" not in step for step in steps) or steps[0] == STATE:
        raise SettingError(f"{given!r} is no name for a file of the folder ({url})")
    if any(len(part.encode("utf-8", "backslashreplace")) > 200 for part in steps):
        raise SettingError(f"the name of {url} is longer than 200 bytes; pass names= a mapping")
    return given


def _sums(given: str | os.PathLike[str] | Mapping[str, str] | None) -> Mapping[str, str]:
    if given is None or isinstance(given, Mapping):
        return given or {}
    try:
        with open(given, encoding="utf-8", errors="replace") as file:
            lines = [line.rstrip("\r\n") for line in file if line.strip()]
    except OSError as error:
        raise DataError(f"checksums: {error}") from None
    found = {}
    for number, line in enumerate(lines, 1):
        match = _SUMS.match(line)
        if match is None:
            raise DataError(f"checksums: {given}, line {number}: no hash and name: {line[:80]!r}")
        found[match.group(2)] = match.group(1)
    return found


def _hash(url: str, given: str | None) -> tuple[str, str] | None:
    if given is None:
        return None
    hex = given.strip().lower()
    kind, colon, rest = hex.partition(":")
    hex = rest if colon else hex
    known = _KINDS.get(len(hex)) if _HEX.match(hex) else None
    if known is None or (colon and kind != known):
        raise SettingError(f"checksums: {given!r} of {url} is none of {', '.join(_KINDS.values())}")
    return known, hex


@contextmanager
def _alone(store: Store) -> Iterator[None]:
    """Nobody else downloads into the folder meanwhile: two would write into one part."""
    path = store.path(f"{STATE}/.lock")
    with writing(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        file = open(path, "w")  # noqa: SIM115
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DataError(f"somebody else downloads into {store.root}; wait for it") from None
        yield


def _downloaded(wanted: Sequence[Wanted], manners: Manners, store: Store) -> list[dict[str, Any]]:
    rows: dict[int, dict[str, Any]] = {}
    for place, one in enumerate(wanted):
        standing = _standing(one)
        if standing is not None:
            rows[place] = standing
    left = [place for place in range(len(wanted)) if place not in rows]
    with Progress() as progress:
        progress.begin("download", len(wanted), len(rows))
        try:
            for n, answer in answers([wanted[place] for place in left], manners, Saving):
                rows[left[n]] = _row(answer)
                progress.advance(1)
        except CannotWrite as stopped:
            raise stopped.error from None
        finally:
            stop()
        progress.end()
    return [rows[place] for place in range(len(wanted))]


def _standing(one: Wanted) -> dict[str, Any] | None:
    """The row of a file that stands; `DataError` for one of its name that is not ours."""
    there = one.store.size(one.name)
    try:
        note = json.loads(one.store.read(one.note))
    except (OSError, ValueError):
        note = {}
    ours = isinstance(note, dict) and note.get("file") == one.name
    if there is None:
        return None
    if not ours or note.get("bytes") != there:
        raise DataError(
            f"{one.store.path(one.name)} stands there and is not what {one.url} gave; move it away"
        )
    if one.hash is not None and note.get("hash") != list(one.hash):
        if _digest(one) != one.hash[1]:
            return None
        note["verified"] = one.hash[0]
    return _told(one, note) | {"standing": True}


def _digest(one: Wanted) -> str:
    assert one.hash is not None
    with open(one.store.path(one.name), "rb") as file:
        return hashlib.file_digest(file, one.hash[0]).hexdigest()


def _told(one: Wanted, note: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("bytes", "sha256", "verified", "tries", "redirected_to", "content_type", "etag",
            "last_modified")  # fmt: skip
    return {
        "id": one.name, "url": one.url, "path": one.store.path(one.name), "standing": False,
        "http_status": note.get("status"), "dropped_by": None, "dropped_why": None, "seconds": 0.0,
        **{name: note.get(name) for name in kept},
    }  # fmt: skip


def _row(answer: Saved) -> dict[str, Any]:
    one = answer.wanted
    assert one is not None
    note = {
        **answer.seen, "bytes": answer.size, "sha256": answer.sha256, "verified": answer.verified,
        "status": answer.status, "tries": answer.tries, "redirected_to": answer.url,
        "content_type": answer.content_type,
    }  # fmt: skip
    row = _told(one, note) | {"seconds": answer.seconds}
    if answer.why is not None:
        why = f"{answer.why.code}: {one.url}: {answer.why.detail}"[:1000]
        row |= {"path": None, "dropped_by": "download", "dropped_why": why}
    return row
