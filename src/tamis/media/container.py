"""Containers of sound and video, opened by ffmpeg's libraries so that they cannot open others.

The demuxer is the one that the first bytes ask for; no other is tried, no other file or address is
opened, and only the decoders that are named are called.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any

from tamis.codes import BadRecord
from tamis.errors import MissingPackageError
from tamis.media.reader import Reader

_DISCARD_ALL = 48  # AVDISCARD_ALL; PyAV takes the number or its own enum of it
_KEPT = 3  # containers of one file: to read packets, to decode, to decode with vectors
_FAMILIES = {"mov": "mov,mp4,m4a,3gp,3g2,mj2", "matroska": "matroska,webm"}


def needed(extra: str) -> Any:
    """PyAV, or a `MissingPackageError` that names the extra of tamis that brings it."""
    try:
        return importlib.import_module("av")
    except (ImportError, OSError) as error:
        raise MissingPackageError(
            f"decoding {extra} needs PyAV: pip install 'tamis[{extra}]' ({error})"
        ) from None


@contextlib.contextmanager
def opened(
    file: Reader, demuxer: str, decoders: Iterable[str], extra: str, **how: Any
) -> Iterator[Any]:
    """The container, closed afterwards; what ffmpeg says against it is a `BadRecord`.

    `how` are other arguments of `av.open`.
    """
    av = needed(extra)
    file.seek(0)
    safe = {
        "format_whitelist": _FAMILIES.get(demuxer, demuxer),
        "protocol_whitelist": "none",
        "codec_whitelist": ",".join(decoders),
    }
    with told(file, extra), contextlib.ExitStack() as stack:
        yield stack.enter_context(
            av.open(file, format=demuxer, container_options=safe, metadata_errors="ignore", **how)
        )


@contextlib.contextmanager
def kept(
    file: Reader, how: Hashable, extra: str,
    opening: Callable[[], contextlib.AbstractContextManager[tuple[Any, Any]]],
) -> Iterator[tuple[Any, Any]]:  # fmt: skip
    """What `opening` gives of a file, a container and a stream; kept by files that do so.

    Where one was opened in the same way (`how`; None: none is kept) it is given again, gone back to
    the start: reading the index of hours takes longer than decoding some seconds. After an error it
    is closed.
    """
    stacks = file.kept if how is not None else None
    found = stacks.pop(how, None) if stacks is not None else None
    if found is not None:
        stack, pair, at = found
        file.seek(at)  # where the container takes it to be: others have read meanwhile
        try:
            pair[0].seek(0)
        except needed(extra).FFmpegError:
            stack.close()
            found = None
    if found is None:
        stack = contextlib.ExitStack()
        pair = stack.enter_context(opening())
    try:
        with told(file, extra):
            yield pair
    except GeneratorExit:  # who asked had enough
        _put_back(file, stacks, how, stack, pair)
        raise
    except BaseException:
        stack.close()
        raise
    _put_back(file, stacks, how, stack, pair)


def _put_back(
    file: Reader, stacks: dict[Any, Any] | None, how: Hashable, stack: contextlib.ExitStack,
    pair: Any,
) -> None:  # fmt: skip
    if stacks is None or how in stacks or file.kept is not stacks:
        stack.close()
        return
    while len(stacks) >= _KEPT:
        stacks.pop(next(iter(stacks)))[0].close()
    stacks[how] = stack, pair, file.tell()


def checked(stream: Any, decoders: Iterable[str]) -> None:
    """A `BadRecord` for a stream whose decoder is none of these.

    ffmpeg's white list holds for what it decodes itself to learn of a stream, and no longer for
    what it is asked to decode afterwards.
    """
    codec = stream.codec_context
    if codec is None or codec.codec.name not in decoders:
        name = "an unknown codec" if codec is None else codec.codec.name
        raise BadRecord("decode.format", f"coded by {name}, which is not read here")


def only(container: Any, stream: Any) -> None:
    """Let the demuxer pass over the packets of all other tracks."""
    for other in container.streams:
        if other is not stream and hasattr(other, "discard"):
            other.discard = _DISCARD_ALL


@contextlib.contextmanager
def told(file: Reader, extra: str) -> Iterator[None]:
    """What ffmpeg says against a file, as `BadRecord`."""
    av = needed(extra)
    try:
        yield
    except (av.FFmpegError, ValueError, EOFError, IndexError) as error:  # IndexError: new tracks
        file.check()
        said = str(getattr(error, "strerror", None) or error)
        code = "decode.truncated" if isinstance(error, EOFError) or cut(file) else "decode.corrupt"
        raise BadRecord(code, said) from None


def cut(file: Reader) -> bool:
    """Whether the last box of an ISO file goes beyond its end."""
    at = 0
    for _ in range(1000):
        head = file.exactly(at, at + 16)
        if len(head) < 8 or not head[4:8].isalnum():
            return False
        size = int.from_bytes(head[:4], "big")
        size = int.from_bytes(head[8:16], "big") if size == 1 else size
        if size < 8 or at + size > len(file):
            return size >= 8
        at += size
    return False
