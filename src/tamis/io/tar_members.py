"""The members of a tar archive, every header checked, and what was lost where one is damaged.

`tarfile`, and all that reads through it, stops without a word at a damaged header.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tamis.codes import BadRecord
from tamis.io.byte_ranges import Ranges
from tamis.io.compression import HEAD, looks_like
from tamis.kernels import tar

_AT_ONCE = 1 << 16  # members found by one call of the compiled loop
_NAMES = 8 << 20  # bytes of their names
_WIDEST = 64 << 20  # bytes of a window in which one header must lie
_NAME = 100  # bytes of a name in a header
_RECORD = 20 * tar.BLOCK  # archives are padded to a multiple of it
_MOST_DAMAGES = 10_000  # of an archive that are told one by one


@dataclass(frozen=True)
class Damage:
    """What could not be read: from byte `at` to `stop`, before member `before`.

    `sure` is False for zeros between members: archives put together have them, and holes in files.
    `name` is what the damaged header still says.
    """

    code: str
    at: int
    stop: int
    before: int
    detail: str
    sure: bool = True
    name: bytes = b""


@dataclass(frozen=True)
class Members:
    """The members of an archive in order, as arrays; `damages` in order of place.

    Name `k` is `names[ends[k - 1]:ends[k]]`; `kind` is a number of `tamis.kernels.tar`.
    """

    header: np.ndarray
    offset: np.ndarray
    size: np.ndarray
    kind: np.ndarray
    names: np.ndarray
    ends: np.ndarray
    damages: tuple[Damage, ...]

    def name(self, member: int) -> str:
        """The name of a member, bytes that are not UTF-8 written out."""
        return self.raw(member).decode("utf-8", "backslashreplace")

    def raw(self, member: int) -> bytes:
        """The name of a member as it stands."""
        start = int(self.ends[member - 1]) if member else 0
        return self.names[start : self.ends[member]].tobytes()


def members(source: Ranges, most: int | None = None) -> Members:
    """The members of an archive, or the first `most` of them.

    Raises `BadRecord` for a file that is no tar archive. After a damaged header reading goes on at
    the next block that is a header, and after an end marker at what may follow it.
    """
    scan = _Scan(source, most)
    scan.run()
    return scan.found()


class _Scan:
    def __init__(self, source: Ranges, most: int | None) -> None:
        self.source, self.most = source, most
        self.parts: list[tuple[np.ndarray, ...]] = []
        self.count = 0
        self.damages: list[Damage] = []
        self.at = 0

    def run(self) -> None:
        if not self.source.size:
            raise BadRecord("tar.truncated", "the archive is empty; its writing did not finish")
        ended = False
        while self.at < self.source.size and (self.most is None or self.count < self.most):
            window = self.source.window(self.at)
            status, ahead = self._step(window)
            ended = status == tar.ZEROS and self._zeros()
            if ended:
                break
            if status == tar.DAMAGED:
                self._damaged()
            elif status == tar.OUTSIDE and not self._outside(window, ahead):
                break
        stopped = self.most is not None and self.count >= self.most
        if not ended and not stopped and not self._told_of_end():
            detail = "the archive has no end marker; what followed is lost"
            self._add("tar.truncated", self.source.size, self.source.size, detail)

    def found(self) -> Members:
        """What was found, put together."""
        numbers, letters = np.empty(0, np.int64), np.empty(0, np.uint8)
        parts = self.parts or [(numbers, numbers, numbers, letters, letters, numbers)]
        header, offset, size, kind, names, lengths = map(np.concatenate, zip(*parts, strict=True))
        return Members(header, offset, size, kind, names, np.cumsum(lengths), tuple(self.damages))

    def _step(self, window: np.ndarray) -> tuple[int, int]:
        """Take the members that the window shows; why that ended, and how far on it is."""
        room = min(_AT_ONCE, len(window) // tar.BLOCK + 1)
        if self.most is not None:
            room = min(room, self.most - self.count)
        header, offset, size, ends = np.empty((4, room), np.int64)
        kind = np.empty(room, np.uint8)
        names = np.empty(min(_NAMES, room * 300 + 2 * tar.LONGEST_NAME), np.uint8)
        window = _read_only(window)
        status, count, ahead = tar.scan_headers(window, 0, header, offset, size, kind, names, ends)
        if count:
            used = int(ends[count - 1])
            lengths = np.diff(ends[:count], prepend=0)
            self.parts.append((
                header[:count] + self.at, offset[:count] + self.at, size[:count],
                kind[:count].copy(), names[:used].copy(), lengths,
            ))  # fmt: skip
            self.count += count
            self._check_end()
        self.at += ahead
        return status, ahead

    def _check_end(self) -> None:
        """The last member may go on beyond the end of the file."""
        offset, size = self.parts[-1][1], self.parts[-1][2]
        stop = int(offset[-1] + size[-1])
        if stop > self.source.size:
            detail = f"the member needs {stop} bytes of the archive, which has {self.source.size}"
            at, before = int(self.parts[-1][0][-1]), self.count - 1
            self.damages.append(Damage("tar.truncated", at, self.source.size, before, detail))

    def _zeros(self) -> bool:
        """Pass over zeros, to the block in which something follows; whether nothing does."""
        start = self.at
        while self.at < self.source.size:
            window = self.source.window(self.at)
            if not len(window):
                break
            zeros = tar.end_of_zeros(_read_only(window), 0)
            self.at += zeros
            if zeros < len(window):
                self.at -= (self.at - start) % tar.BLOCK
                sure = self.at % _RECORD != 0
                detail = f"zeros stand between members, from byte {start} to {self.at}"
                self._add("tar.header", start, self.at, detail, sure)
                return False
        return True

    def _damaged(self) -> None:
        start = self.at
        self._refuse_foreign()
        name = self.source.window(self.at, tar.BLOCK)[:_NAME].tobytes().partition(b"\0")[0]
        self.at += tar.BLOCK
        while self.at < self.source.size:
            window = self.source.window(self.at)
            found = tar.find_header(_read_only(window), 0)
            if found >= 0:
                self.at += found
                break
            whole = len(window) // tar.BLOCK * tar.BLOCK
            if not whole or self.at + len(window) >= self.source.size:
                self.at = self.source.size
                break
            self.at += whole
        if not start and not self.count and self.at >= self.source.size:
            raise BadRecord("file.corrupt", "the file is not a tar archive")
        detail = f"no valid header; {self.at - start} bytes are lost"
        self._add("tar.header", start, self.at, detail, name=name)

    def _refuse_foreign(self) -> None:
        """At the beginning of a file: it may be something else."""
        if not self.at:
            kind = looks_like(self.source.window(0, HEAD)[:HEAD].tobytes())
            if kind is not None:
                raise BadRecord("file.corrupt", f"the file looks like {kind}, not a tar archive")

    def _outside(self, window: np.ndarray, ahead: int) -> bool:
        """Go on in another window; False at the end of the archive."""
        if self.at >= self.source.size:
            return False
        if self.at - ahead + len(window) < self.source.size:
            if ahead:
                return True
            wider = self.source.window(self.at, _WIDEST)
            if self._step(wider)[1] == 0:
                self._damaged()
            return True
        self._refuse_foreign()
        detail = "the archive ends within a header"
        self._add("tar.truncated", self.at, self.source.size, detail)
        self.at = self.source.size
        return False

    def _told_of_end(self) -> bool:
        return bool(self.damages) and self.damages[-1].stop >= self.source.size

    def _add(
        self, code: str, at: int, stop: int, detail: str, sure: bool = True, name: bytes = b""
    ) -> None:
        last = self.damages[-1] if self.damages else None
        if last is not None and last.stop == at and last.before == self.count and last.sure:
            detail = f"no valid header; {stop - last.at} bytes are lost"
            self.damages[-1] = Damage(last.code, last.at, stop, last.before, detail, name=last.name)
        elif len(self.damages) < _MOST_DAMAGES:
            self.damages.append(Damage(code, at, stop, self.count, detail, sure, name))


def _read_only(window: np.ndarray) -> np.ndarray:
    window.flags.writeable = False  # a kernel is compiled for one kind only
    return window
