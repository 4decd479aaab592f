"""Addresses of the web in one way of writing."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from urllib.parse import quote, unquote_to_bytes

import numpy as np
import pandas as pd

from tamis.op import edit
from tamis.text.editing import rewritten

TRACKING = (
    "utm_*", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "gad_source", "fbclid", "msclkid",
    "yclid", "ymclid", "twclid", "ttclid", "li_fat_id", "igshid", "igsh", "mc_cid", "mc_eid",
    "_ga", "_gl", "_hsenc", "_hsmi", "hsctatracking", "mkt_tok", "oly_anon_id", "oly_enc_id",
    "vero_id", "wickedid", "s_cid", "ncid", "cmpid", "phpsessid", "jsessionid", "aspsessionid*",
)  # fmt: skip
"""Parameters that say where a reader came from or who it is, not what is shown."""

_PARTS = re.compile(r"(?:(https?|ftp):)?//([^/?#\\]+)([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.I | re.S)
_AUTHORITY = re.compile(r"(?:(.*)@)?(\[[^\]]*\]|[^:@]*)(?::(\d*))?", re.S)
_PORTS = {"http": "80", "https": "443", "ftp": "21"}
_NAME = re.compile(r"[a-z0-9._-]+")
_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+|%")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_IGNORED = re.compile(r"[\t\r\n]")  # browsers leave them out wherever they stand
_SAFE = "%!$&'()*+,;=:@/?-._~[]#|"


@edit()
def normalize_url(
    url: pd.Series,
    *,
    https: bool = True,
    www: bool = False,
    fragment: bool = False,
    trailing_slash: bool = False,
    sort_query: bool = True,
    remove: tuple[str, ...] = TRACKING,
) -> pd.Series:
    """Write addresses that lead to the same page alike.

    As RFC 3986, 6.2 has it: scheme and host in lower case, the host in ASCII (punycode), the port
    left out where it is the scheme's own, `.` and `..` resolved, escapes in upper case where needed
    and nowhere else. And beyond: `http` becomes `https` (`https=False` leaves it), a leading `www.`
    goes (`www=True` leaves it), so do the fragment, slashes at the end of the path, and parameters
    in `remove` (in either case; `*` at the end stands for anything); parameters are sorted, those
    of one name in their order. Blank space around an address goes. What is no `http`, `https` or
    `ftp` address (a relative one, `mailto:`) stays as it is otherwise.

    >>> normalize_url("HTTP://www.Example.org:80/a/../b/?utm_source=x&p=%7e1#top")
    'https://example.org/b?p=~1'
    """
    named = [name.lower() for name in remove]
    change = normalizer(https, www, fragment, trailing_slash, sort_query, tuple(named))
    return rewritten(url, np.ones(len(url), bool), change)


def normalizer(
    https: bool, www: bool, fragment: bool, trailing_slash: bool, sort_query: bool,
    remove: tuple[str, ...],
) -> Callable[[str], str]:  # fmt: skip
    """The function of one address that these settings make; `remove` in lower case."""
    exact = frozenset(name for name in remove if not name.endswith("*"))
    begins = tuple(name[:-1] for name in remove if name.endswith("*"))

    def wanted(parameter: str) -> bool:
        name = parameter.partition("=")[0].lower()
        return bool(parameter) and name not in exact and not (begins and name.startswith(begins))

    def normalized(url: str) -> str:
        url = _IGNORED.sub("", url.strip())
        found = _PARTS.fullmatch("//" + url if url[:4].lower() == "www." else url)
        if found is None:
            return url
        given, authority, path, query, after = found.groups()
        given = (given or "http").lower()
        scheme = "https" if https and given == "http" else given
        host = _host(authority, {_PORTS[given], _PORTS[scheme]}, www)
        if host is None:
            return url
        path = _without_dots(_escaped(path.replace("\\", "/")))
        path, semicolon, session = path.partition(";")
        if semicolon and wanted(session):
            path = path + semicolon + session
        if not trailing_slash or path == "/":
            path = path.rstrip("/")
        made = f"{scheme}://{host}{path}"
        parameters = [p for p in map(_escaped, (query or "").split("&")) if wanted(p)]
        if sort_query:
            parameters.sort(key=lambda parameter: parameter.partition("=")[0])
        if parameters:
            made += "?" + "&".join(parameters)
        if fragment and after:
            made += "#" + _escaped(after)
        # what follows a semicolon may, once it is gone, leave dots or slashes at the end
        return normalized(made) if semicolon and made != url else made

    return normalized


def _host(authority: str, own: set[str], www: bool) -> str | None:
    """User, host and port as they are written, without ports in `own`; None without a host."""
    found = _AUTHORITY.fullmatch(authority)
    if found is None:
        return None
    user, host, port = found.groups()
    host = host.lower()
    if not host.isascii():
        with contextlib.suppress(UnicodeError):
            plain = host.encode("idna").decode()
            host = plain if _NAME.fullmatch(plain) else host
    host = host.rstrip(".")
    while not www and host.startswith("www.") and "." in host[4:]:
        host = host[4:]
    port = (port or "").lstrip("0")
    made = f"{user}@{host}" if user else host
    if not host:
        return None
    return f"{made}:{port}" if port and port not in own else made


def _escaped(text: str) -> str:
    """Escapes where they are needed, and nowhere else."""
    if "%" in text:
        text = _ESCAPES.sub(_unescaped, text)
    return text if text.isascii() and text.isalnum() else quote(text, safe=_SAFE)


def _unescaped(found: re.Match[str]) -> str:
    if found[0] == "%":
        return "%25"  # the start of no escape
    raw = unquote_to_bytes(found[0])
    return "".join(chr(byte) if byte in _UNRESERVED else f"%{byte:02X}" for byte in raw)


def _without_dots(path: str) -> str:
    """A path with `.` and `..` resolved (RFC 3986, 5.2.4)."""
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments[1:]:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)
