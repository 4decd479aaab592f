"""Bytes that another process asks for, of media that only this one can reach.

A process that decodes has no network. It is told a socket in a folder of this user's, and a word
that stands for one medium; over the socket it gets what it asks for of that medium, and nothing
else. Where there are no such sockets the medium is copied beforehand (`tamis.media.places`).
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import secrets
import shutil
import socket
import struct
import tempfile
import threading
import time
from collections.abc import Iterator
from typing import Any

from tamis.codes import BadRecord
from tamis.media.pieces import Content, Pieces
from tamis.media.reader import Reader

_ASKED, _ANSWER = struct.Struct("<16sQQ"), struct.Struct("<q")
_MOST = 2 << 20  # bytes of one answer
_BLOCK = 1 << 16  # bytes asked for at least


class _Medium:
    """What stands for a word, and how long the other process has waited for it."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self.spent = 0.0
        self._since: dict[int, float] = {}
        self._lock = threading.Lock()

    def waited(self) -> float:
        with self._lock:
            return self.spent + sum(time.monotonic() - since for since in self._since.values())

    def read(self, start: int, stop: int) -> bytes:
        me = threading.get_ident()
        with self._lock:
            self._since[me] = time.monotonic()
        try:
            return bytes(self.content[start : min(stop, start + _MOST)])
        finally:
            with self._lock:
                self.spent += time.monotonic() - self._since.pop(me)


_media: dict[str, _Medium] = {}
_listening: tuple[int, str] | None = None  # the process that listens, and where
_starting = threading.Lock()


@contextlib.contextmanager
def served(content: Content) -> Iterator[dict[str, Any] | None]:
    """`path`, `word` and `length` for `asking`; None where this system has no such sockets."""
    try:
        path = _listen()
    except (OSError, AttributeError):
        yield None
        return
    word = secrets.token_hex(16)
    _media[word] = _Medium(content)
    try:
        yield {"path": path, "word": word, "length": len(content)}
    finally:
        _media.pop(word, None)


def waited(word: str | None) -> float:
    """Seconds that others have waited for bytes of a medium: no fault of those who decode it."""
    found = _media.get(word or "")
    return found.waited() if found is not None else 0.0


def asking(path: str, word: str, length: int) -> Reader:
    """In the other process: the medium as a file."""
    link = _connected(path)
    name = bytes.fromhex(word)

    def read(start: int, stop: int) -> bytes:
        found = []
        while start < stop:
            found.append(_got(link, name, start, stop))
            start += len(found[-1])
        return found[0] if len(found) == 1 else b"".join(found)

    return Reader(Pieces(length, read), _BLOCK)


def _got(link: socket.socket, name: bytes, start: int, stop: int) -> bytes:
    try:
        link.sendall(_ASKED.pack(name, start, min(stop, start + _MOST)))
        (size,) = _ANSWER.unpack(_exactly(link, _ANSWER.size))
        data = _exactly(link, abs(size))
    except OSError as error:
        raise BadRecord("media.unreadable", f"nobody gives its bytes: {error}") from None
    if size < 0:
        raise BadRecord(*json.loads(data))
    if not data:
        raise BadRecord("media.unreadable", f"bytes {start} to {stop}: there are none")
    return data


def _exactly(link: socket.socket, size: int) -> bytes:
    data = bytearray(size)
    view, at = memoryview(data), 0
    while at < size:
        count = link.recv_into(view[at:])
        if not count:
            raise OSError("the other process has ended")
        at += count
    return bytes(data)


def _listen() -> str:
    """Where this process listens; from the first call on it does."""
    global _listening
    with _starting:
        if _listening is not None and _listening[0] == os.getpid():
            return _listening[1]
        folder = tempfile.mkdtemp(prefix="tamis-")  # nobody else may go into it
        path = os.path.join(folder, "bytes")
        link = socket.socket(socket.AF_UNIX)
        try:
            with _short(path) as name:
                link.bind(name)
            link.listen(64)
        except OSError:
            link.close()
            shutil.rmtree(folder, ignore_errors=True)
            raise
        atexit.register(_gone, os.getpid(), folder)
        _media.clear()  # of the process that this one is a fork of
        threading.Thread(target=_accept, args=(link,), daemon=True).start()
        _listening = os.getpid(), path
        return path


def _gone(pid: int, folder: str) -> None:
    if pid == os.getpid():
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _short(path: str) -> Iterator[str]:
    """A name of a socket: of those the system takes some hundred letters at most."""
    if len(os.fsencode(path)) < 100:
        yield path
        return
    folder = os.open(os.path.dirname(path), os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{folder}/{os.path.basename(path)}"
    finally:
        os.close(folder)


def _connected(path: str) -> socket.socket:
    link = socket.socket(socket.AF_UNIX)
    try:
        with _short(path) as name:
            link.connect(name)
    except OSError as error:
        link.close()
        raise BadRecord("media.unreadable", f"nobody gives its bytes: {error}") from None
    return link


def _accept(link: socket.socket) -> None:
    while True:
        try:
            one, _ = link.accept()
        except OSError:
            return
        threading.Thread(target=_answer, args=(one,), daemon=True).start()


def _answer(link: socket.socket) -> None:
    """Give a process what it asks for until it ends."""
    with link, contextlib.suppress(OSError):
        while True:
            name, start, stop = _ASKED.unpack(_exactly(link, _ASKED.size))
            size, data = _bytes(name.hex(), start, stop)
            link.sendall(_ANSWER.pack(size))
            link.sendall(data)


def _bytes(word: str, start: int, stop: int) -> tuple[int, bytes]:
    found = _media.get(word)
    try:
        if found is None:
            raise BadRecord("media.unreadable", "the medium is not read any longer")
        data = found.read(start, stop)
        return len(data), data
    except BadRecord as bad:
        problem = [bad.code, bad.detail]
    except Exception as error:  # whoever waits has to be told
        problem = ["media.unreadable", f"{type(error).__name__}: {error}"]
    data = json.dumps(problem).encode()
    return -len(data), data
