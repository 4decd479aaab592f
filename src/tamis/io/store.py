"""Files that are whole or absent: written under a temporary name, synced, renamed into place.

Local folders go through `Files`, a handful of system calls that a test can make fail one by one.
Any other fsspec URL is taken for an object store, where a put is atomic and a rename is not.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any, NamedTuple

import fsspec

from tamis.errors import SettingError, WriteError

Content = bytes | memoryview | Callable[[Any], None]


class Written(NamedTuple):
    """What stands in a store after a put: size in bytes and hex SHA-256 ("" if not asked for)."""

    bytes: int
    sha256: str


class Files:
    """The system calls of a local store."""

    def open(self, path: str) -> IO[bytes]:
        """Create a new file for writing; an existing one is an error."""
        return os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666), "wb")

    def write(self, file: IO[bytes], data: bytes | memoryview) -> int:
        """Write all of the data."""
        return file.write(data)

    def sync(self, file: IO[bytes]) -> None:
        """Flush to the device."""
        file.flush()
        os.fsync(file.fileno())

    def rename(self, old: str, new: str) -> None:
        """Put a file in place of whatever has this name."""
        os.replace(old, new)

    def link(self, old: str, new: str) -> None:
        """Give a file a second name; an existing one is an error."""
        os.link(old, new)

    def sync_folder(self, path: str) -> None:
        """Make the names of a folder durable."""
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def remove(self, path: str) -> None:
        """Delete a file."""
        os.remove(path)


class Store:
    """A folder, local or any fsspec URL, into which whole files are put.

    Picklable: workers put parts through a copy of it.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        storage_options: Mapping[str, Any] | None = None,
        files: Files | None = None,
    ) -> None:
        if not isinstance(root, str | os.PathLike) or not os.fspath(root):
            raise SettingError(f"a folder is named by a path or URL, not by {root!r}")
        self.root = os.fspath(root)
        self.storage_options = dict(storage_options or {})
        self.files = files or Files()
        self.local = "://" not in self.root and "::" not in self.root
        if self.root.startswith("file://"):
            self.root, self.local = self.root.removeprefix("file://"), True
        if self.local:
            self.root = os.path.abspath(self.root)

    def path(self, name: str = "") -> str:
        """The path or URL of a file in the store."""
        return os.path.join(self.root, name) if self.local else f"{self.root.rstrip('/')}/{name}"

    def put(
        self, name: str, content: Content, *, sync: bool = True, digest: bool = True
    ) -> Written:
        """Put a whole file in place: a reader sees the old one, the new one, or none.

        `content` is bytes, or a function that writes to the binary file it is given. Without
        `sync` the file survives a killed process but perhaps not a power cut; its name is durable
        once `settle` has been called for its folder. Without `digest` no SHA-256 is taken. Raises
        `WriteError` where the system refuses.
        """
        with writing(self.path(name)):
            if self.local:
                return self._put_file(name, content, sync, digest)
            return self._put_object(name, content, digest)

    def make(self) -> None:
        """Make the folder of a local store; `WriteError` where it cannot be."""
        if self.local:
            with writing(self.root):
                os.makedirs(self.root, exist_ok=True)

    def _put_file(self, name: str, content: Content, sync: bool, digest: bool) -> Written:
        final = self.path(name)
        os.makedirs(os.path.dirname(final), exist_ok=True)
        temporary = f"{final}.{uuid.uuid4().hex[:8]}.tmp"
        try:
            with self.files.open(temporary) as file:
                sink = _Hashing(file, self.files.write, digest)
                _fill(sink, content)
                if sync:
                    self.files.sync(file)
            self.files.rename(temporary, final)
        except BaseException:
            with contextlib.suppress(OSError):
                os.remove(temporary)
            raise
        return sink.written()

    def create(self, name: str, content: bytes) -> bool:
        """Put a whole file in place unless one of this name is there; whether it was put.

        Of several writers at once one succeeds. For local stores only: it takes hard links.
        """
        final = self.path(name)
        os.makedirs(os.path.dirname(final), exist_ok=True)
        temporary = f"{final}.{uuid.uuid4().hex[:8]}.tmp"
        try:
            with self.files.open(temporary) as file:
                self.files.write(file, content)
                self.files.sync(file)
            self.files.link(temporary, final)
        except FileExistsError:
            return False
        finally:
            with contextlib.suppress(OSError):
                os.remove(temporary)
        return True

    def move(self, old: str, new: str) -> None:
        """Give a whole file another name, in place of whatever has it."""
        with writing(self.path(new)):
            if self.local:
                os.makedirs(os.path.dirname(self.path(new)), exist_ok=True)
                self.files.rename(self.path(old), self.path(new))
            else:
                self.filesystem().mv(self.path(old), self.path(new))

    def settle(self, folder: str = "") -> None:
        """Make the names of the files put into a folder durable."""
        if self.local and os.path.isdir(self.path(folder)):
            with writing(self.path(folder)):
                self.files.sync_folder(self.path(folder))

    def read(self, name: str) -> bytes:
        """The bytes of a file; `FileNotFoundError` if there is none."""
        if self.local:
            with open(self.path(name), "rb") as file:
                return file.read()
        return self.filesystem().cat_file(self.path(name))

    def size(self, name: str) -> int | None:
        """The size of a file in bytes; None if there is none."""
        try:
            if self.local:
                return os.stat(self.path(name)).st_size
            return int(self.filesystem().info(self.path(name))["size"])
        except (FileNotFoundError, NotADirectoryError):
            return None

    def names(self, folder: str = "") -> list[str]:
        """The files directly in a folder of the store, sorted, without its temporary ones."""
        try:
            if self.local:
                with os.scandir(self.path(folder)) as entries:
                    found = [entry.name for entry in entries if entry.is_file()]
            else:
                listed = self.filesystem().ls(self.path(folder), detail=True, refresh=True)
                found = [e["name"].rsplit("/", 1)[-1] for e in listed if e["type"] == "file"]
        except (FileNotFoundError, NotADirectoryError):
            return []
        prefix = f"{folder.rstrip('/')}/" if folder else ""
        return sorted(prefix + name for name in found if not name.endswith(".tmp"))

    def folders(self, folder: str = "") -> list[str]:
        """The folders of a partitioned set below a folder, `<column>=<value>`, at any depth."""
        found = []
        try:
            if self.local:
                with os.scandir(self.path(folder)) as entries:
                    inner = [entry.name for entry in entries if entry.is_dir()]
            else:
                listed = self.filesystem().ls(self.path(folder), detail=True, refresh=True)
                inner = [e["name"].rsplit("/", 1)[-1] for e in listed if e["type"] == "directory"]
        except (FileNotFoundError, NotADirectoryError):
            return []
        for name in sorted(name for name in inner if "=" in name):
            below = f"{folder.rstrip('/')}/{name}" if folder else name
            found += [below, *self.folders(below)]
        return found

    def remove(self, name: str) -> None:
        """Delete a file if it is there."""
        with writing(self.path(name)), contextlib.suppress(FileNotFoundError):
            if self.local:
                self.files.remove(self.path(name))
            else:
                self.filesystem().rm_file(self.path(name))

    def prune(self, root: bool) -> None:
        """Delete the folders of a local store in which there is nothing; with `root` its own."""
        if self.local:
            for folder, _, _ in os.walk(self.root, topdown=False):
                if root or folder != self.root:
                    with contextlib.suppress(OSError):  # it holds something
                        os.rmdir(folder)

    def sweep(self, folder: str = "") -> None:
        """Delete what killed writers left under temporary names in a folder."""
        if not self.local or not os.path.isdir(self.path(folder)):
            return
        for name in os.listdir(self.path(folder)):
            if name.endswith(".tmp"):
                with contextlib.suppress(FileNotFoundError):
                    os.remove(os.path.join(self.path(folder), name))

    def filesystem(self) -> Any:
        """The fsspec file system behind a store that is not local."""
        return fsspec.core.url_to_fs(self.root, **self.storage_options)[0]

    def _put_object(self, name: str, content: Content, digest: bool) -> Written:
        with self.filesystem().open(self.path(name), "wb") as file:
            sink = _Hashing(file, lambda target, data: target.write(data), digest)
            _fill(sink, content)
        return sink.written()


