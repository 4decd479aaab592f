"""Write tar archives (POSIX ustar, long names by PAX): the same members give the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tamis.kernels import tar, tar_bytes
from tamis.media.pieces import Content, Pieces

_NAME = 100  # bytes of a name in a header
_RECORD = 20 * tar.BLOCK
_PADS = [bytes(k) for k in range(tar.BLOCK)]


def _template(kind: bytes) -> np.ndarray:
    header = bytearray(tar.BLOCK)
    header[100:108], header[108:116], header[116:124] = b"0000644\0", b"0000000\0", b"0000000\0"
    header[124:136], header[136:148] = b"\0" * 12, b"00000000000\0"
    header[156:157], header[257:265] = kind, b"ustar\x0000"
    header[329:337] = header[337:345] = b"0000000\0"
    return np.frombuffer(bytes(header), np.uint8)


_FILE, _PAX = _template(b"0"), _template(b"x")


class Archive:
    """A tar archive that is written to an open file, some members at a time."""

    def __init__(self, file: Any) -> None:
        self.file, self.size = file, 0

    def add(self, names: Sequence[bytes], contents: Sequence[Content]) -> list[int]:
        """Write files; where in the archive the bytes of each begin.

        What comes in pieces may raise `BadRecord`; the archive is no use then.
        """
        made = _headers(_FILE, [name[:_NAME] for name in names], contents)
        headers = memoryview(made.data)
        pieces: list[Any] = []
        offsets, at = [], self.size
        for place, (name, content) in enumerate(zip(names, contents, strict=True)):
            if len(name) > _NAME:
                extended = _extended(name)
                pieces.append(extended)
                at += len(extended)
            size = len(content)
            pieces.append(headers[512 * place : 512 * place + 512])
            if isinstance(content, Pieces):
                self.file.write(b"".join(pieces))
                for piece in content:
                    self.file.write(piece)
                pieces = []
            else:
                pieces.append(content)
            pieces.append(_PADS[-size % 512])
            offsets.append(at + 512)
            at += 512 + size + -size % 512
        self.file.write(b"".join(pieces))
        self.size = at
        return offsets

    def close(self) -> None:
        """Write the end marker; the file stays open."""
        end = 2 * tar.BLOCK
        end += -(self.size + end) % _RECORD
        self.file.write(bytes(end))
        self.size += end


def _extended(name: bytes) -> bytes:
    """The PAX header that says a name too long for an ordinary one."""
    length = len(name) + len(b" path=\n")
    total = length + len(str(length))
    total = length + len(str(total))
    record = b"%d path=%s\n" % (total, name)
    header = _headers(_PAX, [b"PaxHeaders/" + name[: _NAME - 12]], [record]).tobytes()
    return header + record + _PADS[-len(record) % 512]


def _headers(template: np.ndarray, names: Sequence[bytes], contents: Sequence[Any]) -> np.ndarray:
    ends = np.cumsum([len(name) for name in names], dtype=np.int64)
    sizes = np.array([len(content) for content in contents], np.int64)
    out = np.empty(512 * len(names), np.uint8)
    tar_bytes.write_headers(template, np.frombuffer(b"".join(names), np.uint8), ends, sizes, out)
    return out
