"""Decode hostile media in another process: a record that kills its decoder costs that record.

`isolated` is the way in. The decoder runs in a child of this process that has a limit on memory
and on time for each record, no network, and no way to write files. One that dies or hangs is
replaced, and the record that it was at comes back as a `BadRecord`; the others are decoded as if
nothing had been. docs/design/sandbox.md says why it is made so and what it costs.
"""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

from tamis.codes import BadRecord
from tamis.errors import SettingError, TamisError
from tamis.media.parts import Part
from tamis.media.sandbox_process import Nest, Order, nest
from tamis.media.sandbox_wire import Nonsense, pack, unpack
from tamis.media.sandbox_worker import AHEAD, AHEAD_BYTES, AHEAD_RESULTS, Died, Late, Worker

TIMEOUT = 30.0  # seconds for one record: the slowest good picture below the limits takes 2
MEMORY = 1 << 30  # bytes that decoding may take beyond what the loaded decoder has

# Formats whose libraries read memory out of bounds in past years: libtiff, libavif and libheif,
# openjpeg. Minutes of fuzzing found no crash in the others as tamis decodes them.
RISKY = frozenset({"tiff", "avif", "heif", "jpeg2000"})

_ALLOWED: set[str] = set()


def allow(function: str) -> None:
    """Let `isolated` run a decoder from outside tamis, named `"module:function"`.

    The module must be importable in the child under the same name.
    """
    _check_name(function)
    _ALLOWED.add(function)


def isolated(
    function: str,
    items: Iterable[tuple[Any, dict[str, Any]]],
    *,
    timeout: float = TIMEOUT,
    memory: int = MEMORY,
    preload: Sequence[str] = (),
    excused: Callable[[], float] | None = None,
) -> Iterator[Any]:
    """Call a decoder on each (bytes, settings) in another process; results in the same order.

    `function` is `"module:function"`, a module of tamis or one that `allow` was told; it is called
    as `function(data, **settings)` and may return plain values, bytes, numpy arrays of numbers, and
    lists, dicts and (named) tuples of those. Settings are plain values too.

    In place of a result there is a `BadRecord` where the decoder raised one, or `sandbox.crash`,
    `sandbox.timeout` (`timeout` seconds of wall time for one record) or `sandbox.memory` (`memory`
    bytes beyond what the loaded decoder takes). Whether a record crashes is asked of a fresh
    process, so its neighbours have no part in the answer. Any other exception is a defect of the
    decoder and is raised here as `TamisError`. `preload` names modules that the decoder imports
    only when it runs; a function `warm_up` of its module is called once, without data. What they
    load or compile need not be loaded again, so replacing a process is cheap.

    `excused` tells how many seconds the decoder has waited for us: they count for no `timeout`.

    A decoder that hands its result over in parts (`tamis.media.parts`) makes each a `Part` before
    the result; `timeout` is for each of them. One that died begins again, with a `first` part.

    >>> from tamis.media.sandbox import allow, isolated
    >>> allow("zlib:crc32")
    >>> list(isolated("zlib:crc32", [(b"abc", {}), (b"", {})], timeout=10))
    [891568578, 0]
    """
    _check_name(function)
    if not function.startswith("tamis.") and function not in _ALLOWED:
        raise SettingError(f"{function} is no decoder of tamis; allow({function!r}) lets it run")
    if not timeout > 0 or not memory > 0:
        raise SettingError(f"timeout and memory must be positive, found {timeout} and {memory}")
    order = Order(function, float(timeout), int(memory), tuple(preload))
    return _Stream(order, items, excused).results()


def decoded(
    function: str,
    items: Sequence[tuple[Any, dict[str, Any]]],
    formats: Sequence[str | None],
    *,
    isolate: bool | str | Collection[str] = "risky",
    timeout: float = TIMEOUT,
    memory: int = MEMORY,
    preload: Sequence[str] = (),
) -> Iterator[Any]:
    """Results of a decoder in order, each made here or in another process as its format asks.

    `formats` has the format of each item as its header says, None where that is not known.
    `isolate` is True, False, "risky" (those of `RISKY`, and the unknown) or several formats.
    A `BadRecord` comes back as a value either way.
    """
    apart = [wanted(isolate, format) for format in formats]
    chosen = [item for item, away in zip(items, apart, strict=True) if away]
    others = isolated(function, chosen, timeout=timeout, memory=memory, preload=preload)
    local = _imported(function) if len(chosen) < len(items) else None
    for (data, settings), away in zip(items, apart, strict=True):
        if away or local is None:
            yield next(others)
        else:
            try:
                yield local(data, **settings)
            except BadRecord as bad:
                yield bad


def wanted(isolate: bool | str | Collection[str], format: str | None) -> bool:
    """Whether a format is decoded in another process.

    >>> from tamis.media.sandbox import wanted
    >>> wanted("risky", "tiff"), wanted("risky", "jpeg"), wanted(["png"], "png")
    (True, False, True)
    """
    if isinstance(isolate, bool):
        return isolate
    if isolate == "risky":
        return format is None or format in RISKY
    if isinstance(isolate, str):
        raise SettingError(f'isolate must be True, False, "risky" or formats, found {isolate!r}')
    return format in isolate


def _check_name(function: str) -> None:
    module, colon, name = function.partition(":")
    parts = [*module.split("."), *name.split(".")]
    if not colon or "." in name or not all(part.isidentifier() for part in parts):
        raise SettingError(f'a decoder is named "module:function", found {function!r}')


def _imported(function: str) -> Any:
    import importlib

    module, _, name = function.partition(":")
    return getattr(importlib.import_module(module), name)