@contextlib.contextmanager
def writing(path: str) -> Iterator[None]:
    """Turn what the system says against writing into a `WriteError` that names the path.

    >>> with writing("/data/out"):
    ...     raise PermissionError(13, "Permission denied")
    Traceback (most recent call last):
    tamis.errors.WriteError: cannot write /data/out: Permission denied; it belongs to somebody else
    """
    try:
        yield
    except (OSError, ValueError) as error:
        named = isinstance(error, OSError) or "null byte" in str(error)
        if isinstance(error, WriteError) or not named:
            raise
        what = getattr(error, "strerror", None) or str(error) or type(error).__name__
        advice = _ADVICE.get(getattr(error, "errno", None) or 0, "")
        told = WriteError(f"cannot write {path}: {what}{advice}")
        told.errno = getattr(error, "errno", None)
        raise told from error


_ADVICE = {
    errno.EACCES: "; it belongs to somebody else",
    errno.EPERM: "; it belongs to somebody else",
    errno.EROFS: "; choose another folder",
    errno.ENOSPC: "; make room and run again to go on",
    errno.EDQUOT: "; make room and run again to go on",
    errno.ENOTDIR: "; a file stands where a folder should be",
    errno.EEXIST: "; a file stands where a folder should be",
    errno.EISDIR: "; a folder stands where the file should be",
}


class _Hashing(io.RawIOBase):
    """A file to write to that counts and hashes on the way."""

    def __init__(self, file: Any, write: Callable[[Any, Any], int], digest: bool) -> None:
        self._file, self._write = file, write
        self._digest = hashlib.sha256() if digest else None
        self._count, self._lock = 0, threading.Lock()

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._count

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        with self._lock:
            self._write(self._file, view)
            if self._digest is not None:
                self._digest.update(view)
            self._count += len(view)
        return len(view)

    def written(self) -> Written:
        """Size and hash of all that went through."""
        return Written(self._count, self._digest.hexdigest() if self._digest is not None else "")


def _fill(sink: _Hashing, content: Content) -> None:
    if callable(content):
        content(sink)
    else:
        sink.write(content)
