"""Which files a path, glob, folder or URL names, in natural order, each with a fingerprint."""

from __future__ import annotations

import errno
import glob
import os
import re
import stat
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, BinaryIO

from tamis.errors import DataError, MissingPackageError, SettingError
from tamis.io.commit import listing
from tamis.io.extensions import MEDIA
from tamis.io.walking import matching, no_file, walk

# what writers put into one folder
_OTHERS = (
    "ts",
    "m2ts",
    "mts",
    "3gp",
    "vob",
    "asf",
    "bin",
)  # media that folders are not searched for
_KINDS = (
    ".parquet",
    ".tar",
    ".idx",
    ".jsonl",
    ".md",
    ".json",
    *(f".{e}" for e in (*MEDIA, *_OTHERS)),
)
_ASIDE = "__dropped/"  # rows that a writer of media could not write, with their reasons
_SEVERAL = 16  # answers of servers that are waited for at once
_DIGITS = re.compile(r"([0-9]+)")
DANGLING = "a link to nothing"  # the stamp of one
_ANY_DIGIT = str.maketrans("123456789", "000000000")

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


@dataclass(frozen=True)
class File:
    """One input file: where it is, its name in ids, its size and what changes when it changes."""

    url: str
    name: str
    size: int
    stamp: str

    def __repr__(self) -> str:
        """What a data class would say, in a fifth of the time: it is part of what is tokenised."""
        return (
            f"File(url={self.url!r}, name={self.name!r}, size={self.size!r}, stamp={self.stamp!r})"
        )

    @property
    def local(self) -> bool:
        """Whether it can be opened by the operating system."""
        return "://" not in self.url and "::" not in self.url


def find_files(
    paths: Paths, extensions: Sequence[str], storage_options: Mapping[str, Any] | None = None,
    dangling: bool = False,
) -> list[File]:  # fmt: skip
    """The files that `paths` name.

    A folder is searched for the known extensions, leaving out names that begin with `.` or `_`; a
    folder that tamis wrote gives the parts of its manifest. Names, as they appear in ids, are
    relative to the deepest folder that all of `paths` share. Raises `DataError` when a path names
    nothing or a file is named twice, `UncommittedError` for a folder whose writing did not finish.
    So does a link to nothing; with `dangling`, one among others has the stamp `DANGLING` instead.
    """
    given = list(paths) if isinstance(paths, Iterable) and not isinstance(paths, str) else [paths]
    if not given:
        raise DataError("no input paths were given")
    found: list[tuple[str, int, str]] = []
    urls, roots = [], []
    for path in given:
        url = os.fspath(path) if isinstance(path, str | os.PathLike) else None
        if not isinstance(url, str):
            raise SettingError(f"an input is named by a path or URL, not by {path!r}")
        if not url:
            raise DataError("an input path is empty")
        urls.append(url.removeprefix("file://"))
    for root, files in _found(urls, tuple(extensions), storage_options or {}):
        roots.append(root)
        found.extend(in_order(files))
    _check_distinct([url for url, _, _ in found])
    base = _common([root.partition("::")[0] for root in roots])
    inner = [url.partition("::")[0] for url, _, _ in found]
    names = [head[len(base) :].lstrip("/") if head.startswith(base) else head for head in inner]
    if len(set(names)) != len(names):  # the same name in two archives
        names = [url for url, _, _ in found]
    links = [url for url, _, stamp in found if stamp == DANGLING]
    if links and (not dangling or len(found) == 1):
        raise no_file(links[0])
    return [
        File(url, readable(name), size, stamp)
        for (url, size, stamp), name in zip(found, names, strict=True)
    ]


def _found(
    urls: Sequence[str], extensions: tuple[str, ...], options: Mapping[str, Any]
) -> Iterable[tuple[str, list[tuple[str, int, str]]]]:
    """What each of them names; many servers' answers are waited for at once."""

    def one(url: str) -> tuple[str, list[tuple[str, int, str]]]:
        local = "://" not in url and "::" not in url
        return (_local if local else _remote)(url, extensions, options)

    if len(urls) < _SEVERAL or "://" not in urls[0]:
        return map(one, urls)
    with ThreadPoolExecutor(_SEVERAL) as pool:
        return list(pool.map(one, urls))


def readable(name: str) -> str:
    """A file's name as text that can be stored: bytes that are not UTF-8 are written out."""
    if name.isascii():
        return name
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def in_order(files: list[tuple[str, int, str]]) -> list[tuple[str, int, str]]:
    """Files, which begin with their names, in natural order."""
    shapes = "\0".join([file[0] for file in files]).translate(_ANY_DIGIT).split("\0")
    if len(set(shapes)) <= 1:  # numbers are equally long, and at the same places: texts tell
        return sorted(files)
    names = [file[0] for file in files]
    shared = os.path.commonprefix([min(names), max(names)]).rpartition("/")[0]  # noqa: RUF071
    return sorted(files, key=lambda file: natural(file[0][len(shared) :]))


def natural(name: str) -> tuple[list[Any], str]:
    """Key of the order in which people number files: part-2 before part-10."""
    pieces = _DIGITS.split(name)  # text, number, text, number, … text
    pieces[1::2] = map(int, pieces[1::2])
    return pieces, name


def open_file(file: File, storage_options: Mapping[str, Any] | None = None) -> BinaryIO:
    """Open a file for reading; `DataError` if it is no longer the file that was found."""
    if not file.local:
        import fsspec

        filesystem, path = fsspec.core.url_to_fs(file.url, **(storage_options or {}))
        return filesystem.open(path, "rb")
    handle = open(file.url, "rb", buffering=0)  # noqa: SIM115
    now = os.fstat(handle.fileno())
    if (now.st_size, str(now.st_mtime_ns)) != (file.size, file.stamp):
        handle.close()
        raise DataError(
            f"{file.url} changed after the frame was made (it had {file.size} bytes, now "
            f"{now.st_size}): read it again"
        )
    return handle


