"""Patterns of shards: `audio_{0..63}.tar` as in shells, `audio__OP_0..63_CL_.tar` as in NeMo."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator

from tamis.errors import SettingError
from tamis.io.files import Paths

_RANGE = re.compile(r"(-?\d+)\.\.(-?\d+)")
_INNER = re.compile(r"\{([^{}]*)\}")
MOST = 1_000_000  # names from one pattern


def expanded(paths: Paths) -> list[str]:
    """Paths with their braces written out, in order; what has none is left as it is.

    >>> expanded("audio__OP_8..10_CL_.tar")
    ['audio_8.tar', 'audio_9.tar', 'audio_10.tar']
    >>> expanded(["a_{00..02}.json", "b.json"])
    ['a_00.json', 'a_01.json', 'a_02.json', 'b.json']
    """
    given = list(paths) if isinstance(paths, Iterable) and not isinstance(paths, str) else [paths]
    found: list[str] = []
    for path in given:
        if not isinstance(path, str | os.PathLike):
            raise SettingError(f"an input is named by a path or URL, not by {path!r}")
        text = os.fspath(path).replace("_OP_", "{").replace("_CL_", "}")
        for name in _written_out(text, text):
            found.append(name)
            if len(found) > MOST:
                raise SettingError(f"{os.fspath(path)} stands for more than {MOST:,} files")
    return found


def _written_out(text: str, whole: str) -> Iterator[str]:
    for match in _INNER.finditer(text):
        choices = _choices(match.group(1), whole)
        if choices is not None:
            head, tail = text[: match.start()], text[match.end() :]
            for choice in choices:
                yield from _written_out(head + choice + tail, whole)
            return
    yield text


def _choices(inner: str, whole: str) -> Iterable[str] | None:
    """What stands between braces, one by one; None where it is no pattern."""
    numbers = _RANGE.fullmatch(inner)
    if numbers is None:
        return inner.split(",") if "," in inner else None
    first, last = (int(end) for end in numbers.groups())
    padded = any(re.match(r"-?0\d", end) for end in numbers.groups())
    width = max(map(len, numbers.groups())) if padded else 0
    if abs(last - first) >= MOST:
        raise SettingError(f"{whole} stands for more than {MOST:,} files")
    step = 1 if last >= first else -1
    return (f"{number:0{width}d}" for number in range(first, last + step, step))
