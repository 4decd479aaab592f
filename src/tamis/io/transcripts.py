"""Transcripts in lists: a name and what is said on each line, as in LibriSpeech and Kaldi."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tamis.codes import BadRecord
from tamis.io.compression import Stream, codec
from tamis.io.files import File, open_file

_BUFFER = 1 << 20
_kept: dict[tuple[Any, ...], Transcripts] = {}  # of the set that was asked for last
_lock = threading.Lock()


@dataclass
class Transcripts:
    """What is said in files, by their names without folder and extension.

    `place` says which file and line each stands in, `bad` what is wrong with lines.
    """

    texts: dict[str, str] = field(default_factory=dict)
    place: dict[str, tuple[str, int]] = field(default_factory=dict)
    bad: list[tuple[str, int, BadRecord, bytes]] = field(default_factory=list)


def stem(name: str) -> str:
    """The name of a file without its folder and its extension.

    >>> stem("84/121123/84-121123-0000.flac")
    '84-121123-0000'
    """
    return os.path.splitext(name.partition("::")[0].rpartition("/")[2])[0]


def transcripts_of(files: Sequence[File], options: Mapping[str, Any], max_size: int) -> Transcripts:
    """The lines of all the files; read once by a process."""
    with _lock:
        key = (*files, max_size)
        if key not in _kept:
            found = Transcripts()
            for file in files:
                _add(found, file, options, max_size)
            _kept.clear()
            _kept[key] = found
        return _kept[key]


def _add(found: Transcripts, file: File, options: Mapping[str, Any], max_size: int) -> None:
    data = b""
    try:
        stream = Stream(lambda: open_file(file, options), codec(file.name), 200.0)
        try:
            while more := stream.read(_BUFFER):
                data += more
        finally:
            stream.close()
    except (BadRecord, OSError) as error:
        bad = error if isinstance(error, BadRecord) else BadRecord("file.unreadable", str(error))
        found.bad.append((file.name, data.count(b"\n") + 1, bad, b""))
    for number, raw in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if not raw.strip():
            continue
        try:
            name, text = _line(raw, max_size)
            if name in found.texts:
                where = "{}, line {}".format(*found.place[name])
                raise BadRecord("text.twice", f"{name!r} has a transcript already, in {where}")
        except BadRecord as bad:
            found.bad.append((file.name, number, bad, raw[:200]))
            continue
        found.texts[name], found.place[name] = text, (file.name, number)


def _line(raw: bytes, max_size: int) -> tuple[str, str]:
    """The name and the text of a line: what stands before the first blank, and after it."""
    if len(raw) > max_size:
        raise BadRecord("text.too_long", f"the line has more than {max_size} bytes; set max_size")
    try:
        line = raw.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        detail = f"{error.reason} at byte {error.start + 1} of the line"
        raise BadRecord("text.utf8", detail) from None
    name, *rest = line.split(maxsplit=1)
    return stem(name) if "." in name else name.rpartition("/")[2], rest[0] if rest else ""
