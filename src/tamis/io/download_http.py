"""Fetch one URL: retries, patience with its host, limits, redirects, opt-outs."""

from __future__ import annotations

import asyncio
import datetime
import email.utils
import hashlib
import re
import time
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import urlsplit

from tamis.codes import BadRecord
from tamis.errors import MissingPackageError
from tamis.io.download_address import REFUSED, guarded, public
from tamis.version import VERSION

AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})  # answers after which asking again may help
_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]{0,9})?")
OPT_OUT = ("noai", "noimageai", "noindex", "noimageindex")
"""Directives of `X-Robots-Tag` that img2dataset honours by default."""


@dataclass(frozen=True)
class Manners:
    """How servers are asked; the settings of `tamis.fetch` of the same names."""

    connections: int = 64
    per_host: int = 8
    delay: float = 0.0
    retries: int = 2
    timeout: float = 10.0
    total_timeout: float = 60.0
    max_wait: float = 60.0
    max_bytes: int = 50 << 20
    max_redirects: int = 5
    allow_private: bool = False
    opt_out: tuple[str, ...] = OPT_OUT
    user_agent: str = f"tamis/{VERSION}"


@dataclass
class Answer:
    """What came of a URL: bytes, or why there are none."""

    data: bytes | None = None
    why: BadRecord | None = None
    status: int | None = None
    tries: int = 0
    url: str | None = None
    """Where the bytes came from in the end, if that is another URL."""
    content_type: str | None = None


@dataclass
class _Host:
    slots: asyncio.Semaphore
    free_at: float = 0.0  # when the next request may begin, by the monotonic clock


class Again(Exception):
    """A failure that may pass: the reason, and how long the server asks to wait."""

    def __init__(self, why: BadRecord, wait: float | None = None) -> None:
        super().__init__(why)
        self.why, self.wait = why, wait


@dataclass
class Client:
    """The connections of one process; lives in one event loop."""

    manners: Manners
    session: Any = None
    accept: ClassVar[str] = "image/*,*/*;q=0.8"
    hosts: dict[str, _Host] = field(default_factory=dict)

    async def open(self) -> None:
        """Must be called in the event loop."""
        aiohttp = _aiohttp()
        manners = self.manners
        settings: dict[str, Any] = {} if manners.allow_private else {"socket_factory": guarded}
        connector = aiohttp.TCPConnector(
            limit=0, ttl_dns_cache=300, keepalive_timeout=15, **settings
        )
        self.session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"User-Agent": manners.user_agent, "Accept-Encoding": "identity",
                     "Accept": self.accept},
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=manners.timeout, sock_read=manners.timeout
            ),
        )  # fmt: skip
        self.slots = asyncio.Semaphore(manners.connections)

    async def close(self) -> None:
        await self.session.close()

    async def fetch(self, url: str | None) -> Answer:
        """The bytes behind a URL; never raises for what a server does."""
        return await self._fetch(url, Answer())

    async def _fetch(self, url: str | None, answer: Answer) -> Answer:
        attempt = 0  # that failed and count
        try:
            host = _checked(url, self.manners.allow_private)
            assert url is not None
            while True:
                answer.tries += 1
                answer.status = answer.url = answer.content_type = None
                try:
                    answer.data = await self._patiently(url, host, answer)
                    return answer
                except Again as again:
                    pause = again.wait
                    counts = self._counts(answer)
                    if counts and attempt >= self.manners.retries:
                        raise again.why from None
                    if pause is not None and pause > self.manners.max_wait:
                        told = f"{again.why.detail}; it asks to wait for {pause:.0f} s"
                        raise BadRecord(again.why.code, told) from None
                    if pause is not None:
                        self._host(host).free_at = time.monotonic() + pause
                    await asyncio.sleep(pause or backoff(url, attempt))
                    attempt += counts
        except BadRecord as bad:
            answer.why = bad
        return answer

    def _counts(self, answer: Answer) -> bool:
        """Whether a try that failed is one of those that `retries` allows."""
        return True

    def _headers(self, answer: Answer) -> dict[str, str]:
        """What is said to a server besides what is said to all."""
        return {}

    async def _patiently(self, url: str, name: str, answer: Answer) -> bytes:
        """One attempt: in turn with others of its host, and in time."""
        host = self._host(name)
        async with host.slots:
            while (now := time.monotonic()) < host.free_at:
                await asyncio.sleep(host.free_at - now)
            if self.manners.delay:
                host.free_at = time.monotonic() + self.manners.delay
            async with self.slots:
                try:
                    async with asyncio.timeout(self.manners.total_timeout):
                        return await self._follow(url, answer)
                except TimeoutError:
                    raise Again(BadRecord("fetch.timeout", self._late())) from None

    async def _follow(self, url: str, answer: Answer) -> bytes:
        aiohttp = _aiohttp()
        place: Any = url
        for _ in range(self.manners.max_redirects + 1):
            try:
                headers = self._headers(answer)
                async with self.session.get(
                    place, headers=headers, allow_redirects=False
                ) as response:
                    answer.status = response.status
                    if response.status in (301, 302, 303, 307, 308):
                        target = response.headers.get("Location")
                        if not target:
                            raise BadRecord("fetch.status", f"{response.status} to nowhere")
                        import yarl

                        place = response.url.join(yarl.URL(target))
                        _checked(str(place), self.manners.allow_private)
                        answer.url = str(place)
                        continue
                    return await self._body(response, answer)
            except TimeoutError:
                raise Again(BadRecord("fetch.timeout", self._late())) from None
            except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError, ValueError) as error:
                raise BadRecord("fetch.url", str(error)[:200]) from None
            except (aiohttp.ClientError, OSError) as error:
                if REFUSED in _said(error):
                    raise BadRecord("fetch.private", _said(error)) from None
                raise Again(BadRecord("fetch.failed", _said(error))) from None
        raise BadRecord("fetch.redirects", f"more than {self.manners.max_redirects} redirects")

    async def _body(self, response: Any, answer: Answer) -> bytes:
        """The bytes of an answer, read only as far as they are wanted."""
        manners = self.manners
        self._willing(response)
        if (response.content_length or 0) > manners.max_bytes:
            raise BadRecord("fetch.too_long", f"{response.content_length:,} bytes")
        answer.content_type = response.headers.get("Content-Type")
        packed = response.headers.get("Content-Encoding", "identity").strip().lower()
        blocks, size = [], 0
        async for block in response.content.iter_any():
            blocks.append(block)
            size += len(block)
            if size > manners.max_bytes:
                raise BadRecord("fetch.too_long", f"more than {manners.max_bytes:,} bytes")
        data = _unpacked(b"".join(blocks), packed, manners.max_bytes)
        if not data:
            raise BadRecord("fetch.failed", "the answer is empty")
        return data

    def _willing(self, response: Any, well: tuple[int, ...] = (200,)) -> None:
        """Raise for an answer that is an error, or that asks us not to use the file."""
        if response.status not in well:
            why = BadRecord("fetch.status", f"{response.status} {response.reason or ''}".strip())
            if response.status in AGAIN:
                raise Again(why, asked_to_wait(response.headers))
            raise why
        tags = response.headers.getall("X-Robots-Tag", ())
        if said := opted_out(tags, self.manners.opt_out, self.manners.user_agent):
            raise BadRecord("fetch.opted_out", f"X-Robots-Tag: {said}")

    def _host(self, name: str) -> _Host:
        if name not in self.hosts:
            self.hosts[name] = _Host(asyncio.Semaphore(self.manners.per_host))
        return self.hosts[name]

    def _late(self) -> str:
        timeout, total = self.manners.timeout, self.manners.total_timeout
        return f"silent for {timeout:g} s, or not done in {total:g} s"