class _Stream:
    """Items on their way through a worker, and what to do when it dies."""

    def __init__(
        self, order: Order, items: Iterable[tuple[Any, dict[str, Any]]],
        excused: Callable[[], float] | None,
    ) -> None:  # fmt: skip
        self.order, self.source, self.excused = order, iter(items), excused
        self.home = order.function.partition(":")[0]
        self.flight: deque[tuple[Any, bytes]] = deque()  # asked, not yet answered
        self.again: deque[tuple[Any, bytes]] = deque()  # to be asked of the next worker
        self.nest: Nest = nest(order)
        self.worker: Worker | None = None
        self.pid = os.getpid()
        self.mean = 1.0  # bytes of a result, of late
        self.begun = False  # whether the first item in flight has given a part

    def results(self) -> Iterator[Any]:
        try:
            while True:
                self._fill()
                if not self.flight:
                    return
                yield self._next()
        finally:
            self._leave()

    def _fill(self) -> None:
        """Keep the worker busy: ask for as much as it may have before it."""
        ahead = sum(len(data) for data, _ in self.flight)
        most = min(AHEAD, max(2, int(AHEAD_RESULTS / self.mean)))
        while len(self.flight) < most and (ahead < AHEAD_BYTES or not self.flight):
            if self.worker is not None and self.worker.tired and self.flight:
                return  # it leaks: it ends what it has, and another goes on
            item = self._item()
            if item is None:
                return
            if self.worker is not None and self.worker.tired:
                self._replace(kill=True)
            if self.worker is None:
                self.worker = self.nest.take()
            self.worker.ask(*item)
            self.flight.append(item)
            ahead += len(item[0])

    def _item(self) -> tuple[Any, bytes] | None:
        if self.again:
            return self.again.popleft()
        for data, settings in self.source:
            text, buffers = pack(settings)
            if buffers:
                raise SettingError("settings of a decoder are plain values: no bytes, no arrays")
            return data, text
        return None

    def _next(self) -> Any:
        """The result of the first item in flight, from as many workers as that takes."""
        while True:
            if self.worker is None:
                self._fill()
            assert self.worker is not None
            fresh = self.worker.done == 0
            try:
                head, buffers = self.worker.answer(self.order.timeout, self.excused)
                result = self._result(head, buffers)
            except Late:
                self._replace(kill=True)
                self.again.popleft()
                took = f"it took longer than {self.order.timeout:g} s"
                return BadRecord("sandbox.timeout", took)
            except (Died, Nonsense) as error:
                bad = self._cause(error)
            else:
                if isinstance(result, Part):
                    return result
                self.worker.done += 1
                if not isinstance(result, _NoMemory):
                    self.flight.popleft()
                    self.begun = False
                    return result
                self._replace(kill=True)
                bad = BadRecord("sandbox.memory", self._limit(result.detail))
            if fresh or bad.code == "sandbox.timeout":
                self.again.popleft()
                return bad

    def _result(self, head: bytes, buffers: list[Any]) -> Any:
        self.mean += (sum(map(len, buffers)) + 1 - self.mean) / 8
        kind, value = head[:1], unpack(head[1:], buffers, self._trusted)
        if kind == b"V":
            return value
        if kind == b"P":
            first, self.begun = not self.begun, True
            return Part(value, first)
        if not (isinstance(value, list) and len(value) == 2):
            raise Nonsense("no result")
        first, detail = value
        if kind == b"B":
            return _bad(str(first), str(detail))
        if kind == b"M":
            return _NoMemory(str(detail))
        error = TamisError(f"the decoder {self.order.function} failed: {str(first)[:1000]}")
        error.add_note(str(detail))
        raise error

    def _trusted(self, module: str) -> bool:
        return module == self.home or module.startswith("tamis.")

    def _cause(self, error: Exception) -> BadRecord:
        """Why a worker ended, as far as can be told from outside; it is replaced."""
        assert self.worker is not None
        words = self.worker.last_words()
        status = self._replace(kill=isinstance(error, Nonsense) or bool(str(error)))
        if isinstance(error, Nonsense) or str(error) or status is None:
            return BadRecord("sandbox.crash", str(error) or "the decoder ended")
        said = f": {words}" if words else ""
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            if number == signal.SIGXCPU:
                return BadRecord("sandbox.timeout", "it took too much processor time")
            if number == signal.SIGKILL or "bad_alloc" in words or "MemoryError" in words:
                return BadRecord("sandbox.memory", self._limit(words))
            name = signal.Signals(number).name if number in set(signal.Signals) else str(number)
            return BadRecord("sandbox.crash", f"the decoder died of {name}{said}")
        if "MemoryError" in words:
            return BadRecord("sandbox.memory", self._limit(words))
        code = os.WEXITSTATUS(status)
        return BadRecord("sandbox.crash", f"the decoder ended itself with status {code}{said}")

    def _limit(self, said: str) -> str:
        tail = f": {said}" if said else ""
        return f"it took more than {self.order.memory / (1 << 20):g} MiB{tail}"

    def _replace(self, kill: bool) -> int | None:
        worker, self.worker, self.begun = self.worker, None, False
        assert worker is not None
        self.again.extendleft(reversed(self.flight))
        self.flight.clear()
        return self.nest.end(worker, kill)

    def _leave(self) -> None:
        worker, self.worker = self.worker, None
        if worker is None or os.getpid() != self.pid:
            return
        if self.flight or worker.unsent or worker.got or worker.tired:
            self.nest.end(worker, kill=True)
        else:
            self.nest.give(worker)


class _NoMemory:
    def __init__(self, detail: str) -> None:
        self.detail = detail


def _bad(code: str, detail: str) -> BadRecord:
    from tamis.codes import CODES

    if code not in CODES:
        raise Nonsense("no code")
    return BadRecord(code, detail[:1000])
