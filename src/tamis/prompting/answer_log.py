"""Answers in logs that only grow: a folder of them, of which each process writes one.

A log is two files: `<name>.jsonl`, a line of JSON for each answer, and `<name>.index`, 48 bytes for
each line (its key, where it begins, how long it is, its CRC-32), written when the line is. So a
kill loses at most the answer that is being written: what it leaves has no entry, or half of one,
and nothing of a dead process is written on. A line that is not as its entry says is as good as
none.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import struct
import threading
import time
import zlib
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np

from tamis.io.store import writing
from tamis.prompting.answer_index import ENTRY, Index, Place

_LINES, _ENTRIES = ".jsonl", ".index"
_OPEN = 32  # logs kept open to read
_PAUSE = 0.05  # seconds between two looks into the folder, and
_SHARE = 20  # so many times as long as a look takes


class AnswerLog:
    """All logs of a folder, as a key of 32 bytes to a line; for all threads of a process."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._guard = threading.Lock()
        self._own: _Own | None = None
        self._reading: OrderedDict[str, int] = OrderedDict()
        self._due = 0.0
        self._forget()

    def get(self, key: bytes) -> list[bytes]:
        """The lines under a key, by it or by one that begins alike; they say which."""
        with self._guard:
            self._follow()
            found = [self._line(one) for one in self._index.find(_head(key))]
        return [line for line in found if line is not None]

    def put(self, key: bytes, line: bytes) -> None:
        """Append a line under a key; `WriteError` where the system refuses."""
        with self._guard, writing(self.folder):
            self._follow()
            own = self._own = self._own or self._begun()
            offset, check = own.size, zlib.crc32(line)
            try:
                _write(own.lines, line)
                _write(own.entries, key + struct.pack("<QII", offset, len(line), check))
            except OSError:  # half of it may stand there, so another log is begun
                self._close_own()
                raise
            own.size += len(line)
            self._known[own.name] += 1
            place = Place(self._numbers[own.name], offset, len(line), check)
            self._index.add(_head(key), place)

    def close(self) -> None:
        """Close the files; what comes then opens others."""
        self._close_own()
        while self._reading:
            os.close(self._reading.popitem()[1])

    def __del__(self) -> None:
        self.close()

    def _forget(self) -> None:
        """Begin as if nothing were known."""
        self.close()
        self._index = Index()
        self._numbers: dict[str, int] = {}  # of a log by its name
        self._names: list[str] = []
        self._known: dict[str, int] = {}  # entries of it that are in the index

    def _follow(self) -> None:
        """Take in what others have written since the last look, which was some time ago."""
        began = time.monotonic()
        if began < self._due:
            return
        counts = self._counts()
        if any(counts.get(name, 0) < known for name, known in self._known.items()):
            self._forget()  # somebody deleted what was there
        if self._own is not None and not self._own.whole():
            self._close_own()
        for name, count in sorted(counts.items()):
            known = self._known.get(name, 0)
            if count > known:
                self._take(name, known, count)
        ended = time.monotonic()
        self._due = ended + max(_PAUSE, _SHARE * (ended - began))

    def _counts(self) -> dict[str, int]:
        """The logs there are, and how many whole entries each has."""
        found = {}
        with contextlib.suppress(FileNotFoundError), os.scandir(self.folder) as there:
            for one in there:
                if one.name.endswith(_ENTRIES):
                    with contextlib.suppress(FileNotFoundError):
                        found[one.name.removesuffix(_ENTRIES)] = (
                            one.stat().st_size // ENTRY.itemsize
                        )
        return found

    def _take(self, name: str, known: int, count: int) -> None:
        try:
            with open(os.path.join(self.folder, name + _ENTRIES), "rb") as file:
                file.seek(known * ENTRY.itemsize)
                data = file.read((count - known) * ENTRY.itemsize)
        except OSError:
            return  # not ours to read
        entries = np.frombuffer(data, ENTRY, len(data) // ENTRY.itemsize)
        self._index.extend(entries, self._number(name))
        self._known[name] = known + len(entries)

    def _number(self, name: str) -> int:
        if name not in self._numbers:
            self._numbers[name] = len(self._names)
            self._names.append(name)
        return self._numbers[name]

    def _line(self, place: Place) -> bytes | None:
        """A line, where it is as its entry says."""
        name = self._names[place.log]
        try:
            if name not in self._reading:
                path = os.path.join(self.folder, name + _LINES)
                self._reading[name] = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                if len(self._reading) > _OPEN:
                    os.close(self._reading.popitem(last=False)[1])
            self._reading.move_to_end(name)
            line = os.pread(self._reading[name], place.length, place.offset)
        except OSError:
            return None
        return line if zlib.crc32(line) == place.check else None

    def _begun(self) -> _Own:
        """A log for this process to write."""
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        name = f"{int(time.time()):010x}-{secrets.token_hex(6)}"  # in the order of time
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
        path = os.path.join(self.folder, name)
        lines = os.open(path + _LINES, flags, 0o600)
        try:
            entries = os.open(path + _ENTRIES, flags, 0o600)
        except OSError:
            os.close(lines)
            raise
        self._known[name] = 0
        self._number(name)
        return _Own(name, lines, entries)

    def _close_own(self) -> None:
        if self._own is not None:
            os.close(self._own.lines)
            os.close(self._own.entries)
            self._own = None


@dataclass
class _Own:
    """The log that this process writes: its two files, and the size of the lines."""

    name: str
    lines: int
    entries: int
    size: int = 0

    def whole(self) -> bool:
        """Whether it still stands there, as it was left."""
        told = os.fstat(self.lines)
        return told.st_nlink > 0 and told.st_size == self.size


def answer_log(folder: str) -> AnswerLog:
    """The logs of a folder, once for this process."""
    with _LOCK:
        if folder not in _LOGS:
            while len(_LOGS) >= _MOST:
                _LOGS.popitem(last=False)  # closed once nobody uses it
            _LOGS[folder] = AnswerLog(folder)
        _LOGS.move_to_end(folder)
        return _LOGS[folder]


_LOGS: OrderedDict[str, AnswerLog] = OrderedDict()
_MOST = 8
_LOCK = threading.Lock()


def _in_fork() -> None:
    """A child writes a log of its own."""
    global _LOCK
    _LOCK = threading.Lock()
    for log in _LOGS.values():
        log.close()
    _LOGS.clear()


os.register_at_fork(after_in_child=_in_fork)


def _head(key: bytes) -> int:
    return int.from_bytes(key[:8], "little")


def _write(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]
