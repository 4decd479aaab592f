"""Decompressed bytes of a stream, as far as they can be had, and what stopped them."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO, Protocol

from tamis.codes import BadRecord

EXTENSIONS = {
    ".gz": "gzip",
    ".gzip": "gzip",
    ".zst": "zstd",
    ".zstd": "zstd",
    ".bz2": "bz2",
    ".xz": "xz",
    ".lz4": "lz4",
}
_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\xfd7zXZ": "xz",
    b"\x04\x22\x4d\x18": "lz4",
    b"PK\x03\x04": "zip",
    b"PAR1": "Parquet",
}
_BLOCKS = (bytes.fromhex("314159265359"), bytes.fromhex("177245385090"))  # bz2: data, or its end
_BUFFER = 1 << 20
HEAD = 16  # first bytes that tell every format
_BOMB = 256 << 20  # expanded bytes that no ratio makes suspicious


class Reader(Protocol):
    """Something to read bytes from."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""
        ...


def codec(name: str) -> str | None:
    """The compression that a file's name tells; None for a plain file.

    >>> codec("crawl-0001.jsonl.zst")
    'zstd'
    """
    dot = name.rfind(".")
    return EXTENSIONS.get(name[dot:].lower()) if dot >= 0 else None


def looks_like(head: bytes) -> str | None:
    """The binary format that the first bytes of a file show, if one is known."""
    if head.startswith(b"BZh"):  # three letters that a line of text may begin with too
        return "bz2" if head[3:4] in b"123456789" and head[4:10] in _BLOCKS else None
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)


class Stream:
    """The decompressed bytes of a file, in order.

    `read` gives everything that can be decoded, to the last byte before the damage, and only then
    raises `BadRecord` (file.truncated, file.corrupt, file.bomb, file.unreadable).
    """

    def __init__(self, start: Callable[[], BinaryIO], codec: str | None, max_ratio: float) -> None:
        self._start, self._codec, self._max_ratio = start, codec, max_ratio
        self._reader: Reader = self._begin()
        self._given = 0
        self._damage: BadRecord | None = None
        self._rescued = b""

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end."""
        if self._rescued or self._damage:
            return self._rescue(size)
        try:
            data = self._reader.read(size)
        except BadRecord as damage:
            if self._codec is None:
                raise
            self._damage = damage
            self._rescued = self._before_damage()
            return self._rescue(size)
        self._given += len(data)
        self._check_ratio()
        return data

    @property
    def taken(self) -> int:
        """Bytes of the file that were needed for what was read."""
        return self._raw.count

    def readinto(self, view: memoryview) -> int:
        """Fill what one read gives of `view`; 0 at the end."""
        if self._codec is None:
            return self._raw.readinto(view)
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _begin(self) -> Reader:
        self._file = self._start()
        self._raw = _Counting(self._file)
        return _reader(self._raw, self._codec)

    def _rescue(self, size: int) -> bytes:
        if not self._rescued:
            assert self._damage is not None
            raise self._damage
        data, self._rescued = self._rescued[:size], self._rescued[size:]
        self._given += len(data)
        return data

    def _before_damage(self) -> bytes:
        """What a failing read had already decoded: decoded again, in ever smaller steps."""
        rescued = b""
        for step in (4096, 1):
            self.close()
            reader = self._begin()
            try:
                skip = self._given + len(rescued)
                while skip:
                    got = reader.read(min(skip, _BUFFER))
                    if not got:
                        return rescued
                    skip -= len(got)
                while data := reader.read(step):
                    rescued += data
            except BadRecord:
                continue
        return rescued

    def _check_ratio(self) -> None:
        if self._codec and self._given > _BOMB and self._given > self._max_ratio * self._raw.count:
            self._damage = BadRecord(
                "file.bomb",
                f"it expands more than {self._max_ratio:g} times (to {self._given} bytes from "
                f"{self._raw.count}); reading stops here; set max_ratio if it is to be trusted",
            )


class _Counting:
    """A file whose read bytes are counted and whose errors are records' errors."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.count = file, 0

    def read(self, size: int = -1) -> bytes:
        try:
            data = self._file.read(size)
        except OSError as error:
            raise BadRecord("file.unreadable", str(error)) from error
        self.count += len(data)
        return data

    def readinto(self, view: memoryview) -> int:
        try:
            return self._file.readinto(view)  # type: ignore[attr-defined]
        except OSError as error:
            raise BadRecord("file.unreadable", str(error)) from error

    # pyarrow asks these of a Python file.
    closed = False

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        pass


def _reader(raw: _Counting, codec: str | None) -> Reader:
    if codec is None:
        return raw
    if codec == "gzip":
        return _Decoder(raw, lambda: zlib.decompressobj(31))
    if codec == "bz2":
        return _Decoder(raw, bz2.BZ2Decompressor)
    if codec == "xz":
        return _Decoder(raw, lzma.LZMADecompressor)
    return _ArrowDecoder(raw, codec)


class _Decoder:
    """gzip, bzip2 and xz by Python's own decoders, any number of members one after another."""

    def __init__(self, raw: Reader, make: Callable[[], Any]) -> None:
        self._raw, self._make = raw, make
        self._decoder: Any = None
        self._input = b""
        self._members = 0
        self._fresh = True  # the current member has given nothing yet

    def read(self, size: int) -> bytes:
        while True:
            ended = False
            if not self._input and getattr(self._decoder, "needs_input", True):
                self._input = self._raw.read(_BUFFER)
                ended = not self._input
            if self._decoder is None:
                if self._members:
                    self._input = self._input.lstrip(b"\0")  # padding, as on tapes
                if ended:
                    return b""
                if not self._input:
                    continue
                self._decoder, self._fresh = self._make(), True
            data = self._decode(size)
            if self._decoder.eof:
                self._decoder = None
                self._members += 1
            elif ended and not data:
                raise BadRecord("file.truncated", "the compressed data end early")
            if data:
                self._fresh = False
                return data

    def _decode(self, size: int) -> bytes:
        now, later = self._input, b""
        if size == 1 and hasattr(self._decoder, "unconsumed_tail"):
            # One byte in for one byte out: a failing call of zlib swallows what it had decoded.
            now, later = self._input[:1], self._input[1:]
        try:
            data = self._decoder.decompress(now, size)
        except (zlib.error, OSError, lzma.LZMAError, EOFError) as error:
            trailing = self._members and self._fresh
            what = "there is something else after the compressed data" if trailing else str(error)
            raise BadRecord("file.corrupt", what) from error
        # zlib hands back what it did not use; the others keep it.
        kept = "unused_data" if self._decoder.eof else "unconsumed_tail"
        self._input = getattr(self._decoder, kept, b"") + later
        return data


class _ArrowDecoder:
    """zstd and lz4 by pyarrow."""

    def __init__(self, raw: _Counting, codec: str) -> None:
        import pyarrow as pa

        self._raw = raw
        self._stream = pa.CompressedInputStream(pa.PythonFile(raw, "r"), codec)

    def read(self, size: int) -> bytes:
        try:
            return self._stream.read(size)
        except OSError as error:
            text = str(error)
            if "runcated" in text:
                raise BadRecord("file.truncated", "the compressed data end early") from error
            raise BadRecord(
                "file.corrupt", text.removeprefix("ZSTD decompress failed: ")
            ) from error
