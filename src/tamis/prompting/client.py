"""Ask an endpoint that speaks OpenAI's protocol: in time, at a pace, again where that may help."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from tamis.codes import BadRecord
from tamis.errors import EndpointError, MissingPackageError
from tamis.io.download_http import Again, backoff
from tamis.prompting.cache import Cache, cache_folder, request_key, written
from tamis.prompting.estimate import estimate
from tamis.prompting.limits import MAX_BYTES, Limits
from tamis.prompting.manner import Manner
from tamis.prompting.pace import SLOW, Gate, Pace
from tamis.prompting.quoting import described
from tamis.prompting.rate import Rate
from tamis.prompting.received import received
from tamis.prompting.refused import broken, clean, joined, refused, status_of, untrusted
from tamis.prompting.reply import Reply, Unfit, chat
from tamis.prompting.shared_limits import Shared
from tamis.version import VERSION

JUDGED = 100  # outcomes of which a share too large to be chance stops the work
GONE = 10  # failures in a row, none of them an answer, after which nobody is there
_R = TypeVar("_R")
_AWAY = ("prompt.failed", "prompt.timeout")


class Asker:
    """The connections of one process to one endpoint; lives in one event loop."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.session: Any = None
        self.cache: Cache | None = None
        self.seconds: float | None = None  # that an answer takes, of late
        self.free_at = 0.0  # when the endpoint may be asked again, by the monotonic clock
        self.outcomes: deque[str | None] = deque(maxlen=JUDGED)
        self.under_way: dict[str, asyncio.Future[Reply]] = {}
        self.unstructured: set[str] = set()  # models that take no response format here
        self.manner = Manner()
        self.there = False  # whether somebody answered, or took a connection, of late

    async def open(self) -> None:
        """Must be called in the event loop."""
        aiohttp = _aiohttp()
        limits = self.limits
        self.gate, self.rate = Gate(limits.concurrency), Rate(limits.rpm and limits.rpm / 60)
        self.shared = Shared(limits)
        self.requests = Pace(limits.rpm, self.shared.requests)
        self.tokens = Pace(limits.tpm, self.shared.tokens)
        if limits.cache:
            self.cache = Cache(cache_folder(limits.cache))
        self.session = aiohttp.ClientSession(
            trace_configs=[self._watched(aiohttp)],
            connector=aiohttp.TCPConnector(
                limit=0, ttl_dns_cache=300, keepalive_timeout=15, **_trust(limits)
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": f"tamis/{VERSION}", "Accept": "application/json"},
            timeout=aiohttp.ClientTimeout(total=None),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self.session.close()

    def _watched(self, aiohttp: Any) -> Any:
        """What tells of connections that come about."""

        async def connected(*_: Any) -> None:
            self.there = True

        watched = aiohttp.TraceConfig()
        watched.on_connection_create_end.append(connected)
        return watched

    async def fetch(self, question: Any) -> Any:
        """What comes of a question, which asks as often as it has to (`settle`)."""
        told = await question.settle(self)
        self._judge(told.why)
        return told

    async def ask(self, path: str, body: dict[str, Any], sample: int = 0) -> Reply:
        """The reply to a request: from the cache, from one like it under way, or asked for.

        `BadRecord` says why there is none, `EndpointError` that there will be none for any.
        """
        data = written(body)
        key = request_key(path, self.limits.endpoint, data, sample)
        while (waiting := self.under_way.get(key)) is not None:
            await asyncio.wait([waiting])
            if not waiting.cancelled():
                return waiting.result()
        future = self.under_way[key] = asyncio.get_running_loop().create_future()
        try:
            reply = await self._remembered(key)
            if reply is None:
                reply = await self.post(path, data, estimate(body), chat)
                await self._remember(key, reply)
            future.set_result(reply)
            return reply
        except Exception as error:
            future.set_exception(error)
            future.exception()  # nobody may be waiting for it
            raise
        finally:
            future.cancel()  # where this was given up: who waits for it asks then
            del self.under_way[key]

    async def _remembered(self, key: str) -> Reply | None:
        if self.cache is None:
            return None
        if self.cache.quick:
            return self.cache.reply(key)
        return await asyncio.to_thread(self.cache.reply, key)

    async def _remember(self, key: str, reply: Reply) -> None:
        if self.cache is None:
            return
        if self.cache.quick:
            self.cache.put(key, reply.to_dict())
        else:  # other requests are not held up
            await asyncio.to_thread(self.cache.put, key, reply.to_dict())

    async def post(self, path: str, data: bytes, guess: int, read: Callable[[Any], _R]) -> _R:
        """What is read of the JSON that comes of a request of about `guess` tokens, in the end."""
        limits, failed, tries, end = self.limits, 0, 0, 0.0
        while True:
            async with self.gate:
                await self._paced(guess)
                turn = time.monotonic()
                async with self.shared:
                    began = time.monotonic()
                    end = end or began + limits.total_timeout
                    manner = self.manner
                    try:
                        async with asyncio.timeout(min(limits.timeout, max(0.01, end - began))):
                            found = await self._once(path, manner.body(data))
                        self._served(time.monotonic() - began)
                        self._counted(found, guess)
                        return _read(found, read, data, limits.secret())
                    except TimeoutError:
                        late = f"silent for {limits.timeout:g} s"
                        again = Again(BadRecord("prompt.timeout", late))
                    except Again as error:
                        again = error
                    except Unfit as bad:
                        wanted = manner if read is not chat else manner.after(bad.full)
                        if wanted == manner:
                            raise
                        self.manner = self.manner.joined(wanted)
                        continue
                busy = again.why.code == "prompt.rate"
                if busy:  # said of all requests together, so it is not this one that fails
                    self._too_many(turn)
            failed, tries = failed + (not busy), tries + 1
            if failed > limits.retries:
                raise again.why
            pause = again.wait
            if pause is not None and pause > limits.max_wait:
                told = f"{again.why.detail}; it asks to wait for {pause:.0f} s"
                raise BadRecord(again.why.code, told)
            if pause is not None:
                self.free_at = max(self.free_at, time.monotonic() + pause)
            elif busy and self.rate.base is not None:
                pause = 0.0  # it waits for its turn
            else:
                pause = min(limits.max_wait, backoff(f"{path} {began}", min(tries - 1, 10)))
            if time.monotonic() + pause > end:
                told = f"{again.why.detail}; no answer in {limits.total_timeout:g} s"
                raise BadRecord(again.why.code, told)
            await asyncio.sleep(pause)

    def _served(self, seconds: float) -> None:
        self.seconds = seconds if self.seconds is None else 0.8 * self.seconds + 0.2 * seconds
        self.rate.served()
        self.gate.faster(self.seconds)

    def _too_many(self, turn: float) -> None:
        """It is too many at once where answers take long, too many a second where they do not."""
        if self.seconds is None or self.seconds >= SLOW:
            self.gate.slower(self.shared.under_way)
        else:
            self.rate.refused(turn)

    async def _paced(self, guess: int) -> None:
        """Wait for the turn of a request of so many tokens."""
        await self.requests.turn()
        await self.tokens.turn(guess)
        while (now := time.monotonic()) < self.free_at:
            await asyncio.sleep(self.free_at - now)
        await self.rate.turn()

    def _counted(self, found: Any, guess: int) -> None:
        usage = found.get("usage") if isinstance(found, dict) else None
        total = usage.get("total_tokens") if isinstance(usage, dict) else None
        if isinstance(total, int) and 0 <= total < 1 << 40:
            self.tokens.correct(total - guess)

    async def _once(self, path: str, data: bytes) -> Any:
        aiohttp = _aiohttp()
        limits = self.limits
        secret = limits.secret()
        headers = {"Content-Type": "application/json"}
        if secret:
            headers["Authorization"] = f"Bearer {secret}"
        place = joined(limits.base(), path)
        try:
            async with self.session.post(
                place, data=data, headers=headers, allow_redirects=False
            ) as response:
                self.there = True
                blocks, size = [], 0
                async for block in response.content.iter_any():
                    blocks.append(block)
                    size += len(block)
                    if size > MAX_BYTES:
                        raise BadRecord("prompt.answer", f"more than {MAX_BYTES:,} bytes")
        except aiohttp.ClientConnectorCertificateError as fault:
            raise untrusted(limits, fault) from None
        except (aiohttp.ClientError, OSError) as fault:
            if isinstance(fault, aiohttp.ClientConnectorError):
                self.there = False
            raise Again(BadRecord("prompt.failed", broken(fault, secret))) from None
        except ValueError as fault:  # a key with a line break in it, say
            told = clean(fault, secret)
            raise EndpointError(f"{place} cannot be asked: {told}") from None
        body = b"".join(blocks)
        if response.status != 200:
            raise refused(limits, response.status, response.headers, body, data)
        try:
            found = received(body, response.content_type)
        except BadRecord as bad:
            raise Again(bad) from None
        if (status := status_of(found)) is not None:  # an error that is sent as an answer
            raise refused(limits, status, response.headers, found, data)
        return found

    def _judge(self, why: BadRecord | None) -> None:
        """Stop everything where nobody is at an endpoint, or it fails too large a share."""
        code = None if why is None else why.code
        self.outcomes.append(code)
        if why is None or self.limits.max_errors >= 1:
            return
        latest = list(self.outcomes)
        if why.code in _AWAY and not self.there:
            raise EndpointError(
                f"{joined(self.limits.base(), '')}: nobody is there: {why.detail}. What was "
                "answered is kept: run again to go on from there"
            )
        bad = sum(one is not None for one in latest)
        gone = len(latest) >= GONE and all(one in _AWAY for one in latest[-GONE:])
        if gone or (len(latest) >= JUDGED and bad > self.limits.max_errors * len(latest)):
            self.outcomes.clear()
            said = f"{GONE} requests in a row" if gone else f"{bad} of the last {len(latest)}"
            raise EndpointError(
                f"{joined(self.limits.base(), '')}: {said} came to nothing, the last with "
                f"{why.code}: {why.detail}. What was answered is kept: run again to go on from "
                f"there (max_errors={self.limits.max_errors:g})"
            )


def _read(found: Any, read: Callable[[Any], _R], asked: bytes, secret: str | None) -> _R:
    """What an answer says; one that is none may be a fault that passes."""
    try:
        return read(found)
    except BadRecord as bad:
        error = isinstance(found, dict) and found.get("error")  # said with the status of an answer
        told = described(None, found, asked, secret) if error else ""
        raise Again(BadRecord("prompt.failed", told) if error else bad) from None


def _trust(limits: Limits) -> dict[str, Any]:
    """Whom to trust, as the environment says now: aiohttp has read it when it was imported."""
    if not limits.base().startswith("https"):
        return {}
    import ssl

    return {"ssl": ssl.create_default_context()}


def _aiohttp() -> Any:
    try:
        import aiohttp
    except ImportError as error:
        raise MissingPackageError(
            "asking models needs aiohttp: pip install 'tamis[prompt]'"
        ) from error
    return aiohttp
