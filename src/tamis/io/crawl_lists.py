"""Which files Common Crawl has: snapshots to the addresses of their archives."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from tamis.errors import DataError, MissingPackageError, SettingError

BASE = "https://data.commoncrawl.org/"
INDEX = "https://index.commoncrawl.org/collinfo.json"
KINDS = ("warc", "wet")
_ID = re.compile(r"(?:CC-MAIN-)?(\d{4})-(\d{2})")
_FILE = re.compile(r"(?:[\w-][\w.-]*/)*[\w-][\w.-]*\.gz")  # nothing that leads out of the crawl
_MOST = 64 << 20  # bytes of a list of files; those of 2024 have 10 MB
_NEWS_BEGAN = (2016, 8)


def common_crawl(
    first: str,
    last: str | None = None,
    *,
    kind: str = "warc",
    news: bool = False,
    limit: int | None = None,
    base: str = BASE,
    index: str = INDEX,
    storage_options: Mapping[str, Any] | None = None,
) -> list[str]:
    """The addresses of the archives of Common Crawl's snapshots, as `read_warc` takes them.

    A snapshot is `"2024-10"` (year and week, or `"CC-MAIN-2024-10"`); with `last` all from `first`
    to it, as the list at `index` has them. `kind` is "warc" (pages) or "wet" (their text). `news`
    takes the crawl of news, whose snapshots are months and which has no texts. The lists
    `wet.paths.gz` and `warc.paths.gz` are read at the call; of all their files the first `limit`
    are given. A snapshot has some 90,000 files of a gigabyte.

    `base` is where the crawl lies: the default, `s3://commoncrawl/`, a mirror or a folder. Over
    HTTPS this needs `tamis[fetch]`.

    >>> tamis.common_crawl("2024-10", kind="wet", limit=2)                 # doctest: +SKIP
    """
    if kind not in KINDS:
        raise SettingError(f"kind must be one of {', '.join(KINDS)}, found {kind!r}")
    if news and kind == "wet":
        raise SettingError("the crawl of news has no texts: kind='warc'")
    if limit is not None and (not isinstance(limit, int) or limit < 1):
        raise SettingError(f"limit={limit!r} is not a number of files from 1 on")
    one, other = _parsed(first), _parsed(first if last is None else last)
    if one > other:
        raise SettingError(f"the snapshot {first} is after {last}")
    options = dict(storage_options or {})
    base = base.rstrip("/") + "/"
    found: list[str] = []
    for name in _news(one, other) if news else _main(one, other, index, options):
        for line in _lines(f"{base}crawl-data/{name}/{kind}.paths.gz", options):
            if limit is not None and len(found) == limit:
                return found
            found.append(base + line)
    return found


def _parsed(snapshot: str) -> tuple[int, int]:
    found = _ID.fullmatch(snapshot) if isinstance(snapshot, str) else None
    if found is None:
        raise SettingError(f"a snapshot is named '2024-10' or 'CC-MAIN-2024-10', not {snapshot!r}")
    return int(found[1]), int(found[2])


def _main(
    one: tuple[int, int], other: tuple[int, int], index: str, options: dict[str, Any]
) -> list[str]:
    if one == other:
        return [f"CC-MAIN-{one[0]}-{one[1]:02}"]
    try:
        listed = [entry["id"] for entry in json.loads(_read(index, options))]
    except (ValueError, TypeError, KeyError) as error:
        raise DataError(f"{index} is no list of snapshots: {error}") from None
    known = sorted(
        name
        for name in listed
        if isinstance(name, str) and _ID.fullmatch(name) and one <= _parsed(name) <= other
    )
    if not known:
        raise DataError(
            f"{index} has no snapshot from {one[0]}-{one[1]:02} to {other[0]}-{other[1]:02}"
        )
    return known


def _news(one: tuple[int, int], other: tuple[int, int]) -> list[str]:
    if one < _NEWS_BEGAN or other[1] > 12 or not 1 <= one[1] <= 12:
        raise SettingError("the crawl of news has a snapshot for each month from 2016-08 on")
    months = range(one[0] * 12 + one[1] - 1, other[0] * 12 + other[1])
    return [f"CC-NEWS/{month // 12}/{month % 12 + 1:02}" for month in months]


def _lines(url: str, options: dict[str, Any]) -> Iterator[str]:
    unpacker = zlib.decompressobj(31)
    try:
        listed = unpacker.decompress(_read(url, options), _MOST).decode("ascii")
    except (zlib.error, UnicodeDecodeError) as error:
        raise DataError(f"{url} is no list of files: {error}") from None
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise DataError(f"{url} ends early, or lists more than {_MOST} bytes of names")
    for line in listed.split():
        if not _FILE.fullmatch(line):
            raise DataError(f"{url} lists {line[:200]!r}, which is no file of the crawl")
        yield line


def _read(url: str, options: dict[str, Any]) -> bytes:
    import fsspec

    try:
        with fsspec.open(url, "rb", **options) as file:
            data: bytes = file.read(_MOST + 1)
    except FileNotFoundError:
        raise DataError(f"there is no {url}: is there such a snapshot?") from None
    except ImportError as error:
        raise MissingPackageError(f"{url}: {error}; pip install 'tamis[fetch]'") from error
    except Exception as error:  # whatever a file system raises
        raise DataError(f"{url} cannot be read: {type(error).__name__}: {error}") from error
    if len(data) > _MOST:
        raise DataError(f"{url} is larger than {_MOST} bytes")
    return data
