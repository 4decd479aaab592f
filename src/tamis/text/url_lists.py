"""Block lists of domains and addresses."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from tamis.errors import SettingError
from tamis.op import measure
from tamis.resources import resource
from tamis.text.entries import Stamp, read, stamped


class UrlList(NamedTuple):
    """Hosts, and addresses (`host/path`) with the paths cut at `/`, each as the list writes it."""

    hosts: dict[str, str]
    addresses: dict[str, str]


@resource
def url_list(entries: tuple[str, ...], files: Stamp) -> UrlList:
    """The list of these entries and those in these files."""
    found = UrlList({}, {})
    for entry in [*entries, *(line for name, _, _ in files for line in read(name))]:
        if entry.startswith("#"):
            continue
        host, path = _parts(entry.removeprefix("."))
        if path:
            found.addresses.setdefault(f"{host}/{path}", entry)
        elif host:
            found.hosts.setdefault(host, entry)
    if not found.hosts and not found.addresses:
        raise SettingError("the list names no domain and no address; give entries=(…) or files=(…)")
    return found


@measure(dtype="string")
def url_list_entry(
    url: pd.Series, *, entries: tuple[str, ...] = (), files: tuple[str, ...] = ()
) -> np.ndarray:
    """The entry of a block list that an address falls under; null if none.

    An entry is a domain (`example.org`: all its hosts fall under it), or the start of an address
    (`example.org/forum`: it and what lies below it), with or without `http://` and `www.`; the
    longest that fits is given. Entries are in `entries` and in `files`: one a line, `#` begins a
    comment; plain or `.gz`, `.bz2`, `.xz`. So the files `domains` and `urls` of a category of the
    UT1 blacklists (Université Toulouse Capitole), which RefinedWeb and FineWeb use, do as they are.
    Keep what is not listed: `null="keep"`, `isin=[]`.

    >>> url_list_entry("https://www.shop.example.org/a?b=1", entries=("example.org",))
    'example.org'
    """
    listed = url_list(entries, stamped(files, "files"))
    return np.array([_entry(value, listed) for value in url.array], object)


@measure(dtype="boolean")
def url_listed(
    url: pd.Series, *, entries: tuple[str, ...] = (), files: tuple[str, ...] = ()
) -> pd.Series:
    """Whether an address falls under an entry of a block list.

    Settings as for `text.url_list_entry`. An address that is null has no answer.

    >>> url_listed("http://example.org/forums", entries=("example.org/forum",))
    False
    """
    listed = url_list(entries, stamped(files, "files"))
    found = [
        _entry(value, listed) is not None if isinstance(value, str) else pd.NA
        for value in url.array
    ]
    return pd.Series(found, url.index, dtype="boolean")


def _entry(url: object, listed: UrlList) -> str | None:
    if not isinstance(url, str):
        return None
    host, path = _parts(url)
    if listed.addresses:
        parts = path.split("/") if path else []
        for hosts in (host, host.partition(".")[2]):
            for count in range(len(parts), 0, -1):
                found = listed.addresses.get(f"{hosts}/{'/'.join(parts[:count])}")
                if found is not None:
                    return found
    while host:
        found = listed.hosts.get(host)
        if found is not None:
            return found
        host = host.partition(".")[2]
    return None


def _parts(url: str) -> tuple[str, str]:
    """Host in lower case without `www.`, and path without `/` at either end, of an address."""
    url = url.strip()
    head, mark, rest = url.partition("://")
    if mark and "/" not in head and "?" not in head:
        url = rest
    url = url.removeprefix("//")
    for mark in "?#":
        url = url.partition(mark)[0]
    host, _, path = url.replace("\\", "/").partition("/")
    host = host.rpartition("@")[2]
    if not host.startswith("["):  # an address of IPv6 has colons of its own
        host = host.partition(":")[0]
    return host.lower().removeprefix("www.").strip("."), path.strip("/")