def opted_out(tags: Iterable[str], directives: Iterable[str], agent: str) -> str | None:
    """The directive of `X-Robots-Tag` headers that asks us not to use a file.

    >>> opted_out(["noarchive, NoAI"], ["noai"], "tamis")
    'noai'
    >>> opted_out(["otherbot: noai"], ["noai"], "tamis")
    """
    wanted = {directive.strip().lower() for directive in directives}
    product = agent.partition("/")[0].strip().lower()
    for tag in tags:
        whom, colon, rest = tag.partition(":")
        if not colon or "," in whom or whom.strip().lower() == "unavailable_after":
            whom, rest = "", tag
        if whom and whom.strip().lower() not in (product, "*"):
            continue
        for directive in rest.split(","):
            if directive.strip().lower() in wanted:
                return directive.strip().lower()
    return None


def _checked(url: str | None, allow_private: bool) -> str:
    """The host of a URL that may be asked for, as it stands."""
    if not url:
        raise BadRecord("fetch.url", "there is no address")
    try:
        parts = urlsplit(url.strip())
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise BadRecord("fetch.url", str(error)) from None
    if parts.scheme.lower() not in ("http", "https"):
        raise BadRecord("fetch.url", "only http and https are fetched")
    if not host:
        raise BadRecord("fetch.url", "it names no host")
    literal = ":" in host or host.replace(".", "").isdigit()
    if literal and not allow_private and not public(host):
        raise BadRecord("fetch.private", f"{host} {REFUSED}")
    return host.lower()


def _unpacked(data: bytes, packed: str, most: int) -> bytes:
    if packed in ("identity", ""):
        return data
    if packed not in ("gzip", "x-gzip", "deflate"):
        raise BadRecord("fetch.failed", f"packed as {packed[:40]}, which was not asked for")
    try:
        packer = zlib.decompressobj(47)
        out = packer.decompress(data, most + 1)
    except zlib.error as error:
        raise BadRecord("fetch.failed", f"said to be {packed}, but {error}") from None
    if len(out) > most:
        raise BadRecord("fetch.too_long", f"more than {most:,} bytes when unpacked")
    if not packer.eof:
        raise Again(BadRecord("fetch.failed", "it broke off"))
    return out


def asked_to_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that `Retry-After` asks for: a number or a date of any form that HTTP has known.

    `retry-after-ms`, which some services send, is finer, and so comes first.

    >>> asked_to_wait({"Retry-After": "2"}), asked_to_wait({"retry-after-ms": "250"})
    (2.0, 0.25)
    """
    for name, unit in (("retry-after-ms", 1e-3), ("Retry-After", 1.0)):
        if _NUMBER.fullmatch(said := headers.get(name, "").strip()):
            return float(said) * unit
    try:
        date = email.utils.parsedate_to_datetime(said)
        if date.tzinfo is None:  # asctime() names no zone: HTTP's is GMT
            date = date.replace(tzinfo=datetime.UTC)
        return max(0.0, date.timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return None


def backoff(url: str, attempt: int) -> float:
    """0.5 s, 1 s, 2 s … up to half as much more, by the URL: the many do not come back at once."""
    share = hashlib.blake2b(f"{attempt} {url}".encode(), digest_size=2).digest()
    return 0.5 * 2**attempt * (1 + int.from_bytes(share, "big") / (1 << 17))


def _said(error: BaseException) -> str:
    error = getattr(error, "os_error", error)  # what the system said, where it was that
    return " ".join(str(error).split())[:200] or type(error).__name__


def _aiohttp() -> Any:
    try:
        import aiohttp
    except ImportError as error:
        raise MissingPackageError("fetching needs aiohttp: pip install 'tamis[fetch]'") from error
    return aiohttp