def _local(
    path: str, extensions: tuple[str, ...], options: Mapping[str, Any]
) -> tuple[str, list[tuple[str, int, str]]]:
    path = os.path.abspath(os.path.expanduser(path))
    if os.path.isfile(path):
        return os.path.dirname(path), [_stat(path)]
    if os.path.isdir(path):
        return path, _folder(path, extensions, options)
    if os.path.lexists(path):
        raise no_file(path)
    if not glob.has_magic(path):
        raise DataError(f"no file or folder {path}")
    matches = matching(path)
    files = [_stat(match) for match in matches if not os.path.isdir(match)]
    if "**" not in path:  # a recursive pattern already lists what its folders hold
        for match in matches:
            if os.path.isdir(match):
                files.extend(_folder(match, extensions, options, required=False))
    if not files:
        raise DataError(f"no file matches {path}")
    fixed = path.split("*")[0].split("?")[0].split("[")[0]
    return os.path.dirname(fixed), files


def _stat(path: str) -> tuple[str, int, str]:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return path, 0, DANGLING
    except OSError as error:
        if error.errno == errno.ELOOP:
            return path, 0, DANGLING
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(status.st_mode):  # reading a pipe could last for ever
        raise no_file(path)
    return path, status.st_size, str(status.st_mtime_ns)


def _folder(
    folder: str, extensions: tuple[str, ...], options: Mapping[str, Any], required: bool = True
) -> list[tuple[str, int, str]]:
    parts = listing(folder)
    if parts is not None:
        paths: Iterable[str] = [
            os.path.join(folder, name) for name in _of_kind([p.name for p in parts], extensions)
        ]
    else:
        paths = walk(folder, extensions)
    files = [_stat(path) for path in paths]
    if required and not files and parts is None:
        raise _nothing(folder, extensions)
    return files


def _nothing(folder: str, extensions: tuple[str, ...]) -> DataError:
    if not extensions:  # whatever ends as it likes is not looked for
        return DataError(f"{folder} is a folder: name its files, or give a pattern")
    return DataError(f"no file ending in {', '.join(extensions)} in the folder {folder}")


def _of_kind(names: list[str], extensions: tuple[str, ...]) -> list[str]:
    """The parts without those of another kind, where a folder holds archives and tables.

    Nor are those its own that a writer set aside.
    """
    names = [name for name in names if not name.startswith(_ASIDE)] or names
    if not any(name.lower().endswith(extensions) for name in names):
        return names
    others = tuple(kind for kind in _KINDS if not kind.endswith(extensions))
    return [name for name in names if not name.lower().endswith(others)]


def _remote(
    url: str, extensions: tuple[str, ...], options: Mapping[str, Any]
) -> tuple[str, list[tuple[str, int, str]]]:
    import fsspec

    try:
        filesystem, path = fsspec.core.url_to_fs(url, **options)
    except ImportError as error:
        raise MissingPackageError(f"{url}: {error}") from error
    except ValueError as error:
        raise DataError(f"{url}: {error}") from error
    head, joint, chain = url.partition("::")
    if joint:  # zip://inner::outer: the file system knows only its own path
        protocol = head.split("://")[0]

        def full(name: str) -> str:
            return f"{protocol}://{name.lstrip('/')}{joint}{chain}"
    else:
        full = filesystem.unstrip_protocol

    def entries(found: Mapping[str, Any]) -> list[tuple[str, int, str]]:
        return [
            (full(name), int(info.get("size") or 0), _stamp(info))
            for name, info in found.items()
            if info.get("type", "file") == "file"
        ]

    if glob.has_magic(path) and not filesystem.exists(path):
        files = entries(filesystem.glob(path, detail=True))
        if not files:
            raise DataError(f"no file matches {url}")
        fixed = path.split("*")[0].split("?")[0].split("[")[0].rpartition("/")[0]
        return full(fixed), files
    try:
        info = filesystem.info(path)
    except FileNotFoundError as error:
        raise DataError(f"no file or folder {url}") from error
    if info.get("type", "file") != "directory":
        return full(path).rpartition("/")[0], entries({path: info})
    parts = None if joint else listing(url, options)
    if parts is not None:
        names = _of_kind([part.name for part in parts], extensions)
        named = [f"{path.rstrip('/')}/{name}" for name in names]
        return full(path), entries({name: filesystem.info(name) for name in named})
    files = [
        item
        for item in entries(filesystem.find(path, detail=True))
        if item[0].lower().partition("::")[0].endswith(extensions)
        and not _hidden(item[0], full(path))
    ]
    if not files:
        raise _nothing(url, extensions)
    return full(path), files


def _hidden(url: str, root: str) -> bool:
    return any(
        part.startswith((".", "_")) for part in url[len(root.partition("::")[0]) :].split("/")
    )


def _stamp(info: Mapping[str, Any]) -> str:
    """What an object store says of an object that changes when it is replaced."""
    for key in (
        "ETag",
        "etag",
        "md5Hash",
        "mtime",
        "LastModified",
        "last_modified",
        "updated",
        "created",
    ):
        if info.get(key):
            return str(info[key])
    return ""


def _common(roots: list[str]) -> str:
    split = [root.split("/") for root in roots]
    shared = []
    for parts in zip(*split, strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    base = "/".join(shared).rstrip("/")
    return "" if base.endswith(":") else base + "/"


def _check_distinct(urls: list[str]) -> None:
    if len(set(urls)) != len(urls):
        twice = next(url for url, count in Counter(urls).items() if count > 1)
        raise DataError(f"{twice} is named twice: its rows would have the same ids")
